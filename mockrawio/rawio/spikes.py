"""Units: spike times in the files' own ms, and waveforms, out of mapped files.

A window of time is found by bisection on the mapped stamps, so it touches few pages; that
they ascend is checked once, when a unit's stamps are first used.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..formats.said import Knots
from ..ground.arrays import Array
from ..session.clock import check_ascending
from ..session.files import Scale, UnitFile, stamps_in_ms
from ..session.layout import UnitName
from ..session.made import MadeUnitFile
from ..session.virtual import MadeTrain
from .scaling import quantise

OPEN_MAPS = 64  # each map holds a file descriptor


class Unit:
    """One unit of the session; `count` is the size of a count, for float waveforms that are served as int16.

    Some of its spikes are named by a slice of their numbers.
    """

    def __init__(self, name: UnitName, file: UnitFile, count: float | None) -> None:
        self.name = name
        self.file: UnitFile | MadeUnitFile = file
        self.count = count
        (n_spikes,) = file.times.shape
        self._edges: list[float] = [0, n_spikes]
        self._checked = False

    @property
    def n_segments(self) -> int:
        """How many segments its spikes are shared out to."""
        return len(self._edges) - 1

    @property
    def whole(self) -> slice:
        """All of its spikes."""
        return slice(self._edges[0], self._edges[-1])

    def segment(self, seg_index: int) -> slice:
        """Return the spikes of a segment."""
        return slice(*self._edges[seg_index : seg_index + 2])

    def count_in(self, seg_index: int) -> int:
        """Return how many spikes it has in a segment."""
        return int(self._edges[seg_index + 1] - self._edges[seg_index])

    @property
    def counts(self) -> tuple[int, ...]:
        """How many spikes it has in each segment."""
        return tuple(map(self.count_in, range(self.n_segments)))

    @property
    def scale(self) -> Scale:
        """From the raw waveforms served to physical units."""
        scale = self.file.scale
        return scale if self.count is None else Scale(scale.gain * self.count, scale.offset, scale.units)

    def times(self, window: slice) -> Array:
        """Return spike times, ms since the Unix epoch, checked to ascend."""
        return self._times()[window]

    def check(self) -> None:
        """Check all spike times."""
        self._times()

    def _times(self) -> Array:
        times: Array = stamps_in_ms(self.file.times, self.file.divisor)
        if not self._checked:
            check_ascending(self.file.path, times)
            self._checked = True
        return times

    def split(self, boundaries_ms: Sequence[float]) -> None:
        """Share the spikes out to segments, each beginning at its boundary."""
        if boundaries_ms:
            self._edges = [0, *(self._told_edges(boundaries_ms) or self._found_edges(boundaries_ms)), self.whole.stop]

    @property
    def _knots(self) -> Knots | None:
        return self.file.knots  # type: ignore[union-attr]  # of a file that is stored

    def _told_edges(self, boundaries_ms: Sequence[float]) -> list[int] | None:
        """Return the first spike from each boundary on, by what was said of spike times; None if that is too little."""
        knots = self._knots
        edges = [] if knots is None else [knots.place(b, self.file.divisor) for b in boundaries_ms]
        told = [edge for edge in edges if edge is not None]
        return told if len(told) == len(boundaries_ms) else None

    def _found_edges(self, boundaries_ms: Sequence[float]) -> list[int]:
        times = self._times()
        return [bisect_left(times, b) for b in boundaries_ms]

    def spans(self) -> list[tuple[float, float] | None]:
        """Return the first and the last spike of each segment, ms, or None where it has none."""
        if len(self._edges) == 2:
            return [(self.file.first_ms, self.file.last_ms) if self._edges[1] else None]
        pairs = [(int(low), int(high)) for low, high in pairwise(self._edges)]
        if (told := self._told_spans(pairs)) is not None:
            return told
        times = self._times()
        spans = [(float(times[low]), float(times[high - 1])) if low < high else None for low, high in pairs]
        self.release()  # a thousand units would be a thousand open files
        return spans

    def _told_spans(self, pairs: Sequence[tuple[int, int]]) -> list[tuple[float, float] | None] | None:
        """Return the spans of some spikes by what was said of spike times; None if that is too little."""
        if (knots := self._knots) is None:
            return None
        ends = [(knots.known(low), knots.known(high - 1)) if low < high else None for low, high in pairs]
        if any(end is not None and None in end for end in ends):
            return None
        return [end and (end[0] / self.file.divisor, end[1] / self.file.divisor) for end in ends]

    def window(self, seg_index: int, t_start: float | None, t_stop: float | None, origin_ms: float) -> slice:
        """Return which spikes of a segment lie within the limits, ends included.

        Limits are compared in seconds, as :func:`seconds` makes them, so that a spike's own
        time is always within limits made of it.
        """
        low, high = map(int, self._edges[seg_index : seg_index + 2])
        if t_start is None and t_stop is None:
            return slice(low, high)
        times = self._times()
        if t_start is not None:
            low = bisect_left(times, t_start, low, high, key=lambda ms: (ms - origin_ms) / 1000)
        if t_stop is not None:
            high = max(low, bisect_right(times, t_stop, low, high, key=lambda ms: (ms - origin_ms) / 1000))
        return slice(low, high)

    def waveforms(self, window: slice) -> Array | None:
        """Return raw waveforms (spikes, 1, samples), or None if the unit has none."""
        source = self.file.waveforms
        if source is None:
            return None
        piece = source.rows(window.start, window.stop)
        if piece.ndim == 1:  # no spikes, no width
            piece = piece.reshape(0, 0)
        if self.count is not None:
            counts = np.empty(piece.shape, np.int16)
            quantise(piece, self.count, counts)
            piece = counts
        elif not piece.dtype.isnative:
            piece = piece.astype(piece.dtype.newbyteorder("="))
        return piece[:, None, :]

    def release(self) -> None:
        """Release the maps."""
        for array in (self.file.times, self.file.waveforms):
            if array is not None:
                array.release()


class MadeUnit(Unit):
    """A unit whose spikes are made when they are asked for; some of them are named by a slice of ms since the epoch."""

    def __init__(self, name: UnitName, file: MadeUnitFile) -> None:
        self.name, self.file, self.count = name, file, None
        self._edges = [-math.inf, math.inf]

    @property
    def _train(self) -> MadeTrain:
        return self.file.times.train  # type: ignore[union-attr]  # of a file that is made

    def count_in(self, seg_index: int) -> int:
        """Return how many spikes it has in a segment."""
        return self._train.count(*self._edges[seg_index : seg_index + 2])

    def times(self, window: slice) -> Array:
        """Return spike times, ms since the Unix epoch."""
        return self._train.times_ms(window.start, window.stop)

    def check(self) -> None:
        """Do nothing: they are made in their order."""

    def split(self, boundaries_ms: Sequence[float]) -> None:
        """Share the spikes out to segments, each beginning at its boundary."""
        self._edges = [-math.inf, *boundaries_ms, math.inf]

    def spans(self) -> list[tuple[float, float] | None]:
        """Return the first and the last spike of each segment, ms, or None where it has none."""
        return [self._train.ends_ms(*pair) for pair in pairwise(self._edges)]

    def window(self, seg_index: int, t_start: float | None, t_stop: float | None, origin_ms: float) -> slice:
        """Return which spikes of a segment lie within the limits, ends included, as :func:`seconds` has them."""
        low, high = self._edges[seg_index : seg_index + 2]
        if t_start is not None:
            low = max(low, _first_stamp(lambda ms: (ms - origin_ms) / 1000 >= t_start, origin_ms + t_start * 1000))
        if t_stop is not None:
            high = min(high, _first_stamp(lambda ms: (ms - origin_ms) / 1000 > t_stop, origin_ms + t_stop * 1000))
        return slice(low, max(low, high))

    def waveforms(self, window: slice) -> Array | None:
        """Return raw waveforms (spikes, 1, samples)."""
        return self._train.waveforms(window.start, window.stop)[:, None, :]

    def release(self) -> None:
        """Do nothing: no file is open."""


def _first_stamp(holds: Callable[[float], bool], near: float) -> float:
    """Return the least stamp for which something holds that holds for all later ones; it is next to another."""
    if not math.isfinite(near):
        return near
    while holds(near):
        near = math.nextafter(near, -math.inf)
    while not holds(near):
        near = math.nextafter(near, math.inf)
    return near


def unit_of(name: UnitName, file: UnitFile | MadeUnitFile, count: float | None) -> Unit:
    """Return a unit of the session, by its file."""
    return Unit(name, file, count) if isinstance(file, UnitFile) else MadeUnit(name, file)


class OpenUnits:
    """The units of a session; keeps the files of the last few used ones open."""

    def __init__(self, units: list[Unit]) -> None:
        self.units = units
        self._recent: OrderedDict[int, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self.units)

    def __getstate__(self) -> dict[str, Any]:
        return {"units": self.units, "_recent": OrderedDict()}  # not one that another thread may be changing

    def __getitem__(self, index: int) -> Unit:
        unit = self.units[index]
        recent = self._recent
        recent.pop(index, None)
        recent[index] = None  # the latest stands last
        if len(recent) > OPEN_MAPS:
            try:
                oldest, _ = recent.popitem(last=False)
                self.units[oldest].release()
            except (KeyError, IndexError):  # another thread was there first
                pass
        return unit

    def release(self) -> None:
        """Release every map."""
        for unit in self.units:
            unit.release()


def seconds(stamps_ms: Any, origin_ms: float) -> Any:
    """Return ms since the Unix epoch as seconds from the origin, in float64."""
    return (stamps_ms - origin_ms) / 1000
