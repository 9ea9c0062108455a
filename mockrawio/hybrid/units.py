"""What the steps of a hybrid run hand to one another."""

from __future__ import annotations

from dataclasses import dataclass

from ..planting import FixedEvents, LowRankEvents, PlantedUnit


class UnitSkipped(Exception):
    """A unit cannot be made; the text says why."""


@dataclass(frozen=True, kw_only=True)
class HybridUnit(PlantedUnit):
    """A new unit: which events were added where and when, on the rows and samples of the raw data.

    Attributes
    ----------
    true_unit : int
        Label of the unit that its events come from.
    new_unit : int
        Its own label.
    center : int
        Raw row on which the unit is centred.
    """

    events: LowRankEvents | FixedEvents
    true_unit: int
    new_unit: int
    center: int
