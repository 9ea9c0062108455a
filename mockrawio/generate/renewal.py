"""Spike trains as renewal processes, drawn in blocks of time.

- A train is drawn in blocks of :data:`BLOCK` frames, each from a child of the seed of its own: any second of a day
  costs its own block, and a train does not depend on how long its segment is.
- It is exact: times are whole numbers of steps, eighths of a frame, from the first draw to the last sum. No interval
  is below the refractory period, by any rounding, that across the border of two blocks included: each block begins with
  a refractory period, 3 ms in half a minute.
- A train need not be as dense everywhere: its intervals are then those of a clock that runs faster and slower
  (:class:`Tempo`), in whole numbers too.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Array, Floats, Ints
from .layers import Setting

BLOCK = 1 << 20  # frames
STEPS = 8  # of a frame
# By how many frames a spike comes after its frame, for each of the steps around it: evenly spread.
JITTER = tuple((2 * step + 1 - STEPS) / (2 * STEPS) for step in range(STEPS))
END = BLOCK * STEPS  # of a block, in steps
ONE = 1 << 20  # by how much a tempo of 1 is ahead after a step
_LONGEST = 2.0**48  # steps: a spike that is waited for longer comes after ten years


class Spikes(NamedTuple):
    """Some spikes of a segment, ascending, each array (n,)."""

    frames: Ints  # the nearest sample of each
    phases: npt.NDArray[np.uint8]  # in which of the steps around that sample it is: an index of :data:`JITTER`

    @classmethod
    def at(cls, steps: Ints, block: int) -> Spikes:
        """Return spikes that come so many steps after the beginning of a block."""
        return cls(block * BLOCK + steps // STEPS, (steps % STEPS).astype(np.uint8))


class Waits(NamedTuple):
    """Waits of a mean of 1, each in 65536 equally likely ones, float64, ascending."""

    later: Floats  # from a spike to the next one
    first: Floats  # from any moment to the next spike


class Meter(Protocol):
    """A clock that measures how long spikes are waited for."""

    length: float  # of a block, as it measures time

    def steps(self, waits: Ints, busy: Ints) -> Ints:
        """Return when spikes are, in steps of a block, int64 (n,), ascending; those after its end may be left out.

        Parameters
        ----------
        waits : ndarray of int64, shape (n,)
            How long each is waited for, as it measures time.
        busy : ndarray of int64, shape (n,)
            For how many steps before each waiting does not begin: after the one before, or after the block's beginning.
        """


class Even:
    """A clock that measures steps."""

    length: float = END

    def steps(self, waits: Ints, busy: Ints) -> Ints:
        """Return when spikes are."""
        steps: Ints = np.cumsum(waits + busy)
        return steps


EVEN = Even()


class Tempo:
    """A clock that runs faster and slower in a block; after the block it measures steps.

    Parameters
    ----------
    ahead : ndarray of int64, shape (n,)
        By how much it is ahead after a step in each of n parts of the block; one that measures steps by :data:`ONE`.
    """

    def __init__(self, ahead: Ints) -> None:
        self._width = END // len(ahead)
        self._ahead = np.append(ahead, ONE).data  # its numbers are found sooner than those of an array
        before = np.zeros(len(ahead) + 1, np.int64)  # each part, how far the clock is
        np.cumsum(ahead, out=before[1:])
        self._before = (before * self._width).data
        self.length = self._before[-1] / ONE

    def steps(self, waits: Ints, busy: Ints) -> Ints:
        """Return when spikes are; none after the first that comes after the block."""
        ahead, before, width = self._ahead, self._before, self._width
        at, steps = 0, []
        for wait, pause in zip(waits.tolist(), busy.tolist(), strict=True):
            at += pause
            part = min(at // width, len(ahead) - 1)
            reading = before[part] + (at - part * width) * ahead[part] + wait * ONE
            part = bisect_right(before, reading, part) - 1
            at = part * width + (reading - before[part]) // ahead[part]
            steps.append(at)
            if at >= END:
                break
        return np.array(steps, np.int64)


def renewed(
    bits: np.random.SFC64, intervals: Waits, mean: float, busy: Callable[[int], Ints], clock: Meter = EVEN
) -> Ints:
    """Return the spikes of a block of a train, int64 (n,), in steps after the block's beginning, ascending.

    Parameters
    ----------
    bits : SFC64
    intervals : Waits
    mean : float
        The mean time that a spike is waited for, in steps.
    busy : callable
        Returns for how many steps after the block's beginning, and after each of the first spikes but the last, nobody
        waits for the next one; the same ones again if it is asked for more.
    clock : Meter, optional
        What the waiting is measured with; steps by default.
    """
    words, n = np.empty(0, np.uint16), int(clock.length / (mean + float(busy(1)[0]))) + 8
    while True:  # each turn goes on where the last one stopped
        words = np.concatenate([words, _words(bits, n)])
        waits = intervals.later[words]
        waits[0] = intervals.first[words[0]]
        steps = clock.steps(np.rint(np.minimum(waits * mean, _LONGEST)).astype(np.int64), busy(len(words)))
        if steps[-1] >= END:
            return steps[: np.searchsorted(steps, END)]
        n = len(words) // 8 + 8


class Renewal(NamedTuple):
    """A Poisson process with a dead time."""

    rate_hz: float  # spikes a second, the dead time included
    refractory_s: Fraction  # least time between two spikes

    def block(self, setting: Setting, name: str, index: int, seg_index: int, block: int) -> Spikes:
        """Return the spikes of a block of a train, which is known by its layer's name and its number."""
        dead = in_steps(setting, self.refractory_s)
        mean = max(0.0, float(setting.sampling_rate) * STEPS / self.rate_hz - dead)
        bits = setting.bits(name, index, seg_index, block)
        return Spikes.at(renewed(bits, exponential(), mean, lambda n: np.full(n, dead)), block)


def in_steps(setting: Setting, seconds: Fraction) -> int:
    """Return the least whole number of steps that is not shorter."""
    return math.ceil(seconds * setting.sampling_rate * STEPS)


def _words(bits: np.random.SFC64, n: int) -> npt.NDArray[np.uint16]:
    """Return `n` uint16 and more; `n` is rounded up to a multiple of 4, so that no bits are left over."""
    words: Array = bits.random_raw(-(-n // 4))
    return words.astype("<u8", copy=False).view("<u2")


@lru_cache(maxsize=1)
def exponential() -> Waits:
    """Return the standard exponential distribution; what is waited for comes no sooner when it was waited for before.

    The quantiles at (i + 1/2) / 65536, up to 11.78, rounded to 1e-9, so that the last bit of a machine's ``log`` does
    not matter, and scaled so that their mean is 1.
    """
    table: Floats = np.round([-math.log1p(-(i + 0.5) / 65536) for i in range(65536)], 9)
    table /= math.fsum(table.tolist()) / 65536
    table.flags.writeable = False
    return Waits(table, table)
