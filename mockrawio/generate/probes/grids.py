"""Contacts on a square grid, column by column."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...ground.arrays import Floats
from ...session.probe import ContactMap
from ...session.probe_form import make_probe


def grid(places: npt.NDArray[np.int64], pitch: float, radius: float, name: str) -> ContactMap:
    """Return round contacts at places that count steps of a pitch; radius and pitch are in µm."""
    centres: Floats = places.astype(np.float64) * pitch
    low, high = centres.min(axis=0) - pitch / 2, centres.max(axis=0) + pitch / 2
    outline = [(low[0], high[1]), (low[0], low[1]), (high[0], low[1]), (high[0], high[1])]
    ids = map(str, range(len(centres)))
    return ContactMap.of_probes(
        make_probe(centres, ("circle", {"radius": radius}), ids=ids, contour=outline, name=name)
    )


def steps(side: int) -> npt.NDArray[np.int64]:
    """Return the places of a square of so many contacts a side, (side**2, 2): x, and y, which runs fastest."""
    return np.stack(np.divmod(np.arange(side**2), side), axis=1)
