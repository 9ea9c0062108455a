"""The units of a session."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from mockrawio.generate.layers import Setting

PITCH_UM = 25.0


def linear(seed, n=32, sampling_rate=30_000, gain_uV=0.195):
    """Return the setting of a linear probe with contacts 25 µm apart."""
    places = np.stack([np.zeros(n), np.arange(n) * PITCH_UM, np.zeros(n)], axis=1)
    return setting(places, seed, sampling_rate, gain_uV)


def setting(places, seed=1, sampling_rate=30_000, gain_uV=0.195):
    """Return the setting of some contacts."""
    return Setting(seed, Fraction(sampling_rate), gain_uV, np.asarray(places, float), (1000,))


def floor(setting, uV=5.0):
    """Return noise that is as strong on each contact."""
    return np.full(setting.n_contacts, uV)
