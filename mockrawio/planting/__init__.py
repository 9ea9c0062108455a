"""Adding known events to counts: one engine for all events and all sources of counts."""

from .events import Events, FixedEvents, LowRankEvents, ScaledEvents
from .planter import PlantedUnit, Planter

__all__ = ["Events", "FixedEvents", "LowRankEvents", "PlantedUnit", "Planter", "ScaledEvents"]
