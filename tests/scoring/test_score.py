"""A score gives back what was done to a sorting, count for count and cause for cause, and is SpikeInterface's."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from spikeinterface.comparison import compare_sorter_to_ground_truth
from spikeinterface.core import NumpySorting

from mockrawio import MockSessionError, corrupt_sorting
from mockrawio.scoring.axis import Axis
from mockrawio.scoring.causes import CAUSES, Cause, cause_names
from mockrawio.scoring.scene import TrueTrain
from tests.length import part
from tests.scoring.trains import RATE, WINDOW, scored, slow_cause, slow_false_cause, trains, true_units

SEEDS = part(range(200), 5)  # which has each combination of what is done


def how(seed):
    """What is done for a seed: up to 2 splits, 1 merge and 1 duplicate of 8 units, spikes missed, added and moved."""
    return {
        "split": seed % 3,
        "merge": seed // 3 % 2,
        "duplicate": seed // 6 % 2,
        "jitter": (seed * 5) % (WINDOW + 1),
        "miss": (seed % 11) / 100,
        "add": (seed % 7) / 100,
        "seed": seed,
    }


@pytest.mark.at_length
@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_done(seed):
    """Of every unit the spikes that are left and those that are added are counted, and of clusters what they are."""
    given = trains(seed)
    sorting, done = corrupt_sorting(given, **how(seed))
    score = scored(true_units(given, seed), sorting)
    kinds, asked = Counter(cluster.kind for cluster in score.clusters), how(seed)
    assert [kinds[kind] for kind in ("merged", "split", "duplicate", "other")] == [
        *(asked[name] for name in ("merge", "split", "duplicate")),
        0,
    ]
    merged = {unit: cluster for cluster, pair in done.merged.items() for unit in pair}
    for unit in score.units:
        assert unit.n_true == len(given[unit.id])
        assert sum(unit.causes.values()) == unit.n_true - unit.n_matched
        assert sum(unit.false_causes.values()) == unit.n_found - unit.n_matched
        left = unit.n_true - len(done.missed[unit.id])
        if unit.found_unit is None:
            assert unit.id in merged or unit.id in done.split
        elif unit.id in done.split:
            late = np.delete(given[unit.id] + done.moved[unit.id], done.missed[unit.id])
            assert unit.found_unit == unit.id and unit.n_found == len(sorting[unit.id])
            assert unit.n_matched == np.isin(sorting[unit.id], late).sum()
        else:
            assert unit.found_unit in (merged.get(unit.id, unit.id), done.duplicated.get(unit.id))
            others = [len(given[u]) - len(done.missed[u]) for u in merged if u != unit.id and unit.id in merged]
            assert unit.n_matched == left
            assert unit.n_found == left + sum(others) + len(done.added[unit.found_unit.removesuffix("-copy")])


@pytest.mark.at_length
@pytest.mark.parametrize("seed", SEEDS)
def test_each_cause(seed):
    """Each miss and each false alarm has the one cause that comparing all spikes, one by one, gives it."""
    given = trains(seed, n_units=5, refractory=10, seconds=4)
    true = true_units(given, seed)
    sorting, done = corrupt_sorting(given, miss=0.3, add=0.1, merge=seed % 2, seed=seed)
    score = scored(true, sorting)
    for row, unit in enumerate(score.units):
        missed, false = score.missed(unit.id), score.false_alarms(unit.id)
        spikes = np.searchsorted(given[unit.id], missed.frames).tolist()
        columns = [score.confusion.hybrid_labels.index(c.id) for c in score.clusters if c.id != unit.found_unit]
        assert int(score.confusion.counts[row, columns].sum()) == unit.n_elsewhere
        if unit.found_unit == unit.id and not done.merged:
            assert spikes == done.missed[unit.id].tolist()
        assert Counter(missed.causes) == unit.causes and Counter(false.causes) == unit.false_causes
        for spike, cause in zip(spikes, missed.causes, strict=True):
            possible = slow_cause(true, row, spike)
            assert cause in ({possible, "none of these"} if possible == "near neighbour" else {possible})
        assert not missed.segments.any()
        others = np.concatenate([train for u, train in given.items() if u != unit.id])
        foreign = [np.abs(others - time).min() <= WINDOW for time in false.frames]
        assert unit.n_foreign == sum(foreign)
        assert list(false.causes) == [slow_false_cause(true, row, int(time)) for time in false.frames]
    assert sum(cause.n_missed for cause in score.causes) == sum(u.n_true - u.n_matched for u in score.units)
    assert sum(cause.n_true for cause in score.causes) == sum(map(len, given.values()))


def test_all_causes_occur():
    """Over the seeds above every cause is one of misses, and every one that can be of false alarms."""
    missed, false = Counter(), Counter()
    for seed in SEEDS[:40]:
        given = trains(seed, n_units=5, refractory=10, seconds=4)
        score = scored(true_units(given, seed), corrupt_sorting(given, miss=0.3, add=0.1, merge=2, seed=seed).sorting)
        for unit in score.units:
            missed.update(unit.causes)
            false.update(unit.false_causes)
    assert missed.keys() == {*cause_names()}
    assert false.keys() == {*cause_names()} - {"low amplitude", "drift"}


def as_sorting(parts):
    """Return trains of several segments as SpikeInterface has them."""
    return NumpySorting.from_unit_dict(parts, RATE)


def random_case(seed):
    """Return true trains of one segment or two, and what is left of them after all that goes wrong."""
    random = np.random.default_rng(seed)
    parts = [trains(seed * 10 + k) for k in range(1 + seed % 2)]
    done = {**how(seed), "jitter": int(random.integers(0, 20)), "miss": float(random.uniform(0, 0.6))}
    true = as_sorting(parts)
    return parts, true, corrupt_sorting(true, **{**done, "add": 0.2}).sorting


@pytest.mark.at_length
@pytest.mark.parametrize("seed", part(range(100), 3))
def test_agrees_with_spikeinterface(seed):
    """All counts, agreements, pairs and kinds of units are SpikeInterface's, on random cases, at length a hundred."""
    parts, true, found = random_case(seed)
    theirs = compare_sorter_to_ground_truth(true, found, exhaustive_gt=True)
    axis = Axis(tuple(10**8 for _ in parts))
    ids = list(parts[0])
    score = scored([TrueTrain(i, axis.joined([part[i] for part in parts])) for i in ids], found, axis)
    assert score.counts == theirs.count_units_categories().to_dict()
    for unit, (_, counts) in zip(score.units, theirs.count_score.iterrows(), strict=True):
        assert (unit.n_true, unit.n_found, unit.n_matched) == (counts["num_gt"], counts["num_tested"], counts["tp"])
        assert (unit.found_unit or "") == counts["tested_id"]
    for unit, (_, expected) in zip(score.units, theirs.get_performance().iterrows(), strict=True):
        assert (unit.accuracy, unit.recall, unit.precision) == tuple(expected[["accuracy", "recall", "precision"]])
        if unit.n_matched:
            assert unit.miss_rate == expected["miss_rate"]
            assert unit.false_discovery_rate == expected["false_discovery_rate"]
    means = theirs.get_performance("pooled_with_average")
    for name in ("accuracy", "recall", "precision"):
        assert score.totals[name] == pytest.approx(means[name], abs=1e-12)


