"""The units of a session as a SpikeInterface sorting: integer frames, and the reader's times."""

from __future__ import annotations

import json
import multiprocessing
import pickle
from fractions import Fraction

import numpy as np
import pytest
import spikeinterface as si
from spikeinterface.core.testing import check_sortings_equal

from mockrawio import BadFileError, MockSessionError, MockSessionRawIO
from mockrawio.interop.spikeinterface import MockSessionRecordingExtractor, MockSessionSortingExtractor
from tests.handmade import T0
from tests.interop.conftest import GAP_MS, PLACES, RATE


@pytest.fixture
def sorting(session):
    """The sorting in the frames of the broadband stream."""
    return MockSessionSortingExtractor(session)


def check_same(a, b):
    """SpikeInterface's own check, and spike trains in seconds."""
    check_sortings_equal(a, b, check_annotations=True, check_properties=True)
    for unit_id in a.unit_ids:
        for segment in range(a.get_num_segments()):
            trains = [s.get_unit_spike_train(unit_id, segment, return_times=True) for s in (a, b)]
            np.testing.assert_array_equal(*trains)


def stamps(reader, segment, unit_index):
    """Return the stamps of a unit in ms."""
    return reader.get_spike_timestamps(0, segment, unit_index).tolist()


# -- frames and times ---------------------------------------------------------------------------


@pytest.mark.parametrize("use_cache", [True, False])
def test_frames(sorting, reader, use_cache):
    """Each frame is the sample nearest to the stamp, in exact arithmetic, in each segment."""
    assert sorting.sampling_frequency == RATE
    assert sorting.unit_ids.tolist() == ["CSC1_SU1", "CSC2_SU1", "CSC12_MU1"]
    for segment in range(sorting.get_num_segments()):
        start = Fraction(T0 + GAP_MS * segment)
        for index, unit_id in enumerate(sorting.unit_ids):
            frames = sorting.get_unit_spike_train(unit_id, segment, use_cache=use_cache)
            expected = [round((Fraction(t) - start) * RATE / 1000) for t in stamps(reader, segment, index)]
            assert frames.tolist() == expected
            assert frames.dtype == np.int64


@pytest.mark.parametrize("use_cache", [True, False])
def test_limits(sorting, use_cache):
    """Limits are as everywhere in SpikeInterface: the start belongs to it, the end does not."""
    frames = sorting.get_unit_spike_train("CSC1_SU1", 0)
    limits = {"start_frame": int(frames[3]), "end_frame": int(frames[9])}
    part = sorting.get_unit_spike_train("CSC1_SU1", 0, use_cache=use_cache, **limits)
    np.testing.assert_array_equal(part, frames[3:9])


def test_times(sorting, reader):
    """Spike trains in seconds are the reader's times, which no frame has rounded."""
    for segment in range(sorting.get_num_segments()):
        for index, unit_id in enumerate(sorting.unit_ids):
            expected = reader.rescale_spike_timestamp(reader.get_spike_timestamps(0, segment, index), "float64")
            times = sorting.get_unit_spike_train_in_seconds(unit_id, segment)
            np.testing.assert_array_equal(times, expected)
            limits = {"start_time": float(expected[3]), "end_time": float(expected[9])}
            part = sorting.get_unit_spike_train_in_seconds(unit_id, segment, **limits)
            np.testing.assert_array_equal(part, expected[3:10])


def test_registered_recording(sorting, session):
    """With its recording, every spike has a sample, and its time is that sample's."""
    recording = MockSessionRecordingExtractor(session, "broadband")
    native = [sorting.get_unit_spike_train("CSC1_SU1", k, return_times=True) for k in range(len(sorting.segments))]
    sorting.register_recording(recording)
    for segment, times in enumerate(native):
        assert sorting.get_num_samples(segment) == recording.get_num_samples(segment)
        frames = sorting.get_unit_spike_train("CSC1_SU1", segment)
        rounded = sorting.get_unit_spike_train("CSC1_SU1", segment, return_times=True)
        np.testing.assert_array_equal(rounded, recording.get_times(segment)[frames])
        assert np.abs(rounded - times).max() <= 0.5 / RATE + 1e-9


