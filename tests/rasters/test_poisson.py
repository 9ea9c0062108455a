"""Rasters against theory: fixed seeds, and bounds of 4.5 standard deviations, worked out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from mockrawio import MockSessionError
from mockrawio.rasters import Raster, poisson_raster

SDS = 4.5  # a true statement fails once in 150,000 seeds
KS = 1.95  # times 1 / sqrt(n): once in 1000


def ks_distance(values, cumulated):
    """Return the Kolmogorov-Smirnov distance of a sample from a distribution."""
    expected = cumulated(np.sort(values))
    steps = np.arange(len(values) + 1) / len(values)
    return max((steps[1:] - expected).max(), (expected - steps[:-1]).max())


def counts_of(raster, n):
    """Return the number of spikes of each unit."""
    return np.bincount(raster.node_ids.astype(np.int64), minlength=n)


def intervals(raster):
    """Return the intervals between the spikes of each unit, all together, in ms."""
    by_id = raster.sorted_by("id")
    same = np.diff(by_id.node_ids.astype(np.int64)) == 0
    return np.diff(by_id.times_ms)[same]


def test_mean_and_variance_of_counts():
    """Counts have the mean and the variance of Poisson's law."""
    n, mean = 5000, 20.0
    counts = counts_of(poisson_raster(np.full(n, mean), duration_s=1, seed=0), n)
    assert abs(counts.mean() - mean) < SDS * np.sqrt(mean / n)
    assert abs(counts.var(ddof=1) - mean) < SDS * np.sqrt((mean + 2 * mean**2) / n)  # fourth moment m + 3 m^2


def test_each_unit_has_its_rate():
    """Units differ as their rates do, and one below 0 is silent."""
    rates = np.array([0.0, 5.0, 50.0, -3.0, 500.0])
    counts = counts_of(poisson_raster(rates, duration_s=40, seed=1), 5)
    expected = np.maximum(rates, 0) * 40
    assert (abs(counts - expected) <= SDS * np.sqrt(expected)).all()


def test_intervals_of_the_homogeneous_case():
    """Intervals at constant rate are exponential."""
    raster = poisson_raster(1000.0, duration_s=20, seed=2)
    found = np.diff(raster.times_ms)
    assert ks_distance(found, lambda ms: 1 - np.exp(-ms)) < KS / np.sqrt(found.size)


@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize(
    "options",
    [{}, {"gamma_shape": 3.0}, {"refractory_ms": 1e-9}, {"synchrony": 0.3}],
    ids=["", "gamma", "dead", "sync"],
)
def test_time_rescaling(rows, options):
    """In terms of the profile's integral, worked out apart, spikes are uniform."""
    profile = np.clip(np.sin(np.arange(500) / 20), -0.4, 1)
    integral = np.concatenate([[0], np.cumsum(np.maximum(profile, 0))])
    shown = np.array([profile, profile]) if rows else profile
    raster = poisson_raster([40_000.0, 0.0], shown, seed=3, **options)
    rescaled = np.interp(raster.times_ms, np.arange(501), integral) / integral[-1]
    assert len(raster) > 5000 and counts_of(raster, 2)[1] == 0
    assert ks_distance(rescaled, lambda u: u) < KS / np.sqrt(rescaled.size)


def test_a_profile_for_each_unit():
    """With a row for each unit, the counts of units and bins have the chi-squared that they should."""
    profile = np.abs(np.random.default_rng(0).normal(1, 0.7, (3, 40)))
    rates = np.array([2e4, 5e4, 9e4])
    raster = poisson_raster(rates, profile, seed=4)
    found = np.histogram2d(raster.node_ids, raster.times_ms, bins=(np.arange(4), np.arange(41)))[0]
    expected = rates[:, None] / 1000 * profile
    statistic = ((found - expected) ** 2 / np.maximum(expected, 1e-9)).sum()
    # Its mean is the number of cells, its variance 2 for each, and 1/mean more.
    assert abs(statistic - 120) < SDS * np.sqrt((2 + 1 / expected).sum())


def test_population_rate_follows_the_profile():
    """The population's counts correlate with the profile as their Poisson noise lets them."""
    profile = 1 + 0.5 * np.sin(np.arange(10_000) / 300)
    raster = poisson_raster(np.full(1000, 2.0), profile, seed=5)
    counts = np.histogram(raster.times_ms, bins=np.arange(10_001))[0]
    mean = 2.0 * profile  # expected spikes in a bin
    expected = np.sqrt(mean.var() / (mean.var() + mean.mean()))
    found = np.corrcoef(counts, profile)[0, 1]
    assert abs(np.arctanh(found) - np.arctanh(expected)) < SDS / np.sqrt(profile.size - 3)


