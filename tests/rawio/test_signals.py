"""Chunks agree with plain indexing of the arrays, whatever is asked for, and views are views."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockrawio import BoundsError, MockSessionError, MockSessionRawIO
from mockrawio.rawio import signals
from tests.fuzz.corpus import header, pickled
from tests.handmade import T0, Handmade
from tests.length import rounds

N, CHANNELS = 200, 5


def opened(handmade: Handmade, **kwargs: Any) -> MockSessionRawIO:
    reader = MockSessionRawIO(dirname=handmade.folder, **kwargs)
    reader.parse_header()
    return reader


def table() -> np.ndarray:
    return np.arange(N * CHANNELS, dtype=np.int16).reshape(N, CHANNELS)


KINDS = ["one array", "one array a channel", "float64", "big-endian", "Fortran"]


def make(kind: str, folder: Path) -> tuple[MockSessionRawIO, np.ndarray]:
    """Return a reader of two segments of five channels stored in one of these ways, and its values."""
    handmade, values = Handmade(folder), table()
    ts = T0 + np.r_[0:80, 100 : N + 20]
    if kind in ("one array", "Fortran"):
        segments = [{"t_start_ms": T0, "n_samples": 80}, {"t_start_ms": T0 + 100, "n_samples": N - 80}]
        stored = np.asfortranarray(values) if kind == "Fortran" else values
        handmade.stream(samples=stored, segments=segments, sampling_rate=1000.0)
    else:
        dtype = {"float64": "<f8", "big-endian": ">i2"}.get(kind, "<i2")
        for k in range(CHANNELS):
            column = values[:, k].astype(dtype)
            if kind == "float64":
                column[0] = 32767.0  # one count is then 1
                values[0, k] = 32767
            handmade.lfp(k + 1, samples=column, ts=ts)
        handmade.names([f"LA{k + 1}" for k in range(CHANNELS)])
    return opened(handmade), values


@pytest.fixture(scope="module", params=KINDS)
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return make(request.param, tmp_path_factory.mktemp("kind") / "s")


selections = st.one_of(
    st.none(),
    st.lists(st.integers(0, CHANNELS - 1), max_size=7),
    st.builds(slice, *[st.one_of(st.none(), st.integers(-6, 6))] * 2, st.sampled_from([None, 1, 2, -1])),
    st.lists(st.booleans(), min_size=CHANNELS, max_size=CHANNELS).map(np.array),
)


@pytest.mark.slow
@pytest.mark.at_length
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=rounds(40, 150))
@given(data=st.data(), selection=selections)
def test_chunks_agree_with_plain_indexing(stored: Any, data: st.DataObject, selection: Any) -> None:
    """Any samples, any channels, any way of storing: the same values as the whole array indexed."""
    reader, values = stored
    seg_index = data.draw(st.integers(0, 1))
    segment = values[:80] if seg_index == 0 else values[80:]
    stop = data.draw(st.integers(0, len(segment)))
    start = data.draw(st.integers(0, stop))
    chunk = reader.get_analogsignal_chunk(0, seg_index, start, stop, channel_indexes=selection)
    empty = isinstance(selection, list) and not selection
    columns = slice(0, 0) if empty else slice(None) if selection is None else selection
    expected = segment[start:stop][:, columns]
    assert chunk.dtype == np.dtype(np.int16)
    assert chunk.dtype.isnative
    np.testing.assert_array_equal(chunk, expected)
    out = np.empty(expected.shape, np.int16)
    same = reader.get_analogsignal_chunk(0, seg_index, start, stop, channel_indexes=selection, out=out)
    assert same is out
    np.testing.assert_array_equal(out, expected)


def test_odd_chunks_put_together_are_the_whole(stored: Any) -> None:
    """Reading in pieces of 1, 7, 63 and 64 samples gives the segment, none lost, none twice."""
    reader, values = stored
    for size in (1, 7, 63, 64):
        pieces = [reader.get_analogsignal_chunk(0, 1, i, min(i + size, 120)) for i in range(0, 120, size)]
        np.testing.assert_array_equal(np.concatenate(pieces), values[80:])


def test_times_of_segments(stored: Any) -> None:
    """Two segments, the first at 0 s, the second where the stamps say."""
    reader, _ = stored
    assert reader.header["nb_segment"] == [2]
    assert [reader.get_signal_size(0, k) for k in (0, 1)] == [80, 120]
    assert [reader.get_signal_t_start(0, k) for k in (0, 1)] == [0.0, 0.1]
    assert reader.time_origin_ms == T0


BAD = [{"i_start": -1}, {"i_stop": 81}, {"i_start": 81}, {"i_stop": -1}, {"i_start": 5, "i_stop": 4}]
BAD += [{"seg_index": 2}, {"seg_index": -1}, {"block_index": 1}, {"stream_index": 1}, {"stream_index": -1}]
BAD += [{"channel_indexes": [5]}, {"channel_indexes": [-1]}, {"channel_indexes": [True]}, {"channel_indexes": [0.5]}]
BAD += [{"channel_names": ["nobody"]}, {"channel_ids": ["CSC9"]}, {"channel_ids": [9]}]
BAD += [{"out": np.empty((80, 4), np.int16)}, {"out": np.empty((80, 5), np.int32)}]


@pytest.mark.parametrize("request_", BAD)
def test_requests_outside_are_errors(request_: dict[str, Any], stored: Any) -> None:
    """Nothing out of bounds is served, wrapped or cut: the error says what there is."""
    reader, _ = stored
    with pytest.raises(MockSessionError, match="expected .* found"):
        reader.get_analogsignal_chunk(**request_)


def test_bounds_errors_are_index_and_value_errors(stored: Any) -> None:
    """Who catches IndexError or ValueError catches them."""
    assert issubclass(BoundsError, IndexError)
    assert issubclass(BoundsError, ValueError)


def test_none_and_zero(stored: Any) -> None:
    """None means the segment's end, 0 means 0: an empty chunk, unlike in Neo's base class."""
    reader, values = stored
    assert reader.get_analogsignal_chunk(i_stop=0).shape == (0, CHANNELS)
    np.testing.assert_array_equal(reader.get_analogsignal_chunk(i_start=None, i_stop=None), values[:80])


def test_selection_by_name_and_id(stored: Any) -> None:
    """Index, id, number and name select the same channels, in the order asked."""
    reader, _ = stored
    by_index = reader.get_analogsignal_chunk(channel_indexes=[3, 0])
    for how in ({"channel_ids": ["CSC4", "CSC1"]}, {"channel_ids": [4, 1]}, {"channel_names": ["LA4", "LA1"]}):
        np.testing.assert_array_equal(reader.get_analogsignal_chunk(**how), by_index)
        scaled = reader.rescale_signal_raw_to_float(by_index, dtype="float64", **how)
        np.testing.assert_array_equal(
            scaled, reader.rescale_signal_raw_to_float(by_index, dtype="float64", channel_indexes=[3, 0])
        )


@pytest.mark.parametrize("chosen", [2, np.int64(2), [2, 2], [2, 1, 2], (4, 3), np.array([[1]])[0], range(1, 4)])
def test_channels_in_other_forms(chosen: Any, stored: Any) -> None:
    """One index alone is one channel; a channel may be asked for twice, and channels in any order."""
    reader, values = stored
    indexes = np.atleast_1d(np.array(chosen))
    found = reader.get_analogsignal_chunk(0, 0, 3, 7, channel_indexes=chosen)
    np.testing.assert_array_equal(found, values[3:7][:, indexes])


def test_no_channel_of_several(stored: Any) -> None:
    """No index, name or id, and a mask of none, are no channel."""
    reader, _ = stored
    nothing: tuple[Any, ...] = ([], (), np.zeros(CHANNELS, bool), slice(0))
    for chosen in (*({"channel_indexes": one} for one in nothing), {"channel_names": []}, {"channel_ids": []}):
        assert reader.get_analogsignal_chunk(i_stop=7, **chosen).shape == (7, 0)


@pytest.mark.parametrize("old", [1, 2, 3])
def test_channels_of_files_of_two_protocols(old: int, handmade: Handmade) -> None:
    """A channel whose array is within the pickle, and held in memory, is read beside those that are mapped."""
    for channel in (1, 2, 3):
        samples = np.arange(20, dtype=np.int16) * channel
        path = handmade.lfp(channel, samples)
        if channel == old:
            path.write_bytes(header() + pickled({"ts": T0 + np.arange(20), "samples": samples}, 2))
    with opened(handmade) as reader:
        for _ in range(2):
            assert reader.get_analogsignal_chunk(i_start=4, i_stop=6).tolist() == [[4, 8, 12], [5, 10, 15]]
            assert reader.get_analogsignal_chunk(i_start=19, channel_indexes=[old - 1]).tolist() == [[19 * old]]


def test_a_channel_whose_neighbour_was_cut(handmade: Handmade) -> None:
    """A channel that was read is read again when the file of another one is cut short, which is an error of its own."""
    paths = [handmade.lfp(channel, np.arange(500, dtype=np.int16)) for channel in (1, 2)]
    with opened(handmade) as reader:
        reader.get_analogsignal_chunk(0, 0, 0, 5, channel_indexes=[0])
        os.truncate(paths[1], 700)
        assert reader.get_analogsignal_chunk(0, 0, 3, 5, channel_indexes=[0]).tolist() == [[3], [4]]
        with pytest.raises(MockSessionError, match="CSC2_lfp"):
            reader.get_analogsignal_chunk(0, 0, 3, 5, channel_indexes=[1])


def test_one_array_is_served_as_views(tmp_path: Path) -> None:
    """Where one array covers the request nothing is copied, also for every other channel."""
    reader, _ = make("one array", tmp_path / "s")
    whole = reader.get_analogsignal_chunk(seg_index=1)
    for how in ({}, *({"channel_indexes": k} for k in ([1, 2], [1, 4], [0, 2, 4])), {"channel_names": ["LA2"]}):
        assert np.shares_memory(reader.get_analogsignal_chunk(seg_index=1, **how), whole)
    assert not whole.flags.writeable
    handmade = Handmade(tmp_path / "t")
    handmade.lfp()
    single = opened(handmade)
    assert np.shares_memory(single.get_analogsignal_chunk(i_stop=10), single.get_analogsignal_chunk())


def test_buffer_description_leads_to_the_bytes(tmp_path: Path) -> None:
    """Where one array holds a stream, its description finds it in the file, segment by segment."""
    reader, values = make("one array", tmp_path / "s")
    single = Handmade(tmp_path / "t")
    single.lfp(samples=values[:, 0].copy(), ts=T0 + np.r_[0:80, 100 : N + 20])
    for source, columns in ((reader, values), (opened(single), values[:, :1])):
        assert source.has_buffer_description_api()
        (buffer_id,) = source.header["signal_buffers"]["id"]
        assert (source.header["signal_streams"]["buffer_id"] == buffer_id).all()
        for k, expected in enumerate((columns[:80], columns[80:])):
            d = source.get_analogsignal_buffer_description(0, k, buffer_id)
            assert (d["type"], d["order"]) == ("raw", "C")
            assert os.path.isfile(d["file_path"])
            mapped = np.memmap(d["file_path"], d["dtype"], "r", d["file_offset"], d["shape"], d["order"])
            np.testing.assert_array_equal(mapped, expected)
    for kind in ("one array a channel", "float64", "Fortran"):
        other, _ = make(kind, tmp_path / kind)
        assert not other.has_buffer_description_api()
        assert other.header["signal_streams"]["buffer_id"].tolist() == [""]
        with pytest.raises(MockSessionError, match="no buffer"):
            other.get_analogsignal_buffer_description(buffer_id="lfp")


def test_names_that_are_not_unique(handmade: Handmade) -> None:
    """By name is then an error, by index and by id it works: Neo's rule."""
    handmade.names(["LA1", "LA1", "LA2"])
    for k in (1, 2, 3):
        handmade.lfp(k)
    reader = opened(handmade)
    with pytest.raises(MockSessionError, match="unique"):
        reader.get_analogsignal_chunk(channel_names=["LA1"])
    assert reader.get_analogsignal_chunk(channel_names=["LA2"]).shape[1] == 1
    assert reader.get_analogsignal_chunk(channel_ids=["CSC1", "CSC2"]).shape[1] == 2


