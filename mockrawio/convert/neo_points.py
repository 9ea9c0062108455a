"""Moments in a Neo segment (spikes, events) placed on a session's clock.

A reader gives a moment to the segment that has begun by then. So what lies before its
segment's first sample, or after the next segment's, would be read as another segment's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .clock import SLACK_MS
from .leftovers import Leftovers

__all__ = ["Stamps", "Timeline", "magnitude_ms"]

Stamps = npt.NDArray[np.float64]


def magnitude_ms(quantity: Any) -> Stamps:
    """Return times in ms, float64."""
    magnitude = quantity.rescale("ms").magnitude
    return np.atleast_1d(np.asarray(magnitude, dtype=np.float64))


@dataclass(frozen=True)
class Timeline:
    """Where a block's segments lie in the session.

    Attributes
    ----------
    zeros_ms : dict of int to float
        By segment of the block, its 0 s in ms since the Unix epoch.
    begins_ms : dict of int to float
        By segment of the block, in order, when it begins in the session; empty without signals.
    """

    zeros_ms: dict[int, float]
    begins_ms: dict[int, float]

    def place(self, what: str, segment: int, times_ms: Stamps, leftovers: Leftovers) -> tuple[Stamps, Any]:
        """Return times on the session's clock, and which of those given they are.

        Parameters
        ----------
        what : str
            For messages.
        segment : int
            Of the block.
        times_ms : ndarray of float64
            On the block's clock.
        leftovers : Leftovers
            Takes in what cannot be placed.
        """
        if segment not in self.zeros_ms:
            leftovers.add(what, "its segment has no signals, as others have, and a session's segments are its signals'")
            return times_ms[:0], slice(0, 0)
        times = times_ms + self.zeros_ms[segment]
        low, high = self._limits(segment)
        inside = (times >= low - SLACK_MS) & (times < high + SLACK_MS)
        if not inside.all():
            leftovers.add(what, f"{int((~inside).sum())} of {times.size} outside of what its segment is in a session")
        highest = np.nextafter(high, -np.inf) if np.isfinite(high) else high
        return np.clip(times[inside], low, highest), inside

    def _limits(self, segment: int) -> tuple[float, float]:
        """Return from when on, and until when, a moment is read as this segment's."""
        if segment not in self.begins_ms:
            return -np.inf, np.inf
        order = list(self.begins_ms)
        index = order.index(segment)
        low = self.begins_ms[segment] if index else -np.inf
        return low, self.begins_ms[order[index + 1]] if index + 1 < len(order) else np.inf
