"""The LFP as Epiphyte's generator has it: an 8 Hz sine on every channel, and 1/f noise where it is asked for.

Eight periods a second at 1 kHz are one in 125 samples, so a table of one period, laid end
to end, is the sine at every sample, without growing rounding errors and at the cost
of a copy. The phase follows the clock: a gap does not stop the wave.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import pi, sin, sqrt

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Floats
from .draws import Draws, Kind
from .gain import counts, fitting_gain
from .lfp import Lfp
from .parts.field import Sine
from .plan import Plan

PERIOD = 125  # samples of 1 kHz in a period of 8 Hz
LEVELS = 16  # octaves of the noise: a value is held for 1, 2, 4, ... 65536 samples
BLOCK = 1 << LEVELS


class SineLfp(Lfp):
    """The LFP of a session whose field is a :class:`Sine`; its gain is such that no sample can clip."""

    def __init__(self, plan: Plan, sine: Sine) -> None:
        self._plan, self._part = plan, sine
        self.gain_uV = fitting_gain(sine.uV + sine.noise_uV * sqrt(3 * (LEVELS + 1)))

    def samples(self, channel: int, encoding: str) -> Iterator[Floats | npt.NDArray[np.int16]]:
        """Yield the samples of a channel (from 1) in blocks: µV as "float64", or counts as "int16"."""
        return self.part(channel, encoding, 0, self._plan.recorded_ms)

    def part(self, channel: int, encoding: str, start: int, stop: int) -> Iterator[Floats | npt.NDArray[np.int16]]:
        """Yield those from `start` to `stop` (not included), counted through all segments."""
        sine, gain = self._sine(channel, min(BLOCK, stop - start)), self.gain_uV
        as_counts, noisy, block = encoding == "int16", self._part.noise_uV > 0, -1
        table = counts(sine, gain) if as_counts and not noisy else sine
        for stamp, index, n in _pieces(self._plan, start, stop):
            phase = (stamp - self._plan.start_ms) % PERIOD
            samples = table[phase : phase + n]
            if noisy:
                if index // BLOCK != block:
                    block = index // BLOCK
                    noise = self._noise(channel, block)
                samples = samples + noise[index % BLOCK :][:n]
                samples = counts(samples, gain) if as_counts else samples
            yield samples

    def _sine(self, channel: int, n: int) -> Floats:
        """Return `n` samples of the channel's sine and a period more, so that it can begin anywhere.

        Channel 1 begins at 0 and rises, every other one at a phase of its own. Rounded to
        1e-9 µV, so that the last bit of a machine's sine does not matter.
        """
        turn = 0.0 if channel == 1 else Draws(self._plan.seed, Kind.LFP_PHASE, channel).real(0.0, 1.0)
        period = np.round([self._part.uV * sin(2 * pi * (k / PERIOD + turn)) for k in range(PERIOD)], 9)
        return np.tile(period, n // PERIOD + 2)[: n + PERIOD]

    def _noise(self, channel: int, block: int) -> Floats:
        """Return a block of 1/f noise: a sum of even draws, each octave's held twice as long as the last's.

        An octave adds the same power to every octave of frequency below its own, which is what
        1/f is; and the sum has a largest value, which int16 needs.
        """
        half = self._part.noise_uV * sqrt(3 / (LEVELS + 1))
        noise: Floats = np.zeros(1)
        for level in range(LEVELS + 1):
            draws = Draws(self._plan.seed, Kind.LFP_NOISE, channel, level).skipping(block << level)
            noise = np.repeat(noise, 2) if level else noise
            noise += draws.uniform(noise.size) * (2 * half) - half
        return noise


def _pieces(plan: Plan, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Yield (stamp, index, number) of runs of samples that cross neither a gap nor a block."""
    first = 0
    for segment in plan.segments:
        index, end = max(start, first), min(stop, first + segment.n_ms)
        while index < end:
            n = min(end - index, BLOCK - index % BLOCK)
            yield segment.start_ms + index - first, index, n
            index += n
        first += segment.n_ms