def test_float_sources_are_quantised_within_half_a_count(handmade: Handmade) -> None:
    """The largest magnitude is 32767 counts, nothing clips, the error is at most gain / 2."""
    rng = np.random.default_rng(1)
    signal = rng.normal(0, 100, 5000)
    for channel, values in enumerate((signal, signal.astype(np.float32), np.zeros(5000), -np.abs(signal)), 1):
        handmade.lfp(channel, samples=values)
    reader = opened(handmade)
    chunk = reader.get_analogsignal_chunk()
    gains = reader.header["signal_channels"]["gain"]
    assert gains[0] == np.abs(signal).max() / 32767
    assert gains[2] == 1.0
    assert np.abs(chunk).max(axis=0).tolist() == [32767, 32767, 0, 32767]
    assert (np.abs(chunk[:, 0] * gains[0] - signal) <= gains[0] / 2 * (1 + 1e-9)).all()


def test_source_dtype_serves_floats_as_they_are(handmade: Handmade) -> None:
    """raw_dtype="source" gives the file's own numbers with gain 1, NaN included."""
    signal = np.array([1.5, np.nan, -2.25])
    handmade.lfp(samples=signal)
    handmade.unit(times=np.array([T0 + 1.0]), amps=np.full((1, 64), 0.125))
    reader = opened(handmade, raw_dtype="source")
    np.testing.assert_array_equal(reader.get_analogsignal_chunk()[:, 0], signal)
    assert reader.header["signal_channels"]["dtype"][0] == "float64"
    assert reader.header["signal_channels"]["gain"][0] == 1.0
    assert reader.get_spike_raw_waveforms().dtype == np.float64
    assert reader.has_buffer_description_api()
    with pytest.raises(MockSessionError, match=r"CSC1_lfp.*finite values in 'samples'; found nan at index 1"):
        opened(handmade)


