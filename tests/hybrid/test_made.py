"""What is added, written and taken out again, block by block and file by file, with stand-ins for the rest of a run."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import threading
from contextlib import contextmanager
from dataclasses import replace
from inspect import signature
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mockrawio.formats.sorters import Sorting
from mockrawio.ground.errors import BadFileError, MockSessionError, NotWrittenError, SessionExistsError
from mockrawio.ground.writing import FileRecord, file_record
from mockrawio.hybrid import Probe, RawFile, adding, in_rig, landing, raw_folder, steps, undo, unit_plans, without
from mockrawio.hybrid import draft as drafts
from mockrawio.hybrid.adding import Adding
from mockrawio.hybrid.draft import HybridDraft, SummedRecording
from mockrawio.hybrid.landing import Staging, mend, refuse_foreign_files, run_files, target_names
from mockrawio.hybrid.planned import HybridPlan, HybridResult, UnitReport
from mockrawio.hybrid.recipe import Recipe
from mockrawio.hybrid.recording import RawRecording, open_raw
from mockrawio.hybrid.source import HybridSource
from mockrawio.hybrid.steps import Spacing, UnitSkipped
from mockrawio.hybrid.store import Clipped, events_bytes, load_clipped, load_events
from mockrawio.hybrid.times import FiringTimes
from mockrawio.hybrid.units import HybridUnit
from mockrawio.hybrid.without import WithoutEvents, check_source
from mockrawio.planting import FixedEvents, LowRankEvents, Planter

# -- adding and taking out -------------------------------------------------------------------------


def unit(times, events, channels=(0, 2), before=1, new_unit=5):
    """A unit of these events."""
    fixed = FixedEvents(np.array(events, np.int32))
    return HybridUnit(
        np.array(channels), np.array(times), before, events=fixed, true_unit=1, new_unit=new_unit, center=0
    )


@pytest.fixture
def two(tmp_path):
    """A recording of two files of three channels, which begin at 10 and 50, and its samples by file."""
    samples = [np.arange(60).reshape(20, 3).astype("<i2"), -np.arange(75).reshape(25, 3).astype("<i2")]
    samples[0][5, 2], samples[1][3, 0] = 32_000, -32_000
    for name, part in zip("ab", samples, strict=True):
        part.tofile(tmp_path / f"{name}.bin")
    paths = [tmp_path / "a.bin", tmp_path / "b.bin"]
    return open_raw(paths, n_channels=3, sample_rate=1000, start_time=[10, 50]), samples


EVENTS = [
    [[0, 0], [5, 1000], [0, 7]],
    [[0, 0], [-1000, 1], [0, 0]],
]  # at 15, where row 2 clips, and at 53, where row 0 does


@pytest.mark.parametrize("rows", [0, 1, 2, 7, 20, 1000])
def test_blocks_with_events(two, rows, monkeypatch):
    """Every block is the source's with the events, clipped where it must be; what was clipped is kept, and counted."""
    recording, samples = two
    monkeypatch.setattr(adding, "BLOCK_BYTES", rows * 3 * 2)
    monkeypatch.setattr(adding, "RELEASE_BLOCKS", 2)
    released, ticks = [], []
    monkeypatch.setattr(RawRecording, "release", lambda self: released.append(1))
    made = Adding(recording, recording.files, Planter([unit([15, 53], EVENTS)], 3), ticks.append, b"head")
    blocks = [block.copy() for block in made.blocks()]
    sizes, rows = [len(block) for block in blocks], max(rows, 1)
    assert sizes == [min(rows, n - k) for n in (20, 25) for k in range(0, n, rows)]
    expected = np.concatenate(samples).astype(int)
    expected[5, [0, 2]] += 5, 1000
    expected[6, 2] += 7
    expected[23, [0, 2]] += -1000, 1
    np.testing.assert_array_equal(np.concatenate(blocks), np.clip(expected, -32_768, 32_767))
    assert made.n_clipped == 2 and ticks == [3 * size for size in sizes] and len(released) == len(sizes) // 2
    assert made.clipped.at.tolist() == [15 * 3 + 2, 53 * 3] and made.clipped.was.tolist() == [32_000, -32_000]
    raw = b"head" + b"".join(part.tobytes() for part in samples)
    assert made.source == FileRecord(len(raw), hashlib.sha256(raw).hexdigest())


def test_blocks_without_events(two):
    """A source without events is what it was; before it was read its record is empty."""
    recording, samples = two
    made = Adding(recording, recording.files[1:], Planter([], 3), lambda size: None)
    assert made.source == FileRecord(0, "") and made.clipped.at.size == 0
    (block,) = made.blocks()
    assert block.tolist() == samples[1].tolist() and made.n_clipped == 0 and made.source.size == samples[1].nbytes
    assert (adding.BLOCK_BYTES, adding.RELEASE_BLOCKS) == (1 << 21, 8)


def test_samples_as_large_as_can_be(two):
    """Kept is what has an event and is the largest or smallest there is, in a block where something was clipped."""
    recording, samples = two
    samples[0][4, :], samples[0][6, 1] = 32_767, -32_768
    samples[0].tofile(recording.files[0].path)
    events = [[[0, 3], [-32_767, 1000], [0, 0]]]
    made = Adding(recording, recording.files[:1], Planter([unit([15], events)], 3), lambda size: None)
    (block,) = made.blocks()
    assert block[4].tolist() == [32_767] * 3 and block[5].tolist() == [15 - 32_767, 16, 32_767]
    assert made.n_clipped == 2 and made.clipped.at.tolist() == [14 * 3 + 2, 15 * 3 + 2]


