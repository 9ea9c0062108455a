"""The parts that a spec is made of, a module each."""

from .acquisition import Acquisition
from .noise import Hum, Spatial, White
from .units import Classes, EpiphyteUnits, Exponential, LogNormal, Power, Uniform, Units

__all__ = [
    "Acquisition",
    "Classes",
    "EpiphyteUnits",
    "Exponential",
    "Hum",
    "LogNormal",
    "Power",
    "Spatial",
    "Uniform",
    "Units",
    "White",
]
