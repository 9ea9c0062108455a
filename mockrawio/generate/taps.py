"""The taps that an LFP is made with of a broadband stream."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import cos, pi, sin

from ..session.lowpass import Lowpass
from .timing import LFP_RATE

_CUTOFF_HZ = 450.0  # where half of the amplitude is left; up to 200 Hz all is, from 700 Hz on a 400th
_REACH_S = Fraction(3, 1000)  # of the taps to each side
_SHIFT = 11  # so few bits that sums of int16 are exact in float32 as a rule


@lru_cache(maxsize=8)
def lfp_lowpass(sampling_rate: Fraction) -> Lowpass:
    """Return how the LFP is made of a stream of a sampling rate, in Hz: a sinc in Hamming's window, of zero phase."""
    half = int(_REACH_S * sampling_rate)
    reals = [_sinc(k / float(sampling_rate)) * (0.54 + 0.46 * cos(pi * k / (half + 1))) for k in range(half + 1)]
    total = reals[0] + 2 * sum(reals[1:])
    side, carried = [], 0.0
    for value in reversed(reals[1:]):  # what rounding leaves of one is added to the next: an error of high frequencies
        wanted = value / total * (1 << _SHIFT) + carried
        side.append(round(wanted))
        carried = wanted - side[-1]
    middle = (1 << _SHIFT) - 2 * sum(side)  # so that what is constant stays so
    frames = sampling_rate / Fraction(LFP_RATE)
    return Lowpass((*side, middle, *side[::-1]), _SHIFT, (frames.numerator, frames.denominator))


def _sinc(seconds: float) -> float:
    x = 2 * pi * _CUTOFF_HZ * seconds
    return sin(x) / x if x else 1.0
