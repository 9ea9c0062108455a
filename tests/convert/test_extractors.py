"""SpikeInterface recordings and sortings written as sessions and read back."""

from __future__ import annotations

import hashlib
import json
import re
import tracemalloc
from contextlib import nullcontext
from datetime import datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spikeinterface.core import (
    BaseRecording,
    NumpyRecording,
    NumpySorting,
    generate_ground_truth_recording,
    generate_recording,
    generate_sorting,
)
from spikeinterface.extractors import toy_example

from mockrawio import MockSessionError, SessionExistsError, truth, write_session
from mockrawio.convert import counts, cut, recordings
from mockrawio.convert.cut import cut_waveforms, frames_to_ms, largest_channel, windows_of
from mockrawio.convert.spans import DEFAULT_START
from mockrawio.interop.spikeinterface import MockSessionRecordingExtractor, MockSessionSortingExtractor
from tests.convert.reading import description, frames, manifest, opened, unit_index, values, verified
from tests.generate.folders import contents

START_MS = DEFAULT_START.timestamp() * 1000


def int_recording(dtype="int16", sizes=(3000, 2000), wide=3, rate=30000.0, scaled=True, ids=None):
    """Return a recording of random integers, over the whole range."""
    rng, limits = np.random.default_rng(1), np.iinfo(dtype)
    traces = [rng.integers(limits.min, limits.max, (n, wide), dtype=dtype, endpoint=True) for n in sizes]
    recording = NumpyRecording(traces, rate, channel_ids=ids)
    if scaled:
        recording.set_channel_gains(np.linspace(0.1, 0.3, wide))
        recording.set_channel_offsets(np.linspace(-5, 5, wide))
    return recording


def sorting_of(*segments, rate=30000.0, ids=None):
    """Return a sorting of dicts, unit to frames, one a segment."""
    return NumpySorting.from_unit_dict(
        [{unit: np.asarray(train, np.int64) for unit, train in s.items()} for s in segments], rate
    )


# -- recordings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(3000,), (3000, 2000), (500, 1, 700)])
def test_int16_count_for_count(tmp_path, sizes):
    """int16 traces of any number of segments are the same counts, with the same gains and offsets."""
    recording = int_recording(sizes=sizes)
    folder = write_session(recording=recording, folder=tmp_path / "a session")
    reader = opened(folder)
    assert reader.segment_count(0) == len(sizes)
    for k in range(len(sizes)):
        assert np.array_equal(reader.get_analogsignal_chunk(0, k), recording.get_traces(segment_index=k))
    assert reader.header["signal_channels"]["gain"].tolist() == recording.get_channel_gains().tolist()
    assert reader.header["signal_channels"]["offset"].tolist() == recording.get_channel_offsets().tolist()
    assert set(reader.header["signal_channels"]["units"]) == {"uV"}


def test_uint16(tmp_path):
    """uint16 traces are the same values, in uV."""
    recording = int_recording("uint16")
    reader = opened(write_session(recording=recording, folder=tmp_path / "s"))
    for k in range(2):
        exact = recording.get_traces(segment_index=k) * recording.get_channel_gains() + recording.get_channel_offsets()
        assert np.allclose(values(reader, k), exact, rtol=0, atol=1e-9)


@pytest.mark.parametrize("t_starts", [None, [10.0, 100.5]])
def test_generate_recording(tmp_path, t_starts):
    """SpikeInterface's own float recording is off by half a gain at most, in uV."""
    recording = generate_recording(num_channels=5, durations=[1.0, 0.7], t_starts=t_starts, seed=0)
    reader = opened(write_session(recording=recording, folder=tmp_path / "s"))
    for k in range(2):
        off = np.abs(values(reader, k) - recording.get_traces(segment_index=k))
        assert (off.max(axis=0) <= reader.header["signal_channels"]["gain"] * (0.5 + 1e-9)).all()


def test_floats_with_gains(tmp_path):
    """Float traces with gains are quantised before they are scaled: gain and offset hold."""
    recording = generate_recording(num_channels=2, durations=[0.5], seed=0)
    recording.set_channel_gains([2.0, 5.0])
    recording.set_channel_offsets([100.0, -100.0])
    reader = opened(write_session(recording=recording, folder=tmp_path / "s"))
    exact = recording.get_traces().astype(float) * [2, 5] + [100, -100]
    assert (np.abs(values(reader, 0) - exact) <= reader.header["signal_channels"]["gain"] * (0.5 + 1e-9)).all()


def test_without_gains(tmp_path):
    """Integers without a gain are taken as 1 uV each, with a warning."""
    recording = int_recording(scaled=False)
    with pytest.warns(UserWarning, match="no gain_to_uV; a count is taken as 1 uV"):
        folder = write_session(recording=recording, folder=tmp_path / "s")
    assert description(folder)["gain"] == [1.0, 1.0, 1.0]


def test_negative_gain(tmp_path):
    """An inverted gain stays one: counts and gains are those of the recording."""
    recording = int_recording()
    recording.set_channel_gains([1.0, -1.0, 1.0])
    folder = write_session(recording=recording, folder=tmp_path / "s")
    assert description(folder)["gain"] == [1.0, -1.0, 1.0]
    found = MockSessionRecordingExtractor(folder)
    np.testing.assert_array_equal(found.get_traces(segment_index=0), recording.get_traces(segment_index=0))
    assert found.get_channel_gains().tolist() == [1.0, -1.0, 1.0]


