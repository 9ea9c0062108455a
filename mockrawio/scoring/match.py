"""Which true events a sorter found, and which of its clusters stands for which true unit.

The numbers are those of SpikeInterface's ``compare_sorter_to_ground_truth``: two events match
if they are at most a window apart, a pair of trains agrees by matches / (true + found -
matches), and units are paired so that the agreements above a threshold add up to the most.

One thing differs. Here pairs are one to one, always: in order of time, each true event takes
the first event in its window that none has taken, which gives as many pairs as there can be.
SpikeInterface may count a found event twice where three events of one true unit lie within
twice the window of one another; nowhere else do the two differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ground.arrays import Bools, Floats, Ints
from ..ground.extras import extra_module

TOGETHER = 1 << 17  # events whose coincidences are in memory at once


def match_times(true: Ints, found: Ints, window: int) -> tuple[Ints, Ints]:
    """Pair the events of two trains, ascending samples, at most `window` apart and one to one.

    Returns the indices of ``true[i]`` and ``found[j]``, both ascending; an event may occur twice.
    """
    first = np.searchsorted(found, true - window, side="left")
    stop = np.searchsorted(found, true + window, side="right")
    some = np.flatnonzero(first < stop)
    taken = _in_turn(first[some], stop[some])
    paired = taken >= 0
    return some[paired], taken[paired]


def _in_turn(first: Ints, stop: Ints) -> Ints:
    """Give each event the first found one that is left in its window, from `first` to before `stop`; -1 if none is.

    Only where windows share a found event does it matter who was before.
    """
    taken = first.copy()
    apart = np.concatenate([[True], stop[:-1] <= first[1:], [True]])
    some = np.flatnonzero(~(apart[:-1] & apart[1:]))
    taken[some] = _one_by_one(first[some].tolist(), stop[some].tolist())
    return taken


def _one_by_one(first: list[int], stop: list[int]) -> list[int]:
    taken, free = [], 0
    for low, high in zip(first, stop, strict=True):
        free = max(free, low)
        taken.append(free if free < high else -1)
        free += free < high
    return taken


@dataclass(frozen=True, eq=False)
class Agreement:
    """How true units (U) and found clusters (V) agree."""

    n_true: Ints  # (U,), events of each true unit
    n_found: Ints  # (V,), events of each cluster
    n_matched: Ints  # (U, V), pairs of events
    scores: Floats  # (U, V), matched / (true + found - matched); 0 if there are no events
    partner: Ints  # (U,), the index of the cluster that stands for each unit; -1 if none does


def flat_trains(trains: Sequence[Ints]) -> tuple[Ints, Ints]:
    """Return the times of all trains in ascending order, and which train each is of."""
    sizes = [len(train) for train in trains]
    times = np.concatenate([*trains, np.empty(0, np.int64)])
    owner = np.repeat(np.arange(len(sizes)), sizes)
    bits = len(sizes).bit_length()
    if len(times) and -(1 << 62 - bits) < times.min() <= times.max() < 1 << 62 - bits:
        both = np.sort(times << bits | owner)  # sooner than the order of the times
        return both >> bits, both & (1 << bits) - 1
    order = np.argsort(times, kind="stable")
    return times[order], owner[order]


def coincidences(times: Ints, others: Ints, window: int) -> tuple[Ints, Ints]:
    """Return the indices of all pairs ``times[i]`` and ``others[j]``, which ascend, at most `window` apart."""
    first = np.searchsorted(others, times - window, side="left")
    counts = np.searchsorted(others, times + window, side="right") - first
    i = np.repeat(np.arange(len(times)), counts)
    return i, np.arange(len(i)) + np.repeat(first - (np.cumsum(counts) - counts), counts)


def compare_trains(true: Sequence[Ints], found: Sequence[Ints], window: int, *, match_score: float = 0.5) -> Agreement:
    """Compare every true unit with every cluster, both given by ascending samples; either may be empty.

    Events match if they are at most `window` samples apart; `match_score` is the least agreement of a unit and the
    cluster that stands for it.
    """
    n_true = np.array([len(times) for times in true], np.int64)
    n_found = np.array([len(times) for times in found], np.int64)
    n_matched = np.zeros((len(true), len(found)), np.int64)
    times, owner = flat_trains(true)
    others, cluster = flat_trains(found)
    for some in _batches(times, window):
        here = times[some]
        i, j = coincidences(here, others, window)
        cells = owner[some][i] * len(found) + cluster[j]
        n_matched += np.bincount(cells, minlength=n_matched.size).reshape(n_matched.shape)
        for cell, crowd in _crowds(i, j, cells):
            paired, _ = match_times(here[np.unique(i[crowd])], others[np.unique(j[crowd])], window)
            n_matched.flat[cell] -= len(crowd) - len(paired)
    either = n_true[:, None] + n_found - n_matched
    scores = n_matched / np.where(either > 0, either, 1)
    return Agreement(n_true, n_found, n_matched, scores, pair_units(scores, match_score))


def _batches(times: Ints, window: int) -> Iterator[slice]:
    """Yield about :data:`TOGETHER` events at a time, up to one after which no other event shares a coincidence."""
    gaps = np.flatnonzero(np.diff(times) > 2 * window) + 1
    after = np.searchsorted(gaps, np.arange(TOGETHER, len(times), TOGETHER))
    ends = np.unique(np.append(gaps, len(times))[after]).tolist()
    yield from map(slice, [0, *ends], [*ends, len(times)])


def _crowds(i: Ints, j: Ints, cells: Ints) -> Iterator[tuple[int, Ints]]:
    """Yield the cells in which an event occurs twice, and which coincidences of each are not alone."""
    several = np.flatnonzero(~_alone(i, j))
    several = several[np.argsort(cells[several], kind="stable")]
    one, two, of = i[several], j[several], cells[several]
    again = (of[1:] == of[:-1]) & ((one[1:] == one[:-1]) | (two[1:] <= two[:-1]))
    repeated = np.unique(of[1:][again])
    begins, ends = np.searchsorted(of, repeated), np.searchsorted(of, repeated, side="right")
    for cell, begin, end in zip(repeated.tolist(), begins.tolist(), ends.tolist(), strict=True):
        yield cell, several[begin:end]


def _alone(i: Ints, j: Ints) -> Bools:
    """Return True for the coincidences of two events that have no other one; `i` ascends."""
    new = np.concatenate([[True], i[1:] != i[:-1], [True]])
    alone: Bools = new[:-1] & new[1:] & (np.bincount(j)[j] == 1)
    return alone


def pair_units(scores: Floats, least: float) -> Ints:
    """Pair rows and columns of scores, (U, V), so that those of the pairs, none below `least`, add up to the most.

    Ties are resolved as SciPy's ``linear_sum_assignment`` does, which is what SpikeInterface calls. Returns the
    column of each row, -1 for none.
    """
    counted = np.where(scores >= least, scores, 0.0)
    partner = np.full(len(scores), -1, np.int64)
    assign = extra_module("scipy.optimize", "pairing units", "hybrid").linear_sum_assignment
    rows, columns = assign(counted, maximize=True)
    good = scores[rows, columns] >= least
    partner[rows[good]] = columns[good]
    return partner


def share_out(
    true: Sequence[Ints], found: Sequence[Ints], partner: Ints, matched: Sequence[tuple[Ints, Ints]], window: int
) -> tuple[Ints, ...]:
    """Say of each event of each true unit which cluster has it, -1 if none does.

    It is the unit's own `partner` if the event is `matched`, which has :func:`match_times` for each unit, else the one
    of the nearest event in the window that matches no other. Returns an array a unit.
    """
    times, owner = flat_trains(found)
    place = np.argsort(
        owner.astype(np.min_scalar_type(len(found))), kind="stable"
    )  # of each cluster's events among all
    begins = np.cumsum([0, *map(len, found)])
    taken = np.zeros(len(times), np.bool_)
    columns = [np.full(len(train), -1, np.int64) for train in true]
    for (event, spike), has, column in zip(matched, columns, partner.tolist(), strict=True):
        has[event] = column
        taken[place[begins[column] + spike]] = True
    every = np.concatenate([*columns, np.empty(0, np.int64)])
    missed = np.flatnonzero(every < 0)
    event, spike = nearest_left(np.concatenate([*true, np.empty(0, np.int64)])[missed], times, window, taken)
    every[missed[event]] = owner[spike]
    return tuple(np.split(every, np.cumsum([len(train) for train in true])[:-1])) if true else ()


@dataclass(frozen=True, eq=False)
class Confusion:
    """How many events of each true unit each cluster has.

    Attributes
    ----------
    true_labels : tuple
        Of the rows, ascending; after the last, `counts` has one more row, of what is found and
        belongs to no true event.
    hybrid_labels : tuple
        Of the columns; after the last, `counts` has one more column, of true events that were
        not found.
    counts : ndarray of int64, shape (rows + 1, columns + 1)
    """

    true_labels: tuple[Any, ...]
    hybrid_labels: tuple[Any, ...]
    counts: Ints


def confusion_matrix(rows: Ints, columns: Ints, n_rows: int, n_found: Ints, *, sort: bool = True) -> tuple[Ints, Ints]:
    """Count what became of the true events, whose units are `rows` and whose clusters are `columns`, -1 if not found.

    To bring the large counts to the diagonal they are sorted, unless `sort` is false: row by row, the columns from
    the row's own on by the row's counts, the largest first. Returns which clusters the columns are, those without
    any true event left out, and the counts, as :class:`Confusion` has them; `n_found` are the events of each
    cluster.
    """
    counts = np.zeros((n_rows + 1, len(n_found) + 1), np.int64)
    np.add.at(counts, (rows, columns), 1)  # column -1 is the last
    order = np.flatnonzero(counts[:-1, :-1].any(axis=0))
    counts[-1, :-1] = n_found - counts[:-1, :-1].sum(axis=0)
    if sort:
        for row in range(min(n_rows, len(order))):
            order[row:] = order[row:][np.argsort(-counts[row, order[row:]], kind="stable")]
    return order, counts[:, np.append(order, len(n_found))]


def nearest_left(true: Ints, found: Ints, window: int, taken: Bools) -> tuple[Ints, Ints]:
    """Pair true events with the nearest of those found events, ascending, that are not `taken`, one to one.

    Returns the indices of ``true[i]`` and ``found[j]``, at most `window` samples apart. The closest pair of all is
    made first; of equally close ones that of the earlier true event, then of the earlier found one.
    """
    free = np.flatnonzero(~taken)
    i, j = coincidences(true, found[free], window)
    j = free[j]
    alone = _alone(i, j)
    some = np.flatnonzero(~alone)
    some = some[np.argsort(np.abs(found[j[some]] - true[i[some]]), kind="stable")]
    events: set[int] = set()
    spikes: set[int] = set()
    pairs = []
    for event, spike in zip(i[some].tolist(), j[some].tolist(), strict=True):
        if event not in events and spike not in spikes:
            events.add(event)
            spikes.add(spike)
            pairs.append((event, spike))
    both = np.array(pairs, np.int64).reshape(-1, 2)
    return np.concatenate([i[alone], both[:, 0]]), np.concatenate([j[alone], both[:, 1]])
