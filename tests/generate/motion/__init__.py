"""The motion of cells."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from mockrawio.generate.course import Course
from mockrawio.generate.layers import Setting
from mockrawio.generate.parts.motion import Moments

RATE = 30_000


def setting(seed=1, n=16, pitch_um=25.0):
    """Return the setting of a linear probe."""
    places = np.stack([np.zeros(n), np.arange(n) * pitch_um, np.zeros(n)], axis=1)
    return Setting(seed, Fraction(RATE), 0.195, places, (RATE, RATE))


def course(*parts, seed=1, starts_s=(0.0, 100.0)):
    """Return the course of some parts, in two segments."""
    return Course(setting(seed), starts_s, parts)


def moved(part, times_s, depths_um=0.0, seed=1, name="motion.part"):
    """Return by how much a part moves cells at seconds of the session."""
    times_s = np.asarray(times_s, float)
    return part.displacement(setting(seed), name, Moments(0, times_s, times_s), np.asarray(depths_um, float))
