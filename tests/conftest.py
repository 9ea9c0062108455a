"""Folders that tests read: one that others wrote, and small ones made by hand."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Tests run in a process a core, where each one's threads of BLAS wait for the others': it looks when NumPy is imported.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# What Numba compiles for SpikeInterface is run for moments only, and comes to the same without being made fast.
os.environ.setdefault("NUMBA_OPT", "0")

# ruff: noqa: E402  # what follows imports NumPy
import numpy as np
import pytest
from hypothesis import settings

from tests import length
from tests.handmade import Handmade

# How long an example takes says nothing on a busy machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# What a user sets for the terminal, for warnings or for figures is not for the tests, nor for what they start.
for name in ("PYTHONWARNINGS", "MPLBACKEND", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
    os.environ.pop(name, None)

# What tests write is soon gone. Where memory has room for it, they do not wait for a disk.
MEMORY, ROOM = "/dev/shm", 4 << 30
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", MEMORY)  # --basetemp=FOLDER is another place
    os.environ.setdefault("TMPDIR", MEMORY)  # of what needs a folder for each example, or in another process

# Started in the background, as by some CI, a process and its children ignore what Ctrl-C sends.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

if int(np.__version__.split(".")[0]) < 2:
    # What NumPy 2 pickled names `numpy._core`, which the oldest NumPy's own loader, our reference, cannot find.
    import numpy.core

    sys.modules.setdefault("numpy._core", numpy.core)
    sys.modules.setdefault("numpy._core.multiarray", numpy.core.multiarray)
    sys.modules.setdefault("numpy._core.numeric", numpy.core.numeric)

MANY_MODULES, MANY_TESTS = 300, 100
_imported: list[int] = []  # how many there were when the collector was told of them
_tests = itertools.count(1)

EPIPHYTE = Path(__file__).parent / "data" / "epiphyte" / "patient_data" / "7" / "session_1"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let tests look at all that they can."""
    parser.addoption("--at-length", action="store_true", help="tests marked at_length look at all, not at a part of it")


def pytest_configure(config: pytest.Config) -> None:
    """Tell the tests, and what they start, how much they look at."""
    length.say(config.getoption("at_length"))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where tests marked at_length alone are asked for, import no file that has none of them."""
    alone = config.getoption("markexpr") == "at_length" and collection_path.name.startswith("test_")
    return (alone and "at_length" not in collection_path.read_text("utf-8")) or None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is run at length or not at all; have the rest in the same order in all processes."""
    if not config.getoption("at_length"):
        left = {item for item in items if any(mark.kwargs.get("only") for mark in item.iter_markers("at_length"))}
        if left:
            config.hook.pytest_deselected(items=list(left))
            items[:] = [item for item in items if item not in left]
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.path.parts)


def pytest_collectstart() -> None:
    """Collect no garbage meanwhile: nearly all that is made stays."""
    gc.disable()


@pytest.hookimpl(wrapper=True)
def pytest_collect_directory(parent: pytest.Collector) -> Iterator[Any]:
    """Let every other process collect from the end: what one has compiled of a fresh clone, the other need not."""
    directory = yield
    if getattr(parent.config, "workerinput", {}).get("workerid", "gw0")[-1] in "13579":
        forwards = directory.collect
        directory.collect = lambda: reversed(list(forwards()))
    return directory


def pytest_collection_finish() -> None:
    """Have the collector of garbage look no more, and not even once, at what was imported: a million objects."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)  # with 700, 10, 10 it takes a fiftieth of all time
    gc.enable()
    _imported.append(len(sys.modules))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol() -> None:
    """Do so again once tests have imported or made much: SpikeInterface has garbage collected for each chunk."""
    if len(sys.modules) > _imported[-1] + MANY_MODULES or next(_tests) % MANY_TESTS == 0:
        gc.collect()
        gc.freeze()
        _imported.append(len(sys.modules))


@pytest.fixture
def epiphyte() -> Path:
    """A session folder written by Epiphyte's own generator."""
    return EPIPHYTE


@pytest.fixture
def handmade(tmp_path: Path) -> Handmade:
    """A maker of small session folders, by plain ``numpy.save``."""
    return Handmade(tmp_path / "patient_data" / "4" / "session_2")


@pytest.fixture
def quick_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have figures saved coarse and with nothing moved, for tests that do not look at where things are in them."""
    figures = pytest.importorskip("matplotlib.figure")
    real = figures.Figure.savefig

    def save(figure: Any, *arguments: Any, **how: Any) -> None:
        figure.set_layout_engine(None)  # the layout is two thirds of the time
        real(figure, *arguments, **{**how, "dpi": min(40, how.get("dpi") or 40)})

    monkeypatch.setattr(figures.Figure, "savefig", save)
