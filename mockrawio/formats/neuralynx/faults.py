"""Ways in which real Neuralynx files are broken."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ...ground.arrays import Array
from ..rig import FileFault
from .files import SAMPLES
from .header import HEADER_BYTES


def _channels(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.ncs"))


def _edit(path: Path, change: Callable[[str], str]) -> None:
    """Change a file's header."""
    with path.open("r+b") as file:
        text = file.read(HEADER_BYTES).rstrip(b"\0").decode("latin-1")
        file.seek(0)
        file.write(change(text).encode("latin-1").ljust(HEADER_BYTES, b"\0"))


def _records(path: Path, mode: str = "r+") -> Array:
    return np.memmap(path, SAMPLES, mode, HEADER_BYTES)  # type: ignore[call-overload,no-any-return]  # a mode is a literal


def _not_closed(folder: Path) -> None:
    def change(text: str) -> str:
        text = re.sub(r"-OriginalFileName [^\r]*", '-OriginalFileName ""', text)
        return re.sub(r"-TimeClosed [^\r]*", "-TimeClosed File was not closed properly", text)

    for path in folder.iterdir():
        _edit(path, change)


def _dropped_record(folder: Path) -> None:
    path = _channels(folder)[0]
    records = np.array(_records(path, "r"))
    head = path.read_bytes()[:HEADER_BYTES]
    path.write_bytes(head + np.delete(records, len(records) // 2).tobytes())


def _slow_clock(folder: Path) -> None:
    for path in _channels(folder):
        records = _records(path)
        begin = records["stamp"][0]
        records["stamp"] = begin + np.rint((records["stamp"] - begin) * 1.001).astype(np.uint64)


def _filter_delay(folder: Path) -> None:
    delay = 484  # µs

    def change(text: str) -> str:
        text = text.replace("-DspDelayCompensation Enabled", "-DspDelayCompensation Disabled")
        return text.replace("-DspFilterDelay_µs 0", f"-DspFilterDelay_µs {delay}")

    for path in _channels(folder)[1::2]:
        _edit(path, change)
        _records(path)["stamp"] += delay


FAULTS = (
    FileFault(
        "not-closed",
        "the header has 'File was not closed properly' for the time, and no original name",
        "read the file, without a time of closing",
        "python-neo 819, 1060, 1574",
        _not_closed,
    ),
    FileFault(
        "dropped-record",
        "one channel lacks a record that the others have",
        "say which channel has a gap, or show that gap in this channel alone",
        "python-neo 751, 819",
        _dropped_record,
    ),
    FileFault(
        "slow-clock",
        "the time stamps of records are 0.1 % further apart than the header's rate says",
        "take the rate that the stamps tell; there is no gap",
        "python-neo 1418, 1785",
        _slow_clock,
    ),
    FileFault(
        "filter-delay",
        "every other channel is late by the delay of its filter, which the header tells",
        "read the channels as two streams, or move those that are late",
        "python-neo 819",
        _filter_delay,
    ),
)
