"""Neuropixels 1.0: one shank of 960 sites, of which the lowest 384 are recorded."""

from __future__ import annotations

import numpy as np

from ...session.probe import ContactMap
from .named import NamedProbe
from .neuropixels import CHANNELS, Model, neuropixels

_MODEL = Model(
    "NP1000",
    "Neuropixels 1.0 probe",
    left_um=-11.0,
    tip_um=209.0,
    n_shanks=1,
    shank_pitch_um=0.0,
    slots=12,
    more={"adc_bit_depth": 10, "lf_sample_frequency_hz": 2500.0, "adc_range_vpp": 1.2},
)


def _make(n: int) -> ContactMap:
    """Return the lowest sites: two in a row, rows 20 µm apart, every other one 16 µm to the right."""
    sites = np.arange(n)  # a site of the lowest 384 is read out by the channel of its number
    row, side = np.divmod(sites, 2)
    places = np.stack([32.0 * side + 16.0 * (row % 2 == 0), 20.0 * row], axis=1)
    return neuropixels(_MODEL, places, 0 * sites, [f"e{site}" for site in sites.tolist()], sites)


PROBE = NamedProbe(
    "neuropixels-1.0",
    "Neuropixels 1.0: the lowest 384 of 960 sites on one shank",
    CHANNELS,
    range(1, CHANNELS + 1),
    _make,
)
