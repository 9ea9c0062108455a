"""Whole runs: what lands in the output folder, and that it is what was asked for."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.hybrid import (
    HybridParams,
    HybridSource,
    Probe,
    RawFile,
    RawRecording,
    Recipe,
    generate_hybrid,
    load_firings,
    load_sorting,
    plan_hybrid,
    planted_events,
)
from mockrawio.hybrid.raw_folder import RawFolder
from mockrawio.planting import Planter
from tests.hybrid.samples import HYBRID
from tests.hybrid.synthetic import RATE, check_traces, make, sha256, traces, tree

SMALL = {"n_channels": 24, "seconds": 2.0, "counts": (40, 60), "amplitudes": (400.0, 300.0)}


@pytest.fixture
def made(tmp_path):
    return make(tmp_path, **SMALL)


def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_hybrid_less_source_is_the_events(made):
    """The difference of the traces is the saved events at the saved times and channels, and zero elsewhere."""
    result = generate_hybrid(made.params)
    planted = check_traces(result, made.params.raw_source_file, 24)
    firings = load_firings(result.folder / "firings_true.npy")
    for center, time, label in firings.T:
        (unit,) = (unit for unit in result.units if unit.true_unit == label)
        assert center in unit.channels
        assert planted[time, center] < -100
    assert firings.shape[1] == result.n_events == 100


def test_overlaps_and_clipping(tmp_path):
    """Events that overlap add up, those beyond int16 stop there and are counted: in the traces."""
    made = make(
        tmp_path, n_channels=40, seconds=1.0, counts=(60, 60), amplitudes=(9000.0, 9000.0),
        amplitude_scale_min=4.0, amplitude_scale_max=4.5, channel_shift=10,
    )  # fmt: skip
    result = generate_hybrid(made.params)
    check_traces(result, made.params.raw_source_file, 40)
    assert result.n_clipped > 100
    one, other = result.planted
    assert min(abs(int(a) - int(b)) for a in one.times for b in other.times) < 40
    assert set(one.channels.tolist()) & set(other.channels.tolist())


@pytest.mark.parametrize("block", [32, 1000, 48_000])
def test_blocks_do_not_matter(made, tmp_path, monkeypatch, block):
    """Events that cross the border of a block are whole: the bytes do not depend on the block's length."""
    whole = generate_hybrid(made.params).results
    monkeypatch.setattr("mockrawio.hybrid.adding.BLOCK_BYTES", block * 48)
    assert generate_hybrid(replace(made.params, output_directory=tmp_path / "other")).results == whole


def test_same_seed_same_bytes(made, tmp_path):
    """The same seed gives the same bytes in every file, for any number of workers; another seed, others."""
    one = generate_hybrid(made.params)
    content = tree(one.folder)
    for n_workers in (2, 5):
        assert tree(generate_hybrid(made.params, n_workers=n_workers).folder) == content
    other = generate_hybrid(replace(made.params, random_seed=6))
    assert other.results != one.results


def test_units_are_independent(made, tmp_path):
    """What is asked of other units changes nothing about a unit but the label of its events."""
    both = generate_hybrid(made.params).planted
    wider = replace(made.params, ground_truth_units=(1, 2, 1), output_directory=tmp_path / "three")
    three = generate_hybrid(wider).planted
    for one, other in zip(both, three, strict=False):
        np.testing.assert_array_equal(one.times, other.times)
        np.testing.assert_array_equal(one.events.counts(0, 99), other.events.counts(0, 99))
    assert [unit.new_unit for unit in three] == [3, 4, 5]
    assert not np.array_equal(three[0].times, three[2].times)


def test_saved_parameters_repeat_the_run(tmp_path):
    """The saved file gives the same run again, also where seed, name and phy's base were left open."""
    made = make(tmp_path, **{**SMALL, "random_seed": None, "session_name": None, "phy_base": None, "output_type": None})
    first = generate_hybrid(made.params)
    (saved,) = first.folder.glob("hfparams_*.toml")
    again = HybridParams.load(saved)
    assert (again, again.random_seed is None) == (first.params, False)
    before = tree(first.folder)
    assert tree(generate_hybrid(again).folder) == before


