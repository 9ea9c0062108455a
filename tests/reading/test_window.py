"""``mockrawio.window``: it holds what the reader has between two times, and nothing else."""

from __future__ import annotations

import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import quantities as pq
from neo.rawio.examplerawio import ExampleRawIO

import mockrawio
from mockrawio import BoundsError, MockSessionError, MockSessionIO, MockSessionRawIO, window, windows
from mockrawio.exporting.door import write_rig
from mockrawio.formats.rig import rig_formats
from tests.exporting.tiny import tiny
from tests.reading.conftest import write_neuralynx


@pytest.fixture
def reader(gap: Path):
    """The session with a gap, open."""
    with mockrawio.open(gap) as opened:
        yield opened


def test_everything_between_two_times(reader: MockSessionRawIO) -> None:
    """Signals, spikes, events and epochs are the reader's own, in µV and s, from t_start up to t_stop."""
    piece = window(reader, 0.5, 1.25)
    assert (piece.t_start, piece.t_stop, piece.seg_index) == (0.5, 1.25, 0)
    for index, (name, rate) in enumerate([("lfp", 1000), ("broadband", 32000)]):
        raw = reader.get_analogsignal_chunk(0, 0, rate // 2, rate * 5 // 4, index)
        signal = piece.signals[name]
        np.testing.assert_array_equal(signal.values, reader.rescale_signal_raw_to_float(raw, "float32", index))
        np.testing.assert_allclose(signal.times, np.arange(rate // 2, rate * 5 // 4) / rate, rtol=0, atol=1e-9)
        assert (signal.units, signal.values.dtype) == ("uV", np.float32)
    for k, times in enumerate(piece.spikes.values()):
        every = reader.rescale_spike_timestamp(reader.get_spike_timestamps(0, 0, k), "float64")
        np.testing.assert_array_equal(times, every[(every >= 0.5) & (every < 1.25)])
    assert list(piece.spikes) == reader.header["spike_channels"]["id"].tolist()
    stamps, durations, labels = reader.get_event_timestamps(0, 0, 1)
    starts = reader.rescale_event_timestamp(stamps, "float64", 1)
    daq = piece.events["DAQ"]
    inside = (starts < 1.25) & (starts + durations / 1000 > 0.5)
    np.testing.assert_array_equal(daq.times, starts[inside])
    np.testing.assert_array_equal(daq.labels, labels[inside])
    np.testing.assert_allclose(daq.durations, durations[inside] / 1000)


def test_windows_side_by_side(reader: MockSessionRawIO) -> None:
    """Windows whose ends meet have every sample, spike and event of the segment once."""
    ends = [None, 0.3, 0.70001, 1.1, None]
    pieces = [window(reader, *pair, seg_index=0) for pair in pairwise(ends)]
    whole = window(reader, seg_index=0)
    for name, signal in whole.signals.items():
        joined = np.concatenate([piece.signals[name].values for piece in pieces])
        np.testing.assert_array_equal(joined, signal.values)
        assert len(joined) == reader.get_signal_size(0, 0, list(whole.signals).index(name))
    for name, times in whole.spikes.items():
        np.testing.assert_array_equal(np.concatenate([piece.spikes[name] for piece in pieces]), times)
    for index, name in enumerate(("Events", "DAQ", "movie_frames")):
        assert whole.events[name].times.size == reader.event_count(0, 0, index)
    for name in ("Events", "movie_frames"):
        joined = np.concatenate([piece.events[name].times for piece in pieces])
        np.testing.assert_array_equal(joined, whole.events[name].times)


def test_a_gap_is_no_data(reader: MockSessionRawIO) -> None:
    """A window that reaches into a gap is refused with the segments' times; windows() gives a piece of each."""
    for ends in [(1.5, 3.5), (1.5, 2.5), (2.2, 2.4), (-1.0, 1.0), (4.0, 5.0)]:
        with pytest.raises(BoundsError, match=r"0, 0 to 2 s; 1, 3 to 4\.5 s.*mockrawio\.windows"):
            window(reader, *ends)
    with pytest.raises(BoundsError, match="Give seg_index=0"):
        window(reader)
    with pytest.raises(BoundsError, match="a window in segment 1, 3 to"):
        window(reader, 0, 1, seg_index=1)
    first, second = windows(reader, 1.5, 3.5)
    assert (first.seg_index, first.t_stop, second.seg_index, second.t_start) == (0, 2.0, 1, 3.0)
    assert [len(piece.signals["lfp"].values) for piece in (first, second)] == [500, 500]
    assert np.isfinite(first.signals["broadband"].values).all()
    frames = np.concatenate([piece.events["movie_frames"].times for piece in (first, second)])
    every = [reader.rescale_event_timestamp(reader.get_event_timestamps(0, k, 2)[0], "float64", 2) for k in (0, 1)]
    every = np.concatenate(every)
    np.testing.assert_array_equal(frames, every[(every >= 1.5) & (every < 3.5)])
    assert windows(reader, 2.2, 2.4) == []
    assert len(windows(reader)) == 2


def test_some_of_it(gap: Path) -> None:
    """Streams, channels, units and events are chosen by name or id, and a folder will do for a reader."""
    piece = window(gap, 1, 1.5, streams="broadband", channels=["CSC3", "CSC1"], units="CSC4_SU2", events=())
    signal = piece.signals["broadband"]
    assert (list(piece.signals), signal.channel_ids, piece.events) == (["broadband"], ("CSC3", "CSC1"), {})
    whole = window(gap, 1, 1.5).signals["broadband"].values
    np.testing.assert_array_equal(signal.values, whole[:, [2, 0]])
    assert "lfp" not in window(gap, 1, 1.5, channels="CSC3").signals  # which has two channels


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"streams": "x"}, "some of lfp, broadband"),
        ({"channels": ["CSC9"]}, "some of CSC1"),
        ({"units": [3]}, "ids or names"),
        ({"events": "Trigger"}, "some of Events"),
        ({"t_start": 1, "t_stop": 1}, "a time after t_start"),
        ({"t_start": 2, "t_stop": 1}, "a time from t_start on"),
        ({"t_start": "1"}, "a number, seconds"),
        ({"seg_index": 2}, "seg_index in 0 to 1"),
        ({"block_index": 1}, "block_index in 0 to 0"),
        ({"dtype": "int16", "seg_index": 0}, "a floating dtype"),
    ],
)
def test_wrong_arguments(reader: MockSessionRawIO, wrong: dict, said: str) -> None:
    """An argument that cannot be is an error of ours that says what can."""
    with pytest.raises(MockSessionError, match=said):
        window(reader, **wrong)