def test_the_callers_profile_is_not_changed():
    """Negative values count as 0, and stay in the array they came in."""
    profile = np.array([[1.0, -2.0, 0.0, 3.0], [-1.0, 1.0, 1.0, -5.0]])
    before = profile.copy()
    raster = poisson_raster([5e5, 5e5], profile, seed=6)
    np.testing.assert_array_equal(profile, before)
    found = np.histogram2d(raster.node_ids, raster.times_ms, bins=(np.arange(3), np.arange(5)))[0]
    np.testing.assert_array_equal(found > 0, before > 0)


def test_refractory_period():
    """No interval is shorter, the mean rate is kept, and intervals are a dead time and an exponential."""
    rate, dead, seconds, n = 100.0, 3.0, 20, 20
    raster = poisson_raster(np.full(n, rate), duration_s=seconds, refractory_ms=dead, seed=7)
    found = intervals(raster)
    assert found.min() >= dead - 1e-9
    tail = 1000 / rate - dead
    assert ks_distance(found, lambda ms: 1 - np.exp(-np.maximum(ms - dead, 0) / tail)) < KS / np.sqrt(found.size)
    expected = rate * seconds * n
    assert abs(len(raster) - expected) < SDS * np.sqrt(expected) * tail * rate / 1000  # CV of the intervals


def test_refractory_period_under_a_profile():
    """Where the profile is p, the rate is ``r p / (1 + r d (p - 1))``, as documented."""
    rate, dead = 100.0, 3.0
    profile = np.repeat([0.5, 2.0], 50_000)
    raster = poisson_raster(np.full(10, rate), profile, refractory_ms=dead, seed=8)
    found = np.histogram(raster.times_ms, bins=[0, 50_000, 100_000])[0]
    factors = np.array([0.5, 2.0])
    expected = 10 * 50 * rate * factors / (1 + rate * dead / 1000 * (factors - 1))
    assert (abs(found - expected) < SDS * np.sqrt(expected)).all()


@pytest.mark.parametrize("shape", [0.5, 4.0])
def test_gamma_intervals(shape):
    """The intervals' mean and squared coefficient of variation are the gamma distribution's, from the start on."""
    rate, seconds, n = 50.0, 40, 50
    raster = poisson_raster(np.full(n, rate), duration_s=seconds, gamma_shape=shape, seed=9)
    found = intervals(raster) * rate / 1000
    assert abs(found.mean() - 1) < SDS / np.sqrt(shape * found.size) + 1 / (rate * seconds)  # the last is cut off
    assert abs(found.var() * shape - 1) < SDS * np.sqrt((2 + 6 / shape) / found.size) + 1 / (rate * seconds)
    early = (raster.times_ms < 200).sum()  # the equilibrium start shows no transient
    assert abs(early - rate * 0.2 * n) < SDS * np.sqrt(rate * 0.2 * n * max(1, 1 / shape))


def test_synchrony():
    """Counts correlate as asked: the variance of the population's counts is that of shared spikes."""
    n, rate, shared, bins = 20, 10.0, 0.25, 4000
    raster = poisson_raster(np.full(n, rate), duration_s=bins / 10, synchrony=shared, seed=10)
    totals = np.histogram(raster.times_ms, bins=np.arange(bins + 1) * 100)[0]
    events = rate * 0.1 / shared  # common spikes in a bin, each copied by Binomial(n, shared) units
    copies = binom.pmf(np.arange(n + 1), n, shared)
    second, fourth = (events * (copies * np.arange(n + 1.0) ** power).sum() for power in (2, 4))
    assert second == pytest.approx(n * rate * 0.1 * (1 + (n - 1) * shared))
    assert abs(totals.mean() - n * rate * 0.1) < SDS * np.sqrt(second / bins)
    assert abs(totals.var(ddof=1) - second) < SDS * np.sqrt((fourth + 2 * second**2) / bins)


def test_synchronous_units_are_poisson_one_by_one():
    """Each unit has its own rate and exponential intervals; pairs share spikes to the very time."""
    rates = np.array([400.0, 100.0])
    raster = poisson_raster(rates, duration_s=60, synchrony=0.5, seed=11)
    first, second = (raster.times_ms[raster.node_ids == unit] for unit in (0, 1))
    for times, rate in ((first, 400), (second, 100)):
        found = np.diff(times) * rate / 1000
        assert abs(times.size - rate * 60) < SDS * np.sqrt(rate * 60)
        assert ks_distance(found, lambda x: 1 - np.exp(-x)) < KS / np.sqrt(found.size)
    both = 0.5 * 100 * 60  # synchrony * r1 * r2 / max
    assert abs(np.intersect1d(first, second).size - both) < SDS * np.sqrt(both)


def test_one_spike_in_a_bin():
    """With `max_one_per_bin` a bin is empty as often as Poisson's law says, and never holds two."""
    raster = poisson_raster(np.full(50, 800.0), duration_s=1, max_one_per_bin=True, seed=12)
    found = np.histogram2d(raster.node_ids, raster.times_ms, bins=(np.arange(51), np.arange(1001)))[0]
    chance = 1 - np.exp(-0.8)
    assert found.max() == 1
    assert abs(found.mean() - chance) < SDS * np.sqrt(chance * (1 - chance) / found.size)


