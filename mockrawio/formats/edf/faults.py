"""Ways in which real files are broken."""

from __future__ import annotations

from pathlib import Path

from ..rig import FileFault


def _patched(folder: Path, offset: int, text: str, size: int = 8) -> None:
    for path in [*folder.rglob("*.edf"), *folder.rglob("*.bdf")]:
        with path.open("r+b") as file:
            file.seek(offset)
            file.write(text.encode().ljust(size))


def _unknown(folder: Path) -> None:
    _patched(folder, 236, "-1")


def _discontinuous(folder: Path) -> None:
    _patched(folder, 192, "EDF+D", 5)


def _no_range(folder: Path) -> None:
    for path in [*folder.rglob("*.edf"), *folder.rglob("*.bdf")]:
        data = path.read_bytes()
        n = int(data[252:256])
        low = 256 + n * (16 + 80 + 8 + 8 + 8)
        _patched(path.parent, low + 8 * n, data[low : low + 8].decode())


def _short(folder: Path) -> None:
    for path in [*folder.rglob("*.edf"), *folder.rglob("*.bdf")]:
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size - 100)


FAULTS = (
    FileFault(
        "unknown-records",
        "the header says -1 for the number of records, as while a file is being recorded",
        "count the records by the size of the file",
        "mne-python 4028",
        _unknown,
    ),
    FileFault(
        "cut-record",
        "the last record lacks its last 100 bytes",
        "read all whole records, and say that one is cut",
        "edfio PR 41",
        _short,
    ),
    FileFault(
        "discontinuous",
        "the header says EDF+D: records may have gaps between them, though these have none",
        "read each run of records without a gap as a segment",
        "pyedflib 19",
        _discontinuous,
    ),
    FileFault(
        "no-range",
        "a channel's digital maximum is its minimum, as for channels that were not connected",
        "read the other channels, and this one's counts without a unit",
        "pyedflib 14",
        _no_range,
    ),
)
