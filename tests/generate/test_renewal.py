"""Renewal trains: exact, block by block, and Poisson processes with a dead time."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest

from mockrawio.generate.layers import Setting
from mockrawio.generate.renewal import BLOCK, JITTER, STEPS, Renewal, Spikes, exponential

DEAD = Fraction(3, 1000)


def setting(rate=30_000, seed=5) -> Setting:
    """Return a setting of one contact."""
    return Setting(seed, Fraction(rate), 0.195, np.zeros((1, 3)), (10**9,))


def steps(spikes: Spikes) -> np.ndarray:
    """Return where spikes are, in eighths of a frame."""
    return spikes.frames * STEPS + spikes.phases


def poisson(here, name, index, rate_hz, dead, seg_index, n_blocks) -> Spikes:
    """Return the first blocks of a train."""
    train = Renewal(rate_hz, dead)
    blocks = [train.block(here, name, index, seg_index, block) for block in range(n_blocks)]
    return Spikes(*map(np.concatenate, zip(*blocks, strict=True)))


@lru_cache
def long_train() -> Spikes:
    """Return three blocks of a train of 40 Hz."""
    return poisson(setting(), "spikes", 1, 40.0, DEAD, 0, 3)


def test_the_bytes_are_pinned():
    """The first spikes of a seed are these, on any machine and from now on."""
    found = steps(poisson(setting(), "spikes", 0, 7.5, DEAD, 1, 1))
    assert hashlib.sha256(found.astype("<i8").tobytes()).hexdigest()[:16] == "0448c58718bae28b"


@pytest.mark.parametrize(
    ("rate", "rate_hz", "dead_ms"), [(1000, 250.0, 3), (24414.0625, 100.0, 2.5), (30_000, 400.0, 1), (100_000, 5.0, 0)]
)
def test_no_interval_is_below_the_dead_time(rate, rate_hz, dead_ms):
    """In no block, and across no border of two, are spikes nearer than the dead time, to the step."""
    dead, here = Fraction(dead_ms) / 1000, setting(rate)
    spikes = poisson(here, "spikes", 0, rate_hz, dead, 0, 4)
    apart, least = np.diff(steps(spikes)), dead * here.sampling_rate * STEPS
    assert len(apart) > 150
    assert apart.min() >= least
    assert not len(apart) > 10_000 or apart.min() < least + here.sampling_rate * STEPS / Fraction(rate_hz) / 100
    assert (spikes.phases < STEPS).all()


def test_spikes_come_as_a_poisson_process_with_a_dead_time():
    """Their number, and the intervals less the dead time, are as of one: 5 standard errors, Kolmogorov-Smirnov .001."""
    spikes, seconds = long_train(), 3 * BLOCK / 30_000
    n = len(spikes.frames)
    # A block begins with a dead time, which takes away .12 spikes each; variance is less than a Poisson process's.
    assert abs(n - 40.0 * seconds) < 5 * np.sqrt(40.0 * seconds)
    free = np.sort(np.diff(steps(spikes))) / (STEPS * 30_000) - float(DEAD)
    expected = 1 - np.exp(-free / (1 / 40.0 - float(DEAD)))
    assert abs(expected - (np.arange(n - 1) + 0.5) / (n - 1)).max() < 1.95 / np.sqrt(n)
    phases = np.bincount(spikes.phases, minlength=STEPS)
    assert abs(phases - n / STEPS).max() < 5 * np.sqrt(n / STEPS)
    assert tuple(k / 16 for k in range(-7, 8, 2)) == JITTER


def test_intervals_do_not_depend_on_each_other():
    """The correlation of an interval with the next one lies within 5 standard errors of 0."""
    apart = np.diff(steps(long_train())).astype(float)
    assert abs(np.corrcoef(apart[1:], apart[:-1])[0, 1]) < 5 / np.sqrt(len(apart))


def test_trains_have_nothing_in_common():
    """Another number, name, segment or seed is another train: within 1 ms are as many spikes as chance puts there."""
    first = long_train().frames
    others = [
        poisson(setting(), "spikes", 2, 40.0, DEAD, 0, 3),
        poisson(setting(), "noise.far", 1, 40.0, DEAD, 0, 3),
        poisson(setting(), "spikes", 1, 40.0, DEAD, 1, 3),
        poisson(setting(seed=6), "spikes", 1, 40.0, DEAD, 0, 3),
    ]
    for other in others:
        places = np.searchsorted(other.frames, [first - 30, first + 31])
        near, chance = np.diff(places, axis=0).mean(), 61 * 40.0 / 30_000
        assert abs(near - chance) < 5 * np.sqrt(chance / len(first))


def test_a_train_may_leave_no_room_for_chance():
    """Where the dead time is as long as the mean interval, spikes come at that interval."""
    train = Renewal(100.0, Fraction(1, 100))
    apart = np.diff(steps(train.block(setting(), "spikes", 0, 0, 0)))
    assert set(apart.tolist()) == {300 * STEPS}


def test_the_exponential_table_is_one():
    """Its 65536 steps ascend, have the mean 1 and, but for what the last step lacks, the standard deviation 1."""
    table = exponential().later
    assert (np.diff(table) > 0).all()
    assert table.mean() == pytest.approx(1, abs=1e-12)
    assert table.std() == pytest.approx(1, abs=1e-3)
    assert not table.flags.writeable
