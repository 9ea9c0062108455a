"""Gains as SpikeGLX has them: a voltage range, a largest count, and how much a channel amplifies, as a whole number."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...ground.arrays import Floats, Ints
from ..recorded import MICROVOLTS
from .probe import ProbePart

VOLTS = {units: 1e-6 * scale for units, scale in MICROVOLTS.items()}
OFFERED = (500, 250, 1000, 50, 125, 1500, 2000, 3000)  # what Neuropixels 1.0 can be set to, the usual one first
USUAL_V = 0.6  # its range


class Range(NamedTuple):
    """A range, and what each channel amplifies."""

    volts: float
    amplified: Ints


def fixed(volts: float, part: ProbePart) -> float:
    """Return the range (V) at which a probe of one gain has counts of so many volts."""
    return volts * part.max_int * (part.gain or 1)


def solved(volts: Floats, part: ProbePart) -> Range:
    """Return a range and whole numbers that give each channel's gain (V), to 1e-7.

    They are what the probe can be set to where there is a range for that, else small, else large numbers.
    """
    usual, first = USUAL_V / part.max_int, float(volts[0])
    for scale in (usual, *(one * first for one in (*OFFERED, *range(1, 3001)))):
        whole = np.rint(scale / volts)
        offered = scale != usual or np.isin(whole, OFFERED).all()
        if offered and np.all(whole > 0) and np.allclose(whole * volts, scale, rtol=1e-9, atol=0):
            return Range(scale * part.max_int, whole.astype(np.int64))
    scale = 1e7 * float(volts.max())
    return Range(scale * part.max_int, np.rint(scale / volts).astype(np.int64))
