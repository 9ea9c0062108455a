"""When a session is marked by events of its own, in the time of its segments."""

from __future__ import annotations

import numpy as np

from . import stimulus
from .parts.field.part import Marked, Marks
from .plan import Plan


def marks_of(plan: Plan) -> Marks:
    """Return what gives the session's own events of a code, or all: when they are, in s of each segment."""
    stamps, codes = stimulus.events(plan).T
    edges = [segment.start_ms for segment in plan.segments[1:]]

    def marks(code: int | None) -> Marked:
        some = stamps if code is None else stamps[codes == code]
        parts = np.split(some, np.searchsorted(some, edges))
        return tuple((part - segment.start_ms) / 1000 for part, segment in zip(parts, plan.segments, strict=True))

    return marks
