"""Whole numbers of a normal distribution, with its tails, and what rounding does to one.

A number is looked up by 16 bits in a table of quantiles, the middles of 65536 equally likely steps. One that falls in
the outermost 256 steps is drawn again from a table of that tail alone, and again there: the last steps are 2**-32
wide, and the last of all lies at 6.3 standard deviations.
"""

from __future__ import annotations

from math import erfc, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from ....ground.arrays import Array
from ...draws import normal_table
from ...layers import Setting

_OUTER = 256  # of 65536 steps, half at each end: those that the next table has instead
_TABLES = 3


class Normals:
    """Draws whole numbers of a normal distribution.

    `sd` is their standard deviation, exact, and `most` the largest in size. They are of the type `dtype`, or else of
    the smallest that holds them.
    """

    def __init__(self, sd: float, dtype: type[np.generic] | None = None) -> None:
        # rolled, so that the outer steps are those of the words below 256
        steps = [np.rint(np.roll(normal_table(tail), _OUTER // 2) * sd) for tail in range(_TABLES)]
        self.most = largest(sd)
        self.sd = sqrt(_variance(steps))
        self.tables = [table.astype(dtype or whole_type(self.most)) for table in steps]

    def drawing(self, setting: Setting, name: str, *key: int) -> Drawing:
        """Return what draws them one after another, from the bits of a layer of that name."""
        return Drawing(self.tables, setting.bits(name, *key), setting.bits(name, *key, 1))


class Drawing:
    """Draws whole numbers one after another; how many are asked at once, by fours, changes none."""

    def __init__(self, tables: list[Array], bits: np.random.SFC64, more: np.random.SFC64) -> None:
        self._tables, self._bits, self._more = tables, bits, more

    def __call__(self, n: int) -> Array:
        """Return the next `n`."""
        words = _words16(self._bits, -(-n // 4))[:n]
        # "wrap" is the fastest way to look up what cannot be beyond the table
        values: Array = np.take(self._tables[0], words, mode="wrap")
        outer = np.flatnonzero(words < _OUTER)
        values[outer] = self._tail(len(outer))
        return values

    def _tail(self, n: int) -> Array:
        """Return `n` of the tail; each takes a word of 64 bits, so that none depends on how many there are."""
        words = _words16(self._more, n).reshape(n, 4)
        values: Array = self._tables[1][words[:, 0]]
        outer = np.flatnonzero(words[:, 0] < _OUTER)
        values[outer] = self._tables[2][words[outer, 1]]
        return values


def largest(sd: float) -> int:
    """Return the largest number, in size, that :class:`Normals` of a standard deviation draw."""
    return int(np.rint(normal_table(_TABLES - 1)[-1] * sd))


def whole_type(most: int) -> type[np.signedinteger[Any]]:
    """Return int16 if it holds whole numbers up to `most` in size, else int32."""
    return np.int16 if most < 1 << 15 else np.int32


def after_rounding(sd: float) -> float:
    """Return the standard deviation of a normal distribution of `sd` once it is rounded to whole numbers."""
    if sd >= 1:
        return sqrt(sd * sd + 1 / 12)  # Sheppard's correction, here good to 1e-8
    root = sd * sqrt(2)
    # the mean square is the sum of 2 k - 1 times how often a number is k or more in size
    return sqrt(sum((2 * k - 1) * erfc((k - 0.5) / root) for k in range(1, 9))) if sd else 0.0


def before_rounding(sd: float) -> float:
    """Return the standard deviation that is `sd` once rounded to whole numbers; rounded to 1e-9."""
    low, high = 0.0, 1.0
    if sd >= after_rounding(high):
        return round(sqrt(sd * sd - 1 / 12), 9)
    for _ in range(48):
        middle = (low + high) / 2
        low, high = (middle, high) if after_rounding(middle) < sd else (low, middle)
    return round(low, 9)


def _variance(steps: list[Array]) -> float:
    """Return the mean square of what tables give, of which each has the outer steps of the one before."""
    *inner, last = steps
    variance = float(np.mean(last**2))  # sums of whole numbers: exact
    for table in reversed(inner):
        variance = (float(np.sum(table[_OUTER:] ** 2)) + _OUTER * variance) / len(table)
    return variance


def _words16(bits: np.random.SFC64, n: int) -> npt.NDArray[np.uint16]:
    """Return 4 `n` words of 16 bits, four from each 64 bits, the low ones first."""
    words: Array = bits.random_raw(n)
    return words.astype("<u8", copy=False).view("<u2")
