"""Which tests run which lines, and for how long: ``python -m tests.mutants.reached DATA MARK TESTS`` runs them once.

What a fixture of a whole module or session runs counts for every test that asks for it.
"""

from __future__ import annotations

import ast
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from coverage import Coverage, CoverageData

ROOT = Path(__file__).parents[2]
# What a fault would not be in: other processes, other people's packages. And what looks at no result.
LEFT_OUT = (
    *("browser", "benchmarks", "mutants", "clients", "device"),
    *("test_docs.py", "test_examples.py", "test_packaging.py"),
)


class Recorder:
    """A plugin of pytest that names what runs for coverage: a test, or the fixture that tests share."""

    def __init__(self, coverage: Coverage) -> None:
        self._switch = coverage.switch_context
        self._now = ""
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.failed: list[str] = []
        self.fixtures: dict[str, list[str]] = {}

    def _within(self, name: str) -> Iterator[None]:
        before, self._now = self._now, name
        self._switch(name)
        try:
            return (yield)
        finally:
            self._now = before
            self._switch(before)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: Any) -> Iterator[None]:
        """Name a test."""
        self.fixtures[item.nodeid] = item.fixturenames
        return (yield from self._within(item.nodeid))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """Name a fixture that more than one test may share."""
        if fixturedef.scope == "function":
            return (yield)
        return (yield from self._within(f"{fixturedef.baseid}|{fixturedef.argname}"))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Add a test's time up, and note that it failed."""
        self.seconds[report.nodeid] += report.duration
        if report.failed:
            self.failed.append(report.nodeid)


def measure(data: Path, mark: str, *places: str) -> int:
    """Run the tests that have a mark; return what pytest returns."""
    data.unlink(missing_ok=True)
    coverage = Coverage(data_file=str(data), source=["mockrawio"], config_file=False)
    coverage.start()
    recorder = Recorder(coverage)
    ignored = [f"--ignore=tests/{name}" for name in LEFT_OUT]
    code = pytest.main([*ignored, "-m", mark, "-n", "0", "-q", "-p", "no:cacheprovider", *places], plugins=[recorder])
    coverage.stop()
    coverage.save()
    names = ("seconds", "failed", "fixtures")
    data.with_name(data.name + ".json").write_text(json.dumps({name: getattr(recorder, name) for name in names}))
    return int(code)


class Reached:
    """The tests that run a line, from what `measure` left in some files."""

    def __init__(self, files: Iterable[Path]) -> None:
        self.seconds: dict[str, float] = {}
        self._failed: set[str] = set()
        self._fixtures: dict[str, list[str]] = {}
        self._data = [CoverageData(str(file)) for file in files]
        for data in self._data:
            data.read()
            found = json.loads(Path(f"{data.data_filename()}.json").read_text())
            self.seconds |= found["seconds"]
            self._failed |= {*found["failed"]}
            self._fixtures |= found["fixtures"]
        self._lines = cache(self._lines)  # type: ignore[method-assign]
        self._named = cache(self._named)  # type: ignore[method-assign]

    def tests(self, path: Path, line: int) -> tuple[bool, list[str]]:
        """Return whether an import runs a line, and the tests that do: short ones first, and near ones before far ones.

        Those in a file that is called as the line's come before the others. Those of the same files come last, since
        they may look at what others have made; after an import all may.
        """
        lines, in_call = place(path, line)
        every = self._lines(f"/{path.relative_to(ROOT).as_posix()}")  # wherever the tree was that was measured
        found = set().union(*(every.get(number, ()) for number in lines))
        at_import = not in_call or "" in found
        of_file = set().union(*map(self._named, set().union(*every.values())))
        names = (set().union(*map(self._named, found)) if in_call else of_file) - self._failed
        near = f"tests/{path.relative_to(ROOT / 'mockrawio').parts[0].removesuffix('.py')}"
        files = {name.partition("::")[0] for name in (of_file if at_import else names)}
        files |= {name.partition("::")[0] for name in self.seconds if at_import and name.startswith(near)}
        beside = {name for name in self.seconds if name.partition("::")[0] in files} - names - self._failed

        def order(name: str) -> tuple[bool, int]:
            long = sum(self.seconds[name] > limit for limit in (0.03, 0.3, 2))
            far = 2 * (not name.startswith(near)) - 2 * (f"/test_{path.stem}.py" in name)
            return name in beside and not at_import, long + far

        return at_import, sorted([name for name in self.seconds if name in names or name in beside], key=order)

    def _lines(self, path: str) -> dict[int, set[str]]:
        found: defaultdict[int, set[str]] = defaultdict(set)
        for data in self._data:
            for file in data.measured_files():
                for line, names in data.contexts_by_lineno(file).items() if file.endswith(path) else ():
                    found[line].update(names)
        return found

    def _named(self, name: str) -> set[str]:
        """Return the tests of a name: itself, or those that ask for a fixture."""
        if name in self.seconds or not name:
            return {name} - {""}
        where, _, argument = name.rpartition("|")
        return {test for test, names in self._fixtures.items() if argument in names and test.startswith(where)}


@cache
def place(path: Path, line: int) -> tuple[range, bool]:
    """Return the lines of a line's statement, and whether it is run by a call, not when the file is imported."""
    statement, in_call = range(line, line + 1), False
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.stmt):
            body: list[ast.stmt] = getattr(node, "body", [])
            head = range(node.lineno, body[0].lineno if body else node.end_lineno + 1)
            statement = head if line in head and len(head) else statement
            within = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            in_call |= within and line not in head and head.start <= line <= node.end_lineno
    return statement, in_call


if __name__ == "__main__":
    sys.exit(measure(Path(sys.argv[1]), *sys.argv[2:]))