def test_gain_of_none(tmp_path):
    """A gain of 0 is refused, naming the channel, and nothing is left."""
    recording = int_recording()
    recording.set_channel_gains([1.0, 0.0, 1.0])
    with pytest.raises(MockSessionError, match=r"not 0; found 0.0 on channel '1'"):
        write_session(recording=recording, folder=tmp_path / "s")
    assert list(tmp_path.iterdir()) == []


def test_nan_is_named(tmp_path):
    """A NaN is refused with channel, segment and frame, and nothing is left."""
    traces = np.zeros((400, 2), np.float32)
    traces[123, 1] = np.nan
    recording = NumpyRecording([np.zeros((9, 2), np.float32), traces], 1000.0, channel_ids=["a", "b"])
    with pytest.raises(MockSessionError, match="found nan on channel 'b', segment 1, frame 123"):
        write_session(recording=recording, folder=tmp_path / "s")
    assert list(tmp_path.iterdir()) == []


def test_channels(tmp_path):
    """Ids become CSC1, CSC2, …, and are the names, of the channels and in ChannelNames.txt."""
    folder = write_session(recording=int_recording(ids=["AP0", "AP1", "LF µ"]), folder=tmp_path / "s")
    channels = opened(folder).header["signal_channels"]
    assert channels["id"].tolist() == ["CSC1", "CSC2", "CSC3"]
    assert channels["name"].tolist() == ["AP0", "AP1", "LF µ"]
    assert (folder / "ChannelNames.txt").read_text("utf-8") == "AP0.ncs\nAP1.ncs\nLF µ.ncs\n"
    assert manifest(folder)["made_from"]["channels"]["CSC3"] == "LF µ"


def test_channel_names_property(tmp_path):
    """The property channel_name gives the names, and CSC ids stay."""
    recording = int_recording(ids=["CSC9", "CSC2", "CSC3"])
    recording.set_property("channel_name", ["LA1", "LA2", "LA3"])
    channels = opened(write_session(recording=recording, folder=tmp_path / "s")).header["signal_channels"]
    assert channels["id"].tolist() == ["CSC9", "CSC2", "CSC3"]
    assert channels["name"].tolist() == ["LA1", "LA2", "LA3"]


@pytest.mark.parametrize("names", [["LA", "LA", "LB"], ["LA1", "LA2", " "]])
def test_channel_names_that_will_not_do(tmp_path, names):
    """Names that are not unique, or that no line holds, give way to the ids."""
    recording = int_recording(ids=["x", "y", "z"])
    recording.set_property("channel_name", names)
    channels = opened(write_session(recording=recording, folder=tmp_path / "s")).header["signal_channels"]
    assert channels["name"].tolist() == ["x", "y", "z"]


def test_locations_are_described(tmp_path):
    """Where a probe has the contacts stands in the stream's description."""
    recording = generate_recording(num_channels=4, durations=[0.1], seed=0)
    folder = write_session(recording=recording, folder=tmp_path / "s")
    assert description(folder)["locations"] == recording.get_channel_locations().tolist()


def test_stream_name(tmp_path):
    """The stream has the name it is given, which must be a file's."""
    folder = write_session(recording=int_recording(), folder=tmp_path / "s", stream_name="lfp")
    assert opened(folder).header["signal_streams"]["name"].tolist() == ["lfp"]
    with pytest.raises(MockSessionError, match="stream_name: expected letters"):
        write_session(recording=int_recording(), folder=tmp_path / "t", stream_name="../x")


def test_unknown_locations(tmp_path):
    """Places that are no numbers are left out of the description."""
    recording = int_recording()
    recording.has_channel_location = lambda: True
    recording.get_channel_locations = lambda: np.full((3, 2), np.nan)
    folder = write_session(recording=recording, folder=tmp_path / "s")
    assert "locations" not in description(folder)


# -- time -----------------------------------------------------------------------------------------


def test_default_start(tmp_path):
    """Without times the first segment begins in 2000, and each of the others 1 s after the one before."""
    folder = write_session(recording=int_recording(sizes=(3000, 600, 300), rate=3000.0), folder=tmp_path / "s")
    starts = [segment["t_start_ms"] for segment in description(folder)["segments"]]
    assert starts == [START_MS, START_MS + 2000, START_MS + 3200]
    block = opened(folder).raw_annotations["blocks"][0]
    assert block["rec_datetime"] == datetime(2000, 1, 1)


def test_own_times(tmp_path):
    """Start times count from the start that is given."""
    recording = generate_recording(durations=[1.0, 1.0], t_starts=[2.5, 10.0], seed=0)
    start = datetime(2022, 7, 1, 12)
    folder = write_session(recording=recording, folder=tmp_path / "s", start=start)
    zero = 1_656_676_800_000
    assert [s["t_start_ms"] for s in description(folder)["segments"]] == [zero + 2500, zero + 10_000]
    assert opened(folder).time_origin_ms == zero + 2500


