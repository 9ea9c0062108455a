"""The faults of a rig, a module each: a fault is a :class:`~.part.Fault`, and an entry in :data:`FAULTS`."""

from __future__ import annotations

from ..form import Family
from .clock import ClockSkew
from .dead import DeadChannel
from .dropped import DroppedPackets
from .movement import MovementArtifact
from .noisy import NoisyChannel
from .out_of_brain import OutOfBrain
from .part import Fault
from .stimulation import StimulationArtifact

__all__ = [
    "FAULTS",
    "ClockSkew",
    "DeadChannel",
    "DroppedPackets",
    "Fault",
    "MovementArtifact",
    "NoisyChannel",
    "OutOfBrain",
    "StimulationArtifact",
]

FAULTS = Family(
    "a fault",
    DeadChannel,
    NoisyChannel,
    OutOfBrain,
    StimulationArtifact,
    MovementArtifact,
    DroppedPackets,
    ClockSkew,
)
