"""How the amplitudes of a cell's spikes vary from one to the next."""

from __future__ import annotations

from typing import NamedTuple

from ..ground.arrays import Floats
from .draws import Draws, normal_table
from .layers import Setting

_NAME = "spikes.amplitude"  # by which the children of the seed are known


class Amplitudes(NamedTuple):
    """Amplitudes as multiples of a cell's own: normal around 1."""

    setting: Setting
    sd: float

    def drawn(self, n: int, *key: int) -> Floats:
        """Return those of `n` spikes, float64 (n,), of the cell and the block that the numbers tell."""
        factors: Floats = 1 + self.sd * Draws.of(self.setting.bits(_NAME, *key)).normals(n)
        return factors

    @property
    def most(self) -> float:
        """What none is beyond."""
        return 1 + self.sd * float(normal_table()[-1])