def test_times_that_overlap(tmp_path):
    """Segments with times that overlap are laid one after another, and a warning says so."""
    recording = generate_recording(durations=[1.0, 1.0], t_starts=[2.5, 3.0], seed=0)
    with pytest.warns(UserWarning, match="segments overlap in time"):
        folder = write_session(recording=recording, folder=tmp_path / "s")
    assert [s["t_start_ms"] for s in description(folder)["segments"]] == [START_MS + 2500, START_MS + 4500]


@pytest.mark.parametrize(("overlap_ms", "moved"), [(0.4995, False), (0.5005, True)])
def test_half_a_sample_of_overlap(overlap_ms, moved):
    """A segment may begin up to half a sample before the end of the one before, as rounding has it, and no more."""
    recording = generate_recording(
        durations=[0.1, 0.1], t_starts=[0.0, 0.1 - overlap_ms / 1000], sampling_frequency=1e3
    )
    with pytest.warns(UserWarning, match="overlap in time") if moved else nullcontext():
        starts = recordings.segment_starts("recording", recording, [100, 100], 1e3, START_MS)
    assert np.subtract(starts, START_MS) == pytest.approx([0, 1100 if moved else 100 - overlap_ms], abs=1e-3)


def test_times_as_epoch_seconds(tmp_path):
    """Times since 1970 are written as such with start=0."""
    recording = int_recording(sizes=(100,))
    recording.shift_times(1.65e9)
    folder = write_session(recording=recording, folder=tmp_path / "s", start=0)
    assert description(folder)["segments"][0]["t_start_ms"] == 1.65e12


def test_times_of_no_era(tmp_path):
    """Times outside of 1990 to 2100 are refused, and nothing is left."""
    with pytest.raises(MockSessionError, match="1990 to 2100"):
        write_session(recording=int_recording(), folder=tmp_path / "s", start=0)
    assert list(tmp_path.iterdir()) == []


# SpikeInterface 0.105.0 warns of every set_times().
@pytest.mark.filterwarnings("ignore:Setting times with Recording.set_times:UserWarning")
def test_time_vectors(tmp_path):
    """A vector of regular times is its start; one that is not regular is refused, naming the frame."""
    recording = int_recording(sizes=(3000,), rate=1000.0)
    times = 5 + np.arange(3000) / 1000
    recording.set_times(times)
    folder = write_session(recording=recording, folder=tmp_path / "s")
    assert description(folder)["segments"][0]["t_start_ms"] == START_MS + 5000
    times[2000:] += 0.1
    recording.set_times(times)
    with pytest.raises(MockSessionError, match=r"found frame 2000 of segment 0 .*reset_times"):
        write_session(recording=recording, folder=tmp_path / "t")


@pytest.mark.filterwarnings("ignore:Setting times with Recording.set_times:UserWarning")
@pytest.mark.parametrize("at", [1, 6, 7, 8, 13, 14, 48, 49])
def test_times_are_looked_at_in_every_block(at, tmp_path, monkeypatch):
    """A time that is more than half a sample off is named wherever the blocks in which times are read meet or end."""
    monkeypatch.setattr(recordings, "_TIME_BLOCK", 7)
    for off in (0.4, 0.6, -0.6):
        recording = NumpyRecording([np.zeros((50, 2), np.int16)] * 2, 1000.0)
        recording.set_channel_gains(1.0)
        recording.set_channel_offsets(0.0)
        times = 1.6e9 + np.arange(50) / 1000.0
        recording.set_times(times, segment_index=0)
        later = times + 1.0
        later[at] += off / 1000.0
        recording.set_times(later, segment_index=1)
        if off == 0.4:
            write_session(recording=recording, folder=tmp_path / "s")
        else:
            with pytest.raises(MockSessionError, match=f"frame {at} of segment 1 more than half a sample off"):
                write_session(recording=recording, folder=tmp_path / "t")


# -- sortings --------------------------------------------------------------------------------------


def assert_same_spikes(folder, sorting):
    """Check that every unit of a sorting has its very frames, and only they are there."""
    reader = opened(folder)
    names = manifest(folder)["units"]
    assert sorted(names) == sorted(reader.header["spike_channels"]["id"].tolist())
    for name, origin in names.items():
        for k in range(sorting.get_num_segments()):
            train = sorting.get_unit_spike_train(unit_id=origin, segment_index=k)
            assert np.array_equal(frames(reader, folder, k, unit_index(reader, name)), train)


@pytest.mark.parametrize("durations", [[2.0], [2.0, 1.0], [0.5, 1.0, 0.7]])
@pytest.mark.parametrize("dtype", ["float32", "int16", "uint16"])
def test_ground_truth(tmp_path, durations, dtype):
    """Generated ground truth, recording and sorting, comes back: traces within half a gain, frames exactly."""
    recording, sorting = generate_ground_truth_recording(durations, num_channels=8, num_units=5, seed=3)
    if dtype != "float32":
        recording = generated_integers(recording, dtype)
    folder = write_session(recording=recording, sorting=sorting, folder=tmp_path / "s")
    assert_same_spikes(folder, sorting)
    reader = opened(folder)
    for k in range(len(durations)):
        off = np.abs(values(reader, k) - recording.get_traces(segment_index=k, return_in_uV=True).astype(float))
        slack = 0.51 if dtype == "float32" else 1e-3  # SpikeInterface scales in float32
        assert (off.max(axis=0) <= reader.header["signal_channels"]["gain"] * slack).all()


