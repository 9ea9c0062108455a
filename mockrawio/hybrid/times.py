"""When a new unit fires.

What is true of the times that :func:`drawn_times` returns (docs/hybridfactory.rst, *Times of the new events*):

- they ascend, and each one's window lies wholly inside one file;
- each is a refractory period or more from every spike of the source unit, and from every other
  new one; so no time comes twice;
- the jitter is symmetric: as likely forward as backward, by amounts of one distribution;
- what could not be placed is counted, by reason.

A time that does not fit is drawn again, up to ``ROUNDS`` times. The jitter grows with each
round, by half a refractory period, so that one between close spikes, or with no jitter at
all, finds a place.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..ground.arrays import Bools, Ints
from .recording import RawRecording

REFRACTORY_MS = 2.0
ROUNDS = 24  # the last one draws from all over the neighbourhood: 12 refractory periods more


class Spacing(NamedTuple):
    """What times must keep to, in samples."""

    before: int  # extent of a window before a time
    after: int  # and after it
    refractory: int  # least distance between two spikes of a unit
    jitter: float  # standard deviation of the jitter


class FiringTimes(NamedTuple):
    """Times, and how many could not be placed."""

    times: Ints  # ascending, absolute samples
    n_edge: int  # left out since the window would leave its file
    n_refractory: int  # left out since there was no room between other spikes
    n_over_cap: int  # left out, drawn at random, since there were more than the cap


def regular_times(recording: RawRecording, rate: float, before: int, after: int) -> Ints:
    """Return times at exactly `rate` Hz through every file, each with its window inside."""
    step = recording.sample_rate / rate
    runs = []
    for file in recording.files:
        first, last = file.start + before, file.start + file.n_frames - after - 1
        count = math.floor((last - first) / step) + 1
        times = first + np.floor(np.arange(count) * step + 0.5).astype(np.int64)
        runs.append(times[times <= last])
    return np.concatenate(runs)


def drawn_times(
    recording: RawRecording,
    own: Ints,
    timing: Spacing,
    random: np.random.Generator,
    *,
    rate: float | None = None,
    cap: int | None = None,
) -> FiringTimes:
    """Draw the times of a new unit from all spikes, in any order, of the unit that its events come from.

    They are the unit's own times, each moved by a refractory period and the jitter; with a `rate`, in Hz, regular
    times, jittered. `cap` is the most times wanted.
    """
    own, apart = np.sort(own), max(timing.refractory, 1)
    base = own if rate is None else regular_times(recording, rate, timing.before, timing.after)
    least = timing.refractory if rate is None else 0
    kept: Ints = np.empty(0, np.int64)
    pending: Ints = base
    outside: Bools = np.zeros(0, np.bool_)
    for turn in range(ROUNDS):
        if not len(pending):
            break
        drawn = pending + _offsets(len(pending), least, timing, turn, random)
        outside = ~recording.holds_many(drawn - timing.before, drawn + timing.after + 1)
        free = ~outside & _clear(drawn, own, timing.refractory) & _clear(drawn, kept, apart)
        free[free] = _apart(drawn[free], apart)
        kept = np.sort(np.concatenate([kept, drawn[free]]))
        pending, outside = pending[~free], outside[~free]
    n_edge = int(outside.sum()) if len(pending) else 0
    times = kept if cap is None or len(kept) <= cap else np.sort(random.choice(kept, size=cap, replace=False))
    return FiringTimes(times, n_edge, len(pending) - n_edge, len(kept) - len(times))


def _offsets(count: int, least: int, timing: Spacing, turn: int, random: np.random.Generator) -> Ints:
    """Return `count` offsets of either sign, `least` or more in size."""
    spread = timing.jitter + turn * timing.refractory / 2
    size = least + np.floor(np.abs(random.normal(0.0, 1.0, count)) * spread + 0.5).astype(np.int64)
    forward = random.random(count) < 0.5
    offsets: Ints = np.where(forward, size, -size)
    return offsets


def _clear(times: Ints, others: Ints, refractory: int) -> Bools:
    """Tell which times are `refractory` or more from all of `others`, which ascend."""
    if not len(others):
        return np.ones(len(times), bool)
    right = np.searchsorted(others, times)
    after = others[np.minimum(right, len(others) - 1)]
    before = others[np.maximum(right - 1, 0)]
    clear: Bools = (np.abs(after - times) >= refractory) & (np.abs(times - before) >= refractory)
    return clear


def _apart(times: Ints, refractory: int) -> Bools:
    """Tell which times may stay so that all that stay are `refractory` apart; the rest try again."""
    order = np.argsort(times, kind="stable")
    stays = np.empty(len(times), bool)
    stays[order] = np.diff(times[order], prepend=np.iinfo(np.int64).min // 2) >= refractory
    return stays