@pytest.mark.parametrize("rows", [0, 1, 4, 1000])
def test_events_are_taken_out(two, tmp_path, rows, monkeypatch):
    """What was added is taken out of each block, and what was clipped is what it was."""
    recording, samples = two
    for file, part in zip(recording.files, samples, strict=True):
        only = Adding(recording, [file], Planter([unit([15, 53], EVENTS)], 3), lambda size: None)
        data = b"".join(block.tobytes() for block in only.blocks())
        (tmp_path / f"{file.start}.bin").write_bytes(data)
        assert data != part.tobytes()
    whole = Adding(recording, recording.files, Planter([unit([15, 53], EVENTS)], 3), lambda size: None)
    list(whole.blocks())
    events = tmp_path / "events.npz"
    events.write_bytes(events_bytes([unit([15, 53], EVENTS)], whole.clipped))
    made = open_raw([tmp_path / "10.bin", tmp_path / "50.bin"], n_channels=3, sample_rate=1000, start_time=[10, 50])
    monkeypatch.setattr(without, "BLOCK_BYTES", rows * 6)
    clean, ticks, released = WithoutEvents(made, events), [], []
    monkeypatch.setattr(RawRecording, "release", lambda self: released.append(1))
    assert clean.n_events == 2
    for file, part in zip(made.files, samples, strict=True):
        blocks = [bytes(block) for block in clean.blocks(file, ticks.append)]
        assert b"".join(blocks) == part.tobytes() and len(blocks) == -(-len(part) // max(rows, 1))
    assert sum(ticks) == sum(part.nbytes for part in samples) and len(released) == len(ticks)
    np.testing.assert_array_equal(clean.read(14, 16), samples[0][4:6])
    np.testing.assert_array_equal(clean.read(20, 25), samples[0][10:15])


def test_what_comes_out_is_the_source():
    """Other bytes than the source's are an error of the result, with the beginnings of both digests."""
    made, source = FileRecord(3, "a" * 64), FileRecord(3, "b" * 64)
    check_source(Path("/p"), source, source)
    with pytest.raises(
        BadFileError, match=f"/p: .* which is {'b' * 12}... without its events; found another, {'a' * 12}"
    ):
        check_source(Path("/p"), made, source)
    with pytest.raises(BadFileError):
        check_source(Path("/p"), source._replace(size=4), source)


# -- the file of events ----------------------------------------------------------------------------


def test_clipped_samples_in_their_file(tmp_path):
    """Clipped samples come back with their places, where there are any."""
    path = tmp_path / "e.npz"
    path.write_bytes(events_bytes([], Clipped(np.array([3, 9]), np.array([5, -6], np.int16))))
    found = load_clipped(path)
    assert (found.at.tolist(), found.was.tolist(), found.was.dtype) == ([3, 9], [5, -6], np.int16)
    for none in (None, Clipped.joined([])):
        path.write_bytes(events_bytes([], none))
        assert load_clipped(path).at.size == load_clipped(path).was.size == 0
        with np.load(path) as members:
            assert members.files == ["units"]
    joined = Clipped.joined([Clipped(np.array([1]), np.array([2])), Clipped(np.array([3]), np.array([4]))])
    assert (joined.at.tolist(), joined.was.tolist()) == ([1, 3], [2, 4])
    for arrays in ({"clipped_from": np.zeros(1)}, {"clipped_from": np.zeros((2, 1))}, {"clipped_from": ["a", "b"]}, {}):
        np.savez(path, clipped_at=np.array([3, 9]), **arrays)
        with pytest.raises(BadFileError, match="the events of a hybrid run"):
            load_clipped(path)
    np.savez(path, clipped_at=np.zeros((1, 1)), clipped_from=np.zeros((1, 1)))
    with pytest.raises(BadFileError, match="clipped samples and their places differ in length"):
        load_clipped(path)


@pytest.mark.parametrize(
    "change",
    [
        {"units": np.array(["a"] * 4)},
        {"units": np.array([[1, 5, 1]])},
        {"unit_5_times": np.array([15])},
        {"unit_5_times": np.array([15, 53, 54])},
        {"unit_5_channels": np.array([0])},
        {"unit_5_channels": np.array([0, 1, 2])},
        {"unit_5_times": None},
        {"unit_5_samples": np.array(["x"])},
    ],
    ids=str,
)
def test_events_that_do_not_fit(change, tmp_path):
    """Times, channels and events of a unit go together, and all are numbers."""
    members = {"units": [[1, 5, 1, 0]], "unit_5_times": [15, 53], "unit_5_channels": [0, 2]}
    members["unit_5_samples"] = np.array(EVENTS, np.int32)
    np.savez(tmp_path / "e.npz", **members)
    (made,) = load_events(tmp_path / "e.npz")
    assert (made.true_unit, made.new_unit, made.before, made.center) == (1, 5, 1, 0)
    kept = {name: value for name, value in {**members, **change}.items() if value is not None}
    np.savez(tmp_path / "e.npz", **kept)
    with pytest.raises(BadFileError, match="the events of a hybrid run"):
        load_events(tmp_path / "e.npz")


# -- steps -----------------------------------------------------------------------------------------


class Asked:
    """A source of 3000 samples at 3 kHz, with a sorting of one unit."""

    def __init__(self, times=(5, 40, 100, 2959, 2990), rate=3000):
        times = np.array(times)
        self.sorting = Sorting(times, np.ones(len(times), int), np.zeros(len(times), int), None, "phy")
        self.recording = RawRecording((RawFile("/none", 0, 3000),), np.dtype("<i2"), 4, rate)
        self.probe = None


def test_spikes_whose_windows_are_inside(monkeypatch):
    """A spike is used if its window, of 40 samples each side by default, lies inside the recording."""
    source = Asked()
    assert steps.unit_firing_times(source, 1).tolist() == [40, 100, 2959]
    assert steps.unit_firing_times(source, 1, 5, 9).tolist() == [5, 40, 100, 2959, 2990]
    assert steps.unit_firing_times(source, 1, 6, 10).tolist() == [40, 100, 2959]
    with pytest.raises(UnitSkipped, match="the sorting has no spikes of unit 2"):
        steps.unit_firing_times(source, 2)
    with pytest.raises(UnitSkipped, match="the windows of all its spikes leave the recording"):
        steps.unit_firing_times(source, 1, 3000, 0)
    asked = []
    monkeypatch.setattr(RawRecording, "gather", lambda self, times, *more: asked.append((times.tolist(), *more)))
    steps.unit_windows(source, 1)
    steps.unit_windows(source, 1, 5, 9, channels=[3])
    assert asked[0][:3] == ([40, 100, 2959], 40, 40) and asked[0][3].tolist() == [0, 1, 2, 3]
    assert asked[1] == ([5, 40, 100, 2959, 2990], 5, 9, [3])


@pytest.mark.parametrize(("rate", "refractory"), [(3000, 6), (30_000, 60), (24_999.5, 50), (400, 1), (500.1, 2)])
def test_what_is_drawn_with(monkeypatch, rate, refractory):
    """Times keep two milliseconds apart, in whole samples, and half the jitter is its deviation."""
    asked = []

    def drawn(recording, own, timing, random, *, rate, cap):
        asked.append((own.tolist(), timing, random.random(), rate, cap))
        return FiringTimes(np.array([7]), 0, 0, 0)

    monkeypatch.setattr(steps, "drawn_times", drawn)
    source = Asked(rate=rate)
    steps.jitter_events(source, 1)
    steps.jitter_events(source, 1, 7, 5, 6, synthetic_rate=1.5, max_events=9, seed=3, order=2)
    own = [5, 40, 100, 2959, 2990]
    draws = [
        np.random.Generator(np.random.PCG64(np.random.SeedSequence(s, spawn_key=(o, 1)))).random()
        for s, o in ((0, 0), (3, 2))
    ]
    assert asked == [
        (own, Spacing(40, 40, refractory, 50.0), draws[0], None, None),
        (own, Spacing(5, 6, refractory, 3.5), draws[1], 1.5, 9),
    ]
    monkeypatch.setattr(steps, "drawn_times", lambda *_, **__: FiringTimes(np.array([]), 1, 2, 3))
    with pytest.raises(UnitSkipped, match="no time was found for any of its events"):
        steps.jitter_events(source, 1)


def test_rates_that_leave_too_little(monkeypatch):
    """A rate may leave just one refractory period between spikes, and no less."""
    monkeypatch.setattr(steps, "drawn_times", lambda *_, **__: FiringTimes(np.array([7]), 0, 0, 0))
    steps.jitter_events(Asked(), 1, synthetic_rate=500)
    with pytest.raises(UnitSkipped, match="a synthetic rate of 500.1 Hz leaves less than 2 ms between spikes"):
        steps.jitter_events(Asked(), 1, synthetic_rate=500.1)


def test_which_spikes_events_are_made_of(monkeypatch):
    """Events are drawn from the spikes that may be used, as many as there are by default, six values each."""
    asked = []
    monkeypatch.setattr(steps, "rebuilt_events", lambda *given: asked.append(given))
    source, rows = Asked(), np.array([2])
    steps.construct_events(source, 1, rows)
    steps.construct_events(source, 1, rows, 3, 5, 9, num_events=11, seed=4, order=1)
    for given, times, extent, rank, count, key in (
        (asked[0], [40, 100, 2959], (40, 40), 6, 3, (0, (0, 2))),
        (asked[1], [5, 40, 100, 2959, 2990], (5, 9), 3, 11, (4, (1, 2))),
    ):
        random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(key[0], spawn_key=key[1])))
        assert given[0] is source.recording and given[1].tolist() == times and given[2] is rows
        assert given[3:5] == (extent, rank) and given[5].tolist() == random.integers(len(times), size=count).tolist()


