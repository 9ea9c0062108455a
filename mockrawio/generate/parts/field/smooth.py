"""Smooth noise in time: cubic splines whose controls are drawn, in octaves.

An octave has a control in each of its intervals, and each octave's intervals are twice as long as the last one's. The
controls of an octave are refined to those of the next finer one, which is exact for such splines, and drawn controls
are added; so that all octaves together cost about as much as the finest. Controls are drawn in blocks of time, each
from a child of the seed of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np

from ....ground.arrays import Array, Floats, Ints
from ...draws import Draws, normal_table
from ...kept import kept
from ...layers import Setting

_BLOCK_S = 16  # s, with at least four controls of the slowest octave
SLOWEST_S = _BLOCK_S / 4
_VARIANCE = 151 / 315  # of such a spline, if that of its controls is 1
_BEFORE = 8  # blocks that there are before the first sample
_KEPT = 2  # blocks


class Smooth:
    """Smooth noise of several courses that do not depend on each other.

    Parameters
    ----------
    setting : Setting
        Where its bits come from.
    name : str
        By which they come.
    n : int
        How many courses there are.
    step_s : float
        The shortest interval, in s: a power of two.
    weights : sequence of float
        The standard deviation of the controls of each octave, the finest first.
    """

    def __init__(self, setting: Setting, name: str, n: int, step_s: float, weights: Sequence[float]) -> None:
        self._setting, self._name, self._n, self._step_s = setting, name, n, step_s
        self._weights = tuple(weights)
        self._size = int(_BLOCK_S / step_s)  # controls of a block
        self.sd = sqrt(_VARIANCE * sum(weight**2 for weight in weights))
        self.most = float(normal_table()[-1]) * sum(weights)  # a spline is within its controls
        self._draws = kept(_KEPT + 1, self._drawn)
        self._controls = kept(_KEPT, self._refined)

    def at(self, seg_index: int, times: Floats) -> Floats:
        """Return the noise at times in s from the first one on, ascending, (len(times), n)."""
        places = times / self._step_s
        below = np.floor(places)
        weights = _weights(places - below)
        first = below.astype(np.int64)
        controls, at = self._between(seg_index, first)
        noise: Floats = weights[0][:, None] * np.take(controls, at, axis=0)
        for k in range(1, 4):
            noise += weights[k][:, None] * np.take(controls, at + k, axis=0)
        return noise

    def _between(self, seg_index: int, first: Ints) -> tuple[Floats, Ints]:
        """Return controls, and which of them is the one before each of `first`."""
        size = self._size
        low, high = (int(first[k]) // size for k in (0, -1))
        blocks = [self._controls(seg_index, block) for block in range(low, high + 1)]
        # of each but the last, the three controls that the next block has too are left out
        controls = np.concatenate([*(block[:-3] for block in blocks[:-1]), blocks[-1]]) if high > low else blocks[0]
        return controls, first - low * size

    def _drawn(self, seg_index: int, block: int) -> list[Floats]:
        """Return the drawn controls of a block, of each octave, the slowest last."""
        draws = Draws.of(self._setting.bits(self._name, seg_index, block + _BEFORE))
        octaves: list[Floats] = []
        for k, weight in reversed(list(enumerate(self._weights))):
            n = self._size >> k
            octaves.insert(0, draws.normals(n * self._n).reshape(n, self._n) * weight)
        return octaves

    def _refined(self, seg_index: int, block: int) -> Floats:
        """Return the controls of all octaves together, from the one before a block to the second after it."""
        around = [self._draws(seg_index, k) for k in (block - 1, block, block + 1)]
        spans = [(-1, self._size + 2)]  # of each octave, from the start of the block
        for _ in self._weights[1:]:
            low, high = spans[-1]
            spans.append(((low >> 1) - 1, ((high - 1) >> 1) + 2))
        controls: Floats = np.empty(0)
        for k in reversed(range(len(spans))):
            low, high = spans[k]
            n = self._size >> k
            here: Floats = np.concatenate([octaves[k] for octaves in around])[low + n : high + n]
            if len(controls):
                here += _finer(controls, low - 2 * (spans[k + 1][0] + 1), high - low)
            controls = here
        return controls


def _finer(controls: Floats, begin: int, n: int) -> Floats:
    """Return `n` controls of half the interval, from the `begin`th on that stands at or after the second one."""
    inner = controls[1:-1]
    fine = np.empty((2 * len(inner), controls.shape[1]))
    fine[0::2] = (controls[:-2] + 6 * inner + controls[2:]) / 8
    fine[1::2] = (inner + controls[2:]) / 2
    return fine[begin : begin + n]


def _weights(x: Floats) -> tuple[Array, Array, Array, Array]:
    """Return the shares of the four controls around places, each `x` from 0 to 1 after the second of them."""
    y, xx = 1 - x, x * x
    first, last = y * y * y / 6, xx * x / 6
    second = (3 * xx * x - 6 * xx + 4) / 6
    return first, second, 1 - first - second - last, last