@pytest.mark.slow
def test_sample(tmp_path):
    """The sample's two units are made, centred where the original has them, on true raw rows."""
    params = HybridParams.load(HYBRID / "params_phy.py")
    result = generate_hybrid(replace(params, output_directory=tmp_path, phy_base=1))
    check_traces(result, params.raw_source_file, 32)
    assert [unit.n_events for unit in result.units] == [163, 229]
    for unit, its_center in zip(result.units, (21, 8), strict=True):
        assert unit.source_channels[unit.channels.index(unit.center_channel)] == its_center
    rows = table(tmp_path / "artificial_units-bench.csv")
    assert {(row["new_unit"], int(row["center_channel"])) for row in rows} == {
        (str(unit.new_unit), unit.center_channel) for unit in result.units
    }


def test_files(made):
    """The files are hybridfactory's, the events, the saved parameters and the manifest."""
    result = generate_hybrid(made.params)
    names = {
        "raw.GT.bin", "metadata-s.csv", "annotations-s.csv", "artificial_units-s.csv", "probe-s.npz", "dtype-s.npy",
        "firings_true.npy", "hfparams_s.toml", "events-s.npz", "manifest-s.json",
    }  # fmt: skip
    assert {path.name for path in result.files} == {path.name for path in result.folder.iterdir()} == names
    assert table(result.folder / "metadata-s.csv") == [
        {"filename": str(result.targets[0]), "samples": "60000", "start_time": "0"}
    ]
    assert Probe.load(result.folder / "probe-s.npz") == made.params.probe
    times = [int(row["timestep"]) for row in table(result.folder / "annotations-s.csv")]
    assert len(times) == 200 and times == sorted(times)


def test_manifest(made):
    """The manifest tells the seed, the parameters, every checksum, and what was made of every unit."""
    result = generate_hybrid(replace(made.params, ground_truth_units=(2, 9)))
    manifest = json.loads((result.folder / "manifest-s.json").read_text())
    assert (manifest["sample_rate"], manifest["random_seed"], manifest["n_clipped"]) == (RATE, 5, 0)
    (source,), (target,) = manifest["sources"], manifest["results"]
    assert source["sha256"] == sha256(made.params.data_directory / "raw.bin")
    assert target["sha256"] == sha256(result.targets[0])
    for name, record in manifest["files"].items():
        assert record == {"size": (result.folder / name).stat().st_size, "sha256": sha256(result.folder / name)}
    assert [unit["made"] for unit in manifest["units"]] == [True, False]
    assert manifest["units"][1]["reason"] == "the sorting has no spikes of unit 9"
    assert manifest["parameters"]["ground_truth_units"] == [2, 9]


def test_skipped_units(made):
    """A unit that cannot be made is told with its reason, the others are made; whether that will do is asked for."""
    params = replace(made.params, ground_truth_units=(9, 1), channel_shift=1)
    result = generate_hybrid(params)
    assert [unit.made for unit in result.units] == [False, False]
    assert "channel_shift 1 does not fit" in result.units[1].reason
    assert (len(result.skipped), result.ok, result.n_events) == (2, False, 0)
    assert generate_hybrid(replace(params, allow_skips=True)).ok
    assert result.results == result.sources
    assert np.load(result.folder / "firings_true.npy").shape == (3, 0)


def test_channel_shift(made):
    """A channel shift is kept to, for every channel of the unit."""
    for unit in generate_hybrid(replace(made.params, channel_shift=10)).units:
        assert abs(unit.channels[0] - unit.source_channels[0]) == 10
        assert len({a - b for a, b in zip(unit.channels, unit.source_channels, strict=True)}) == 1


def test_amplitudes(made):
    """A constant factor an event; at factor 1 the mean event is the mean spike, not tapered."""
    raw, result = traces(made.params.raw_source_file, 24), generate_hybrid(made.params)
    unit, report = result.planted[0], result.units[0]
    spikes = np.mean([raw[t - 40 : t + 41][:, report.source_channels] for t in made.times[1]], axis=0)
    events = unit.events.counts(0, 40).mean(axis=0)
    depth, flank = spikes.min(), spikes[40 + 12].max()
    assert abs(events.min() / depth - 1) < 0.05
    assert abs(events[40 + 12].max() / flank - 1) < 0.15  # the triangle would take off a third here
    twice = generate_hybrid(replace(made.params, amplitude_scale_min=2.0, amplitude_scale_max=2.0)).planted[0]
    np.testing.assert_allclose(twice.events.counts(0, 40), 2 * unit.events.counts(0, 40), atol=1.01)


