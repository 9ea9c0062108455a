"""Units that fade: their spikes become smaller, or larger, and stay so."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import numpy as np

from ....ground.arrays import Floats
from ....ground.checks import require
from ....ground.shown import Argument
from ...layers import Setting
from ..form import real
from .part import Change, Moments


@dataclass(frozen=True)
class Fading(Change):
    """Spikes whose amplitude changes linearly to a final value.

    Attributes
    ----------
    share : float
        The share of units that fade.
    to : float
        Final factor of their amplitudes.
    start_s, end_s : float
        Start and end of the change, in seconds of the session.
    """

    _: KW_ONLY
    to: float = real(0.4, 0.0, 4.0)
    start_s: float = real(0.0, 0.0, 1e9)
    end_s: float = real(600.0, 0.0, 1e9)

    def __post_init__(self) -> None:
        """Check all fields."""
        super().__post_init__()
        name = Argument("end_s", of="Fading")
        require(self.end_s > self.start_s, name, f"more than start_s, {self.start_s:g}", self.end_s)

    @property
    def most(self) -> float:
        """No factor is beyond."""
        return max(1.0, self.to)

    def factors(self, setting: Setting, name: str, label: int, moments: Moments) -> Floats:
        """Return how many times as large spikes of a unit are."""
        share = np.clip((moments.since_start - self.start_s) / (self.end_s - self.start_s), 0.0, 1.0)
        return (1 - share) + share * self.to
