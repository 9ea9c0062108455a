"""Hybrid data of session folders and of SpikeInterface's objects: what is in the traces, and in the folders."""

from __future__ import annotations

import json
import pickle
import shutil
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spikeinterface.core import NumpyRecording, NumpySorting, generate_ground_truth_recording, read_binary

from mockrawio import MockSessionError, MockSessionRawIO, SessionSpec, generate_session, truth, write_session
from mockrawio.generate import Units
from mockrawio.ground.errors import BadFileError, BoundsError, SessionExistsError
from mockrawio.hybrid import extractor_source, hybrid_from_session, hybrid_from_spikeinterface, planted_events
from mockrawio.hybrid.extractor_source import open_recording
from mockrawio.hybrid.session_source import open_session
from mockrawio.hybrid.validate import validate
from mockrawio.interop.spikeinterface import MockSessionRecordingExtractor, MockSessionSortingExtractor
from mockrawio.session.manifest import read_manifest
from mockrawio.testing import assert_rawio_compliant
from mockrawio.verify import verify_session
from tests.generate.folders import FEW_FAR
from tests.handmade import T0, Handmade

SEGMENTS = {"one segment": (4.0,), "two segments": (4.0, 3.0)}
UNITS = ["CSC7_SU1", "CSC11_SU1"]
SEED = 11


def tree(folder):
    """Every file below a folder, and its bytes."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def stream(folder):
    return np.load(folder / "raw_data" / "broadband.npy").astype(np.int64)


def added(units, bounds, n_channels):
    """What saved events add to pieces of an absolute axis, event by event; asserts that each lies in one piece."""
    pieces = [np.zeros((stop - start, n_channels), np.int64) for start, stop in bounds]
    for unit in units:
        for time, event in zip(unit.times.tolist(), unit.events.counts(0, len(unit.times)), strict=True):
            first = time - unit.before
            ((start, piece),) = [(s, p) for (s, e), p in zip(bounds, pieces, strict=True) if s <= time < e]
            assert 0 <= first - start <= len(piece) - len(event)
            piece[first - start : first - start + len(event), unit.channels] += event
    return np.concatenate(pieces)


def session_bounds(folder):
    """Where each segment of the stream lies on the axis that begins with it, by its stamp."""
    content = json.loads((folder / "raw_data" / "broadband.json").read_text())
    origin = content["segments"][0]["t_start_ms"]
    starts = [round((s["t_start_ms"] - origin) * content["sampling_rate"] / 1000) for s in content["segments"]]
    return [(start, start + s["n_samples"]) for start, s in zip(starts, content["segments"], strict=True)]


@pytest.fixture(scope="module", params=SEGMENTS.values(), ids=SEGMENTS)
def session(request, tmp_path_factory):
    """A broadband session with planted truth; tests only read it."""
    units = Units(5, snr=(10, 25), rate_hz=(4, 10), multi=0.0)
    fields = {
        "segments": request.param,
        "probe": "bundles",
        "n_channels": 16,
        "units": units,
        "noise": FEW_FAR,
        "seed": 3,
    }
    spec = SessionSpec.broadband(patient_id=1, session_nr=1, **fields)
    return generate_session(spec, tmp_path_factory.mktemp("session"))


@pytest.fixture(scope="module")
def hybrid(session, tmp_path_factory):
    """The hybrid session of two of its units."""
    return hybrid_from_session(session, UNITS, output=tmp_path_factory.mktemp("hybrid") / "session_1", seed=SEED)


def test_session_less_source_is_the_events(session, hybrid):
    """The difference of the streams is the saved events at their times and channels, and zero elsewhere."""
    source, result = stream(session), stream(hybrid.folder)
    expected = added(planted_events(hybrid.folder), session_bounds(session), 16)
    assert hybrid.n_clipped == 0
    assert hybrid.ok
    assert hybrid.n_events > 20
    np.testing.assert_array_equal(result - source, expected)
    for unit in hybrid.planted:
        assert np.abs(expected[:, unit.center]).max() > 30
    firings = np.load(hybrid.folder / "hybrid" / "firings_true.npy")
    assert firings.shape[1] == hybrid.n_events
    assert {(int(c), int(u)) for c, _, u in firings.T} == {(u.center, u.true_unit) for u in hybrid.planted}


def test_session_changes_nothing_else(session, hybrid):
    """All other files are the source's, byte for byte; the manifest lists all that is there, and verifies."""
    before, after = tree(session), tree(hybrid.folder)
    changed = {"raw_data/broadband.npy", "raw_data/broadband.json", "session_manifest.json"}
    assert {name for name in before if after.get(name) != before[name]} == changed
    new = set(after) - set(before)
    units = {f"spiking_data/{hybrid.names[unit.new_unit]}.npy" for unit in hybrid.planted}
    assert {name for name in new if not name.startswith("hybrid/")} == units
    assert verify_session(hybrid.folder).ok
    assert set(hybrid.files) == {hybrid.folder / name for name in after}
    manifest = read_manifest(hybrid.folder / "session_manifest.json")
    assert manifest["spec"] == read_manifest(session / "session_manifest.json")["spec"]
    source = read_manifest(session / "session_manifest.json")["files"]["raw_data/broadband.npy"]
    assert manifest["hybrid"]["source"] == source._asdict()
    assert hybrid.sources == (source,)
    assert hybrid.results == (manifest["files"]["raw_data/broadband.npy"],)


