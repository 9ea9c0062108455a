"""The parts of the noise, a module each: a noise is a :class:`~.part.NoisePart`, and an entry in :data:`NOISES`."""

from __future__ import annotations

from ..form import Family
from .far import FarUnits
from .hum import Hum
from .measured import Measured, NoiseFrom
from .part import NoisePart
from .spatial import Spatial
from .white import White

__all__ = ["NOISES", "FarUnits", "Hum", "Measured", "NoiseFrom", "NoisePart", "Spatial", "White"]

NOISES = Family("a part of the noise", White, Spatial, FarUnits, Hum, NoiseFrom)
