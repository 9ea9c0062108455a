"""A random walk that stays near home, any second of which can be found alone."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from math import sqrt

import numpy as np

from ....ground.arrays import Floats, Ints
from ....ground.checks import require
from ....ground.shown import Argument
from ...draws import Draws
from ...layers import Setting
from ..form import real
from .part import Moments, Move

_TOGETHER = 64  # knots that are drawn from one child of the seed


@dataclass(frozen=True)
class RandomWalk(Move):
    """Smooth random motion, with a spectrum that falls with the square of the frequency, like a random walk.

    It is a sum of octaves, each interpolated between random positions, and starts at home.

    Attributes
    ----------
    um : float
        Largest displacement; the standard deviation is about a fifth of it.
    slowest_s, fastest_s : float
        Step of the slowest octave, and lower limit of that of the fastest, in seconds.
    """

    um: float = real(20.0, 0.0, 1e4)
    _: KW_ONLY
    slowest_s: float = real(300.0, 0.01, 1e7)
    fastest_s: float = real(2.0, 0.01, 1e7)

    def __post_init__(self) -> None:
        """Check all fields."""
        super().__post_init__()
        name = Argument("fastest_s", of="RandomWalk")
        require(self.fastest_s <= self.slowest_s, name, f"at most slowest_s, {self.slowest_s:g}", self.fastest_s)

    @property
    def span_um(self) -> tuple[float, float]:
        """How far from home it goes."""
        return -self.um, self.um

    def displacement(self, setting: Setting, name: str, moments: Moments, depths_um: Floats) -> Floats:
        """Return by how much cells are moved, µm."""
        periods = self._periods()
        whole = sum(sqrt(period) for period in periods)
        moved = 0 * depths_um + np.zeros_like(moments.since_start)
        for octave, period in enumerate(periods):
            place = np.maximum(moments.since_start, 0.0) / period
            knots = np.floor(place)
            share = place - knots
            share = share * share * (3 - 2 * share)
            here, there = (_drawn(setting, name, octave, knots.astype(np.int64) + k) for k in (0, 1))
            moved += (self.um * sqrt(period) / whole) * (here * (1 - share) + there * share)
        return np.clip(moved, -self.um, self.um)  # which rounding might leave

    def _periods(self) -> list[float]:
        periods = [self.slowest_s]
        while periods[-1] / 2 >= self.fastest_s:
            periods.append(periods[-1] / 2)
        return periods


def _drawn(setting: Setting, name: str, octave: int, knots: Ints) -> Floats:
    """Return the places of an octave's knots, from -1 to 1; the first is at home."""
    groups, where = np.unique(knots // _TOGETHER, return_inverse=True)
    drawn = [Draws.of(setting.bits(name, octave, group)).uniform(_TOGETHER) for group in groups.tolist()]
    places = np.reshape(drawn, (-1, _TOGETHER))[where.reshape(knots.shape), knots % _TOGETHER]
    return np.where(knots == 0, 0.0, 2 * places - 1)
