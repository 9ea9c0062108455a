"""torch's devices other than CUDA, so far as our own branches go, over a stand-in for what torch has of them."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.device import Envelope, stream_scaled, waveforms_to_device
from mockrawio.device.choose import choose_engine
from tests.device.backends import as_numpy
from tests.device.test_engines import FakeStream
from tests.handmade import T0, Handmade

torch = pytest.importorskip("torch")


class There(torch.Tensor):
    """A tensor that says it is where it was put."""

    def to(self, device):
        return self.clone()

    def record_stream(self, stream):
        stream.told.append("use")


class Stream(FakeStream):
    """A stream that can wait for another, too."""

    def wait_stream(self, other):
        self.told.append(f"{self.ptr} follows {other.ptr}")


class FakeTorch:
    """What of torch the engines call, done on the CPU by torch itself; `told` is what was asked of its streams."""

    __version__ = "2.99"
    version = SimpleNamespace(cuda=None, hip=None)
    float32, float64, int16, mul, addcmul = torch.float32, torch.float64, torch.int16, torch.mul, torch.addcmul
    from_numpy = staticmethod(lambda values: torch.from_numpy(values).as_subclass(There))
    device = staticmethod(lambda kind, index: f"{kind}:{index}")

    def __init__(self, count=1, pins=True, has_fp64=True):
        self.told, self.pins = [], pins
        current, new = Stream(self.told, 1), Stream(self.told, 2)
        self.xpu = self.cuda = SimpleNamespace(
            is_available=lambda: count > 0,
            device_count=lambda: count,
            current_device=lambda: 0,
            current_stream=lambda device: current,
            Stream=lambda device: new,
            Event=lambda **blocking: Stream(self.told, 0),
            stream=lambda stream: nullcontext(),
            get_device_properties=lambda device: SimpleNamespace(has_fp64=has_fp64),
        )
        self.backends = SimpleNamespace(mps=self.xpu)

    def empty(self, shape, dtype, device="cpu", pin_memory=False):
        if pin_memory and not self.pins:
            raise RuntimeError("cannot pin 'torch.ShortTensor': only dense CPU tensors can be pinned")
        assert str(device).partition(":")[0] in ("cpu", "xpu", "cuda", "mps")
        return torch.empty(shape, dtype=dtype).as_subclass(There)


@pytest.fixture
def use(monkeypatch):
    """Put a stand-in where torch is imported."""
    return lambda fake: (
        monkeypatch.setattr("mockrawio.device.choose.import_module", {"torch": fake}.__getitem__) or fake
    )


def streamed(reader, device, **options):
    with stream_scaled(reader, stream_index=0, chunk_size=500, device=device, **options) as chunks:
        return np.concatenate([as_numpy(torch.Tensor(chunk)) for chunk in chunks])


@pytest.mark.parametrize("reuse", [False, True])
@pytest.mark.parametrize("device", ["xpu", "xpu:1", "mps"])
def test_values(device, reuse, reader, use):
    """xpu and mps give the reader's values; in xpu's streams copies and kernels are recorded and waited for."""
    told = use(FakeTorch(count=2)).told
    found = streamed(reader, device, reuse=reuse)
    raw = reader.get_analogsignal_chunk(stream_index=0)
    wanted = reader.rescale_signal_raw_to_float(raw, "float32", 0)
    scales = reader.header["signal_channels"][["gain", "offset"]].tolist()
    # product, offset and sum are rounded, here and by the reader, each by half a digit of the largest sum at most
    room = [3 * np.spacing(np.float32(32768 * gain + abs(offset))) for gain, offset in scales]
    exact = not any(offset for _, offset in scales)
    assert np.array_equal(found, wanted) if exact else (np.abs(found.astype(float) - wanted) <= room).all()
    n_chunks = -(-len(raw) // 500)
    assert told.count("record 2") == told.count("use") == (0 if device == "mps" else n_chunks)


@pytest.mark.parametrize("fake", [FakeTorch(), FakeTorch(has_fp64=False)], ids=["float64", "none"])
@pytest.mark.parametrize("device", ["xpu", "mps"])
def test_float64_where_there_is_none(device, fake, gains, use):
    """float64 is refused on mps, and on an xpu that lacks it; gains are then put there as float32."""
    use(fake)
    engine = choose_engine(device, "torch")
    if engine.widest == "float64":
        assert streamed(gains, device, dtype="float64").dtype == np.float64
    else:
        with pytest.raises(MockSessionError, match=f"dtype: expected 'float32', all that {engine.device} has"):
            streamed(gains, device, dtype="float64")
    assert (engine.widest == "float64") is (device == "xpu" and fake.xpu.get_device_properties(0).has_fp64)


@pytest.mark.parametrize("device", ["xpu", "mps"])
def test_views_and_waveforms(device, gains, use, tmp_path):
    """A view, and the waveforms of units with offsets of their own, are the CPU's there too."""
    use(FakeTorch())
    assert Envelope(gains, device=device).device.startswith(device)
    found, wanted = (Envelope(gains, device=one).view(None, None, 9) for one in (device, "cpu"))
    np.testing.assert_array_equal(found.low, wanted.low)
    np.testing.assert_array_equal(found.high, wanted.high)
    made, rng = Handmade(tmp_path / "s"), np.random.default_rng(7)
    for number in (1, 2):
        amps = rng.integers(-3000, 3000, (9, 64), dtype=np.int16)
        made.unit(f"CSC{number}_SU1", T0 + np.arange(9.0), amps, gain=0.1 * number, offset=number)
    with type(gains)(made.folder) as units:
        there, here = (
            waveforms_to_device(units, device=one, out=out) for one, out in ((device, "torch"), ("cpu", "numpy"))
        )
    np.testing.assert_allclose(as_numpy(torch.Tensor(there.waveforms)), here.waveforms, rtol=2**-22, atol=2**-21)
    assert as_numpy(torch.Tensor(there.unit_index)).tolist() == here.unit_index.tolist()