def test_session_keeps_its_truth(session, hybrid):
    """The truth holds for the session's own units: what it makes, plus the events, is the stream."""
    known = truth(hybrid.folder)
    made = np.concatenate([known.recording(k) for k in range(len(known.n_samples))])
    np.testing.assert_array_equal(
        stream(hybrid.folder), made + added(hybrid.planted, session_bounds(hybrid.folder), 16)
    )
    source, result = (
        json.loads((folder / "raw_data" / "broadband.json").read_text()) for folder in (session, hybrid.folder)
    )
    described = result.pop("hybrid")
    assert result == source
    assert {name: entry["true_unit"] for name, entry in described.items()} == {
        hybrid.names[unit.new_unit]: hybrid.names[unit.true_unit] for unit in hybrid.planted
    }


def test_session_reads(session, hybrid):
    """The hybrid session keeps Neo's rules; its new units have their times, and waveforms out of its own stream."""
    with MockSessionRawIO(hybrid.folder) as reader:
        reader.parse_header()
        assert_rawio_compliant(reader)
        ids = reader.header["spike_channels"]["id"].tolist()
        for unit in hybrid.planted:
            index = ids.index(hybrid.names[unit.new_unit])
            for seg_index, frames in enumerate(by_segment(unit.times, session_bounds(session))):
                wave = reader.get_spike_raw_waveforms(0, seg_index, index)[:, 0]
                samples = reader.get_analogsignal_chunk(0, seg_index, stream_index=1)[:, unit.center]
                padded = np.pad(samples, 64)
                expected = padded[frames[:, None] + 64 + np.arange(-20, 44)]
                np.testing.assert_array_equal(wave, expected)
        assert reader.header["spike_channels"]["wf_left_sweep"][index] == 20
        assert reader.header["spike_channels"]["wf_gain"][index] == reader.header["signal_channels"]["gain"][-1]


def by_segment(times, bounds):
    return [times[(times >= start) & (times < stop)] - start for start, stop in bounds]


def test_session_in_spikeinterface(session, hybrid):
    """SpikeInterface lists the new units beside the source's, each at the very frames of its events."""
    sorting, before = MockSessionSortingExtractor(hybrid.folder), MockSessionSortingExtractor(session)
    new = {hybrid.names[unit.new_unit]: unit for unit in hybrid.planted}
    assert set(sorting.unit_ids) == {*before.unit_ids, *new}
    for name, unit in new.items():
        for segment, frames in enumerate(by_segment(unit.times, session_bounds(session))):
            np.testing.assert_array_equal(sorting.get_unit_spike_train(name, segment), frames)


def test_session_validates(session, hybrid, tmp_path):
    """What is in ``hybrid/`` is all that validation needs: a sorter that found everything scores 1."""
    found = NumpySorting.from_unit_dict({unit.new_unit: unit.times for unit in hybrid.planted}, 32_000.0)
    result = validate(hybrid.folder, found)
    assert result.units == validate(hybrid.folder / "hybrid", found).units
    assert [unit.accuracy for unit in result.units] == [1.0] * len(hybrid.planted)
    assert result.sample_rate == open_session(session).recording.sample_rate


def test_session_same_seed_same_bytes(session, hybrid, tmp_path):
    """The same seed gives the same bytes in every file, wherever it lies; another seed, others."""
    content = tree(hybrid.folder)
    again = hybrid_from_session(session, UNITS, output=tmp_path / "elsewhere", seed=SEED, n_workers=2)
    assert tree(again.folder) == content
    other = hybrid_from_session(session, UNITS, output=tmp_path / "other", seed=12)
    assert other.results != again.results


def test_session_dry_run(session, hybrid, tmp_path):
    """A dry run writes nothing, and finds out what a run would make."""
    result = hybrid_from_session(session, UNITS, output=tmp_path / "not", seed=SEED, dry_run=True)
    assert not any(tmp_path.iterdir())
    assert result.units == hybrid.units


def test_a_session_of_one_channel(tmp_path):
    """A unit that has no other channel to go to is left out, which its result says."""
    spec = SessionSpec.broadband(patient_id=1, session_nr=1, seed=1, duration_s=2, n_channels=1, units=Units(1))
    made = generate_session(spec, tmp_path)
    result = hybrid_from_session(made, ["CSC1_SU1"], output=tmp_path / "out", seed=1, dry_run=True)
    assert [unit.n_events for unit in result.units] == [0]


