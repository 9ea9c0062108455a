"""Where a unit is and where its events may go, held against a slow and obvious computation, and at its limits."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from mockrawio.hybrid import Probe, channels
from mockrawio.hybrid.channels import (
    MeanWindow,
    _tolerance,
    candidates,
    channels_in,
    mean_window,
    shifted_channels,
)
from mockrawio.hybrid.units import UnitSkipped, center_of
from mockrawio.planting import FixedEvents, LowRankEvents


def noise(n_frames=4000, n_channels=3, seed=0):
    """Samples of another spread and offset on each channel."""
    samples = np.random.default_rng(seed).normal(0, 100 * (1 + np.arange(n_channels)), (n_frames, n_channels))
    return (samples + 1000 * np.arange(n_channels)).astype(np.int16)


def recorded(samples):
    """A recording that has nothing but what a mean needs; it notes how many windows were asked for at a time."""
    asked = []

    def gather(times, before, after, rows):
        asked.append(len(times))
        return np.stack([samples[t - before : t + after + 1][:, rows] for t in times])

    return SimpleNamespace(n_channels=samples.shape[1], gather=gather, asked=asked)


def slow_mean(samples, used, before, after, every):
    """Return the mean window and its noise the obvious way, the noise from each `every`-th window."""
    windows = np.array([samples[t - before : t + after + 1] for t in used], float)
    n = before + after + 1
    mean = windows.mean(axis=0)
    mean = mean - (mean[0] + np.arange(n)[:, None] / (n - 1) * (mean[-1] - mean[0]))
    eighth = max(1, n // 8)
    apart = [abs(window[n - eighth + k] - window[k]) for window in windows[::every] for k in range(eighth)]
    return mean, 1.4826 * np.median(apart, axis=0) / 2**0.5 / len(used) ** 0.5


@pytest.mark.parametrize(
    ("n_spikes", "every", "extent"),
    [(1, 1, (4, 4)), (200, 1, (8, 7)), (201, 2, (1, 1)), (400, 2, (10, 20)), (401, 3, (9, 5)), (500, 3, (7, 7))],
)
@pytest.mark.parametrize("at_once", [1 << 21, 7])
def test_means_and_noise(n_spikes, every, extent, at_once, monkeypatch):
    """The mean is of all spikes, its noise of 100 to 200 of them evenly over all, in whatever blocks they are read."""
    samples = noise()
    times = np.sort(np.random.default_rng(1).integers(40, 3900, n_spikes))
    monkeypatch.setattr(channels, "CHUNK_ITEMS", at_once * (sum(extent) + 1) * 3)
    source = recorded(samples)
    found = mean_window(source, times, *extent)
    mean, spread = slow_mean(samples, times, *extent, every)
    np.testing.assert_allclose(found.mean, mean, atol=1e-9)
    np.testing.assert_allclose(found.noise, spread, rtol=1e-6)
    assert source.asked == (
        [n_spikes] if at_once > n_spikes else [7] * (n_spikes // 7) + [n_spikes % 7] * (n_spikes % 7 > 0)
    )


@pytest.mark.parametrize("n_spikes", [501, 750, 1234])
def test_five_hundred_spikes_are_enough(n_spikes):
    """Of more than 500 spikes 500 are used, evenly over all of them."""
    samples = noise()
    times = np.arange(n_spikes) * 3 + 20
    used = [times[k * n_spikes // 500] for k in range(500)]
    found = mean_window(recorded(samples), times, 6, 6)
    mean, spread = slow_mean(samples, used, 6, 6, 3)
    np.testing.assert_allclose(found.mean, mean, atol=1e-9)
    np.testing.assert_allclose(found.noise, spread, rtol=1e-6)


def line(*places, connected=None):
    """A probe of sites at these places of a line, or of a plane."""
    places = np.array([place if isinstance(place, tuple) else (0.0, place) for place in places])
    return Probe(np.arange(len(places)), np.ones(len(places), bool) if connected is None else connected, places)


def window_of(heights, noise=1.0):
    """A mean window of these largest deflections."""
    mean = np.zeros((3, len(heights)))
    mean[1] = heights
    return MeanWindow(mean, np.full(len(heights), noise))


def test_how_far_a_channel_may_be():
    """A channel is 100 µm from the peak at most, has a tenth of it at least, and more than five times the noise."""
    probe = line(0.0, 100.0, 100.01, (60.0, -80.0), (60.0, -80.1))
    assert channels_in(window_of([-90, 50, 50, -50, 50]), probe).tolist() == [0, 1, 3]
    assert channels_in(window_of([100, 10, 50, 9.99, 50]), probe).tolist() == [0, 1]
    assert channels_in(window_of([100, 15, 50, 15.01, 50], 3.0), probe).tolist() == [0, 3]
    assert channels_in(window_of([0, 0, 0, 0, 5.01]), probe).tolist() == [4]
    with pytest.raises(UnitSkipped, match="does not stand out from the noise on any connected channel"):
        channels_in(window_of([0, 0, 0, 0, 5.0]), probe)


def test_peaks_on_connected_channels():
    """What is not connected is no peak and no channel of a unit, by the raw row that each site has."""
    probe = Probe([1, 2, 0], [True, False, True], [[0, 0], [0, 10], [0, 20]])
    assert channels_in(window_of([50, 60, 900]), probe).tolist() == [0, 1]
    with pytest.raises(UnitSkipped):
        channels_in(window_of([1, 2, 900]), probe)


# -- tolerance -------------------------------------------------------------------------------------


def test_a_hundredth_of_the_least_distance():
    """The tolerance is a hundredth of the least distance between two sites that are not the same."""
    assert _tolerance(line(0.0, 30.0, 55.0).channel_positions) == pytest.approx(0.25)
    assert _tolerance(line((0.0, 0.0), (3.0, 4.0), (0.0, 0.0)).channel_positions) == pytest.approx(0.05)
    assert _tolerance(line(7.0).channel_positions) == _tolerance(line(7.0, 7.0).channel_positions) == 0.01
    assert _tolerance(np.empty((0, 2))) == 0.01


@pytest.mark.parametrize(("between", "least"), [(0, 2.0), (15, 2.0), (16, 500.0)])
def test_neighbours_along_the_first_axis(between, least):
    """Near sites are looked for among the sixteen that follow one another along the first axis, then the second."""
    others = [(1 + k / 100, 500.0 * (k + 1) + k * k) for k in range(between)]
    sites = [(0.0, 0.0), *others, (2.0, 0.0)]
    if between == 0:
        sites += [(2.0, 500.0)]
    positions = line(*sites).channel_positions
    slow = min(
        np.linalg.norm(positions[a] - positions[b])
        for a in range(len(sites))
        for b in range(a)
        if between < 16 or {a, b} != {0, len(sites) - 1}
    )
    assert _tolerance(positions[::-1]) == pytest.approx(slow / 100) and slow == pytest.approx(least, rel=0.01)


# -- other places ----------------------------------------------------------------------------------


def slow_candidates(rows, probe, tolerance, allow_overlap):
    """Return the places by trying each site in turn."""
    positions, connected = probe.channel_positions, np.flatnonzero(probe.connected)
    sites, found = probe.inverse_map[rows], []
    for goal in connected.tolist():
        by = positions[goal] - positions[sites[0]]
        place = []
        for site in sites:
            apart = np.abs(positions[connected] - (positions[site] + by)).max(axis=1)
            place.append(int(connected[apart.argmin()]) if apart.min() <= tolerance else -1)
        clear = allow_overlap or not set(place) & set(sites.tolist())
        if min(place) >= 0 and clear and np.linalg.norm(by) > tolerance:
            found.append((round(np.linalg.norm(by) / tolerance), probe.channel_map[place].tolist()))
    return [place for _, place in sorted(found, key=lambda one: one[0])]


@pytest.mark.parametrize("allow_overlap", [True, False])
@pytest.mark.parametrize("at_once", [1 << 21, 1])
def test_places_by_trying_all(allow_overlap, at_once, monkeypatch):
    """The places are those that fit, nearest first, of equally near ones in the probe's order."""
    monkeypatch.setattr(channels, "CHUNK_ITEMS", at_once)
    random = np.random.default_rng(3)
    for _ in range(4):
        grid = np.array([(20.0 * x, 20.0 * y) for y in range(7) for x in range(2)]) + random.uniform(
            -0.05, 0.05, (14, 2)
        )
        probe = Probe(random.permutation(14), random.random(14) < 0.9, grid)
        tolerance = _tolerance(grid[probe.connected])
        for count in (1, 2, 3):
            rows = probe.channel_map[np.flatnonzero(probe.connected)[2 : 2 + count]]
            found, distances = candidates(rows, probe, allow_overlap=allow_overlap)
            expected = slow_candidates(rows, probe, tolerance, allow_overlap)
            assert found.tolist() == expected and len(distances) == len(expected) > 0
            anchor = probe.channel_positions[probe.inverse_map[rows[0]]]
            moved = probe.channel_positions[probe.inverse_map[found[:, 0]]]
            np.testing.assert_allclose(distances, np.linalg.norm(moved - anchor, axis=1))
    assert candidates(rows, probe)[0].tolist() == slow_candidates(rows, probe, tolerance, False)


