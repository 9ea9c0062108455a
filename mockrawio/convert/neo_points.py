"""Times in a Neo segment (spikes, events) placed on a session's clock.

A reader assigns a time to the segment that has begun by then. So what lies before its
segment's first sample, or after the next segment's, would be read as another segment's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from neo.core import Block

from .leftovers import Leftovers
from .spans import SLACK_MS, instant_ms

Stamps = npt.NDArray[np.float64]


def magnitude_ms(quantity: Any) -> Stamps:
    """Return times in ms, float64."""
    magnitude = quantity.rescale("ms").magnitude
    return np.atleast_1d(np.asarray(magnitude, dtype=np.float64))


def zeros(block: Block, start: datetime | float | None, leftovers: Leftovers) -> tuple[float, list[float]]:
    """Return a block's 0 s in ms since the Unix epoch, and by how many ms that of each segment is later.

    `start` is when 0 s is, if other than the block says.
    """
    noted = next((block.annotations[key] for key in _NOTED if key in block.annotations), None)
    said = [instant_ms(instant) for instant in (noted, block.rec_datetime) if instant is not None]
    own = [None if segment.rec_datetime is None else instant_ms(segment.rec_datetime) for segment in block.segments]
    if _from_nix(block):
        if "time_origin_ms" not in block.annotations and any(abs(zero - said[-1]) >= _NIX_MS for zero in own if zero):
            leftovers.remark(_NIX_REMARK)
        own = [None] * len(own)
    elif start is None and "time_origin_ms" in block.annotations and abs(said[0] - said[-1]) >= _NIX_MS:
        leftovers.remark(
            f"block: its times are taken to count from its annotation time_origin_ms, "
            f"{abs(said[0] - said[-1]) / 1000:g} s off its rec_datetime; give start= for another instant"
        )
    said = said or [zero for zero in own if zero is not None][:1]
    later = [0.0 if zero is None else _later(zero, said) for zero in own]
    return instant_ms(start, said[0] if said else None), later


# Where the instant of 0 s is kept as it is: ours, since NIX keeps whole seconds, as local time; and NWB's.
_NOTED = ("time_origin_ms", "timestamps_reference_time")
_NIX_MS = 1000.0
_NIX_REMARK = (
    "block: the rec_datetime of its segments is not used, since NixIO gives the time of writing where there was none; "
    "it is used once the block has no annotation 'nix_name'"
)


def _from_nix(block: Block) -> bool:
    """Return True if NixIO may have read a block: it annotates what it writes too, but reads whole seconds only."""
    recorded = [block.rec_datetime, *(segment.rec_datetime for segment in block.segments)]
    return "nix_name" in block.annotations and all(instant and not instant.microsecond for instant in recorded)


def _later(zero: float, said: list[float]) -> float:
    """Return by how many ms an instant is later than the first of those, 0 if it is one, but for a datetime's µs."""
    return 0.0 if any(abs(zero - instant) < SLACK_MS for instant in said) else zero - said[0]


@dataclass(frozen=True)
class Timeline:
    """Where a block's segments lie in the session."""

    zeros_ms: dict[int, float]  # by segment of the block, its 0 s in ms since the Unix epoch
    # by segment of the block, in order, when it begins in the session; empty without signals
    begins_ms: dict[int, float]

    def place(self, what: str, segment: int, times_ms: Stamps, leftovers: Leftovers) -> tuple[Stamps, Any]:
        """Return times on the block's clock as those on the session's, and their indexes among those given."""
        if segment not in self.zeros_ms:
            leftovers.add(what, "its segment has no signals, as others have, and a session's segments are its signals'")
            return times_ms[:0], slice(0, 0)
        times = times_ms + self.zeros_ms[segment]
        low, high = self._limits(segment)
        inside = (times >= low - SLACK_MS) & (times < high + SLACK_MS)
        if not inside.all():
            leftovers.add(what, f"{int((~inside).sum())} of {times.size} outside its segment")
        highest = np.nextafter(high, -np.inf) if np.isfinite(high) else high
        return np.clip(times[inside], low, highest), inside

    def _limits(self, segment: int) -> tuple[float, float]:
        """Return between which times a moment is read as this segment's."""
        if segment not in self.begins_ms:
            return -np.inf, np.inf
        order = list(self.begins_ms)
        index = order.index(segment)
        low = self.begins_ms[segment] if index else -np.inf
        return low, self.begins_ms[order[index + 1]] if index + 1 < len(order) else np.inf
