"""Motion that is not the same at all depths."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import numpy as np

from ....ground.arrays import Floats
from ....ground.checks import require
from ....ground.shown import Argument
from ...layers import Setting
from ..form import Family, checked
from .curves import Between, series
from .given import Given
from .jump import Jump
from .part import Moments, Move
from .walk import RandomWalk
from .zigzag import Zigzag

_MOVES = Family("a motion that is the same at all depths", Zigzag, Jump, RandomWalk, Given)


@dataclass(frozen=True)
class ByDepth(Move):
    """Another motion times a factor that depends on depth, linear between the given depths and constant beyond them.

    Attributes
    ----------
    of : Zigzag, Jump, RandomWalk or Given
        The motion where the factor is 1.
    depths_um : sequence of float
        Some y, ascending.
    factors : sequence of float
        The factor at each; 0 for no motion.
    """

    of: Move = checked(Zigzag(), _MOVES.one)
    _: KW_ONLY
    depths_um: tuple[float, ...] = checked((0.0, 4000.0), series("µm that ascend", ascending=True))
    factors: tuple[float, ...] = checked((0.4, 1.0), series("a number for each depth"))

    def __post_init__(self) -> None:
        """Check all fields, and that there is a factor for each depth."""
        super().__post_init__()
        name, n = Argument("factors", of="ByDepth"), len(self.depths_um)
        require(len(self.factors) == n, name, f"{n} numbers, one for each depth", f"{len(self.factors)} of them")
        require(max(map(abs, self.factors)) <= 100, name, "at most 100", self.factors)

    @property
    def knots_um(self) -> tuple[float, ...]:
        """The depths between which its displacement is straight."""
        return self.depths_um if len(self.depths_um) > 1 else self.of.knots_um

    @property
    def span_um(self) -> tuple[float, float]:
        """How far from home it goes."""
        ends = [factor * um for factor in self.factors for um in self.of.span_um]
        return min(ends), max(ends)

    def displacement(self, setting: Setting, name: str, moments: Moments, depths_um: Floats) -> Floats:
        """Return by how much cells are moved, µm."""
        where, factors = Between.of(depths_um, np.array(self.depths_um)), np.array(self.factors)
        factor = where.mean(factors[where.low], factors[where.high])
        return self.of.displacement(setting, name, moments, depths_um) * factor
