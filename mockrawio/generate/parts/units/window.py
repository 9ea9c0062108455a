"""The samples that a spike has at a sampling rate: a fixed time around its main peak."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from typing import NamedTuple

import numpy as np

from ....ground.arrays import Floats

BEFORE_MS, AFTER_MS = Fraction(8, 10), Fraction(22, 10)
_OPENING_MS, _CLOSING_MS = 0.25, 0.9  # in which a spike comes in sight, and goes


class Window(NamedTuple):
    """The samples of a spike."""

    before: int  # its main peak stands at this one
    n: int
    step_ms: float  # from one to the next

    @classmethod
    def at(cls, sampling_rate: Fraction) -> Window:
        """Return the window of a sampling rate in Hz: 0.8 ms before the peak and 2.2 ms after it, or a sample more."""
        before, after = (ceil(ms * sampling_rate / 1000) for ms in (BEFORE_MS, AFTER_MS))
        return cls(before, before + 1 + after, float(1000 / sampling_rate))

    def times(self, late: float | Sequence[float]) -> Floats:
        """Return where the samples lie, in ms after a spike that comes `late` samples after its own.

        The array is float64 (n,), or (len(late), n) where there are several.
        """
        times: Floats = (np.arange(self.n) - self.before - np.asarray(late, np.float64)[..., None]) * self.step_ms
        return times

    def fade(self, times: Floats) -> Floats:
        """Return the factors with which a spike comes in sight and goes: 0 beyond the window, 1 in its middle."""
        # in place as far as it goes: of many spikes at once, what is new for each step is what takes time
        share, closing = times + self.before * self.step_ms, (self.n - 1 - self.before) * self.step_ms - times
        share /= _OPENING_MS
        closing /= _CLOSING_MS
        np.clip(np.minimum(share, closing, out=share), 0.0, 1.0, out=share)
        rest = np.subtract(3, np.multiply(share, 2, out=closing), out=closing)
        share *= share
        share *= rest
        return share