def generated_integers(recording, dtype):
    """Return a float recording as integers with gains and offsets."""
    zero = 32768 if dtype == "uint16" else 0
    traces = [
        (np.rint(recording.get_traces(segment_index=k) / 0.25) + zero).astype(dtype)
        for k in range(recording.get_num_segments())
    ]
    integers = NumpyRecording(traces, recording.sampling_frequency, channel_ids=recording.channel_ids)
    integers.set_channel_gains(0.25)
    integers.set_channel_offsets(-0.25 * zero)
    integers.set_dummy_probe_from_locations(recording.get_channel_locations())
    return integers


def test_toy_example(tmp_path):
    """SpikeInterface's toy example comes back, both segments."""
    recording, sorting = toy_example(duration=[3.0, 2.0], num_channels=4, num_units=6, seed=0)
    folder = write_session(recording=recording, sorting=sorting, folder=tmp_path / "s")
    assert_same_spikes(folder, sorting)


def test_waveforms_are_cut_from_the_counts(tmp_path):
    """A waveform is the recording's counts on the unit's channel, 20 samples before the spike, 0 beyond the ends."""
    recording = int_recording()
    sorting = sorting_of({"a": [3, 1000, 2990]}, {"a": [0, 1999]})
    sorting.set_property("channel_id", ["1"])
    folder = write_session(recording=recording, sorting=sorting, folder=tmp_path / "s")
    reader = opened(folder)
    unit = reader.header["spike_channels"][0]
    assert (unit["id"], unit["wf_left_sweep"], unit["wf_sampling_rate"]) == ("CSC2_SU1", 20, 30000)
    assert (unit["wf_gain"], unit["wf_offset"]) == (recording.get_channel_gains()[1], 0.0)
    for k, trains in enumerate([[3, 1000, 2990], [0, 1999]]):
        padded = np.pad(recording.get_traces(segment_index=k)[:, 1], 64)
        expected = [padded[64 + frame - 20 : 64 + frame + 44] for frame in trains]
        assert np.array_equal(reader.get_spike_raw_waveforms(0, k, 0)[:, 0], expected)


@pytest.mark.parametrize("at_once", [1, 2, 3, 5])
def test_cut_a_few_at_once(at_once, monkeypatch):
    """However many spikes are cut at once, a unit's windows are the same, all of them and in their order."""
    samples = np.random.default_rng(0).integers(-99, 99, (400, 2), dtype=np.int16)
    trains = [np.array([0, 5, 70, 71, 199]), np.array([], np.int64), np.array([3, 150, 180])]
    whole = np.concatenate(list(cut_waveforms(samples, [200, 10, 190], trains, 1)))
    monkeypatch.setattr(cut, "_AT_ONCE", at_once)
    blocks = list(cut_waveforms(samples, [200, 10, 190], trains, 1))
    assert max(map(len, blocks)) == at_once
    assert np.array_equal(np.concatenate(blocks), whole)
    assert len(whole) == 8


@given(st.data())
def test_cut_against_the_obvious(data):
    """Cutting in blocks is padding each segment and slicing, spike by spike."""
    sizes = data.draw(st.lists(st.integers(1, 150), min_size=1, max_size=3))
    trains = [np.array(data.draw(st.lists(st.integers(0, n - 1), max_size=5)), np.int64) for n in sizes]
    samples = np.random.default_rng(0).integers(-99, 99, (sum(sizes), 2), dtype=np.int16)
    found = [row for block in cut_waveforms(samples, sizes, trains, 1) for row in block]
    padded = [np.pad(piece[:, 1], 64) for piece in np.split(samples, np.cumsum(sizes)[:-1])]
    expected = [
        p[64 + frame - 20 : 64 + frame + 44] for p, train in zip(padded, trains, strict=True) for frame in train
    ]
    assert np.array_equal(np.reshape(found, (-1, 64)), np.reshape(expected, (-1, 64)))


@pytest.mark.parametrize(
    ("properties", "channel"),
    [
        ({}, 3),
        ({"max_channel_id": ["1"]}, 2),
        ({"channel_id": ["0"], "main_channel_id": ["1"]}, 1),
        ({"channel_id": ["elsewhere"]}, 3),
        ({"gt_unit_locations": [[0.0, 21.0, 5.0]]}, 2),
        ({"gt_unit_locations": [[0.0, 21.0]]}, 2),
        ({"gt_unit_locations": [[np.nan] * 3]}, 3),
    ],
)
def test_channel_of_a_unit(tmp_path, properties, channel):
    """A unit's channel is the one its properties say, else the nearest, else the one of its largest waveform."""
    recording = silent_recording(spike_on=2)
    sorting = sorting_of({"a": [100, 500]})
    for key, value in properties.items():
        sorting.set_property(key, np.array(value))
    folder = write_session(recording=recording, sorting=sorting, folder=tmp_path / "s")
    assert opened(folder).header["spike_channels"]["id"].tolist() == [f"CSC{channel}_SU1"]


