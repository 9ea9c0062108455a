"""``reader.stream(i)`` and ``reader.unit(i)``: the same as Neo's calls, and what those have no place for."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from mockrawio import BadFileError, BoundsError, MockSessionError, MockSessionRawIO, SessionSpec, generate_session
from mockrawio.session.probe_form import make_probe
from tests.handmade import T0

LFP, BROADBAND = 0, 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A session of LFP, a broadband stream with ground truth, and a gap in both."""
    spec = SessionSpec.broadband(
        patient_id=1, session_nr=1, segments=(2, 1), n_channels=4, n_lfp_channels=4, n_units=3, seed=2
    )
    return generate_session(spec, tmp_path_factory.mktemp("views"))


@pytest.fixture
def reader(folder):
    """A reader of it."""
    with MockSessionRawIO(folder) as reader:
        yield reader


def described(folder):
    """Return the broadband stream's json."""
    return json.loads((folder / "raw_data" / "broadband.json").read_text())


def test_a_stream_says_what_its_header_says(reader, folder):
    """Id, rate, dtype, channels and scales of a view are the header's, its runs and sizes those of Neo's methods."""
    for index, kind in ((LFP, "lfp"), (BROADBAND, "raw")):
        stream = reader.stream(index)
        channels = reader.header["signal_channels"]
        channels = channels[channels["stream_id"] == stream.id]
        assert (stream.index, stream.kind) == (index, kind)
        assert stream.id == reader.header["signal_streams"]["id"][index]
        assert [(c.id, c.name) for c in stream.channels] == channels[["id", "name"]].tolist()
        assert (stream.sampling_rate, stream.dtype) == (channels["sampling_rate"][0], np.int16)
        assert (stream.gains.tolist(), stream.offsets.tolist()) == (
            channels["gain"].tolist(),
            channels["offset"].tolist(),
        )
        assert stream.units == channels["units"][0]
        segments = range(reader.segment_count(0))
        assert list(stream.sizes) == [reader.get_signal_size(0, k, index) for k in segments]
        assert [run.stop - run.start for run in stream.runs] == list(stream.sizes)
        for run, k in zip(stream.runs, segments, strict=True):
            start = (run.t_start_ms - reader.time_origin_ms) / 1000
            assert start == reader.get_signal_t_start(0, k, index)
    sizes = [segment["n_samples"] for segment in described(folder)["segments"]]
    assert list(reader.stream(BROADBAND).sizes) == sizes


@pytest.mark.parametrize("index", [LFP, BROADBAND])
def test_a_stream_reads_what_a_chunk_has(index, reader):
    """Samples of a view are those of ``get_analogsignal_chunk()``, for any channels, and into `out`."""
    stream = reader.stream(index)
    for channels in (None, [2, 0], slice(1, 3), [True, False, False, True]):
        expected = reader.get_analogsignal_chunk(0, 1, 10, 50, index, channel_indexes=channels)
        np.testing.assert_array_equal(stream.read(1, 10, 50, channels), expected)
        out = np.empty(expected.shape, np.int16)
        assert stream.read(1, 10, 50, channels, out=out) is out
        np.testing.assert_array_equal(out, expected)
    assert np.shares_memory(reader.stream(BROADBAND).read(), reader.get_analogsignal_chunk(stream_index=BROADBAND))


def test_what_a_stream_lacks_is_an_error(reader):
    """A segment, a sample or a channel that is not there is an error, and so is a stream."""
    stream = reader.stream(BROADBAND)
    for wrong in ((2,), (-1,), (0, 0, 10**9), (0, 0, 1, [4])):
        with pytest.raises(BoundsError):
            stream.read(*wrong)
    with pytest.raises(BoundsError):
        reader.stream(2)
    with pytest.raises(MockSessionError, match="lfp, broadband"):
        reader.stream()


