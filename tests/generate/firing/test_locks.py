"""Locks: rates that follow events, the phase of a rhythm, the movie, the time, and each other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mockrawio.generate.parts.firing import Common, Cues, EventLocked, Firing, MovieLocked, PhaseLocked, Profile
from mockrawio.generate.renewal import BLOCK
from mockrawio.ground.errors import MockSessionError

from . import EVENTS_S, RATE, SECONDS, Tissue, amplitudes_of, same, seconds, steps, theta, trains

POINTS = ((0.0, 1.0), (4.0, 3.0), (6.0, 0.0), (12.0, 0.0), (15.0, 2.0))


def counted(some, n_cells, n_blocks, places, bins):
    """Return how many spikes of all cells are in bins of their places."""
    times = np.concatenate([seconds(some, k, n_blocks) for k in range(n_cells)])
    return np.histogram(places(times), bins)[0]


def chi2(found, expected):
    """Return by how many standard deviations the sum of squares is beyond its mean."""
    square = ((found - expected) ** 2 / expected).sum()
    return (square - len(found)) / np.sqrt(2 * len(found))


def resultant(kappa):
    """Return I1(kappa) / I0(kappa), as a mean over a turn."""
    angles = (np.arange(4096) + 0.5) * 2 * np.pi / 4096
    return (np.cos(angles) * np.exp(kappa * np.cos(angles))).mean() / np.exp(kappa * np.cos(angles)).mean()


@pytest.mark.parametrize("kappa", [0.3, 0.8, 4.0])
def test_phases(kappa):
    """The mean resultant length of phases is I1(kappa) / I0(kappa) and their mean the preferred one, in 4 errors."""
    some = trains(Firing(locked=PhaseLocked("theta", kappa=kappa, phase=1.0)), [20.0] * 20)
    phases = theta(np.concatenate([seconds(some, k) for k in range(20)]) * RATE) - 1.0
    expected, n = resultant(kappa), len(phases)
    error = np.sqrt((1 - expected / kappa - expected**2) / n)  # of the mean cosine of a von Mises distribution
    assert np.cos(phases).mean() == pytest.approx(expected, abs=4 * error)
    assert np.sin(phases).mean() == pytest.approx(0, abs=4 * np.sqrt(expected / kappa / n))
    assert n == pytest.approx(20 * 20 * SECONDS, abs=4 * np.sqrt(20 * 20 * SECONDS))


def test_preferred_phases_spread():
    """Cells have preferred phases of their own, normal around the one that is asked."""
    some = trains(Firing(locked=PhaseLocked(kappa=3.0, phase=0.5, spread=0.6)), [30.0] * 60)
    means = [np.angle(np.exp(1j * theta(seconds(some, k) * RATE)).mean()) for k in range(60)]
    assert np.mean(means) == pytest.approx(0.5, abs=4 * 0.6 / np.sqrt(60))
    assert np.std(means) == pytest.approx(0.6, abs=4 * 0.6 / np.sqrt(120))


def test_no_rhythm_no_lock():
    """Where the rhythm has no phase, rates are as they are without it."""

    class Silent(Tissue):
        def phase(self, name):
            return lambda seg_index, frames: np.where(frames < BLOCK, np.nan, theta(frames))

    some = Firing(locked=PhaseLocked(kappa=2.0)).trains([7.0], 3.0, amplitudes_of(), True, Silent())
    assert (some.intensity(0, 0, 0, BLOCK) == 7).all()
    assert some.intensity(0, 0, BLOCK, 2 * BLOCK).max() > 21


def kernel_mean(low_s, high_s, latency_s=0.08, duration_s=0.3):
    """Return the mean of the response over some time after the event: t^2 (1 - t)^4 over its peak at 1/3."""
    t = (np.linspace(low_s, high_s, 2001) - latency_s) / duration_s
    t = np.clip(t, 0, 1)
    return (t**2 * (1 - t) ** 4).mean() / ((1 / 9) * (2 / 3) ** 4)


@pytest.mark.parametrize("gain", [5.0, 0.0])
def test_psth(gain):
    """The PSTH is the kernel, bin by bin, in chi squared; the rate between responses is the one that is asked."""
    some = trains(Firing(locked=EventLocked(code=4, gain=gain)), [20.0] * 30)
    bins = np.linspace(0, 1, 51)
    found = counted(some, 30, 2, lambda times: (times - EVENTS_S[0]) % 1.0, bins)
    means = np.array([kernel_mean(low, high) for low, high in pairwise(bins)])
    expected = 20.0 * (1 + (gain - 1) * means) * 0.02 * 30 * 2 * SECONDS
    assert abs(chi2(found, expected)) < 4


def test_movie():
    """Spikes follow the movie's own time, again each time that it is shown; before it begins they do not."""
    some = trains(Firing(locked=MovieLocked(POINTS)), [20.0] * 20)
    times = np.concatenate([seconds(some, k, 3) for k in range(20)])
    before = (times < 10).sum()
    assert before == pytest.approx(20 * 20 * 10, abs=4 * np.sqrt(4000))
    shown = times[(times >= 10) & (times < 90)]
    found = np.histogram((shown - 10) % 20.0, np.arange(21))[0]
    rates = np.interp(np.arange(0, 20, 0.01) + 0.005, *zip(*POINTS, strict=True)).reshape(20, 100).mean(axis=1)
    expected = 20 * 20.0 * 4 * rates
    assert (found[7:12] == 0).all()
    kept = expected > 20
    assert abs(chi2(found[kept], expected[kept])) < 4


