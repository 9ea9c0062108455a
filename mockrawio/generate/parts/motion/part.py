"""What a part of the motion is: a value that a spec holds, which moves cells, or makes their spikes larger or smaller.

Cells move along y, the depth of a probe, by µm that are a function of time and of where they are at home. Time goes on
between the segments of a session. Contacts, their noise and the field stay where they are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import isqrt
from typing import NamedTuple

from ....ground.arrays import Floats
from ...draws import Draws
from ...layers import Setting
from ..form import Part, real

STEP_UM = 0.5  # what displacements are whole numbers of: a spike changes less by it than from one to the next
_STEP = isqrt(11 << 128) % (1 << 64)  # from a unit to the next one, on a circle of 2**64: by no fraction of it


class Moments(NamedTuple):
    """Some moments of a segment."""

    seg_index: int
    seconds: Floats  # after the segment's first sample
    since_start: Floats  # after the session's first sample, gaps included


@dataclass(frozen=True)
class MotionPart(Part, ABC):
    """A part of the motion."""


@dataclass(frozen=True)
class Move(MotionPart):
    """A part that moves cells."""

    @property
    def knots_um(self) -> tuple[float, ...]:
        """The depths between which its displacement is straight, and beyond which it is level; none: all move alike."""
        return ()

    @property
    @abstractmethod
    def span_um(self) -> tuple[float, float]:
        """How far from home it moves any cell, the lowest and the highest, µm."""

    @abstractmethod
    def displacement(self, setting: Setting, name: str, moments: Moments, depths_um: Floats) -> Floats:
        """Return by how much cells are moved, float64, µm.

        `depths_um` are their y at home, of a shape that goes with the moments'; the result has the shape of both. All
        bits come from `setting`, by `name`.
        """


@dataclass(frozen=True)
class Change(MotionPart):
    """A part that changes the size of the spikes of a share of the units; what has the size 0 is no spike.

    Attributes
    ----------
    share : float
        How many of the units change.
    """

    share: float = real(0.2, 0.0, 1.0)

    @property
    def most(self) -> float:
        """No factor is beyond."""
        return 1.0

    def chosen(self, setting: Setting, name: str, label: int) -> bool:
        """Return True if a unit is among those that change; these are spread evenly over the numbers of units."""
        start = int(setting.bits(name).random_raw(1)[0])
        return ((start + label * _STEP) % (1 << 64)) * 2.0**-64 < self.share

    @abstractmethod
    def factors(self, setting: Setting, name: str, label: int, moments: Moments) -> Floats:
        """Return how many times as large spikes of a unit are, float64, of the moments' shape."""

    def moment(self, setting: Setting, name: str, label: int, span_s: tuple[float, float]) -> float:
        """Draw when a unit changes, in seconds after the session's first sample."""
        return Draws.of(setting.bits(name, label)).real(*span_s)
