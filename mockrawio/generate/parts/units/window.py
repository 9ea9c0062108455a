"""The samples that a spike has at a sampling rate: a fixed time around its main peak."""

from __future__ import annotations

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

    @property
    def times(self) -> Floats:
        """Where the samples lie, in ms after the spike's own, float64 (n,)."""
        return (np.arange(self.n, dtype=np.float64) - self.before) * self.step_ms

    def fade(self, spikes: Floats, late: Floats) -> None:
        """Let spikes, (n, m), of which each is so many ms `late`, (m,), come in sight and go, in place.

        They are nothing beyond the window, and whole in its middle.
        """
        times = self.times
        begin, end = times[0], times[-1]
        opened = begin + _OPENING_MS + late.max(initial=-np.inf)
        closing = end - _CLOSING_MS + late.min(initial=np.inf)
        first, last = np.searchsorted(times, [opened, closing]).tolist()
        _fade(spikes[:first], times[:first, None] - (late + begin), _OPENING_MS)
        _fade(spikes[last:], (late + end) - times[last:, None], _CLOSING_MS)


def _fade(spikes: Floats, inside_ms: Floats, whole_ms: float) -> None:
    """Make spikes, in place, as large as they are so many ms inside the window: whole from `whole_ms` on."""
    share = np.clip(inside_ms / whole_ms, 0.0, 1.0)
    spikes *= share * share * (3 - 2 * share)
