"""The units of a session: cells of several classes near the contacts, each with a spike and a footprint of its own."""

from __future__ import annotations

from ..form import Family
from .cell import Cell
from .classes import Classes
from .epiphyte import EpiphyteUnits
from .footprint import LAWS, Exponential, Power
from .rates import RATES, LogNormal, Uniform
from .units import Units
from .window import Window

__all__ = [
    "LAWS",
    "RATES",
    "UNITS",
    "Cell",
    "Classes",
    "EpiphyteUnits",
    "Exponential",
    "LogNormal",
    "Power",
    "Uniform",
    "Units",
    "Window",
]

UNITS = Family("the units", Units, EpiphyteUnits)