def test_factors_of_events():
    """Events are scaled by factors drawn evenly between two, of 2 % by default; they are above 0 and in order."""

    class Events(list):
        def scaled(self, factors):
            return factors

    events = Events([0] * 5)
    for how, low, high, key in (({}, 0.98, 1.02, (0, (0, 3))), ({"seed": 2, "order": 1}, 0.98, 1.02, (2, (1, 3)))):
        random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(key[0], spawn_key=key[1])))
        assert steps.scale_events(events, **how).tolist() == random.uniform(low, high, 5).tolist()
    assert steps.scale_events(events, 2.0, 2.0).tolist() == [2.0] * 5
    for low, high in ((0.0, 1.0), (-1, 1), (1.1, 1.0), (1.0, np.inf), (True, 1.0), (1.0, "2"), (np.nan, 1.0)):
        with pytest.raises(MockSessionError, match="scale_min: expected a factor above 0, up to scale_max"):
            steps.scale_events(events, low, high)
    assert [int(step) for step in steps.Step] == [0, 1, 2, 3]


def test_a_place_is_drawn_with_its_own_numbers(monkeypatch):
    """The place of a unit is drawn by the first of its numbers."""
    monkeypatch.setattr(steps, "shifted_channels", lambda rows, probe, step, random: (rows, step, random.random()))
    for how, key in (({}, (0, (0, 0))), ({"seed": 2, "order": 1}, (2, (1, 0)))):
        random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(key[0], spawn_key=key[1])))
        assert steps.shift_channels(Asked(), "rows", **how) == ("rows", None, random.random())
    assert steps.shift_channels(Asked(), "rows", 4)[1] == 4


# -- plans of units --------------------------------------------------------------------------------


@pytest.fixture
def planned(monkeypatch):
    """A function that plans units whose steps are stand-ins; it notes what they were asked."""
    asked = []

    def step(name, answer):
        def run(*given, **how):
            asked.append((name, given[1:], how))
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(unit_plans, name, run)

    low = LowRankEvents(np.eye(3)[None, :, :2] * 8, np.array([[1.0], [2.0]]))
    answers = {
        "unit_firing_times": np.array([5, 9]),
        "unit_channels": np.array([2, 3]),
        "shift_channels": np.array([6, 7]),
        "jitter_events": FiringTimes(np.array([20, 30]), 1, 2, 3),
        "construct_events": "events",
        "scale_events": SimpleNamespace(rounded=lambda: low),
    }
    sorting = Sorting(np.array([5, 9, 11, 12]), np.array([1, 1, 1, 8]), None, None, "phy")
    source = SimpleNamespace(sorting=sorting, names={1: "a"})

    def plan(n_workers=1, seed=4, **change):
        asked.clear()
        for name, answer in {**answers, **change}.items():
            step(name, answer)
        recipe = Recipe(
            ground_truth_units=[1, 7], synthetic_rate=[20, 30.5], random_seed=seed, session_name="s", channel_shift=3,
            jitter_factor=9, max_events=50, samples_before=1, samples_after=2, num_singular_values=5,
            amplitude_scale_min=0.5, amplitude_scale_max=1.5,
        )  # fmt: skip
        how = {} if n_workers is None else {"n_workers": n_workers}
        return unit_plans.plan_units(recipe, source, **how)

    plan.asked = asked
    return plan


def test_the_steps_of_a_unit(planned):
    """Each step is asked with the unit's own numbers; the report tells what came of them."""
    plan = planned()
    first, second = plan.units
    assert first == UnitReport(
        1, 9, n_source=2, n_source_edge=1, source_channels=(2, 3), channels=(6, 7), center_channel=6, n_events=2,
        n_edge=1, n_refractory=2, n_over_cap=3,
    )  # fmt: skip
    assert (second.true_unit, second.new_unit, second.n_source_edge) == (7, 10, -2)
    drawn = [{"seed": 4, "order": order} for order in (0, 1)]
    half = len(planned.asked) // 2
    for k, (unit_, rate) in enumerate(((1, 20), (7, 30.5))):
        told = {name: (given, how) for name, given, how in planned.asked[k * half : (k + 1) * half]}
        assert told["unit_firing_times"] == ((unit_, 1, 2), {}) and told["unit_channels"] == ((unit_, 1, 2), {})
        assert told["shift_channels"][0][1:] == (3,) and told["shift_channels"][1] == drawn[k]
        assert told["jitter_events"] == ((unit_, 9, 1, 2), {"synthetic_rate": rate, "max_events": 50, **drawn[k]})
        assert told["construct_events"][0][2:] == (5, 1, 2)
        assert told["construct_events"][1] == {"num_events": 2, **drawn[k]}
        assert told["scale_events"] == ((0.5, 1.5), drawn[k])
    made = plan.planted[0]
    assert (made.true_unit, made.new_unit, made.center, made.before) == (1, 9, 6, 1)
    assert (made.channels.tolist(), made.times.tolist(), plan.names) == ([6, 7], [20, 30], {1: "a"})


