"""A stream as a SpikeInterface recording: it is what the reader reads, and goes where recordings go."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys

import numpy as np
import pytest
import spikeinterface as si
from spikeinterface.core.testing import check_recordings_equal

from mockrawio import MockSessionError, NotASessionError
from mockrawio.interop.probe import session_probe
from mockrawio.interop.spikeinterface import MockSessionRecordingExtractor, MockSessionSortingExtractor
from tests.handmade import T0
from tests.processes import fresh

# SpikeInterface's own write_binary leaves the files that it wrote to be closed by the collector.
pytestmark = pytest.mark.filterwarnings(r"ignore:unclosed file .*\.raw:ResourceWarning")

STREAMS = ["broadband", "lfp"]
BOUNDS = [(None, None), (0, 100), (31, 32), (50, 50), (100, None), (None, 77), (400, 10**9)]


@pytest.fixture(params=STREAMS)
def stream(request):
    """The id of a stream."""
    return request.param


@pytest.fixture
def recording(session, stream):
    """The recording of the stream."""
    return MockSessionRecordingExtractor(session, stream_id=stream)


def stream_index(reader, stream):
    """Return the index of a stream of the reader."""
    return reader.header["signal_streams"]["id"].tolist().index(stream)


def channels_of(reader, stream):
    """Return the reader's table of the channels of a stream."""
    channels = reader.header["signal_channels"]
    return channels[channels["stream_id"] == stream]


def check_same(a, b):
    """SpikeInterface's own check, with times, probe and what it leaves out by default."""
    check_recordings_equal(a, b, return_in_uV=False, check_annotations=True, check_properties=True)
    check_recordings_equal(a, b, return_in_uV=True)
    assert a.get_probe() == b.get_probe()
    for segment in range(a.get_num_segments()):
        np.testing.assert_array_equal(a.get_times(segment), b.get_times(segment))


# -- what it says -----------------------------------------------------------------------------


def test_sizes_and_ids(recording, reader, stream):
    """Rate, channels, dtype, segments and their sizes are the reader's."""
    index = stream_index(reader, stream)
    channels = channels_of(reader, stream)
    assert recording.sampling_frequency == reader.get_signal_sampling_rate(index)
    assert recording.channel_ids.tolist() == channels["id"].tolist()
    assert recording.dtype == np.int16
    assert recording.get_num_segments() == reader.segment_count(0)
    for segment in range(recording.get_num_segments()):
        assert recording.get_num_samples(segment) == reader.get_signal_size(0, segment, index)


