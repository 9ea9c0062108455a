"""Where cells lie: anywhere near a contact, and not too near to each other."""

from __future__ import annotations

from math import sqrt

import numpy as np

from ....ground.arrays import Floats
from ....ground.errors import MockSessionError
from ....ground.shown import Argument, Text
from ...draws import Draws
from .numbers import Span, between

TRIES = 1000  # places that are looked at for a cell


class Room:
    """The tissue around the contacts, with the cells that lie in it by now.

    Where all contacts lie in a plane, cells lie on that side of it that has the greater z: the one they look at.
    """

    def __init__(self, places: Floats, distance_um: Span, apart_um: float) -> None:
        self.places, self._distance, self._apart = places, distance_um, apart_um
        self._flat = bool((places[:, 2] == places[0, 2]).all())
        self._taken: Floats = np.empty((0, 3))

    def near(self, contact: int, draws: Draws) -> Floats | None:
        """Draw a place near a contact, float64 (3,), µm; None where no cell may lie there."""
        shares = draws.uniform(4)
        x, y, z = (2 * shares[:3] - 1).tolist()
        square = x * x + y * y + z * z
        if not 0.01 < square <= 1:  # else the directions are not spread evenly
            return None
        step = between(self._distance, float(shares[3])) / sqrt(square)
        away = np.array([x, y, abs(z) if self._flat else z])
        place: Floats = np.round(self.places[contact] + away * step, 3)
        free = _nearest(self.places, place) >= self._distance[0] and _nearest(self._taken, place) >= self._apart
        return place if free else None

    def take(self, place: Floats) -> None:
        """Say that a cell lies there."""
        self._taken = np.concatenate([self._taken, place[None]])

    def full(self, n: int) -> MockSessionError:
        """Return the error of a room with no place for one more of `n` units."""
        remedy = Text(
            "Give fewer units, a smaller ",
            Argument("min_distance_um", of="Units"),
            " or a wider ",
            Argument("distance_um", of="Units"),
            ".",
        )
        expected = f"room for the cells of {n} units, {self._apart:g} µm apart, near {len(self.places)} contacts"
        return MockSessionError(Argument("n", of="Units"), expected, f"room for {len(self._taken)} cells", remedy)


def _nearest(points: Floats, place: Floats) -> float:
    """Return how far the nearest of some points is; infinitely far if there are none."""
    x, y, z = (points - place).T
    return sqrt(float((x * x + y * y + z * z).min(initial=np.inf)))
