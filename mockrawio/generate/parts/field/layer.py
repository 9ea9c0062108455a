"""A layer of the field: a function of time and place, evaluated at knots, with straight lines between them.

Knots are :attr:`FieldLayer.step` samples apart, a power of two, so that a few thousand come in a second, however fast
the sampling; counts between two of them are whole numbers by shifts. A contact that is sampled later than others is
further along its lines, to the nearest sixteenth of a sample. Contacts outside the tissue have none of it. Knots are
made in blocks, of which each costs what it costs whatever was asked before it.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import lru_cache
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ....ground.arrays import Array, Floats, Ints
from ...kept import kept
from ...layers import Counts, Layer, Setting
from ..noise.mixing import Mixing

KNOTS = 1 << 11  # of a block, at most: how many there are changes no sample
_FEWEST_KNOTS, _BLOCK = 1 << 8, 1 << 18  # of a block, and its values, as near as it can have these
_VALUES = 1 << 17  # filled in at once
_KEPT = 2  # blocks
_LATE = 4  # bits of the part of a sample by which a contact is sampled later
_INT16 = np.iinfo(np.int16).max

# What is listed of an event of the field. `start`, `peak` and `stop` (not included) are samples of the segment, `uV`
# is how large it is at its peak on the channel where it is largest: a contact in the order of the setting.
EVENT = np.dtype(
    [("seg_index", "i8"), ("start", "i8"), ("peak", "i8"), ("stop", "i8"), ("uV", "f8"), ("channel", "i8")]
)

Events = npt.NDArray[np.void]


class FieldLayer(Layer):
    """A layer of the field in a session."""

    finest_hz: ClassVar[float] = 1500.0  # at least so many knots come in a second, or all samples there are

    def __init__(self, name: str, setting: Setting) -> None:
        self.name, self.setting = name, setting
        self._shift = max(0, int(setting.sampling_rate / self.finest_hz).bit_length() - 1)
        self.step = 1 << self._shift
        self._late = (
            None if setting.shifts is None else tuple(np.rint(setting.shifts * (1 << _LATE)).astype(int).tolist())
        )
        self._bits = self._shift + (0 if self._late is None else _LATE)  # of the places between two knots
        self._n_knots = max(_FEWEST_KNOTS, min(KNOTS, _BLOCK // setting.n_contacts))
        self._n_lines = max(1, _VALUES // (self.step * setting.n_contacts))
        self._knots = kept(_KEPT, self._block)

    @abstractmethod
    def counts(self, seg_index: int, times: Floats) -> Array | None:
        """Return the counts at times in s, ascending, whole numbers (n, n_contacts); None where all are 0."""

    def events(self, seg_index: int, start: int, stop: int) -> Events:
        """Return the events that have a sample from `start` to `stop` (not included), ascending: (n,) of :data:`EVENT`.

        There are none of what always is.
        """
        return np.empty(0, EVENT)

    def listed(self, seg_index: int, spans_s: Floats, uV: Floats, contacts: Ints) -> Events:
        """Return events from when they begin, are largest and end, (n, 3) in s, how large they are, and where.

        A sample is beyond the segment's ends where an event begins before it or ends after.
        """
        samples = np.rint(spans_s * float(self.setting.sampling_rate)).astype(np.int64)
        events = np.empty(len(uV), EVENT)
        events["seg_index"], events["uV"], events["channel"] = seg_index, uV, contacts
        for k, name in enumerate(("start", "peak", "stop")):
            events[name] = samples[:, k]
        return events

    def between(self, events: Events, start: int, stop: int) -> Events:
        """Return those of some events that have a sample from `start` to `stop` (not included)."""
        return events[(events["stop"] > start) & (events["start"] < stop)]

    def times(self, samples: Ints) -> Floats:
        """Return when samples of a segment are, in s from its first one."""
        rate = self.setting.sampling_rate
        times: Floats = samples * rate.denominator / float(rate.numerator)  # whole below 2**53, and rounded once
        return times

    def add(self, out: Counts, seg_index: int, i_start: int) -> None:
        """Add samples of a segment to `out`."""
        size, i_stop = self._n_knots * self.step, i_start + len(out)
        for block in range(i_start // size, -(-i_stop // size)):
            knots = self._knots(seg_index, block)
            if knots is not None:
                low, high = max(i_start, block * size), min(i_stop, (block + 1) * size)
                self._fill(out[low - i_start : high - i_start], knots, low - block * size)

    def _block(self, seg_index: int, block: int) -> Array | None:
        """Return the knots of a block and the one after, (n_knots + 1, n_contacts)."""
        at = self.times((block * self._n_knots + np.arange(self._n_knots + 1)) * self.step)
        counts = self.counts(seg_index, at)
        if counts is None or not counts.any():
            return None
        counts[:, list(self.setting.outside)] = 0
        rises = np.diff(counts.astype(np.int32, copy=False), axis=0)
        most = max(int(np.abs(counts).max()), (int(np.abs(rises).max()) + 1) << self._bits)
        return counts.astype(np.int16 if most <= _INT16 else np.int32, copy=False)

    def _fill(self, out: Counts, knots: Array, begin: int) -> None:
        """Add to `out` what lies on the lines between knots, from sample `begin` of their block on."""
        end, row, n = begin + len(out), 0, self._n_lines
        last = -(-end // self.step)
        for first in range(begin >> self._shift, last, n):
            some = knots[first : min(first + n, last) + 1]
            low = max(0, begin - first * self.step)
            high = min(end - first * self.step, (len(some) - 1) * self.step)
            if some.any():
                part = out[row : row + high - low]
                part += self._lines(some)[low:high]
            row += high - low

    def _lines(self, knots: Array) -> Array:
        """Return the samples from each knot to the next."""
        if self._bits == 0:
            return knots[:-1]
        kind, n, late = knots.dtype.type, len(knots) - 1, self._late or (0,) * knots.shape[1]
        rises = np.repeat(knots[1:] - knots[:-1], self.step, axis=0).reshape(n, -1)
        rises *= _places(self._n_lines, self.step, late, self._bits - self._shift, knots.dtype.char)[:n]
        rises += kind(1 << self._bits >> 1)
        rises >>= kind(self._bits)
        lines: Array = rises.reshape(-1, knots.shape[1])
        lines += np.repeat(knots[:-1], self.step, axis=0)
        return lines


@lru_cache(maxsize=8)
def _places(n: int, step: int, late: tuple[int, ...], bits: int, kind: str) -> Array:
    """Return the places of samples after their knot, of each contact and `n` times over: (n, step * n_contacts).

    They count parts of a sample, 2**`bits` of which are one; a contact's are so many parts `late`.
    """
    places = (np.arange(step)[:, None] << bits) + np.array(late)
    return np.tile(places.astype(kind).reshape(-1), (n, 1))


class CoursesLayer(FieldLayer):
    """A layer of a few courses in time, of which each contact has its share."""

    _mixing: Mixing  # of the courses

    @abstractmethod
    def courses(self, seg_index: int, times: Floats) -> Floats | None:
        """Return the courses at times in s, (n, n_sources of the mixing), to be rounded; None where all are 0."""

    def counts(self, seg_index: int, times: Floats) -> Array | None:
        """Return the counts at times in s."""
        courses = self.courses(seg_index, times)
        return None if courses is None else self._mixing.counts(np.rint(courses).astype(np.float32))
