"""The units of a session: cells of several classes near the contacts, each with a spike and a footprint of its own."""

from __future__ import annotations

from .cell import Cell
from .classes import Classes
from .footprint import LAWS, Exponential, Power
from .rates import RATES, LogNormal, Uniform
from .units import Units
from .window import Window

__all__ = ["LAWS", "RATES", "Cell", "Classes", "Exponential", "LogNormal", "Power", "Uniform", "Units", "Window"]
