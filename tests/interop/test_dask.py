"""Lazy arrays against the reader, however they are computed."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys

import dask
import dask.array as da
import numpy as np
import pytest
import xarray
from hypothesis import given, settings
from hypothesis import strategies as st
from xarray.indexes import RangeIndex

from mockrawio import BoundsError, MockSessionError, MockSessionRawIO, SessionSpec, generate_session
from mockrawio.ground.extras import MissingExtraError, install_command
from mockrawio.interop import dask as interop
from mockrawio.interop.dask import SegmentSource, to_dask_array, to_xarray
from mockrawio.rawio import StreamView
from tests.handmade import Handmade
from tests.length import rounds
from tests.processes import fresh

LFP, BROADBAND = 0, 1


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The same session in both encodings: LFP of 3 channels, a file each, and broadband of 16 in one, 2 segments."""
    root = tmp_path_factory.mktemp("dask")
    spec = {"segments": (1.5, 1.0), "n_units": 4, "n_lfp_channels": 3, "seed": 4}
    return {
        "int16": generate_session(SessionSpec.broadband(**spec, probe="bundles", n_channels=16), root / "int16"),
        "float64": generate_session(SessionSpec(**spec, encoding="float64"), root / "float64"),
    }


@pytest.fixture(params=["int16", "float64", "source"])
def reader(request, folders):
    """A reader of int16, of floats as int16, and of floats as they are."""
    folder = folders.get(request.param, folders["float64"])
    with MockSessionRawIO(folder, raw_dtype="source" if request.param == "source" else "int16") as opened:
        yield opened


@pytest.fixture(scope="module")
def broadband(folders):
    """Segment 0 of the broadband stream: the array in memory, and lazily in odd chunks, raw and scaled."""
    with MockSessionRawIO(folders["int16"]) as reader:
        raw = reader.get_analogsignal_chunk(stream_index=BROADBAND).copy()
        scaled = reader.rescale_signal_raw_to_float(raw, stream_index=BROADBAND)
        lazy = [to_dask_array(reader, BROADBAND, s, chunks=(7001, 5), seg_index=0) for s in (False, True)]
    return raw, scaled, *lazy


def expected_and_lazy(reader):
    """Return every segment of every stream, raw and scaled, as the reader has it and as lazy arrays."""
    expected, lazy = [], []
    for stream in range(reader.signal_streams_count()):
        for seg in range(2):
            raw = reader.get_analogsignal_chunk(0, seg, None, None, stream).copy()
            expected += [raw, reader.rescale_signal_raw_to_float(raw, "float64", stream)]
            lazy.append(to_dask_array(reader, stream, chunks=(20_000, -1), seg_index=seg))
            lazy.append(to_dask_array(reader, stream, True, seg_index=seg, dtype="float64"))
    return expected, lazy


def assert_computed(expected, lazy, **how):
    """Check that what is computed is what is expected, and what was said of it before."""
    for wanted, array, found in zip(expected, lazy, dask.compute(*lazy, **how), strict=True):
        assert array.shape == wanted.shape
        assert array.dtype == found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("scheduler", ["sync", "threads"])
def test_equals_the_reader(reader, scheduler):
    """Every segment of every stream, raw and scaled, is the reader's, dtype included."""
    assert_computed(*expected_and_lazy(reader), scheduler=scheduler)


@pytest.mark.at_length
@pytest.mark.slow
def test_processes(folders):
    """Other processes compute the same, after the readers have been closed."""
    expected, lazy = [], []
    for folder in folders.values():
        with MockSessionRawIO(folder) as opened:
            more_expected, more_lazy = expected_and_lazy(opened)
        expected += more_expected
        lazy += more_lazy
    with dask.config.set({"multiprocessing.context": fresh()}):
        assert_computed(expected, lazy, scheduler="processes", num_workers=2)


def slices(least, most):
    """Return a strategy for slices with these limits, in either direction."""
    number = st.none() | st.integers(least, most)
    return st.builds(slice, number, number, st.sampled_from([None, 1, 2, 7, 1000, -1, -3]))


@pytest.mark.at_length
@pytest.mark.slow
@settings(max_examples=rounds(30, 80), deadline=None)
@given(data=st.data())
def test_slices(broadband, data):
    """Whatever is taken from the lazy array, twice over, is what NumPy takes from the reader's."""
    raw, scaled, lazy, lazy_scaled = broadband
    size = len(raw)
    # No start lies before the first element: with a negative step Dask takes it for that element.
    rows = data.draw(slices(-size, size + 5) | st.integers(-size, size - 1))
    columns = data.draw(slices(-16, 20) | st.integers(-16, 15) | st.lists(st.integers(0, 15), min_size=1))
    again = data.draw(slices(0, 100)) if isinstance(rows, slice) else ...
    for expected, array in ((raw, lazy), (scaled, lazy_scaled)):
        found = array[rows, columns][again].compute(scheduler="sync")
        np.testing.assert_array_equal(found, expected[rows, columns][again])


