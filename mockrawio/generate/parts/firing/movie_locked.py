"""Rates that follow the movie."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from ....ground.arrays import Floats
from ..form import checked, real
from .lock import Cues, Grid, Lock, LockPart, SameLock
from .points import Points, along, points
from .some import Some


@dataclass(frozen=True)
class MovieLocked(LockPart):
    """Rates that follow movie time, as in the watchlog, including skips.

    During pauses, and before and after the movie, rates are at baseline. The time of the movie depends on the session's
    duration, and so do the spikes.

    Attributes
    ----------
    points : tuple of tuple of float
        Movie times in s and factors of the rate, interpolated linearly, also as an array (n, 2). The first and last
        factors extend beyond the points.
    of_units : float
        The share of the units that follow it.
    """

    name: ClassVar[str] = "movie"

    points: Points = checked(((0.0, 1.0),), points)
    _: KW_ONLY
    of_units: float = real(1.0, 0.0, 1.0)

    def lock(self, name: str, grid: Grid, cues: Cues) -> Lock:
        """Return what rates in a session follow."""

        def gain(seg_index: int, block: int) -> Floats:
            seconds = cues.movie(seg_index, grid.middles(block))
            shown = ~np.isnan(seconds)
            factors = np.ones(grid.n)
            factors[shown] = along(self.points, seconds[shown])
            return factors

        return SameLock(Some(grid.setting, name, self.of_units), gain)
