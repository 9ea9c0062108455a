"""1/f-coloured noise: lines between knots, a sum of octaves, 1/f from 1 to 500 Hz.

A chunk meets the next one without a step, since it knows the knots that the next one begins with.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from .bits import even_bytes
from .part import CHUNK, KNOT, STEP, Chunk, Claim, Int16s, Make, Mixture, Noise, NoisePart, limited

OCTAVES = (CHUNK // KNOT).bit_length()  # a knot each 1, 2, 4, ... 512 ms, so 1/f from 1 to 500 Hz
_OCTET_MEAN = 127.5

Floats32 = npt.NDArray[np.float32]


def _pink_sd() -> float:
    """Return the standard deviation of all octaves' knots, joined by straight lines.

    Over a line of m steps between independent knots, the mean variance is that of a knot
    times (2 + 1/m**2) / 3.
    """
    lengths = [KNOT // STEP << octave for octave in range(OCTAVES)]
    return sqrt(sum((256**2 - 1) / 12 * (2 + 1 / m**2) / 3 for m in lengths))


PINK_SD = _pink_sd()


@dataclass(frozen=True, kw_only=True)
class Pink(NoisePart):
    """1/f-coloured noise: `share` of the variance of a channel's own."""

    name = "pink"
    peak = OCTAVES * _OCTET_MEAN / PINK_SD

    share: float = limited(0.3, 0.0, 1.0)

    def claim(self) -> Claim:
        """Return how much it has."""
        return Claim(own=self.share)

    def at(self, mixture: Mixture) -> PinkNoise:
        """Return the part at its level in a session."""
        return PinkNoise((mixture.own * sqrt(self.share) / PINK_SD).astype(np.float32), mixture.gain)


class PinkNoise(Noise):
    """1/f-coloured noise of a session: factors in counts, float32 (n_channels,), and µV a count."""

    def __init__(self, factors: Floats32, gain: float) -> None:
        self.factors = factors
        self.sd_uV = factors.astype(np.float64) * (PINK_SD * gain)
        self._steps = np.arange(0, KNOT, STEP, dtype="<i2")[:, None]

    def begin(self, chunk: Chunk) -> Make:
        """Draw the knots of the whole chunk."""
        knots = self._knots(chunk.bits, self._firsts(chunk.following))

        def make(begin: int, end: int) -> Int16s:
            lines: Int16s = np.diff(knots[begin : end + 1], axis=0)[:, None] * self._steps
            lines += (knots[begin:end] * np.int16(KNOT))[:, None]
            return lines

        return make

    def _firsts(self, bits: np.random.SFC64) -> npt.NDArray[np.uint8]:
        """Return what every octave of a chunk begins with, (octaves, n_channels)."""
        return even_bytes(bits, OCTAVES, self.factors.size)

    def _knots(self, bits: np.random.SFC64, nexts: npt.NDArray[np.uint8]) -> Int16s:
        """Return the sum of all octaves at the finest knots, (513, n_channels) counts.

        From the coarsest octave down, what there is so far is halved and the next octave's own
        knots are added. Halves of halves of whole numbers, they are exact in float32.
        """
        firsts = self._firsts(bits)
        sums: Floats32 = np.zeros((2, self.factors.size), np.float32)
        for octave in reversed(range(OCTAVES)):
            sums = _halved(sums) if octave < OCTAVES - 1 else sums
            sums[0] += firsts[octave]
            sums[1:-1] += even_bytes(bits, len(sums) - 2, self.factors.size)
            sums[-1] += nexts[octave]
        sums -= np.float32(_OCTET_MEAN * OCTAVES)
        sums *= self.factors
        return np.rint(sums, out=sums).astype("<i2")


def _halved(knots: Floats32) -> Floats32:
    """Return knots with the middle between any two put in."""
    finer = np.empty((2 * len(knots) - 1, knots.shape[1]), np.float32)
    finer[::2] = knots
    middles = np.add(knots[:-1], knots[1:], out=finer[1::2])
    middles *= np.float32(0.5)
    return finer
