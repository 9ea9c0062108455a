"""Numbers at the edges of what files and requests can hold."""

from __future__ import annotations

import inspect
import json
import os
import warnings
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import quantities as pq

from mockrawio import BoundsError, MockSessionError, MockSessionIO, MockSessionRawIO, NotASessionError
from mockrawio.formats.npy_out import Blocks, dict_file, header_bytes
from mockrawio.rawio.views import StreamView, UnitView
from mockrawio.testing import assert_rawio_compliant
from tests.handmade import T0, Handmade

START_1990 = 631_152_000_000


def opened(handmade: Handmade, **how: Any) -> MockSessionRawIO:
    reader = MockSessionRawIO(handmade.folder, **how)
    reader.parse_header()
    return reader


# -- how long, how early, how large ----------------------------------------------------------


def test_a_recording_of_25_days_from_1990(handmade: Handmade) -> None:
    """The first ms of 1990, and more ms than int32 holds: counts, times and limits are exact to the end."""
    count, period = 22_000, 100_000  # 2.2e9 ms at one sample in 100 s
    ts = START_1990 + period * np.arange(count)
    handmade.lfp(samples=np.arange(count, dtype=np.int16), ts=ts, gain=1.0, sampling_rate=0.01)
    last = float(ts[-1])
    handmade.unit(times=np.array([START_1990, last - 1, last]))
    handmade.events([[START_1990, 1], [last, 2]])
    with opened(handmade, strict=True) as reader:
        assert reader.time_origin_ms == START_1990
        assert reader.raw_annotations["blocks"][0]["rec_datetime"] == datetime(1990, 1, 1)
        assert reader.segment_t_stop(0, 0) == count * period / 1000
        assert reader.get_analogsignal_chunk(i_start=count - 2).ravel().tolist() == [count - 2, count - 1]
        seconds = reader.rescale_spike_timestamp(reader.get_spike_timestamps(), "float64").tolist()
        assert seconds == [0.0, (last - 1 - START_1990) / 1000, (last - START_1990) / 1000]
        assert reader.get_spike_timestamps(t_start=seconds[1], t_stop=seconds[1]).tolist() == [last - 1]
        assert reader.get_event_timestamps(t_start=seconds[2])[2].tolist() == ["2"]


@pytest.fixture
def sparse(handmade: Handmade) -> Handmade:
    """A stream of more than 4 GiB in two segments: a hole, and a few samples at its end."""
    rows = 2**29 + 1000  # of 4 channels: 4 GiB and 8 kB
    path = handmade.stream(samples=np.zeros((1, 4), np.int16))
    head = header_bytes("<i2", (rows, 4))
    with open(path, "wb") as file:
        file.write(head)
        file.seek(len(head) + 8 * (rows - 3))
        file.write(np.arange(12, dtype=np.int16).tobytes())
    description = json.loads(path.with_suffix(".json").read_text())
    description["segments"] = [
        {"t_start_ms": T0, "n_samples": rows - 2},
        {"t_start_ms": T0 + 10**8, "n_samples": 2},
    ]
    path.with_suffix(".json").write_text(json.dumps(description))
    return handmade


def test_a_stream_beyond_4_gib(sparse: Handmade) -> None:
    """What lies past 2^32 bytes is read where it is, as a view, by channels, into a buffer, and by its description."""
    with opened(sparse) as reader:
        size = reader.get_signal_size(0, 0, 0)
        assert size == 2**29 + 998
        assert reader.get_analogsignal_chunk(0, 0, size - 1, None).tolist() == [[0, 1, 2, 3]]
        assert reader.get_analogsignal_chunk(0, 1).tolist() == [[4, 5, 6, 7], [8, 9, 10, 11]]
        assert reader.get_analogsignal_chunk(0, 1, 1, 2, channel_indexes=[3, 0]).tolist() == [[11, 8]]
        out = np.empty((2, 4), np.int16)
        reader.get_analogsignal_chunk(0, 1, out=out)
        assert out[1].tolist() == [8, 9, 10, 11]
        description = reader.get_analogsignal_buffer_description(0, 1, "broadband")
        assert description["file_offset"] > 2**32
        assert np.fromfile(description["file_path"], "<i2", 4, offset=description["file_offset"]).tolist() == [
            4,
            5,
            6,
            7,
        ]


