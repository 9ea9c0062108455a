"""The units of a session: cells of several classes near the contacts, each with a spike and a footprint of its own."""

from __future__ import annotations

from ..form import Family
from .cell import Cell
from .classes import POSITIVE, Classes, drawn_shape
from .crowd import banks_of, crowd_of
from .drawn import DrawnCell
from .epiphyte import EpiphyteUnits
from .footprint import LAWS, Exponential, Law, Power
from .numbers import digits
from .rates import RATES, LogNormal, Uniform, rates
from .room import Room
from .template_cell import TemplateCell
from .templates import Templates
from .units import Units
from .window import Window

__all__ = [
    "LAWS",
    "POSITIVE",
    "RATES",
    "UNITS",
    "Cell",
    "Classes",
    "DrawnCell",
    "EpiphyteUnits",
    "Exponential",
    "Law",
    "LogNormal",
    "Power",
    "Room",
    "TemplateCell",
    "Templates",
    "Uniform",
    "Units",
    "Window",
    "banks_of",
    "crowd_of",
    "digits",
    "drawn_shape",
    "rates",
]

UNITS = Family("the units", Units, EpiphyteUnits)