def test_profile():
    """Spikes follow a profile from the start of the recording on, in a later segment too; it may begin again."""
    some = trains(Firing(locked=Profile(((0.0, 0.0), (200.0, 0.0), (210.0, 4.0)))), [20.0])
    assert len(steps(some)) == 0
    assert len(steps(some, seg_index=2)) == pytest.approx(20 * (4 * SECONDS - 20), abs=4 * np.sqrt(2400))
    again = trains(Firing(locked=Profile(((0.0, 0.0), (2.0, 0.0), (2.001, 2.0), (4.0, 2.0)), period_s=4.0)), [20.0])
    times = seconds(again) % 4.0
    assert (times > 2).all()
    assert len(times) == pytest.approx(20 * SECONDS, abs=4 * np.sqrt(20 * SECONDS) + 40)


def test_common_gain():
    """Counts of cells that follow one slow process are correlated as its variance says, and those of others are not."""
    firing = Firing(locked=Common(0.5, tau_s=0.5, of_units=0.5))
    some = trains(firing, [20.0] * 40)
    plain = trains(Firing(), [20.0] * 40)
    follow = [k for k in range(40) if not np.array_equal(steps(some, k), steps(plain, k))]
    assert len(follow) == pytest.approx(20, abs=4 * np.sqrt(10))
    width = 0.1
    bins = np.arange(0, 4 * SECONDS, width)
    counts = np.array([np.histogram(seconds(some, k, 4), bins)[0] for k in range(40)])
    covariance = np.cov(counts)
    rest = [k for k in range(40) if k not in follow]
    together = covariance[np.ix_(follow, follow)][~np.eye(len(follow), dtype=bool)].mean()
    # the log-normal's variance, exp(sd^2) - 1; of some 140 s / 0.5 s independent values its error is about a fifth
    expected = (20 * width) ** 2 * (np.exp(0.25) - 1)
    assert together == pytest.approx(expected, rel=0.6)
    others = covariance[np.ix_(rest, rest)][~np.eye(len(rest), dtype=bool)].mean()
    assert abs(others) < 0.1 * expected


def test_common_gain_has_a_mean_of_one():
    """The mean rate stays as it is asked for: the mean factor of 200 s at 0.1 s is 1 in 4 standard errors."""
    some = trains(Firing(locked=Common(0.5, tau_s=0.1)), [10.0])
    means = [some.intensity(0, seg, 0, 2 * BLOCK)[::100].mean() / 10 for seg in range(3)]
    # the correlation of a cubic spline adds up to about 2.1 tau
    error = np.sqrt((np.exp(0.25) - 1) * 0.21 / (3 * 2 * SECONDS))
    assert np.mean(means) == pytest.approx(1, abs=4 * error)


@pytest.mark.parametrize(
    "part",
    [
        EventLocked(gain=1.0),
        EventLocked(gain=9.0, of_units=0.0),
        PhaseLocked(kappa=0.0),
        MovieLocked(((0.0, 1.0), (5.0, 1.0))),
        Profile(((0.0, 1.0), (5.0, 1.0)), period_s=5.0),
        Common(0.0),
    ],
    ids=repr,
)
def test_off_changes_nothing(part):
    """A part that changes no rate gives the bytes of none, at any rate and without jitter too."""
    for rate, jitter in ((0.5, True), (40.0, True), (150.0, False)):
        assert same(trains(Firing(locked=part), [rate], jitter=jitter), trains(Firing(), [rate], jitter=jitter))


def test_factors_multiply():
    """Where rates follow two things, the factors are multiplied."""
    both = Firing(locked=(Profile(((0.0, 2.0),)), Profile(((0.0, 1.5),))))
    assert same(trains(both, [10.0]), trains(Firing(locked=Profile(((0.0, 3.0),))), [10.0]))


def test_parts_of_a_kind_choose_their_own():
    """A second part of a kind has cells of its own, and leaves those of the first as they were."""
    one = EventLocked(gain=9.0, of_units=0.5)
    off = EventLocked(gain=1.0, of_units=0.5)
    first, second, both = (trains(Firing(locked=some), [10.0] * 30) for some in ((one,), (off, one), (one, one)))
    plain = trains(Firing(), [10.0] * 30)
    chosen = [{k for k in range(30) if not same(some, plain, k, BLOCK)} for some in (first, second, both)]
    assert chosen[0] != chosen[1]
    assert chosen[2] == chosen[0] | chosen[1]


def test_a_busy_cell_fires_as_it_can():
    """A rate beyond what the refractory period leaves is held below it, and the intensity says so."""
    some = trains(Firing(locked=Profile(((0.0, 10.0),))), [100.0])
    assert some.intensity(0, 0, 0, 10).max() == pytest.approx(0.8 / 0.003)
    expected = 0.8 / 0.003 * SECONDS
    assert len(steps(some)) == pytest.approx(expected, abs=4 * np.sqrt(expected))


def test_nothing_to_follow():
    """A session without events of that name, or without that rhythm, is an error that names the field."""
    for part, field in ((EventLocked("Clicks"), "EventLocked.events"), (PhaseLocked("delta"), "PhaseLocked.rhythm")):
        with pytest.raises(MockSessionError, match=field):
            Firing(locked=part).trains([1.0], 3.0, amplitudes_of(), True, Cues())
