"""Which channels a unit is on, and where its events go."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio.hybrid import Probe, channels, eMouse, neuropixels3a
from mockrawio.hybrid.channels import MeanWindow, candidates, channels_in, mean_window, shifted_channels
from mockrawio.hybrid.recording import open_raw
from mockrawio.hybrid.units import UnitSkipped
from tests.hybrid.samples import HYBRID, RAW
from tests.hybrid.synthetic import RATE, make, staggered_probe


def draws(seed=0):
    return np.random.default_rng(seed)


def moved(probe, factor, by):
    return Probe(probe.channel_map, probe.connected, probe.channel_positions * factor + by, "moved")


def window_of(heights, noise=1.0):
    """A mean window with one trough, of another depth on each channel."""
    mean = -np.exp(-0.5 * (np.arange(-20, 21) / 4) ** 2)[:, None] * np.asarray(heights, float)
    return MeanWindow(mean, np.full(len(heights), noise))


def test_mean_window_is_the_plain_mean(tmp_path):
    """Chunks and all: the mean of all windows, less the line between its ends."""
    made = make(tmp_path, n_channels=8, seconds=1.0, counts=(50,), amplitudes=(200.0,))
    recording = open_raw(tmp_path / "raw.bin", n_channels=8, sample_rate=RATE)
    raw = np.fromfile(tmp_path / "raw.bin", "<i2").reshape(-1, 8)
    mean = np.mean([raw[t - 40 : t + 31] for t in made.times[1]], axis=0)
    line = mean[0] + np.arange(71)[:, None] / 70 * (mean[-1] - mean[0])
    np.testing.assert_allclose(mean_window(recording, made.times[1], 40, 30).mean, mean - line, atol=1e-9)


def test_noise_of_the_mean(tmp_path):
    """The noise is the recording's, over the root of the number of events, spike and offset aside."""
    made = make(tmp_path, n_channels=8, seconds=4.0, counts=(400,), amplitudes=(900.0,))
    raw = np.fromfile(tmp_path / "raw.bin", "<i2").reshape(-1, 8)
    (raw + (1000 * np.arange(8)).astype(np.int16)).tofile(tmp_path / "raw.bin")
    recording = open_raw(tmp_path / "raw.bin", n_channels=8, sample_rate=RATE)
    window = mean_window(recording, made.times[1], 40, 40)
    np.testing.assert_allclose(window.noise, 10.0 / 20, rtol=0.1)


def test_rule():
    """A channel needs five times the noise, a tenth of the peak, to be near it, and connected."""
    positions = np.array([[0, 0], [0, 20], [0, 40], [0, 60], [0, 99], [0, 101]])
    connected = np.array([True, True, True, False, True, True])
    probe = Probe(np.arange(6), connected, positions)
    assert channels_in(window_of([100, 9, 11, 50, 50, 50]), probe).tolist() == [0, 2, 4]
    assert channels_in(window_of([100, 9, 11, 50, 50, 50], noise=3.0), probe).tolist() == [0, 4]
    assert channels_in(window_of([-100, 20, 0, 900, 0, 0]), probe).tolist() == [0, 1]


def test_rows_follow_the_map():
    """Channels are raw rows: sites are found through the probe's map."""
    probe = Probe([2, 0, 1], [True, True, True], [[0, 0], [0, 20], [0, 500]])
    assert channels_in(window_of([50, 50, 100]), probe).tolist() == [0, 2]


def test_nothing_but_noise():
    """A unit that stands out nowhere is skipped, with the reason."""
    with pytest.raises(UnitSkipped, match="does not stand out"):
        channels_in(window_of([4.0, 3.0]), staggered_probe(2))


@pytest.mark.parametrize("noise", [0.4, 1.0, 3.0])
def test_five_times_the_noise(noise):
    """A unit is there beyond five times the noise of its mean, and so is a channel beside its peak."""
    probe = staggered_probe(2)
    for height in (5.0, 4.99, 1.0):
        with pytest.raises(UnitSkipped, match="does not stand out"):
            channels_in(window_of([height * noise, noise], noise), probe)
    assert channels_in(window_of([5.01 * noise, noise], noise), probe).tolist() == [0]
    assert channels_in(window_of([40 * noise, 4.99 * noise], noise), probe).tolist() == [0]
    assert channels_in(window_of([40 * noise, 5.0 * noise], noise), probe).tolist() == [0]
    assert channels_in(window_of([40 * noise, 5.01 * noise], noise), probe).tolist() == [0, 1]


