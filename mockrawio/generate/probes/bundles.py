"""The microwires of depth electrodes, as Epiphyte's sessions have them."""

from __future__ import annotations

from ...session.layout import BUNDLE
from ...session.probe import microwires
from .named import MOST_CHANNELS, NamedProbe

REGIONS = ("LA", "LAH", "LEC", "LMH", "LPHC", "RA", "RAH", "REC", "RMH", "RPHC")

PROBE = NamedProbe(
    "bundles",
    "microwires in bundles of 8 on a circle of 40 µm radius, 1 mm apart",
    80,
    range(1, MOST_CHANNELS + 1),
    lambda n: microwires(range(1, n + 1)),
)


def wire_name(k: int) -> str:
    """Name channel `k` (from 1): wires of a region go on counting after the tenth region."""
    bundle, wire = divmod(k - 1, BUNDLE)
    round_, region = divmod(bundle, len(REGIONS))
    return f"{REGIONS[region]}{round_ * BUNDLE + wire + 1}"
