"""White noise, drawn for every sample of every channel: what the other parts leave of a channel's own noise."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from .bits import SUM_MEAN2, SUM_SD, near_normal
from .part import KNOT, Chunk, Int16s, Make, Mixture, Noise, NoisePart


@dataclass(frozen=True, kw_only=True)
class White(NoisePart):
    """White noise."""

    name = "white"
    peak = SUM_MEAN2 / 2 / SUM_SD

    def at(self, mixture: Mixture) -> WhiteNoise:
        """Return the part at its level in a session."""
        return WhiteNoise(np.rint(mixture.own * sqrt(mixture.rest) * KNOT / SUM_SD).astype("<i2"), mixture.gain)


class WhiteNoise(Noise):
    """White noise of a session: factors in 32nds of a count, int16 (n_channels,), and µV a count."""

    def __init__(self, factors: Int16s, gain: float) -> None:
        self.factors = factors
        self.sd_uV = factors.astype(np.float64) * (SUM_SD / KNOT * gain)
        self.bias = (-(SUM_MEAN2 * factors.astype(np.int64) // 2)).astype("<i2")
        self._tiled = np.tile(factors, KNOT)

    def begin(self, chunk: Chunk) -> Make:
        """Take nothing ahead."""

        def make(begin: int, end: int) -> Int16s:
            sums = near_normal(chunk.bits, (end - begin) * self._tiled.size).reshape(end - begin, -1)
            sums *= self._tiled
            return sums.reshape(end - begin, KNOT, -1)

        return make