def test_a_seed_of_nothing(planned):
    """Zero is a seed like any other."""
    planned(seed=0)
    assert {how["seed"] for _, _, how in planned.asked if "seed" in how} == {0}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("unit_firing_times", {"n_source_edge": 3}),
        ("unit_channels", {"n_source": 2, "n_source_edge": 1}),
        ("shift_channels", {"n_source": 2, "n_source_edge": 1, "source_channels": (2, 3)}),
        ("jitter_events", {"n_source": 2, "n_source_edge": 1, "source_channels": (2, 3), "channels": (6, 7)}),
    ],
)
def test_units_that_are_skipped(planned, name, told):
    """A step that does not allow a unit ends it: the report has the reason, and what was known by then."""
    plan = planned(**{name: UnitSkipped("so it is")})
    assert plan.units[0] == UnitReport(1, None, "so it is", **told) and plan.planted == () and not plan.ok
    assert len(plan.skipped) == 2 and plan.n_events == 0


@pytest.mark.parametrize(("n_workers", "here"), [(None, True), (1, True), (2, False), (3, False)])
def test_workers(planned, n_workers, here):
    """One worker is this thread itself; several are threads of a pool, and make the same."""
    seen = []
    events = SimpleNamespace(rounded=lambda: seen.append(threading.current_thread()) or low)
    low = LowRankEvents(np.eye(3)[None, :, :2] * 8, np.array([[1.0], [2.0]]))
    plan = planned(n_workers, scale_events=events)
    assert (set(seen) == {threading.current_thread()}) is here and len(seen) == 2
    assert [unit_.new_unit for unit_ in plan.planted] == [9, 10]


# -- plans and drafts ------------------------------------------------------------------------------


def test_a_report_of_nothing():
    """A unit of which nothing is known has no spikes, no events and no place."""
    assert UnitReport(4).as_dict() == {
        "made": False, "true_unit": 4, "new_unit": None, "reason": None, "n_source": 0, "n_source_edge": 0,
        "source_channels": (), "channels": (), "center_channel": None, "n_events": 0, "n_edge": 0, "n_refractory": 0,
        "n_over_cap": 0,
    }  # fmt: skip
    result = HybridResult(params=None, units=(), planted=(), folder=None, targets=())
    assert (result.n_clipped, result.n_events, result.files, result.skipped) == (0, 0, (), ())


def test_what_a_plan_tells():
    """Its events, what it left out, and whether all may be missing that are."""
    units = (UnitReport(1, 9, n_events=4), UnitReport(2, None, "r"), UnitReport(3, 10, n_events=5))
    recipe = Recipe(ground_truth_units=[1, 2, 3])
    plan = HybridPlan(params=recipe, units=units, planted=(), source=None)
    assert (plan.n_events, plan.skipped, plan.ok, plan.names) == (9, (units[1],), False, {})
    assert replace(plan, params=replace(recipe, allow_skips=True)).ok and replace(plan, units=units[::2]).ok
    result = plan.result(Path("/f"), (Path("/f/t"),), n_clipped=3)
    assert (result.folder, result.targets, result.n_clipped, result.files, result.sources) == (
        Path("/f"), (Path("/f/t"),), 3, (), (),
    )  # fmt: skip
    assert plan.result(Path("/f"), ()).n_clipped == 0 and next(iter(units[0].as_dict())) == "made"


@pytest.fixture
def draft(two):
    recording, _ = two
    sorting = Sorting(np.array([12, 14, 60]), np.array([3, 7, 3]), np.array([0, 1, 0]), None, "phy")
    return HybridDraft(HybridSource(recording, sorting, Probe([0, 1, 2], [True] * 3, np.zeros((3, 2)))))


def test_a_recording_with_events(two, monkeypatch):
    """Its samples are the base's with the events, as windows too, of any rows; the base is as it was."""
    recording, samples = two
    summed = SummedRecording.of(recording, Planter([unit([15, 53], EVENTS)], 3))
    whole = samples[0].astype(int)
    whole[5, [0, 2]] += 5, 1000
    whole[6, 2] += 7
    whole = np.clip(whole, -32_768, 32_767)
    np.testing.assert_array_equal(summed.read(10, 30), whole)
    np.testing.assert_array_equal(summed.read(14, 18, [2, 0]), whole[4:8][:, [2, 0]])
    np.testing.assert_array_equal(
        summed.gather([15, 17], 1, 2, [2, 1]), [whole[4:8][:, [2, 1]], whole[6:10][:, [2, 1]]]
    )
    np.testing.assert_array_equal(recording.read(10, 30), samples[0])
    released = []
    monkeypatch.setattr(RawRecording, "release", lambda self: released.append(self))
    summed.release()
    assert released == [recording]
    assert (summed.files, summed.dtype, summed.n_channels, summed.sample_rate) == (
        recording.files, recording.dtype, 3, 1000,
    )  # fmt: skip


def test_units_of_a_draft(draft):
    """A unit gets the label above all others, its events in order of time, and its report what it was made of."""
    events = np.zeros((2, 4, 2))
    events[0, 1], events[1, 2] = (1.5, 2.5), (-90.4, 0)
    for label in (8, 9):
        assert (
            draft.insert_unit(events, [55, 15], [2, 0], true_unit=3, samples_before=1, source_channels=[1, 2]) == label
        )
    made = draft.planted[0]
    assert (made.times.tolist(), made.channels.tolist(), made.center, made.before) == ([15, 55], [2, 0], 2, 1)
    assert made.events.counts(0, 2)[:, [1, 2]].tolist() == [[[0, 0], [-90, 0]], [[2, 2], [0, 0]]]
    assert draft._reports[0] == UnitReport(
        3, 8, n_source=2, source_channels=(1, 2), channels=(2, 0), center_channel=2, n_events=2
    )
    assert draft.sorting.timestep.tolist() == [12, 14, 15, 15, 55, 55, 60] and draft.sorting.kind == "phy"
    assert draft.artificial_units["new_unit"].tolist() == [8, 9, 8, 9] and draft.probe is draft.source.probe
    assert draft.recording.read(15, 16)[0].tolist() == draft.source.recording.read(15, 16)[0].tolist()
    assert draft.recording.read(16, 17)[0, 2] == draft.source.recording.read(16, 17)[0, 2] - 180
    draft.reset()
    assert draft.planted == () and draft.recording is draft.source.recording and draft._reports == ()
    assert draft.insert_unit(np.zeros((1, 4, 1)), [15], [0], true_unit=3, samples_before=1) == 8
    assert signature(draft.insert_unit).parameters["samples_before"].default == 40
    assert draft._reports[0].source_channels == ()


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ({}, True),
        ({"times": [11, 72]}, True),
        ({"times": [10, 60]}, False),
        ({"times": [51, 72]}, True),
        ({"times": [51, 73]}, False),
        ({"channels": [2, 2]}, False),
        ({"channels": [0, 3]}, False),
        ({"channels": [-1, 0]}, False),
        ({"channels": [0, 1, 2]}, False),
        ({"samples_before": -1}, False),
        ({"samples_before": 4}, False),
        ({"samples_before": 3, "times": [15, 60]}, True),
        ({"samples_before": 0, "times": [10, 71]}, True),
        ({"events": np.zeros((2, 4, 1))}, False),
        ({"events": np.full((2, 4, 2), np.inf)}, False),
        ({"events": np.zeros((0, 4, 2)), "times": []}, False),
        ({"times": [15]}, False),
    ],
    ids=str,
)
def test_what_goes_into_a_draft(draft, change, fits):
    """Windows lie inside files, rows exist and occur once, and events are finite counts of as many rows."""
    given = {"events": np.zeros((2, 4, 2)), "times": [15, 60], "channels": [2, 0], "samples_before": 1, **change}
    if fits:
        assert draft.insert_unit(**given, true_unit=3) == 8
        return
    with pytest.raises(MockSessionError):
        draft.insert_unit(**given, true_unit=3)


