"""The Utah array: 10 x 10 needles of one length, 400 µm apart, of which the corners are not wired.

Seen from above: a needle records at its tip, so all contacts lie in one plane.
"""

from __future__ import annotations

from ...session.probe import ContactMap
from .grids import grid, steps
from .named import NamedProbe

SIDE, PITCH_UM = 10, 400.0
_TIP_RADIUS_UM = 20.0  # as drawn


def _utah(n: int) -> ContactMap:
    places = steps(SIDE)
    corners = (places % (SIDE - 1) == 0).all(axis=1)
    return grid(places[~corners], PITCH_UM, _TIP_RADIUS_UM, "utah")


PROBE = NamedProbe("utah", "10 x 10 needles without the corners, 400 µm apart", 96, (96,), _utah)
