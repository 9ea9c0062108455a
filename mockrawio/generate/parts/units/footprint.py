"""The footprint of a cell: how its spike is smaller, and comes later, from contact to contact.

Cells are longer along an axis, which leans from y, the tissue's, by up to 45 degrees: along it a spike is seen from
farther away, and distances here are the shorter for it.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np

from ....ground.arrays import Floats
from ...draws import Draws
from ..form import Family, Part, span
from .numbers import between, digits

_LEAN = 0.7  # of an axis in x and z at most, where it is 1 in y
_REACH = {"narrow": 0.85, "axonal": 0.65}  # how many times as far as a principal cell others are seen
_LATEST_MS = 0.6


class Footprint(NamedTuple):
    """The footprint of one cell; or of several, each number an array."""

    length_um: float
    power: float | None  # by which amplitude falls with distance; None where it does so exponentially
    axis: tuple[float, float, float]  # of length 1
    elongation: float
    speed_m_s: float

    def distances(self, places: Floats, location: Floats) -> tuple[Floats, Floats]:
        """Return how far contacts are from the cell, as its spike sees it, and how far along its axis.

        Parameters
        ----------
        places : ndarray of float64, shape (..., m, 3)
        location : ndarray of float64, shape (3,), or (..., 1, 3)

        Returns
        -------
        tuple of ndarray of float64, shape (..., m)
            µm.
        """
        apart = places - location
        x, y, z = apart[..., 0], apart[..., 1], apart[..., 2]
        along = x * self.axis[0] + y * self.axis[1] + z * self.axis[2]
        square = x * x + y * y + z * z - along * along * (1 - self.elongation**-2)
        return np.sqrt(np.maximum(square, 0.0)), along

    def nearest(self, places: Floats, location: Floats, low_um: float, high_um: float) -> Floats:
        """Return how far contacts are from the cell where it comes nearest to each, as it moves along y.

        Parameters
        ----------
        places, location
            As for :meth:`distances`.
        low_um, high_um : float
            How far it moves, the lowest and the highest.

        Returns
        -------
        ndarray of float64, shape (m,)
            µm.
        """
        away, along = self.distances(places, location)
        # the square of the distance after s µm is curve * s**2 - 2 * slope * s + that of now
        less = 1 - self.elongation**-2
        curve = 1 - less * self.axis[1] ** 2
        slope = (places - location)[:, 1] - less * self.axis[1] * along
        moved = np.clip(slope / curve, low_um, high_um)
        return np.sqrt(np.maximum(away * away + (curve * moved - 2 * slope) * moved, 0.0))

    def sizes(self, distances: Floats) -> Floats:
        """Return the size of the spike at distances, as a part of that at none."""
        ratio = distances / self.length_um
        sizes: Floats = np.exp(-ratio) if self.power is None else 1 / (1 + ratio**self.power)
        return sizes

    def delays(self, distances: Floats, nearest: float | Floats) -> Floats:
        """Return by how much later than at the nearest distance the spike comes, in ms."""
        return np.minimum((distances - nearest) / (self.speed_m_s * 1000), _LATEST_MS)


@dataclass(frozen=True, kw_only=True)
class Law(Part):
    """How cells' spikes fall with the distance.

    Attributes
    ----------
    elongation : tuple of float
        How many times as far a spike is seen along the cell's axis, the least and the most.
    speed_m_s : tuple of float
        How fast it spreads, m/s.
    """

    elongation: tuple[float, float] = span((1.0, 1.4), 1.0, 10.0)
    speed_m_s: tuple[float, float] = span((0.2, 0.45), 0.01, 100.0)

    def drawn(self, draws: Draws, kind: str) -> Footprint:
        """Draw the footprint of a cell of a class."""
        x, z, far, fast = draws.uniform(4).tolist()
        x, z = _LEAN * (2 * x - 1), _LEAN * (2 * z - 1)
        norm = sqrt(1 + x * x + z * z)
        axis = (x / norm, 1 / norm, z / norm)
        length, power = self.fall(draws)
        length = digits(length * _REACH.get(kind, 1.0))
        return Footprint(length, power, axis, between(self.elongation, far), between(self.speed_m_s, fast))

    @abstractmethod
    def fall(self, draws: Draws) -> tuple[float, float | None]:
        """Draw the length and the power of a cell's footprint."""


@dataclass(frozen=True)
class Exponential(Law):
    """Amplitude decays exponentially with distance.

    Attributes
    ----------
    length_um : tuple of float
        Lowest and highest distance at which it is 1/e.
    """

    length_um: tuple[float, float] = span((18.0, 38.0), 1.0, 1e4)

    def fall(self, draws: Draws) -> tuple[float, float | None]:
        """Draw a length."""
        return between(self.length_um, float(draws.uniform(1)[0])), None


@dataclass(frozen=True)
class Power(Law):
    """Amplitude decays with a power of the distance, like that of a dipole or a line source: slower, when far.

    Attributes
    ----------
    length_um : tuple of float
        Lowest and highest distance at which it is one half.
    power : tuple of float
        Lowest and highest exponent at large distances.
    """

    length_um: tuple[float, float] = span((25.0, 45.0), 1.0, 1e4)
    power: tuple[float, float] = span((2.0, 3.0), 0.5, 6.0)

    def fall(self, draws: Draws) -> tuple[float, float | None]:
        """Draw a length and a power."""
        length, power = draws.uniform(2).tolist()
        return between(self.length_um, length), between(self.power, power)


LAWS = Family("how spikes fall with the distance", Exponential, Power)