def test_unknown_places():
    """Where nobody knows where units are, any other unit's spike overlaps, and none is a near neighbour."""
    true = [TrueTrain("a", np.array([1000, 9000])), TrueTrain("b", np.array([1010, 50_000]))]
    score = scored(true, {"a": np.array([50_001]), "b": np.array([50_000])})
    assert score.units[0].causes == {"overlap": 1, "none of these": 1}
    assert score.units[1].causes == {"overlap": 1}


def test_another_cause(monkeypatch):
    """One more cause is one more entry, and stands in every row and table from there."""
    given = trains(1)
    entry = Cause("early", lambda moments: moments.times < 100_000)
    monkeypatch.setattr("mockrawio.scoring.causes.CAUSES", (entry, *CAUSES))
    score = scored(true_units(given), {"x": np.array([5])})
    early = sum(int((train < 100_000).sum()) for train in given.values())
    assert sum(unit.causes.get("early", 0) for unit in score.units) == early > 0
    assert score.causes[0].n_missed == early and score.causes[0].miss_rate == 1


def test_segments_stay_apart():
    """A spike at the end of a segment is not found at the start of the next, whichever way the sorting counts."""
    axis = Axis((1000, 1000))
    true = [TrueTrain("a", axis.joined([np.array([500, 999]), np.array([0, 500])]))]
    by_segment = as_sorting([{"x": np.array([500])}, {"x": np.array([0, 1, 500])}])
    counted_on = {"x": np.array([500, 1000, 1001, 1500])}
    for sorting in (by_segment, counted_on):
        (unit,) = scored(true, sorting, axis, match_score=0.1).units
        assert (unit.n_matched, unit.n_found) == (3, 4)
    missed = scored(true, counted_on, axis).missed("a")
    assert (missed.segments.tolist(), missed.frames.tolist()) == ([0], [999])


def test_nothing():
    """Without units, clusters or spikes there are no numbers but zeros."""
    empty = scored([], {})
    assert (empty.units, empty.clusters, empty.totals["accuracy"]) == ((), (), 0.0)
    assert empty.counts["num_gt"] == empty.counts["num_bad"] == 0
    score = scored([TrueTrain("a", np.empty(0, np.int64))], {"x": np.empty(0, np.int64)})
    (unit,), (cluster,) = score.units, score.clusters
    assert (unit.accuracy, unit.miss_rate, unit.causes, unit.best_unit) == (0.0, 0.0, {}, None)
    assert (cluster.kind, cluster.best_unit) == ("other", None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"window_ms": -1}, "window_ms"),
        ({"window_ms": float("inf")}, "window_ms"),
        ({"match_score": 0}, "match_score"),
        ({"match_score": True}, "match_score"),
    ],
    ids=str,
)
def test_bad_numbers(options, words):
    """A number that cannot be meant is refused by name."""
    with pytest.raises(MockSessionError, match=words):
        scored([TrueTrain("a", np.array([1]))], {"x": np.array([1])}, **options)


def test_bad_units_and_places():
    """A unit that is none, and frames that the recording has not, are named in the error."""
    true, axis = [TrueTrain("a", np.array([1]))], Axis((100,))
    with pytest.raises(MockSessionError, match="unit_id: expected a true unit, a; found 'b'"):
        scored(true, {"x": np.array([1])}).missed("b")
    with pytest.raises(MockSessionError, match="frames 0 to 99; found frames 5 to 100.*offset"):
        scored(true, {"x": np.array([5, 100])}, axis)
    with pytest.raises(MockSessionError, match="2 segments"):
        scored(true, {"x": np.array([5, 100])}, Axis((100, replace(Axis()).sizes[0])))
