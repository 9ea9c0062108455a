"""Rates that follow the time."""

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
class Profile(LockPart):
    """Rates that follow recording time, including gaps between segments.

    Attributes
    ----------
    points : tuple of tuple of float
        Times in s and factors of the rate, interpolated linearly, also as an array (n, 2). The first and last factors
        extend beyond the points.
    period_s : float or None
        Period in seconds after which it repeats; None: never.
    of_units : float
        The share of the units that follow it.
    """

    name: ClassVar[str] = "profile"

    points: Points = checked(((0.0, 1.0),), points)
    _: KW_ONLY
    period_s: float | None = real(None, 0.001, 1e8)
    of_units: float = real(1.0, 0.0, 1.0)

    def lock(self, name: str, grid: Grid, cues: Cues) -> Lock:
        """Return what rates in a session follow."""

        def gain(seg_index: int, block: int) -> Floats:
            seconds = cues.starts_s[seg_index] + grid.seconds(block)
            return along(self.points, seconds if self.period_s is None else np.fmod(seconds, self.period_s))

        return SameLock(Some(grid.setting, name, self.of_units), gain)
