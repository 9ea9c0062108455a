"""The days of a patient: sessions with the same cells, which move and are replaced from one day to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

from ...draws import Draws
from ...layers import Setting
from ..form import Part, real
from .part import STEP_UM

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Days(Part):
    """Changes of a patient's cells between sessions; session 1 is the first day.

    All sessions of a patient have the same seed, which determines the cells; firing and noise differ between sessions.

    Attributes
    ----------
    um_per_day : float
        Standard deviation of how far all cells move along y from one day to the next, µm, in whole steps
        (``docs/motion.rst``).
    lost : float
        The share of the units that are lost from one day to the next.
    new : float
        New units on each day, as a share of those of the first.
    """

    um_per_day: float = real(10.0, 0.0, 1e3)
    _: KW_ONLY
    lost: float = real(0.1, 0.0, 1.0)
    new: float = real(0.1, 0.0, 10.0)

    def n_units(self, first: int, day: int) -> int:
        """Return how many units there have been by a day, if there are so many on the first."""
        return first + int(self.new * first * (day - 1) + 0.5)

    def born(self, first: int, label: int) -> int:
        """Return on which day a unit is new."""
        day = 1
        while self.n_units(first, day) <= label:
            day += 1
        return day

    def alive(self, setting: Setting, first: int, day: int) -> Sequence[int]:
        """Return the numbers of the units of a day, ascending."""
        labels = range(self.n_units(first, day))
        return [label for label in labels if not self._is_lost(setting, label, day - self.born(first, label))]

    def moved_um(self, setting: Setting, day: int) -> float:
        """Return how far cells are on a day from where they were on the first, µm, in whole steps."""
        each = [float(Draws.of(setting.bits("days.moved", later)).normals(1)[0]) for later in range(2, day + 1)]
        return STEP_UM * sum(round(self.um_per_day * one / STEP_UM) for one in each)

    def _is_lost(self, setting: Setting, label: int, age: int) -> bool:
        """Return True if a unit is lost by an age in days; each day it is with the same probability."""
        left = float(Draws.of(setting.bits("days.lost", label)).uniform(1)[0])
        kept = 1.0
        for _ in range(age):
            kept *= 1 - self.lost
        return left >= kept
