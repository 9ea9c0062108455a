"""A multi-electrode array: a square grid of round contacts, as below a slice or a culture."""

from __future__ import annotations

from math import isqrt

from ...session.probe import ContactMap
from .grids import grid, steps
from .named import NamedProbe

PITCH_UM = 100.0
_RADIUS_UM = 5.0


def _mea(n: int) -> ContactMap:
    return grid(steps(isqrt(n)), PITCH_UM, _RADIUS_UM, "mea")


PROBE = NamedProbe("mea", "a square grid, 100 µm apart", 64, [side**2 for side in range(1, 65)], _mea)
