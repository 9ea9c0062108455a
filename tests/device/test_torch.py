"""What only torch can show; not collected where it is not installed."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from mockrawio import MockSessionError
from mockrawio.device import stream_scaled
from mockrawio.device.engine import DeviceScale, HostEngine, make_scale
from mockrawio.device.torch_engine import TorchEngine, fused
from tests.benchmarks import gpu
from tests.device.backends import OPTIONAL, no_cuda


@pytest.mark.parametrize("offset", [0.0, -777.7])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_fused_kernel(dtype, offset):
    """torch takes the one call with strided int16 and mixed dtypes, writes where it is told to, and rounds once."""
    rng = np.random.default_rng(11)
    raw = rng.integers(-32768, 32768, (1000, 7), dtype=np.int16)
    gain, offsets = rng.uniform(0.05, 4, 3), np.array([offset, 0, offset])
    host = HostEngine("numpy")
    scale, out = make_scale(host, gain, offsets, dtype), torch.full((500, 3), np.nan, dtype=getattr(torch, dtype))
    place = out.data_ptr()
    tensors = DeviceScale(*(None if values is None else torch.from_numpy(values) for values in scale))
    fused(torch, torch.from_numpy(raw)[::2, 1:7:2], tensors, out)
    wanted = host.empty((500, 3), dtype)
    host.scale(raw[::2, 1:7:2], scale, wanted)
    assert out.data_ptr() == place
    np.testing.assert_array_max_ulp(
        out.numpy(), wanted, int(dtype == "float64")
    )  # its sum may be fused with the product


@pytest.mark.skipif(bool(no_cuda()), reason=no_cuda())
def test_pinned_and_in_place():
    """torch's slots are page-locked, and numbered devices are named so."""
    engine = TorchEngine(torch, 0)
    slot = engine.slot((4, 2), np.dtype(np.int16))
    assert slot.source.is_pinned()
    assert slot.host.ctypes.data == slot.source.data_ptr()
    assert engine.device == str(slot.raw.device) == "cuda:0"


@pytest.mark.skipif(bool(no_cuda()), reason=no_cuda())
def test_streams_of_ones_own(gains):
    """A consumer that goes from one CUDA stream to another, and never waits, sees every chunk as it is."""
    streams, kept = [torch.cuda.Stream() for _ in range(2)], []
    with stream_scaled(gains, stream_index=0, chunk_size=50, device="cuda") as chunks:
        for number in range(len(chunks)):
            with torch.cuda.stream(streams[number % 2]):
                kept.append(next(chunks).clone())
    torch.cuda.synchronize()
    wanted = gains.rescale_signal_raw_to_float(gains.get_analogsignal_chunk(), "float32")
    np.testing.assert_array_max_ulp(np.concatenate([chunk.cpu().numpy() for chunk in kept]), wanted, 1)


@pytest.mark.slow
def test_the_harness(tmp_path, capsys):
    """The measuring script checks itself, runs all its lines on the CPU, and says that this is no GPU."""
    report, table = tmp_path / "report.json", tmp_path / "table.inc"
    assert gpu.main(["--device", "cpu", "--small", "--json", str(report), "--rst", str(table)]) == 0
    printed = capsys.readouterr().out
    assert "say nothing of a GPU" in printed
    told = json.loads(report.read_text())
    assert told["correct"] is True
    assert set(told["int16_gb_per_s"]) == set(gpu.ROWS)
    assert all(rate > 0 for rate in told["int16_gb_per_s"].values())
    assert {out: len(rates) for out, rates in told["own_and_reused"].items()} == dict.fromkeys(gpu.libraries("cpu"), 2)
    assert told["zoom"]["later_s"] > 0 < told["waveforms"]["ours_s"]
    assert told["tests"]["lines"][-1].startswith("1 passed")
    assert told["pipeline"]["status"] == told["sanitizer"]["status"] == len(told["failed"]) == 0
    written = table.read_text()
    assert written.startswith(f".. list-table:: {told['name']}, torch {torch.__version__}")
    assert all(row in printed and row in written for row in gpu.ROWS.values())


@pytest.mark.skipif(not no_cuda(), reason="there is a CUDA device")
def test_the_harness_without_a_device(capsys):
    """Where there is no such device the script measures nothing, and says so."""
    assert gpu.main(["--small"]) == 1
    assert "expected a CUDA device that torch can use; found none" in capsys.readouterr().err


def test_the_harness_keeps_to_its_time():
    """A command that takes too long is ended, its last lines are kept, and with no time left none is begun."""
    slow = "print('begun', flush=True); import time; time.sleep(60)"
    late = gpu.apart([gpu.sys.executable, "-c", slow], 1.5)
    assert (late["status"], late["lines"]) == (124, ["begun", "stopped after 2 s"])
    assert gpu.apart(["false"], 0.5)["lines"] == ["left out: no time is left"]


@pytest.mark.skipif(not no_cuda(), reason="there is a CUDA device")
@pytest.mark.parametrize("library", [name for name in OPTIONAL if name != "array_api_strict"])
def test_no_cuda(library, gains, monkeypatch):
    """Without a device, "cuda" is an error that says what was looked for and what to do."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    message = rf"expected a CUDA device that {library} can use; found none: torch .*CUDA_VISIBLE_DEVICES is '7'.*'auto'"
    with pytest.raises(MockSessionError, match=message):
        stream_scaled(gains, stream_index=0, chunk_size=100, device="cuda", out=library)
