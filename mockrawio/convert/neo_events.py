"""Neo's events and epochs become the event file and the two logs, as far as they fit.

- ``Events.npy``: one event channel whose labels are numbers, the one called "Events" if several;
- DAQ log: epochs called "DAQ" with whole numbers for labels;
- watchlog: events "movie_frames", labelled with movie seconds, and epochs "movie_pauses".

Everything else is noted as something that a session cannot keep.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from neo.io.proxyobjects import EpochProxy, EventProxy

from ..session.logs import DaqLog, Watchlog
from .leftovers import Leftovers, label_of
from .neo_points import Stamps, Timeline, magnitude_ms
from .spans import SLACK_MS

FRAMES, PAUSES, DAQ, EVENTS = "movie_frames", "movie_pauses", "DAQ", "Events"
MOVIE = "movie"  # a Neo block does not say the movie's file name


@dataclass(frozen=True)
class Marks:
    """An Event or an Epoch of one segment."""

    segment: int  # of the block
    # label, name: for messages, and its own name
    label: str
    name: str
    # times_ms, durations_ms: on the block's clock; durations of events are 0
    times_ms: Stamps
    durations_ms: Stamps
    labels: npt.NDArray[np.str_]
    is_epoch: bool

    @property
    def numbers(self) -> Stamps | None:
        """The labels as numbers, or None if they are not all finite numbers."""
        try:
            numbers = self.labels.astype(np.float64)
        except ValueError:
            return None
        return numbers if np.isfinite(numbers).all() else None


def gather_marks(segments: Sequence[Any], leftovers: Leftovers) -> list[Marks]:
    """Return the events and epochs of all segments that have any moment in them."""
    found: list[Marks] = []
    for k, segment in enumerate(segments):
        for i, thing in enumerate([*segment.events, *segment.epochs]):
            position = i if i < len(segment.events) else i - len(segment.events)
            marks = _marks(k, label_of(k, thing, position), thing, leftovers)
            if marks is not None and marks.times_ms.size:
                found.append(marks)
    return found


def _marks(segment: int, what: str, given: Any, leftovers: Leftovers) -> Marks | None:
    thing = given.load() if isinstance(given, (EventProxy, EpochProxy)) else given
    is_epoch = hasattr(thing, "durations")
    times = magnitude_ms(thing.times)
    durations = magnitude_ms(thing.durations) if is_epoch else np.zeros(times.size)
    labels = np.asarray(thing.labels)
    labels = labels.astype("U") if labels.size else np.full(times.size, "", "U1")
    sizes = {times.size, durations.size, labels.size}
    if len(sizes) > 1 or not (np.isfinite(times).all() and np.isfinite(durations).all()):
        leftovers.add(what, "times, durations and labels of different lengths, or not finite")
        return None
    return Marks(segment, what, given.name or "", times, durations, labels, is_epoch)


def make_events(marks: Iterable[Marks], timeline: Timeline, leftovers: Leftovers) -> Stamps | None:
    """Return ``Events.npy`` from the one channel that fits, None without one; note the others."""
    channels: dict[str, list[Marks]] = {}
    for mark in marks:
        channels.setdefault(mark.name, []).append(mark)
    fit = {name: rows for name, rows in channels.items() if all(mark.numbers is not None for mark in rows)}
    chosen = EVENTS if EVENTS in fit else next(iter(fit), None)
    for mark in (mark for name, rows in channels.items() if name != chosen for mark in rows):
        why = "labels that are not numeric codes" if mark.numbers is None else "a second channel of codes"
        leftovers.add(mark.label, why)
    if chosen is None:
        return None
    rows = []
    for mark in fit[chosen]:
        times, which = timeline.place(mark.label, mark.segment, mark.times_ms, leftovers)
        rows.append(np.column_stack([times, mark.labels.astype(np.float64)[which]]))
    table: Stamps = np.concatenate(rows)
    return table[np.argsort(table[:, 0], kind="stable")]


def _stamps(values: Stamps) -> Stamps:
    """Return whole ms where they are meant, as in logs: a µs more or less comes from rounding."""
    whole = np.rint(values)
    return np.where(np.abs(values - whole) <= SLACK_MS, whole, values)


def _placed(mark: Marks, timeline: Timeline, leftovers: Leftovers) -> tuple[Stamps, Stamps, Any]:
    """Return starts and stops, ms since the Unix epoch, and the indexes of those that could be placed."""
    times, which = timeline.place(mark.label, mark.segment, mark.times_ms, leftovers)
    return _stamps(times), _stamps(times + mark.durations_ms[which]), which


def make_daq(marks: Iterable[Marks], timeline: Timeline, leftovers: Leftovers) -> DaqLog | None:
    """Return the DAQ log, None if there is none that can be kept."""
    codes, starts, stops = [], [], []
    for mark in marks:
        numbers = mark.numbers
        if numbers is None or not (numbers == np.rint(numbers)).all():
            leftovers.add(mark.label, "a DAQ log has whole numbers for codes")
            continue
        start, stop, which = _placed(mark, timeline, leftovers)
        codes.append(numbers.astype(np.int64)[which])
        starts.append(start)
        stops.append(stop)
    if not codes:
        return None
    pre, post = np.concatenate(starts), np.concatenate(stops)
    return DaqLog(np.concatenate(codes), np.arange(pre.size), pre, post)


def make_watchlog(
    frames: Sequence[Marks], pauses: Sequence[Marks], timeline: Timeline, leftovers: Leftovers
) -> Watchlog | None:
    """Return the watchlog, None if there is none that can be kept."""
    clocks, labels = [], []
    for mark in frames:
        clock, _, which = _placed(mark, timeline, leftovers)
        texts = mark.labels[which]
        if mark.numbers is None or not all(text.isascii() and text == text.strip() for text in texts):
            leftovers.add(mark.label, "a watchlog has movie seconds for labels")
            continue
        clocks.append(clock)
        labels.append(texts)
    clock = np.concatenate(clocks) if clocks else np.empty(0)
    before = [_frames_before(mark, clock, timeline, leftovers) for mark in pauses]
    if not clock.size:
        return None
    texts = np.concatenate(labels)
    counts = np.sort(np.concatenate([np.empty(0, np.int64), *before]))
    return Watchlog(MOVIE, texts, texts.astype(np.float64), clock, counts)


def _frames_before(mark: Marks, clock: Stamps, timeline: Timeline, leftovers: Leftovers) -> Any:
    """Return how many frames were shown before each pause: a pause lasts from one frame to the next."""
    start, stop, _ = _placed(mark, timeline, leftovers)
    if clock.size > 1 and (np.diff(clock) >= 0).all():
        count = np.searchsorted(clock, start + SLACK_MS, side="right")
        inside = np.clip(count, 1, clock.size - 1)
        fits = (np.abs(clock[inside - 1] - start) <= SLACK_MS) & (np.abs(clock[inside] - stop) <= SLACK_MS)
        if fits.all():
            return inside
    leftovers.add(mark.label, "pauses that do not last from one frame of movie_frames to the next")
    return np.empty(0, np.int64)
