"""The original's arithmetic, held against what its own sentences say, step by step and at the ends of files."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from mockrawio.formats.sorters import Sorting
from mockrawio.ground.errors import MockSessionError
from mockrawio.hybrid import Probe
from mockrawio.hybrid.original import arithmetic, run
from mockrawio.hybrid.original.run import OriginalPlan, PrivateCopy, Wrapping, plan_original
from mockrawio.hybrid.recipe import Recipe
from mockrawio.hybrid.recording import open_raw
from mockrawio.hybrid.units import HybridUnit
from mockrawio.planting import FixedEvents


def legacy(seed=0):
    return np.random.RandomState(seed)


def column(n, step=20.0, connected=None):
    """A probe of one column."""
    positions = np.column_stack([np.zeros(n), step * np.arange(n)])
    return Probe(np.arange(n), np.ones(n, bool) if connected is None else connected, positions)


# -- channels and places ---------------------------------------------------------------------------


def test_channels_below_a_percentile():
    """A channel is the unit's if its mean window, from its first sample on, falls below the second percentile."""
    random = np.random.default_rng(0)
    for n, m in ((10, 20), (7, 31), (51, 2)):
        mean = random.normal(0, 5, (n, m)) + 100 * np.arange(m)
        centred = mean - mean[0]
        slow = [c for c in range(m) if (centred[:, c] < np.percentile(centred, 2)).any()]
        assert arithmetic.original_channels(mean).tolist() == slow and 0 < len(slow) < m
    flat = np.zeros((51, 2))
    flat[5, 1], flat[6, 1], flat[7, 0] = (
        -3.0,
        -2.0,
        -2.0,
    )  # the percentile of 102 values is between the third and fourth
    assert arithmetic.original_channels(flat).tolist() == [0, 1]


def slow_places(rows, probe):
    """Return the anchor's goals and the rows of each place, by trying each connected site."""
    positions, connected = probe.channel_positions, np.flatnonzero(probe.connected)
    sites = probe.inverse_map[rows]
    middle = positions[connected].mean(axis=0)
    anchor = max(sites.tolist(), key=lambda site: np.linalg.norm(positions[site] - middle))
    where = {tuple(positions[site]): site for site in connected.tolist()}
    found = []
    for goal in connected.tolist():
        moved = [where.get(tuple(positions[goal] + (positions[site] - positions[anchor]))) for site in sites]
        if goal != anchor and None not in moved:
            found.append((np.linalg.norm(positions[goal] - positions[anchor]), goal, moved))
    found.sort(key=lambda one: one[0])
    return [int(probe.channel_map[goal]) for _, goal, _ in found], [
        probe.channel_map[moved].tolist() for *_, moved in found
    ]


def test_places_that_fit_exactly():
    """A unit fits where all its channels fall onto connected sites; the nearest place of its outermost one is first."""
    random = np.random.default_rng(4)
    grid = np.array([(20.0 * x, 20.0 * y) for y in range(7) for x in range(2)])
    for _ in range(6):
        probe = Probe(random.permutation(14), random.random(14) < 0.85, grid)
        connected = probe.channel_map[probe.connected]
        for count in (1, 2, 3):
            rows = random.choice(connected, count, replace=False)
            anchors, places = arithmetic.shift_candidates(rows, probe)
            assert (anchors.tolist(), places.tolist()) == slow_places(rows, probe)


def test_a_place_is_drawn():
    """Of the places one is drawn, the k-th nearest with a weight of k; a step that does not fit counts for none."""
    probe, rows = column(8), np.array([3, 4])
    anchors, places = arithmetic.shift_candidates(rows, probe)
    weights = np.arange(1, len(anchors) + 1) / np.arange(1, len(anchors) + 1).sum()
    for seed in range(12):
        drawn = legacy(seed).choice(anchors, p=weights)
        expected = places[anchors.tolist().index(drawn)].tolist()
        assert arithmetic.original_shift(rows, probe, None, legacy(seed)).tolist() == expected
        assert arithmetic.original_shift(rows, probe, 7, legacy(seed)).tolist() == expected
    assert arithmetic.original_shift(np.arange(8), probe, None, legacy()) is None