@pytest.mark.slow
def test_session_again(session, hybrid, tmp_path):
    """A hybrid session may be the source of another one: names go on, and the first run's tables stay."""
    result = hybrid_from_session(hybrid.folder, UNITS, output=tmp_path / "session_2", seed=SEED, channel_shift=8)
    np.testing.assert_array_equal(
        stream(result.folder) - stream(hybrid.folder), added(result.planted, session_bounds(session), 16)
    )
    before, after = tree(hybrid.folder), tree(result.folder)
    assert not {name for name in before if name.startswith("hybrid/") and after[name] != before[name]}
    assert set(before) < set(after)
    assert {name.split("/")[0] for name in set(after) - set(before)} == {"spiking_data", "hybrid_2"}
    with pytest.raises(MockSessionError, match="Give the path of one, or a folder with one"):
        planted_events(result.folder)
    with pytest.raises(MockSessionError, match="the tables of one run; found hybrid, hybrid_2. Give the folder"):
        validate(result.folder, NumpySorting.from_unit_dict({1: np.array([5])}, 32_000.0))
    described = json.loads((result.folder / "raw_data" / "broadband.json").read_text())["hybrid"]
    assert len(described) == len(hybrid.planted) + len(result.planted)
    assert read_manifest(result.folder / "session_manifest.json")["hybrid"]["before"]["random_seed"] == SEED


def test_session_options(session, tmp_path):
    """Options are those of HybridParams: rate, shift, rank, window, amplitudes and cap all take effect."""
    result = hybrid_from_session(
        session, UNITS[:1], output=tmp_path / "session_1", seed=SEED, synthetic_rate=[20.0], jitter_factor=0,
        channel_shift=8, samples_before=15, samples_after=25, num_singular_values=2, amplitude_scale_min=2.0,
        amplitude_scale_max=2.0, max_events=30, session_name="own",
    )  # fmt: skip
    (unit,), (report,) = result.planted, result.units
    assert (len(unit.times), unit.before, unit.n_samples) == (30, 15, 41)
    assert report.channels == tuple(row + 8 for row in report.source_channels)
    assert len(unit.events.basis) == 2
    assert (result.folder / "hybrid" / "events-own.npz").is_file()
    np.testing.assert_array_equal(
        stream(result.folder) - stream(session), added(result.planted, session_bounds(session), 16)
    )


def test_session_sorting(session):
    """Spikes are at the frames that the planted truth has, on the axis of the segments' stamps."""
    source, known = open_session(session), truth(session)
    for label, name in source.units.items():
        unit = known.units[name.id]
        starts = np.array([file.start for file in source.recording.files])
        np.testing.assert_array_equal(source.sorting.times_of(label), starts[unit.segments()] + unit.frames())
    assert set(source.n_outside.values()) == {0}
    assert [(file.start, file.stop) for file in source.recording.files] == session_bounds(session)


def test_session_recording_pickles(session):
    """The source pickles as paths and numbers, and reads the same where it is unpickled."""
    recording = open_session(session).recording
    again = pickle.loads(pickle.dumps(recording))
    np.testing.assert_array_equal(again.read(100, 200), np.load(recording.samples.file.path)[100:200])
    with pytest.raises(BoundsError):
        recording.read(recording.stop - 5, recording.stop + 1)


