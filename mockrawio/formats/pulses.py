"""Events as digital lines: a channel is a line that rises where an event begins and falls where it ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..ground.arrays import Bools, Floats, Ints
from .recorded import Recorded, RecordedEvents, RecordedSignals, Texts
from .rig import RigFolder

RATE = 25_000.0  # Hz, of a recording that has no signals
PULSE_S = 0.005  # how long a line is high for an event that has no duration, where there is room


def clock_of(recorded: Recorded, streams: Sequence[RecordedSignals]) -> RecordedSignals:
    """Return the stream in whose samples events are counted: the fastest, or one without channels."""
    if streams:
        return max(streams, key=lambda one: one.rate)
    starts = tuple(span.t_start for span in recorded.segments)
    sizes = tuple(max(int(np.ceil((b - a) * RATE)), 1) for a, b in recorded.segments)
    return RecordedSignals("events", "events", RATE, (), starts, sizes, lambda k, start, stop: np.zeros((0, 0), "<i2"))


class Pulses(NamedTuple):
    """The pulses of an event channel in a segment, in order."""

    rises: Ints  # samples
    falls: Ints  # the first sample after each pulse; may be the number of samples
    labels: Texts


def pulses(
    events: RecordedEvents, seg_index: int, clock: RecordedSignals, out: RigFolder, *, levels: bool = False
) -> Pulses:
    """Return the events of a segment as pulses, in samples of `clock`.

    With `levels` the line is sampled: it rises at sample 1 at the earliest, is low for a sample between two pulses, and
    ends with the samples. Else edges are noted down, wherever they are.
    """
    times, durations, labels = events.read(seg_index, None, None)
    what = f"events of {events.name}"
    if levels:
        frames, inside = out.frames(what, times, clock, seg_index)
        size, apart = clock.sizes[seg_index], 2
    else:
        frames = np.rint((times - clock.t_starts[seg_index]) * clock.rate).astype(np.int64)
        inside, size, apart = np.ones(len(frames), bool), np.iinfo(np.int64).max, 1
    order = np.flatnonzero(inside)[np.argsort(frames[inside], kind="stable")]
    rises = frames[order]
    if levels and len(rises) and rises[0] == 0:
        out.leave(what, "a line that is high from the first sample on is taken to rise at the second")
        rises = np.maximum(rises, 1)
    kept = _spaced(rises, apart) & (rises < size)
    if not kept.all():
        out.leave(what, f"some are less than {apart} samples after another, or after the last sample")
    rises, order = rises[kept], order[kept]
    falls = rises + _widths(durations, order, clock.rate)
    nexts = np.append(rises[1:] - (apart - 1), size)[: len(rises)]
    if durations is not None and np.any(falls > nexts):
        out.leave(f"durations of {events.name}", "an epoch ends where the next one or the recording's end is")
    return Pulses(rises, np.minimum(falls, nexts), labels[order])


def _spaced(rises: Ints, apart: int) -> Bools:
    """Return which rises are at least so many samples after the last one of them before."""
    kept = np.diff(rises, prepend=rises[:1] - apart) >= apart
    if kept.all():
        return kept
    last = -apart
    for place, rise in enumerate(rises.tolist()):
        kept[place] = rise - last >= apart
        last = rise if kept[place] else last
    return kept


def _widths(durations: Floats | None, order: Ints, rate: float) -> Ints:
    seconds = np.full(len(order), PULSE_S) if durations is None else durations[order]
    return np.maximum(np.rint(seconds * rate), 1).astype(np.int64)


def level(line: Pulses, start: int, stop: int) -> Ints:
    """Return a line's level, 0 or 1, from a sample to another."""
    edges = np.stack([line.rises, line.falls], axis=1).ravel()
    first, last = np.searchsorted(edges, [start, stop - 1], side="right")
    bounds = np.concatenate([[start], edges[first:last], [stop]])
    highs = (first + np.arange(last - first + 1)) & 1
    return np.repeat(highs, np.diff(bounds))