def test_spikes_at_the_ends(made):
    """Spikes whose window leaves the recording are left out, and counted."""
    times = np.load(made.params.data_directory / "spike_times.npy")
    times[0], times[-1] = 3, 59_990
    np.save(made.params.data_directory / "spike_times.npy", times)
    result = generate_hybrid(made.params)
    assert sum(unit.n_source_edge for unit in result.units) == 2
    assert sum(unit.n_source for unit in result.units) == 98
    check_traces(result, made.params.raw_source_file, 24)


def test_rates_and_cap(made):
    """Synthetic rates, one a unit, are kept to; the cap holds for either kind of times."""
    result = generate_hybrid(replace(made.params, synthetic_rate=(20, 45.5)))
    assert [unit.n_events for unit in result.units] == [40, 91]
    result = generate_hybrid(replace(made.params, max_events=25))
    assert [(unit.n_events, unit.n_over_cap) for unit in result.units] == [(25, 15), (25, 35)]
    fast = generate_hybrid(replace(made.params, synthetic_rate=(20, 600)))
    assert "less than 2 ms" in fast.units[1].reason


def test_several_files(made, tmp_path):
    """Files on one axis, with a gap between them: every result beside its source's name, events in both."""
    raw = (made.params.data_directory / "raw.bin").read_bytes()
    for k, part in enumerate((raw[: 30_000 * 48], raw[30_000 * 48 :])):
        (tmp_path / f"part_t{k}").write_bytes(part)
    times = np.load(made.params.data_directory / "spike_times.npy")
    times[times >= 30_000] += 5000
    np.save(made.params.data_directory / "spike_times.npy", times)
    params = replace(made.params, raw_source_file=tmp_path / "part_t[01]", start_time=(0, 35_000))
    result = generate_hybrid(params)
    assert [path.name for path in result.targets] == ["part_t0.GT", "part_t1.GT"]
    assert [row["start_time"] for row in table(result.folder / "metadata-s.csv")] == ["0", "35000"]
    for k, start in enumerate((0, 35_000)):
        difference = traces(result.targets[k], 24) - traces(tmp_path / f"part_t{k}", 24)
        np.testing.assert_array_equal(difference, Planter(result.planted, 24).counts(start, start + 30_000))
        assert difference.any()


def test_results_of_one_name(made, tmp_path):
    """Two sources whose results would have one name are refused."""
    for k in "ab":
        (tmp_path / k).mkdir()
        (tmp_path / k / "x.bin").write_bytes(bytes(48 * 100))
    params = replace(made.params, raw_source_file=tmp_path / "*" / "x.bin", start_time=(0, 100))
    with pytest.raises(MockSessionError, match=r"two that both make x\.GT\.bin"):
        generate_hybrid(params)


def test_dry_run(made):
    """A dry run tells what would be made, the same as a run, and writes nothing."""
    dry = generate_hybrid(made.params, dry_run=True)
    assert not dry.folder.exists()
    assert (dry.files, dry.results) == ((), ())
    assert dry.units == generate_hybrid(made.params).units


def test_progress(made, capsys):
    """A progress bar goes to stderr when asked for, to its end, and only then."""
    generate_hybrid(made.params, progress=True)
    assert "hybrid: 100%" in capsys.readouterr().err
    generate_hybrid(made.params)
    assert capsys.readouterr() == ("", "")


def test_nested_output_directory(made, tmp_path):
    """The output folder is made with its parents."""
    assert generate_hybrid(replace(made.params, output_directory=tmp_path / "a" / "b" / "c")).targets[0].is_file()


class InMemory(RawRecording):
    """A source that is no file: what a recording must tell to be one."""

    samples: np.ndarray

    @classmethod
    def of(cls, samples, dtype="int16"):
        made = cls((RawFile("memory.raw", 0, len(samples)),), np.dtype(dtype), samples.shape[1], float(RATE))
        object.__setattr__(made, "samples", samples)
        return made

    def _frames(self, k):
        return self.samples

    def release(self):
        pass