def test_a_stream_says_what_its_description_says(reader, folder):
    """Ground truth and locations are those in the json; LFP, which has no json, has neither."""
    stream, content = reader.stream(BROADBAND), described(folder)
    assert stream.ground_truth() == content["ground_truth"] != {}
    assert stream.locations().tolist() == content["locations"] == [[0, 25 * k] for k in range(4)]
    lfp = reader.stream(LFP)
    assert (lfp.ground_truth(), lfp.locations(), lfp.description_path) == ({}, None, None)


def test_a_description_that_changed_is_an_error(tmp_path):
    """Locations are those in the json; what is written there after the header was parsed is of another moment."""
    spec = SessionSpec.broadband(patient_id=1, session_nr=1, duration_s=1, n_channels=2, n_units=1, seed=1)
    folder = generate_session(spec, tmp_path)
    path = folder / "raw_data" / "broadband.json"
    content = {**described(folder), "locations": [[0, 1.5], [20, 0]]}
    path.write_text(json.dumps({key: content[key] for key in content if key != "probe"}))
    with MockSessionRawIO(folder) as reader:
        stream = reader.stream(BROADBAND)
        assert stream.locations().tolist() == [[0, 1.5], [20, 0]]
        path.write_text(path.read_text() + " ")
        for late in (stream.locations, stream.ground_truth):
            with pytest.raises(BadFileError, match="changed"):
                late()


def test_a_unit_says_what_neos_calls_say(reader):
    """Channel, kind, times, waveforms, rate and left sweep of a view are those of header, annotations and methods."""
    facts = reader.raw_annotations["blocks"][0]["segments"][0]["spikes"]
    for index in range(reader.spike_channels_count()):
        unit, header = reader.unit(index), reader.header["spike_channels"][index]
        assert (unit.index, unit.id) == (index, header["id"])
        assert (unit.channel, unit.kind) == (facts[index]["channel"], facts[index]["unit_type"])
        assert (unit.sampling_rate, unit.left_sweep) == (header["wf_sampling_rate"], header["wf_left_sweep"])
        assert (unit.scale.gain, unit.scale.offset, unit.scale.units) == tuple(
            header[["wf_gain", "wf_offset", "wf_units"]]
        )
        segments = range(reader.segment_count(0))
        assert list(unit.counts) == [reader.spike_count(0, k, index) for k in segments]
        for k in segments:
            np.testing.assert_array_equal(unit.times_ms(k), reader.get_spike_timestamps(0, k, index))
            np.testing.assert_array_equal(unit.waveforms(k), reader.get_spike_raw_waveforms(0, k, index))
        assert len(unit.times_ms()) == len(unit.waveforms()) == sum(unit.counts) > 0
    with pytest.raises(BoundsError):
        unit.times_ms(2)
    with pytest.raises(BoundsError):
        reader.unit(99)


PLACES = [[0.0, 0.0], [0.0, 20.0], [7.0, 40.0]]
PROBE = {"probes": [make_probe(PLACES, ("circle", {"radius": 5.0}), ids="abc")]}


def test_contacts_of_a_stream(handmade):
    """A stream's contacts are its own, or another's under the same ids, or microwires, or none."""
    samples = np.zeros((1600, 3), np.int16)
    handmade.stream("ap", samples, probe=PROBE, inter_sample_shift=[0.0, 0.25, 0.5])
    handmade.stream("own", samples, locations=[[5.0 * k, 1.0] for k in range(3)])
    handmade.stream("same", samples)
    handmade.stream("two", samples[:, :2], channels={"ids": ["CSC3", "CSC1"], "names": ["x", "y"]})
    handmade.stream("wires", samples[:, :1], channels={"ids": ["CSC17"], "names": ["x"]})
    handmade.stream("x", samples[:, :1], channels={"ids": ["x"], "names": ["x"]})
    with MockSessionRawIO(handmade.folder) as reader:
        streams = {reader.stream(k).id: reader.stream(k) for k in range(reader.signal_streams_count())}
    places = {
        name: None if (found := stream.probe()) is None else found.positions.tolist()
        for name, stream in streams.items()
    }
    assert places == {
        "ap": PLACES,
        "own": [[0.0, 1.0], [5.0, 1.0], [10.0, 1.0]],
        "same": PLACES,
        "two": [PLACES[2], PLACES[0]],
        "wires": [[2040.0, 0.0]],
        "x": None,
    }
    assert streams["two"].probe().contact_ids == ("c", "a")
    shifts = {name: stream.sample_shifts() for name, stream in streams.items()}
    assert shifts.pop("ap").tolist() == [0.0, 0.25, 0.5] and set(shifts.values()) == {None}
    locations = streams["own"].locations()
    locations[:] = 7
    assert streams["own"].locations().tolist() == places["own"]
    assert (streams["same"].locations(), streams["ap"].locations().tolist()) == (None, PLACES)
    assert streams["ap"].description_path == str(handmade.folder / "raw_data" / "ap.json")