def test_properties(recording, reader, stream):
    """Scale and names are the header's; the region is the name without its number."""
    channels = channels_of(reader, stream)
    np.testing.assert_array_equal(recording.get_property("gain_to_uV"), channels["gain"])
    np.testing.assert_array_equal(recording.get_property("offset_to_uV"), channels["offset"])
    assert recording.get_property("channel_name").tolist() == channels["name"].tolist()
    areas = ["LA"] * 8 + ["RAH"] * 8 if stream == "broadband" else ["LA"] * 2
    assert recording.get_property("brain_area").tolist() == areas
    assert recording.get_property("group").tolist() == [k // 8 for k in range(len(areas))]


def test_place(recording):
    """Each channel has its contact; `location` is where the probe has it, whichever probe is set."""
    probe = recording.get_probe()
    assert probe.contact_ids.tolist() == recording.channel_ids.tolist()
    np.testing.assert_array_equal(recording.get_property("location"), recording.get_channel_locations())
    some = recording.channel_ids[[1, 0]]
    np.testing.assert_array_equal(recording.get_property("location", ids=some), probe.contact_positions[[1, 0]])
    probe = probe.copy()
    probe.move([5.0, 7.0])
    probe.set_device_channel_indices(np.arange(len(recording.channel_ids)))  # a copy has none
    recording.set_probe(probe)
    np.testing.assert_array_equal(recording.get_property("location"), probe.contact_positions)


def test_times(recording, reader, stream):
    """Times are the reader's seconds: where the segment's signal begins, and a sample after another."""
    for segment in range(recording.get_num_segments()):
        start = reader.get_signal_t_start(0, segment, stream_index(reader, stream))
        assert recording.get_start_time(segment) == start
        assert not recording.has_time_vector(segment)
        expected = np.arange(recording.get_num_samples(segment)) / recording.sampling_frequency + start
        np.testing.assert_array_equal(recording.get_times(segment), expected)


def test_annotations(session):
    """With all_annotations, patient and session are annotated; channels have regions and bundles."""
    recording = MockSessionRecordingExtractor(session, "broadband", all_annotations=True)
    assert recording.get_annotation("patient_id") == 4
    assert recording.get_annotation("session_nr") == 2
    assert recording.get_property("bundles").tolist() == recording.get_property("group").tolist()
    assert si.load(recording.to_dict()).get_annotation("patient_id") == 4


def test_names_as_ids(one):
    """Channels may go by their names instead."""
    recording = MockSessionRecordingExtractor(one, stream_name="broadband", use_names_as_ids=True)
    assert recording.channel_ids[:2].tolist() == ["LA1", "LA2"]
    assert recording.get_property("group").tolist() == [0] * 8 + [1] * 8
    check_same(recording, si.load(recording.to_dict()))


def test_epiphyte(epiphyte):
    """A float64 session that others wrote is read as int16 counts, scaled to µV."""
    recording = MockSessionRecordingExtractor(epiphyte)
    assert (recording.channel_ids.tolist(), recording.dtype) == (["CSC1"], np.dtype("int16"))
    assert recording.get_property("brain_area").tolist() == ["LA"]
    raw, scaled = (recording.get_traces(end_frame=1000, return_in_uV=uv) for uv in (False, True))
    np.testing.assert_allclose(scaled, raw * recording.get_channel_gains(), rtol=1e-6)


# -- traces ------------------------------------------------------------------------------------


@pytest.mark.parametrize("bounds", BOUNDS, ids=str)
def test_traces(recording, reader, stream, bounds):
    """Traces are the reader's chunk, whatever part of time and of the channels is asked for."""
    index = stream_index(reader, stream)
    ids = recording.channel_ids
    for segment in range(recording.get_num_segments()):
        size = recording.get_num_samples(segment)
        start, stop = bounds[0], None if bounds[1] is None else min(bounds[1], size)
        if start is not None and start > size:
            continue
        for chosen in (None, ids[:1], ids[::-1], ids[1:], list(ids[[1, 0]])):
            given = {"segment_index": segment, "start_frame": bounds[0], "end_frame": bounds[1]}
            traces = recording.get_traces(channel_ids=chosen, **given)
            expected = reader.get_analogsignal_chunk(0, segment, start, stop, index, channel_ids=chosen)
            np.testing.assert_array_equal(traces, expected)
            assert traces.dtype == np.int16
            scaled = recording.get_traces(channel_ids=chosen, return_in_uV=True, **given)
            floats = reader.rescale_signal_raw_to_float(expected, "float32", index, channel_ids=chosen)
            np.testing.assert_allclose(scaled, floats, rtol=1e-6, atol=1e-4)


def test_traces_are_views(session):
    """Broadband traces are the mapped file itself, read-only; nothing is copied."""
    recording = MockSessionRecordingExtractor(session, "broadband")
    for given in ({}, {"start_frame": 10, "end_frame": 20}, {"channel_ids": ["CSC3", "CSC4"]}):
        again = [recording.get_traces(segment_index=0, **given) for _ in range(2)]
        assert np.shares_memory(*again)
        assert not again[0].flags.writeable


def test_binary_description(one):
    """A stream of one segment is described so that a plain map of its file has the same numbers."""
    recording = MockSessionRecordingExtractor(one, "broadband")
    assert recording.is_binary_compatible()
    where = recording.get_binary_description()
    assert recording.binary_compatible_with(dtype="int16", time_axis=0, file_paths_length=1, file_suffix=".npy")
    mapped = np.memmap(where["file_paths"][0], where["dtype"], "r", where["file_offset"])
    np.testing.assert_array_equal(mapped.reshape(-1, where["num_channels"]), recording.get_traces())
    binary = si.BinaryRecordingExtractor(sampling_frequency=32_000.0, channel_ids=recording.channel_ids, **where)
    check_recordings_equal(recording, binary, return_in_uV=False)


@pytest.mark.parametrize(("name", "stream"), [("one segment", "lfp"), ("two segments", "broadband")])
def test_not_binary(sessions, name, stream):
    """LFP channels lie in files of their own, segments in one file: neither is called binary."""
    recording = MockSessionRecordingExtractor(sessions[name], stream)
    assert not recording.is_binary_compatible()
    with pytest.raises(NotImplementedError, match=stream):
        recording.get_binary_description()


def test_one_lfp_channel_is_not_binary(epiphyte, handmade):
    """Not even one LFP channel of int16 is: its samples end before its file does."""
    handmade.lfp()
    for folder in (epiphyte, handmade.folder):
        assert not MockSessionRecordingExtractor(folder).is_binary_compatible()


# -- there and back -------------------------------------------------------------------------------


def test_to_dict(recording):
    """A dict makes the recording again, and holds nothing but text, numbers and the probe."""
    whole = recording.to_dict(include_annotations=True, include_properties=True)
    assert all(isinstance(value, str | bool) for value in whole["kwargs"].values())
    assert whole["class"] == "mockrawio.interop.spikeinterface.MockSessionRecordingExtractor"
    check_same(recording, si.load(whole))
    check_same(recording, recording.clone())


@pytest.mark.parametrize("suffix", ["json", "pkl"])
def test_dump(recording, tmp_path, suffix):
    """A file made by dump, json or pickle, makes the recording again."""
    recording.dump(tmp_path / f"dumped.{suffix}")
    check_same(recording, si.load(tmp_path / f"dumped.{suffix}"))


def test_pickle(recording):
    """A recording pickles, as do recordings made of it."""
    check_same(recording, pickle.loads(pickle.dumps(recording)))
    part = recording.select_channels(recording.channel_ids[:2])
    check_same(part, pickle.loads(pickle.dumps(part)))


@pytest.mark.parametrize("suffix", ["json", "pkl"])
def test_relative(one, tmp_path, suffix):
    """Dumped relative to its place, the recording is found when session and dump move together."""
    folder = tmp_path / "before" / "session_2"
    shutil.copytree(one, folder)
    file = folder.parent / f"dumped.{suffix}"
    MockSessionRecordingExtractor(folder, "broadband").select_channels(["CSC2", "CSC9"]).dump(file, relative_to=True)
    (tmp_path / "before").rename(tmp_path / "after")
    loaded = si.load(tmp_path / "after" / file.name, base_folder=True)
    expected = MockSessionRecordingExtractor(one, "broadband").get_traces(channel_ids=["CSC2", "CSC9"])
    np.testing.assert_array_equal(loaded.get_traces(), expected)


def test_relative_path(one, monkeypatch):
    """A folder given relative to where one stands is found from elsewhere too."""
    monkeypatch.chdir(one)
    stored = MockSessionRecordingExtractor(".", "broadband").to_dict()
    monkeypatch.chdir("/")
    assert si.load(stored).get_num_channels() == 16


@pytest.mark.slow
def test_another_process(one, tmp_path):
    """A process that has only imported SpikeInterface loads what was dumped here."""
    recording = MockSessionRecordingExtractor(one, "broadband")
    for name in ("r.json", "r.pkl"):
        recording.dump(tmp_path / name)
    code = "import sys, spikeinterface as si; print([si.load(f).get_num_channels() for f in sys.argv[1:]])"
    command = [sys.executable, "-c", code, str(tmp_path / "r.json"), str(tmp_path / "r.pkl")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "[16, 16]"


@pytest.mark.at_length
@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_save(two, tmp_path, n_jobs):
    """Saved by one process or by two new ones, the copy is the recording, times and probe included."""
    recording = MockSessionRecordingExtractor(two, "broadband")
    job = {"n_jobs": n_jobs, "mp_context": fresh(), "chunk_size": 3000, "progress_bar": False}
    saved = recording.save(folder=tmp_path / "saved", **job)
    check_same(recording, saved)
    check_same(recording, si.load(tmp_path / "saved"))


def test_save_in_memory(recording):
    """A copy in memory is the recording as well."""
    check_same(recording, recording.save(format="memory", sharedmem=False, progress_bar=False))


# -- what is refused -------------------------------------------------------------------------------


def test_which_stream(one):
    """With several streams one must be chosen; the message lists them."""
    with pytest.raises(ValueError, match=r"several streams(.|\n)*'lfp', 'broadband'"):
        MockSessionRecordingExtractor(one)
    for extractor in (MockSessionRecordingExtractor, MockSessionSortingExtractor):
        with pytest.raises(MockSessionError, match=r"one of \['lfp', 'broadband'\]; found 'nothing'"):
            extractor(one, stream_id="nothing")
        with pytest.raises(MockSessionError, match="expected one stream; found 'lfp' and 'broadband'"):
            extractor(one, stream_id="lfp", stream_name="broadband")


@pytest.mark.parametrize("rate", [0, -1.0, float("nan"), float("inf"), True, "fast"])
def test_rates_that_are_none(rate, one):
    """Frames are counted at a finite rate above 0, or not at all."""
    with pytest.raises(MockSessionError, match="sampling_frequency: expected Hz"):
        MockSessionSortingExtractor(one, sampling_frequency=rate)


def test_streams_are_listed(one):
    """The streams of a session can be asked for without opening one."""
    assert MockSessionRecordingExtractor.get_streams(one) == (["lfp", "broadband"], ["lfp", "broadband"])


def test_no_signals(handmade):
    """A session without signals has no recording."""
    handmade.unit()
    with pytest.raises(MockSessionError, match="expected signals"):
        MockSessionRecordingExtractor(handmade.folder)


def test_not_a_session(tmp_path):
    """A folder that is no session is refused as by the reader."""
    with pytest.raises(NotASessionError):
        MockSessionRecordingExtractor(tmp_path)


def test_other_channels(handmade):
    """Channels that are not called CSCk have no known place: no probe, no groups."""
    handmade.stream(channels={"ids": ["CSC1", "ref", "x"], "names": ["LA1", "ref", "x9"]})
    recording = MockSessionRecordingExtractor(handmade.folder)
    assert not recording.has_probe()
    assert recording.get_property("group") is None
    assert recording.get_property("location") is None
    assert recording.get_property("brain_area").tolist() == ["LA", "", "x"]
    check_recordings_equal(recording, si.load(recording.to_dict()))


# -- streams of recordings that were made elsewhere ---------------------------------------------------


@pytest.mark.parametrize("ids", [["CSC1", "CSC2", "CSC9"], ["a", "b", "c"]], ids=str)
@pytest.mark.parametrize("locations", [[[0, 0.5], [0, 20], [16.0, 40]], [[0, 0, 1], [0, 20, 1], [0, 20, 2]]], ids=str)
def test_locations(handmade, ids, locations):
    """Where the description says where channels are, that is the probe, in one group; units are in it too."""
    handmade.stream(channels={"ids": ids, "names": ids}, locations=locations)
    handmade.unit("CSC9_SU1", times=np.array([T0 + 1.0]))
    recording = MockSessionRecordingExtractor(handmade.folder)
    np.testing.assert_array_equal(recording.get_probe().contact_positions, locations)
    assert recording.get_probe().contact_ids.tolist() == ids
    assert recording.get_property("group").tolist() == [0, 0, 0]
    assert MockSessionSortingExtractor(handmade.folder).get_property("group").tolist() == [0]
    assert session_probe(handmade.folder) == recording.get_probe()
    assert si.load(recording.to_dict()).get_probe() == recording.get_probe()


def test_locations_that_are_no_probe(handmade):
    """Channels that lie on one another make no probe."""
    handmade.stream(locations=[[0.0, 0.0]] * 3)
    assert not MockSessionRecordingExtractor(handmade.folder).has_probe()
