"""Random draws: the same everywhere, and distributed as they say."""

import numpy as np
import pytest

from mockrawio.generate.draws import Draws, Kind, fresh_seed, normal_table

N = 100_000


def test_the_first_draws_of_a_seed_are_pinned():
    """The numbers of seed 0 are these, on every machine and for every version of NumPy."""
    draws = Draws(0, Kind.TRAIN, 3)
    assert draws.integers(0, 999, 5).tolist() == PINNED_INTEGERS
    assert draws.words16(5).tolist() == PINNED_WORDS
    assert draws.normals(3).tolist() == PINNED_NORMALS


PINNED_INTEGERS = [450, 519, 681, 40, 932]
PINNED_WORDS = [41438, 26535, 32160, 29813, 29857]
PINNED_NORMALS = [-1.066880058, -0.599173778, 0.366401431]


def test_streams_are_told_apart_by_seed_kind_and_index():
    """Another seed, kind or index is another stream; the same three are the same one."""
    keys = [(0, Kind.TRAIN, 0), (1, Kind.TRAIN, 0), (0, Kind.SHAPE, 0), (0, Kind.TRAIN, 1), (0, Kind.TRAIN)]
    firsts = [Draws(*key).uniform(4).tolist() for key in keys]
    assert len({tuple(first) for first in firsts}) == len(keys)
    assert firsts[0] == Draws(*keys[0]).uniform(4).tolist()


def test_kinds_keep_their_numbers():
    """Each is the number that it has been, by which all that was drawn with a seed is drawn again."""
    names = "START LENGTH UNIT_COUNT EVENT_COUNT PLACE TRAIN SHAPE WAVEFORM LFP_PHASE LFP_NOISE STIMULUS DAQ WATCHLOG"
    names += " LABELS DEMO NOISE_LEVEL NOISE JITTER AMPLITUDE LOCATION"
    assert {name: kind.value for name, kind in Kind.__members__.items()} == {n: k for k, n in enumerate(names.split())}


def test_a_stream_goes_on_where_it_stopped():
    """Words drawn in several parts are those drawn at once."""
    parts, whole = Draws(5, Kind.WAVEFORM), Draws(5, Kind.WAVEFORM)
    joined = np.concatenate([parts.words16(n) for n in (4, 64, 8)])
    assert joined.tolist() == whole.words16(76).tolist()


def test_integers_reach_both_ends_evenly():
    """Every number from low to high is drawn, each within five standard errors of its share."""
    drawn = Draws(1, Kind.PLACE).integers(-3, 6, N)
    shares = np.bincount(drawn + 3, minlength=10) / N
    assert shares.size == 10
    assert abs(shares - 0.1).max() < 5 * np.sqrt(0.1 * 0.9 / N)


@pytest.mark.parametrize("high", [0, 2**52])
def test_integers_stay_in_their_range(high):
    """No draw lies above high, though the product with the largest fraction may round up to the size."""
    draws = Draws(1, Kind.PLACE)
    draws.uniform = lambda n: np.full(n, 1 - 2.0**-53)
    assert draws.integers(0, high, 3).tolist() == [high] * 3


def test_normals_are_normal():
    """Mean, variance, skew and kurtosis lie within five standard errors of the normal distribution's."""
    drawn = Draws(2, Kind.DAQ).normals(N)
    bounds = zip((0, 1, 0, 3), (1, 2, 15, 96), strict=True)  # moments 1 to 4 and their variances times N
    for power, (moment, variance) in enumerate(bounds, start=1):
        assert abs((drawn**power).mean() - moment) < 5 * np.sqrt(variance / N), power


def test_the_normal_table_is_symmetric_and_ascends():
    """The table is odd around its middle, strictly ascending and has variance 1 within 1e-4."""
    table = normal_table()
    assert (table == -table[::-1]).all()
    assert (np.diff(table) > 0).all()
    assert abs(table.var() - 1) < 1e-4
    assert not table.flags.writeable


def test_fresh_seeds_have_as_many_bits_as_a_float(monkeypatch):
    """They are drawn from 53 bits of the operating system's."""
    monkeypatch.setattr("secrets.randbits", lambda bits: (1 << bits) - 1)
    assert fresh_seed() == 2**53 - 1


def test_fresh_seeds_differ_and_are_exact_in_json():
    """Two seeds drawn anew differ, and a float64 holds each without rounding."""
    seeds = {fresh_seed() for _ in range(8)}
    assert len(seeds) == 8
    assert all(int(float(seed)) == seed for seed in seeds)
