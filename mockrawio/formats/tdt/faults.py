"""Ways in which real tanks are broken."""

from __future__ import annotations

import os
from pathlib import Path

from ..rig import FileFault
from .layout import INDEX


def _short_data(folder: Path) -> None:
    for path in sorted(folder.rglob("*.tev")):
        os.truncate(path, path.stat().st_size // 2)


def _no_stop(folder: Path) -> None:
    for path in sorted(folder.rglob("*.tsq")):
        os.truncate(path, path.stat().st_size - INDEX.itemsize)


def _no_index_of_index(folder: Path) -> None:
    for path in sorted(folder.rglob("*.Tdx")):
        path.unlink()


FAULTS = (
    FileFault(
        "short-tev",
        "the .tev is shorter than its index says",
        "show what is there, and say what is not",
        "python-neo 179",
        _short_data,
    ),
    FileFault(
        "no-stop",
        "the index has no mark of the block's stop, as after a crash",
        "take the last record for the stop",
        "no thread known to us",
        _no_stop,
    ),
    FileFault(
        "no-tdx",
        "the .Tdx is not there, which is often not copied, as nothing reads it",
        "read the block without it",
        "no thread known to us",
        _no_index_of_index,
    ),
)