def test_spikes_without_samples(handmade):
    """Spikes for which the stream has no sample are left out, and a warning counts them."""
    handmade.stream()  # 1600 samples, 50 ms
    times = T0 + np.array([-40.0, -0.02, -0.01, 0.0, 49.98, 49.99, 60.0])
    handmade.unit(times=times)
    handmade.unit("CSC2_SU1", times=T0 + np.array([1.0, 2.0]))
    with pytest.warns(UserWarning, match=r"no sample for 4 spikes of 1 units \(CSC1_SU1 4\)") as caught:
        sorting = MockSessionSortingExtractor(handmade.folder)
    assert caught[0].filename == __file__
    assert sorting.get_unit_spike_train("CSC1_SU1").tolist() == [0, 0, 1599]
    kept = (times[2:5] - T0) / 1000
    np.testing.assert_array_equal(sorting.get_unit_spike_train("CSC1_SU1", return_times=True), kept)
    sorting.register_recording(MockSessionRecordingExtractor(handmade.folder))


def test_every_spike_has_a_frame(two):
    """Spikes on the first and on the last sample of each segment are there like all others."""
    sorting = MockSessionSortingExtractor(two)
    assert sorting.count_total_num_spikes() == 2 * (40 + 30 + 50 + 3 * 2)
    assert sorting.get_unit_spike_train("CSC1_SU1", 1)[[0, -1]].tolist() == [0, 7999]


# -- which frames -------------------------------------------------------------------------------


def test_without_broadband(epiphyte):
    """Without broadband, frames are counted at 32 kHz from the segment's start; no spike is lost."""
    sorting = MockSessionSortingExtractor(epiphyte)
    assert sorting.sampling_frequency == 32_000
    with MockSessionRawIO(epiphyte) as reader:
        start = Fraction(reader.time_origin_ms) + round(Fraction(reader.segment_t_start(0, 0)) * 1000)
        for index, unit_id in enumerate(sorting.unit_ids):
            expected = [round((Fraction(t) - start) * 32) for t in stamps(reader, 0, index)]
            assert sorting.get_unit_spike_train(unit_id).tolist() == expected
            times = reader.rescale_spike_timestamp(reader.get_spike_timestamps(0, 0, index), "float64")
            np.testing.assert_array_equal(sorting.get_unit_spike_train(unit_id, return_times=True), times)
    assert all(sorting.get_unit_spike_train(unit_id).min() >= 0 for unit_id in sorting.unit_ids)


def test_of_the_lfp(session):
    """Frames of the LFP, if it is asked for, fit its recording."""
    with pytest.warns(UserWarning, match="no sample"):  # the last broadband sample is nearest to one past the LFP
        sorting = MockSessionSortingExtractor(session, stream_name="lfp")
    assert sorting.sampling_frequency == 1000
    recording = MockSessionRecordingExtractor(session, "lfp")
    sorting.register_recording(recording)
    assert max(sorting.get_unit_spike_train("CSC1_SU1", 0)) < recording.get_num_samples(0)


def test_at_a_rate(session, reader):
    """At a rate of one's own, frames count from the segment's start."""
    sorting = MockSessionSortingExtractor(session, sampling_frequency=1e6)
    for segment in range(sorting.get_num_segments()):
        times = reader.rescale_spike_timestamp(reader.get_spike_timestamps(0, segment, 0), "float64")
        expected = np.rint((times - reader.segment_t_start(0, segment)) * 1e6)
        np.testing.assert_allclose(sorting.get_unit_spike_train("CSC1_SU1", segment), expected, atol=1)
    check_same(sorting, si.load(sorting.to_dict()))


def test_fastest_stream(handmade):
    """Where no stream is called broadband, the fastest of raw_data is meant."""
    handmade.lfp(samples=np.zeros(50, np.int16))
    handmade.unit(times=T0 + np.array([1.0]))
    for name, rate, size in (("macro", 2000.0, 100), ("micro", 30_000.0, 1500)):
        handmade.stream(name, np.zeros((size, 1), np.int16), sampling_rate=rate)
    assert MockSessionSortingExtractor(handmade.folder).sampling_frequency == 30_000


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"stream_id": "wideband"}, r"one of \['lfp', 'broadband'\]; found 'wideband'"),
        ({"stream_id": "lfp", "sampling_frequency": 1000.0}, "not both"),
    ],
)
def test_refused(one, given, message):
    """A stream that is not there, and a stream with a rate, are refused."""
    with pytest.raises(MockSessionError, match=message):
        MockSessionSortingExtractor(one, **given)


# -- properties -------------------------------------------------------------------------------


def test_properties(sorting):
    """Each unit has its type, channel, region and bundle, and the place where it was planted."""
    assert sorting.get_property("unit_type").tolist() == ["SU", "SU", "MU"]
    assert sorting.get_property("channel_id").tolist() == ["CSC1", "CSC2", "CSC12"]
    assert sorting.get_property("brain_area").tolist() == ["LA", "LA", "RAH"]
    assert sorting.get_property("group").tolist() == [0, 0, 1]
    places = [PLACES["CSC1_SU1"]["location"], [np.nan] * 3, PLACES["CSC12_MU1"]["location"]]
    np.testing.assert_array_equal(sorting.get_property("gt_unit_location"), places)