def test_silence():
    """Where nothing is recorded no unit is; a channel of a tenth of the peak is one, where there is no noise."""
    with pytest.raises(UnitSkipped, match="does not stand out"):
        channels_in(window_of([0.0, 0.0], 0.0), staggered_probe(2))
    assert channels_in(window_of([50.0, 5.0], 0.0), staggered_probe(2)).tolist() == [0, 1]
    assert channels_in(window_of([50.0, 4.9], 0.0), staggered_probe(2)).tolist() == [0]


def test_blocks_do_not_matter(tmp_path, monkeypatch):
    """Means, noise and places are the same where windows, and sites of a probe, are taken a few at a time."""
    made = make(tmp_path, n_channels=32, seconds=1.0, counts=(50,), amplitudes=(200.0,))
    recording, probe = open_raw(tmp_path / "raw.bin", n_channels=32, sample_rate=RATE), neuropixels3a()
    rows = np.arange(100, 110)
    whole, places = mean_window(recording, made.times[1], 40, 40), candidates(rows, probe)
    monkeypatch.setattr(channels, "CHUNK_ITEMS", 7 * 81 * 32)  # 7 windows; 24 of 384 sites
    few = mean_window(recording, made.times[1], 40, 40)
    np.testing.assert_allclose(few.mean, whole.mean, atol=1e-9)
    np.testing.assert_allclose(few.noise, whole.noise, rtol=1e-9)
    for found, expected in zip(candidates(rows, probe), places, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_channels_of_384(tmp_path):
    """Each of three units on a 384-channel probe gets about ten channels around its peak."""
    made = make(tmp_path, n_channels=384, seconds=0.5, counts=(30, 30, 30))
    recording = open_raw(tmp_path / "raw.bin", n_channels=384, sample_rate=RATE)
    for label, times in made.times.items():
        rows = channels_in(mean_window(recording, times, 40, 40), made.params.probe)
        assert made.peaks[label] in rows or not made.params.probe.connected[made.peaks[label]]
        assert 7 <= len(rows) <= 14


def test_channels_of_the_sample():
    """In the sample, what the original chose is part of what is chosen here."""
    times = np.load(HYBRID / "original_intermediates.npz")
    recording = open_raw(RAW, n_channels=32, sample_rate=RATE)
    for unit, most in (("u6", 8), ("u9", 12)):
        rows = channels_in(mean_window(recording, times[f"{unit}_times"], 40, 40), staggered_probe(32))
        assert set(times[f"{unit}_channels"].tolist()) <= set(rows.tolist())
        assert len(rows) <= most


def test_candidates_match_the_original():
    """Where positions are exact and overlap is allowed, the places are the original's."""
    wanted = np.load(HYBRID / "original_intermediates.npz")
    for unit, probe in (("u6", staggered_probe(32)), ("u9", staggered_probe(32)), ("emouse", eMouse())):
        channels = np.array([1, 2]) if unit == "emouse" else wanted[f"{unit}_channels"]
        rows, distances = candidates(channels, probe, allow_overlap=True)
        its = wanted["emouse_shift_1_2" if unit == "emouse" else f"{unit}_shift_channels"]
        assert sorted(rows.tolist()) == sorted(its.tolist())
        assert (np.diff(distances) > -1e-9).all()


@pytest.mark.parametrize("probe", [staggered_probe(32), neuropixels3a(), eMouse()], ids=lambda probe: probe.name)
def test_candidates_with_inexact_positions(probe):
    """Positions times 1.1 plus 0.1 leave all places, in the same order."""
    channels = probe.channel_map[8:14]
    before, after = (candidates(channels, p)[0] for p in (probe, moved(probe, 1.1, 0.1)))
    assert len(before) > 0
    np.testing.assert_array_equal(before, after)


def test_positions_of_any_unit():
    """Sites a thousandth as far apart, as in mm, have the same places to go to, and the same that do not quite fit."""
    for last, fits in ((20.05, True), (21.0, False)):
        positions = np.array([[0, 0], [0, 20], [0, 100], [0, 100 + last], [0, 500], [0, 507.0]])
        probe = Probe(np.arange(6), np.ones(6, bool), positions)
        for factor in (1.0, 1e-3, 1e3):
            found = candidates(np.array([0, 1]), moved(probe, factor, 0.0))[0].tolist()
            assert found == ([[2, 3]] if fits else [])


def test_positions_are_compared_with_tolerance():
    """Positions rounded to 0.1 µm still fit; a site 1 µm off does not."""
    positions = np.array([[0, 0], [0, 20], [0, 100.1], [0, 120], [0, 200], [0, 221]])
    probe = Probe(np.arange(6), np.ones(6, bool), positions)
    assert candidates(np.array([0, 1]), probe)[0].tolist() == [[2, 3]]


def test_candidates_keep_the_shape():
    """Every place is a translation onto connected sites, clear of the unit's own."""
    probe, channels = neuropixels3a(), np.arange(100, 110)
    rows, _ = candidates(channels, probe)
    positions = probe.channel_positions
    for place in rows:
        steps = positions[place] - positions[channels]
        np.testing.assert_allclose(steps, np.broadcast_to(steps[0], steps.shape), atol=1e-9)
        assert probe.connected[place].all()
        assert not set(place.tolist()) & set(channels.tolist())


def test_far_places_are_likelier():
    """The k-th nearest of c places is drawn with probability k / (1 + ... + c)."""
    probe, channels = staggered_probe(12), np.array([0, 1])
    rows, _ = candidates(channels, probe)
    drawn = [shifted_channels(channels, probe, None, draws(seed)).tolist() for seed in range(3000)]
    weights = np.arange(1, len(rows) + 1) / np.arange(1, len(rows) + 1).sum()
    assert len(rows) == 5
    np.testing.assert_allclose([drawn.count(row.tolist()) / 3000 for row in rows], weights, atol=0.03)


def test_no_place():
    """Where a unit fits nowhere else it is skipped, with the reason."""
    with pytest.raises(UnitSkipped, match="fit nowhere else"):
        shifted_channels(np.arange(6), staggered_probe(8), None, draws())
    assert shifted_channels(np.arange(6), staggered_probe(8), None, draws(), allow_overlap=True).tolist() == [
        *range(2, 8)
    ]


def test_step_is_honoured():
    """A step goes up the probe, or down where that does not fit."""
    probe = staggered_probe(32)
    assert shifted_channels(np.array([5, 4]), probe, 6, draws()).tolist() == [11, 10]
    assert shifted_channels(np.array([28, 29]), probe, 6, draws()).tolist() == [22, 23]


@pytest.mark.parametrize(
    ("channels", "step", "reason"),
    [
        ([28, 29], 400, "beyond the end"),
        ([30, 42], 6, "not connected"),
        ([100, 101], 1, "own channels"),
        ([100, 102], 1, "distances"),
    ],
)
def test_step_is_never_replaced(channels, step, reason):
    """A step that does not fit is a reason to skip the unit, never a random shift."""
    probe = neuropixels3a()
    if reason == "distances":
        positions = probe.channel_positions.copy()
        positions[[101, 103, 99], 0] += [1.0, 5.0, 9.0]
        probe = Probe(probe.channel_map, probe.connected, positions)
    with pytest.raises(UnitSkipped, match=reason):
        shifted_channels(np.array(channels), probe, step, draws())


def test_a_probe_without_a_connected_site():
    """A unit has nowhere to go on it, which is said as for any other."""
    probe = Probe(np.arange(3), np.zeros(3, bool), [[0, 0], [0, 20], [0, 40]])
    rows, distances = candidates(np.array([0]), probe)
    assert (rows.shape, distances.shape) == ((0, 1), (0,))
