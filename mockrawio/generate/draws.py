"""Random draws that give the same numbers for the same seed on any machine, now and later.

- The bits are PCG64's, seeded by a :class:`numpy.random.SeedSequence`: NumPy promises that
  these never change. It makes no such promise for ``Generator.normal`` and its like, which
  also go through the machine's ``log`` and ``exp``; so what is drawn here is made of the
  bits by exact or correctly rounded arithmetic alone.
- Every file has its own generator, told apart by a spawn key of kind and index. Adding a
  unit, or writing files in another order, changes no other file.
"""

from __future__ import annotations

import secrets
from enum import IntEnum
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Array, Floats, Ints


class Kind(IntEnum):
    """What a generator is for: the first number of its spawn key. Never renumber."""

    START = 0
    LENGTH = 1
    UNIT_COUNT = 2
    EVENT_COUNT = 3
    PLACE = 4
    TRAIN = 5
    SHAPE = 6
    WAVEFORM = 7
    LFP_PHASE = 8
    LFP_NOISE = 9
    STIMULUS = 10
    DAQ = 11
    WATCHLOG = 12
    LABELS = 13
    DEMO = 14
    NOISE_LEVEL = 15
    NOISE = 16
    JITTER = 17
    AMPLITUDE = 18
    LOCATION = 19


class Draws:
    """One stream of random numbers of a session's seed; `index` is which unit, channel or level of a kind it is for."""

    def __init__(self, seed: int, kind: Kind, *index: int) -> None:
        key = (int(kind), *index)
        self._bits: Any = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key))

    @classmethod
    def of(cls, bits: np.random.BitGenerator) -> Draws:
        """Return the draws that bits of one's own make."""
        made = cls.__new__(cls)
        made._bits = bits
        return made

    def skipping(self, n: int) -> Draws:
        """Return them less the first `n` words of 64 bits, at no cost; not those of bits of one's own."""
        self._bits.advance(n)
        return self

    def uniform(self, n: int) -> Floats:
        """Return `n` float64 in [0, 1), multiples of 2**-53."""
        words: Array = self._bits.random_raw(n)
        return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def integers(self, low: int, high: int, n: int) -> Ints:
        """Return `n` int64 from `low` to `high`, both included; the range is below 2**53."""
        size = high - low + 1
        steps = (self.uniform(n) * size).astype(np.int64)
        return np.minimum(steps, size - 1) + low  # the product may round up to the size

    def integer(self, low: int, high: int) -> int:
        """Return one int from `low` to `high`, both included."""
        return int(self.integers(low, high, 1)[0])

    def real(self, low: float, high: float) -> float:
        """Return one float from `low` up to `high`."""
        return low + (high - low) * float(self.uniform(1)[0])

    def words16(self, n: int) -> npt.NDArray[np.uint16]:
        """Return `n` uint16, four from each 64 bits, the low ones first."""
        words: Array = self._bits.random_raw(-(-n // 4))
        return words.astype("<u8", copy=False).view("<u2")[:n]

    def normals(self, n: int) -> Floats:
        """Return `n` draws from the standard normal distribution, as :func:`normal_table` has it."""
        return normal_table()[self.words16(n)]


@lru_cache(maxsize=4)
def normal_table(tail: int = 0) -> Floats:
    """Return the standard normal distribution in 65536 equally likely steps, float64, read-only.

    The quantiles at (i + 1/2) / 65536, from -4.17 to 4.17, rounded to 1e-9, so that the last bit of a machine's
    ``log`` does not matter. `tail` leaves all but the outermost 256**-tail of the distribution out, half at each end.
    """
    inverse, share = NormalDist().inv_cdf, 256.0**-tail
    lower: Floats = np.round([inverse((i + 0.5) / 65536 * share) for i in range(32768)], 9)
    table: Floats = np.concatenate([lower, -lower[::-1]])
    table.flags.writeable = False
    return table


def fresh_seed() -> int:
    """Return a new seed, small enough to be exact in any JSON reader."""
    return secrets.randbits(53)
