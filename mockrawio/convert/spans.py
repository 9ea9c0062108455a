"""Times: the instant of 0 s, and segments laid out so that they do not overlap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timezone
from itertools import pairwise
from typing import Any, NamedTuple

from ..ground.errors import MockSessionError
from ..session.clock import EARLIEST_MS, LATEST_MS
from ..session.instants import to_ms

DEFAULT_START = datetime(2000, 1, 1, tzinfo=timezone.utc)
GAP_MS = 1000.0  # between segments that say nothing of their own times
SLACK_MS = 1e-3  # float64 tells stamps of this century apart by 0.25 µs; sums of three may be off by more


def instant_ms(start: datetime | float | None, default: float | None = None) -> float:
    """Return an instant, a datetime (UTC if it has no time zone) or ms since the Unix epoch, in ms.

    None stands for the default, or for 2000-01-01 00:00:00 UTC.
    """
    if start is None:
        return DEFAULT_START.timestamp() * 1000 if default is None else default
    if isinstance(start, datetime):
        return to_ms(start)
    if isinstance(start, bool) or not isinstance(start, (int, float)) or not math.isfinite(start):
        raise MockSessionError("start", "a datetime, or ms since the Unix epoch", f"{start!r}", "Give one.")
    return float(start)


def start_of(start: datetime | float | None, *sources: Any) -> float:
    """Return the instant of an extractor's 0 s, ms since the Unix epoch: `start` as it is given.

    Else what the first of the sources says that is annotated with `time_origin_ms`, as ours are.
    """
    noted = (source.get_annotation("time_origin_ms") for source in sources if hasattr(source, "get_annotation"))
    return instant_ms(next((instant for instant in (start, *noted) if instant is not None), None))


def check_era(first_ms: float, last_ms: float) -> None:
    """Refuse times that a reader would not take as ms since the Unix epoch."""
    for time in (first_ms, last_ms):
        if not EARLIEST_MS <= time <= LATEST_MS:
            found = f"{time:.0f} ms since the Unix epoch"
            raise MockSessionError("start", "times from 1990 to 2100", found, "Give the instant of 0 s as start=.")


class Span(NamedTuple):
    """What a segment takes up, ms on any clock."""

    # start, stop: where its samples begin and end; `start` is where a reader begins the segment
    start: float
    stop: float
    # first, last: the first and the last thing in it
    first: float
    last: float

    def later(self, by_ms: float) -> Span:
        """Return the same span, moved later."""
        return Span(*(time + by_ms for time in self))


def lay_out(spans: Sequence[Span], slack: float) -> list[float]:
    """Return by how many ms each segment is moved so that they follow one another.

    All 0 if the segments are in order as they are; `slack` is by how much a segment's samples may begin before the end
    of those before. Else the first stays, and each of the others begins 1 s after the end of the one before.
    """
    pairs = list(pairwise(spans))
    if all(a.stop <= b.start + slack and a.last < b.start + SLACK_MS for a, b in pairs):
        return [0.0] * len(spans)
    shifts = [0.0]
    for before, span in pairs:
        end = max(before.stop, before.last) + shifts[-1]
        shifts.append(end + GAP_MS - min(span.start, span.first))
    return shifts
