"""The microwires of depth electrodes, as Epiphyte's sessions have them."""

from __future__ import annotations

from ...session.probe import microwires
from .named import MOST_CHANNELS, NamedProbe

PROBE = NamedProbe(
    "bundles",
    "microwires in bundles of 8 on a circle of 40 µm radius, 1 mm apart",
    80,
    range(1, MOST_CHANNELS + 1),
    lambda n: microwires(range(1, n + 1)),
)
