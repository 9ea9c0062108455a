"""Counts: how many µV one is, and µV as whole numbers of it."""

from __future__ import annotations

from math import frexp, ldexp

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Floats


def fitting_gain(most: float) -> float:
    """Return the smallest power of two, in µV per count, at which `most` µV fit int16.

    A power of two, so that counts times gain is exact.
    """
    return ldexp(1.0, frexp(most / 32767)[1])


def counts(block: Floats, gain: float) -> npt.NDArray[np.int16]:
    """Return µV as int16 counts, to the nearest one that there is; `block` is overwritten."""
    np.divide(block, gain, out=block)
    np.rint(block, out=block)
    return np.clip(block, -32768, 32767, out=block).astype("<i2")
