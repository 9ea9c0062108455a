"""A zigzag: up and down at an even speed."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import numpy as np

from ....ground.arrays import Floats
from ....ground.checks import require
from ....ground.shown import Argument
from ...layers import Setting
from ..form import real
from .part import Moments, Move


@dataclass(frozen=True)
class Zigzag(Move):
    """Motion up and down at constant speed around home, starting upwards from home.

    Attributes
    ----------
    um : float
        Distance from the lowest to the highest position.
    period_s : float
        Duration of one cycle.
    start_s, end_s : float
        When it starts, and when it stops in place; seconds of the session. None: never.
    """

    um: float = real(20.0, 0.0, 1e4)
    _: KW_ONLY
    period_s: float = real(200.0, 0.1, 1e7)
    start_s: float = real(0.0, 0.0, 1e9)
    end_s: float | None = real(None, 0.0, 1e9)

    def __post_init__(self) -> None:
        """Check all fields."""
        super().__post_init__()
        ok = self.end_s is None or self.end_s >= self.start_s
        require(ok, Argument("end_s", of="Zigzag"), f"at least start_s, {self.start_s:g}", self.end_s)

    @property
    def span_um(self) -> tuple[float, float]:
        """How far from home it goes."""
        return -self.um / 2, self.um / 2

    def displacement(self, setting: Setting, name: str, moments: Moments, depths_um: Floats) -> Floats:
        """Return by how much cells are moved, µm."""
        turns = (np.clip(moments.since_start, self.start_s, self.end_s) - self.start_s) / self.period_s + 0.25
        height = 0.5 - np.abs(2 * (turns - np.floor(turns)) - 1)
        return self.um * height + 0 * depths_um
