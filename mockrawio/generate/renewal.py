"""Spike trains as renewal processes, drawn in blocks of time.

- A train is drawn in blocks of :data:`BLOCK` frames, each from a child of the seed of its own: any second of a day
  costs its own block, and a train does not depend on how long its segment is.
- It is exact: times are whole numbers of steps, eighths of a frame, from the first draw to the last sum. No interval
  is below the refractory period, by any rounding, that across the border of two blocks included: each block begins with
  a refractory period, 3 ms in half a minute.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Array, Floats, Ints
from .layers import Setting

BLOCK = 1 << 20  # frames
STEPS = 8  # of a frame
# By how many frames a spike comes after its frame, for each of the steps around it: evenly spread.
JITTER = tuple((2 * step + 1 - STEPS) / (2 * STEPS) for step in range(STEPS))


class Spikes(NamedTuple):
    """Some spikes of a segment, ascending, each array (n,)."""

    frames: Ints  # the nearest sample of each
    phases: npt.NDArray[np.uint8]  # in which of the steps around that sample it is: an index of :data:`JITTER`

    def within(self, start: int, stop: int) -> Spikes:
        """Return those whose frames lie from `start` to `stop`, not included."""
        low, high = np.searchsorted(self.frames, [start, stop]).tolist()
        return Spikes(self.frames[low:high], self.phases[low:high])


class Renewal(NamedTuple):
    """A Poisson process with a dead time."""

    rate_hz: float  # spikes a second, the dead time included
    refractory_s: Fraction  # least time between two spikes

    def block(self, setting: Setting, name: str, index: int, seg_index: int, block: int) -> Spikes:
        """Return the spikes of a block of a train, which is known by its layer's name and its number."""
        bits = setting.bits(name, index, seg_index, block)
        dead = math.ceil(self.refractory_s * setting.sampling_rate * STEPS)
        mean = max(0.0, float(setting.sampling_rate) * STEPS / self.rate_hz - dead)
        n = int(BLOCK * STEPS / (mean + dead)) + 8
        steps = np.empty(0, np.int64)
        while not len(steps) or steps[-1] < BLOCK * STEPS:  # each turn goes on where the last one stopped
            intervals = dead + np.rint(exponential_table()[_words(bits, n)] * mean).astype(np.int64)
            steps = np.concatenate([steps, (steps[-1] if len(steps) else 0) + np.cumsum(intervals)])
            n = n // 8 + 8
        steps = steps[: np.searchsorted(steps, BLOCK * STEPS)]
        return Spikes(block * BLOCK + steps // STEPS, (steps % STEPS).astype(np.uint8))


def poisson(
    setting: Setting,
    name: str,
    index: int,
    rate_hz: float,
    refractory_s: Fraction,
    seg_index: int,
    start: int,
    stop: int,
) -> Spikes:
    """Return the spikes of a train from frame `start` to `stop` (not included) of a segment.

    The segment need not reach so far, nor begin so early; there are none before its first frame.
    """
    train, start = Renewal(rate_hz, refractory_s), max(0, start)
    blocks = range(start // BLOCK, -(-stop // BLOCK))
    parts = [train.block(setting, name, index, seg_index, block).within(start, stop) for block in blocks]
    if not parts:
        return Spikes(np.empty(0, np.int64), np.empty(0, np.uint8))
    return Spikes(*map(np.concatenate, zip(*parts, strict=True)))


def _words(bits: np.random.SFC64, n: int) -> npt.NDArray[np.uint16]:
    """Return `n` uint16 and more; `n` is rounded up to a multiple of 4, so that no bits are left over."""
    words: Array = bits.random_raw(-(-n // 4))
    return words.astype("<u8", copy=False).view("<u2")


@lru_cache(maxsize=1)
def exponential_table() -> Floats:
    """Return the standard exponential distribution in 65536 equally likely steps, float64, read-only.

    The quantiles at (i + 1/2) / 65536, up to 11.78, rounded to 1e-9, so that the last bit of a machine's ``log`` does
    not matter, and scaled so that their mean is 1.
    """
    table: Floats = np.round([-math.log1p(-(i + 0.5) / 65536) for i in range(65536)], 9)
    table /= math.fsum(table.tolist()) / 65536
    table.flags.writeable = False
    return table