def test_a_tolerance_and_no_more():
    """A site as far off as the tolerance still fits, one that is farther does not; where it is itself is no place."""
    probe = line(0.0, 25.0, 100.0, 125.25, 200.0, 225.26)
    assert candidates(np.array([0, 1]), probe)[0].tolist() == [[2, 3]]
    assert candidates(np.array([0]), probe)[0].tolist() == [[1], [2], [3], [4], [5]]


def draws(seed=0):
    return np.random.default_rng(seed)


def test_a_place_is_drawn_once():
    """One draw, by weights that grow with the distance, says which of the places it is."""
    probe, rows = line(*(20.0 * k for k in range(8))), np.array([0, 1])
    places = [[2, 3], [3, 4], [4, 5], [5, 6], [6, 7]]
    assert candidates(rows, probe)[0].tolist() == places
    for seed in range(20):
        random = draws(seed)
        expected = places[draws(seed).choice(5, p=np.array([1, 2, 3, 4, 5]) / 15)]
        assert shifted_channels(rows, probe, None, random).tolist() == expected
        after = draws(seed)
        after.random()
        assert random.random() == after.random()


def test_the_words_of_no_place():
    """The reason says how many channels fit nowhere, and whether they may lie on their own."""
    probe = line(0.0, 20.0, 40.0)
    for overlap, words in ((False, "its 2 channels fit nowhere else, clear of its own channels, on the"), (True, None)):
        if words:
            with pytest.raises(UnitSkipped, match=words):
                shifted_channels(np.array([0, 1]), probe, None, draws(), allow_overlap=overlap)
        else:
            assert shifted_channels(np.array([0, 1]), probe, None, draws(), allow_overlap=True).tolist() == [1, 2]
    with pytest.raises(UnitSkipped, match="its 3 channels fit nowhere else on the probe's connected sites"):
        shifted_channels(np.array([0, 1, 2]), probe, None, draws(), allow_overlap=True)


