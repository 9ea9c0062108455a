"""Units that come in sight in the course of a session."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import numpy as np

from ....ground.arrays import Floats
from ...layers import Setting
from ..form import real, span
from .part import Change, Moments


@dataclass(frozen=True)
class Appearing(Change):
    """Units whose spikes appear and become larger, each at its own time.

    Attributes
    ----------
    share : float
        How many of the units appear.
    between_s : tuple of float
        When the first and the last of them start to vanish, in seconds of the session.
    over_s : float
        How long it takes.
    """

    _: KW_ONLY
    between_s: tuple[float, float] = span((0.0, 600.0), 0.0, 1e9)
    over_s: float = real(30.0, 0.001, 1e9)

    def factors(self, setting: Setting, name: str, label: int, moments: Moments) -> Floats:
        """Return how many times as large spikes of a unit are."""
        begins = self.moment(setting, name, label, self.between_s)
        return np.clip((moments.since_start - begins) / self.over_s, 0.0, 1.0)
