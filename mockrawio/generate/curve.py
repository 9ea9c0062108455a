"""A unit's waveform as a curve in time: two flanks of a Gaussian, less a later and wider one.

The numbers lie around those of Epiphyte's generator: a peak of 37 µV at sample 19, an
undershoot of -8 µV near sample 40, a standard deviation of 6 to 10 µV.
"""

from __future__ import annotations

from math import exp
from typing import NamedTuple

import numpy as np

from ..ground.arrays import Floats
from .draws import Draws, Kind
from .timing import PEAK, WAVEFORM

_UNDERSHOOT = 40  # sample


class Curve(NamedTuple):
    """A unit's waveform as a function of time in samples.

    `peak`, `height` and `depth` are µV; `rise`, `fall`, `trough` and `width` samples.
    """

    peak: float
    height: float
    depth: float
    rise: float
    fall: float
    trough: float
    width: float
    sd: float  # of the noise around it, µV

    @classmethod
    def drawn(cls, seed: int, index: int) -> Curve:
        """Draw the one of a unit, by its number."""
        draws = Draws(seed, Kind.SHAPE, index)
        peak, depth = draws.real(33.0, 41.0), draws.real(7.0, 9.0)
        rise, fall = draws.real(2.8, 4.2), draws.real(4.0, 6.0)
        trough, width = draws.real(_UNDERSHOOT - 2, _UNDERSHOOT + 2), draws.real(6.5, 9.5)
        height = peak + depth * _bell(PEAK, trough, width)  # so that the curve is `peak` there
        return cls(peak, height, depth, rise, fall, trough, width, round(draws.real(6.5, 9.5), 6))

    def at(self) -> Floats:
        """Return 64 samples in µV, to 1e-6, so that the last bit of a machine's ``exp`` does not matter."""
        samples: Floats = np.round([self.value(k) for k in range(WAVEFORM)], 6)
        return samples

    def value(self, x: float) -> float:
        """Return the curve at `x` samples, in µV."""
        bump = self.height * _bell(x, PEAK, self.rise if x < PEAK else self.fall)
        return bump - self.depth * _bell(x, self.trough, self.width)


def _bell(x: float, centre: float, width: float) -> float:
    return exp(-0.5 * ((x - centre) / width) ** 2)