def silent_recording(spike_on):
    """Return a recording of four channels, 20 um apart, that is 0 but for spikes at 100 and 500 on one."""
    traces = np.zeros((1000, 4), np.int16)
    traces[[100, 500], spike_on] = -300
    traces[700, 0] = 3000  # no spike
    recording = NumpyRecording([traces], 30000.0, channel_ids=["0", "1", "2", "3"])
    recording.set_channel_gains(1.0)
    recording.set_channel_offsets(0.0)
    recording.set_dummy_probe_from_locations(np.array([[0.0, 20.0 * k] for k in range(4)]))
    return recording


class Located(NumpyRecording):
    """Has locations without a probe, as recordings of earlier versions may."""

    places = np.array([[0.0, 0.0], [0.0, 20.0], [5.0, 40.0]])

    def has_channel_location(self):
        return True

    def get_channel_locations(self, channel_ids=None, axes="xy"):
        return self.places


def test_where_channels_are():
    """Locations without a probe are taken; none are known of channels that have none, or of which one has none."""
    assert recordings.channel_locations(int_recording()) is None
    assert recordings.channel_locations(object()) is None
    recording = Located([np.zeros((10, 3), np.int16)], 30000.0)
    assert recordings.channel_locations(recording).tolist() == [[0, 0], [0, 20], [5, 40]]
    recording.places = np.full((3, 2), [0.0, np.nan])
    assert recordings.channel_locations(recording) is None


def test_largest_channel_looks_at_gains():
    """The largest waveform is the one in uV, not in counts; a unit without spikes is on the first channel."""
    samples = np.zeros((100, 2), np.int16)
    samples[50] = [100, 90]
    spikes, windows = [np.array([50])], windows_of(samples, [100])
    assert largest_channel(windows, spikes, np.array([1.0, 1.0])) == 0
    assert largest_channel(windows, spikes, np.array([1.0, 2.0])) == 1
    assert largest_channel(windows, [np.empty(0, np.int64)], np.ones(2)) == 0


@pytest.mark.parametrize("n_channels", [1 << 11, 1 << 13])  # two windows are read at once, or one that is larger
def test_largest_channel_of_many_spikes(n_channels):
    """The mean is that of all windows, of as many as are read at once and of the rest, in every segment."""
    samples = np.zeros((600, n_channels), np.int16)
    frames = np.arange(50, 550, 100)
    for k, frame in enumerate(frames):
        samples[frame, [k, 9]] = [200, 100]
    for sizes, spikes in (([600], [frames]), ([300, 300], [frames[:3], frames[3:] - 300])):
        assert largest_channel(windows_of(samples, sizes), spikes, np.ones(n_channels)) == 9


def test_unit_types(tmp_path):
    """Multi-unit activity is MU, the rest SU, each numbered on its channel; the manifest has the original ids."""
    sorting = sorting_of({7: [10], 8: [20], 9: [30], 11: []})
    sorting.set_property("KSLabel", np.array(["good", "mua", "good", "mua"]))
    sorting.set_property("channel_id", np.array(["0"] * 4))
    folder = write_session(recording=int_recording(sizes=(100,)), sorting=sorting, folder=tmp_path / "s")
    assert manifest(folder)["units"] == {"CSC1_SU1": 7, "CSC1_MU1": 8, "CSC1_SU2": 9, "CSC1_MU2": 11}
    assert opened(folder).spike_count(0, 0, unit_index(opened(folder), "CSC1_MU2")) == 0


def test_session_names_stay(tmp_path):
    """Units and channels that are called as a session calls them keep their names."""
    recording = int_recording(sizes=(100,), ids=["CSC3", "CSC4", "CSC5"])
    sorting = sorting_of({"CSC4_MU3": [10], "CSC5_SU1": [20]})
    folder = write_session(recording=recording, sorting=sorting, folder=tmp_path / "s")
    assert opened(folder).header["spike_channels"]["id"].tolist() == ["CSC4_MU3", "CSC5_SU1"]


def test_sorting_alone(tmp_path):
    """A sorting alone gives spike times and no waveforms, on CSC1 unless a property says else."""
    sorting = generate_sorting(num_units=4, durations=[5.0], seed=0)
    folder = write_session(sorting=sorting, folder=tmp_path / "s")
    reader = opened(folder)
    assert reader.header["spike_channels"]["id"].tolist() == [f"CSC1_SU{k}" for k in range(1, 5)]
    assert not (folder / "ChannelNames.txt").exists()
    assert reader.get_spike_raw_waveforms(0, 0, 0) is None
    for name, origin in manifest(folder)["units"].items():
        seconds = reader.rescale_spike_timestamp(reader.get_spike_timestamps(0, 0, unit_index(reader, name)), "float64")
        assert np.array_equal(np.rint(seconds * 30000), sorting.get_unit_spike_train(origin, segment_index=0))
    stored = np.load(folder / "spiking_data" / "CSC1_SU1.npy", allow_pickle=True).item()
    assert (sorted(stored), stored["sampling_rate"]) == (["sampling_rate", "spike_times"], 30000.0)


def test_sorting_alone_with_channels(tmp_path):
    """Channels that a lone sorting names become CSC1, CSC2, … in the order of the units."""
    sorting = sorting_of({"a": [1], "b": [2], "c": [3]})
    sorting.set_property("channel_id", np.array(["AP7", "AP3", "AP7"]))
    folder = write_session(sorting=sorting, folder=tmp_path / "s")
    assert manifest(folder)["units"] == {"CSC1_SU1": "a", "CSC2_SU1": "b", "CSC1_SU2": "c"}
    assert (folder / "ChannelNames.txt").read_text() == "AP7.ncs\nAP3.ncs\n"


