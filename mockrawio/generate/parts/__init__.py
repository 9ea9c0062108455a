"""The parts that a spec is made of, a module each."""

from .acquisition import Acquisition
from .faults import (
    ClockSkew,
    DeadChannel,
    DroppedPackets,
    MovementArtifact,
    NoisyChannel,
    OutOfBrain,
    StimulationArtifact,
)
from .field import Evoked, Nested, Pink, Rhythm, Ripples, Sine
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
from .motion import Appearing, ByDepth, Days, Fading, Given, Jump, RandomWalk, Vanishing, Zigzag
from .noise import FarUnits, Hum, Measured, NoiseFrom, Spatial, White
from .sync import Sync
from .units import Classes, EpiphyteUnits, Exponential, LogNormal, Power, Uniform, Units

__all__ = [
    "Acquisition",
    "Appearing",
    "Bursts",
    "ByDepth",
    "Classes",
    "ClockSkew",
    "Common",
    "Days",
    "DeadChannel",
    "DroppedPackets",
    "EpiphyteUnits",
    "EventLocked",
    "Evoked",
    "Exponential",
    "Fading",
    "FarUnits",
    "Firing",
    "Gamma",
    "Given",
    "Hum",
    "Jump",
    "LogNormal",
    "Measured",
    "MovementArtifact",
    "MovieLocked",
    "Nested",
    "NoiseFrom",
    "NoisyChannel",
    "OutOfBrain",
    "PhaseLocked",
    "Pink",
    "Poisson",
    "Power",
    "Profile",
    "RandomWalk",
    "Rhythm",
    "Ripples",
    "Sine",
    "Spatial",
    "StimulationArtifact",
    "Sync",
    "Synchrony",
    "Uniform",
    "Units",
    "Vanishing",
    "White",
    "Zigzag",
]