def test_steps_of_the_original():
    """A step goes up if the last channel stays on the probe, else down if the first does, onto connected sites."""
    probe = column(8)
    steps = {((0, 1), 6): [6, 7], ((1, 2), 6): None, ((6, 7), 6): [0, 1], ((5, 6), 6): None, ((6, 7), 0): [6, 7]}
    for (rows, step), expected in steps.items():
        found = arithmetic._stepped(np.array(rows), probe, step)
        assert (None if found is None else found.tolist()) == expected
    connected = np.array([True] * 7 + [False])
    assert arithmetic._stepped(np.array([0, 1]), column(8, connected=connected), 6) is None
    assert arithmetic._stepped(np.array([0, 1]), column(8, connected=connected), 5).tolist() == [5, 6]
    uneven = Probe([3, 2, 1, 0], [True] * 4, [[0, 0], [0, 20], [0, 50], [0, 71]])
    assert arithmetic._stepped(np.array([3, 2]), uneven, 2) is None
    even = Probe([3, 2, 1, 0], [True] * 4, [[0, 0], [0, 20], [0, 50], [0, 70]])
    assert arithmetic._stepped(np.array([3, 2]), even, 2).tolist() == [1, 0]
    turned = Probe([0, 1, 2, 3], [True] * 4, [[0, 0], [0, 20], [100, 0], [120, 0]])
    assert arithmetic._stepped(np.array([0, 1]), turned, 2).tolist() == [2, 3]


