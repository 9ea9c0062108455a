"""Whole numbers made of raw bits: even ones of 8 bits, and near-normal ones of 9."""

from __future__ import annotations

from math import sqrt

import numpy as np
import numpy.typing as npt

from ...ground.arrays import Array

# A near-normal value of 16 bits: three fields of 7, 5 and 4 bits, scaled to nearly the same
# range by where they are put, and added. Masks, and by how much further to shift for each.
_FIRST_FIELD, _MORE_FIELDS = 0x007F, ((0x007C, 5), (0x0078, 4))
_FIELDS = ((128, 1), (32, 4), (16, 8))  # how many equal steps, and how large
SUM_MEAN2 = 127 + 124 + 120  # twice the mean of the sum, which is also its largest value
SUM_SD = sqrt(sum((n * n - 1) * size * size for n, size in _FIELDS) / 12)


def even_bytes(bits: np.random.SFC64, n: int, width: int) -> npt.NDArray[np.uint8]:
    """Return (n, width) even draws from 0 to 255."""
    return _words(bits, -(-n * width // 8)).view(np.uint8)[: n * width].reshape(n, width)


def near_normal(bits: np.random.SFC64, n: int) -> npt.NDArray[np.int16]:
    """Return `n` (a multiple of 4) near-normal whole numbers from 0 to 371, mean 185.5.

    Four lanes of 16 bits are worked on in each word of 64: no field's bits leave their lane.
    """
    words = _words(bits, n // 4)
    sums = words & _lanes(_FIRST_FIELD)
    field = np.empty_like(words)
    for mask, shift in _MORE_FIELDS:
        np.right_shift(words, np.uint64(shift), out=words)
        np.bitwise_and(words, _lanes(mask), out=field)
        sums += field
    return sums.view("<i2")


def _words(bits: np.random.SFC64, n: int) -> npt.NDArray[np.uint64]:
    """Return `n` words of 64 bits, the low byte first in memory."""
    words: Array = bits.random_raw(n)
    return words.astype("<u8", copy=False)


def _lanes(mask: int) -> np.uint64:
    """Return a mask of 16 bits in each lane of a word."""
    return np.uint64(mask * 0x0001_0001_0001_0001)