def handmade(folder, n=8_000, n_channels=16, repeat=1, n_spikes=10_000, **description):
    """A session of noise and one unit, a spike every 250 samples, on CSC2 and its neighbours."""
    rng = np.random.default_rng(3)
    samples = rng.normal(0, 10, (n, n_channels))
    frames = np.arange(100, n - 100, 250)
    shape = -300 * np.exp(-0.5 * (np.arange(-15, 30) / 4) ** 2)
    for k, factor in ((1, 1.0), (0, 0.5), (2, 0.5)):
        for t in frames:
            samples[t - 15 : t + 30, k] += factor * shape
    maker = Handmade(folder)
    counts = np.tile(np.rint(samples).astype("<i2"), (repeat, 1))
    frames = (frames + n * np.arange(repeat)[:, None]).ravel()
    frames = frames[:: max(1, len(frames) // n_spikes)]
    given = {
        "sampling_rate": 32_000.0,
        "channels": {"ids": [f"CSC{k + 1}" for k in range(n_channels)], "names": [f"c{k}" for k in range(n_channels)]},
        "segments": [{"t_start_ms": T0, "n_samples": n * repeat}],
        **description,
    }
    maker.stream(samples=counts, **given)
    maker.unit("CSC2_SU1", times=T0 + frames / 32.0)
    return maker


def test_session_without_manifest(tmp_path):
    """A session of other people's tools will do: no manifest, spikes beyond the stream, waveforms that are floats."""
    maker = handmade(tmp_path / "session_1")
    outside = T0 + np.array([-5.0, *np.arange(100, 7900, 250) / 32.0, 250.2])
    maker.unit("CSC2_SU1", times=outside, amps=np.zeros((len(outside), 64)))
    result = hybrid_from_session(tmp_path / "session_1", ["CSC2_SU1"], output=tmp_path / "session_2", seed=1)
    folders = tmp_path / "session_1", tmp_path / "session_2"
    np.testing.assert_array_equal(
        stream(folders[1]) - stream(folders[0]), added(result.planted, session_bounds(folders[0]), 16)
    )
    assert result.ok
    assert read_manifest(result.folder / "session_manifest.json")["spikes_outside"] == {"CSC2_SU1": 2}
    name = result.names[result.planted[0].new_unit]
    assert (result.folder / "spiking_data" / f"{name}.npy").read_bytes().count(b"gain") == 0
    with MockSessionRawIO(result.folder, raw_dtype="source") as reader:
        reader.parse_header()
        (index,) = np.flatnonzero(reader.header["spike_channels"]["id"] == name)
        assert reader.get_spike_raw_waveforms(0, 0, int(index)).dtype == np.float64


def test_session_locations(tmp_path):
    """A stream's own locations are its probe, whatever its channels are called; units then go by column."""
    places = [[float(20 * (k % 2)), float(20 * (k // 2))] for k in range(16)]
    channels = {"ids": [f"ap{k}" for k in range(16)], "names": [f"ap{k}" for k in range(16)]}
    handmade(tmp_path / "session_1", locations=places, channels=channels)
    result = hybrid_from_session(
        tmp_path / "session_1", ["CSC2_SU1"], output=tmp_path / "session_2", seed=1, channel_shift=8
    )
    np.testing.assert_array_equal(open_session(tmp_path / "session_1").probe.channel_positions, places)
    (unit,) = result.planted
    assert result.names[unit.new_unit] == f"CSC{unit.center + 1}_SU1"


def test_session_clips(tmp_path):
    """Events beyond int16 stop at its ends and are counted."""
    handmade(tmp_path / "session_1")
    result = hybrid_from_session(
        tmp_path / "session_1", ["CSC2_SU1"], output=tmp_path / "session_2", seed=1, amplitude_scale_min=150.0,
        amplitude_scale_max=150.0,
    )  # fmt: skip
    whole = stream(tmp_path / "session_1") + added(result.planted, [(0, 8_000)], 16)
    np.testing.assert_array_equal(stream(result.folder), np.clip(whole, -32_768, 32_767))
    assert result.n_clipped == np.count_nonzero(np.abs(whole + 0.5) > 32_768) > 10


@pytest.mark.slow
def test_session_memory_is_flat(tmp_path):
    """A stream four times as long takes no more memory, with as many spikes and events."""
    peaks = []
    for repeat in (40, 160):
        folder = tmp_path / f"session_{repeat}"
        handmade(folder, repeat=repeat, n_spikes=600)
        tracemalloc.start()
        result = hybrid_from_session(folder, ["CSC2_SU1"], output=tmp_path / f"hybrid_{repeat}", seed=1, max_events=60)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert result.n_events == 60
    assert (folder / "raw_data" / "broadband.npy").stat().st_size > 40e6
    assert peaks[1] - peaks[0] < 2e6


def test_session_is_never_in_place(tmp_path):
    """The result may not be the source, within it or around it, even if what is there may be replaced."""
    source = tmp_path / "session_1"
    handmade(source)
    before = tree(source)
    for output in (source, source / "raw_data" / "x", tmp_path):
        with pytest.raises(MockSessionError, match="apart from the source|outside the session"):
            hybrid_from_session(source, ["CSC2_SU1"], output=output, overwrite=True)
    assert tree(source) == before
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine").touch()
    with pytest.raises(SessionExistsError):
        hybrid_from_session(source, ["CSC2_SU1"], output=taken, seed=1)
    hybrid_from_session(source, ["CSC2_SU1"], output=taken, seed=1, overwrite=True)
    assert not (taken / "mine").exists()


@pytest.mark.parametrize("output_format", ["raw", "session"])
def test_extractors_are_never_replaced(session, tmp_path, output_format):
    """What a recording or a sorting is read from is not replaced, in whatever form the result is asked for."""
    before = tree(session)
    recording = MockSessionRecordingExtractor(session, stream_id="broadband")
    sorting = MockSessionSortingExtractor(session)
    plain = NumpySorting.from_sorting(sorting)
    options = {"output_format": output_format, "seed": SEED, "overwrite": True}
    same, in_memory = recording.select_channels(recording.channel_ids), recording.save(format="memory", verbose=False)
    for source, found in ((recording, plain), (same, plain), (in_memory, sorting)):
        with pytest.raises(MockSessionError, match="apart from the source|outside the session"):
            hybrid_from_spikeinterface(source, found, UNITS, output=session, **options)
    assert tree(session) == before


def test_results_do_not_replace_their_source(counts, extractors, tmp_path):
    """A recording of an earlier run's results is not written over by a run into the same folder."""
    paths = [tmp_path / f"recording_t{k}.GT.bin" for k in range(2)]
    for k, path in enumerate(paths):
        counts.get_traces(k).tofile(path)
    recording = read_binary(paths, counts.sampling_frequency, "int16", 32, gain_to_uV=0.1, offset_to_uV=0.0)
    recording.set_probe(counts.get_probe())
    before = tree(tmp_path)
    with pytest.raises(MockSessionError, match="apart from the source"):
        hybrid_from_spikeinterface(
            recording, extractors[1], extractors[1].unit_ids[:1], output=tmp_path, seed=1, overwrite=True
        )
    assert tree(tmp_path) == before


def test_extractors_keep_the_instant(session, tmp_path):
    """A session made of another's extractors lies where that does in time, as write_session's does."""
    recording = MockSessionRecordingExtractor(session, stream_id="broadband")
    sorting = MockSessionSortingExtractor(session)
    target = tmp_path / "session_9"
    hybrid_from_spikeinterface(recording, sorting, UNITS, output=target, output_format="session", seed=SEED)
    starts = []
    for folder in (session, target):
        with MockSessionRawIO(folder) as reader:
            stream = len(reader.header["signal_streams"]) - 1
            segments = range(reader.segment_count(0))
            seconds = np.array([reader.get_signal_t_start(0, k, stream) for k in segments])
            starts.append(reader.time_origin_ms + 1000 * seconds)
    np.testing.assert_allclose(*starts, rtol=0, atol=1e-3)


def test_session_whole_or_nothing(tmp_path, monkeypatch):
    """A run that fails late leaves nothing behind."""
    handmade(tmp_path / "session_1")

    def fail(*arguments):
        raise OSError("no space left")

    monkeypatch.setattr("mockrawio.hybrid.as_session.run_manifest_bytes", fail)
    with pytest.raises(OSError, match="no space"):
        hybrid_from_session(tmp_path / "session_1", ["CSC2_SU1"], output=tmp_path / "session_2", seed=1)
    assert [path.name for path in tmp_path.iterdir()] == ["session_1"]


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({"raw_data": None}, {}, "expected a stream in raw_data; found none. LFP has no spikes"),
        ({}, {"stream": "ap"}, "expected the stream 'ap' in raw_data; found 'broadband'. Name an existing one"),
        ({"spiking_data": None}, {}, "expected units in spiking_data; found none"),
        ({}, {"units": ["CSC9_SU9"]}, "expected units of the source, 'CSC2_SU1'; found 'CSC9_SU9'"),
        ({}, {"units": []}, "units: expected a list of units, one at least"),
        ({}, {"units": "CSC2_SU1"}, "units: expected a list of units"),
        ({}, {"time_jitter": 3}, "options: expected any of session_name, .*; found 'time_jitter'. Correct the name"),
        ({}, {"seed": -1}, "random_seed: expected a whole number"),
        ({"unplaced": True}, {}, "expected 'locations', or channel ids of the form CSCk; found neither, so no probe"),
        ({"order": "F"}, {}, "expected little-endian int16 in C order; found <i2 in F order"),
        ({"dtype": ">i2"}, {}, "found >i2 in C order. Save numpy.ascontiguousarray"),
        ({"dtype": "<i4"}, {}, "expected int16"),
        ({"silent": True}, {}, "expected spikes; found none inside the segments of 'broadband'"),
    ],
)
def test_session_refused(tmp_path, change, arguments, message):
    """What cannot be a source is refused: what was expected, what was found, and what to do."""
    folder = tmp_path / "session_1"
    ids = {"ids": [f"ap{k}" for k in range(16)], "names": [f"ap{k}" for k in range(16)]}
    maker = handmade(folder, **({"channels": ids} if "unplaced" in change else {}))
    maker.info()
    array = folder / "raw_data" / "broadband.npy"
    for name in ("raw_data", "spiking_data"):
        if name in change:
            shutil.rmtree(folder / name)
    if {"order", "dtype"} & set(change):
        samples = np.load(array)
        np.save(array, samples.astype(change.get("dtype", "<i2"), order=change.get("order", "C")))
    if "silent" in change:
        maker.unit("CSC2_SU1", times=np.empty(0), amps=np.empty((0, 64)))
    given = {"units": ["CSC2_SU1"], **arguments}
    with pytest.raises(MockSessionError, match=message):
        hybrid_from_session(folder, given.pop("units"), output=tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def extractors():
    """A float recording of two segments on a probe of two columns, and its sorting."""
    return generate_ground_truth_recording(
        [3.0, 2.0],
        num_channels=32,
        num_units=5,
        seed=4,
        generate_probe_kwargs={"num_columns": 2, "xpitch": 50, "ypitch": 50, "contact_shapes": "circle"},
        noise_kwargs={"noise_levels": 2.0, "strategy": "on_the_fly"},
        generate_unit_locations_kwargs={"minimum_distance": 60, "margin_um": 20, "minimum_z": 5, "maximum_z": 20},
    )


def as_integers(recording, dtype="int16", factor=10.0, offset=0):
    """The same traces as whole numbers, in memory."""
    traces = [
        np.rint(recording.get_traces(k) * factor + offset).astype(dtype) for k in range(recording.get_num_segments())
    ]
    made = NumpyRecording(traces, recording.sampling_frequency)
    made.set_probe(recording.get_probe())
    made.set_channel_gains(1 / factor)
    made.set_channel_offsets(-offset / factor)
    return made


@pytest.fixture(scope="module")
def counts(extractors):
    """The recording as int16."""
    return as_integers(extractors[0])


@pytest.fixture(scope="module", params=["in memory", "binary"])
def recording(request, counts, tmp_path_factory):
    """The int16 recording, as an array and as binary files."""
    if request.param == "in memory":
        return counts
    paths = [tmp_path_factory.mktemp("binary") / f"{k}.raw" for k in range(2)]
    for k, path in enumerate(paths):
        counts.get_traces(k).tofile(path)
    saved = read_binary(paths, counts.sampling_frequency, "int16", 32, gain_to_uV=0.1, offset_to_uV=0.0)
    saved.set_probe(counts.get_probe())
    return saved


def joined_bounds(recording):
    stops = np.cumsum([recording.get_num_samples(k) for k in range(recording.get_num_segments())]).tolist()
    return list(zip([0, *stops], stops, strict=False))


def joined(recording):
    return np.concatenate([recording.get_traces(k) for k in range(recording.get_num_segments())]).astype(np.int64)


@pytest.mark.slow
def test_extractors_to_raw(recording, extractors, tmp_path):
    """Raw files less the recording's traces are the saved events; ids and labels are in the manifest."""
    sorting = extractors[1]
    units = list(sorting.unit_ids[:3])
    result = hybrid_from_spikeinterface(recording, sorting, units, output=tmp_path / "out", seed=SEED)
    assert result.ok
    assert [path.name for path in result.targets] == ["recording_t0.GT.bin", "recording_t1.GT.bin"]
    made = np.concatenate([np.fromfile(path, "<i2").reshape(-1, 32) for path in result.targets])
    expected = added(planted_events(result.folder), joined_bounds(recording), 32)
    np.testing.assert_array_equal(made - joined(recording), expected)
    assert [result.names[unit.true_unit] for unit in result.planted] == units
    (manifest,) = result.folder.glob("manifest-*.json")
    origin = json.loads(manifest.read_text())["origin"]
    assert origin["names"] == {str(k): str(unit) for k, unit in enumerate(sorting.unit_ids, 1)}
    assert not list(result.folder.glob("hfparams*"))


@pytest.mark.slow
def test_extractors_to_session(recording, extractors, tmp_path):
    """A session of the same has the same events on the same counts, verifies, and keeps every spike's frame."""
    sorting = extractors[1]
    result = hybrid_from_spikeinterface(
        recording,
        sorting,
        sorting.unit_ids[:3],
        output=tmp_path / "patient_data" / "5" / "session_7",
        output_format="session",
        seed=SEED,
    )
    expected = added(planted_events(result.folder), joined_bounds(recording), 32)
    np.testing.assert_array_equal(stream(result.folder) - joined(recording), expected)
    assert verify_session(result.folder).ok
    with MockSessionRawIO(result.folder) as reader:
        reader.parse_header()
        assert_rawio_compliant(reader)
        assert reader.raw_annotations["blocks"][0]["patient_id"] == 5
    again = MockSessionSortingExtractor(result.folder)
    origins = read_manifest(result.folder / "session_manifest.json")["units"]
    assert len(again.unit_ids) == len(sorting.unit_ids) + len(result.planted)
    for name, unit in origins.items():
        for segment in range(2):
            np.testing.assert_array_equal(
                again.get_unit_spike_train(name, segment), sorting.get_unit_spike_train(unit, segment)
            )
    traces = MockSessionRecordingExtractor(result.folder)
    np.testing.assert_allclose(traces.get_channel_locations(), recording.get_channel_locations())
    np.testing.assert_allclose(traces.get_channel_gains(), recording.get_channel_gains())


@pytest.mark.slow
def test_extractors_same_seed_same_bytes(counts, extractors, tmp_path):
    """The same seed gives the same bytes, raw or in a session; both have the same samples."""
    sorting = extractors[1]
    results = {}
    for form in ("raw", "session"):
        one, two = (
            hybrid_from_spikeinterface(
                counts, sorting, sorting.unit_ids[:2], output=tmp_path / f"{form}{k}", output_format=form, seed=SEED
            )
            for k in range(2)
        )
        assert one.results == two.results
        results[form] = one
    assert tree(tmp_path / "session0") == tree(tmp_path / "session1")
    raw = np.concatenate([np.fromfile(path, "<i2").reshape(-1, 32) for path in results["raw"].targets])
    np.testing.assert_array_equal(raw, stream(results["session"].folder))


def test_session_through_extractors(session, tmp_path):
    """A session through SpikeInterface keeps its names, and a single segment gives the very samples of the way in."""
    recording = MockSessionRecordingExtractor(session, stream_id="broadband")
    sorting = MockSessionSortingExtractor(session)
    result = hybrid_from_spikeinterface(
        recording, sorting, UNITS, output=tmp_path / "session_1", output_format="session", seed=SEED
    )
    expected = added(result.planted, joined_bounds(recording), 16)
    np.testing.assert_array_equal(stream(result.folder) - stream(session), expected)
    origins = read_manifest(result.folder / "session_manifest.json")["units"]
    assert origins == {str(unit): str(unit) for unit in sorting.unit_ids}
    if recording.get_num_segments() == 1:
        direct = hybrid_from_session(session, UNITS, output=tmp_path / "direct", seed=SEED)
        np.testing.assert_array_equal(stream(direct.folder), stream(result.folder))
        assert direct.names == result.names


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "offset"), [("uint16", 32_768), ("int32", 0), ("uint16", 30_000)])
def test_other_integers(extractors, tmp_path, dtype, offset):
    """Other integers keep their type in raw files; a session has uint16 less 32768, its offset put right."""
    recording, sorting = as_integers(extractors[0], dtype, 10.0, offset), extractors[1]
    result = hybrid_from_spikeinterface(recording, sorting, sorting.unit_ids[:1], output=tmp_path / "raw", seed=1)
    made = np.concatenate([np.fromfile(path, dtype).reshape(-1, 32) for path in result.targets]).astype(np.int64)
    events = added(result.planted, joined_bounds(recording), 32)
    np.testing.assert_array_equal(made - joined(recording), events)
    arguments = {"output": tmp_path / "session_1", "output_format": "session", "seed": 1}
    if dtype == "int32":
        with pytest.raises(
            MockSessionError, match="at most 16 bits; found int32. Make counts of it: mockrawio.write_ses"
        ):
            hybrid_from_spikeinterface(recording, sorting, sorting.unit_ids[:1], **arguments)
        return
    session = hybrid_from_spikeinterface(recording, sorting, sorting.unit_ids[:1], **arguments)
    np.testing.assert_array_equal(stream(session.folder) + 32_768, made)
    physical = MockSessionRecordingExtractor(session.folder).get_traces(1, return_in_uV=True)
    clean = recording.get_traces(1, return_in_uV=True) + events[recording.get_num_samples(0) :] * 0.1
    np.testing.assert_allclose(physical, clean, atol=0.01)


def test_floats_through_a_session(extractors, tmp_path):
    """Floats are refused, and what the message says works: write a session of them, and use that."""
    recording, sorting = extractors
    with pytest.raises(MockSessionError, match="found float32. Make counts of it: mockrawio.write_session"):
        hybrid_from_spikeinterface(recording, sorting, sorting.unit_ids[:1], output=tmp_path / "out")
    session = write_session(recording=recording, sorting=sorting, folder=tmp_path / "session_1")
    units = read_manifest(session / "session_manifest.json")["units"]
    name = next(name for name, unit in units.items() if unit == sorting.unit_ids[0])
    result = hybrid_from_session(session, [name], output=tmp_path / "session_2", seed=1)
    whole = stream(session) + added(result.planted, session_bounds(session), 32)
    np.testing.assert_array_equal(stream(result.folder), np.clip(whole, -32_768, 32_767))
    assert result.ok


def test_ids_of_any_kind(counts, extractors, tmp_path):
    """Units may be called by numbers; NumPy's will do, and a label that is no id is none."""
    frames = [
        {10: extractors[1].get_unit_spike_train(extractors[1].unit_ids[0], k), 70: np.array([5, 500])} for k in range(2)
    ]
    sorting = NumpySorting.from_unit_dict(frames, counts.sampling_frequency)
    result = hybrid_from_spikeinterface(counts, sorting, np.array([10]), output=tmp_path / "a", seed=1)
    assert result.names == {1: 10, 2: 70}
    with pytest.raises(MockSessionError, match="expected units of the source, 10, 70; found 1. Choose some of them"):
        hybrid_from_spikeinterface(counts, sorting, [1], output=tmp_path / "b")


def test_results_are_not_replaced_unasked(counts, extractors, tmp_path):
    """Raw results that are there already stay unless they may be replaced."""
    sorting = extractors[1]
    first = hybrid_from_spikeinterface(counts, sorting, sorting.unit_ids[:1], output=tmp_path, seed=1)
    with pytest.raises(SessionExistsError, match="found recording_t0.GT.bin"):
        hybrid_from_spikeinterface(counts, sorting, sorting.unit_ids[:1], output=tmp_path, seed=2)
    again = hybrid_from_spikeinterface(counts, sorting, sorting.unit_ids[:1], output=tmp_path, seed=1, overwrite=True)
    assert again.results == first.results


@pytest.mark.parametrize("name", ["recording_t1.GT.bin", "firings_true.npy", "annotations-seed1.csv"])
def test_results_replace_no_others(counts, extractors, tmp_path, name):
    """Even where results may be replaced, what no run of this name made is not."""
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(SessionExistsError, match=f"{name}: expected nothing there, or a file of this run"):
        hybrid_from_spikeinterface(
            counts, extractors[1], extractors[1].unit_ids[:1], output=tmp_path, seed=1, overwrite=True
        )
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {name: b"mine"}


def test_gather_is_the_traces(counts):
    """Windows are the traces around each centre, whatever the order, how near they are, or how large a read is."""
    source = open_recording(counts, as_int16=False)
    traces = joined(counts)
    random = np.random.default_rng(0)
    first = counts.get_num_samples(0)
    centers = np.concatenate([random.integers(50, first - 50, 300), random.integers(first + 50, source.stop - 50, 40)])
    random.shuffle(centers)
    rows = [5, 0, 31]
    windows = source.gather(centers, 20, 30, rows)
    np.testing.assert_array_equal(windows, traces[centers[:, None] + np.arange(-20, 31)][:, :, rows])
    with pytest.raises(BoundsError, match="inside one file"):
        source.gather([first - 5], 20, 30, rows)
    assert source.read(first - 5, first + 5).shape == (10, 32)
    assert source.gather(np.empty(0, np.int64), 20, 30, rows).shape == (0, 51, 3)
    again = pickle.loads(pickle.dumps(replace(source)))
    np.testing.assert_array_equal(again.read(3, 9, [1]), traces[3:9, [1]])


def test_no_spikes(counts, extractors, tmp_path):
    """A sorting without spikes is refused."""
    with pytest.raises(MockSessionError, match="sorting: expected spikes; found none"):
        hybrid_from_spikeinterface(counts, extractors[1].select_units([]), ["a"], output=tmp_path / "out")


class Faulty:
    """A recording that gives fewer samples than it was asked for."""

    def __init__(self, recording):
        self._recording = recording

    def __getattr__(self, name):
        return getattr(self._recording, name)

    def get_traces(self, **arguments):
        return self._recording.get_traces(**arguments)[1:]


def test_faulty_traces(counts, extractors, tmp_path):
    """Traces of another shape than was asked for are an error, not a result."""
    sorting = extractors[1]
    with pytest.raises(MockSessionError, match="Check what gives them"):
        hybrid_from_spikeinterface(Faulty(counts), sorting, sorting.unit_ids[:1], output=tmp_path / "out")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"recording": "x"}, "recording: expected a SpikeInterface recording; found str"),
        ({"sorting": None}, "sorting: expected a SpikeInterface sorting; found NoneType"),
        ({"output_format": "phy"}, "output_format: expected 'raw' or 'session'; found 'phy'"),
        (
            {"recording": NumpyRecording([np.zeros((9, 4), "int16")] * 2, 25_000.0)},
            "expected a probe, .* found no",
        ),
        (
            {"sorting": NumpySorting.from_unit_dict({"a": np.array([1])}, 25_000.0)},
            "recording's 2 segments; found 1",
        ),
        (
            {"sorting": NumpySorting.from_unit_dict([{"a": np.array([1])}] * 2, 30_000.0)},
            "25000.0 Hz; found 30000.0 Hz",
        ),
        (
            {"sorting": NumpySorting.from_unit_dict([{"a": np.array([1])}, {"a": np.array([60_000])}], 25_000.0)},
            "expected spikes of unit 'a' at frames 0 to 49999 in segment 1; found frames 60000 to 60000",
        ),
        ({"units": ["no"]}, "units of the source, .*; found 'no'"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_extractors_refused(counts, extractors, tmp_path, arguments, message):
    """What cannot be a source is refused: what was expected, what was found, and what to do."""
    sorting = extractors[1]
    given = {"recording": counts, "sorting": sorting, "units": sorting.unit_ids[:1], **arguments}
    if "sorting" in arguments and arguments["sorting"] is not None:
        given["units"] = ["a"]
    if "recording" in arguments and not isinstance(arguments["recording"], str):
        given["sorting"] = NumpySorting.from_unit_dict([{"a": np.array([1])}] * 2, 25_000.0)
    with pytest.raises(MockSessionError, match=message):
        hybrid_from_spikeinterface(**given, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("gain", "message"),
    [(0.0, "expected gains that are finite, and not 0"), (None, "has no gain_to_uV; a count is taken as 1 uV")],
)
def test_gains_of_a_session(counts, extractors, tmp_path, gain, message):
    """A session takes gains other than 0 only, and says so where it has to take 1 uV."""
    recording = NumpyRecording([counts.get_traces(k) for k in range(2)], counts.sampling_frequency)
    recording.set_probe(counts.get_probe())
    arguments = {"output": tmp_path / "session_1", "output_format": "session", "seed": 1}
    units = extractors[1].unit_ids[:1]
    if gain is None:
        with pytest.warns(UserWarning, match=message):
            result = hybrid_from_spikeinterface(recording, extractors[1], units, **arguments)
        assert set(MockSessionRecordingExtractor(result.folder).get_channel_gains()) == {1.0}
        return
    recording.set_channel_gains(gain)
    recording.set_channel_offsets(0)
    with pytest.raises(MockSessionError, match=message):
        hybrid_from_spikeinterface(recording, extractors[1], units, **arguments)


def test_paths_may_be_text(session, hybrid, tmp_path):
    """Folders may be given as text, relative ones too."""
    result = hybrid_from_session(str(session), tuple(UNITS), output=str(tmp_path / "session_1"), seed=SEED)
    assert result.results == hybrid.results
    assert isinstance(result.folder, Path)


def test_broken_description(tmp_path):
    """A description that does not fit its array is an error of that file."""
    handmade(tmp_path / "session_1")
    (tmp_path / "session_1" / "raw_data" / "broadband.json").write_text("{}")
    with pytest.raises(BadFileError, match="sampling_rate"):
        hybrid_from_session(tmp_path / "session_1", ["CSC2_SU1"], output=tmp_path / "out")


@pytest.mark.parametrize("span", [1, 10, 25, 40, 10_000])
def test_windows_are_read_in_groups(span, monkeypatch):
    """Each window is in one group, in order; none is longer than it may be, nor goes over more than is worth it."""
    monkeypatch.setattr(extractor_source, "NEAR", 20)
    first = np.array([0, 0, 3, 12, 30, 61, 61, 200, 205, 240])
    groups = list(extractor_source._groups(first, 10, max(10, span)))
    assert [index for low, high in groups for index in range(low, high)] == list(range(10))
    for low, high in groups:
        assert first[high - 1] + 10 - first[low] <= max(10, span)
        assert np.diff(first[low:high]).max(initial=0) <= 30
    assert len(groups) == {1: 8, 10: 8, 25: 5, 40: 4, 10_000: 4}[span]
