"""Ways in which real Blackrock files are broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..rig import FileFault
from .events import RESTART
from .layout import EVENT_HEAD, SIGNAL_HEAD, VERSIONS, Version


def _layout(head: np.ndarray[tuple[int, ...], np.dtype[np.void]]) -> Version:
    return next(one for one in VERSIONS.values() if one.major == head["version"][0])


class _Events:
    """The packets of a ``.nev``."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        head = np.frombuffer(data, EVENT_HEAD, 1)[0]
        self.path, self.head = path, data[: int(head["bytes"])]
        self.packets = np.frombuffer(data[int(head["bytes"]) :], _layout(head).packet(int(head["packet"]))).copy()

    def write(self, packets: np.ndarray[tuple[int, ...], np.dtype[np.void]]) -> None:
        self.path.write_bytes(self.head + packets.tobytes())


def _event_files(folder: Path) -> list[_Events]:
    return [_Events(path) for path in sorted(folder.glob("*.nev"))]


def _foreign_segment(folder: Path) -> None:
    for events in _event_files(folder):
        restart = np.zeros(1, events.packets.dtype)
        restart["id"], restart["data"][:, 4 : 4 + len(RESTART)] = 0xFFFF, np.frombuffer(RESTART, "u1")
        again = events.packets[:1].copy()
        again["stamp"] = 1
        events.write(np.concatenate([events.packets, restart, again]))


def _out_of_order(folder: Path) -> None:
    for events in _event_files(folder):
        order = np.arange(len(events.packets))
        order[1:3] = order[2:0:-1]
        events.write(events.packets[order])


def _unmarked_pause(folder: Path) -> None:
    text = np.frombuffer(RESTART, "u1")
    for events in _event_files(folder):
        marks = (events.packets["id"] == 0xFFFF) & (events.packets["data"][:, 4 : 4 + len(text)] == text).all(axis=1)
        events.write(events.packets[~marks])


def _one_sample_block(folder: Path) -> None:
    for path in sorted(folder.glob("*.ns?")):
        data = path.read_bytes()
        head = np.frombuffer(data, SIGNAL_HEAD, 1)[0]
        begin, stamp = int(head["bytes"]), np.dtype(_layout(head).stamp).itemsize
        block = data[begin : begin + 1 + stamp] + (1).to_bytes(4, "little") + bytes(2 * int(head["channels"]))
        path.write_bytes(data[:begin] + block + data[begin:])


FAULTS = (
    FileFault(
        "foreign-segment",
        "the clock starts anew at the end of the .nev, which the .nsX know nothing of",
        "read the blocks that the .nsX have, and say that some events have no samples",
        "python-neo 1755, 1449",
        _foreign_segment,
    ),
    FileFault(
        "out-of-order",
        "two packets of the .nev have changed places",
        "sort the packets by time",
        "python-neo 1181",
        _out_of_order,
    ),
    FileFault(
        "unmarked-pause",
        "a pause is a further block in the .nsX, and nothing tells of it in the .nev",
        "give every event to the block whose time it has",
        "python-neo PR 523",
        _unmarked_pause,
    ),
    FileFault(
        "one-sample-block",
        "the .nsX begin with a block of one sample, left from the rigs' synchronisation",
        "pass over that block",
        "NPMK 12",
        _one_sample_block,
    ),
)