def test_an_lfp_channel_beyond_4_gib(handmade: Handmade) -> None:
    """The same for arrays inside a dict file: its samples are 4 GiB, its stamps 16, and lie after them."""
    count, size = 2**31 + 500, 1 << 22
    hole = np.zeros(size, np.int64)

    def blocks(first: np.ndarray, last: np.ndarray) -> Iterator[np.ndarray]:
        yield first
        left = count - first.size - last.size
        for start in range(0, left, size):
            yield hole.view(first.dtype)[: min(size, left - start)]
        yield last

    samples = blocks(np.array([-5], np.int16), np.arange(5, dtype=np.int16))
    stamps = blocks(np.array([T0]), np.array([T0 + count - 1]))
    path = handmade.folder / "lfp_data" / "CSC1_lfp.npy"
    path.parent.mkdir()
    values = {"samples": Blocks("<i2", (count,), samples), "ts": Blocks("<i8", (count,), stamps), "gain": 1.0}
    with open(path, "wb") as file:
        for piece in dict_file(values):
            if isinstance(piece, memoryview) and np.frombuffer(piece, "b").ctypes.data == hole.ctypes.data:
                file.seek(piece.nbytes, os.SEEK_CUR)  # a hole takes no room
            else:
                file.write(piece)
    assert path.stat().st_size > 10 * count
    with opened(handmade) as reader:
        assert reader.get_signal_size(0, 0) == count
        assert reader.segment_t_stop(0, 0) == count / 1000  # ms beyond int32
        assert reader.get_analogsignal_chunk(i_stop=2).tolist() == [[-5], [0]]
        assert reader.get_analogsignal_chunk(i_start=count - 3).ravel().tolist() == [2, 3, 4]
        assert reader.get_analogsignal_buffer_description(buffer_id="lfp")["shape"] == (count, 1)


# -- how few -----------------------------------------------------------------------------------


def test_as_little_as_there_can_be(handmade: Handmade) -> None:
    """One sample, a unit of one spike and one of none, no event, no pulse, no frame: all of Neo's rules hold."""
    handmade.lfp(samples=np.array([7], np.int16), gain=1.0)
    handmade.unit("CSC1_SU1", times=np.array([T0 + 0.5]), gain=1.0)
    handmade.unit("CSC1_SU2", times=np.empty(0), amps=np.empty((0, 64), np.int16), gain=1.0)
    handmade.events(np.empty((0, 2)))
    handmade.daq([])
    handmade.watchlog([])
    with opened(handmade, strict=True) as reader:
        assert_rawio_compliant(reader)
        assert reader.get_analogsignal_chunk().tolist() == [[7]]
        assert [reader.spike_count(0, 0, k) for k in range(2)] == [1, 0]
        assert reader.get_spike_raw_waveforms(0, 0, 1).shape == (0, 1, 64)
        assert [reader.event_count(0, 0, k) for k in range(4)] == [0, 0, 0, 0]
        assert (reader.segment_t_start(0, 0), reader.segment_t_stop(0, 0)) == (0.0, 0.001)
    assert MockSessionIO(handmade.folder).read_block(load_waveforms=True).segments[0].t_stop == 0.001


def test_segments_shorter_than_a_chunk(handmade: Handmade) -> None:
    """A chunk that would run over the end of a segment is an error; None is the segment's own end."""
    handmade.lfp(samples=np.arange(7, dtype=np.int16), ts=T0 + np.array([0, 1, 10, 11, 12, 20, 21]))
    with opened(handmade) as reader:
        assert [reader.get_signal_size(0, k, 0) for k in range(3)] == [2, 3, 2]
        with pytest.raises(BoundsError, match="i_stop <= 3"):
            reader.get_analogsignal_chunk(0, 1, 0, 4)
        assert reader.get_analogsignal_chunk(0, 1, 1, None).ravel().tolist() == [3, 4]
        assert reader.get_analogsignal_chunk(0, 1, 3, 3).shape == (0, 1)


# -- values and scales -------------------------------------------------------------------------


def test_the_ends_of_int16_and_of_scales(handmade: Handmade) -> None:
    """-32768 and 32767 are served as they are and scaled exactly, waveforms with an offset as well as samples."""
    ends = np.array([-32768, 32767, 0], np.int16)
    handmade.lfp(samples=ends, gain=0.195, offset=-1000.5)
    handmade.unit(amps=np.repeat(ends[:, None], 64, axis=1), gain=1e-3, offset=12.25)
    with opened(handmade) as reader:
        raw, waveforms = reader.get_analogsignal_chunk(), reader.get_spike_raw_waveforms()
        assert raw.ravel().tolist() == ends.tolist() and waveforms[:, 0, 0].tolist() == ends.tolist()
        expected = ends.astype(np.float64) * 0.195 - 1000.5
        assert reader.rescale_signal_raw_to_float(raw, "float64").ravel().tolist() == expected.tolist()
        expected = ends.astype(np.float64) * 1e-3 + 12.25
        assert reader.rescale_waveforms_to_float(waveforms, "float64")[:, 0, 63].tolist() == expected.tolist()