# -- a step ----------------------------------------------------------------------------------------


def test_steps_to_the_ends():
    """A step leads as far as the last site, or the first; it goes down where up there is no room."""
    probe = line(*(20.0 * k for k in range(8)))
    moved = {(rows, step): shifted_channels(np.array(rows), probe, step, draws()).tolist() for rows, step in (
        ((0, 1), 6), ((1, 0), 2), ((6, 7), 6), ((4, 5), 3), ((4, 5), 4),
    )}  # fmt: skip
    assert list(moved.values()) == [[6, 7], [3, 2], [0, 1], [1, 2], [0, 1]]
    with pytest.raises(UnitSkipped) as raised:
        shifted_channels(np.array([2, 3]), probe, 5, draws())
    assert raised.value.found == (
        "channel_shift 5 does not fit (+5: beyond the end of the probe; -5: beyond the end of the probe)"
    )


def test_steps_that_do_not_fit():
    """Sites that are not connected, or the unit's own, or apart as its channels are not, are no place for it."""
    connected = np.array([True, True, True, True, False, True, True])
    probe = line(0.0, 25.0, 50.0, 75.0, 100.0, 125.0, 150.26, connected=connected)
    for rows, step, reason in (
        ([2, 3], 1, "+1: onto sites that are not connected; -1: onto the unit's own channels"),
        ([0, 1], 5, "+5: distances between its channels would change; -5: beyond the end of the probe"),
        ([2, 3], 0, "+0: onto the unit's own channels; +0: onto the unit's own channels"),
    ):
        with pytest.raises(UnitSkipped) as raised:
            shifted_channels(np.array(rows), probe, step, draws())
        assert raised.value.found == f"channel_shift {step} does not fit ({reason})"
    assert shifted_channels(np.array([2, 3]), probe, 1, draws(), allow_overlap=True).tolist() == [1, 2]
    assert shifted_channels(np.array([0, 1]), line(0.0, 25.0, 50.0, 75.25), 2, draws()).tolist() == [2, 3]


def test_steps_off_the_probe():
    """A step to just before the first site, or just after the last, leads off the probe."""
    with pytest.raises(UnitSkipped) as raised:
        shifted_channels(np.array([5, 6]), line(*(20.0 * k for k in range(8))), 6, draws())
    assert raised.value.found.endswith("-6: beyond the end of the probe)")
    with pytest.raises(UnitSkipped, match=r"\(\+2: beyond the end of the probe; -2: beyond"):
        shifted_channels(np.array([0, 1]), line(0.0, 20.0, 40.0), 2, draws())


def test_steps_that_turn_a_unit():
    """Distances between a unit's channels are what has to stay, not their directions."""
    probe = line((0.0, 0.0), (0.0, 20.0), (100.0, 0.0), (120.0, 0.0))
    assert shifted_channels(np.array([0, 1]), probe, 2, draws()).tolist() == [2, 3]


def test_steps_are_of_the_probe():
    """A step is one of the probe's entries, whatever rows those are."""
    probe = Probe([3, 1, 2, 0], [True] * 4, [[0, 0], [0, 20], [0, 40], [0, 60]])
    assert shifted_channels(np.array([3, 1]), probe, 2, draws()).tolist() == [2, 0]


# -- the middle of a unit --------------------------------------------------------------------------


def test_the_channel_of_a_mean_event():
    """The centre is where the mean event is largest, up or down; of equal ones the first."""
    samples = np.zeros((2, 3, 3), np.int16)
    samples[0, 1], samples[1, 1] = (10, -9, 0), (-10, -9, 17)
    assert center_of(FixedEvents(samples)) == 1
    samples[0, 2, 2] = samples[1, 2, 2] = -9
    assert center_of(FixedEvents(samples)) == 1
    basis = np.zeros((2, 3, 2))
    basis[0, 1], basis[1, 2] = (1.0, 0.0), (0.0, 1.0)
    assert center_of(LowRankEvents(basis, np.array([[3.0, -5.0], [1.0, 2.0]]))) == 0
    assert center_of(LowRankEvents(basis, np.array([[3.0, -5.0], [1.0, -2.0]]))) == 1