def test_sorting_alone_whose_units_have_names(tmp_path):
    """Units that are called as in a session keep their names, if all of them are."""
    folder = write_session(sorting=sorting_of({"CSC4_MU3": [10], "CSC5_SU7": [20]}), folder=tmp_path / "s")
    assert opened(folder).header["spike_channels"]["id"].tolist() == ["CSC4_MU3", "CSC5_SU7"]
    folder = write_session(sorting=sorting_of({"CSC4_MU3": [10], "b": [20]}), folder=tmp_path / "other")
    assert opened(folder).header["spike_channels"]["id"].tolist() == ["CSC1_SU1", "CSC1_SU2"]


def test_sorting_alone_in_segments(tmp_path):
    """Segments without signals are read as one: a warning says so, the manifest where they begin."""
    sorting = sorting_of({"a": [0, 29999]}, {"a": [15000]})
    with pytest.warns(UserWarning, match="2 segments will be read as one"):
        folder = write_session(sorting=sorting, folder=tmp_path / "s")
    reader = opened(folder)
    starts = manifest(folder)["made_from"]["segments_t_start_ms"]
    assert starts == [START_MS, START_MS + 2000]
    assert np.allclose(reader.get_spike_timestamps(0, 0, 0) - START_MS, [0, 29999 / 30, 2500], rtol=0, atol=1e-3)


@given(
    st.lists(st.integers(0, 10**12), min_size=1, max_size=50),
    st.floats(0.1, 1e6),
    st.floats(631_152_000_000, 4_102_444_800_000),
)
def test_frames_come_back(given_frames, rate, start_ms):
    """Every frame, of long recordings and odd rates too, is the sample nearest to its stamp."""
    given_frames = np.array([f for f in given_frames if f * 1000 / rate < 1e12] or [0])
    stamps = frames_to_ms(given_frames, start_ms, rate)
    assert np.array_equal(np.rint((stamps - start_ms) * rate / 1000), given_frames)


def test_frames_that_cannot_be_told_apart():
    """A rate beyond what ms in float64 resolve is refused."""
    with pytest.raises(MockSessionError, match="tell apart in float64; found frame 1 at 1e\\+08 Hz"):
        frames_to_ms(np.arange(5), START_MS, 1e8)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_frames_through_a_session(tmp_path_factory, data):
    """Every frame of a session, at any rate and start, comes back through the reader, segment for segment."""
    rate = data.draw(st.floats(100, 50_000))
    sizes = data.draw(st.lists(st.integers(1, 3000), min_size=1, max_size=3))
    recording = NumpyRecording([np.zeros((n, 1), np.int16) for n in sizes], rate)
    recording.set_channel_gains(1.0)
    recording.set_channel_offsets(0.0)
    every = sorting_of(*({"all": np.arange(n)} for n in sizes), rate=rate)
    start = data.draw(st.floats(7e11, 4e12))
    folder = write_session(recording=recording, sorting=every, folder=tmp_path_factory.mktemp("any") / "s", start=start)
    reader = verified(folder)
    for k, n in enumerate(sizes):
        assert np.array_equal(frames(reader, folder, k, 0), np.arange(n))


@pytest.mark.parametrize("rate", [0.0, -30000.0, np.nan, np.inf])
def test_rates_that_are_none(rate, tmp_path):
    """A recording without a rate above 0 is refused before anything is written."""
    recording = int_recording(sizes=(30,))
    recording._sampling_frequency = rate  # what its class does not look at
    with pytest.raises(MockSessionError, match="recording: expected a sampling frequency above 0"):
        write_session(recording=recording, folder=tmp_path / "s")
    assert list(tmp_path.iterdir()) == []


def test_spikes_outside(tmp_path):
    """Spikes for which the recording has no sample are refused, naming unit and segment."""
    sorting = sorting_of({"a": [10]}, {"a": [5, 2000]})
    with pytest.raises(MockSessionError, match="unit 'a' at frames 0 to 1999 in segment 1; found frames 5 to 2000"):
        write_session(recording=int_recording(), sorting=sorting, folder=tmp_path / "s")
    assert list(tmp_path.iterdir()) == []


def test_through_spikeinterface(tmp_path):
    """A recording and a sorting come back as SpikeInterface objects: the same traces, frames, channels of units."""
    recording, sorting = generate_ground_truth_recording([1.0, 0.6], num_channels=8, num_units=4, seed=5)
    recording = generated_integers(recording, "int16")
    folder = write_session(recording=recording, sorting=sorting, folder=tmp_path / "s")
    read, found = MockSessionRecordingExtractor(folder), MockSessionSortingExtractor(folder)
    assert read.sampling_frequency == recording.sampling_frequency
    names = manifest(folder)["units"]
    main = dict(zip(sorting.unit_ids, sorting.get_property("main_channel_id"), strict=True))
    numbers = dict(zip(recording.channel_ids, read.channel_ids, strict=True))
    for k in range(2):
        assert np.array_equal(read.get_traces(segment_index=k), recording.get_traces(segment_index=k))
        for name, origin in names.items():
            train = sorting.get_unit_spike_train(origin, segment_index=k)
            assert np.array_equal(found.get_unit_spike_train(name, segment_index=k), train)
    assert [found.get_unit_property(name, "channel_id") for name in names] == [numbers[main[u]] for u in names.values()]


