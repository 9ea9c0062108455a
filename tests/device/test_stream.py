"""Streams of scaled samples are what the reader itself makes of them."""

from __future__ import annotations

import logging
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockrawio import BoundsError, MockSessionError, MockSessionRawIO
from mockrawio.device import stream_scaled
from tests.device.backends import BACKENDS, CUDA, as_numpy, no_cuda
from tests.length import rounds

SELECTIONS = [None, [0], [2, 0], slice(None, None, 2), slice(1, 3), [True, False, True], np.array([], int), [1]]
LIBRARIES = [("cpu", name) for name in BACKENDS] + CUDA


def streamed(reader, **options):
    """Return all chunks as one array in memory."""
    with stream_scaled(
        reader, **{"stream_index": 0, "chunk_size": 512, "device": "cpu", "out": "numpy", **options}
    ) as s:
        chunks = [as_numpy(chunk) for chunk in s]
        assert len(chunks) == len(s)
        assert s.shape == (sum(map(len, chunks)), len(s.channel_ids))
        return np.concatenate([np.empty((0, s.shape[1]), options.get("dtype", "float32")), *chunks])


def slow(reader, dtype="float32", seg_index=0, channel_indexes=None, decimate=1, window=slice(None)):
    """Return the same by the reader: exactly what is promised."""
    everything = slice(None) if channel_indexes is None else channel_indexes
    raw = reader.get_analogsignal_chunk(0, seg_index, stream_index=0, channel_indexes=everything)[window][::decimate]
    exact, plain = (reader.rescale_signal_raw_to_float(raw, kind, 0, everything) for kind in ("float64", dtype))
    offset = reader.header["signal_channels"]["offset"][everything]
    result = exact.astype(dtype) if offset.any() else plain
    # Within 1 ulp of the reader's own float32, at the size of the largest term of the sum.
    room = np.spacing(np.maximum(np.abs(exact), np.abs(exact - offset)).astype(dtype))
    assert (np.abs(result.astype(np.float64) - plain) <= room).all()
    return result


@pytest.mark.parametrize(("device", "library"), LIBRARIES)
@pytest.mark.parametrize("seg_index", [0, 1])
def test_every_library(device, library, seg_index, reader):
    """Each library gets the reader's values, in chunks of any size, of float sources too."""
    for chunk_size in (511, 100_000):
        found = streamed(reader, device=device, out=library, chunk_size=chunk_size, seg_index=seg_index)
        np.testing.assert_array_max_ulp(found, slow(reader, seg_index=seg_index), int(device == "cuda"))


@pytest.mark.parametrize(("device", "library"), [one for one in LIBRARIES if "jax" not in one])
def test_float64(device, library, reader):
    """float64 is exact."""
    found = streamed(reader, device=device, out=library, dtype="float64")
    np.testing.assert_array_max_ulp(found, slow(reader, "float64"), int(device == "cuda"), dtype=np.float64)


@pytest.mark.parametrize("channel_indexes", SELECTIONS, ids=str)
@pytest.mark.parametrize(("device", "library"), LIBRARIES)
def test_selections(device, library, channel_indexes, gains):
    """Channels are chosen as the reader chooses them, and keep their gains."""
    if isinstance(channel_indexes, list) and channel_indexes[0] is True:
        channel_indexes = channel_indexes * 2  # a mask of all six
    found = streamed(gains, device=device, out=library, channel_indexes=channel_indexes, decimate=3)
    np.testing.assert_array_max_ulp(found, slow(gains, channel_indexes=channel_indexes, decimate=3), 1)