def test_a_reader_that_is_not_open(gap: Path) -> None:
    """A reader whose header is not parsed is an error that says so; one of Neo's object layer will do too."""
    with pytest.raises(MockSessionError, match=r"parse_header\(\)"):
        window(MockSessionRawIO(gap), 0, 1)
    assert window(MockSessionIO(gap), 0.1 * pq.s, 600 * pq.ms).signals["lfp"].values.shape == (500, 2)


def test_an_epoch_reaches_in(handmade) -> None:
    """An epoch that begins before a window and lasts into it is in it, whole; one that ends at its start is not."""
    handmade.all()
    with mockrawio.open(handmade.folder) as reader:  # the first pulse is from 10 to 14 ms
        daq = window(reader, 0.012, 0.02).events["DAQ"]
        assert (daq.times.tolist(), np.round(daq.durations, 6).tolist(), daq.labels.tolist()) == (
            [0.01],
            [0.004],
            ["1"],
        )
        assert window(reader, 0.014, 0.02).events["DAQ"].times.size == 0


def test_another_reader() -> None:
    """Neo's own readers are cut too, by stream and segment; channels keep units that are no volts."""
    reader = ExampleRawIO(filename="x.fake")
    reader.parse_header()
    piece = window(reader, 15.5, 16, block_index=0)  # its second segment is from 15 to 25 s, at 10 kHz
    assert (piece.seg_index, len(piece.signals)) == (1, 2)
    for index, signal in enumerate(piece.signals.values()):
        raw = reader.get_analogsignal_chunk(0, 1, 5000, 10_000, index)
        np.testing.assert_array_equal(signal.values, reader.rescale_signal_raw_to_float(raw, "float32", index))
        assert signal.times[0] == pytest.approx(15.5)
    assert (piece.signals["stream 0"].units, piece.signals["stream 1"].units) == ("uV", "uV, pA")
    assert piece.signals["stream 1"].channel_units[-2:] == ("pA", "pA")
    epochs = piece.events["Some epochs"]
    assert (epochs.times + epochs.durations > 15.5).all()
    assert [one.seg_index for one in windows(reader, block_index=1, streams=())] == [0, 1, 2]


