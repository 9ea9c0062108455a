"""Events as levels of digital lines, as boards record them beside the samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Ints
from .recorded import Recorded, RecordedEvents, RecordedSignals
from .rig import RigFolder

Words = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class DigitalLine:
    """A line: high while an epoch lasts, and for one sample at an event."""

    name: str
    rises: Ints  # samples, ascending
    falls: Ints  # the first low sample after each rise

    def levels(self, first: int, stop: int) -> npt.NDArray[np.bool_]:
        """Return whether it is high at each sample from `first` up to `stop`."""
        begin, end = np.searchsorted(self.falls, first, "right"), np.searchsorted(self.rises, stop, "left")
        steps = np.zeros(stop - first + 1, np.int8)  # a pulse ends before the next begins: no step beyond 1
        steps[np.maximum(self.rises[begin:end] - first, 0)] = 1
        steps[np.minimum(self.falls[begin:end], stop) - first] = -1
        return np.cumsum(steps[:-1], dtype=np.int8).astype(bool)


def digital_lines(recorded: Recorded, out: RigFolder, most: int) -> tuple[DigitalLine, ...]:
    """Return a line for each event channel of a recording's only segment, in samples of its first stream.

    There are `most` lines; channels that find none are noted, and events that run into the one before.
    """
    stream = recorded.signals[0]
    for events in recorded.events[most:]:
        out.leave(f"events of {events.name}", f"there are {most} digital lines")
    return tuple(_line(events, stream, out) for events in recorded.events[:most])


def words(lines: Sequence[DigitalLine], first: int, stop: int) -> Words:
    """Return all lines' levels from a sample up to another, the first one as the lowest bit."""
    made = np.zeros(stop - first, "<u2")
    for bit, line in enumerate(lines):
        made |= line.levels(first, stop).astype("<u2") << np.uint16(bit)
    return made


def _line(events: RecordedEvents, stream: RecordedSignals, out: RigFolder) -> DigitalLine:
    times, durations, _ = events.read(0, None, None)
    what = f"events of {events.name}"
    rises, inside = out.frames(what, times, stream, 0)
    lasting = np.ones(len(times)) if durations is None else np.maximum(np.rint(durations * stream.rate), 1)
    falls = np.minimum(rises + lasting.astype(np.int64), stream.sizes[0])[inside]
    rises = rises[inside]
    order = np.argsort(rises, kind="stable")
    rises, falls = rises[order], np.maximum.accumulate(falls[order])
    apart = np.ones(len(rises), bool)
    apart[1:] = rises[1:] > falls[:-1]
    if not apart.all():
        out.leave(what, "some begin before the line is low again, and are one pulse with those before")
    last = np.append(np.flatnonzero(apart)[1:] - 1, len(rises) - 1)[: int(apart.sum())]
    return DigitalLine(events.name, rises[apart], falls[last])