@pytest.mark.at_length
@settings(max_examples=rounds(21, 60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_request(data, folders):
    """Any window, chunk size, decimation and selection, of any session, by the slow way."""
    with MockSessionRawIO(folders[data.draw(st.sampled_from(sorted(folders)))]) as reader:
        seg_index = data.draw(st.integers(0, 1))
        size = reader.get_signal_size(0, seg_index, 0)
        start, stop = sorted(data.draw(st.tuples(*[st.integers(0, size)] * 2)))
        count = len(reader.header["signal_channels"])
        steps = st.sampled_from([None, -2, 1, 2, 5])
        indexes = data.draw(
            st.builds(slice, st.integers(0, count) | st.none(), st.none(), steps)
            | st.lists(st.integers(0, count - 1), min_size=1, max_size=8)
        )
        decimate = data.draw(st.integers(1, 700))
        rate, origin = reader.get_signal_sampling_rate(0), reader.get_signal_t_start(0, seg_index, 0)
        found = streamed(
            reader,
            chunk_size=data.draw(st.integers(50, 3000)),
            channel_indexes=indexes,
            decimate=decimate,
            depth=data.draw(st.integers(1, 3)),
            seg_index=seg_index,
            t_start=origin + start / rate,
            t_stop=origin + stop / rate,
        )
        window = slice(start, stop)
        wanted = slow(reader, seg_index=seg_index, channel_indexes=indexes, decimate=decimate, window=window)
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(("t_start", "t_stop", "window"), [
    (None, 0.01, slice(0, 320)),
    (0.01, None, slice(320, None)),
    (-5.0, 99.0, slice(None)),
    (0.01, 0.01, slice(0, 0)),
    (50.0, 60.0, slice(0, 0)),
    (-2.0, -1.0, slice(0, 0)),
    (0.010001, 0.0101, slice(321, 324)),
])  # fmt: skip
def test_windows(t_start, t_stop, window, gains):
    """A window has the samples from its start to before its end, so far as there are any."""
    origin = gains.get_signal_t_start(0, 0, 0)
    limits = {"t_start": t_start, "t_stop": t_stop}
    limits = {key: None if t is None else t + origin for key, t in limits.items()}
    np.testing.assert_array_equal(streamed(gains, **limits), slow(gains, window=window))


def test_source_floats(folders):
    """Floats that are served as they are come out as they are, in the dtype asked for."""
    with MockSessionRawIO(folders["floats"], raw_dtype="source") as reader:
        wanted = reader.get_analogsignal_chunk(stream_index=0)
        np.testing.assert_array_equal(streamed(reader, dtype="float64"), wanted)
        np.testing.assert_array_equal(streamed(reader), wanted.astype(np.float32))


def test_where_it_is(gains):
    """The iterator says what it gives: device, library, samples, channels."""
    options = {"chunk_size": 100, "device": "auto", "out": "numpy", "t_start": gains.get_signal_t_start(0, 0) + 1 / 320}
    with stream_scaled(gains, stream_index=None, channel_indexes=[5, 1], decimate=7, **options) as chunks:
        assert (chunks.device, chunks.library) == ("cpu", "numpy")
        assert (chunks.i_start, chunks.i_stop, chunks.shape) == (100, 2700, (372, 2))
        assert chunks.channel_ids == ["CSC6", "CSC2"]


@pytest.mark.parametrize(("wrong", "message"), [
    ({"chunk_size": 0}, "chunk_size: expected 1 sample or more; found 0"),
    ({"chunk_size": 1.5}, "chunk_size: expected 1 sample or more; found 1.5"),
    ({"decimate": 2.5}, "decimate: expected 1 sample or more; found 2.5"),
    ({"depth": "2"}, "depth: expected 1 slot or more; found '2'"),
    ({"decimate": -1}, "decimate: expected 1 sample or more; found -1"),
    ({"dtype": "int16"}, "dtype: expected 'float32' or 'float64'; found 'int16'"),
    ({"out": "tensorflow"}, "out: expected one of torch, cupy, jax, numpy, array_api_strict; found 'tensorflow'"),
    ({"device": "gpu"}, "device: expected 'cuda', 'cuda:0', 'cpu', 'auto', or torch's .*; found 'gpu'"),
    ({"device": "cpu:1"}, "found 'cpu:1'"),
    ({"device": "cuda"}, "expected a CUDA device that numpy can use; found none: numpy computes on the CPU only"),
    ({"out": "cupy"}, "device='cpu': expected out= as one of torch, jax, numpy, array_api_strict; found 'cupy'"),
    ({"t_start": 2.0, "t_stop": 1.0}, "t_start, t_stop: expected finite seconds"),
    ({"t_start": float("nan")}, "found nan, None"),
])  # fmt: skip
def test_wrong_arguments(wrong, message, gains):
    """What cannot be done is refused before a thread is started, with what was expected."""
    with pytest.raises(MockSessionError, match=message):
        streamed(gains, **wrong)


@pytest.mark.parametrize("wrong", [
    {"stream_index": 1}, {"seg_index": 2}, {"block_index": 1}, {"channel_indexes": [6]}, {"channel_indexes": [True]},
])  # fmt: skip
def test_wrong_indexes(wrong, gains):
    """An index outside the session is the reader's own error."""
    with pytest.raises(BoundsError):
        streamed(gains, **wrong)


def test_import_is_light():
    """Importing the package imports none of the libraries that it can use."""
    code = "import sys, mockrawio.device as d; print(*{'torch', 'jax', 'cupy', 'array_api_compat'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("library", BACKENDS)
def test_auto_says_what_it_chose(library, gains, caplog):
    """device="auto" tells its choice, and why, at INFO, and as an attribute."""
    with caplog.at_level(logging.INFO, "mockrawio.device"):
        chunks = stream_scaled(gains, stream_index=0, chunk_size=100, device="auto", out=library)
    with chunks:
        (told,) = [record.message for record in caplog.records if record.name == "mockrawio.device"]
        assert told.startswith(f"device='auto' is {chunks.device} by {library}")
        assert chunks.device == "cpu" or not no_cuda()


@pytest.mark.parametrize(("library", "remedy"), [
    ("torch", r"pip install .*\[gpu\]'"), ("jax", r"pip install 'jax\[cuda12\]'"), ("cupy", "pip install cupy"),
])  # fmt: skip
@pytest.mark.parametrize("device", ["cuda", "auto"])
def test_missing_library(device, library, remedy, gains, monkeypatch):
    """A library that is not installed is an error that says what to install, on whatever device."""
    for name in ("torch", "array_api_compat.torch", "jax", "jax.numpy", "cupy"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr("mockrawio.device.choose.find_spec", lambda name: None)
    if (device, library) == ("cuda", "jax"):
        remedy = r"\[gpu\]'"  # torch moves the data there
    with pytest.raises(ImportError, match=remedy):
        streamed(gains, device=device, out=library)