def test_volts_are_microvolts(tmp_path: Path) -> None:
    """A rig's own files need only their folder; Neuralynx's V are µV here."""
    piece = window(write_neuralynx(tmp_path), 0.001, 0.002)
    (signal,) = piece.signals.values()
    assert signal.units == "uV"
    reader = mockrawio.open(tmp_path)
    factor = {"uV": 1, "V": 1e6}[str(reader.header["signal_channels"]["units"][0])]
    gain = float(reader.header["signal_channels"]["gain"][0]) * factor
    np.testing.assert_allclose(signal.values[:, 0], np.arange(32, 64) * gain, rtol=1e-5)


@pytest.mark.slow
def test_xarray(reader: MockSessionRawIO) -> None:
    """A Dataset has the same values, on the same clock, and what belongs to what."""
    pytest.importorskip("xarray")
    piece = window(reader, 0.5, 1.5)
    data = piece.to_xarray()
    np.testing.assert_array_equal(data["broadband"].values, piece.signals["broadband"].values)
    part = data["lfp"].sel(lfp_time=slice(0.7, 0.9), lfp_channel="CSC2")
    np.testing.assert_array_equal(part, window(reader, 0.7, 0.9005, channels="CSC2").signals["lfp"].values[:, 0])
    spikes = data["spike_time"]
    for name, times in piece.spikes.items():
        np.testing.assert_array_equal(spikes[data["unit"] == name], times)
    assert (np.diff(spikes) >= 0).all()
    codes = data["event_time"][data["event_channel"] == "Events"]
    np.testing.assert_array_equal(codes, piece.events["Events"].times)
    np.testing.assert_array_equal(codes["event_label"], piece.events["Events"].labels)
    assert np.isnan(codes["event_duration"]).all()
    assert (data.attrs["t_start"], data["lfp"].attrs["units"]) == (0.5, "uV")


def test_a_stream_called_as_a_table(handmade) -> None:
    """A stream whose name the Dataset has for something else is an error, and not lost."""
    pytest.importorskip("xarray")
    handmade.stream("spike_time")
    with pytest.raises(MockSessionError, match="streams="):
        window(handmade.folder).to_xarray()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Some (epochs|starts|ends):UserWarning")  # pulses of the DAQ overlap
def test_pynapple(reader: MockSessionRawIO) -> None:
    """pynapple's objects have the same values; rates of units are over the window."""
    pytest.importorskip("pynapple")
    piece = window(reader, 0.5, 1.5)
    found = piece.to_pynapple()
    np.testing.assert_array_equal(found.signals["broadband"].values, piece.signals["broadband"].values)
    np.testing.assert_allclose(found.signals["broadband"].t, piece.signals["broadband"].times, atol=1e-9)
    for k, (name, times) in enumerate(piece.spikes.items()):
        np.testing.assert_allclose(found.units[k].t, times, atol=1e-9)
        assert found.units["unit"][k] == name
        assert found.units["rate"][k] == pytest.approx(times.size)
    np.testing.assert_allclose(found.events["movie_frames"].t, piece.events["movie_frames"].times, atol=1e-9)
    assert type(found.events["DAQ"]).__name__ == "IntervalSet"
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a unit with one spike, a window of one sample
        few = window(reader, 0.5, 0.501, events=("Events", "movie_frames")).to_pynapple()
    assert (len(few.signals["lfp"]), few.units["rate"].max() in (0, 1000)) == (1, True)


