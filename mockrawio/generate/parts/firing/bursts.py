"""Bursts: spikes that bring others with them, each smaller than the one before."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ....ground.arrays import Array, Floats, Ints
from ....ground.checks import require
from ....ground.shown import Argument
from ...layers import Setting
from ...renewal import STEPS
from ..form import Part, real, span, whole_span
from .some import Some

_NAME = "spikes.bursts"  # by which the children of the seed are known
_WORD = 1 << 16
_TABLE = 1 << 12  # steps of the recovery
_OVER = 8  # time constants, after which nothing is left to recover


@dataclass(frozen=True)
class Bursts(Part):
    """Bursts of a few spikes with short intervals and decreasing amplitudes.

    Mean rates do not change: first spikes of bursts are correspondingly rarer.

    Attributes
    ----------
    share : float
        The share of spikes outside bursts that start one.
    n : tuple of int
        Lowest and highest number of spikes in a burst.
    interval_ms : tuple of float
        Shortest and longest interval in a burst; none is below the refractory period.
    drop : float
        The relative decrease of amplitude by an immediately preceding spike.
    recovery_ms : float
        The time constant of recovery. It applies to all spikes of a unit that has bursts.
    of_units : float
        The share of the units that have bursts.
    """

    share: float = real(0.2, 0.0, 1.0)
    _: KW_ONLY
    n: tuple[int, int] = whole_span((2, 5), 2, 64)
    interval_ms: tuple[float, float] = span((3.0, 8.0), 0.1, 1000.0)
    drop: float = real(0.3, 0.0, 1.0)
    recovery_ms: float = real(20.0, 0.1, 1e4)
    of_units: float = real(1.0, 0.0, 1.0)

    def bursting(self, setting: Setting, dead: int) -> Bursting:
        """Return the bursts of a session, in which no two spikes are nearer than `dead` steps."""
        a_ms = float(setting.sampling_rate) * STEPS / 1000
        least, most = (math.ceil(ms * a_ms) for ms in self.interval_ms)
        expected = f"an interval above the refractory period, {dead / a_ms:g} ms, at most"
        require(dead <= most, Argument("interval_ms", of="Bursts"), expected, self.interval_ms)
        cells = Some(setting, f"{_NAME}.units", self.of_units if self.share else 0.0)
        return Bursting(self, setting, cells, (max(dead, least), most), round(self.recovery_ms * a_ms))


class Bursting(NamedTuple):
    """The bursts of a session."""

    part: Bursts
    setting: Setting
    cells: Some  # that have bursts
    span: tuple[int, int]  # steps
    recovery: int  # steps

    @property
    def more(self) -> float:
        """How many spikes follow one that does not follow itself, on the mean."""
        return self.part.share * (sum(self.part.n) / 2 - 1)

    @property
    def busy(self) -> float:
        """How many steps they take, on the mean."""
        return self.more * sum(self.span) / 2

    def gaps(self, n: int, *key: int) -> Ints:
        """Return the intervals in steps after the first `n` spikes of a block: (n, k), 0 after the last of a burst."""
        k, (fewest, most), (low, high) = self.part.n[1] - 1, self.part.n, self.span
        words: Array = self.setting.bits(_NAME, *key).random_raw(n * (k // 4 + 1)).reshape(n, k // 4 + 1)
        drawn = words.astype("<u8", copy=False).view("<u2").astype(np.int64)
        # the first number tells both whether there is a burst and how long it is
        begins = math.ceil(self.part.share * _WORD)
        length = np.where(drawn[:, 0] < begins, fewest + drawn[:, 0] * (most - fewest + 1) // max(1, begins), 1)
        gaps = low + (drawn[:, 1 : k + 1] * (high - low + 1) >> 16)
        return gaps * (np.arange(1, k + 1) < length[:, None])

    def sizes(self, steps: Ints) -> Floats:
        """Return the amplitudes of spikes as parts of what they are after a long silence, float64 (n,)."""
        table, unit = _recovery(), _OVER * self.recovery
        left = table[np.minimum(np.diff(steps) * _TABLE // unit, _TABLE)].tolist()
        keep, size, sizes = 1 - self.part.drop, 1.0, [1.0]
        for part in left:
            size = 1 - (1 - size * keep) * part
            sizes.append(size)
        return np.array(sizes[: len(steps)])


@lru_cache(maxsize=1)
def _recovery() -> Floats:
    """Return what is left to recover, after steps of eight time constants in 4096; nothing after the last."""
    left = [round(math.exp(-(i + 0.5) * _OVER / _TABLE), 9) for i in range(_TABLE)]
    return np.array([*left, 0.0])
