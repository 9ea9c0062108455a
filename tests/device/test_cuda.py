"""The waits of the pipeline on a real CUDA device that is made late, one sleep at a time.

What :mod:`tests.device.test_pipeline` shows on the simulated device: with all of its waits every chunk is as it is, and
without any one of them it is not. Only a device runs this.
"""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio.device import stream_scaled
from mockrawio.device.torch_engine import TorchEngine
from tests.device.backends import no_cuda

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.skipif(bool(no_cuda()), reason=no_cuda())

CYCLES = 20_000_000  # some 10 ms: far longer than it takes to read or to queue a chunk
# Which wait is left out, and what has to be late for it to be missed.
NEEDED = [("synchronize", "copy"), ("wait of consumer", "copy"), ("wait of copy", "kernel"), ("follow", "consumer")]


class Late(TorchEngine):
    """torch's engine, with a sleep before each copy or kernel, less one of its waits."""

    def __init__(self, late: str, broken: str = "") -> None:
        super().__init__(torch)
        self.late, self.broken, self.copying = late, broken, None

    def sleep(self, what, stream=None):
        """Let a stream, the current one by default, do nothing for a while, if this is what is late."""
        if what == self.late:
            with torch.cuda.stream(stream):
                torch.cuda._sleep(CYCLES)

    def stream(self):
        self.copying = super().stream()
        return self.copying

    def wait(self, stream, event):
        if self.broken != f"wait of {'copy' if stream == self.copying else 'consumer'}":
            super().wait(stream, event)

    def follow(self, stream, other):
        if self.broken != "follow":
            super().follow(stream, other)

    def synchronize(self, event):
        if self.broken != "synchronize":
            super().synchronize(event)

    def upload(self, slot, rows, stream):
        self.sleep("copy", stream)
        super().upload(slot, rows, stream)

    def scale(self, raw, scale, out):
        self.sleep("kernel")
        super().scale(raw, scale, out)


def seen(reader, monkeypatch, engine, reuse):
    """Return what a consumer sees that goes from stream to stream and never waits, and what it should see."""
    monkeypatch.setattr("mockrawio.device.stream.choose_engine", lambda *_: engine)
    streams, kept = [torch.cuda.Stream() for _ in range(2)], []
    torch.cuda.synchronize()
    with stream_scaled(reader, stream_index=0, chunk_size=97, device="cuda", depth=3, reuse=reuse) as chunks:
        for number in range(len(chunks)):
            with torch.cuda.stream(streams[number % 2]):
                chunk = next(chunks)
                engine.sleep("consumer", streams[number % 2])
                kept.append(chunk.clone())
        torch.cuda.synchronize()  # slots are freed when all is done, whatever is left out
    found = np.concatenate([chunk.cpu().numpy() for chunk in kept])
    return found, reader.rescale_signal_raw_to_float(reader.get_analogsignal_chunk(), "float32")


@pytest.mark.parametrize("reuse", [False, True])
@pytest.mark.parametrize("late", ["nothing", "copy", "kernel", "consumer"])
def test_a_late_device(late, reuse, gains, monkeypatch):
    """Whatever is late, every chunk is as it is."""
    np.testing.assert_array_max_ulp(*seen(gains, monkeypatch, Late(late), reuse), 1)


@pytest.mark.parametrize(("broken", "late"), NEEDED)
def test_every_wait_is_needed(broken, late, gains, monkeypatch):
    """Without any one of the waits that same consumer sees other values."""
    found, wanted = seen(gains, monkeypatch, Late(late, broken), reuse=broken == "follow")
    assert not np.allclose(found, wanted)
