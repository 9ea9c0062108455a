"""A slow stream that is a faster one through whole taps: how an LFP is made of what a broadband stream stores.

Sample k of a segment is taken around frame ``f = rint(k * frames[0] / frames[1])`` of it, halves to the even one::

    (sum of taps[i] * stored[f - len(taps) // 2 + i] + (1 << shift - 1)) >> shift

cut off at the ends of int16; a frame before the segment's first one is that one, and one after its last one the last.
Sums are whole numbers, so that whoever makes them gets the same bytes, however many at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Array, Ints

_AT_ONCE = 4  # samples that are summed together
_COLUMNS = 96  # for which sums are made at once
_MOST_APART = 1000  # frames from one sample to the next, or samples to a frame
_EXACT = 1 << 24  # whole numbers up to this are exact in float32
_ONE_THREAD = 1 << 17  # products for which OpenBLAS takes one thread: half of what it wakes others for
_TAPS, _SHIFT, _FRAMES = "taps", "shift", "frames"
_MOST_TAPS, _MOST_SHIFT, _MOST_FRAMES = 1 << 13, 30, 1 << 37  # so that all sums are below 2**53

Int16s = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Lowpass:
    """The taps, an odd number of them, their sum's power of two, and how many frames there are to so many samples."""

    taps: tuple[int, ...]
    shift: int
    frames: tuple[int, int]

    @classmethod
    def of_json(cls, content: object) -> Lowpass | None:
        """Return what a stream's description says; None if it is not of this form."""
        values: dict[str, Any] = content if isinstance(content, dict) else {}
        taps, shift, frames = (_list(values.get(key)) for key in (_TAPS, _SHIFT, _FRAMES))
        if not (_whole(taps, -_EXACT, _EXACT) and len(taps) % 2 and len(taps) <= _MOST_TAPS):
            return None
        if not (_whole(shift, 1, _MOST_SHIFT) and _whole(frames, 1, _MOST_FRAMES)):
            return None
        if len(shift) != 1 or len(frames) != 2:
            return None
        (bits,), (n_frames, n_samples) = shift, frames
        apart = max(frames) <= _MOST_APART * min(frames)
        return cls(tuple(taps), bits, (n_frames, n_samples)) if apart else None

    def description(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {_TAPS: list(self.taps), _SHIFT: self.shift, _FRAMES: list(self.frames)}

    @property
    def half(self) -> int:
        """How many taps there are before the middle one."""
        return len(self.taps) // 2

    def length(self, n_frames: int) -> int:
        """Return how many samples a segment of so many frames has."""
        return ceil(n_frames * self.frames[1] / self.frames[0])

    def middles(self, i_start: int, i_stop: int) -> Ints:
        """Return the frame in the middle of each of some samples, int64 (i_stop - i_start,)."""
        num, den = self.frames
        whole, rest = np.divmod(np.arange(i_start, i_stop) * num, den)
        up = (2 * rest > den) | ((2 * rest == den) & (whole % 2 == 1))
        middles: Ints = whole + up
        return middles

    def samples(self, rows: Int16s, first: int, i_start: int, i_stop: int) -> Int16s:
        """Return samples of a segment, int16 (i_stop - i_start, n_channels).

        `rows`, (n, n_channels), are its frames from `first` on, with all that the taps of these samples reach.
        """
        begins = self.middles(i_start, i_stop) - self.half - first
        samples: Int16s = np.empty((len(begins), rows.shape[1]), "<i2")
        for low in range(0, rows.shape[1], _COLUMNS):
            some = slice(low, low + _COLUMNS)
            samples[:, some] = self._columns(rows[:, some], begins)
        return samples

    def _columns(self, rows: Int16s, begins: Ints) -> Int16s:
        """Return samples of some columns, the first of whose frames are these rows."""
        most = max(int(rows.max(initial=0)), -int(rows.min(initial=0)))
        small = most * sum(map(abs, self.taps)) < _EXACT
        values = rows.astype(np.float32 if small else np.float64)
        sums = np.empty((len(begins), rows.shape[1]), values.dtype)
        grouped = len(begins) // _AT_ONCE * _AT_ONCE
        for some in (slice(0, grouped), slice(grouped, None)):
            at_once = min(_AT_ONCE, max(1, len(begins[some])))
            out = sums[some].reshape(len(begins[some]) // at_once, at_once, rows.shape[1])
            _sum(self.taps, values, begins[some].reshape(-1, at_once), out)
        whole = sums.astype(np.int64)
        whole += 1 << (self.shift - 1)
        whole >>= self.shift
        return np.clip(whole, -32768, 32767).astype("<i2")


@lru_cache(maxsize=64)
def _matrix(taps: tuple[int, ...], offsets: tuple[int, ...], kind: str) -> Array:
    """Return the matrix that sums some samples at once, of which each begins so many frames after the first one."""
    matrix = np.zeros((len(offsets), offsets[-1] + len(taps)), kind)
    for row, offset in zip(matrix, offsets, strict=True):
        row[offset : offset + len(taps)] = taps
    return matrix


def _sum(taps: tuple[int, ...], values: Array, begins: Ints, out: Array) -> None:
    """Write the sums of samples that begin at rows, both by groups: (n_groups, at_once) and one axis more in `out`."""
    offsets = begins - begins[:, :1]
    kinds = offsets @ ((_AT_ONCE * _MOST_APART) ** np.arange(begins.shape[1]))  # a number for each row's offsets
    for kind in np.unique(kinds):
        which = np.flatnonzero(kinds == kind)
        matrix = _matrix(taps, tuple(offsets[which[0]].tolist()), values.dtype.char)
        windows = _windows(values, begins[which, 0], matrix.shape[1])
        width = max(1, _ONE_THREAD // matrix.size)
        for low in range(0, values.shape[1], width):
            out[which, :, low : low + width] = np.matmul(matrix, windows[:, :, low : low + width])


def _windows(values: Array, begins: Ints, size: int) -> Array:
    """Return so many rows from each of `begins` on, (len(begins), size, n): a view where these are evenly spaced."""
    steps = np.diff(begins)
    if len(steps) and (steps != steps[0]).any():
        gathered: Array = values[begins[:, None] + np.arange(size)]
        return gathered
    strides = int(steps[:1].sum()) * values.strides[0], *values.strides
    shape = len(begins), size, values.shape[1]
    return np.lib.stride_tricks.as_strided(values[int(begins[0]) :], shape, strides, writeable=False)


def _list(value: Any) -> list[Any]:
    return value if type(value) is list else [value]


def _whole(values: list[Any], low: int, high: int) -> bool:
    """Return True if values are whole numbers in a range."""
    return all(type(one) is int and low <= one <= high for one in values)
