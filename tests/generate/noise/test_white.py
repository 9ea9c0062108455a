"""White noise: flat, independent, and normal out to its tails."""

from __future__ import annotations

from math import erfc, sqrt
from statistics import NormalDist

import numpy as np
import pytest

from mockrawio.generate.layers import CHUNK
from mockrawio.generate.parts.noise import White
from mockrawio.generate.parts.noise.normal import Normals, after_rounding, before_rounding
from tests.generate.noise.made import GAIN_UV, made, setting, spectrum

SAMPLES = 160 * CHUNK  # of 32 contacts: 4.2e7 counts


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    """White noise of 4 µV on 32 contacts."""
    return made(White(4.0), SAMPLES, 32)


@pytest.mark.parametrize("many", [1, 2, 3, 4, 5, 5.4])
def test_tails_are_those_of_the_normal_distribution(counts, many):
    """As many counts are beyond 1 to 5.4 standard deviations as 99.9 % of binomial draws have.

    Of 4.2e7 that is 2700 of 1e6 +-.9 % beyond 3, 63 +-6 % beyond 4 and .57 +-67 % (24 +-16) beyond 5.
    """
    sd = before_rounding(4 / GAIN_UV)
    beyond = int(many * sd) + 0.5  # a count is beyond it from here on
    share = erfc(beyond / sd / sqrt(2))
    expected = counts.size * share
    found = np.count_nonzero(np.abs(counts) > beyond)
    assert abs(found - expected) <= 3.3 * sqrt(expected * (1 - share)) + 1


def test_every_count_is_as_frequent_as_it_must_be(counts):
    """A chi-square over the counts within 3 standard deviations has a value that 99.9 % of draws have."""
    sd = before_rounding(4 / GAIN_UV)
    edges = np.arange(-60.5, 61)
    found, _ = np.histogram(counts[:, :4], edges)
    shares = np.diff([NormalDist(0, sd).cdf(edge) for edge in edges])
    expected = shares * counts[:, :4].size
    # 121 degrees of freedom, about normal: 121 + 3.3 sqrt(242); the table's steps, 1/65536 each, add some
    assert np.sum((found - expected) ** 2 / expected) < 121 + 3.3 * sqrt(2 * 121) + 10


def test_the_spectrum_is_flat(counts):
    """No frequency up to .95 of half the rate has a power 1 % from the mean; 328000 pieces have .2 % by chance."""
    power = spectrum(counts)[1 : int(0.95 * 64) + 1]
    assert power == pytest.approx(np.mean(power), rel=0.01)


def test_samples_and_contacts_are_independent(counts):
    """Neighbours in time and along the probe have a correlation of 0 within 4 of its standard deviations, 1/sqrt(n)."""
    some = counts[:, :8].astype(np.float32)
    variance = np.mean(some.astype(np.float64) ** 2)
    for lag in (1, 2, 3, 4, 8, 64, CHUNK):
        product = np.mean(some[lag:] * some[:-lag], dtype=np.float64)
        assert abs(product) < 4 * variance / sqrt(some[lag:].size)
    between = np.corrcoef(some.T)[np.triu_indices(8, 1)]
    assert np.abs(between).max() < 4 / sqrt(len(some))


def slow_normal(cell: int, tail: int) -> float:
    """Return one quantile out of 65536, of the outermost 256**-tail."""
    if cell >= 32768:
        return -slow_normal(65535 - cell, tail)
    return round(NormalDist().inv_cdf((cell + 0.5) / 65536 / 256**tail), 9)


def slow_rows(sd: float, bits, more, n: int) -> list[int]:
    """Return whole numbers one by one: a word each, and in its tail a word of 64 bits for the next two tables."""
    found = []
    while len(found) < n:
        raw = int(bits.random_raw(1)[0])
        for part in range(4):
            word, tail, further = raw >> 16 * part & 0xFFFF, 0, 0
            while word < 256 and tail < 2:
                further = further or int(more.random_raw(1)[0]) | 1 << 64
                word, tail = further >> 16 * tail & 0xFFFF, tail + 1
            found.append(round(slow_normal((word - 128) % 65536, tail) * sd))
    return found[:n]


def test_the_slow_way_gives_the_same():
    """The fast path gives what one draw after another does, tails included."""
    here = setting(3)
    layer = White(4.0).layer("noise.white", here)
    fast = np.concatenate(list(layer.rows(2, 5, 3000))).ravel().tolist()
    assert max(map(abs, fast)) > 2.9 * 4 / GAIN_UV  # so some were in a tail
    sd = before_rounding(4 / GAIN_UV)
    assert fast == slow_rows(sd, here.bits("noise.white", 2, 5), here.bits("noise.white", 2, 5, 1), 9000)


def test_the_tables_reach_beyond_six():
    """The largest number that can be drawn is beyond 6 standard deviations, and the variance is exact."""
    normals = Normals(1000.0)
    assert 6300 < normals.most < 6400
    assert normals.sd == pytest.approx(1000, abs=0.01)


@pytest.mark.parametrize("asked", [0.05, 0.2, 0.43, 0.9, 1.0408, 1.1, 4.0, 20.5, 700.0])
def test_rounding_leaves_the_standard_deviation_asked(asked):
    """A standard deviation is the one asked after rounding, however few counts it is."""
    sd = before_rounding(asked)
    assert after_rounding(sd) == pytest.approx(asked, rel=1e-6)
    assert Normals(sd).sd == pytest.approx(asked, rel=2e-3)


def test_less_than_a_count_is_what_it_says():
    """Where a count is 2.34 µV, noise of 1 µV is mostly zeros, and still 1 µV."""
    counts = made(White(1.0), CHUNK, 32, gain_uV=2.34)
    assert np.mean(counts == 0) > 0.8
    assert counts.std() * 2.34 == pytest.approx(1.0, rel=0.01)
