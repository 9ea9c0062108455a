"""Adding known events to counts: one engine, whatever the events are and wherever the counts come from."""

from .events import Events, FixedEvents, LowRankEvents, ScaledEvents
from .planter import PlantedUnit, Planter

__all__ = ["Events", "FixedEvents", "LowRankEvents", "PlantedUnit", "Planter", "ScaledEvents"]