@pytest.mark.parametrize("gain", [0.0, -0.0, float("nan"), float("inf"), True])
@pytest.mark.parametrize("kind", ["lfp", "unit", "stream"])
def test_gains_that_are_none(kind: str, gain: float, handmade: Handmade) -> None:
    """A gain of 0, NaN, infinite or no number is refused, wherever it stands, naming file and key."""
    make = {"lfp": handmade.lfp, "unit": handmade.unit, "stream": handmade.stream}[kind]
    path = make(gain=[gain] * 3 if kind == "stream" else gain)
    refused = rf"{path.stem}\.(npy|json): expected ('gain' as .*finite number|a JSON object)"  # JSON has no NaN
    with pytest.raises(MockSessionError, match=refused):
        opened(handmade)


@pytest.mark.parametrize("shape", [(0, 3), (10, 0)])
def test_a_stream_of_nothing_is_left_out(shape: tuple[int, int], handmade: Handmade) -> None:
    """A stream without samples or channels has nothing to lose; the others are read."""
    handmade.lfp()
    segments = [{"t_start_ms": T0, "n_samples": shape[0]}] if shape[0] else []
    handmade.stream(samples=np.zeros(shape, np.int16), segments=segments)
    with opened(handmade) as reader:
        assert reader.header["signal_streams"]["id"].tolist() == ["lfp"]
        assert reader.stream().id == "lfp" and reader.get_signal_sampling_rate() == 1000.0


def test_there_is_one_block(reader: MockSessionRawIO) -> None:
    """A second block is none, whoever is asked for it."""
    for method in (reader.segment_count, reader.get_analogsignal_chunk, reader.spike_count, reader.event_count):
        with pytest.raises(BoundsError, match="expected block_index in 0 to 0; found 1"):
            method(1) if method != reader.event_count else method(1, 0, 0)


def test_no_stream_is_none(handmade: Handmade) -> None:
    """Where there is no stream, that is said, whether an index is given or not."""
    handmade.unit()
    with opened(handmade) as reader:
        for index in (None, 0):
            for method in (reader.get_analogsignal_chunk, reader.stream):
                with pytest.raises(BoundsError, match="expected stream_index in no signal streams"):
                    method(stream_index=index)


def test_a_channel_of_number_0(handmade: Handmade) -> None:
    """The first line names CSC1: CSC0 has no name, which is said, and no region."""
    handmade.names(["LA1", "LA2"])
    for channel in (0, 2):
        handmade.lfp(channel)
    with pytest.warns(UserWarning, match="has 2 lines, none for CSC0; the channel is called CSC0"):
        reader = opened(handmade)
    assert reader.header["signal_channels"]["name"].tolist() == ["CSC0", "LA2"]
    signals = reader.raw_annotations["blocks"][0]["segments"][0]["signals"]
    assert signals[0]["__array_annotations__"]["regions"].tolist() == ["", "LA"]


def test_units_that_say_nothing_of_time(handmade: Handmade) -> None:
    """Where there is neither a clock nor a stamp time begins with 1970, and lasts a ms."""
    handmade.unit(times=np.empty(0), amps=np.empty((0, 4), np.int16))
    with opened(handmade) as reader:
        assert (reader.time_origin_ms, reader.segment_t_start(0, 0), reader.segment_t_stop(0, 0)) == (0.0, 0.0, 0.001)


def test_duplicate_channel_names(handmade: Handmade) -> None:
    """Of two channels of one name, in LFP and in a stream: by name an error, by id and index each is itself."""
    handmade.names(["LA1", "LA1", "LA2"])
    for k in range(1, 4):
        handmade.lfp(k, np.full(20, k, np.int16))
    handmade.stream(channels={"ids": ["a", "b", "c"], "names": ["x", "x", "y"]})
    with opened(handmade) as reader:
        for stream, name, alone in ((0, "LA1", "LA2"), (1, "x", "y")):
            request = {"i_stop": 2, "stream_index": stream}
            with pytest.raises(MockSessionError, match="more than once. Select by id or by index"):
                reader.get_analogsignal_chunk(**request, channel_names=[name])
            ids = reader.header["signal_channels"]["id"][3 * stream :].tolist()
            for k in range(2):
                by_index = reader.get_analogsignal_chunk(**request, channel_indexes=[k])
                np.testing.assert_array_equal(by_index, reader.get_analogsignal_chunk(**request, channel_ids=[ids[k]]))
            assert reader.get_analogsignal_chunk(**request, channel_names=[alone]).shape == (2, 1)


