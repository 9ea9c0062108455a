"""Adding known events to counts: one engine for all events and all sources of counts."""

from .events import Events, FixedEvents, LowRankEvents, ScaledEvents
from .planter import EventTrain, PlantedUnit, Planter, flat_offsets

__all__ = [
    "EventTrain",
    "Events",
    "FixedEvents",
    "LowRankEvents",
    "PlantedUnit",
    "Planter",
    "ScaledEvents",
    "flat_offsets",
]