def test_words_of_what_does_not_go_in(draft):
    """The error has the rows, 80 characters of them, or the first time whose window is outside."""
    events = np.zeros((2, 4, 2))
    with pytest.raises(MockSessionError, match="channels: expected 2 different raw rows, 0 to 2") as raised:
        draft.insert_unit(events, [15, 60], [*range(1000, 1060)], true_unit=3, samples_before=1)
    assert raised.value.found == repr(f"{[*range(1000, 1060)]}"[:80]) or len(raised.value.found) == 80
    with pytest.raises(MockSessionError, match="times: expected windows inside the recording's files; found one at 28"):
        draft.insert_unit(events, [28, 15], [0, 1], true_unit=3, samples_before=1)
    with pytest.raises(MockSessionError, match="samples_before: expected 0 to 3; found 4"):
        draft.insert_unit(events, [15, 60], [0, 1], true_unit=3, samples_before=4)
    with pytest.raises(MockSessionError, match="units: expected inserted units; found .*Insert one first"):
        draft.write("/none", "s")


def test_a_draft_is_written(draft, monkeypatch):
    """A draft is written as a run of its own units, of seed 0, into raw files, or into another session."""
    done, events = [], np.zeros((1, 4, 1))
    for true_unit in (7, 3, 7):
        draft.insert_unit(events, [15], [0], true_unit=true_unit, samples_before=1)

    class Folder:
        def __init__(self, *given):
            done.append(given)

        def prepare(self):
            done.append("prepared")

        def write(self, plan, *, progress):
            done.append((plan, progress))
            return "result"

    monkeypatch.setattr(drafts, "RawFolder", Folder)
    assert draft.write("out", "s") == draft.write("out", "s", progress=True) == "result"
    (target, recipe, source), prepared, (plan, progress) = done[:3]
    assert (target, source, prepared, progress, done[5][1]) == (
        Path("out").absolute(), draft.source, "prepared", False, True,
    )  # fmt: skip
    assert (recipe.ground_truth_units, recipe.session_name, recipe.random_seed) == ((7, 3), "s", 0)
    assert plan.params == recipe and plan.units == draft._reports and plan.planted == draft.planted and plan.names == {}
    done.clear()
    monkeypatch.setattr(drafts, "SessionSource", HybridSource)
    monkeypatch.setattr(drafts, "refuse_own", lambda *given: done.append(given))
    content = SimpleNamespace(result="result")
    monkeypatch.setattr(drafts, "content_of_session", lambda *given: done.append(given) or content)
    monkeypatch.setattr(drafts, "write_content", lambda *given: done.append(given))
    assert draft.write("out", "s", progress=True) == "result"
    assert done[0] == (target, *draft.source.read_from) and done[1][1:] == (draft.source, target)
    assert done[2] == (content, target, False, True, "hybrid")


# -- landing ---------------------------------------------------------------------------------------


def test_names_of_results():
    """``.GT`` goes before the last dot, or to the end; no two results have one name."""
    files = [RawFile(f"/x/{name}", 0, 1) for name in ("a.ap.bin", "b", ".c", "d.")]
    assert target_names(files) == ["a.ap.GT.bin", "b.GT", ".GT.c", "d.GT."]
    assert run_files(files[:1], "s") == [
        "a.ap.GT.bin", "firings_true.npy", "hfparams_s.toml", "metadata-s.csv", "annotations-s.csv",
        "artificial_units-s.csv", "dtype-s.npy", "events-s.npz", "probe-s.npz", "manifest-s.json",
    ]  # fmt: skip
    with pytest.raises(MockSessionError, match="files of different names; found two that both make a.GT.bin"):
        target_names([RawFile("/x/a.bin", 0, 1), RawFile("/y/a.bin", 1, 1), RawFile("/y/b.bin", 1, 1)])


@pytest.fixture
def listed(monkeypatch):
    """What manifests list, by their names."""
    told: dict[str, dict[str, FileRecord]] = {}
    monkeypatch.setattr(landing, "listed_files", lambda path: told.get(path.name, {}))
    return told


def test_files_of_others(tmp_path, listed):
    """What this run's manifest lists may be replaced, the true firings only as they are listed; all else not."""
    names = ["a.GT.bin", "firings_true.npy", "manifest-s.json"]
    refuse_foreign_files(tmp_path, names)
    for name in names:
        (tmp_path / name).write_text(name)
    record = file_record(tmp_path / "firings_true.npy")
    listed["manifest-s.json"] = {"a.GT.bin": FileRecord(1, "x"), "firings_true.npy": record}
    refuse_foreign_files(tmp_path, names)
    for firings in (record._replace(size=3), record._replace(sha256="0" * 64)):
        listed["manifest-s.json"]["firings_true.npy"] = firings
        with pytest.raises(SessionExistsError, match="firings_true.npy: expected nothing there, or a file of this run"):
            refuse_foreign_files(tmp_path, names)
    listed["manifest-s.json"] = {"firings_true.npy": record}
    listed["manifest-t.json"] = {"a.GT.bin": FileRecord(1, "x")}
    with pytest.raises(SessionExistsError, match="a.GT.bin: .*; found one that is not as manifest-s.json lists it"):
        refuse_foreign_files(tmp_path, names)
    (tmp_path / "manifest-t.json").touch()
    with pytest.raises(SessionExistsError, match="no result of another run; found that of manifest-t.json"):
        refuse_foreign_files(tmp_path, names)
    listed.clear()
    (tmp_path / "a.GT.bin").unlink()
    (tmp_path / "firings_true.npy").unlink()
    with pytest.raises(SessionExistsError, match=r"manifest-s\.json: "):
        refuse_foreign_files(tmp_path, names)


