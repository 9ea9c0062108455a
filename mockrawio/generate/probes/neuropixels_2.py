"""Neuropixels 2.0 with four shanks of 1280 sites each, of which the lowest 96 are recorded."""

from __future__ import annotations

import numpy as np

from ...session.probe import ContactMap
from .named import NamedProbe
from .neuropixels import CHANNELS, Model, neuropixels

_MODEL = Model(
    "NP2014",
    "Neuropixels 2.0 multishank probe with cap",
    left_um=-27.0,
    tip_um=206.0,
    n_shanks=4,
    shank_pitch_um=250.0,
    slots=16,
    more={"adc_bit_depth": 12, "lf_sample_frequency_hz": 0.0, "adc_range_vpp": 1.24, "ap_gain": 100.0},
)
_BLOCK = 48  # sites that are switched together
_CHANNELS_OF = np.array([[0, 2], [1, 3], [4, 6], [5, 7]])  # of each shank's two lowest blocks, in blocks of channels


def _make(n: int) -> ContactMap:
    """Return the lowest sites of each shank: two in a row, 32 µm apart, rows 15 µm apart."""
    shanks, sites = np.divmod(np.arange(n), n // 4)
    channels = _CHANNELS_OF[shanks, sites // _BLOCK] * _BLOCK + sites % _BLOCK
    order = np.argsort(channels)
    shanks, sites, channels = shanks[order], sites[order], channels[order]
    row, side = np.divmod(sites, 2)
    places = np.stack([32.0 * side + _MODEL.shank_pitch_um * shanks, 15.0 * row], axis=1)
    ids = [f"s{shank}e{site}" for shank, site in zip(shanks.tolist(), sites.tolist(), strict=True)]
    return neuropixels(_MODEL, places, shanks, ids, channels)


PROBE = NamedProbe(
    "neuropixels-2.0",
    "Neuropixels 2.0: the lowest 96 of 1280 sites on each of four shanks, 250 µm apart",
    CHANNELS,
    range(4, CHANNELS + 1, 4),
    _make,
)