# -- clocks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("missing", "warned"), [(1, True), (2, False)])
def test_gaps_of_two_samples_are_no_lost_samples(missing: int, warned: bool, handmade: Handmade) -> None:
    """Three gaps of a single sample each are told, and what they may come from; gaps of two are gaps."""
    lost = [300 + k for k in range(missing)], [800 + k for k in range(missing)], [2500 + k for k in range(missing)]
    ts = T0 + np.delete(np.arange(3000), np.concatenate(lost))
    handmade.lfp(samples=np.zeros(len(ts), np.int16), ts=ts)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        reader = opened(handmade)
    assert reader.segment_count(0) == 4
    said = [str(warning.message) for warning in caught]
    assert any("3 of 3 gaps are of a single sample" in text for text in said) == warned
    assert len(said) == warned


def test_a_clock_that_leaves_out_samples(handmade: Handmade) -> None:
    """Stamps that leave out one now and then, but at no clock's even distances, make segments, and a warning."""
    ts = T0 + np.delete(np.arange(5005), [300, 500, 2500, 2600, 4900])
    handmade.lfp(samples=np.zeros(5000, np.int16), ts=ts)
    handmade.lfp(2, samples=np.zeros(5000, np.int16), ts=ts)
    with pytest.warns(UserWarning) as caught:
        reader = opened(handmade)
    (message,) = (str(warning.message) for warning in caught)
    assert reader.segment_count(0) == 6
    assert "CSC1_lfp.npy: 5 of 5 gaps are of a single sample, each of which starts a segment" in message
    assert "the clock does not keep 1000 Hz; give the true rate as 'sampling_rate'" in message
    assert "gap_tolerance_ms=1 bridges them" in message
    assert MockSessionRawIO(handmade.folder, gap_tolerance_ms=1).gap_tolerance_ms == 1.0


def test_a_float_clock_that_drifts(handmade: Handmade) -> None:
    """Float stamps that keep another rate have no gap to be seen, and are read at theirs, with a warning."""
    handmade.lfp(samples=np.zeros(5000, np.int16), ts=T0 + np.arange(5000) * 1.001)
    with pytest.warns(UserWarning, match="CSC1_lfp.npy: the clock keeps 999.001 Hz and not 1000 Hz"):
        reader = opened(handmade)
    assert reader.segment_count(0) == 1
    assert reader.get_signal_sampling_rate() == pytest.approx(1000 / 1.001, abs=1e-3)
    handmade.lfp(samples=np.zeros(5000, np.int16), ts=T0 + np.arange(5000) * 1.001, sampling_rate=1000 / 1.001)
    assert opened(handmade).segment_count(0) == 1


@pytest.mark.parametrize("rate", [2000.0, 999.0, 32000 / 33])
def test_stamps_rounded_to_ms(rate: float, handmade: Handmade) -> None:
    """Whole-number stamps of a rate that has no whole-number period are rounded: neither gaps nor drift."""
    stamps = T0 + np.round(np.arange(5000) * 1000 / rate).astype(np.int64)
    handmade.lfp(samples=np.zeros(5000, np.int16), ts=stamps, sampling_rate=rate)
    assert opened(handmade, strict=True).segment_count(0) == 1


def test_float_stamps_that_jitter(handmade: Handmade) -> None:
    """A stamp within half a sample of its place will do; one further off is an error of the strict reader, by index."""
    ts = T0 + np.arange(100.0)
    ts[50] += 0.4
    handmade.lfp(samples=np.zeros(100, np.int16), ts=ts)
    assert opened(handmade, strict=True).get_signal_size(0, 0) == 100
    ts[50] += 0.3
    handmade.lfp(samples=np.zeros(100, np.int16), ts=ts)
    assert opened(handmade).get_signal_size(0, 0) == 100
    with pytest.raises(MockSessionError, match="index 50"):
        opened(handmade, strict=True)


# -- what a caller may give --------------------------------------------------------------------


