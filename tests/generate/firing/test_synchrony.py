"""Synchrony: pairs of spikes, as many as asked, no farther apart than the jitter, and rates that stay."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio.generate.parts.firing import Firing, Synchrony
from mockrawio.generate.parts.firing.synchrony import without_near
from mockrawio.generate.renewal import BLOCK, STEPS
from mockrawio.ground.errors import MockSessionError

from . import RATE, SECONDS, seconds, steps, trains


def pairs(one, other, most_s):
    """Return the lags between spikes of two trains, up to so many s."""
    begins, ends = np.searchsorted(other, one - most_s), np.searchsorted(other, one + most_s)
    return np.concatenate([other[low:high] - x for x, low, high in zip(one, begins, ends, strict=True)])


def test_correlogram_has_the_area_asked():
    """Two cells of a group have rate_hz * share**2 pairs a second more than by chance, none beyond twice the jitter."""
    some = trains(Firing(synchrony=Synchrony(0.5, jitter_ms=1.0, share=0.7, group=2)), [5.0] * 40)
    lags = np.concatenate([pairs(seconds(some, k, 4), seconds(some, k + 1, 4), 0.05) for k in range(0, 40, 2)])
    total_s = 20 * 4 * SECONDS
    near = np.abs(lags) <= 0.002
    chance = 25.0 * 0.004 * total_s
    expected = 0.5 * 0.49 * total_s
    assert near.sum() == pytest.approx(chance + expected, abs=4 * np.sqrt(chance + expected))
    # the rest is chance
    far = (np.abs(lags) > 0.01).sum()
    assert far == pytest.approx(25.0 * 0.08 * total_s, abs=4 * np.sqrt(25.0 * 0.08 * total_s))
    # the difference of two even jitters: a triangle of a standard deviation of 2 / sqrt(6) ms
    assert np.abs(lags[near]).mean() < 0.001


def test_groups_are_apart():
    """Cells of two groups have no more pairs than by chance."""
    some = trains(Firing(synchrony=Synchrony(0.5, group=2)), [5.0] * 41)
    lags = np.concatenate([pairs(seconds(some, k, 4), seconds(some, k + 1, 4), 0.002) for k in range(1, 40, 2)])
    chance = 25.0 * 0.004 * 20 * 4 * SECONDS
    assert len(lags) == pytest.approx(chance, abs=4 * np.sqrt(chance))


def test_rates_stay():
    """With synchrony cells have the rate that is asked, in 4 standard errors, slow ones too."""
    for rate in (0.3, 5.0, 100.0):
        some = trains(Firing(synchrony=Synchrony(0.5, group=2)), [rate] * 40)
        n = sum(len(steps(some, k, 0, 2 * BLOCK)) for k in range(40))
        expected = rate * 40 * 2 * SECONDS
        lost = 40 * 2 * rate * 0.011  # at a block's edges
        assert n == pytest.approx(expected - lost, abs=4 * np.sqrt(2 * expected))


def test_slow_cells_take_part_in_fewer():
    """A cell has no more than half of its spikes in common with its group."""
    some = trains(Firing(synchrony=Synchrony(2.0, jitter_ms=0.0, share=1.0)), [10.0, 0.5])
    shared = np.isin(steps(some, 1, 0, 4 * BLOCK), steps(some, 0, 0, 4 * BLOCK)).sum()
    expected = 0.25 * 4 * SECONDS
    assert shared == pytest.approx(expected, abs=4 * np.sqrt(expected))


def test_common_spikes_stay():
    """Without jitter every common spike is in all cells that take part in all, whatever else they fire."""
    some = trains(Firing(synchrony=Synchrony(2.0, jitter_ms=0.0, share=1.0)), [100.0] * 3)
    one, two, three = (steps(some, k, 0, 2 * BLOCK) for k in range(3))
    both = np.intersect1d(one, two)
    # chance alone has a pair at the same eighth of a frame 100 * 100 / 240000 times a second
    assert len(np.intersect1d(both, three)) == pytest.approx(4 * SECONDS, abs=4 * np.sqrt(4 * SECONDS) + 1)
    assert np.diff(one).min() >= 0.003 * RATE * STEPS


def test_no_room():
    """Common spikes that would have no room are refused."""
    with pytest.raises(MockSessionError, match="half of the time free with 8 ms"):
        trains(Firing(synchrony=Synchrony(70.0)), [100.0])


def test_what_is_near_a_common_spike():
    """Own spikes are kept at a dead time from a common one, and not one step nearer, on either side."""
    own, common = np.array([0, 89, 90, 91, 109, 110, 111, 190, 191, 200]), np.array([100, 201])
    kept = [0, 89, 90, 110, 111, 190, 191]
    assert without_near(own, common, 10).tolist() == kept
    assert without_near(own, np.empty(0, np.int64), 10).tolist() == own.tolist()
