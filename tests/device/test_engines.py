"""The kernels and calls of the CUDA engines, so far as they can be run without a device."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from mockrawio.device import Envelope, stream_scaled
from mockrawio.device.choose import choose_engine
from mockrawio.device.cupy_engine import CupyEngine
from mockrawio.device.engine import HostEngine, namespace
from tests.device.backends import HAS_COMPAT


def test_old_numpy(monkeypatch):
    """A NumPy without astype() is taken through array-api-compat."""
    compatible = import_module("array_api_compat.numpy") if HAS_COMPAT else ModuleType("compatible")
    monkeypatch.setitem(sys.modules, "array_api_compat.numpy", compatible)
    monkeypatch.delattr("numpy.astype", raising=False)
    assert namespace("numpy") is compatible


class FakeArray(np.ndarray):
    """A NumPy array with the two methods by which CuPy's copies to and from the device."""

    def set(self, values, stream):
        assert stream.ptr
        np.copyto(self, values)

    def get(self):
        return np.asarray(self)


class FakeStream:
    """What CuPy's streams and events have, each done at once, told in a list."""

    def __init__(self, told, ptr):
        self.told, self.ptr = told, ptr

    def wait_event(self, event):
        self.told.append("wait")

    def record(self, stream):
        self.told.append(f"record {stream.ptr}")

    def synchronize(self):
        self.told.append("synchronize")


class FakeDevice:
    """CuPy's device, as a context manager."""

    def __init__(self, number=0):
        self.id = number

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass


def fake_cupy(told):
    """Return the names of CuPy that the engine calls, done by NumPy."""

    def kernel(arguments, result, code, name):
        assert (arguments, result) == ("R raw, A gain, A offset", "T out")
        return lambda raw, gain, offset, out: np.copyto(
            out, raw.astype(gain.dtype) * gain + offset, casting="same_kind"
        )

    def stream(non_blocking):
        assert non_blocking  # a blocking one would wait for the default stream
        return FakeStream(told, 2)

    cuda = SimpleNamespace(
        Device=FakeDevice,
        Stream=stream,
        Event=lambda block, disable_timing: FakeStream(told, 0),
        get_current_stream=lambda: FakeStream(told, 1),
    )
    return SimpleNamespace(
        cuda=cuda,
        empty=lambda shape, dtype: np.empty(shape, dtype).view(FakeArray),
        asarray=lambda values: np.asarray(values).view(FakeArray),
        ElementwiseKernel=kernel,
    )


@pytest.mark.parametrize("reuse", [False, True])
def test_cupy_calls(reuse, reader, monkeypatch):
    """CuPy's engine, over a stand-in of CuPy, gives the reader's values and records and waits as it should."""
    told = []
    engine = CupyEngine(fake_cupy(told), SimpleNamespace(empty_pinned=np.empty), 1)
    monkeypatch.setattr("mockrawio.device.stream.choose_engine", lambda *_: engine)
    with stream_scaled(reader, stream_index=0, chunk_size=500, out="cupy", reuse=reuse) as chunks:
        assert (chunks.device, chunks.library) == ("cuda:1", "cupy")
        found = np.concatenate([np.array(chunk) for chunk in chunks])
    monkeypatch.undo()
    with stream_scaled(reader, stream_index=0, chunk_size=500, device="cpu", out="numpy") as chunks:
        np.testing.assert_array_equal(found, np.concatenate(list(chunks)))
    assert told.count("record 2") == len(chunks)  # a copy event each, and
    assert told.count("record 1") == len(chunks) + 1  # a use event each, and the memory's first owner


def test_cupy_extremes():
    """CuPy's reduction is NumPy's."""
    engine = CupyEngine(fake_cupy([]), SimpleNamespace(empty_pinned=np.empty))
    raw = np.random.default_rng(11).integers(-9, 9, (30, 4), dtype=np.int16)
    for found, wanted in zip(engine.extremes(raw.view(FakeArray), 5), HostEngine().extremes(raw, 5), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_jax_on_another_device(monkeypatch):
    """torch lends JAX an array of its current device alone: cuda:1 is that while the array is lent, and no longer."""
    current = [0]

    @contextmanager
    def device(name):
        current.append(int(name.removeprefix("cuda:")))
        yield
        current.pop()

    def from_dlpack(values):
        assert current[-1] == 1
        return values

    def array(values, copy):
        made = np.array(values, copy=copy).view(FakeJaxArray)
        assert current[-1] == 0
        return made

    class OneOfTorch(HostEngine):
        def __init__(self, torch, index):
            super().__init__()
            self.device = f"cuda:{index}"

    names = {"torch": SimpleNamespace(cuda=SimpleNamespace(device=device))}
    names["jax.numpy"] = SimpleNamespace(from_dlpack=from_dlpack, array=array)
    monkeypatch.setattr("mockrawio.device.choose._import", names.__getitem__)
    monkeypatch.setattr("mockrawio.device.choose._lacks_cuda", lambda *_: "")
    monkeypatch.setattr("mockrawio.device.choose.TorchEngine", OneOfTorch)
    engine = choose_engine("cuda:1", "jax")
    assert (engine.device, engine.library) == ("cuda:1", "jax")
    assert engine.hand_over(np.arange(3)).tolist() == [0, 1, 2]


class FakeJaxArray(np.ndarray):
    """A NumPy array that is ready as soon as it is made."""

    def block_until_ready(self):
        return self


def test_libraries_without_a_driver(gains, monkeypatch, caplog):
    """A library that is installed but cannot load its driver is no device; "auto" goes on, and says why."""

    def broken(name):
        raise ImportError(f"{name}: libcuda.so.1: cannot open shared object file")

    monkeypatch.setattr("mockrawio.device.choose.find_spec", lambda name: name)
    monkeypatch.setattr("mockrawio.device.choose.import_module", broken)
    with caplog.at_level("INFO", "mockrawio.device"):
        assert Envelope(gains, device="auto").device == "cpu"
    assert "torch: libcuda.so.1" in caplog.text
    assert "cupy: libcuda.so.1" in caplog.text
    with pytest.raises(ImportError, match="libcuda"):
        Envelope(gains, device="cuda")
