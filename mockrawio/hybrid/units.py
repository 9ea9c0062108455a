"""What the steps of a hybrid run hand to one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..ground.errors import MockSessionError
from ..planting import FixedEvents, LowRankEvents, PlantedUnit


class UnitSkipped(MockSessionError):
    """A unit cannot be made, for a reason that `found` has."""

    def __init__(self, reason: str) -> None:
        remedy = "Choose another unit, or other parameters."
        super().__init__("unit", "one that can be made", reason, remedy)

    def __reduce__(self) -> tuple[type[UnitSkipped], tuple[str]]:
        return type(self), (self.found,)


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


def center_of(events: LowRankEvents | FixedEvents) -> int:
    """Return which channel the mean event is largest on, as an index into the events' own."""
    if isinstance(events, FixedEvents):
        mean = events.samples.mean(axis=0)
    else:
        mean = np.tensordot(events.weights.mean(axis=0), events.basis, axes=1)
    return int(np.abs(mean).max(axis=0).argmax())