@pytest.fixture
def reader(handmade: Handmade) -> MockSessionRawIO:
    """A reader of one file of every kind."""
    handmade.all()
    return opened(handmade)


INDEXES = {
    "block_index": lambda reader, value: reader.get_spike_timestamps(block_index=value),
    "seg_index": lambda reader, value: reader.get_analogsignal_chunk(seg_index=value),
    "seg_index of spikes": lambda reader, value: reader.get_spike_timestamps(seg_index=value),
    "stream_index": lambda reader, value: reader.get_analogsignal_chunk(stream_index=value),
    "spike_channel_index": lambda reader, value: reader.get_spike_timestamps(spike_channel_index=value),
    "event_channel_index": lambda reader, value: reader.get_event_timestamps(event_channel_index=value),
    "i_start": lambda reader, value: reader.get_analogsignal_chunk(i_start=value),
    "i_stop": lambda reader, value: reader.get_analogsignal_chunk(i_stop=value),
}


@pytest.mark.parametrize("name", INDEXES)
def test_indexes_of_other_types(name: str, reader: MockSessionRawIO) -> None:
    """NumPy integers and False are indexes; text, floats and objects are an error that is a TypeError as well."""
    for value in (0, np.int64(0), np.uint8(0), False, np.array(0)):
        INDEXES[name](reader, value)
    for value in ("0", 0.0, 1.5, np.float64(0), [0], object(), b"0"):
        with pytest.raises(MockSessionError, match=f"expected .*{name.split()[0]}.* whole number") as caught:
            INDEXES[name](reader, value)
        assert isinstance(caught.value, TypeError)


GIVEN = {
    "raw_signal": np.zeros((3, 1), np.int16),
    "raw_waveforms": np.zeros((1, 1, 64), np.int16),
    "spike_timestamps": np.zeros(1),
    "event_timestamps": np.zeros(1),
    "raw_duration": np.ones(1),
    "channel_ids": ["CSC1"],
    "channel_names": ["LA1"],
    "buffer_id": "0",
}
COUNTED = ("block_index", "seg_index", "stream_index", "spike_channel_index", "event_channel_index", "unit_index")
TAKERS = {
    name: found
    for name, method in inspect.getmembers(MockSessionRawIO, inspect.isfunction)
    if name[0] != "_" and (found := inspect.signature(method).parameters).keys() & set(COUNTED)
}


@pytest.mark.parametrize("name", TAKERS)
def test_wrong_indexes_everywhere(name: str, reader: MockSessionRawIO) -> None:
    """No method takes an index that there is none of, below 0, or of another type, and the error names it."""
    taken = TAKERS[name]
    right = {key: value for key, value in GIVEN.items() if key in taken}
    right |= {key: 0 for key in COUNTED if key in taken and taken[key].default is inspect.Parameter.empty}
    if name == "get_analogsignal_chunk" or "rescale_signal" in name:
        right = {key: right[key] for key in right.keys() - {"channel_ids", "channel_names"}}
    for key in taken.keys() & set(COUNTED):
        for value in (-1, 99, np.int64(-1), "x", 0.0, [0]):
            with pytest.raises(MockSessionError, match=f"expected {key.replace('unit', 'spike_channel')}"):
                getattr(reader, name)(**{**right, key: value})


@pytest.mark.parametrize("name", ["block_index", "seg_index", "spike_channel_index", "event_channel_index"])
def test_none_is_no_index(name: str, reader: MockSessionRawIO) -> None:
    """Only a stream may be left to the reader, where there is one."""
    with pytest.raises(MockSessionError, match=f"expected {name} in 0 to .*; found None"):
        INDEXES[name](reader, None)
    assert INDEXES["stream_index"](reader, None).shape == (500, 1)


FIRST = {"block_index": 0, "seg_index": 0, "spike_channel_index": 0, "event_channel_index": 0}
OPTIONS = {"strict": False, "use_cache": False, "follow_symlinks": False, "prefer_slice": False}


@pytest.mark.parametrize(
    ("owner", "known"), [(MockSessionRawIO, {**FIRST, **OPTIONS}), (StreamView, FIRST), (UnitView, {})]
)
def test_what_may_be_left_out(owner: type, known: dict[str, object]) -> None:
    """Indexes left out are the first, or all where there may be several; options are off, limits are none."""
    for name, method in inspect.getmembers(owner, inspect.isfunction):
        parameters = inspect.signature(method).parameters.values() if name[0] != "_" or name == "__init__" else ()
        given = {one.name: one.default for one in parameters if one.default is not inspect.Parameter.empty}
        plain = {key: value for key, value in given.items() if not isinstance(value, (str, tuple))}
        assert (name, plain) == (name, {key: known.get(key) for key in plain})