def test_units_of_a_stream_are_those_of_its_first_channel(handmade):
    """Channels whose scales differ are one stream, and each has its own."""
    handmade.lfp(1, units="mV", gain=2.0)
    handmade.lfp(2, units="uV", gain=3.0, offset=1.0)
    with MockSessionRawIO(handmade.folder) as reader:
        stream = reader.stream()
        assert (stream.units, stream.gains.tolist(), stream.offsets.tolist()) == ("mV", [2.0, 3.0], [0.0, 1.0])
        assert [channel.scale.units for channel in stream.channels] == ["mV", "uV"]
        assert repr(stream) == "StreamView 0, lfp: 2 channels, 1000 Hz, int16, samples [500]"


def test_a_unit_without_waveforms_has_no_rate(handmade):
    """Rate and waveforms are None; path, scale and segments are those of its file."""
    path = handmade.unit(gain=0.5)
    np.save(path, {"spike_times": T0 + np.array([1.0, 2.0]), "gain": 0.5}, allow_pickle=True)
    with MockSessionRawIO(handmade.folder) as reader:
        unit = reader.unit()
        assert (unit.sampling_rate, unit.waveforms(), unit.counts) == (None, None, (2,))
        assert (unit.path, unit.scale.gain, unit.channel, unit.kind) == (str(path), 0.5, 1, "SU")
        assert repr(unit) == "UnitView 0, CSC1_SU1: 2 spikes"


def test_a_view_outlives_its_reader(folder):
    """A view made before ``close()`` reads on, here and where it is unpickled, and cannot be changed."""
    with MockSessionRawIO(folder) as reader:
        views = [reader.stream(LFP), reader.stream(BROADBAND)]
        chunks = [stream.read(0, 0, 100).copy() for stream in views]
        unit, times = reader.unit(0), reader.unit(0).times_ms().copy()
    for stream, chunk in zip(views, chunks, strict=True):
        for kept in (stream, pickle.loads(pickle.dumps(stream))):
            np.testing.assert_array_equal(kept.read(0, 0, 100), chunk)
            assert kept.ground_truth().keys() == stream.ground_truth().keys()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(unit)).times_ms(), times)
    assert len(pickle.dumps(views[1])) < 5000
    with pytest.raises(AttributeError):
        views[0].index = 1
    with pytest.raises(MockSessionError, match="closed"):
        reader.unit(0)


def test_a_view_says_what_it_is(reader):
    """A view prints as its id, and what it holds."""
    sizes = list(reader.stream(BROADBAND).sizes)
    assert repr(reader.stream(BROADBAND)) == f"StreamView 1, broadband: 4 channels, 32000 Hz, int16, samples {sizes}"
    assert repr(reader.unit(0)).startswith(f"UnitView 0, {reader.unit(0).id}: ")
    assert repr(reader.unit()) == repr(reader.unit(0)) != repr(reader.unit(1))


def test_the_manifest_is_the_file(reader, folder):
    """``reader.manifest()`` is what the session's manifest holds."""
    written = json.loads((folder / "session_manifest.json").read_text())
    assert reader.manifest().items() >= {name: written[name] for name in ("format_version", "spec")}.items()