def test_times_ids_and_order():
    """Spikes come in order of time from `start_s` on, with ids from `start_id` on."""
    raster = poisson_raster([30.0, 40.0], duration_s=5, start_id=7, start_s=2, seed=13)
    assert (np.diff(raster.times_ms) >= 0).all()
    assert raster.times_ms.min() >= 2000 and raster.times_ms.max() < 7000
    assert set(raster.node_ids.tolist()) == {7, 8} and raster.node_ids.dtype == np.uint64
    assert (raster.duration_ms, raster.start_ms, raster.n_units) == (5000, 2000, 2)


@pytest.mark.parametrize("options", [{}, {"gamma_shape": 2}, {"refractory_ms": 2}, {"synchrony": 0.1}], ids=str)
def test_seed(options):
    """The same seed gives the same spikes, another seed others."""
    again = [poisson_raster([20.0, 30.0], duration_s=3, seed=seed, **options) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(again[0].times_ms, again[1].times_ms)
    np.testing.assert_array_equal(again[0].node_ids, again[1].node_ids)
    assert again[0].times_ms[0] != again[2].times_ms[0]
    other = poisson_raster([20.0, 30.0], duration_s=3, rng=np.random.default_rng(1), **options)
    np.testing.assert_array_equal(again[0].times_ms, other.times_ms)


@pytest.mark.parametrize("options", [{}, {"gamma_shape": 2}, {"synchrony": 0.1}, {"max_one_per_bin": True}], ids=str)
@pytest.mark.parametrize("rates", [[], [0.0, 0.0]], ids=str)
@pytest.mark.parametrize("rows", [False, True])
def test_nothing_to_draw(rates, options, rows):
    """No units, or silent ones, make an empty raster."""
    profile = np.ones((len(rates), 10)) if rows else None
    assert len(poisson_raster(rates, profile, duration_s=0.01, seed=0, **options)) == 0


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"rates": [1.0, np.nan]}, "rates: expected finite"),
        ({"rates": [[1.0]]}, "rates: expected an array"),
        ({"rates": "fast"}, "rates: expected numbers"),
        ({"profile": np.ones((3, 1000))}, "profile: expected shape .* for 2 units; found shape .3, 1000."),
        ({"profile": np.ones(999)}, "profile: expected 1000 bins of 1 ms for 1 s; found shape .999,."),
        ({"profile": [1.0, np.inf] * 500}, "profile: expected finite"),
        ({"duration_s": None}, "duration_s: expected a duration"),
        ({"duration_s": -1}, "duration_s"),
        ({"dt_ms": 0}, "dt_ms: expected a number above 0"),
        ({"refractory_ms": 100}, "refractory_ms: expected less than 50 ms, the mean interval at 20 Hz"),
        ({"refractory_ms": -1}, "refractory_ms"),
        ({"gamma_shape": 0}, "gamma_shape"),
        ({"synchrony": 1}, "synchrony"),
        ({"synchrony": 0.1, "gamma_shape": 2}, "synchrony: expected 0 with"),
        ({"start_id": -1}, "start_id"),
        ({"start_s": -1}, "start_s"),
        ({"seed": -1}, "seed"),
    ],
)
def test_bad_arguments(arguments, match):
    """What is not right is refused by its name, with what it should be and what it is."""
    with pytest.raises(MockSessionError, match=match):
        poisson_raster(**{"rates": [10.0, 20.0], "duration_s": 1, **arguments})


def test_orders():
    """A raster sorts by time and by id, ties by the other, and is itself where it is sorted already."""
    raster = Raster(np.array([2.0, 1.0, 2.0]), np.array([1, 1, 0]), 5.0)
    by_time, by_id = raster.sorted_by("time"), raster.sorted_by("id")
    assert (by_time.times_ms.tolist(), by_time.node_ids.tolist()) == ([1, 2, 2], [1, 0, 1])
    assert (by_id.times_ms.tolist(), by_id.node_ids.tolist()) == ([2, 1, 2], [0, 1, 1])
    assert by_time.sorted_by("time") is by_time and by_id.sorted_by("id") is by_id
    with pytest.raises(MockSessionError, match="order"):
        raster.sorted_by("size")


@pytest.mark.parametrize(
    ("times", "ids"),
    [([1.0], [1, 2]), ([-1.0], [0]), ([np.nan], [0]), ([np.inf], [0]), ([1.0], [-1]), ([1.0], [0.5]), ([[1.0]], [[1]])],
)
def test_bad_rasters(times, ids):
    """A raster whose times or ids cannot be is refused."""
    with pytest.raises(MockSessionError):
        Raster(np.array(times), np.array(ids), 5.0)
