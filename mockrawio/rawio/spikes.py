"""Units: spike times in the files' own ms, and waveforms, out of mapped files.

A window of time is found by bisection on the mapped stamps, so it touches few pages; that
they ascend is checked once, when a unit's stamps are first used.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..ground.arrays import Array
from ..session.clock import check_ascending
from ..session.files import Scale, UnitFile, stamps_in_ms
from ..session.layout import UnitName
from .scaling import quantise

OPEN_MAPS = 64  # each map holds a file descriptor


class Unit:
    """One unit of the session; `count` is the size of a count, for float waveforms that are served as int16."""

    def __init__(self, name: UnitName, file: UnitFile, count: float | None) -> None:
        self.name = name
        self.file = file
        self.count = count
        size = file.times.shape[0]
        self.edges: list[int] = [0, size]
        self._checked = False

    @property
    def scale(self) -> Scale:
        """From the raw waveforms served to physical units."""
        scale = self.file.scale
        return scale if self.count is None else Scale(scale.gain * self.count, scale.offset, scale.units)

    def times(self) -> Array:
        """Return all spike times, ms since the Unix epoch, checked to ascend."""
        times: Array = stamps_in_ms(self.file.times, self.file.divisor)
        if not self._checked:
            check_ascending(self.file.path, times)
            self._checked = True
        return times

    def split(self, boundaries_ms: Sequence[float]) -> None:
        """Share the spikes out to segments, each beginning at its boundary."""
        if boundaries_ms:
            times = self.times()
            self.edges = [0, *(bisect_left(times, b) for b in boundaries_ms), times.size]

    def spans(self) -> list[tuple[float, float] | None]:
        """Return the first and the last spike of each segment, ms, or None where it has none."""
        edges = self.edges
        if len(edges) == 2:
            return [(self.file.first_ms, self.file.last_ms) if edges[1] else None]
        times = self.times()
        spans = [(float(times[low]), float(times[high - 1])) if low < high else None for low, high in pairwise(edges)]
        self.release()  # a thousand units would be a thousand open files
        return spans

    def window(self, seg_index: int, t_start: float | None, t_stop: float | None, origin_ms: float) -> slice:
        """Return which spikes of a segment lie within the limits, ends included.

        Limits are compared in seconds, as :func:`seconds` makes them, so that a spike's own
        time is always within limits made of it.
        """
        low, high = self.edges[seg_index : seg_index + 2]
        if t_start is None and t_stop is None:
            return slice(low, high)
        times = self.times()
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
        stored = source.view()
        if stored.ndim == 1:  # no spikes, no width
            stored = stored.reshape(0, 0)
        piece = stored[window]
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
