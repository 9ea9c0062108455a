"""Ways in which real ``.plx`` files are broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..rig import FileFault
from .layout import BLOCK_HEAD, EVENT_HEAD, HEAD, SAMPLES, SLOW_HEAD, SPIKE_HEAD


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.plx"))


def _uncounted_units(folder: Path) -> None:
    for path in _files(folder):
        data = bytearray(path.read_bytes())
        head = np.frombuffer(data, HEAD, 1)[0]
        head["spike_counts"] = head["waveform_counts"] = 0
        np.frombuffer(data, SPIKE_HEAD, int(head["spike_channels"]), HEAD.itemsize)["units"] = 0
        path.write_bytes(data)


def _uncounted_events(folder: Path) -> None:
    for path in _files(folder):
        data = bytearray(path.read_bytes())
        counts = np.frombuffer(data, HEAD, 1)[0]["counts"]
        counts[:300] = np.minimum(counts[:300], 1)
        path.write_bytes(data)


def _cut_off(folder: Path) -> None:
    for path in _files(folder):
        data = path.read_bytes()
        head = np.frombuffer(data, HEAD, 1)[0]
        kinds = (SPIKE_HEAD, "spike_channels"), (EVENT_HEAD, "event_channels"), (SLOW_HEAD, "slow_channels")
        place = HEAD.itemsize + sum(kind.itemsize * int(head[count]) for kind, count in kinds)
        cut = len(data)
        while place < len(data):
            block = np.frombuffer(data, BLOCK_HEAD, 1, place)[0]
            size = 2 * int(block["waveforms"]) * int(block["words"])
            if block["type"] == SAMPLES:
                cut = place + BLOCK_HEAD.itemsize + size // 4 * 2
            place += BLOCK_HEAD.itemsize + size
        path.write_bytes(data[:cut])


FAULTS = (
    FileFault(
        "uncounted-units",
        "spikes are of units that the headers do not have",
        "show the units that the blocks have",
        "python-neo 193, 292",
        _uncounted_units,
    ),
    FileFault(
        "uncounted-events",
        "the header counts one event of each channel, and there are more",
        "show all that the blocks have",
        "python-neo 113",
        _uncounted_events,
    ),
    FileFault(
        "cut-off",
        "the file ends within the last block of samples, as after a crash",
        "show what is whole",
        "no thread known to us",
        _cut_off,
    ),
)
