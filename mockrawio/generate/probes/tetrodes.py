"""Tetrodes side by side, each the one of ``probeinterface.generate_tetrode()``."""

from __future__ import annotations

import numpy as np

from ...session.probe import ContactMap
from ...session.probe_form import make_probe
from .named import MOST_CHANNELS, NamedProbe, padded

RADIUS_UM = 10.0  # of the circle that the wires end on
APART_UM = 300.0  # too far for a cell to be seen on two of them
_WIRES = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]]) * RADIUS_UM


def _tetrodes(n: int) -> ContactMap:
    number = np.arange(n) // 4
    places = np.tile(_WIRES, (n // 4, 1))
    places[:, 0] += number * APART_UM
    shape = ("circle", {"radius": 6.0})
    shanks = padded(number.tolist())
    return ContactMap.of_probes(make_probe(places, shape, ids=map(str, range(n)), shanks=shanks, name="tetrodes"))


PROBE = NamedProbe(
    "tetrodes",
    "tetrodes of 10 µm radius, 300 µm apart, each a shank",
    16,
    range(4, MOST_CHANNELS + 1, 4),
    _tetrodes,
)
