"""When a new unit fires: what holds of the times, whatever is asked for."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio.hybrid import times
from mockrawio.hybrid.recording import RawFile, RawRecording
from mockrawio.hybrid.times import Spacing, drawn_times, regular_times
from tests.length import rounds

RATE = 30_000
TIMING = Spacing(before=40, after=40, refractory=60, jitter=50.0)


def recording(*files: tuple[int, int], rate: float = RATE) -> RawRecording:
    """A recording of files (start, frames) that need not exist: only their places are looked at."""
    return RawRecording(tuple(RawFile(f"f{k}", *file) for k, file in enumerate(files)), np.dtype("<i2"), 1, rate)


LONG = recording((0, 3_000_000))


def bursting(count: int, seed: int = 3, stop: int = 3_000_000) -> np.ndarray:
    """Spikes in bursts, some of them at the same time."""
    random = np.random.default_rng(seed)
    return np.sort(np.concatenate([random.integers(100, stop - 100, count // 2)] * 2) + random.integers(0, 200, count))


def draw(own, timing=TIMING, source=LONG, seed=0, **options):
    return drawn_times(source, own, timing, np.random.default_rng(seed), **options)


def least_distance(times: np.ndarray, others: np.ndarray) -> int:
    """The obvious way."""
    return min(abs(int(t) - int(o)) for t in times for o in others)


def test_refractory():
    """Every new time is 2 ms or more from every spike of the unit and every other new time."""
    own = bursting(400)
    made = draw(own)
    assert len(made.times) + made.n_edge + made.n_refractory == len(own)
    assert len(made.times) > 0.95 * len(own)
    assert least_distance(made.times, own) >= 60
    assert np.diff(made.times).min() >= 60


def test_no_duplicates():
    """No time comes twice, even if the sorter has a spike twice."""
    made = draw(np.full(20, 5000))
    assert len(set(made.times.tolist())) == len(made.times) == 20


def test_jitter_is_symmetric():
    """As likely forward as backward, and as far; the least step is the refractory period."""
    own = np.arange(20_000) * 600 + 1000
    made = draw(own, source=recording((0, 12_100_000)))
    offsets = made.times - own
    forward, backward = offsets[offsets > 0], -offsets[offsets < 0]
    assert abs(len(forward) - len(backward)) < 600
    assert min(forward.min(), backward.min()) == 60
    assert abs(forward.mean() - backward.mean()) < 3
    np.testing.assert_allclose([forward.mean(), backward.mean()], 60 + 50 * np.sqrt(2 / np.pi), rtol=0.03)


def test_windows_stay_in_their_files():
    """No window leaves its file, by one sample or more; what is left out is counted."""
    source = recording((0, 1000), (1000, 1000), (5000, 300))
    own = np.array([41, 500, 960, 1040, 1500, 1961, 5100, 5040])
    for seed in range(30):
        made = draw(own, source=source, seed=seed)
        assert source.holds_many(made.times - 40, made.times + 41).all()
        assert len(made.times) + made.n_edge + made.n_refractory == len(own)


def test_events_without_room_are_counted():
    """Where a file is too short for its spikes, the rest is counted, as outside or as too close."""
    made = draw(np.arange(50, 950, 30), source=recording((0, 1000)))
    assert made.n_edge + made.n_refractory > 0
    assert len(made.times) + made.n_edge + made.n_refractory == 30
    made = draw(np.array([20]), source=recording((0, 81)))
    assert (len(made.times), made.n_edge) == (0, 1)


@pytest.mark.parametrize("rate", [1, 7, 20, 60, 123.4])
def test_synthetic_rate_is_exact(rate):
    """The rate is what was asked for, also where it does not divide the sample rate."""
    made = draw(np.arange(10) * 200_000 + 7, rate=rate)
    assert abs(len(made.times) - 100 * rate) <= 1
    assert least_distance(made.times, np.arange(10) * 200_000 + 7) >= 60
    assert np.diff(made.times).min() >= 60


def test_synthetic_times_without_jitter():
    """60 Hz at 30 kHz without jitter is every 500 samples, but around the unit's own spikes."""
    timing = TIMING._replace(jitter=0.0)
    assert set(np.diff(draw(np.empty(0, np.int64), timing, rate=60).times).tolist()) == {500}
    made = draw(np.array([40 + 500 * 7]), timing, rate=60)
    assert len(made.times) == 6000
    assert np.count_nonzero((made.times - 40) % 500) == 1


def test_regular_times_do_not_drift():
    """7 Hz of 30 kHz is no whole number of samples; the last time is where it belongs."""
    times = regular_times(LONG, 7, 40, 40)
    np.testing.assert_allclose(times, 40 + np.arange(len(times)) * RATE / 7, atol=0.5 + 1e-6)
    assert times[-1] + RATE / 7 > 3_000_000 - 41


def test_regular_times_in_every_file():
    """Every file has its own, and a file that is too short has none."""
    times = regular_times(recording((0, 1000), (2000, 80), (3000, 81)), 100, 40, 40)
    assert times.tolist() == [40, 340, 640, 940, 3040]


def test_cap():
    """The most events is a parameter; what is over is drawn at random, and counted."""
    own = np.arange(1000) * 2000 + 500
    made = draw(own, cap=100)
    assert (len(made.times), made.n_over_cap) == (100, 900)
    assert (np.diff(made.times) > 0).all()
    assert made.times[-1] - made.times[0] > 1_500_000
    assert draw(own).n_over_cap == 0


