"""Where the segments of a session begin, when its streams have gaps of their own.

A gap in any stream cuts all of them at one instant. Each is cut before its first sample at or after that
instant, so every sample is in one segment, and the order is kept; nothing is dropped, nothing made up. A gap
is the time after a stream's last sample before it, up to the first one after it: gaps of several streams that
have an instant in common are cut at that one.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from .clock import Run

Runs = tuple[Run, ...]
_NEAR = 0.05  # samples: stamps around 1.6e12 ms are 0.0002 ms apart in float64


class Bridged(NamedTuple):
    """Runs, some of which were put together."""

    runs: Runs
    n: int  # how many gaps were bridged
    missing_ms: float  # how long they are in all


def bridge(runs: Runs, rate: float, tolerance_ms: float | None) -> Bridged:
    """Put runs (rate in Hz) together between which no more than `tolerance_ms` are missing; None bridges nothing."""
    if tolerance_ms is None or len(runs) < 2:
        return Bridged(runs, 0, 0.0)
    kept, count, total = [runs[0]], 0, 0.0
    for before, run in pairwise(runs):
        missing = run.t_start_ms - before.t_start_ms - (before.stop - before.start) * 1000 / rate
        if missing <= tolerance_ms + _NEAR * 1000 / rate:
            kept[-1] = kept[-1]._replace(stop=run.stop)
            count, total = count + 1, total + missing
        else:
            kept.append(run)
    return Bridged(tuple(kept), count, total)


def common_cuts(streams: Iterable[tuple[Runs, float]]) -> list[float]:
    """Return the fewest instants that have one in every gap of every stream, given as its runs and its rate in Hz.

    They are ms since the Unix epoch, ascending: in each gap of the first sample after it that any stream has.
    """
    streams = list(streams)
    gaps = sorted((b.t_start_ms, _low(a, b, rate)) for runs, rate in streams for a, b in pairwise(runs))
    cuts: list[float] = []
    lows: list[float] = []
    for high, low in gaps:
        if cuts and low < cuts[-1]:  # the last cut is in this gap too
            lows[-1] = max(lows[-1], low)
        else:
            cuts.append(high)
            lows.append(low)
    begins = sorted(runs[0].t_start_ms for runs, _ in streams)  # a stream that begins in a gap is not cut there
    following = [begins[k] if (k := bisect_right(begins, low)) < len(begins) else math.inf for low in lows]
    return [min(pair) for pair in zip(cuts, following, strict=True)]


def _low(before: Run, after: Run, rate: float) -> float:
    """Return when the gap between two runs begins: a cut after it is in the gap."""
    last = before.t_start_ms + (before.stop - before.start - 1 + _NEAR) * 1000 / rate
    return min(last, math.nextafter(after.t_start_ms, -math.inf))


def cut_runs(runs: Runs, rate: float, cuts: Sequence[float], origin_ms: float) -> Runs:
    """Return a stream's samples by segment, one more than cuts; of a segment in which it has none, an empty run.

    The rate is in Hz, the cuts are those of :func:`common_cuts` of this and other streams. An empty run begins at
    `origin_ms` in the first segment, in others at the cut.
    """
    starts = [run.t_start_ms for run in runs]
    edges = [runs[0].start, *(_first_after(runs, starts, rate, cut) for cut in cuts), runs[-1].stop]
    firsts = [run.start for run in runs]
    pieces = []
    for (start, stop), begin in zip(pairwise(edges), [origin_ms, *cuts], strict=True):
        if start < stop:
            run = runs[bisect_right(firsts, start) - 1]
            begin = run.t_start_ms + (start - run.start) * 1000 / rate
        pieces.append(Run(start, stop, begin))
    return tuple(pieces)


def _first_after(runs: Runs, starts: list[float], rate: float, cut: float) -> int:
    """Return the index of the first sample at or after an instant."""
    k = bisect_right(starts, cut) - 1
    if k < 0:
        return runs[0].start
    run = runs[k]
    return min(run.start + math.ceil((cut - run.t_start_ms) * rate / 1000 - _NEAR), run.stop)