def test_regions_without_channel_names(handmade):
    """Without ChannelNames.txt the stream's own names tell a unit's region."""
    handmade.stream()
    handmade.unit("CSC2_SU1", times=T0 + np.array([1.0]))
    handmade.unit("CSC9_SU1", times=T0 + np.array([1.0]))
    assert MockSessionSortingExtractor(handmade.folder).get_property("brain_area").tolist() == ["LA", ""]


@pytest.mark.parametrize("stream", ["lfp", None])
def test_no_places(handmade, stream):
    """Where nobody says where units are, there is no such property."""
    handmade.unit()
    if stream:
        handmade.lfp()
    sorting = MockSessionSortingExtractor(handmade.folder, stream_id=stream)
    assert sorting.get_property("gt_unit_location") is None
    assert sorting.get_property("brain_area").tolist() == [""]


@pytest.mark.parametrize("units", [[], {"CSC1_SU1": [1, 2, 3]}, {"CSC1_SU1": {"location": [1, "2", 3]}}], ids=str)
def test_bad_places(handmade, units):
    """A ground truth of another form is an error that names file and unit."""
    handmade.unit(times=T0 + np.array([1.0]))
    handmade.stream(ground_truth={"units": units})
    with pytest.raises(BadFileError, match=r"broadband\.json: expected three numbers as 'location' of CSC1_SU1"):
        MockSessionSortingExtractor(handmade.folder)


def test_no_units(handmade):
    """A session without units is a sorting without units."""
    handmade.lfp()
    sorting = MockSessionSortingExtractor(handmade.folder)
    assert sorting.get_num_units() == 0
    assert sorting.count_total_num_spikes() == 0


# -- there and back ---------------------------------------------------------------------------


def test_round_trips(sorting, tmp_path):
    """Dict, json, pickle file and pickle make the sorting again."""
    check_same(sorting, si.load(sorting.to_dict(include_annotations=True, include_properties=True)))
    check_same(sorting, pickle.loads(pickle.dumps(sorting)))
    for name in ("s.json", "s.pkl"):
        sorting.dump(tmp_path / name)
        check_same(sorting, si.load(tmp_path / name))
    sorting.dump(tmp_path / "relative.json", relative_to=tmp_path)
    assert not json.loads((tmp_path / "relative.json").read_text())["kwargs"]["folder_path"].startswith("/")
    check_same(sorting, si.load(tmp_path / "relative.json", base_folder=tmp_path))


def test_saved(sorting, tmp_path):
    """A copy on disk or in memory has the same frames and properties."""
    check_sortings_equal(sorting, sorting.save(folder=tmp_path / "saved"), check_properties=True)
    check_sortings_equal(sorting, sorting.save(format="memory", sharedmem=False), check_properties=True)
    check_sortings_equal(sorting, si.load(tmp_path / "saved"), check_properties=True)


def test_by_bundle(two):
    """Units and channels are split into the same groups."""
    recordings = MockSessionRecordingExtractor(two, "broadband").split_by("group")
    sortings = MockSessionSortingExtractor(two).split_by("group")
    assert list(recordings) == list(sortings) == [0, 1]
    assert sortings[1].unit_ids.tolist() == ["CSC12_MU1"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_analyzer(two, n_jobs):
    """SpikeInterface's analyzer takes the pair and finds the samples around each spike."""
    recording = MockSessionRecordingExtractor(two, "broadband")
    sorting = MockSessionSortingExtractor(two)
    how = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"  # much sooner than new ones
    job = {"n_jobs": n_jobs, "mp_context": how, "progress_bar": False}
    analyzer = si.create_sorting_analyzer(sorting, recording, sparse=False, return_in_uV=False, job_kwargs=job)
    analyzer.compute("random_spikes", method="all")
    analyzer.compute("waveforms", ms_before=0.5, ms_after=0.5, **job)
    waveforms = analyzer.get_extension("waveforms").get_waveforms_one_unit("CSC12_MU1")
    spikes = sorting.to_spike_vector()
    for waveform, spike in zip(waveforms, spikes[spikes["unit_index"] == 2], strict=True):
        middle, segment = spike["sample_index"], spike["segment_index"]
        if 16 <= middle < recording.get_num_samples(segment) - 16:
            np.testing.assert_array_equal(waveform, recording.get_traces(segment, middle - 16, middle + 16))
