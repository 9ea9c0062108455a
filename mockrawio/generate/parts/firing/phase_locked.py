"""Rates that follow the phase of a rhythm of the field."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from ....ground.arrays import Floats, Ints
from ...draws import Draws
from ..form import real, word
from .lock import Cues, Grid, Lock, LockPart, Phase
from .some import Some

_TURN = 1 << 12  # parts of a turn, in each of which the rate does not change
_KEPT = 4  # blocks


@dataclass(frozen=True)
class PhaseLocked(LockPart):
    """Rates that follow the phase of a rhythm, with a von Mises distribution.

    The phases of a cell's spikes have a mean resultant length of I1(kappa) / I0(kappa), where the rhythm is steady;
    mean rates do not change. Without the rhythm, rates are at baseline.

    Attributes
    ----------
    rhythm : str
        Its name in the field.
    kappa : float
        Concentration: 0 is uniform; at 1 spikes are 7 times as frequent at the preferred phase as half a cycle away.
    phase : float
        The preferred phase, rad: 0 is the rhythm's peak.
    spread : float
        Standard deviation of the cells' own preferred phases around it, rad.
    of_units : float
        The share of the units that follow it.
    """

    name: ClassVar[str] = "phase"

    rhythm: str = word("theta")
    _: KW_ONLY
    kappa: float = real(0.8, 0.0, 50.0)
    phase: float = real(0.0, -10.0, 10.0)
    spread: float = real(0.0, 0.0, 10.0)
    of_units: float = real(1.0, 0.0, 1.0)

    def lock(self, name: str, grid: Grid, cues: Cues) -> Lock:
        """Return what rates in a session follow."""
        return PhaseLock(self, name, grid, cues.phase(self.rhythm))


class PhaseLock(Lock):
    """A lock to a rhythm of a session."""

    def __init__(self, part: PhaseLocked, name: str, grid: Grid, phase: Phase) -> None:
        self._part, self._name, self._grid, self._phase = part, name, grid, phase
        self._cells = Some(grid.setting, name, part.of_units)
        self._parts = lru_cache(_KEPT)(self._parts_of_turn)

    def preferred(self, index: int) -> float:
        """Return the preferred phase of a cell, rad."""
        normal = float(Draws.of(self._grid.setting.bits(f"{self._name}.preferred", index)).normals(1)[0])
        return self._part.phase + self._part.spread * normal

    def gain(self, index: int, seg_index: int, block: int) -> Floats | None:
        """Return how many times as high a cell's rate is."""
        if index not in self._cells:
            return None
        late = round(self.preferred(index) / (2 * math.pi) * _TURN)
        factors = _von_mises(self._part.kappa)
        return np.append(np.roll(factors, late), 1.0)[self._parts(seg_index, block)]

    def _parts_of_turn(self, seg_index: int, block: int) -> Ints:
        """Return the phase in parts of a turn, int64 (n,); the number of all parts where there is no rhythm."""
        phases = self._phase(seg_index, self._grid.middles(block))
        turns = np.nan_to_num(phases) / (2 * math.pi)
        parts = np.floor((turns - np.floor(turns)) * _TURN).astype(np.int64) & (_TURN - 1)
        return np.where(np.isnan(phases), _TURN, parts)


@lru_cache(maxsize=8)
def _von_mises(kappa: float) -> Floats:
    """Return the density at the middle of each part of a turn, float64 (4096,), of a mean of 1."""
    angles = [(k + 0.5) * 2 * math.pi / _TURN for k in range(_TURN)]
    density = np.round([math.exp(kappa * (math.cos(angle) - 1)) for angle in angles], 9)
    density /= math.fsum(density.tolist()) / _TURN
    return density
