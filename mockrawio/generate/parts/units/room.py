"""Where cells lie: anywhere near a contact, and not too near to each other."""

from __future__ import annotations

from math import sqrt

import numpy as np

from ....ground.arrays import Floats
from ....ground.errors import MockSessionError
from ....ground.shown import Argument, Text
from ...draws import Draws
from ...layers import Setting
from .footprint import Footprint
from .numbers import Span, between

_TRIES = 1000  # places that are looked at for a cell

Location = tuple[float, float, float]


class Room:
    """The tissue around the contacts, with the cells that lie in it by now; none has its largest spike outside.

    Where all contacts lie in a plane, cells lie on that side of it that has the greater z: the one they look at.

    Parameters
    ----------
    setting : Setting
    distance_um : tuple of float
        Lowest and highest distance of a cell from its nearest contact.
    apart_um : float
        How far from each other cells are at least.
    of : str
        The class of the part whose cells they are, which an error names.
    """

    def __init__(self, setting: Setting, distance_um: Span, apart_um: float, of: str) -> None:
        places, self._outside = setting.places, setting.outside
        self._places, self._distance, self._apart, self._of = places, distance_um, apart_um, of
        self._flat = bool((places[:, 2] == places[0, 2]).all())
        self._taken: Floats = np.empty((0, 3))

    def place(self, draws: Draws, footprint: Footprint, contact: int | None = None) -> tuple[Location, int]:
        """Draw where a cell lies, near any contact or a given one; it lies there from now on.

        Returns
        -------
        tuple of (tuple of float, int)
            x, y and z in µm, and the contact where its spike is largest: the given one, if it has room.

        Raises
        ------
        MockSessionError
            If there is no room.
        """
        for turn in range(_TRIES):
            place = self._near(draws.integer(0, len(self._places) - 1) if contact is None else contact, draws)
            if place is None:
                continue
            peak = int(footprint.distances(self._places, place)[0].argmin())
            if peak in self._outside:
                continue
            # where contacts are dense no other cell has room before the same one
            if contact in (None, peak) or turn >= _TRIES // 2:
                self._taken = np.concatenate([self._taken, place[None]])
                x, y, z = place.tolist()
                return (x, y, z), peak
        raise self._full()

    def _near(self, contact: int, draws: Draws) -> Floats | None:
        """Draw a place near a contact; None where no cell may lie there."""
        shares = draws.uniform(4)
        x, y, z = (2 * shares[:3] - 1).tolist()
        square = x * x + y * y + z * z
        if not 0.01 < square <= 1:  # else the directions are not spread evenly
            return None
        step = between(self._distance, float(shares[3])) / sqrt(square)
        away = np.array([x, y, abs(z) if self._flat else z])
        place: Floats = np.round(self._places[contact] + away * step, 3)
        free = _nearest(self._places, place) >= self._distance[0] and _nearest(self._taken, place) >= self._apart
        return place if free else None

    def _full(self) -> MockSessionError:
        apart, distance = (Argument(name, of=self._of) for name in ("min_distance_um", "distance_um"))
        nearer = ("a smaller ", apart, " or ") if self._apart else ()
        remedy = Text("Give fewer units, ", *nearer, "a wider ", distance, ".")
        expected = f"room for cells {self._apart:g} µm apart near {len(self._places)} contacts"
        return MockSessionError(Argument("n", of=self._of), expected, f"no more after {len(self._taken)}", remedy)


def _nearest(points: Floats, place: Floats) -> float:
    """Return how far the nearest of some points is; infinitely far if there are none."""
    x, y, z = (points - place).T
    return sqrt(float((x * x + y * y + z * z).min(initial=np.inf)))
