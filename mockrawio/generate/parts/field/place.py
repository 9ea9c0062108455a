"""Where a part of the field is strongest, and how it falls and lags from there, as functions of place alone."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from ....ground.arrays import Floats
from ...draws import Draws
from ...layers import Setting


class Spot(NamedTuple):
    """A contact where something is strongest, and the direction that it travels in from there."""

    contact: int  # in the order of the setting
    direction: tuple[float, float, float]  # of length 1

    @classmethod
    def drawn(cls, setting: Setting, name: str) -> Spot:
        """Draw the one of a layer, by its name: a contact in the tissue."""
        draws = Draws.of(setting.bits(f"{name}.place"))
        inside = np.delete(np.arange(setting.n_contacts), setting.outside)
        contact = int(inside[draws.integer(0, len(inside) - 1)])
        x, y, z = draws.normals(3).tolist()
        length = sqrt(x * x + y * y + z * z)
        return cls(contact, (x / length, y / length, z / length))

    def share(self, places: Floats, spread_um: float) -> Floats:
        """Return how much of it there is at places, (n,): 1 at the spot, a half at `spread_um` from it."""
        return fall(places, places[self.contact], spread_um)

    def lags(self, places: Floats, wavelength_um: float) -> Floats:
        """Return by how many turns it lags at places, (n,), if a turn is so long."""
        x, y, z = (places - places[self.contact]).T
        lags: Floats = (x * self.direction[0] + y * self.direction[1] + z * self.direction[2]) / wavelength_um
        return lags


def fall(places: Floats, at: Floats, spread_um: float) -> Floats:
    """Return how much there is at places of what is 1 at one of them, and a half at `spread_um` from there, (n,)."""
    x, y, z = ((places - at) / spread_um).T
    found: Floats = 1 / (1 + x * x + y * y + z * z)
    return found