def test_the_order_of_landing(tmp_path, monkeypatch):
    """Old files go aside, the manifest first; new ones come, the manifest last; all was on the disk before."""
    done: list[str] = []
    for call in ("sync_file", "sync_folder"):
        monkeypatch.setattr(landing, call, lambda path, call=call: done.append(f"{call} {Path(path).name}"))
    rename = os.rename

    def noted(one, other):
        done.append(f"{Path(one).name} {'aside' if Path(other).parent.name == 'replaced' else 'in'}")
        rename(one, other)

    monkeypatch.setattr(os, "rename", noted)
    for name in ("z", "manifest-s.json"):
        (tmp_path / name).write_text("old")
    with Staging(tmp_path, "s") as staging:
        for name in ("manifest-s.json", "a", "z"):
            (staging.path / name).write_text("new")
        assert staging.land() == [tmp_path / name for name in ("a", "z", "manifest-s.json")]
    stage = staging.path.name
    assert done == [
        "sync_file a", "sync_file z", "sync_file manifest-s.json", "sync_file landing", f"sync_folder {stage}",
        "manifest-s.json aside", "z aside", "a in", "z in", "manifest-s.json in", f"sync_folder {tmp_path.name}",
    ]  # fmt: skip
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(
        ("a", "z", "manifest-s.json"), "new"
    )


def test_a_landing_that_was_killed(tmp_path, monkeypatch):
    """What a killed run has moved is moved back by the next one; what one that is still there moves is not."""
    dead = f"hybrid-s.partial-999999999-{landing.sibling(tmp_path, 'x').name.split('-')[-1][:8]}00"
    stage = tmp_path / f".{dead}"
    (stage / "replaced").mkdir(parents=True)
    (stage / "landing").write_text(json.dumps(["a", "b", "manifest-s.json"]))
    for place, name in ((tmp_path, "a"), (stage, "b"), (stage, "manifest-s.json")):
        (place / name).write_text("new")
    for name in ("a", "manifest-s.json"):
        (stage / "replaced" / name).write_text("old")
    monkeypatch.setattr(landing, "leftovers", lambda target: [SimpleNamespace(in_use=True, path=stage)])
    monkeypatch.setattr(landing, "clean_up", lambda target: None)
    mend(tmp_path, "s")
    assert (tmp_path / "a").read_text() == "new"
    monkeypatch.undo()
    mend(tmp_path, "s")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "old", "manifest-s.json": "old"}


@pytest.mark.parametrize(
    ("journal", "names"),
    [
        ('["a", "b"]', ["a", "b"]),
        ("[]", []),
        ('["a/b"]', []),
        ('[".."]', [".."]),
        ('["a", 3]', []),
        ('{"a": 1}', []),
        ("nonsense", []),
        (None, []),
    ],
)
def test_a_journal(tmp_path, journal, names):
    """A journal names plain files, in their order; anything else is none, and nothing is half moved by it."""
    if journal is not None:
        (tmp_path / "landing").write_text(journal)
    assert landing._journal(tmp_path) == names or names == [".."]
    assert not landing._is_half_moved(tmp_path) or names == [".."]
    if names == ["a", "b"]:
        (tmp_path / "a").touch()
        assert not landing._is_half_moved(tmp_path)
        (tmp_path / "b").touch()
        assert landing._is_half_moved(tmp_path)


def test_a_staging_folder_goes(tmp_path, monkeypatch):
    """It goes in the end, but for one that has the only copies of old files."""
    with pytest.raises(KeyError), Staging(tmp_path / "x", "s") as staging:
        (staging.path / "a").touch()
        raise KeyError
    assert list((tmp_path / "x").iterdir()) == []
    with Staging(tmp_path, "s") as staging:
        (staging.path / "a").touch()
        (staging.path / "landing").write_text('["a"]')
    assert (staging.path / "a").exists()
    monkeypatch.setattr(
        landing.shutil, "rmtree", lambda path, *, ignore_errors: None if ignore_errors else pytest.fail()
    )
    with Staging(tmp_path, "s"):
        pass  # what cannot be removed is left to the next run


def test_moves_are_undone(tmp_path):
    """New files go back where they came from, then the old ones; what was not moved stays."""
    stage = tmp_path / "stage"
    (stage / "replaced").mkdir(parents=True)
    for place, name in ((tmp_path, "a"), (stage, "b"), (tmp_path, "b")):
        (place / name).write_text(f"{place.name}")
    (stage / "replaced" / "a").write_text("old")
    for _ in range(2):
        landing._undo(stage, tmp_path, ["a", "b", "c"])
        assert (tmp_path / "a").read_text() == "old" and (tmp_path / "b").read_text() == tmp_path.name
        assert (stage / "a").read_text() == tmp_path.name and not (stage / "replaced" / "a").exists()


# -- a rig's folder --------------------------------------------------------------------------------


def test_where_rigs_have_their_files(tmp_path, monkeypatch):
    """A SpikeGLX file has its run's folder, one probe's folder or a plain one; an Open Ephys file its record node."""
    for name in (
        "run_g0/run_g0_imec0/a.bin",
        "run_g0/run_g0_imec0/a.meta",
        "other/run_g0_imec1/b.bin",
        "other/run_g0_imec1/b.meta",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "run_g0" / "c.bin").touch()
    (tmp_path / "run_g0" / "c.meta").touch()
    assert in_rig._spikeglx(tmp_path / "run_g0/run_g0_imec0/a.bin") == tmp_path / "run_g0"
    assert in_rig._spikeglx(tmp_path / "other/run_g0_imec1/b.bin") == tmp_path / "other/run_g0_imec1"
    assert in_rig._spikeglx(tmp_path / "run_g0/c.bin") == tmp_path / "run_g0"
    assert in_rig._spikeglx(tmp_path / "run_g0/d.bin") is None
    recording = tmp_path / "node" / "experiment1" / "recording1"
    recording.mkdir(parents=True)
    data = recording / "continuous" / "probe" / "continuous.dat"
    assert in_rig._open_ephys(data) is None
    (recording / "structure.oebin").touch()
    assert in_rig._open_ephys(data) == tmp_path / "node"
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "a" / "structure.oebin").touch()
    monkeypatch.chdir(tmp_path)
    assert in_rig._open_ephys(Path("a/b/c/d.dat")) is None  # nothing is above the record node
    assert in_rig._open_ephys(Path("/a/b.dat")) is None and in_rig._open_ephys(Path("/a/b/c/d.dat")) is None
    assert in_rig._rig_of([data, data.with_name("other.dat")]) == tmp_path / "node"
    for sources, subject in (
        ([data, tmp_path / "run_g0/c.bin"], str(data)),
        ([tmp_path / "x"], str(tmp_path / "x")),
        ([], "result"),
    ):
        with pytest.raises(MockSessionError, match="files of one SpikeGLX run or Open Ephys record node") as raised:
            in_rig._rig_of(sources)
        assert raised.value.subject == subject