def test_memory_is_flat(tmp_path, monkeypatch):
    """Writing eight times as much takes no more memory, whatever passes it needs."""
    monkeypatch.setattr(counts, "BLOCK", 1 << 13)
    peaks = []
    for size in (20_000, 20_000, 160_000):  # the first run imports
        samples = np.random.default_rng(0).normal(size=(size, 8)).astype(np.float32)
        recording = NumpyRecording([samples], 1000.0)
        sorting = sorting_of({"a": np.arange(100, 19_000, 100)}, rate=1000.0)
        tracemalloc.start()
        write_session(recording=recording, sorting=sorting, folder=tmp_path / "s", overwrite=True)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < peaks[1] + 100_000
    assert samples.nbytes // 2 > 20 * 100_000  # what was written is far more than that


# -- arguments ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "expected recording= or sorting=; found neither"),
        ({"recording": "raw.bin"}, "recording: expected a SpikeInterface recording; found str"),
        ({"sorting": {}}, "sorting: expected a SpikeInterface sorting; found dict"),
        ({"recording": sorting_of({"a": [1]})}, "recording: expected a SpikeInterface recording; found NumpySorting"),
        ({"recording": int_recording(), "sorting": sorting_of({"a": [1]}, {"a": [1]}, rate=3e4 + 1)}, "30001.0 Hz"),
        ({"recording": int_recording(), "sorting": sorting_of({"a": [1]})}, "recording's 2 segments; found 1"),
        ({"recording": int_recording(sizes=(10, 0))}, r"segments of \[10, 0\] samples"),
        ({"recording": int_recording(ids=["a", "b", "x" * 65])}, "1 to 64 printable characters"),
        ({"recording": int_recording(rate=-1.0)}, "sampling frequency above 0; found -1.0"),
        ({"recording": BaseRecording(1000.0, ["a"], "int16")}, "recording: expected at least one segment"),
        ({"recording": int_recording(), "start": "today"}, "start: expected a datetime"),
        ({"recording": int_recording(), "patient_id": -1}, "patient_id: expected a whole number"),
    ],
)
def test_bad_arguments(tmp_path, arguments, message):
    """What cannot be written is refused with what was expected, and nothing is left."""
    with pytest.raises(MockSessionError, match=message):
        write_session(folder=tmp_path / "s", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_patient_and_session_of_the_folder(tmp_path):
    """The numbers are those in the folder's name, or those given."""
    folder = tmp_path / "patient_data" / "12" / "session_3"
    block = opened(write_session(recording=int_recording(), folder=folder)).raw_annotations["blocks"][0]
    assert (block["patient_id"], block["session_nr"]) == (12, 3)
    again = write_session(recording=int_recording(), folder=folder, patient_id=5, session_nr=0, overwrite=True)
    block = opened(again).raw_annotations["blocks"][0]
    assert (block["patient_id"], block["session_nr"]) == (5, 0)


def test_taken_folder(tmp_path):
    """What is there stays as it is unless it may be replaced."""
    folder = write_session(recording=int_recording(), folder=str(tmp_path / "s"))
    before = (folder / "session_manifest.json").read_bytes()
    with pytest.raises(SessionExistsError, match="overwrite=True"):
        write_session(recording=int_recording(sizes=(10,)), folder=folder)
    assert (folder / "session_manifest.json").read_bytes() == before
    write_session(recording=int_recording(sizes=(10,)), folder=folder, overwrite=True)
    assert opened(folder).get_signal_size(0, 0, 0) == 10


def test_interruption_leaves_nothing(tmp_path, monkeypatch):
    """A recording that fails half-way, or a user who interrupts, leaves nothing behind."""
    recording = int_recording()
    real = recording.get_traces

    def failing(segment_index=None, **window):
        if segment_index == 1:
            raise KeyboardInterrupt
        return real(segment_index=segment_index, **window)

    monkeypatch.setattr(recording, "get_traces", failing)
    with pytest.raises(KeyboardInterrupt):
        write_session(recording=recording, folder=tmp_path / "s")
    assert list(tmp_path.iterdir()) == []


def test_progress(tmp_path, capsys):
    """The bar goes to stderr and ends at all samples, both passes counted."""
    write_session(recording=generate_recording(durations=[0.5]), folder=tmp_path / "s", progress=True)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.search(r"session: 100%.* 60.0k/60.0k", printed.err)


def test_manifest_says_what_it_was(tmp_path):
    """The manifest has the classes and annotations, and no paths."""
    recording, sorting = int_recording(), sorting_of({"a": [5]}, {"a": [7]})
    recording.annotate(experimenter="somebody", home="/home/somebody", when=object(), n=np.int64(3))
    folder = write_session(recording=recording, sorting=sorting, folder=tmp_path / "s")
    said = manifest(folder)["made_from"]
    assert said["kind"] == "spikeinterface"
    assert said["recording"]["class"] == "NumpyRecording"
    assert said["recording"]["annotations"] == {"is_filtered": False, "experimenter": "somebody", "n": 3}
    assert said["sorting"]["class"] == "NumpySorting"
    assert "/home" not in (folder / "session_manifest.json").read_text()


def test_same_bytes_twice(tmp_path):
    """The same recording and sorting give the same bytes."""
    recording, sorting = generate_ground_truth_recording([1.0], num_channels=4, num_units=3, seed=3)
    folders = [write_session(recording=recording, sorting=sorting, folder=tmp_path / name) for name in "ab"]
    assert manifest(folders[0]) == manifest(folders[1])


def test_the_source_is_never_replaced(tmp_path):
    """A session is not overwritten with a part of itself, however the recording was sliced."""
    recording, sorting = generate_ground_truth_recording(durations=[1.0], num_channels=4, num_units=2, seed=0)
    folder = write_session(recording=recording, sorting=sorting, folder=tmp_path / "session_1")
    own = MockSessionRecordingExtractor(folder)
    for source in (own, own.frame_slice(0, 1000).select_channels(own.channel_ids[:2])):
        with pytest.raises(MockSessionError, match="a place apart from the source"):
            write_session(recording=source, folder=folder, overwrite=True)
    with pytest.raises(MockSessionError, match="a place apart from the source"):
        write_session(sorting=MockSessionSortingExtractor(folder), folder=folder, overwrite=True)
    verified(folder)
    assert len(MockSessionSortingExtractor(folder).unit_ids) == 2


# -- what units were, and where ---------------------------------------------------------------------


def test_units_keep_their_ids_and_places(tmp_path):
    """Read as a sorting, a converted session has the ids and the places that its units came with."""
    recording, sorting = generate_ground_truth_recording(durations=[2.0], num_channels=4, num_units=3, seed=0)
    sorting = sorting.rename_units([7, 11, 40])
    folder = write_session(recording=recording, sorting=sorting, folder=tmp_path / "s")
    found = MockSessionSortingExtractor(folder)
    assert found.get_property("source_id").tolist() == [7, 11, 40]
    places = sorting.get_property("gt_unit_locations")
    np.testing.assert_allclose(found.get_property("gt_unit_location"), places)
    with opened(folder) as reader:
        np.testing.assert_array_equal(reader.stream(0).locations(), recording.get_channel_locations())


def test_places_on_a_plane(tmp_path):
    """Of a place of two axes the third is 0; one of one axis, or that is not finite, is none."""
    sorting = sorting_of({"a": [10], "b": [20]})
    sorting.set_property("gt_unit_locations", np.array([[3.0, 4.0], [np.nan, 1.0]]))
    write_session(sorting=sorting, folder=tmp_path / "s")
    assert manifest(tmp_path / "s")["made_from"]["unit_locations"] == {"a": [3.0, 4.0, 0.0]}


def test_ids_that_are_texts_and_units_without_places(tmp_path):
    """Ids of a sorting alone may be texts, and a manifest with something else in their place has none."""
    folder = write_session(sorting=sorting_of({"a": [10, 20], "b/c": [30]}), folder=tmp_path / "s")
    found = MockSessionSortingExtractor(folder)
    assert found.get_property("source_id").tolist() == ["a", "b/c"]
    assert found.get_property("gt_unit_location") is None
    for damaged in ({"units": [1]}, {"units": {"CSC1_SU1": {}, "CSC1_SU2": 1.5}}, {"made_from": {"unit_locations": 3}}):
        (folder / "session_manifest.json").write_text(json.dumps({**manifest(folder), **damaged}))
        assert MockSessionSortingExtractor(folder).get_property("gt_unit_location") is None
    (folder / "session_manifest.json").write_text("junk")
    assert MockSessionSortingExtractor(folder).get_property("source_id") is None


def test_there_is_no_truth(tmp_path):
    """truth() of a converted session says that it was converted, and where its units are."""
    folder = write_session(recording=int_recording(), folder=tmp_path / "s")
    with pytest.raises(MockSessionError, match=r"found one converted from spikeinterface.*read_mocksession\("):
        truth(folder)


@pytest.mark.parametrize(
    ("dtype", "pinned"),
    [("int16", "3dece643749da3db"), ("uint16", "f295544d200c3ba1"), ("float32", "d9ca3c7e406576c3")],
)
def test_the_files_of_a_recording_are_pinned(dtype, pinned, tmp_path):
    """Two segments of three channels on a probe, and their units, have the bytes that they have had."""
    traces = [(np.arange(3 * n).reshape(n, 3) * 37 % 211 + 400).astype(dtype) for n in (900, 500)]
    recording = NumpyRecording(traces, 30000.0, channel_ids=["a", "b", "c"])
    recording.set_channel_gains([0.25, 0.5, 0.125])
    recording.set_channel_offsets([1.0, 0.0, -2.0])
    recording.set_dummy_probe_from_locations(np.array([[0.0, 20.0 * k] for k in range(3)]))
    sorting = sorting_of({"x": [3, 100, 899], "y": [50]}, {"x": [0, 250], "y": [499]})
    made = contents(write_session(recording=recording, sorting=sorting, folder=tmp_path / "s"))
    names = "".join(made).encode()  # what JSON says of the probe depends on ProbeInterface
    arrays = b"".join(data for name, data in made.items() if name.endswith(".npy"))
    assert hashlib.sha256(names + arrays).hexdigest()[:16] == pinned
