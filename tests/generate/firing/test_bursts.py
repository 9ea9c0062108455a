"""Bursts: how many, how long, how close, how small; and rates that stay as they are asked for."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest

from mockrawio.generate.parts.firing import Bursts, Firing
from mockrawio.generate.renewal import BLOCK, STEPS
from mockrawio.ground.errors import MockSessionError

from . import RATE, SECONDS, seconds, steps, trains

APART = Bursts(0.25, n=(2, 5), interval_ms=(3.0, 8.0))


def lengths(times_s):
    """Return how many spikes each burst has, 1 for a spike alone: those nearer than 8 ms are of one."""
    begins = np.flatnonzero(np.diff(times_s, prepend=-1.0) > 0.00801)
    return np.diff(np.append(begins, len(times_s)))


def test_bursts_are_as_long_as_asked():
    """Of first spikes a quarter begin a burst, and bursts of 2, 3, 4 and 5 spikes are as frequent."""
    some = trains(Firing(bursts=APART), [1.0] * 60)
    found = np.bincount(np.concatenate([lengths(seconds(some, k, 4)) for k in range(60)]), minlength=7)
    n = found.sum()
    # two first spikes that chance puts within 8 ms are counted as a burst: once in 1 Hz * 5 ms / 1.6 of all
    assert n > 3000
    assert found[2:6].sum() / n == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / n) + 0.004)
    assert found[2:6] / found[2:6].sum() == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / (n / 4)) + 0.01)
    assert found[6:].sum() < 0.01 * n


def test_intervals_in_bursts_are_even():
    """Intervals below 8 ms lie evenly between 3 and 8 ms, in 4 standard errors of their mean."""
    some = trains(Firing(bursts=Bursts(1.0, n=(4, 4))), [1.0] * 20)
    gaps_ms = 1000 * np.concatenate([np.diff(seconds(some, k, 2)) for k in range(20)])
    short = gaps_ms[gaps_ms < 8.01]
    assert short.min() >= 3
    assert short.mean() == pytest.approx(5.5, abs=4 * 5 / np.sqrt(12 * len(short)))
    assert len(short) == pytest.approx(0.75 * len(gaps_ms), rel=0.02)


def test_rates_stay():
    """With bursts a cell has the rate that is asked, in 4 standard errors: spikes come in heaps of 4 at most."""
    some = trains(Firing(bursts=Bursts(0.5, n=(2, 4))), [8.0] * 50)
    expected = 8.0 * 50 * 2 * SECONDS
    n = sum(len(steps(some, k, 0, 2 * BLOCK)) for k in range(50))
    assert n == pytest.approx(expected, abs=4 * np.sqrt(4 * expected))


def test_amplitudes_recover():
    """Each spike's size follows from the one before and the interval, as the formula of the part says."""
    some = trains(Firing(bursts=Bursts(0.3, drop=0.4, recovery_ms=15.0)), [10.0], amplitude_sd=0.0)
    fired = some.fired(0, 0, 0, BLOCK)
    gaps_ms = np.diff(fired.frames * STEPS + fired.phases) / STEPS / RATE * 1000
    size, sizes = 1.0, [1.0]
    for gap in gaps_ms.tolist():
        size = 1 - (1 - size * 0.6) * exp(-gap / 15.0)
        sizes.append(size)
    assert np.abs(fired.factors - sizes).max() < 0.002


def test_amplitudes_fall_with_the_interval():
    """The shorter the interval, the smaller a spike is, and after a long silence it is as large as a cell's are."""
    some = trains(Firing(bursts=APART), [4.0] * 10, amplitude_sd=0.0)
    fired = [some.fired(k, 0, 0, 2 * BLOCK) for k in range(10)]
    gaps_ms = np.concatenate([np.diff(one.frames) for one in fired]) / RATE * 1000
    factors = np.concatenate([one.factors[1:] for one in fired])
    means = [factors[(gaps_ms >= low) & (gaps_ms < high)].mean() for low, high in ((3, 4.5), (5, 8), (12, 30))]
    assert means == sorted(means)
    assert means[0] < 0.75
    assert np.abs(factors[gaps_ms > 200] - 1).max() < 1e-3


def test_some_cells_have_bursts():
    """A share of the cells has bursts, and the others are as they are without."""
    plain = trains(Firing(), [5.0] * 200)
    some = trains(Firing(bursts=Bursts(0.5, of_units=0.3)), [5.0] * 200)
    changed = sum(not np.array_equal(steps(plain, k), steps(some, k)) for k in range(200))
    assert changed == pytest.approx(60, abs=4 * np.sqrt(200 * 0.3 * 0.7))


def test_intervals_below_the_refractory_period():
    """Bursts whose intervals are all below the refractory period are refused; the remedy works."""
    with pytest.raises(MockSessionError, match="refractory period, 10 ms"):
        trains(Firing(bursts=APART), [1.0], refractory_ms=10.0)
    trains(Firing(bursts=Bursts(interval_ms=(3.0, 12.0))), [1.0], refractory_ms=10.0)
