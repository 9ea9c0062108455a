"""Noise common to all channels: white, drawn for every fourth sample and held."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from .bits import SUM_MEAN2, SUM_SD, near_normal
from .part import CHUNK, KNOT, STEP, Chunk, Claim, Make, Mixture, Noise, NoisePart, limited


@dataclass(frozen=True, kw_only=True)
class Common(NoisePart):
    """Noise common to all channels: `share` of the mean variance."""

    name = "common"
    peak = SUM_MEAN2 / 2 / SUM_SD

    share: float = limited(0.1, 0.0, 0.5)

    def claim(self) -> Claim:
        """Return how much it has."""
        return Claim(mean=self.share)

    def at(self, mixture: Mixture) -> CommonNoise:
        """Return the part at its level in a session."""
        return CommonNoise(round(mixture.mean * sqrt(self.share) * KNOT / SUM_SD), mixture.gain)


class CommonNoise(Noise):
    """Common noise of a session: a factor in 32nds of a count, and µV a count."""

    def __init__(self, factor: int, gain: float) -> None:
        self.factor = factor
        self.sd_uV = factor * (SUM_SD / KNOT * gain)

    def begin(self, chunk: Chunk) -> Make:
        """Draw the whole chunk."""
        sums = near_normal(chunk.bits, CHUNK // STEP)
        sums *= np.int16(self.factor)
        sums -= np.int16(SUM_MEAN2 * self.factor // 2)
        held = sums.reshape(-1, KNOT // STEP, 1)
        return lambda begin, end: held[begin:end]
