"""Each fault in a process of its own: a fork of one that has collected the tests, which takes a tenth of a second."""

from __future__ import annotations

import gc
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple

import pytest

from .faults import faulty
from .one import OPTIONS, Chosen, Faulty

Functions = dict[str, list[FunctionType]]


class Trial(NamedTuple):
    """One fault of a file, or none, and the tests that may notice it, with the CPU seconds that they have."""

    path: Path
    number: int | None
    tests: list[str]
    seconds: float
    at_import: bool = False


def try_all(trials: list[Trial], jobs: int, lives: Callable[[Trial], None]) -> list[str | None]:
    """Return for each trial the test that failed first, how its process ended if none did, or None.

    `lives` is called with each that no test noticed, once that is known.
    """
    apart = Apart(trials, jobs, lives)
    files = sorted({test.partition("::")[0] for trial in trials for test in trial.tests})
    code = pytest.main([*OPTIONS, *files], plugins=[apart]) if files else 0
    if apart.chosen:  # here ends each of the forks
        os._exit(code)
    return [apart.failed.get(trial[:2]) for trial in trials]


class Apart:
    """A plugin of pytest that tries faults once the tests are collected.

    A test that fails alone, without a fault, has noticed nothing: what it stopped is tried again without it.
    """

    def __init__(self, trials: list[Trial], jobs: int, lives: Callable[[Trial], None]) -> None:
        self._trials, self._jobs, self._lives = trials, jobs, lives
        self._live: dict[int, tuple[Trial, Path, float]] = {}
        self.failed: dict[tuple[Any, Any], str | None] = {}
        self.chosen: Chosen | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> bool | None:
        """Fork for each fault; only in the forks does pytest go on, to run tests."""
        gc.unfreeze()
        functions = _functions()
        gc.freeze()
        for trial, folder in self._rounds():
            self.chosen = Chosen(trial.tests, folder)
            self.chosen.pytest_collection_modifyitems(session.items)
            session.config.pluginmanager.register(self.chosen)
            put_in(trial, functions, folder)
            return None
        return True

    def _rounds(self) -> Iterator[tuple[Trial, Path]]:
        """Yield a trial and its folder, in the fork for it alone."""
        todo, alone = self._trials, dict[str, bool]()
        while todo:
            yield from self._forks(todo)
            new = {test for trial in todo if "::" in (test := self.failed[trial[:2]] or "")} - alone.keys()
            yield from self._forks([Trial(Path(test), None, [test], 300) for test in new])
            alone |= {test: self.failed.pop((Path(test), None)) is None for test in new}
            bad = {test for test, passes in alone.items() if not passes}
            todo = [
                trial._replace(tests=[test for test in trial.tests if test not in bad])
                for trial in todo
                if self.failed[trial[:2]] in bad
            ]

    def _forks(self, trials: Iterable[Trial]) -> Iterator[tuple[Trial, Path]]:
        for trial in trials:
            while len(self._live) >= self._jobs:
                self._reap()
            folder = Path(tempfile.mkdtemp(prefix="mutant-"))
            pid = os.fork()
            if not pid:
                _settle(trial, folder)
                yield trial, folder
            self._live[pid] = trial, folder, time.monotonic() + 60 + 10 * trial.seconds
        while self._live:
            self._reap()

    def _reap(self) -> None:
        """Wait a little, and take note of what has ended, or should have."""
        time.sleep(0.01)
        for pid, (trial, folder, end) in list(self._live.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended and time.monotonic() < end:
                continue
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)  # what it has started, too
            if not ended:
                _, status = os.waitpid(pid, 0)
            self.failed[trial[:2]] = _outcome(os.waitstatus_to_exitcode(status), folder)
            if trial.number is not None and self.failed[trial[:2]] is None:
                self._lives(trial)
            shutil.rmtree(folder, ignore_errors=True)
            del self._live[pid]


def _outcome(code: int, folder: Path) -> str | None:
    """Return the test that failed, how a process ended that has said of none, or None if all passed."""
    if code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return None
    told = folder / "failed"
    return (
        told.read_text()
        if told.exists()
        else f"ended with {code}: {(folder / 'said').read_text().strip().rpartition(chr(10))[2]}"
    )


def _settle(trial: Trial, folder: Path) -> None:
    """Be quiet, leave nothing in other folders, and end in time."""
    os.setsid()
    for stream, name in enumerate((os.devnull, folder / "said", folder / "said")):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND), stream)
    resource.setrlimit(resource.RLIMIT_CPU, (int(trial.seconds) + 1,) * 2)
    os.environ |= {"PYTEST_DEBUG_TEMPROOT": str(folder), "HYPOTHESIS_STORAGE_DIRECTORY": str(folder)}


def put_in(trial: Trial, functions: Functions, folder: Path) -> None:
    """Give the functions of a file the code that they have with a fault; what is imported later has it, too.

    Where that cannot be, or an import has run the fault's line, another process takes the place of this one.
    """
    if trial.number is None:
        return
    tree = faulty(trial.path, trial.number)
    codes = {_key(code): code for code in _codes(compile(tree, str(trial.path), "exec"))}
    try:
        if trial.at_import:
            raise ValueError("an import has run it")
        for function in functions.get(str(trial.path), []):
            function.__code__ = codes[_key(function.__code__)]
    except (KeyError, ValueError):
        given = folder / "trial.json"
        given.write_text(json.dumps([str(trial.path), trial.number, trial.tests]))
        os.execv(sys.executable, [sys.executable, "-m", "tests.mutants.one", str(given)])
    sys.meta_path.insert(0, Faulty(trial.path, tree))


def _functions() -> Functions:
    """Return the functions that there are, by their files."""
    found: defaultdict[str, list[FunctionType]] = defaultdict(list)
    for one in gc.get_objects():
        if isinstance(one, FunctionType):
            found[one.__code__.co_filename].append(one)
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _codes(inner)


def _key(code: CodeType) -> tuple[object, ...]:
    """Return what tells a function of a file from its others, whatever fault it has."""
    lambda_at = min(at[2] or 999 for at in code.co_positions()) if code.co_name == "<lambda>" else 0
    return code.co_name, code.co_firstlineno, code.co_varnames[: code.co_argcount], lambda_at
