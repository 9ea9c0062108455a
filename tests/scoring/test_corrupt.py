"""Sortings made worse: what was done is what the record says, and the same for the same seed."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from spikeinterface.core import NumpySorting

from mockrawio import MockSessionError, corrupt_sorting
from tests.scoring.trains import RATE, trains

ALL = {"split": 2, "merge": 1, "duplicate": 1, "jitter": 9, "miss": 0.1, "add": 0.05, "seed": 3}


def digest(sorting):
    """Return a hash of trains by id."""
    text = "".join(f"{unit}:{train.tolist()};" for unit, train in sorting.items())
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def rebuilt(given, done):
    """Return the clusters as the record has them, split ones in one."""
    made = {}
    for unit, train in given.items():
        late = np.delete(train + done.moved[unit], done.missed[unit])
        if unit in done.added:
            made[unit] = np.concatenate([late, done.added[unit][:, 1]])
        else:
            (cluster,) = (cluster for cluster, pair in done.merged.items() if unit in pair)
            made[cluster] = np.concatenate([made[cluster], late])
    return {unit: np.sort(train) for unit, train in made.items()}


@pytest.mark.parametrize("seed", range(20))
def test_the_record(seed):
    """The clusters are the trains with what the record says: missed, moved, added, merged, split and copied."""
    given = trains(seed)
    sorting, done = corrupt_sorting(given, **{**ALL, "seed": seed})
    expected = rebuilt(given, done)
    for unit, (large, small) in done.split.items():
        both = np.concatenate([sorting[large], sorting[small]])
        assert np.array_equal(np.sort(both), expected.pop(unit))
        assert 0.6 <= len(sorting[large]) / len(both) <= 0.8 + 1 / len(both)
    for unit, copy in done.duplicated.items():
        assert np.array_equal(sorting[copy], sorting[unit])
    for unit, train in expected.items():
        assert np.array_equal(sorting[unit], train)
    assert len(sorting) == len(given) + ALL["split"] + ALL["duplicate"] - ALL["merge"]
    for unit, train in given.items():
        assert len(done.missed[unit]) == round(0.1 * len(train))
        assert np.abs(done.moved[unit]).max() <= 9 and not done.moved[unit][done.missed[unit]].any()


def test_what_keeps_clear():
    """Missed and added spikes are 2 ms and the jitter from all true spikes of their cluster."""
    given = trains(5, refractory=1)
    _, done = corrupt_sorting(given, **ALL)
    clusters = {unit: [unit] for unit in given} | {cluster: list(pair) for cluster, pair in done.merged.items()}
    for cluster, units in clusters.items():
        times = np.sort(np.concatenate([given[unit] for unit in units]))
        for place in done.added.get(cluster, np.empty((0, 2), np.int64))[:, 1]:
            assert np.abs(times - place).min() > 64 + 9
        for unit in units:
            for spike in given[unit][done.missed[unit]]:
                assert np.sort(np.abs(times - spike))[1] > 64 + 9


def test_pinned():
    """The same trains and seed give the same spikes, now and later; another seed gives others."""
    given = {f"u{k}": np.arange(100) * (997 + 31 * k) + 13 * k for k in range(6)}
    made = corrupt_sorting(given, **ALL).sorting
    assert digest(made) == "b29fde64b6ab5f5e"
    assert digest(made) == digest(corrupt_sorting(given, **ALL).sorting)
    assert digest(made) != digest(corrupt_sorting(given, **{**ALL, "seed": 4}).sorting)


def test_one_change_leaves_the_others():
    """Spikes that are missed do not depend on which are added or moved; those of a unit not on other units."""
    given = trains(2)
    alone = corrupt_sorting(given, miss=0.2, seed=8).corruption
    more = corrupt_sorting(given, miss=0.2, jitter=0, add=0.1, duplicate=1, seed=8).corruption
    fewer = corrupt_sorting({unit: given[unit] for unit in ("u0", "u1")}, miss=0.2, seed=8).corruption
    for unit, missed in alone.missed.items():
        assert np.array_equal(missed, more.missed[unit])
        assert unit not in fewer.missed or np.array_equal(missed, fewer.missed[unit])


def test_spikeinterface():
    """A sorting of SpikeInterface gives one, with its segments and rate, and numbers for ids where it has numbers."""
    parts = [{k: train for k, train in enumerate(trains(seed).values(), 5)} for seed in (1, 2)]
    given = NumpySorting.from_unit_dict(parts, RATE)
    made, done = corrupt_sorting(given, **ALL)
    assert (made.get_num_segments(), made.sampling_frequency) == (2, RATE)
    assert sorted(made.unit_ids.tolist()) == sorted({*range(5, 16)} - {pair[1] for pair in done.merged.values()})
    plain = next(
        u for u in range(5, 13) if u not in {*done.split, *done.duplicated, *np.ravel([*done.merged.values()])}
    )
    segments, frames = done.added[plain].T
    for k, part in enumerate(parts):
        n = sum(len(part[plain]) for part in parts[:k])
        own = (done.missed[plain] >= n) & (done.missed[plain] < n + len(part[plain]))
        late = np.delete(part[plain] + done.moved[plain][n : n + len(part[plain])], done.missed[plain][own] - n)
        expected = np.sort(np.concatenate([late, frames[segments == k]]))
        assert np.array_equal(made.get_unit_spike_train(plain, segment_index=k), expected)


def test_nothing_asked():
    """Without anything to do the sorting is as it was, and so it is without units."""
    given = trains(1)
    made, done = corrupt_sorting(given)
    assert digest(made) == digest(given)
    assert not any(map(len, done.missed.values())) and not any(map(len, done.added.values()))
    assert corrupt_sorting({}).sorting == {}
    assert corrupt_sorting({1: np.empty(0, np.int64)}, miss=1.0, add=1.0).sorting[1].tolist() == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"split": -1}, "split: expected a whole number, 0 or more; found -1"),
        ({"merge": 1.5}, "merge"),
        ({"seed": None}, "seed"),
        ({"miss": 1.1}, "miss: expected a share, 0 to 1"),
        ({"add": True}, "add"),
        ({"merge": 3, "split": 2, "duplicate": 1}, "9 units with two spikes or more.*found 8 of them. Ask for fewer"),
    ],
    ids=str,
)
def test_bad_arguments(options, words):
    """An argument that cannot be meant, or asks for more units than there are, is refused by name."""
    with pytest.raises(MockSessionError, match=words):
        corrupt_sorting(trains(0), **options)


def test_no_room():
    """Where there is no room for what is to be added, that is said; and what is no sorting is refused."""
    with pytest.raises(MockSessionError, match="add: expected room for 100 spikes more of unit 1; found some for 0"):
        corrupt_sorting({1: np.arange(100) * 60}, add=1.0)
    with pytest.raises(MockSessionError, match="sorting: expected a sorting, or trains by id"):
        corrupt_sorting([1, 2])
