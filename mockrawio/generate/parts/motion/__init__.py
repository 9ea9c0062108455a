"""The parts of the motion, a module each: a part is a :class:`~.part.MotionPart`, and an entry in :data:`MOTIONS`."""

from __future__ import annotations

from typing import Any

from ....ground.shown import Argument
from ..form import Family
from .appearing import Appearing
from .by_depth import ByDepth
from .days import DAY_MS, Days
from .fading import Fading
from .given import Given, is_motion, of_motion
from .jump import Jump
from .part import STEP_UM, Change, Moments, MotionPart, Move
from .vanishing import Vanishing
from .walk import RandomWalk
from .zigzag import Zigzag

__all__ = [
    "DAYS",
    "DAY_MS",
    "MOTIONS",
    "STEP_UM",
    "Appearing",
    "ByDepth",
    "Change",
    "Days",
    "Fading",
    "Given",
    "Jump",
    "Moments",
    "MotionPart",
    "Move",
    "RandomWalk",
    "Vanishing",
    "Zigzag",
    "motions",
]

DAYS = Family("the days of a patient", Days)
MOTIONS = Family("a part of the motion", Zigzag, Jump, RandomWalk, ByDepth, Given, Fading, Vanishing, Appearing)


def motions(name: Argument, value: Any) -> tuple[MotionPart, ...]:
    """Return the parts of the motion, also from SpikeInterface's ``Motion``, alone or among others."""
    several = value if isinstance(value, (tuple, list)) else (value,)
    parts: list[Any] = []
    for one in several:
        parts += of_motion(name, one) if is_motion(one) else [one]
    return MOTIONS.several(name, parts)