@pytest.mark.parametrize("value", ["1", float("nan"), [1.0, 2.0], object(), b"1"])
@pytest.mark.parametrize("limit", ["t_start", "t_stop"])
def test_limits_that_are_no_numbers(limit: str, value: object, reader: MockSessionRawIO) -> None:
    """A limit of time is a number; infinity is one that nothing lies beyond."""
    for method in (reader.get_spike_timestamps, reader.get_spike_raw_waveforms, reader.get_event_timestamps):
        with pytest.raises(MockSessionError, match=f"{limit}: expected a number, seconds, or None"):
            method(**{limit: value})
    wide = {"t_start": -np.inf, "t_stop": np.inf}
    assert reader.get_spike_timestamps(**wide).size == reader.get_event_timestamps(**wide)[0].size == 3
    assert reader.get_spike_timestamps(t_start=np.float32(0.25), t_stop=1).size == 1


def test_limits_in_other_units(reader: MockSessionRawIO) -> None:
    """A quantity is a time in its own unit, one that is no time is an error."""
    assert reader.get_spike_timestamps(t_start=15 * pq.ms, t_stop=0.1 * pq.s).tolist() == [T0 + 20.25]
    assert reader.get_event_timestamps(t_start=100_000 * pq.us, t_stop=105 * pq.ms)[2].tolist() == ["2"]
    with pytest.raises(MockSessionError, match="t_start: expected a number, seconds, or None"):
        reader.get_spike_timestamps(t_start=15 * pq.mV)


@pytest.mark.parametrize(
    "selection",
    [
        {"channel_ids": "CSC1"},
        {"channel_names": "LA1"},
        {"channel_ids": 1},
        {"channel_indexes": "0"},
        {"channel_indexes": [None]},
        {"channel_indexes": [[0], [0, 0]]},
        {"channel_indexes": [0.0]},
        {"channel_indexes": slice("a", None)},
    ],
    ids=str,
)
def test_selections_of_other_types(selection: dict[str, Any], reader: MockSessionRawIO) -> None:
    """One name is not a list of letters, and no selection of another kind is guessed at."""
    with pytest.raises(MockSessionError, match="stream lfp: expected"):
        reader.get_analogsignal_chunk(i_stop=3, **selection)


def test_selections_of_nothing(reader: MockSessionRawIO) -> None:
    """No channel at all is a chunk without columns, by index, by name and by id, and so are its values in µV."""
    for selection in ({"channel_ids": []}, {"channel_names": []}, {"channel_indexes": []}):
        raw = reader.get_analogsignal_chunk(i_stop=3, **selection)
        assert raw.shape == (3, 0)
        assert reader.rescale_signal_raw_to_float(raw, **selection).shape == (3, 0)


def test_a_session_without_files(tmp_path: Path) -> None:
    """A folder of nothing is no session; one of its description alone has no signals, no spikes and one second."""
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(NotASessionError):
        MockSessionRawIO(empty).parse_header()
    made = Handmade(tmp_path / "described")
    made.info()
    with opened(made) as reader:
        assert (reader.block_count(), reader.segment_count(0)) == (1, 1)
        assert (reader.signal_streams_count(), reader.spike_channels_count(), reader.event_channels_count()) == (
            0,
            0,
            0,
        )
        assert reader.segment_t_stop(0, 0) - reader.segment_t_start(0, 0) == 0.001
        assert_rawio_compliant(reader)


def test_a_relative_folder(handmade: Handmade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader made of relative paths finds its files wherever the process has gone since."""
    handmade.all()
    handmade.lfp(2, np.array([1.0, -1.0]))
    (tmp_path / "cache").mkdir()
    monkeypatch.chdir(handmade.folder.parent)
    cache = os.path.relpath(tmp_path / "cache")
    reader = MockSessionRawIO(handmade.folder.name, use_cache=True, cache_path=cache)
    monkeypatch.chdir("/")
    with pytest.warns(UserWarning, match="form 2 streams"):
        reader.parse_header()
    assert reader.dirname == str(handmade.folder)
    assert reader.get_analogsignal_chunk(stream_index=0, i_stop=3).tolist() == [[0], [1], [2]]
    assert len(list((tmp_path / "cache").iterdir())) == 1