def test_files_of_a_rig(tmp_path):
    """All files are carried along, those of folders that are links too, and links that lead round end."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").touch()
    (tmp_path / "a" / "round").symlink_to("..")
    (tmp_path / "link").symlink_to("a/b")
    found = [path.relative_to(tmp_path).as_posix() for path in in_rig._files(tmp_path)]
    assert found == ["a/b/file", "link/file"]


def test_the_digest_in_a_meta(tmp_path):
    """A ``.meta`` has the SHA-1 of its file; one without stays as it is."""
    (tmp_path / "r").write_bytes(b"abc")
    for text, expected in (
        (b"a=1\nfileSHA1=0\nb=2\n", b"a=1\nfileSHA1=A9993E364706816ABA3E25717850C26C9CD0D89D\nb=2\n"),
        (b"a=1\nxfileSHA1=0\n", b"a=1\nxfileSHA1=0\n"),
        (b"fileSHA1=0\nfileSHA1=1\n", b"fileSHA1=A9993E364706816ABA3E25717850C26C9CD0D89D\nfileSHA1=1\n"),
    ):
        (tmp_path / "m").write_bytes(text)
        assert b"".join(map(bytes, in_rig._meta(tmp_path / "m", tmp_path / "r"))) == expected
    ticks: list[int] = []
    assert len(list(in_rig._counted(iter([b"ab", memoryview(b"cdef").cast("H")]), ticks.append))) == 2
    assert ticks == [2, 4]


def test_results_of_a_run(tmp_path, monkeypatch):
    """A run's manifest says which results there are and what each source was; what does not add up is refused."""
    record = {"sha256": "a" * 64, "size": 12}
    said = {"data_type": "int16", "n_channels": 3, "sample_rate": 1000}
    said |= {
        "sources": [{"path": "/in/a", "start": 5, **record}],
        "results": [{"path": "a.GT", **record, "sha256": "b" * 64}],
    }
    recording, sources = undo._results(tmp_path / "manifest-s.json", said)
    assert recording.files == (RawFile(str(tmp_path / "a.GT"), 5, 2),) and sources == [FileRecord(12, "a" * 64)]
    assert (recording.dtype, recording.n_channels, recording.sample_rate) == (np.dtype("<i2"), 3, 1000)
    source, result = said["sources"][0], said["results"][0]
    for change in (
        {"sources": [{**source, "path": "/in/"}]},
        {"results": [{**result, "path": "x/a.GT"}]},
        {"sources": [{**source, "start": 5.0}]},
        {"sources": [{**source, "size": 18}]},
        {"sources": [{**source, "size": 13}], "results": [{**result, "size": 13}]},
        {"results": []},
        {"sources": []},
        {"data_type": "float32"},
        {"sources": [{**source, "size": 13}, source], "results": [{**result, "size": 13}, result]},
    ):
        with pytest.raises(BadFileError, match="as many files of the result as of the source, of the same sizes"):
            undo._results(tmp_path / "manifest-s.json", {**said, **change})


def test_a_folder_is_prepared(tmp_path, monkeypatch):
    """Before it is written to, what a killed run left is undone, and files of others are refused under a lock."""
    done = []
    monkeypatch.setattr(raw_folder, "mend", lambda *given: done.append(("mend", *given)))
    monkeypatch.setattr(raw_folder, "refuse_foreign_files", lambda *given: done.append(("refuse", *given)))
    recording = SimpleNamespace(files=[RawFile("/in/a.bin", 0, 1)])
    source = SimpleNamespace(recording=recording, read_from=["/in/a.bin"])
    folder = raw_folder.RawFolder(tmp_path / "none", Recipe(ground_truth_units=[1], session_name="s"), source)
    assert folder.targets == (tmp_path / "none" / "a.GT.bin",)
    folder.prepare()
    assert done == [("mend", tmp_path / "none", "s")]
    (tmp_path / "none").mkdir()
    folder.prepare()
    assert done[1:] == [("mend", tmp_path / "none", "s"), ("refuse", tmp_path / "none", folder.names)]
    raw_folder._later(None, tmp_path)


def test_what_is_written_into_a_folder(two, tmp_path, monkeypatch):
    """Each source has a result with the events; tables and manifest are beside them, and the bar counts bytes."""
    recording, samples = two
    totals, ticks = [], []

    @contextmanager
    def bar(show, name, total):
        totals.append((show, name, total))
        yield ticks.append

    monkeypatch.setattr(raw_folder, "progress_bar", bar)
    monkeypatch.setattr(
        raw_folder, "run_manifest_bytes", lambda source, result, files, origin: f"{sorted(files)} {origin}".encode()
    )
    monkeypatch.setattr(
        HybridPlan, "small_files", lambda self, paths, clipped: {"x": f"{[*paths]} {clipped.at}".encode()}
    )
    sorting = Sorting(np.array([12]), np.array([3]), np.array([0]), None, "phy")
    source = HybridSource(recording, sorting, Probe([0, 1, 2], [True] * 3, np.zeros((3, 2))))
    recipe = Recipe(ground_truth_units=[1], session_name="s", random_seed=1)
    plan = HybridPlan(
        params=recipe, units=(UnitReport(1, 5, n_events=2),), planted=(unit([15, 53], EVENTS),), source=source
    )
    folder = raw_folder.RawFolder(tmp_path / "out", recipe, source)
    assert folder.result(plan).files == () and not (tmp_path / "out").exists()
    result = folder.write(plan)
    folder.write(plan, progress=True)
    size = sum(part.nbytes for part in samples)
    assert totals == [(False, "hybrid", size), (True, "hybrid", size)] and sum(ticks) == 2 * size
    names = ("a.GT.bin", "b.GT.bin", "manifest-s.json", "x")
    assert result.files == tuple(tmp_path / "out" / name for name in names)
    assert result.targets == result.files[:2] and result.n_clipped == 2 and result.n_events == 2
    assert result.sources == tuple(file_record(file.path) for file in recording.files)
    assert result.results == tuple(file_record(path) for path in result.targets) and result.sources != result.results
    assert (tmp_path / "out" / "manifest-s.json").read_text() == "['x'] None"
    assert (tmp_path / "out" / "x").read_text() == f"{[str(path) for path in result.targets]} {np.array([47, 159])}"


def test_errors_of_a_staging_folder(tmp_path, monkeypatch):
    """A staging folder that cannot be made is an error of the run's folder."""

    def refused(self, *_, **__):
        raise OSError(errno.ENOSPC, "full")

    staging = Staging(tmp_path, "s")
    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(NotWrittenError, match="found full") as raised:
        staging.__enter__()
    assert raised.value.subject == str(tmp_path)


