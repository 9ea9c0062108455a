"""A spike of given samples at another sampling rate, or between its samples: a sine cardinal in Lanczos' window.

It is what it was at its own samples, exactly. Beyond its first and last sample it is what it is there, so that what a
file cut off does not ring. Where the rate falls, what the new one cannot hold is left out.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import ceil, floor
from typing import NamedTuple

import numpy as np

from ....ground.arrays import Floats
from .window import Window

_LOBES = 8  # of the window, to each side
_PHASES = 16  # of a sample, at which the largest gain is looked for


class Resampled(NamedTuple):
    """How samples of one rate become those of another, both in Hz."""

    before: int  # the sample at a spike's time
    n: int
    given: Fraction
    wanted: Fraction

    @property
    def window(self) -> Window:
        """The samples that it becomes: those that lie between the first and the last that are given."""
        ratio = self.wanted / self.given
        before, after = floor(self.before * ratio), floor((self.n - 1 - self.before) * ratio)
        return Window(before, before + 1 + after, float(1000 / self.wanted))

    def at(self, samples: Floats, late: float, shifts: Floats | None = None) -> Floats:
        """Return what samples, (n, m), become if they come `late` new samples later, float64 (:attr:`window`.n, m).

        `shifts`, float64 (m,), is by how much of a sample each of the m is read later.
        """
        if shifts is None:
            return self._made(samples, late)
        out: Floats = np.empty((self.window.n, samples.shape[1]))
        for shift in np.unique(shifts).tolist():
            here = shifts == shift
            out[:, here] = self._made(samples[:, here], late - shift)
        return out

    @property
    def most(self) -> float:
        """How many times as large as the largest sample nothing that is made of them is beyond."""
        return _gain(self)

    def _made(self, samples: Floats, late: float) -> Floats:
        weights = _weights(self, late)
        return np.array(samples, np.float64) if weights is None else weights @ samples


@lru_cache(maxsize=256)
def _weights(how: Resampled, late: float) -> Floats | None:
    """Return of which parts of the given samples each new one is the sum, (new, given); None if they are the same."""
    if how.given == how.wanted and late == 0:
        return None
    window, step = how.window, float(how.given / how.wanted)
    places = (np.arange(window.n) - window.before - late) * step + how.before
    wide = max(1.0, step)
    taps = np.arange(-ceil(_LOBES * wide), ceil(_LOBES * wide) + 2) + np.floor(places)[:, None]
    apart = (places[:, None] - taps) / wide
    parts = np.where(np.abs(apart) < _LOBES, np.sinc(apart) * np.sinc(apart / _LOBES), 0.0)
    # to 1e-12, so that the last bit of a machine's ``sin`` does not matter, and nothing is left beside a sample
    parts = np.round(parts / parts.sum(axis=1, keepdims=True), 12)
    weights: Floats = np.zeros((window.n, how.n))
    rows = np.broadcast_to(np.arange(window.n)[:, None], taps.shape)
    np.add.at(weights, (rows, np.clip(taps, 0, how.n - 1).astype(np.int64)), parts)
    return weights


@lru_cache(maxsize=64)
def _gain(how: Resampled) -> float:
    found = (_weights(how, phase / _PHASES) for phase in range(_PHASES))
    return max(1.0 if one is None else float(np.abs(one).sum(axis=1).max()) for one in found) * 1.02
