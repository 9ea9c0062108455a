"""Numbers from 0 to 1 that are spread evenly over the units, however many there are."""

from __future__ import annotations

from math import isqrt

from ...layers import Setting

# The digits after the point of four roots that no fractions bind to one another: those of 5, 2, 3 and 7.
_STEPS = tuple(isqrt(root << 128) % (1 << 64) for root in (5, 2, 3, 7))


class Spread:
    """A point for each unit, in as many dimensions as it has properties to be spread.

    The k-th point is k irrational steps from a drawn one, round and round: the first n of them have no gaps and no
    heaps, for any n, so that few units have the shares, rates and sizes that are asked for, and more units leave those
    of the first as they were.
    """

    def __init__(self, setting: Setting) -> None:
        self._starts = [int(word) for word in setting.bits("units.spread").random_raw(len(_STEPS))]

    def point(self, index: int) -> list[float]:
        """Return the point of a unit, each coordinate in [0, 1), a multiple of 2**-53."""
        both = zip(self._starts, _STEPS, strict=True)
        return [((start + index * step) % (1 << 64) >> 11) * 2.0**-53 for start, step in both]