def test_channels_that_differ_form_streams(handmade: Handmade) -> None:
    """Other rates or lengths make another stream, aloud; each stream is whole."""
    handmade.lfp(1)
    handmade.lfp(2, samples=np.arange(490, dtype=np.int16))
    handmade.lfp(3, samples=np.arange(1000, dtype=np.int16), ts=T0 + np.arange(1000) // 2, sampling_rate=2000.0)
    with pytest.warns(UserWarning, match="form 3 streams: CSC1; CSC2; CSC3"):
        reader = opened(handmade)
    assert reader.header["signal_streams"]["id"].tolist() == ["lfp", "lfp_2", "lfp_3"]
    assert [reader.get_signal_size(0, 0, k) for k in range(3)] == [500, 490, 1000]
    assert reader.get_signal_sampling_rate(2) == 2000.0
    with pytest.raises(MockSessionError, match="stream_index="):
        reader.get_analogsignal_chunk()


def test_streams_whose_segments_differ_are_refused(handmade: Handmade) -> None:
    """A gap in one stream only, or streams of different times: the strict reader has them all alike."""
    handmade.lfp(1)
    handmade.stream(segments=[{"t_start_ms": T0, "n_samples": 800}, {"t_start_ms": T0 + 100, "n_samples": 800}])
    with pytest.raises(MockSessionError, match="same segments; found 1 in lfp, 2 in broadband"):
        opened(handmade, strict=True)
    handmade.stream(segments=[{"t_start_ms": T0 + 10_000, "n_samples": 1600}])
    with pytest.raises(MockSessionError, match="recorded at the same time"):
        opened(handmade, strict=True)


def test_one_sample_and_gaps_of_one_sample(handmade: Handmade) -> None:
    """Segments of one sample, a millisecond missing between them, are there one by one."""
    handmade.lfp(samples=np.arange(3, dtype=np.int16), ts=T0 + np.array([0, 2, 4]))
    reader = opened(handmade)
    assert [reader.get_analogsignal_chunk(seg_index=k).tolist() for k in range(3)] == [[[0]], [[1]], [[2]]]
    assert [reader.segment_t_start(0, k) for k in range(3)] == [0.0, 0.002, 0.004]


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i4", "u2"])
@pytest.mark.parametrize("size", [1e-3, 1.0, 3e4])
def test_any_source_dtype_is_within_half_a_count(dtype: str, size: float, handmade: Handmade) -> None:
    """Quantising is done in float64 whatever the file has: no count wraps, none is off by more."""
    values = (np.random.default_rng(0).uniform(-1, 1, 3000) * size).astype(dtype)
    handmade.lfp(samples=values)
    handmade.unit(times=np.array([float(T0)]), amps=values[:64].reshape(1, 64))
    with opened(handmade) as reader:
        gain = reader.header["signal_channels"]["gain"][0]
        found = reader.get_analogsignal_chunk()[:, 0] * gain
        assert np.abs(found - values.astype(np.float64)).max() <= gain / 2 * (1 + 1e-9)
        gain = reader.header["spike_channels"]["wf_gain"][0]
        found = reader.get_spike_raw_waveforms()[0, 0] * gain
        assert np.abs(found - values[:64].astype(np.float64)).max() <= gain / 2 * (1 + 1e-9)


def test_magnitudes_below_any_normal_number(handmade: Handmade) -> None:
    """A signal of subnormal size is 0 counts of gain 1, not garbage."""
    handmade.lfp(samples=np.array([1.5e-323, 0.0, -5e-324]))
    reader = opened(handmade)
    assert reader.header["signal_channels"]["gain"][0] == 1.0
    assert reader.get_analogsignal_chunk()[:, 0].tolist() == [0, 0, 0]


def test_buffers_that_do_not_fit(handmade: Handmade) -> None:
    """A read-only array, a list, or one that would be cast or broadcast into: each is refused."""
    handmade.lfp()
    reader = opened(handmade)
    raw = reader.get_analogsignal_chunk(i_stop=4)
    for out in (np.broadcast_to(np.int16(0), (4, 1)), [[0]] * 4, np.empty((4, 1), np.float32)):
        with pytest.raises(MockSessionError, match="out: expected a writable array"):
            reader.get_analogsignal_chunk(i_stop=4, out=out)
    for out in (np.empty((4, 1), np.int16), np.empty((4, 1)), np.empty((2, 4, 1), np.float32)):
        with pytest.raises(MockSessionError, match="out: expected a writable array"):
            reader.rescale_signal_raw_to_float(raw, dtype="float32", out=out)


@pytest.mark.parametrize("width", [1, 3])
def test_a_stream_of_the_other_byte_order(width: int, handmade: Handmade) -> None:
    """Its samples come out native, of any channels, in any segment, and into a buffer."""
    values = np.arange(1600 * width, dtype=np.int16).reshape(-1, width)
    segments = [{"t_start_ms": T0, "n_samples": 600}, {"t_start_ms": T0 + 50, "n_samples": 1000}]
    handmade.stream(samples=values.astype(">i2"), segments=segments)
    reader = opened(handmade)
    for chosen in (None, [0], [width - 1, 0][:width]):
        found = reader.get_analogsignal_chunk(0, 1, 5, 9, channel_indexes=chosen)
        expected = values[605:609] if chosen is None else values[605:609, chosen]
        assert found.dtype.isnative and found.tolist() == expected.tolist()
        out = np.empty_like(found)
        assert reader.get_analogsignal_chunk(0, 1, 5, 9, channel_indexes=chosen, out=out).tolist() == expected.tolist()


@pytest.mark.parametrize(("n", "known"), [(4, "CSC1, CSC2, CSC3, CSC4"), (5, "CSC1, CSC2, CSC3, CSC4, ...")])
def test_channels_that_there_are_are_named(n: int, known: str, handmade: Handmade) -> None:
    """An unknown channel's error names the first four that there are."""
    for channel in range(1, n + 1):
        handmade.lfp(channel, np.zeros(3, np.int16))
    with pytest.raises(MockSessionError, match=f"expected a channel id, one of {known}; found 'CSC9'"):
        opened(handmade).get_analogsignal_chunk(channel_ids=["CSC9"])


def test_two_files_for_one_channel(handmade: Handmade) -> None:
    """CSC1 and CSC01 are one channel; which file is it, is for their owner to say."""
    path = handmade.lfp(1)
    path.with_name("CSC01_lfp.npy").write_bytes(path.read_bytes())
    with pytest.raises(MockSessionError, match="one file for CSC1; found two"):
        opened(handmade)


@pytest.mark.parametrize("name", ["lfp", "x" * 65])
def test_stream_names_that_neo_cannot_hold(name: str, handmade: Handmade) -> None:
    """A stream called as another one, or by more than 64 characters, is refused by name."""
    handmade.lfp()
    handmade.stream(name)
    with pytest.raises(MockSessionError, match="no other stream has"):
        opened(handmade)


def test_how_many_files_stay_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream keeps a quarter of the files mapped that a process may open, 32 at least."""
    resource = pytest.importorskip("resource")
    for soft, most in ((1024, 256), (4096, 1024), (100, 32), (resource.RLIM_INFINITY, 1 << 16)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, soft=soft: (soft, soft))
        assert signals.most_maps() == most