def source_of(params, samples, dtype="int16"):
    sorting = load_sorting(params.data_directory, phy_base=0)
    return HybridSource(InMemory.of(samples, dtype), sorting, params.probe)


def test_any_source_will_do(made):
    """A recording that is no file has the same plan, and gives the same bytes."""
    samples = np.fromfile(made.params.raw_source_file, "<i2").reshape(-1, 24)
    samples.flags.writeable = False
    source, recipe = source_of(made.params, samples), Recipe(ground_truth_units=(1, 2), session_name="s", random_seed=5)
    plan = plan_hybrid(recipe, source)
    result = RawFolder(made.params.data_directory / "memory", recipe, source).write(plan)
    assert result.targets[0].name == "memory.GT.raw"
    whole = generate_hybrid(made.params)
    assert (result.results, result.units, plan.units) == (whole.results, whole.units, whole.units)
    assert not list(result.folder.glob("hfparams*"))


def test_sources_that_will_not_do(made):
    """A probe of another size, or samples that are no integers, are refused before any work is done."""
    samples = np.fromfile(made.params.raw_source_file, "<i2").reshape(-1, 24)
    with pytest.raises(MockSessionError, match="probe: expected as many channels"):
        source_of(made.params, samples[:, :20])
    with pytest.raises(MockSessionError, match="data_type"):
        source_of(made.params, samples, "float32")


def test_a_plan_touches_no_file(made):
    """A plan tells what a run makes, for either arithmetic, and nothing is written for it."""
    before = tree(made.params.data_directory)
    for compat in (False, True):
        params = replace(made.params, compat=compat)
        plan = plan_hybrid(params, params.open())
        assert tree(made.params.data_directory) == before
        result = generate_hybrid(replace(params, output_directory=made.params.data_directory / f"out{compat}"))
        assert (plan.units, plan.n_events) == (result.units, result.n_events)
        before = tree(made.params.data_directory)


def test_planted_events_of_a_folder(made, tmp_path):
    """The events of a run are found by result, folder or file; with several runs in a folder, by file."""
    result = generate_hybrid(made.params)
    for source in (result, result.folder, str(result.folder / "events-s.npz")):
        assert [unit.new_unit for unit in planted_events(source)] == [3, 4]
    (result.folder / "events-other.npz").write_bytes((result.folder / "events-s.npz").read_bytes())
    with pytest.raises(MockSessionError, match="found events-other"):
        planted_events(result.folder)


def test_another_runs_results_are_not_half_replaced(tmp_path):
    """A run over results of another session is refused and changes nothing; the same session is made again."""
    made = make(tmp_path, n_channels=32, seconds=4.0, counts=(60, 50, 40))
    generate_hybrid(made.params)
    before = tree(made.params.output_directory)
    with pytest.raises(MockSessionError, match="expected no result of another run; found that of manifest-"):
        generate_hybrid(replace(made.params, session_name="another", random_seed=7))
    assert tree(made.params.output_directory) == before
    generate_hybrid(made.params)
    assert tree(made.params.output_directory) == before


@pytest.mark.parametrize(
    ("changes", "pinned"),
    [
        ({}, "c705f4b9efcc4631"),
        ({"jitter_factor": 20, "channel_shift": 2}, "653d85724e58d5d2"),
        ({"synthetic_rate": (20.0, 30.0)}, "b056933d207f2f5a"),
        ({"max_events": 30}, "342729005db03786"),
        ({"compat": True}, "aa83a263b9743532"),
    ],
    ids=["default", "to places", "synthetic", "few", "compat"],
)
def test_what_is_drawn_is_pinned(tmp_path, changes, pinned):
    """A seed has the times, the channels and the labels that it has had, by every way to draw them."""
    made = make(tmp_path, n_channels=24, seconds=2.0, counts=(40, 60), amplitudes=(400.0, 300.0))
    folder = generate_hybrid(replace(made.params, random_seed=5, **changes)).folder
    tables = [np.load(folder / "firings_true.npy").astype("<i8").tobytes()]
    tables += [(folder / f"{name}-s.csv").read_bytes() for name in ("annotations", "artificial_units")]
    assert hashlib.sha256(b"".join(tables)).hexdigest()[:16] == pinned
