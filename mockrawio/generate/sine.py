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
        sine, gain, as_counts = self._sine(channel), self.gain_uV, encoding == "int16"
        if self._part.noise_uV == 0:
            table = counts(sine, gain) if as_counts else sine
            for stamp, _, n in _pieces(self._plan):
                phase = (stamp - self._plan.start_ms) % PERIOD
                yield table[phase : phase + n]
            return
        noise = self._noise(channel)
        block: Floats = np.empty(0)
        for stamp, index, n in _pieces(self._plan):
            if index % BLOCK == 0:
                block = next(noise)
            phase, begin = (stamp - self._plan.start_ms) % PERIOD, index % BLOCK
            samples = block[begin : begin + n]
            samples += sine[phase : phase + n]
            yield counts(samples, gain) if as_counts else samples

    def _sine(self, channel: int) -> Floats:
        """Return a block of the channel's sine and a period more, so that it can begin anywhere.

        Channel 1 begins at 0 and rises, every other one at a phase of its own. Rounded to
        1e-9 µV, so that the last bit of a machine's sine does not matter.
        """
        turn = 0.0 if channel == 1 else Draws(self._plan.seed, Kind.LFP_PHASE, channel).real(0.0, 1.0)
        period = np.round([self._part.uV * sin(2 * pi * (k / PERIOD + turn)) for k in range(PERIOD)], 9)
        return np.tile(period, BLOCK // PERIOD + 2)[: BLOCK + PERIOD]

    def _noise(self, channel: int) -> Iterator[Floats]:
        """Yield blocks of 1/f noise: a sum of even draws, each octave's held twice as long as the last's.

        An octave adds the same power to every octave of frequency below its own, which is what
        1/f is; and the sum has a largest value, which int16 needs.
        """
        half = self._part.noise_uV * sqrt(3 / (LEVELS + 1))
        levels = [Draws(self._plan.seed, Kind.LFP_NOISE, channel, level) for level in range(LEVELS + 1)]
        while True:
            noise: Floats = np.zeros(1)
            for level, draws in enumerate(levels):
                noise = np.repeat(noise, 2) if level else noise
                noise += draws.uniform(noise.size) * (2 * half) - half
            yield noise


def _pieces(plan: Plan) -> Iterator[tuple[int, int, int]]:
    """Yield (stamp, index, number) of runs of samples that cross neither a gap nor a block."""
    index = 0
    for segment in plan.segments:
        stamp, end = segment.start_ms, segment.start_ms + segment.n_ms
        while stamp < end:
            n = min(end - stamp, BLOCK - index % BLOCK)
            yield stamp, index, n
            stamp, index = stamp + n, index + n
