"""How real files of the Open Ephys GUI's binary format are broken."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..rig import FileFault


def _each_structure(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    for path in folder.rglob("structure.oebin"):
        structure = json.loads(path.read_text(encoding="utf-8"))
        change(structure)
        path.write_text(json.dumps(structure, indent=4), encoding="utf-8")


def _no_events(folder: Path) -> None:
    _each_structure(folder, lambda structure: structure.pop("events", None))


def _empty_stream(folder: Path) -> None:
    for path in folder.rglob("TTL/*.npy"):
        np.save(path, np.load(path)[:0])


def _edited(folder: Path, pattern: str, change: Callable[[Any], None]) -> None:
    for path in folder.rglob(pattern):
        values = np.load(path)
        change(values)
        np.save(path, values)


def _no_times(folder: Path) -> None:
    def unknown(values: Any) -> None:
        values[:] = -1.0

    _edited(folder, "timestamps.npy", unknown)


def _back(folder: Path) -> None:
    def later_half_again(values: Any) -> None:
        half = len(values) // 2
        values[half:] -= values[half] - values[0] if len(values) else 0

    _edited(folder, "continuous/*/timestamps.npy", later_half_again)


def _missing(folder: Path) -> None:
    for path in sorted(folder.rglob("TTL")):
        shutil.rmtree(path)


def _cut(folder: Path) -> None:
    for path in folder.rglob("continuous.dat"):
        with open(path, "r+b") as file:
            file.truncate(max(path.stat().st_size - 2, 0))


FAULTS = (
    FileFault(
        "no-events-entry",
        "structure.oebin has no events",
        "read the samples, and no events",
        "python-neo 1199",
        _no_events,
    ),
    FileFault(
        "no-event-in-stream",
        "an event stream is there, and has no event",
        "read it as an event channel without events",
        "python-neo 1188",
        _empty_stream,
    ),
    FileFault(
        "no-timestamps",
        "all time stamps are -1, and sample numbers are right",
        "take times from sample numbers",
        "python-neo 1438",
        _no_times,
    ),
    FileFault(
        "timestamps-run-back",
        "the time stamps of samples run back half way, and sample numbers are right",
        "take times from sample numbers",
        "python-neo 1438",
        _back,
    ),
    FileFault(
        "missing-event-folder",
        "structure.oebin has event streams whose folders are not there",
        "read the rest, and say what is missing",
        "a warning of Neo's own",
        _missing,
    ),
    FileFault(
        "cut-sample",
        "the last channel's last sample is cut off",
        "read the whole samples",
        "no report known to us",
        _cut,
    ),
)
