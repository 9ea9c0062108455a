"""A virtual session reads as the written one does, whatever part of it is asked for."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockrawio import BoundsError, MockSessionIO, MockSessionRawIO
from mockrawio.session.layout import find_files
from mockrawio.session.streams import open_stream
from mockrawio.session.virtual import file_chunks
from mockrawio.testing import assert_rawio_compliant
from tests.length import rounds
from tests.virtual.conftest import SPECS

EXAMPLES = settings(max_examples=rounds(50, 150), suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def opened(pairs):
    """Readers of both of each pair."""
    return {name: pair.readers() for name, pair in pairs.items()}


def same(one, other):
    """Assert that two arrays are of one dtype and shape, and have the same bytes; None is the same as None."""
    assert (one is None) == (other is None)
    if one is not None:
        assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


def test_a_few_kilobytes(pair):
    """On the disk are who and when it is, the channels' names, and the manifest."""
    files = [path for path in pair.virtual.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {"session_info.npy", "ChannelNames.txt", "session_manifest.json"}
    assert sum(path.stat().st_size for path in files) < 8000


def test_header(pair):
    """The headers are equal, but that no stream lies in a buffer that others could map."""
    written, virtual = pair.readers()
    assert written.header["nb_segment"] == virtual.header["nb_segment"]
    assert not len(virtual.header["signal_buffers"])
    for table in ("signal_streams", "signal_channels", "spike_channels", "event_channels"):
        names = [name for name in written.header[table].dtype.names if name != "buffer_id"]
        assert written.header[table][names].tolist() == virtual.header[table][names].tolist()


def test_annotations(pair):
    """What is said of block, segments, channels and units is the same."""
    written, virtual = (str(reader.raw_annotations) for reader in pair.readers())
    assert written.replace(str(pair.written), "") == virtual.replace(str(pair.virtual), "")


def test_all_of_it(pair):
    """Every sample, spike, waveform and event is the same, and so are the times of segments and streams."""
    written, virtual = pair.readers()
    assert written.time_origin_ms == virtual.time_origin_ms
    for k in range(written.segment_count(0)):
        for what in ("segment_t_start", "segment_t_stop"):
            assert getattr(written, what)(0, k) == getattr(virtual, what)(0, k)
        for stream in range(written.signal_streams_count()):
            chunks = [reader.get_analogsignal_chunk(0, k, stream_index=stream) for reader in (written, virtual)]
            same(*chunks)
            assert chunks[0].flags.writeable == chunks[1].flags.writeable
            assert written.get_signal_t_start(0, k, stream) == virtual.get_signal_t_start(0, k, stream)
        for unit in range(written.spike_channels_count()):
            assert written.spike_count(0, k, unit) == virtual.spike_count(0, k, unit)
            for what in ("get_spike_timestamps", "get_spike_raw_waveforms"):
                same(*(getattr(reader, what)(0, k, unit) for reader in (written, virtual)))
        for channel in range(written.event_channels_count()):
            for columns in zip(*(r.get_event_timestamps(0, k, channel) for r in (written, virtual)), strict=True):
                same(*columns)


@pytest.mark.at_length
@EXAMPLES
@given(data=st.data(), name=st.sampled_from(list(SPECS)))
def test_any_slice_of_any_stream(data, name, opened):
    """Any samples of any channels are those of the written session, in a new array or in one that is given."""
    written, virtual = opened[name]
    segment = data.draw(st.integers(0, written.segment_count(0) - 1))
    stream = data.draw(st.integers(0, written.signal_streams_count() - 1))
    size = written.get_signal_size(0, segment, stream)
    near = st.one_of(st.integers(0, size), st.integers(-3, 3).map(lambda d: min(max(8192 + d, 0), size)))
    start, stop = sorted(data.draw(st.tuples(near, near)))
    count = written.signal_channels_count(stream)
    lists = st.lists(st.integers(0, count - 1), max_size=5)
    slices = st.builds(slice, st.integers(0, count), st.integers(0, count), st.integers(1, 3))
    channels = data.draw(st.none() | lists | slices)
    where = 0, segment, start, stop, stream, channels
    expected = written.get_analogsignal_chunk(*where)
    found = virtual.get_analogsignal_chunk(*where)
    same(expected, found)
    assert expected.flags.writeable == found.flags.writeable
    order = data.draw(st.sampled_from("CF"))
    out = np.empty(expected.shape, np.int16, order=order)
    assert virtual.get_analogsignal_chunk(*where, out=out) is out
    same(expected, out)


def in_order(limits):
    """Return limits with the first before the second, if there are two."""
    return limits if None in limits else sorted(limits)


@pytest.mark.at_length
@EXAMPLES
@given(data=st.data(), name=st.sampled_from(list(SPECS)))
def test_spikes_between_any_limits(data, name, opened):
    """Spikes and waveforms between any two instants are those of the written session, spikes at the limits included."""
    written, virtual = opened[name]
    segment = data.draw(st.integers(0, written.segment_count(0) - 1))
    unit = data.draw(st.integers(0, written.spike_channels_count() - 1))
    low, high = written.segment_t_start(0, segment), written.segment_t_stop(0, segment)
    own = written.rescale_spike_timestamp(written.get_spike_timestamps(0, segment, unit), "float64").tolist()
    instants = st.floats(low - 1, high + 1) | st.sampled_from([-np.inf, 0.0, np.inf, *own[:20], *own[-5:]])
    limits = in_order([data.draw(st.none() | instants) for _ in range(2)])
    for what in ("get_spike_timestamps", "get_spike_raw_waveforms"):
        same(*(getattr(reader, what)(0, segment, unit, *limits) for reader in (written, virtual)))


@pytest.mark.at_length
@EXAMPLES
@given(data=st.data(), name=st.sampled_from(list(SPECS)))
def test_events_between_any_limits(data, name, opened):
    """Events, pulses, frames and pauses between any two instants are those of the written session."""
    written, virtual = opened[name]
    segment = data.draw(st.integers(0, written.segment_count(0) - 1))
    channel = data.draw(st.integers(0, written.event_channels_count() - 1))
    limits = in_order([data.draw(st.none() | st.floats(-1, 80)) for _ in range(2)])
    tables = (reader.get_event_timestamps(0, segment, channel, *limits) for reader in (written, virtual))
    for columns in zip(*tables, strict=True):
        same(*columns)


def test_bytes_of_every_file(pair):
    """What every file would hold is made byte for byte; of a stream's description all but the clipped samples."""
    names = {path.relative_to(pair.written).as_posix() for path in pair.written.rglob("*") if path.is_file()}
    there = dict(find_files(pair.virtual).root.walk())
    assert there.keys() == names
    for name in names - {"session_manifest.json", "raw_data/broadband.json"}:
        assert b"".join(map(bytes, file_chunks(there[name]))) == (pair.written / name).read_bytes()
    if "raw_data/broadband.json" in names:
        streams = [find_files(folder).streams["broadband"] for folder in pair]
        written, virtual = (open_stream(file).ground_truth for file in streams)
        assert written.pop("clipped") is not None
        assert virtual.pop("clipped") is None
        assert written == virtual


def test_neo_rules(pair):
    """Neo's own rules for a reader hold."""
    assert_rawio_compliant(pair.readers()[1])


def test_neo_objects(pair):
    """Neo's objects are the same, waveforms included, and a lazy signal loads a part of itself."""
    written, virtual = (MockSessionIO(folder).read_block(load_waveforms=True) for folder in pair)
    for one, other in zip(written.segments, virtual.segments, strict=True):
        for kind in ("analogsignals", "spiketrains", "events", "epochs"):
            for mine, theirs in zip(getattr(one, kind), getattr(other, kind), strict=True):
                same(mine.magnitude, theirs.magnitude)
        for mine, theirs in zip(one.spiketrains, other.spiketrains, strict=True):
            same(mine.waveforms.magnitude, theirs.waveforms.magnitude)
    proxy = MockSessionIO(pair.virtual).read_block(lazy=True).segments[0].analogsignals[0]
    same(proxy.load(time_slice=(0.25, 0.5)).magnitude, written.segments[0].analogsignals[0][250:500].magnitude)


@pytest.mark.parametrize("exclude", ["lfp_data/CSC2_*", "raw_data", ["spiking_data", "event_file"]])
def test_left_out(exclude, broadband):
    """What is left out by a pattern is left out of what is made."""
    written, virtual = broadband.readers(exclude=exclude)
    for reader in (written, virtual):
        assert reader.signal_streams_count() == (1 if exclude == "raw_data" else 2)
    assert written.header["signal_channels"]["id"].tolist() == virtual.header["signal_channels"]["id"].tolist()
    same(*(reader.get_analogsignal_chunk(0, 1, 100, 900, stream_index=0) for reader in (written, virtual)))


@pytest.mark.parametrize("how", [{"strict": True}, {"raw_dtype": "source"}], ids=str)
def test_other_ways_to_read(how, pair):
    """A strict reader takes it, and one of the dtypes that there are."""
    written, virtual = pair.readers(**how)
    last = written.segment_count(0) - 1
    same(*(reader.get_analogsignal_chunk(0, last, stream_index=0) for reader in (written, virtual)))
    same(*(reader.get_spike_raw_waveforms(0, last, 0) for reader in (written, virtual)))


def test_gaps_that_are_bridged(pairs):
    """Gaps that a reader bridges are one segment in both, with the same warning."""
    pair, found = pairs["three segments"], []
    for folder in pair:
        with pytest.warns(UserWarning, match="2 gaps, 4000 ms in all, bridged"):
            reader = MockSessionRawIO(folder, gap_tolerance_ms=2500.0)
            reader.parse_header()
        assert reader.segment_count(0) == 1
        found += [(reader.get_analogsignal_chunk(), reader.get_spike_timestamps(spike_channel_index=2))]
    for one, other in zip(*found, strict=True):
        same(one, other)


def test_a_file_on_the_disk_is_read(broadband, tmp_path):
    """A file that lies in the folder is read, whatever would be made in its place."""
    folder = shutil.copytree(broadband.virtual, tmp_path / "session_1")
    (folder / "event_file").mkdir()
    np.save(folder / "event_file" / "Events.npy", np.array([[1.4e12, 3.0]]))
    with MockSessionRawIO(folder) as reader:
        assert reader.event_count(0, 0, 0) == 1
        assert reader.get_event_timestamps(0, 0, 0)[2].tolist() == ["3"]


def test_out_of_bounds(broadband):
    """Samples that a segment does not have are refused as in a written session."""
    _, virtual = broadband.readers()
    with pytest.raises(BoundsError, match="0 <= i_start <= i_stop <= 64000"):
        virtual.get_analogsignal_chunk(0, 0, 0, 64001, 1)
