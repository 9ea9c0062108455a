"""One axis of samples for all segments, which lie so far apart on it that no two spikes of different ones match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..ground.arrays import Ints
from ..ground.errors import MockSessionError
from ..ground.once import once

APART = 1 << 24  # samples between two segments: more than any window
ENDLESS = 1 << 44  # samples of a segment of which no end is known


@dataclass(frozen=True)
class Axis:
    """The axis of a recording.

    Attributes
    ----------
    sizes : tuple of int
        Samples of each segment, :data:`ENDLESS` where no end is known.
    """

    sizes: tuple[int, ...] = (ENDLESS,)

    @once
    def starts(self) -> Ints:
        """Where each segment begins on the axis, int64 (segments,)."""
        return np.cumsum([0, *(size + APART for size in self.sizes[:-1])])

    def joined(self, frames: Sequence[Ints]) -> Ints:
        """Return frames of each segment as places on the axis, ascending; MockSessionError if one has no sample."""
        for part, size in zip(frames, self.sizes, strict=True):
            if len(part) and size < ENDLESS and not 0 <= part.min() <= part.max() < size:
                found = f"frames {part.min()} to {part.max()}"
                remedy = "Give the sorting of this recording; if it counts from elsewhere, say so with offset."
                raise MockSessionError("sorting", f"spikes at frames 0 to {size - 1}", found, remedy)
        placed = [np.sort(part) + start for part, start in zip(frames, self.starts, strict=True)]
        return np.concatenate(placed) if placed else np.empty(0, np.int64)

    def cut(self, frames: Ints) -> list[Ints]:
        """Return the frames of each segment, of frames that are counted through all of them without a gap."""
        if len(self.sizes) == 1:
            return [frames]
        if ENDLESS in self.sizes:
            expected, remedy = f"{len(self.sizes)} segments", "Give a SpikeInterface sorting of as many segments."
            raise MockSessionError("sorting", expected, "one, though it is not known where segments end", remedy)
        ends = np.cumsum(self.sizes)
        segment = np.searchsorted(ends[:-1], frames, side="right")
        return [frames[segment == k] - start for k, start in enumerate([0, *ends[:-1]])]

    def split(self, places: Ints) -> tuple[Ints, Ints]:
        """Return the segment of each place on the axis, and its frame in it."""
        segment = np.searchsorted(self.starts, places, side="right") - 1
        return segment, places - self.starts[segment]
