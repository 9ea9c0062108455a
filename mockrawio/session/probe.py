"""Where the contacts are: bundles of 8 microwires, one behind another.

The documents give no geometry. Ours: the wires of a bundle end on a circle of 40 µm radius,
near enough that a cell is seen on its neighbours; bundles lie 1 mm apart, too far for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .layout import BUNDLE

BUNDLE_RADIUS_UM = 40.0
BUNDLE_PITCH_UM = 1000.0


def bundles(channels: Sequence[int]) -> npt.NDArray[np.int64]:
    """Return the bundle of each channel, by the k of its CSCk: 0 for CSC1 to CSC8, 1 for CSC9 to CSC16, ..."""
    return (np.asarray(channels, dtype=np.int64) - 1) // BUNDLE


def contact_positions(channels: Sequence[int]) -> npt.NDArray[np.float64]:
    """Return where each channel's contact is, by the k of its CSCk: (n, 2) in µm, x along the bundles, y across."""
    wire = (np.asarray(channels, dtype=np.int64) - 1) % BUNDLE
    angle = 2 * np.pi * wire / BUNDLE
    around: npt.NDArray[Any] = np.stack([np.cos(angle), np.sin(angle)], axis=1) * BUNDLE_RADIUS_UM
    around[:, 0] += bundles(channels) * BUNDLE_PITCH_UM
    return np.round(around, 3)
