"""How fast a cell fires, and the clock that its spikes come by."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ....ground.arrays import Floats, Ints
from ...layers import Setting
from ...renewal import END, ONE, STEPS, Tempo
from .bursts import Bursting
from .synchrony import CommonSpikes

_BUSIEST = 0.8  # the part of its time that a cell is busy with its own spikes, at most


class Pace(NamedTuple):
    """How fast a cell fires as long as nothing changes its rate; times are steps.

    Its own spikes are the first ones, which are waited for, and those that follow in their bursts.
    """

    dead: int  # between any two spikes, at least
    busy: float  # after a first spike until the next one is waited for, on the mean
    mean: float  # for how long it is waited for, on the mean
    own_hz: float  # own spikes a second that no common one is too near to
    common_hz: float  # common spikes a second
    share: float  # the same as a part of those of its group

    @classmethod
    def of(
        cls, setting: Setting, rate_hz: float, dead: int, bursting: Bursting | None, common: CommonSpikes | None
    ) -> Pace:
        """Return that of a cell with a mean rate, or with the highest that leaves it some time of its own."""
        a_s = float(setting.sampling_rate) * STEPS
        share = common.share(rate_hz) if common else 0.0
        common_hz = common.rate_hz * share if common else 0.0
        alone = 1 - 2 * dead * common_hz / a_s  # the part of all times that are near none of these
        more, busy = (bursting.more, dead + bursting.busy) if bursting else (0.0, float(dead))
        first_hz = (rate_hz - common_hz) / alone / (1 + more)
        if busy:
            first_hz = min(first_hz, _BUSIEST * a_s / busy)
        return cls(dead, busy, a_s / first_hz - busy, first_hz * (1 + more) * alone, common_hz, share)

    def rates_hz(self, gain: Floats) -> Floats:
        """Return the rates of all spikes with gains, float64 (n,), Hz."""
        rates: Floats = self._within(gain) * self.own_hz + self.common_hz
        return rates

    def tempo(self, gain: Floats) -> Tempo:
        """Return the clock by which first spikes are waited for, in a block with gains, float64 (n,).

        If the rate of first spikes is to be r at a time, and the cell is busy for d after each, it is busy then with a
        probability of the integral of r over the last d. So its spikes must be 1 over 1 less that as frequent while it
        is not. The integral is over as many parts of the block as are nearest to d, each part's the mean in it.
        """
        gain, load = self._within(gain), self._load
        n = max(1, round(self.busy * len(gain) / END))
        sums = np.zeros(len(gain) + n + 2, np.int64)
        parts = sums[n + 2 :]
        parts[:] = _whole(gain)
        sums[1 : n + 2] = parts[0]
        np.cumsum(sums, out=sums)
        before = sums[n + 1 :] - sums[1:-n]  # the first one is that of the part before the block
        left = (before[1:] + before[:-1]) * (load / (-2 * n * ONE))
        left += 1
        np.divide(gain, left, out=left)
        left *= 1 - load
        return Tempo(_whole(left))

    @property
    def _load(self) -> float:
        """The part of its time that it is busy with its own spikes."""
        return self.busy / (self.mean + self.busy)

    def _within(self, gain: Floats) -> Floats:
        """Return gains that leave it some time."""
        return np.minimum(gain, _BUSIEST / self._load) if self.busy else gain


def _whole(gain: Floats) -> Ints:
    """Return gains as whole parts of :data:`ONE`."""
    scaled = gain * ONE
    return np.rint(scaled, out=scaled).astype(np.int64)
