"""The parts that a spec is made of, a module each."""

from .acquisition import Acquisition
from .noise import FarUnits, Hum, Measured, NoiseFrom, Spatial, White
from .units import Classes, EpiphyteUnits, Exponential, LogNormal, Power, Uniform, Units

__all__ = [
    "Acquisition",
    "Classes",
    "EpiphyteUnits",
    "Exponential",
    "FarUnits",
    "Hum",
    "LogNormal",
    "Measured",
    "NoiseFrom",
    "Power",
    "Spatial",
    "Uniform",
    "Units",
    "White",
]