def test_touches_only_its_bytes(folders, monkeypatch):
    """A chunk reads its own samples, and a slice of one no more than the slice."""
    read = []
    with MockSessionRawIO(folders["int16"]) as reader:
        original = StreamView.read
        monkeypatch.setattr(StreamView, "read", lambda *a: read.append(a[1:]) or original(*a))
        lazy = to_dask_array(reader, LFP, chunks=(500, -1), seg_index=1)
        assert read == []
        lazy.blocks[1].compute(scheduler="sync")
        lazy[620:640, 2].compute(scheduler="sync")
    assert [(start, stop) for _, start, stop, _ in read] == [(500, 1000), (620, 640)]
    assert read[1][3] == slice(2, 3)


def test_zero_copy(folders):
    """What a task is given of a stream in one array is a view of the mapped file."""
    given = []
    with MockSessionRawIO(folders["int16"]) as reader:
        lazy = to_dask_array(reader, BROADBAND, chunks=(1000, -1), seg_index=0).blocks[3]
        lazy.map_blocks(lambda chunk: given.append(chunk) or chunk, meta=lazy._meta).compute(scheduler="sync")
        assert np.shares_memory(given[0], reader.get_analogsignal_chunk(0, 0, 3000, 4000, BROADBAND))
    assert not given[0].flags.writeable


@pytest.mark.slow
def test_graphs_are_small(folders):
    """A graph grows by less than 200 bytes a chunk: the source, without maps or samples, is in it once."""
    with MockSessionRawIO(folders["int16"]) as reader:
        few, many = (to_dask_array(reader, BROADBAND, chunks=(n, -1), seg_index=0) for n in (24_000, 48))
    assert (few.npartitions, many.npartitions) == (2, 1000)
    sizes = [len(pickle.dumps(lazy.__dask_graph__().to_dict())) for lazy in (few, many)]
    assert sizes[0] < 6000
    assert sizes[1] - sizes[0] < 200 * 1000


def test_names_tell_arrays_apart(folders):
    """The same request has the same name; another segment, scale, dtype or content has another."""
    folder = folders["int16"]
    with MockSessionRawIO(folder) as reader, MockSessionRawIO(folder) as other:
        options = [{}, {"seg_index": 1}, {"scaled": True}, {"scaled": True, "dtype": "float64"}]
        names = [to_dask_array(reader, LFP, **{"seg_index": 0, **o}).name for o in options]
        assert len(set(names)) == len(names)
        assert to_dask_array(other, LFP, seg_index=0).name == names[0]
        os.utime(folder / "lfp_data" / "CSC2_lfp.npy")
        assert to_dask_array(other, LFP, seg_index=0).name != names[0]


def test_protocol_2(tmp_path):
    """A file that had to be decoded in memory is served, and told apart, as well."""
    maker = Handmade(tmp_path / "session_1")
    path = maker.lfp(gain=0.5)
    pickled = pickle.dumps(np.load(path, allow_pickle=True), protocol=2)
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
        file.write(pickled)
    with MockSessionRawIO(tmp_path / "session_1", raw_dtype="source") as reader:
        lazy, same = to_dask_array(reader), to_dask_array(reader)
        np.testing.assert_array_equal(lazy.compute(), reader.get_analogsignal_chunk())
    assert lazy.name == same.name


def test_chunks(folders):
    """Chunks are as Dask has them; "auto" keeps the channels together and follows its chunk size."""
    with MockSessionRawIO(folders["int16"]) as reader:
        assert to_dask_array(reader, BROADBAND, chunks=20_000, seg_index=0).chunks == ((20_000, 20_000, 8000), (16,))
        assert to_dask_array(reader, BROADBAND, chunks=(-1, 4), seg_index=0).chunks == ((48_000,), (4,) * 4)
        with dask.config.set({"array.chunk-size": "64 kiB"}):
            rows, columns = to_dask_array(reader, BROADBAND, seg_index=0).chunks
        assert columns == (16,)
        assert rows[0] == 2048


def test_segments_are_arrays_of_their_own(folders):
    """With several segments one has to be named; concatenate puts them together."""
    with MockSessionRawIO(folders["int16"]) as reader:
        with pytest.raises(MockSessionError, match=r"seg_index=, there are 2 segments; found None. Give 0 to 1."):
            to_dask_array(reader, LFP)
        both = da.concatenate([to_dask_array(reader, LFP, seg_index=k) for k in range(2)])
        assert both.shape == (2500, 3)


def test_wrong_arguments(folders):
    """What lies outside, is left out, or is no float is refused with what to do."""
    with MockSessionRawIO(folders["int16"]) as reader:
        with pytest.raises(MockSessionError, match="expected stream_index="):
            to_dask_array(reader)
        for wrong in ({"seg_index": 2}, {"block_index": 1, "seg_index": 0}, {"stream_index": 2}):
            with pytest.raises(BoundsError):
                to_dask_array(reader, **{"stream_index": LFP, **wrong})
        with pytest.raises(MockSessionError, match="expected a floating dtype for scaled values; found int16"):
            to_dask_array(reader, LFP, True, seg_index=0, dtype="int16")
        with pytest.raises(MockSessionError, match="times: expected 'values' or 'range'; found 'index'"):
            to_xarray(reader, LFP, seg_index=0, times="index")
    with pytest.raises(MockSessionError, match="is closed"):
        to_dask_array(reader, LFP, seg_index=0)


