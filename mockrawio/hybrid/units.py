"""What the steps of a hybrid run hand to one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..planting import FixedEvents, LowRankEvents, PlantedUnit

__all__ = ["HybridUnit", "Source", "SourceFile", "UnitSkipped"]

Array = npt.NDArray[Any]


class SourceFile(Protocol):
    """One file of a source, as :class:`~mockrawio.hybrid.recording.RawFile` has it."""

    @property
    def path(self) -> str:
        """Where it is, or what it is to be called."""

    @property
    def start(self) -> int:
        """Its first sample on the absolute axis."""

    @property
    def n_frames(self) -> int:
        """How many samples, of all channels, it holds."""


class Source(Protocol):
    """What a recording must offer to have events taken from it and added to a copy of it.

    :class:`~mockrawio.hybrid.recording.RawRecording` is one.
    """

    @property
    def sample_rate(self) -> float:
        """Hz."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the samples: integers."""

    @property
    def n_channels(self) -> int:
        """Rows of the raw data, C."""

    @property
    def files(self) -> Sequence[SourceFile]:
        """Ascending by start, without overlap."""

    @property
    def stop(self) -> int:
        """One past the last sample of the last file."""

    def read(self, start: int, stop: int, channels: Any = None) -> Array:
        """Return samples, (stop - start, C)."""

    def holds_many(self, starts: npt.ArrayLike, stops: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Tell which ranges lie wholly inside one file."""

    def gather(self, centers: npt.ArrayLike, before: int, after: int, channels: Any) -> Array:
        """Return a window around every centre, (p, before + after + 1, m)."""


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
