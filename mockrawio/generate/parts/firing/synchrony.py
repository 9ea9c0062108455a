"""Synchrony: spikes that several cells have in common."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from functools import lru_cache

import numpy as np

from ....ground.arrays import Ints
from ....ground.checks import require
from ....ground.shown import Argument
from ...draws import Draws
from ...layers import Setting
from ...renewal import END, STEPS, exponential, renewed
from ..form import Part, real, whole

_NAME = "spikes.synchrony"  # by which the children of the seed are known
_MOST = 0.5  # of a cell's spikes are common ones
_KEPT = 64  # groups and blocks


@dataclass(frozen=True)
class Synchrony(Part):
    """Groups of units that sometimes fire together, with jitter.

    Elephant's single interaction process with uniform jitter and refractory periods: a unit's own spikes within the
    refractory period of a common one are removed, and as many others are drawn. All common spikes are kept, so that two
    units of a group have ``rate_hz * share**2`` pairs of them per second. Mean rates do not change.

    Attributes
    ----------
    rate_hz : float
        Rate of a group's common spikes: the coincidence rate.
    jitter_ms : float
        Largest distance of each unit's spike from it.
    share : float
        The share of them in which a unit of the group participates; less if that exceeded half of its spikes.
    group : int or None
        Number of units in a group; None for one group of all.
    """

    rate_hz: float = real(0.2, 0.0, 100.0)
    _: KW_ONLY
    jitter_ms: float = real(1.0, 0.0, 100.0)
    share: float = real(0.8, 0.0, 1.0)
    group: int | None = whole(None, 2, 100_000)

    def common(self, setting: Setting, dead: int) -> CommonSpikes:
        """Return the common spikes of a session, in which no two of a cell are nearer than `dead` steps."""
        a_s = float(setting.sampling_rate) * STEPS
        jitter = int(self.jitter_ms / 1000 * a_s)
        apart = 2 * (dead + jitter)
        expected = f"a rate that leaves half of the time free with {1000 * apart / a_s:g} ms for each"
        require(self.rate_hz * apart <= a_s / 2, Argument("rate_hz", of="Synchrony"), expected, self.rate_hz)
        return CommonSpikes(self, setting, dead, jitter)


class CommonSpikes:
    """The common spikes of a session; `rate_hz` is how many a group has a second."""

    def __init__(self, part: Synchrony, setting: Setting, dead: int, jitter: int) -> None:
        self._part, self._setting, self._dead, self._jitter = part, setting, dead, jitter
        self.rate_hz = part.rate_hz
        self._times = lru_cache(_KEPT)(self._drawn)

    def share(self, rate_hz: float) -> float:
        """Return in how many of the common spikes of its group a cell of a rate takes part."""
        most = self._part.rate_hz * self._part.share
        return self._part.share * min(1.0, _MOST * rate_hz / most) if most else 0.0

    def spikes(self, share: float, index: int, seg_index: int, block: int) -> Ints:
        """Return those of a cell in a block, in steps after its beginning, int64 (n,), ascending."""
        times = self._times(index // self._part.group if self._part.group else 0, seg_index, block)
        draws = Draws.of(self._setting.bits(_NAME, index, seg_index, block, 1))
        taken = draws.uniform(len(times)) < share
        return (times + draws.integers(-self._jitter, self._jitter, len(times)))[taken]

    def _drawn(self, group: int, seg_index: int, block: int) -> Ints:
        """Draw when a group has them: so far apart that no two spikes of a cell can be too near."""
        a_s, apart = float(self._setting.sampling_rate) * STEPS, 2 * (self._dead + self._jitter)
        bits = self._setting.bits(_NAME, group, seg_index, block)
        mean = a_s / self._part.rate_hz - apart
        times = renewed(bits, exponential(), mean, lambda n: np.full(n, apart))
        return times[times < END - self._jitter]


def without_near(own: Ints, common: Ints, dead: int) -> Ints:
    """Return one's own spikes that are `dead` steps or more from each common one; all ascending."""
    edged = np.concatenate([[-END], common, [2 * END]])
    after = np.searchsorted(edged, own)
    far: Ints = own[(edged[after] - own >= dead) & (own - edged[after - 1] >= dead)]
    return far