def test_exactly_one_refractory_period():
    """Times one refractory period apart are far enough; those that are a sample closer are not."""
    own = np.array([5000])
    still = TIMING._replace(jitter=0.0)
    assert draw(own, still).times.tolist() in ([4940], [5060])
    for distance, offsets in ((60, {-60, 60}), (61, {-61, 61})):
        others = draw(own, still._replace(refractory=distance)).times - own
        assert set(others.tolist()) <= offsets
    assert times._clear(np.array([59, 60, 61]), np.array([0]), 60).tolist() == [False, True, True]
    assert times._clear(np.array([-60, -59, 0]), np.array([0]), 60).tolist() == [True, False, False]
    assert times._apart(np.array([0, 60, 119, 180]), 60).tolist() == [True, True, False, True]


@pytest.mark.parametrize("refractory", [0, 1])
def test_times_as_dense_as_they_may_be(refractory):
    """With a refractory period of one sample, or none, every sample may have a time, and none has two."""
    timing = Spacing(40, 40, refractory, 0.0)
    assert draw(np.empty(0, np.int64), timing, recording((0, 1000)), rate=RATE).times.tolist() == list(range(40, 960))
    twice = draw(np.empty(0, np.int64), timing, recording((0, 1000)), rate=2 * RATE).times
    assert np.diff(twice).min() == 1


def test_a_cap_that_is_not_reached():
    """As many as there are, or more: all of them are there, and none is counted as left out."""
    own = np.arange(10) * 2000 + 500
    for cap in (10, 11, 10**6):
        made = draw(own, cap=cap)
        assert (len(made.times), made.n_edge, made.n_refractory, made.n_over_cap) == (10, 0, 0, 0)


def test_a_time_is_drawn_so_many_times():
    """One that never fits is drawn 24 times, further away each time, and then counted."""
    asked: list[int] = []

    def never(first, stop):
        asked.append(len(first))
        return np.zeros(len(first), bool)

    source = SimpleNamespace(files=LONG.files, sample_rate=RATE, holds_many=never)
    made = draw(np.array([5000, 9000]), source=source)
    assert asked == [2] * 24
    assert (len(made.times), made.n_edge, made.n_refractory) == (0, 2, 0)


@pytest.mark.parametrize("turn", [0, 1, 5])
@pytest.mark.parametrize(("least", "timing"), [(60, Spacing(40, 40, 60, 50.0)), (0, Spacing(40, 40, 7, 2.5))])
def test_offsets_by_their_sentence(least, timing, turn):
    """Sizes are the least and a half normal one, wider by half a refractory period each turn; signs are drawn after."""
    random = np.random.default_rng(5)
    sizes = [
        least + int(abs(draw) * (timing.jitter + turn * timing.refractory / 2) + 0.5) for draw in random.normal(size=30)
    ]
    expected = [size if sign < 0.5 else -size for size, sign in zip(sizes, random.random(30), strict=True)]
    found = times._offsets(30, least, timing, turn, np.random.default_rng(5))
    assert found.tolist() == expected and found.dtype == np.int64


@pytest.mark.parametrize(
    ("length", "expected"), [(80, []), (81, [40]), (90, [40]), (91, [40, 50]), (101, [40, 50, 60])]
)
def test_regular_times_of_short_files(length, expected):
    """A file has as many regular times as its windows fit, none if not one does."""
    assert regular_times(recording((0, length)), RATE / 10, 40, 40).tolist() == expected


def test_a_regular_time_that_would_be_rounded_into_the_file():
    """As many times as whole steps fit: one that lies half a sample beyond the end is none, though it rounds to it."""
    short = SimpleNamespace(sample_rate=10.3, files=[SimpleNamespace(start=0, n_frames=11)])
    assert regular_times(short, 1.0, 0, 0).tolist() == [0]


def test_seed():
    """The same seed gives the same times; another one, others."""
    own = bursting(100)
    np.testing.assert_array_equal(draw(own, seed=4).times, draw(own, seed=4).times)
    assert not np.array_equal(draw(own, seed=4).times, draw(own, seed=5).times)


@pytest.mark.at_length
@settings(max_examples=rounds(35, 100))
@pytest.mark.slow
@given(
    own=st.lists(st.integers(0, 20_000), max_size=60),
    cut=st.integers(200, 19_800),
    jitter=st.floats(0, 300),
    refractory=st.integers(0, 100),
    rate=st.sampled_from([None, 5.0, 90.0]),
)
def test_any_times(own, cut, jitter, refractory, rate):
    """Whatever the spikes, files, jitter and rate: inside files, apart, and all accounted for."""
    source, timing = recording((0, cut), (cut + 7, 20_000 - cut)), Spacing(10, 15, refractory, jitter)
    times = np.array(own, np.int64)
    made = drawn_times(source, times, timing, np.random.default_rng(0), rate=rate)
    count = len(own) if rate is None else len(regular_times(source, rate, 10, 15))
    assert len(made.times) + made.n_edge + made.n_refractory == count
    assert source.holds_many(made.times - 10, made.times + 16).all()
    assert len(made.times) < 2 or np.diff(made.times).min() >= max(refractory, 1)
    if len(own) and len(made.times) and refractory:
        assert least_distance(made.times, times) >= refractory


def test_any_source_will_do():
    """Only `files`, `sample_rate` and `holds_many` of a source are used."""
    source = SimpleNamespace(files=LONG.files, sample_rate=RATE, holds_many=LONG.holds_many)
    assert len(draw(bursting(20), source=source).times) == 20