# -- times -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 2, 7])
@pytest.mark.parametrize(("rate", "isi_ms", "factor"), [(30_000, 2, 100), (24_999, 3, 7), (1000, 0, 5), (59_999, 1, 3)])
def test_jitter_by_its_sentence(count, rate, isi_ms, factor):
    """Half go forward, by half a refractory period and a draw; the rest back, by twice that and a draw."""
    random = legacy(3)
    half, sigma = int(rate * isi_ms / 2000), factor // 2
    forward = [half + abs(draw) for draw in random.normal(0, sigma, size=count // 2)]
    backward = [-(half + abs(half + draw)) for draw in random.normal(0, sigma, size=count - count // 2)]
    expected = random.permutation(np.array([*forward, *backward], float)).astype(np.int64)
    found = arithmetic.jitter(count, factor, rate, isi_ms, legacy(3))
    assert found.tolist() == expected.tolist() and found.dtype == np.int64


SPANS = np.array([0, 1000]), np.array([900, 2000])


def still(own, **more):
    """Times that are not moved: regular ones, or the unit's own with a stand-in for the draws."""
    how = {"rate": None, "factor": 0, "sample_rate": 1000, "random": legacy(1), **more}
    return np.sort(arithmetic.original_times(np.array(own, np.int64), SPANS, (10, 20), **how)).tolist()


def test_times_inside_files(monkeypatch):
    """A time is kept if its window lies inside one file; one that ends a sample past it is where the original dies."""
    monkeypatch.setattr(arithmetic, "jitter", lambda count, *_: np.zeros(count, np.int64))
    own = [9, 10, 500, 879, 881, 950, 1009, 1010, 1979, 1981, 2500]
    assert still(own) == [10, 500, 879, 1010, 1979]
    for time in (880, 1980):
        with pytest.raises(MockSessionError, match="compat: expected a new event whose window ends one sample past"):
            still([*own, time])
    assert still([]) == [] and still([5]) == []


def test_how_many_times_are_drawn(monkeypatch):
    """Of more than the cap as many are drawn, in the order in which they are inserted; without one all."""
    monkeypatch.setattr(arithmetic, "jitter", lambda count, *_: np.zeros(count, np.int64))
    own = list(range(100, 150))
    for cap, size in ((None, 50), (50, 50), (51, 50), (49, 49), (3, 3)):
        expected = legacy(1).choice(np.array(own), size=size, replace=False)
        found = arithmetic.original_times(
            np.array(own), SPANS, (10, 20), rate=None, factor=0, sample_rate=1000, random=legacy(1), cap=cap
        )
        assert found.tolist() == expected.tolist()
    assert arithmetic.LEGACY_CAP == 25_000


@pytest.mark.parametrize(("rate", "step"), [(2, 500), (3, 333), (1, 1000), (1000, 1)])
def test_regular_times(rate, step):
    """Regular times begin with the first window, and are a whole number of samples apart, through all files."""
    every = range(10, 2000 - 20 - 1, step)
    inside = [t for t in every if 10 <= t < 880 or 1010 <= t < 1980]
    if rate == 1000:
        with pytest.raises(MockSessionError, match="one sample past its file"):
            still([], rate=rate)
        return
    assert still([], rate=rate) == inside


def test_the_last_regular_time():
    """A regular time whose window ends with the last file is left out; the jitter fits into the shortest file."""
    times = still([], rate=1, sample_rate=179)
    assert 10 + 11 * 179 + 20 == 1999 and times == [t for t in range(10, 1979, 179) if t < 880 or t >= 1010]
    assert still([], rate=2, sample_rate=2000) == [10, 1010]  # no refractory period moves them
    assert still([], rate=1, sample_rate=246)[-1] == 10 + 8 * 246 == 1978
    spans, random = (np.array([0, 1000]), np.array([980, 1900])), legacy()
    with pytest.raises(MockSessionError, match="at most the 900 samples of the shortest file"):
        arithmetic.original_times(np.array([]), spans, (10, 20), rate=1, factor=950, sample_rate=1000, random=random)


def test_own_times_are_moved():
    """Without a spread, at 2 kHz, a unit's own times go two samples forward, or four back."""
    own = [100, 200, 300, 400, 500]
    moved = [time - own[k] for k, time in enumerate(still(own, sample_rate=2000))]
    assert sorted(moved) == [-4, -4, -4, 2, 2]


def test_rates_that_the_original_takes():
    """A rate is a whole number of Hz up to the sample rate; the jitter fits into the shortest file."""
    lengths = np.array([900, 1000])
    for rate, factor in ((1, 0), (1000, 900), (2.0, 0)):
        arithmetic._check_rate(rate, factor, 1000, lengths)
    for rate in (0, 1001, 2.5, -1):
        with pytest.raises(MockSessionError, match="a synthetic rate that is a whole number of Hz"):
            arithmetic._check_rate(rate, 0, 1000, lengths)
    with pytest.raises(
        MockSessionError, match="a jitter_factor of at most the 900 samples of the shortest file; found 901"
    ):
        arithmetic._check_rate(1, 901, 1000, lengths)


# -- events ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2, 6, 9), (3, 5, 4), (1, 7, 3)])
@pytest.mark.parametrize("rank", [1, 2])
def test_events_by_a_plain_svd(shape, rank):
    """Windows without the line between their ends, differenced, of some singular vectors, summed up again."""
    windows = np.random.default_rng(1).integers(-500, 500, shape).astype(np.int16)
    m, n, p = shape
    x = windows.astype(float)
    line = x[:, :1] + np.arange(n)[:, None] / (n - 1) * (x[:, -1:] - x[:, :1])
    steps = np.diff(x - line, axis=1)
    table = np.array([[steps[c, t, k] for k in range(p)] for t in range(n - 1) for c in range(m)])
    u, s, v = np.linalg.svd(table, full_matrices=False)
    few = sum(s[k] * np.outer(u[:, k], v[k]) for k in range(rank)).reshape(n - 1, m, p)
    expected = np.zeros((m, n, p))
    for t in range(1, n):
        expected[:, t] = expected[:, t - 1] + few[t - 1]
    np.testing.assert_allclose(arithmetic.reconstruct(windows, rank), expected, atol=1e-9)


def test_a_triangle_over_time():
    """It rises from 0 to the factor just before the peak, and falls to 0 at the end."""
    factors = np.array([1.0, 3.0])
    found = arithmetic.taper(3, factors, 7)
    np.testing.assert_allclose(found[:, 0], [0, 0.5, 1, 0.75, 0.5, 0.25, 0])
    np.testing.assert_allclose(found[:, 1], 3 * found[:, 0])
    np.testing.assert_allclose(arithmetic.taper(0, factors[:1], 4)[:, 0], [0.75, 0.5, 0.25, 0])
    np.testing.assert_allclose(arithmetic.taper(1, factors[:1], 3)[:, 0], [0, 0.5, 0])


def test_events_are_scaled_and_cut():
    """An event is tapered around the sample of its largest channel, scaled, and cut off towards zero."""
    rebuilt = np.zeros((2, 5, 3))
    rebuilt[0, 1, 0], rebuilt[1, 3, 0] = 10.9, -20.9  # peaks at sample 3, on the second channel
    rebuilt[0, 2, 1], rebuilt[0, 2, 2] = -9.9, 4.0
    chosen, factors = np.array([2, 0, 1, 0]), np.array([1.0, 1.0, 2.0, 3.0])
    found = arithmetic.scale_and_cut(rebuilt, chosen, factors, np.dtype(np.int16))
    expected = np.zeros((4, 5, 2), np.int16)
    for k, (one, factor, peak) in enumerate(zip(chosen, factors, (2, 3, 2, 3), strict=True)):
        weights = [factor * t / max(peak - 1, 1) for t in range(peak)]
        weights += [factor * (5 - peak - t) / (5 - peak) for t in range(1, 5 - peak + 1)]
        for t in range(5):
            expected[k, t] = [int(rebuilt[c, t, one] * weights[t]) for c in range(2)]
    assert found.tolist() == expected.tolist() and found.dtype == np.int16
    assert found[1].any() and found[2, 2, 0] < 0


def test_the_lowest_channel():
    """The centre is the channel that is lowest at the time of most events, the first of equal ones."""
    events = np.zeros((4, 3, 3), np.int16)
    events[:, 1] = [[0, -5, -9], [0, -9, -5], [-9, -9, 0], [1, 0, -1]]
    events[:, 0, 0] = -99
    assert arithmetic.center_index(events, 1) == 2 and arithmetic.center_index(events[1:3], 1) == 0
    assert arithmetic.center_index(events, 0) == 0


# -- a run -----------------------------------------------------------------------------------------


@pytest.fixture
def two(tmp_path):
    """A recording of two files of three channels, the second of which begins at sample 50."""
    samples = np.arange(210).reshape(70, 3).astype("<i2")
    samples[:30].tofile(tmp_path / "a.bin")
    samples[30:].tofile(tmp_path / "b.bin")
    paths = [tmp_path / "a.bin", tmp_path / "b.bin"]
    return open_raw(paths, n_channels=3, sample_rate=1000, start_time=[0, 50]), samples


def test_a_private_copy(two, monkeypatch):
    """Windows are read from each file where it is, and a spike whose window leaves its file is where it dies."""
    recording, samples = two
    copy = PrivateCopy(recording)
    times = np.array([5, 24, 53, 87])
    rows = [5, 24, 33, 67]
    copy.check(times, 3, 2)
    np.testing.assert_array_equal(copy.windows(times, 3, 2), [samples[t - 3 : t + 3] for t in rows])
    np.testing.assert_array_equal(copy.windows(times, 1, 0, [2, 0]), [samples[t - 1 : t + 1][:, [2, 0]] for t in rows])
    for edge, fits in (
        (3, True),
        (2, False),
        (27, True),
        (28, False),
        (53, True),
        (52, False),
        (87, True),
        (88, False),
    ):
        if fits:
            copy.check(np.array([edge]), 3, 2)
            continue
        with pytest.raises(
            MockSessionError, match=f"3 samples or more from .* and 2 from its end; found one at sample {edge},"
        ):
            copy.check(np.array([10, edge]), 3, 2)
    asked, read = [], copy.windows
    monkeypatch.setattr(copy, "windows", lambda some, *extent: asked.append(len(some)) or read(some, *extent))
    for items in (1 << 21, 6 * 3 * 3, 1):
        monkeypatch.setattr(run, "CHUNK_ITEMS", items)
        asked.clear()
        mean = copy.mean(times, 3, 2)
        assert asked == {1 << 21: [4], 54: [3, 1], 1: [1] * 4}[items]
        np.testing.assert_allclose(mean, np.mean([samples[t - 3 : t + 3] for t in rows], axis=0))


def test_events_are_inserted(two):
    """Events are added on their rows in the raw type, which wraps round; the files stay as they are."""
    recording, samples = two
    copy = PrivateCopy(recording)
    events = np.array([[[32_767, 1], [2, 3]], [[10, 20], [4, 5]], [[30, 40], [6, 7]]], np.int16)
    unit = HybridUnit(
        np.array([2, 0]), np.array([4, 5, 51]), 1, events=FixedEvents(events), true_unit=1, new_unit=2, center=2
    )
    copy.insert(unit)
    expected = samples.astype(np.int64)
    for row, event in ((3, events[0]), (4, events[1]), (30, events[2])):
        expected[row : row + 2, [2, 0]] += event
    np.testing.assert_array_equal(np.concatenate(copy.maps), expected.astype(np.int16))
    np.testing.assert_array_equal(recording.read(0, 30), samples[:30])
    adder = Wrapping((unit,), 3)
    block = samples[:30].copy()
    assert adder.add(block, 0) == 0
    np.testing.assert_array_equal(block, copy.maps[0])
    assert adder.counts(3, 6).tolist() == [[1, 0, 32_767], [23, 0, 12], [5, 0, 4]]


class Copy:
    """A stand-in for the private copy: flat noise, of which each window has one trough."""

    def __init__(self, recording):
        self.starts, self.stops, self.dtype = np.array([0]), np.array([10_000]), np.dtype("<i2")
        self.inserted = []
        Copy.last = self

    def check(self, times, before, after):
        pass

    def mean(self, times, before, after):
        mean = np.zeros((before + after + 1, 8))
        mean[before, 2:4] = -50.0
        return mean

    def windows(self, times, before, after, channels):
        windows = np.random.default_rng(2).integers(-9, 9, (len(times), before + after + 1, len(channels)))
        windows[:, before] -= 500
        return windows

    def insert(self, unit):
        self.inserted.append(unit)


def planned(monkeypatch, cluster, channel=None, **more):
    """The plan of a run with stand-ins for the files."""
    monkeypatch.setattr(run, "PrivateCopy", Copy)
    times = np.arange(len(cluster)) * 60 + 100
    template = None if channel is not None else np.array(cluster) - 1
    sorting = Sorting(times, np.array(cluster), template, None if channel is None else np.array(channel), "phy")
    recording = SimpleNamespace(sample_rate=1000.9, n_channels=8, files=(), dtype=np.dtype("<i2"))
    source = SimpleNamespace(recording=recording, probe=column(8), sorting=sorting, names={1: "one"})
    options = {"session_name": "s", "random_seed": 3, "samples_before": 5, "samples_after": 6, "jitter_factor": 0}
    options |= {"num_singular_values": 2, "compat": True, **more}
    return plan_original(Recipe(**options), source)


def test_units_one_after_another(monkeypatch):
    """Each unit gets the label above all that there are, and its rows; one that cannot be made says why."""
    plan = planned(monkeypatch, [1, 2] * 20, ground_truth_units=[1, 9, 2, 1])
    assert type(plan) is OriginalPlan and plan.names == {1: "one"} and plan.tables() is plan.made
    reports = [(unit.true_unit, unit.new_unit, unit.reason, unit.n_source) for unit in plan.units]
    assert reports == [
        (1, 3, None, 20), (9, None, "the sorting has no spikes of unit 9", 0), (2, 4, None, 20), (1, 5, None, 20),
    ]  # fmt: skip
    assert [(unit.true_unit, unit.new_unit, unit.before) for unit in plan.planted] == [(1, 3, 5), (2, 4, 5), (1, 5, 5)]
    assert Copy.last.inserted == list(plan.planted)
    annotations, artificial = plan.made
    new = {label: int((annotations["cluster"] == label).sum()) for label in (1, 2, 3, 4, 5)}
    assert new == {1: 20, 2: 20, **{unit.new_unit: len(unit.times) for unit in plan.planted}}
    assert annotations["template"][annotations["cluster"] == 5].tolist() == [4] * new[5]
    assert len(artificial["timestep"]) == plan.n_events == sum(new[label] for label in (3, 4, 5))
    for unit, report in zip(plan.planted, [one for one in plan.units if one.made], strict=True):
        assert (np.diff(unit.times) > 0).all() and report.channels == tuple(unit.channels.tolist())
        assert report.source_channels == (2, 3) and report.center_channel == unit.center
        rows = artificial["center_channel"][artificial["new_unit"] == unit.new_unit]
        assert set(unit.channels[rows].tolist()) == {unit.center} and report.n_events == len(unit.times) == len(rows)
    again = planned(monkeypatch, [1, 2] * 20, ground_truth_units=[1, 9, 2, 1])
    assert [unit.times.tolist() for unit in again.planted] == [unit.times.tolist() for unit in plan.planted]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"num_singular_values": 21}, "not enough events: 20 spikes, 2 channels, windows of 12 samples"),
        ({"num_singular_values": 20}, None),
        ({"max_events": 7}, None),
        ({"channel_shift": 4}, None),
        ({"samples_before": 3000, "samples_after": 3000}, "no firing times were left"),
    ],
)
def test_units_that_the_original_skips(monkeypatch, change, reason):
    """A unit is skipped if there are fewer spikes than singular values, or no times; the cap may be given."""
    plan = planned(monkeypatch, [1, 2] * 20, ground_truth_units=[1], **change)
    (unit,) = plan.units
    assert unit.reason == reason and plan.n_events == len(plan.planted[0].times if unit.made else ())
    if "max_events" in change:
        assert unit.n_events == 7
    if "channel_shift" in change:
        assert unit.channels == (6, 7)


def test_channels_of_jrclust(monkeypatch):
    """With channels in the sorting a unit is on the peak channels of its spikes."""
    plan = planned(monkeypatch, [1, 2, 1, 2] * 10, [5, 0, 3, 0] * 10, ground_truth_units=[1])
    assert plan.units[0].source_channels == (3, 5)
    wide = planned(monkeypatch, [1] * 16, [*range(8)] * 2, ground_truth_units=[1], samples_before=3, samples_after=3)
    assert wide.units[0].reason == "its 8 channels fit nowhere else on the probe's connected sites"
    many = planned(
        monkeypatch, [1] * 16, [0, 1, 2, 3] * 4, ground_truth_units=[1], samples_before=1, samples_after=1,
        num_singular_values=1,
    )  # fmt: skip
    assert many.units[0].reason == "not enough events: 16 spikes, 4 channels, windows of 3 samples"
    fits = planned(
        monkeypatch, [1] * 16, [0, 1, 2, 2] * 4, ground_truth_units=[1], samples_before=1, samples_after=1,
        num_singular_values=1,
    )  # fmt: skip
    assert fits.units[0].made and fits.units[0].source_channels == (0, 1, 2)
