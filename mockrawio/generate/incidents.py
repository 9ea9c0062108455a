"""What the faults of a rig come to in a session: counts that they add, and samples that have others in their place.

Each is listed with its channels and samples. From the layers and this list anyone can make the recording:

- the layers are summed, and cut off where the converter ends;
- then, in the order of their first samples, the faults that have a `fill` put that in the place of the sum: zeros, or
  what the recording has in the sample before the first.

A fault is found for any samples alone, and is the same one whatever else is asked for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ..ground.arrays import Floats, Ints
from ..session.probe import ContactMap
from .layers import Counts, Layer, Setting

ZEROS, HELD = "zeros", "held"


class FaultRow(NamedTuple):
    """A fault as the truth lists it.

    Attributes
    ----------
    kind : str
        ``dead``, ``noisy``, ``out``, ``stimulation``, ``movement``, ``dropped`` or ``clock``.
    seg_index : int
        The segment.
    channels : tuple of int
        The affected columns of the stream, ascending.
    i_start, i_stop : int
        Its samples of the segment, the last one not included.
    layer : str
        The layer with what it adds; empty if it adds nothing.
    fill : str
        What replaces the layers' sum: ``zeros``, or ``held``, the recording's sample ``i_start - 1`` (zeros if there is
        none); empty if nothing does.
    """

    kind: str
    seg_index: int
    channels: tuple[int, ...]
    i_start: int
    i_stop: int
    layer: str = ""
    fill: str = ""


@dataclass(frozen=True, eq=False)
class Rig:
    """What a session gives to its faults."""

    setting: Setting
    probe: ContactMap
    starts_ms: tuple[float, ...]  # when each segment starts, from the start of the session
    events: Callable[[], Floats]  # returns the session's events: (n, 2), ms from its start, and code

    @property
    def channels(self) -> tuple[int, ...]:
        """All columns."""
        return tuple(range(self.probe.n))

    def contacts(self, channels: Sequence[int]) -> Ints:
        """Return which contacts are wired to columns, in the order of the setting: int64, ascending."""
        found: Ints = np.sort(np.argsort(self.probe.order)[list(channels)])
        return found

    def only(self, contacts: Ints) -> Setting:
        """Return the setting of some contacts alone."""
        shifts = None if self.setting.shifts is None else self.setting.shifts[contacts]
        return replace(self.setting, places=self.setting.places[contacts], shifts=shifts, outside=())

    def frames(self, times_ms: Floats) -> tuple[Ints, ...]:
        """Return the samples next to times from the start of the session, those of each segment, ascending."""
        return tuple(self._frames(times_ms, *one) for one in zip(self.starts_ms, self.setting.lengths, strict=True))

    def _frames(self, times_ms: Floats, start_ms: float, length: int) -> Ints:
        a_ms = float(self.setting.sampling_rate / 1000)
        frames = np.rint((times_ms - start_ms) * a_ms).astype(np.int64)
        return np.sort(frames[(frames >= 0) & (frames < length)])


class Incident(ABC):
    """A fault in a session."""

    layer: Layer | None = None  # of what it adds

    @abstractmethod
    def rows(self, seg_index: int, start: int, stop: int) -> Iterable[FaultRow]:
        """Return what of it has a sample from `start` to `stop` (not included) of a segment, whole, in order."""


class Standing(Incident):
    """A fault that some channels have all the time."""

    def __init__(
        self, rig: Rig, kind: str, channels: Sequence[int], layer: Layer | None = None, fill: str = ""
    ) -> None:
        self.layer, self._lengths = layer, rig.setting.lengths
        self._row = FaultRow(kind, 0, tuple(channels), 0, 0, layer.name if layer else "", fill)

    def rows(self, seg_index: int, start: int, stop: int) -> Iterator[FaultRow]:
        """Yield it for the whole segment."""
        if start < stop:
            yield self._row._replace(seg_index=seg_index, i_stop=self._lengths[seg_index])


class Incidents:
    """All faults of a session."""

    def __init__(self, incidents: Iterable[Incident] = ()) -> None:
        self._all = tuple(incidents)

    @property
    def layers(self) -> list[Layer]:
        """What they add."""
        return [one.layer for one in self._all if one.layer is not None]

    def rows(self, seg_index: int, start: int, stop: int) -> list[FaultRow]:
        """Return what has a sample from `start` to `stop` of a segment, by their first samples."""
        found = [row for one in self._all for row in one.rows(seg_index, start, stop)]
        return sorted(found, key=lambda row: row.i_start)

    def fill(self, total: Counts, seg_index: int, i_start: int, made: Callable[[int], Counts], places: Ints) -> None:
        """Put what stands in the place of sums there.

        Parameters
        ----------
        total : ndarray of signed int, shape (n, n_contacts)
            The sum of all layers from sample `i_start` on; changed in place.
        seg_index, i_start : int
        made : callable
            Returns a sample of the recording as it is, (n_contacts,), by its number.
        places : ndarray of int64, shape (n_channels,)
            The column of `total` that each column of the recording is.
        """
        for row in self.rows(seg_index, i_start, i_start + len(total)):
            if row.fill:
                part = slice(max(0, row.i_start - i_start), row.i_stop - i_start)
                columns = places[list(row.channels)]
                held = row.fill == HELD and row.i_start > 0
                total[part, columns] = made(row.i_start - 1)[columns] if held else 0