@pytest.fixture
def rig(tmp_path, monkeypatch):
    """A SpikeGLX folder of two files, and a run's results for one of them."""
    probe = tmp_path / "in" / "run_g0" / "run_g0_imec0"
    probe.mkdir(parents=True)
    for name, data in (
        ("a.bin", b"source"),
        ("a.meta", b"x=1\nfileSHA1=0\n"),
        ("b.lf.bin", b"other"),
        ("b.lf.meta", b"y"),
    ):
        (probe / name).write_bytes(data)
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.GT.bin").write_bytes(b"abc")
    (out / "manifest-s.json").touch()
    said = {"sources": [{"path": str(probe / "a.bin")}]}
    said["results"] = [{"path": "a.GT.bin", **file_record(out / "a.GT.bin")._asdict()}]
    monkeypatch.setattr(in_rig, "read_run_manifest", lambda path: said)
    return SimpleNamespace(folder=tmp_path / "in" / "run_g0", out=out, said=said)


def test_a_copy_of_a_rig(rig, tmp_path, monkeypatch, capfd):
    """Its files are the rig's, but for the result in its source's place and the digest that a .meta has of it."""
    bars = []
    bar = in_rig.progress_bar
    monkeypatch.setattr(in_rig, "progress_bar", lambda *given: bars.append(given) or bar(*given))
    assert in_rig.hybrid_in_rig(rig.out, tmp_path / "again") == tmp_path / "again" / "run_g0"
    found = {path.name: path.read_bytes() for path in (tmp_path / "again" / "run_g0" / "run_g0_imec0").iterdir()}
    sha = b"A9993E364706816ABA3E25717850C26C9CD0D89D"
    assert found == {
        "a.bin": b"abc",
        "a.meta": b"x=1\nfileSHA1=" + sha + b"\n",
        "b.lf.bin": b"other",
        "b.lf.meta": b"y",
    }
    total = sum(path.stat().st_size for path in rig.folder.rglob("*.*"))
    assert bars == [(False, "rig", total)] and capfd.readouterr().err == ""
    with pytest.raises(SessionExistsError):
        in_rig.hybrid_in_rig(rig.out, tmp_path / "again")
    (tmp_path / "again" / "old").touch()
    named = {"root": rig.folder.parent, "session_name": "s", "overwrite": True, "progress": True}
    assert in_rig.hybrid_in_rig(rig.out, tmp_path / "again", **named) == tmp_path / "again" / "in"
    assert [path.name for path in (tmp_path / "again").iterdir()] == ["in"] and "rig: 100%" in capfd.readouterr().err


def test_rigs_that_are_refused(rig, tmp_path):
    """A place in the rig's folder is refused, and so are a folder without the source and a changed result."""
    with pytest.raises(MockSessionError, match="a place outside the rig's folder"):
        in_rig.hybrid_in_rig(rig.out, rig.folder / "x")
    for target in (rig.folder, rig.out):
        with pytest.raises(MockSessionError, match="apart from the source"):
            in_rig.hybrid_in_rig(rig.out, target, overwrite=True)
    in_rig.hybrid_in_rig(rig.out, rig.folder.with_name("run_g01"))
    rig.said["sources"].append({"path": str(rig.folder / "run_g0_imec0" / "b.lf.bin")})  # of which there is no result
    result = HybridResult(params=None, units=(), planted=(), folder=rig.out, targets=())
    made = in_rig.hybrid_in_rig(result, tmp_path / "made")
    assert (made / "run_g0_imec0" / "b.lf.bin").read_bytes() == b"other"
    rig.said["sources"].pop()
    (tmp_path / "empty").mkdir()
    with pytest.raises(MockSessionError, match=r"root: expected a folder with .*a\.bin in it; found .*empty"):
        in_rig.hybrid_in_rig(rig.out, tmp_path / "again", root=tmp_path / "empty")
    (rig.out / "a.GT.bin").write_bytes(b"abd")
    with pytest.raises(BadFileError, match="a.GT.bin: expected the file that the run made, by its SHA-256"):
        in_rig.hybrid_in_rig(rig.out, tmp_path / "again")
    (rig.out / "manifest-s.json").unlink()
    with pytest.raises(BadFileError, match="the output folder of a run, with its manifest; found none"):
        in_rig.hybrid_in_rig(rig.out, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_run_of_files_is_undone(two, tmp_path, monkeypatch, capfd):
    """Each source file is made again by its own name, as the manifest has it, and replaces none unasked."""
    recording, samples = two
    out = tmp_path / "out"
    out.mkdir()
    whole = Adding(recording, recording.files, Planter([unit([15, 53], EVENTS)], 3), lambda size: None)
    for name, block in zip("ab", whole.blocks(), strict=True):
        (out / f"{name}.GT.bin").write_bytes(block.tobytes())
    (out / "events-s.npz").write_bytes(events_bytes([unit([15, 53], EVENTS)], whole.clipped))
    (out / "manifest-s.json").touch()
    said = {"data_type": "int16", "n_channels": 3, "sample_rate": 1000, "session_name": "s"}
    said["sources"] = [
        {"path": file.path, "start": file.start, **file_record(file.path)._asdict()} for file in recording.files
    ]
    said["results"] = [{"path": f"{name}.GT.bin", **file_record(out / f"{name}.GT.bin")._asdict()} for name in "ab"]
    monkeypatch.setattr(undo, "read_run_manifest", lambda path: said)
    found = undo.undo_hybrid(out)
    assert found.files == (out / "a.bin", out / "b.bin") and found.folder == out and found.n_events == 2
    assert [path.read_bytes() for path in found.files] == [part.tobytes() for part in samples]
    assert found.records == tuple(file_record(path) for path in found.files) and capfd.readouterr().err == ""
    with pytest.raises(SessionExistsError):
        undo.undo_hybrid(out)
    undo.undo_hybrid(out, overwrite=True, progress=True)
    assert "undo: 100%" in capfd.readouterr().err
    assert undo.undo_hybrid(out, tmp_path / "other", session_name="s").files[1].read_bytes() == samples[1].tobytes()
    said["sources"][1]["sha256"] = "0" * 64
    with pytest.raises(BadFileError, match="b.GT.bin: expected the result of the run"):
        undo.undo_hybrid(out, tmp_path / "none")
    assert not any((tmp_path / "none").iterdir())
    said["results"][0]["path"] = "a.bin"
    said["sources"][1]["sha256"] = file_record(out / "b.bin").sha256
    with pytest.raises(MockSessionError, match="apart from the source"):
        undo.undo_hybrid(out, overwrite=True)
    (out / "manifest-s.json").unlink()
    with pytest.raises(BadFileError, match="the output folder of a run, with its manifest; found none"):
        undo.undo_hybrid(out)
