"""One column of contacts on a shank with a tip, as of ``probeinterface.generate_linear_probe()``."""

from __future__ import annotations

import numpy as np

from ...session.probe import ContactMap
from ...session.probe_form import make_probe
from .named import NamedProbe

PITCH_UM = 25.0
_EDGE_UM, _TIP_UM = 25.0, 100.0  # of the shank, around its contacts, and below them


def _linear(n: int) -> ContactMap:
    depths = PITCH_UM * np.arange(n)
    top, bottom = depths[-1] + _EDGE_UM, -_EDGE_UM
    outline = [(-_EDGE_UM, top), (-_EDGE_UM, bottom), (0, bottom - _TIP_UM), (_EDGE_UM, bottom), (_EDGE_UM, top)]
    places = np.stack([0 * depths, depths], axis=1)
    shape = ("circle", {"radius": 6.0})
    return ContactMap.of_probes(make_probe(places, shape, ids=map(str, range(n)), contour=outline, name="linear"))


PROBE = NamedProbe("linear", "one column of contacts, 25 µm apart", 32, range(1, 4097), _linear)