@pytest.mark.parametrize("device", ["cuda", "xpu"])
def test_no_page_locked_memory(device, gains, use, monkeypatch, caplog):
    """Where no memory can be pinned, ordinary memory is taken, with a warning, and the values are the same."""
    fake = use(FakeTorch(pins=False))
    fake.version = SimpleNamespace(cuda=None, hip="6.4")
    monkeypatch.setattr("mockrawio.device.choose.find_spec", lambda name: name)
    found = streamed(gains, device)
    np.testing.assert_array_equal(found, gains.rescale_signal_raw_to_float(gains.get_analogsignal_chunk(), "float32"))
    assert f"{device}:0: no page-locked memory, so copies are slower: cannot pin" in caplog.text


def test_rocm_is_cuda_to_torch(gains, use, monkeypatch):
    """A torch for ROCm has "cuda"; where it sees no device, the error speaks of ROCm."""
    monkeypatch.setattr("mockrawio.device.choose.find_spec", lambda name: name)
    fake = use(FakeTorch(count=0))
    fake.version = SimpleNamespace(cuda=None, hip="6.4")
    with pytest.raises(MockSessionError, match="torch 2.99, built for ROCm 6.4, sees no device; rocm-smi shows"):
        streamed(gains, "cuda")


@pytest.mark.parametrize(("device", "out", "message"), [
    ("xpu", "torch", "device='xpu': expected one that torch can use; found 0 of them, by torch 2.99"),
    ("mps", "torch", "device='mps': expected one that torch can use; found 0 of them"),
    ("xpu:3", "torch", "found 0 of them"),
    ("mps", "numpy", "device='mps': expected out='torch', which alone has it; found 'numpy'"),
    ("mps:0", "torch", "device: expected 'cuda', .*; found 'mps:0'"),
])  # fmt: skip
def test_not_there(device, out, message, gains, use):
    """A device that is not there, or not of that library, is an error that says so."""
    use(FakeTorch(count=0))
    with pytest.raises(MockSessionError, match=message):
        stream_scaled(gains, stream_index=0, chunk_size=100, device=device, out=out)
