"""Spike times as sample numbers: ms since the Unix epoch to integer frames, without loss.

A spike belongs to the nearest sample. Seconds times rate, rounded down, names the sample before
in some cases: 0.29 s at 100 Hz is frame 28. Here the difference of two stamps, which is exact in
float64, is scaled once and rounded once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Array

Frames = npt.NDArray[np.int64]


@dataclass(frozen=True)
class FrameClock:
    """The samples of one segment."""

    start_ms: float  # when sample 0 was taken, ms since the Unix epoch
    rate: float  # samples a second
    size: int | None = None  # how many samples there are; None for no end

    def frames(self, stamps_ms: Array) -> Frames:
        """Return the number of the sample nearest to each stamp, ms since the Unix epoch; halves go to the even one.

        It is int64 and (n,) as the stamps; negative before the first sample.
        """
        return np.rint((stamps_ms - self.start_ms) * (self.rate / 1000)).astype(np.int64)

    def inside(self, stamps_ms: Array) -> slice:
        """Return which of these ascending stamps have a sample in the segment."""
        if self.size is None or not len(stamps_ms):
            return slice(0, len(stamps_ms))
        first, last = self.frames(stamps_ms[[0, -1]])
        if first >= 0 and last < self.size:  # for most units a check of two stamps is enough
            return slice(0, len(stamps_ms))
        low, high = np.searchsorted(self.frames(stamps_ms), [0, self.size])
        return slice(int(low), int(high))
