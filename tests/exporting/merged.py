"""What is expected of formats that have one channel for all events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from mockrawio.formats.recorded import MergedEvents, Recorded, RecordedEvents


def merged(
    recorded: Recorded, name: str, keep: Callable[[MergedEvents, np.ndarray, int], np.ndarray] | None = None
) -> Recorded:
    """Return a recording whose events are all in one channel: those on samples of its only stream.

    `keep` is given the events, their samples and the segment, and says which of those are held.
    """
    stream = recorded.signals[0]

    def read(k: int, low: Any, high: Any) -> Any:
        marks = recorded.marks(k)
        frames = np.rint((marks.times - stream.t_starts[k]) * stream.rate)
        kept = (frames >= 0) & (frames < stream.sizes[k])
        if keep is not None:
            kept &= keep(marks, frames, k)
        return marks.times[kept], None, marks.labels[kept]

    return replace(recorded, events=(RecordedEvents(name, name, False, lambda k: len(read(k, 0, 0)[0]), read),))
