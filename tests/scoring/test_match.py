"""Which events match, which cluster stands for which unit: against slow references, SciPy and SpikeInterface."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from spikeinterface.comparison import compare_sorter_to_ground_truth
from spikeinterface.core import NumpySorting

from mockrawio.scoring.match import (
    compare_trains,
    confusion_matrix,
    flat_trains,
    match_times,
    nearest_left,
    pair_units,
)
from tests.length import rounds

RATE = 30_000
TRAINS = st.lists(st.integers(0, 60), max_size=12).map(lambda times: np.array(sorted(times), np.int64))


def most_pairs(true, found, window):
    """The size of the largest one-to-one matching, by augmenting paths."""
    owner = {}

    def place(event, seen):
        for spike in np.flatnonzero(np.abs(found - true[event]) <= window).tolist():
            if spike not in seen:
                seen.add(spike)
                if spike not in owner or place(owner[spike], seen):
                    owner[spike] = event
                    return True
        return False

    return sum(place(event, set()) for event in range(len(true)))


@pytest.mark.at_length
@settings(max_examples=rounds(35, 100))
@given(TRAINS, TRAINS, st.integers(0, 8))
def test_match_times(true, found, window):
    """Pairs are one to one, in order, within the window, and as many as there can be."""
    i, j = match_times(true, found, window)
    assert (np.diff(i) > 0).all() and (np.diff(j) > 0).all()
    assert (np.abs(true[i] - found[j]) <= window).all()
    assert len(i) == most_pairs(true, found, window)


def pairs_in_turn(true, found, window):
    """Each true event takes the first found one in its window that is left, one comparison at a time."""
    pairs, free = [], 0
    for i, time in enumerate(true.tolist()):
        while free < len(found) and found[free] < time - window:
            free += 1
        if free < len(found) and found[free] <= time + window:
            pairs.append((i, free))
            free += 1
    return pairs


def nearest_pairs(true, found, window, taken):
    """The closest pair of events that are left is made, one after the other, of equally close ones the first."""
    apart = np.abs(true[:, None] - found).astype(float)
    apart[:, taken] = np.inf
    pairs = []
    while apart.size and apart.min() <= window:
        i, j = np.unravel_index(apart.argmin(), apart.shape)
        pairs.append((int(i), int(j)))
        apart[i], apart[:, j] = np.inf, np.inf
    return pairs


@pytest.mark.at_length
@settings(max_examples=rounds(35, 100))
@given(TRAINS, TRAINS, st.integers(0, 8))
def test_match_times_in_turn(true, found, window):
    """Pairs are those that are made one event after the other, ties, doubles and crowds included."""
    i, j = match_times(true, found, window)
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == pairs_in_turn(true, found, window)


SEVERAL = st.lists(TRAINS, max_size=3)


@pytest.mark.at_length
@settings(max_examples=rounds(35, 100))
@given(SEVERAL, SEVERAL, st.integers(0, 4), st.integers(1, 40))
def test_counts_of_all_pairs(true, found, window, together):
    """Every true unit and cluster have as many pairs as if there were no others, however many are compared at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mockrawio.scoring.match.TOGETHER", together)
        counts = compare_trains(true, found, window).n_matched
    assert counts.tolist() == [[len(pairs_in_turn(one, two, window)) for two in found] for one in true]


@pytest.mark.parametrize("size", [0, 1 << 55, 1 << 62])
def test_flat_trains(size):
    """Times of all trains ascend, those of equal times by their trains, of any size and sign."""
    trains = [np.array([-size, 3, 5, 5]), np.empty(0, np.int64), np.array([3, 5, size + 5]), np.array([-size])]
    expected = sorted((time, k) for k, train in enumerate(trains) for time in train.tolist())
    times, owner = flat_trains(trains)
    assert list(zip(times.tolist(), owner.tolist(), strict=True)) == expected


@pytest.mark.at_length
@settings(max_examples=rounds(35, 100))
@given(TRAINS, TRAINS, st.integers(0, 8), st.integers(0, 2**12 - 1))
def test_nearest_left(true, found, window, bits):
    """Pairs are one to one, within the window, of free events, and none could be added."""
    taken = np.array([bool(bits >> k & 1) for k in range(len(found))], bool)
    i, j = nearest_left(true, found, window, taken)
    assert len(set(i.tolist())) == len(set(j.tolist())) == len(i)
    assert (np.abs(true[i] - found[j]) <= window).all() and not taken[j].any()
    free = np.setdiff1d(np.flatnonzero(~taken), j)
    left = np.setdiff1d(np.arange(len(true)), i)
    assert not (np.abs(true[left][:, None] - found[free]) <= window).any()
    assert set(zip(i.tolist(), j.tolist(), strict=True)) == set(nearest_pairs(true, found, window, taken))


def test_nearest_left_takes_the_closest():
    """Of two candidates the nearer one is taken, although the other comes first."""
    i, j = nearest_left(np.array([10]), np.array([7, 11]), 5, np.zeros(2, bool))
    assert (i.tolist(), j.tolist()) == ([0], [1])


