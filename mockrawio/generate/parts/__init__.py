"""The parts that a spec is made of, a module each."""

from .acquisition import Acquisition
from .firing import (
    Bursts,
    Common,
    EventLocked,
    Firing,
    Gamma,
    MovieLocked,
    PhaseLocked,
    Poisson,
    Profile,
    Synchrony,
)
from .noise import FarUnits, Hum, Measured, NoiseFrom, Spatial, White
from .units import Classes, EpiphyteUnits, Exponential, LogNormal, Power, Uniform, Units

__all__ = [
    "Acquisition",
    "Bursts",
    "Classes",
    "Common",
    "EpiphyteUnits",
    "EventLocked",
    "Exponential",
    "FarUnits",
    "Firing",
    "Gamma",
    "Hum",
    "LogNormal",
    "Measured",
    "MovieLocked",
    "NoiseFrom",
    "PhaseLocked",
    "Poisson",
    "Power",
    "Profile",
    "Spatial",
    "Synchrony",
    "Uniform",
    "Units",
    "White",
]