def test_no_more_is_read_than_is_asked_for(reader: MockSessionRawIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """A millisecond of one channel takes as many samples from the reader."""
    asked = []
    read = MockSessionRawIO.get_analogsignal_chunk
    monkeypatch.setattr(MockSessionRawIO, "get_analogsignal_chunk", lambda *a: asked.append(chunk := read(*a)) or chunk)
    window(reader, 1, 1.001, channels="CSC1", streams="broadband")
    assert [chunk.shape for chunk in asked] == [(32, 1)]


def test_a_segment_is_where_its_samples_are(tmp_path: Path) -> None:
    """Segments of SpikeGLX that begin late, which Neo has at 0 s, are found by the times of their samples."""
    reader = write_rig(tiny(), tmp_path / "rig", rig_formats()["spikeglx"]).open()
    assert (reader.segment_t_start(0, 1), reader.get_signal_t_start(0, 1, 0)) == (0.0, 0.1)
    pieces = windows(reader, streams="imec0.ap", events=())
    assert [(one.t_start, one.signals["imec0.ap"].values.shape) for one in pieces] == [
        (0.0, (1600, 3)),
        (0.1, (800, 3)),
    ]
    piece = window(reader, 0.11, 0.12, streams="imec0.ap", events=())
    assert (piece.seg_index, piece.signals["imec0.ap"].times.size) == (1, 320)


@pytest.mark.parametrize("format", ["tdt", "neuralynx"])
def test_units_of_one_id(format: str, tmp_path: Path) -> None:
    """Units that have one id, as those of several electrodes, are called by their names, and none is lost."""
    reader = write_rig(tiny(), tmp_path / "rig", rig_formats()[format]).open()
    names = reader.header["spike_channels"]["name"].tolist()
    assert set(reader.header["spike_channels"]["id"].tolist()) == {"1"}
    spikes = mockrawio.window(reader, seg_index=0, streams=(), events=()).spikes
    assert list(spikes) == names
    assert [train.size for train in spikes.values()] == [unit.count(0) for unit in tiny().units]
    assert list(mockrawio.window(reader, seg_index=0, streams=(), events=(), units="1").spikes) == names
    some = mockrawio.window(reader, seg_index=0, streams=(), events=(), units=names[1]).spikes
    np.testing.assert_array_equal(some[names[1]], spikes[names[1]])


def test_events_without_durations(tmp_path: Path) -> None:
    """Events of BCI2000, whose durations Neo has as a None for each, have none."""
    reader = write_rig(tiny().part(0), tmp_path / "rig", rig_formats()["bci2000"]).open()
    events = mockrawio.window(reader, streams=()).events["Events"]
    assert events.durations is None and events.times.size


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # nixio's own
def test_what_neo_cannot_read_is_named(gap: Path, tmp_path: Path) -> None:
    """An event channel that Neo's reader stumbles over, as of NIX, is named, and left out it is no matter."""
    pytest.importorskip("nixio")
    reader = mockrawio.export(gap, tmp_path / "rig", "nix", streams=["lfp"]).open()
    with pytest.raises(MockSessionError, match=r"NIXRawIO, events of .*IndexError.*Leave it out with events=\."):
        mockrawio.window(reader, seg_index=0)
    assert set(mockrawio.window(reader, seg_index=0, events=("Events",)).events) == {"Events"}
    reader.file.close()
