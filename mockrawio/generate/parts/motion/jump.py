"""A jump: cells move at once, and stay there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....ground.arrays import Floats
from ...layers import Setting
from ..form import real
from .part import Moments, Move


@dataclass(frozen=True)
class Jump(Move):
    """An instantaneous displacement, as when an animal moves its head.

    Attributes
    ----------
    at_s : float
        When, in seconds of the session.
    um : float
        By how much; upwards, where it is above 0.
    """

    at_s: float = real(300.0, 0.0, 1e9)
    um: float = real(15.0, -1e4, 1e4)

    @property
    def span_um(self) -> tuple[float, float]:
        """How far from home it goes."""
        return min(0.0, self.um), max(0.0, self.um)

    def displacement(self, setting: Setting, name: str, moments: Moments, depths_um: Floats) -> Floats:
        """Return by how much cells are moved, µm."""
        moved: Floats = np.where(moments.since_start >= self.at_s, self.um, 0.0) + 0 * depths_um
        return moved
