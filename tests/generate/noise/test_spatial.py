"""Spatial noise: correlated as a Gaussian of distance, normal, white in time."""

from __future__ import annotations

from math import erfc, sqrt

import numpy as np
import pytest

from mockrawio.generate.layers import CHUNK
from mockrawio.generate.parts.noise import Spatial, White
from mockrawio.generate.parts.noise.mixing import WEIGHT, Mixing, weights_of
from tests.generate.noise.made import GAIN_UV, bundle, in_order, linear, made, setting, spectrum, staggered

GRID = in_order(np.array([(400.0 * i, 400.0 * j, 0) for i in range(5) for j in range(5)]))
CUBE = in_order(np.random.default_rng(3).uniform(0, 150, (20, 3)))
LAYOUTS = {"linear": linear(32), "bundles": bundle(), "staggered": staggered(96), "grid": GRID, "cube": CUBE}


def distances(places: np.ndarray) -> np.ndarray:
    """Return how far any two contacts are from each other."""
    return np.sqrt(((places[:, None] - places) ** 2).sum(axis=2))


@pytest.mark.slow
@pytest.mark.parametrize("length_um", [80.0, 30.0, 1000.0])
@pytest.mark.parametrize("places", LAYOUTS.values(), ids=LAYOUTS)
def test_correlation_is_a_gaussian_of_distance(places, length_um):
    """Any two contacts are correlated as asked within .03: .02 are lost to fewer sources, .01 to chance, 4/sqrt(n)."""
    counts = made(Spatial(length_um=length_um), 20 * CHUNK, places)
    found = np.corrcoef(counts.T, dtype=np.float32)
    assert np.abs(found - np.exp(-((distances(places) / length_um) ** 2))).max() < 0.03


def test_near_contacts_share_noise_and_far_ones_do_not():
    """The default white and spatial noise are correlated by .3 or more below 35 µm and by .05 or less beyond 500 µm."""
    counts = made(White(), 20 * CHUNK, 32) + made(Spatial(), 20 * CHUNK, 32)
    found, apart = np.corrcoef(counts.T, dtype=np.float32), distances(linear(32))
    assert found[apart < 35].min() > 0.3
    assert np.abs(found[apart > 500]).max() < 0.05


@pytest.fixture(scope="module", params=["linear", "grid"])
def apart(request):
    """Counts of contacts that are too far apart to share noise, which no test changes."""
    return (
        made(Spatial(5.0), 160 * CHUNK, GRID)
        if request.param == "grid"
        else made(Spatial(5.0), 160 * CHUNK, 32)[:, ::16]
    )


@pytest.mark.parametrize("many", [3, 4, 5])
def test_tails_are_those_of_the_normal_distribution(apart, many):
    """As many counts of one contact are beyond 3, 4 and 5 standard deviations as 99.9 % of binomial draws have.

    Contacts that share noise have their outliers at the same samples: the first contact alone is counted, and where
    contacts are too far apart to share, all are.
    """
    sd = sqrt((5 / GAIN_UV) ** 2 - 1 / 12)
    beyond = int(many * sd) + 0.5
    share = erfc(beyond / sd / sqrt(2))
    expected = apart.size * share
    assert abs(np.count_nonzero(np.abs(apart) > beyond) - expected) <= 3.3 * sqrt(expected) + 1


def test_the_spectrum_is_flat():
    """No frequency up to .95 of half the rate has a power 5 % from the mean."""
    power = spectrum(made(Spatial(), 160 * CHUNK, 8))[1 : int(0.95 * 64) + 1]
    assert power == pytest.approx(np.mean(power), rel=0.05)


@pytest.mark.parametrize("places", LAYOUTS.values(), ids=LAYOUTS)
def test_every_contact_has_the_standard_deviation_asked(places):
    """No rounding of weights is left in a contact's standard deviation."""
    layer = Spatial(3.3).layer("noise.spatial", setting(places))
    assert layer.sd_uV == pytest.approx(3.3, abs=2e-6)


def test_sources_are_no_more_than_contacts_and_fewer_where_these_are_near():
    """Isolated contacts have a source each, of the whole weight; contacts on one spot share theirs."""
    assert np.array_equal(weights_of(4, lambda at: np.eye(4)[at]), WEIGHT * np.eye(4))
    assert np.array_equal(weights_of(4, lambda at: np.ones(4)), np.full((4, 1), WEIGHT))


@pytest.mark.parametrize("shuffled", [False, True])
def test_mixing_is_exact(shuffled):
    """Counts are those of whole-number arithmetic, at the largest sources that there is room for too."""
    rng = np.random.default_rng(1)
    weights = rng.integers(-WEIGHT, WEIGHT + 1, (150, 40))
    order = rng.permutation(150) if shuffled else None
    mixing = Mixing(weights, np.full(150, 20.0), order)
    mixing.scale(sd=mixing.room / 2, most=mixing.room)
    sources = rng.integers(-mixing.room, mixing.room + 1, (200, 40))
    sources[:150] = np.sign(weights) * mixing.room  # sums as large as they can be
    sums = sources @ weights.T
    assert 2**23 < np.abs(sums).max() < 2**24
    norms = np.sqrt((weights**2).sum(axis=1))
    factors = np.float32(sqrt(20**2 - 1 / 12) / (norms * (mixing.room / 2)))
    counts = mixing.counts(sources.astype(np.float32))
    # a product of float32 is rounded once, so that of float64 rounded to float32 is the same
    expected = np.rint((sums * factors.astype(np.float64)).astype(np.float32))
    assert np.array_equal(counts, expected)
    assert np.abs(counts).max() <= mixing.most


def test_isolated_contacts_have_no_comb():
    """Where a contact has one source, neighbouring counts are equally frequent but for the normal distribution's slope.

    Of 1.3e6 samples about 2 % have each of the counts around 0: 26000, of which the standard deviation is .6 %.
    """
    counts = made(Spatial(), 20 * CHUNK, GRID[:8])
    found = np.bincount(counts.ravel() + 1000)[1000 - 5 : 1000 + 6]
    assert found == pytest.approx(np.mean(found), rel=0.03)