@pytest.mark.parametrize("seed", range(40))
def test_pair_units(seed):
    """Units are paired as SciPy pairs them, ties included, and never below the least score."""
    random = np.random.default_rng(seed)
    for _ in range(10):
        shape = random.integers(1, 8, 2)
        scores = random.integers(0, 4, shape) / 3 if seed % 2 else random.random(shape)
        rows, columns = linear_sum_assignment(-np.where(scores >= 0.5, scores, 0))
        expected = np.full(shape[0], -1)
        for row, column in zip(rows, columns, strict=True):
            expected[row] = column if scores[row, column] >= 0.5 else -1
        np.testing.assert_array_equal(pair_units(scores, 0.5), expected)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_pair_units_of_nothing(shape):
    """Without units or clusters there are no pairs."""
    assert pair_units(np.zeros(shape), 0.5).tolist() == [-1] * shape[0]


def spaced(random, count):
    """A train in which no three events are within 2 ms, with some events twice."""
    times = np.cumsum(random.integers(61, 2000, count))
    return np.sort(np.concatenate([times, times[::9]]))


def sorter(random, trains):
    """Degrade: events lost, moved, added, doubled; a cluster split, two merged, one empty, one of noise."""
    found = []
    for train in trains:
        kept = train[random.random(len(train)) > 0.15]
        kept = kept + random.integers(-40, 41, len(kept))
        more = random.integers(0, max(int(train.max(initial=1)), 1), len(train) // 8)
        found.append(np.sort(np.concatenate([kept, more, kept[::11]])))
    split = random.random(len(found[0])) > 0.3
    merged = np.sort(np.concatenate(found[1:3]))
    noise = np.sort(random.integers(0, 300_000, 400))
    return [found[0][split], found[0][~split], merged, *found[3:], np.empty(0, np.int64), noise]


def as_spikeinterface(trains, first_label=1):
    return NumpySorting.from_unit_dict([{first_label + k: train for k, train in enumerate(trains)}], RATE)


def assert_agrees(true, found, **options):
    """Check every number that both have; the window is 1 ms."""
    theirs = compare_sorter_to_ground_truth(
        as_spikeinterface(true), as_spikeinterface(found), delta_time=1.0, **options
    )
    ours = compare_trains(true, found, 30, match_score=options.get("match_score", 0.5))
    np.testing.assert_array_equal(ours.n_matched, theirs.match_event_count.to_numpy().astype(np.int64))
    np.testing.assert_array_equal(ours.scores, theirs.agreement_scores.to_numpy())
    partner = theirs.hungarian_match_12.to_numpy().astype(np.int64)
    np.testing.assert_array_equal(np.where(ours.partner < 0, -1, ours.partner + 1), partner)
    return ours


@pytest.mark.parametrize("seed", range(12))
def test_agrees_with_spikeinterface(seed):
    """Counts, agreements and pairs of units are SpikeInterface's, on random trains with all that goes wrong."""
    random = np.random.default_rng(seed)
    true = [spaced(random, count) for count in random.integers(20, 200, 6)] + [np.empty(0, np.int64)]
    found = sorter(random, true[:-1])
    assert_agrees(true, found)
    assert_agrees(true, found, match_score=0.2)
    assert_agrees(true, true)


def test_three_in_the_window():
    """Where three true events share a window SpikeInterface counts a found one twice; here it is one to one."""
    true, found = [np.array([100, 110, 120])], [np.array([100, 110, 9000])]
    theirs = compare_sorter_to_ground_truth(as_spikeinterface(true), as_spikeinterface(found), delta_time=1.0)
    assert theirs.match_event_count.to_numpy().tolist() == [[3]]
    assert compare_trains(true, found, 30).n_matched.tolist() == [[2]]


@pytest.mark.parametrize("seed", range(6))
def test_never_more_than_spikeinterface(seed):
    """On trains with bursts the counts are SpikeInterface's, or below by what it counted twice."""
    random = np.random.default_rng(seed)
    true, found = ([np.sort(random.integers(0, 9000, 200)) for _ in range(3)] for _ in range(2))
    theirs = compare_sorter_to_ground_truth(as_spikeinterface(true), as_spikeinterface(found), delta_time=1.0)
    ours = compare_trains(true, found, 30).n_matched
    assert (ours <= theirs.match_event_count.to_numpy().astype(np.int64)).all()


def test_confusion_matrix():
    """Columns without true events go, the rest are sorted to the diagonal; what has no partner is counted beside."""
    rows = np.array([0, 0, 0, 1, 1, 1, 1])
    columns = np.array([2, 2, 0, 0, 0, -1, 0])
    order, counts = confusion_matrix(rows, columns, 2, np.array([5, 9, 2]))
    assert order.tolist() == [2, 0]
    assert counts.tolist() == [[2, 1, 0], [0, 3, 1], [0, 1, 0]]
    order, counts = confusion_matrix(rows, columns, 2, np.array([5, 9, 2]), sort=False)
    assert order.tolist() == [0, 2]
    assert counts.tolist() == [[1, 2, 0], [3, 0, 1], [1, 0, 0]]