def test_xarray_raw(folders):
    """Raw values come with gain and offset by channel, and times, ids, names and regions are the reader's."""
    with MockSessionRawIO(folders["int16"]) as reader:
        lazy = to_xarray(reader, BROADBAND, seg_index=1)
        header = reader.header["signal_channels"]
        header = header[header["stream_id"] == "broadband"]
        raw = reader.get_analogsignal_chunk(0, 1, None, None, BROADBAND)
        scaled = reader.rescale_signal_raw_to_float(raw, "float64", BROADBAND)
        t_start, zero = reader.get_signal_t_start(0, 1, BROADBAND), reader.time_origin_ms
    assert lazy.dims == ("time", "channel")
    assert lazy.name == "broadband"
    who = {"patient_id": 1, "session_nr": 1, "time_origin_ms": zero}
    assert lazy.attrs == {"units": "counts", "sampling_rate": 32000.0, "seg_index": 1, **who}
    assert lazy.channel.values.tolist() == header["id"].tolist()
    assert lazy.channel_name.values.tolist() == header["name"].tolist()
    assert lazy.region.values.tolist() == ["LA"] * 8 + ["LAH"] * 8
    assert lazy.bundle.values.tolist() == [0] * 8 + [1] * 8
    np.testing.assert_array_equal(lazy.time, t_start + np.arange(32_000) / 32_000)
    np.testing.assert_array_equal(lazy, raw)
    chosen = lazy.sel(channel=["CSC9", "CSC2"])
    np.testing.assert_allclose(chosen * chosen.gain + chosen.offset, scaled[:, [8, 1]], rtol=1e-15)


def test_xarray_scaled(folders):
    """Scaled values are in µV, selected by time in seconds, and two segments make one array with a gap."""
    with MockSessionRawIO(folders["int16"]) as reader:
        parts = [to_xarray(reader, LFP, True, seg_index=k) for k in range(2)]
        raw = reader.get_analogsignal_chunk(0, 0, 500, 1001, LFP)
        expected = reader.rescale_signal_raw_to_float(raw, stream_index=LFP)
    assert parts[0].units == "uV"
    assert "gain" not in parts[0].coords
    np.testing.assert_array_equal(parts[0].sel(time=slice(0.5, 1.0)), expected)
    both = xarray.concat(parts, "time")
    assert np.diff(both.time).max() == pytest.approx(2.001)


def test_xarray_times_as_a_range(folders, monkeypatch):
    """A range takes no memory a sample and finds the nearest; values that would take too much are refused."""
    with MockSessionRawIO(folders["int16"]) as reader:
        values, lazy = (to_xarray(reader, BROADBAND, seg_index=1, times=t) for t in ("values", "range"))
        monkeypatch.setattr(interop, "MOST_TIMES", 31_999)
        with pytest.raises(MockSessionError, match=r"found 32000 in stream broadband. Give times='range'."):
            to_xarray(reader, BROADBAND, seg_index=1)
    assert isinstance(lazy.xindexes["time"], RangeIndex)
    np.testing.assert_allclose(lazy.time, values.time, rtol=1e-15)
    nearest = lazy.sel(time=4.00001, method="nearest")
    assert float(nearest.time) == pytest.approx(4.0)
    np.testing.assert_array_equal(nearest, values.sel(time=4.00001, method="nearest"))


def test_source_indexing(folders):
    """The source by itself gives NumPy's shapes for whole numbers, empty slices, steps and lists."""
    with MockSessionRawIO(folders["float64"]) as reader:
        source = SegmentSource(reader.stream(LFP), 0, None)
        raw = reader.get_analogsignal_chunk(stream_index=LFP)
        keys = [(5, 1), (slice(9, 3), slice(None)), (slice(3, 30, 4), 2), (7, [2, 0]), ([9, 2, 9], 1), ([], slice(2))]
        for key in keys:
            found = source[key]
            np.testing.assert_array_equal(found, raw[key])
            assert found.shape == raw[key].shape


@pytest.mark.slow
def test_without_dask():
    """Without Dask the import's error says which extra brings it."""
    code = "import sys; sys.modules['dask'] = None; import mockrawio.interop.dask"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "MissingExtraError" in done.stderr
    assert install_command("dask") in done.stderr


def test_without_xarray(folders, monkeypatch):
    """Without xarray the error says which extra brings it."""
    monkeypatch.setitem(sys.modules, "xarray", None)
    with (
        MockSessionRawIO(folders["float64"]) as reader,
        pytest.raises(MissingExtraError, match=re.escape(install_command("dask"))),
    ):
        to_xarray(reader, seg_index=0)
