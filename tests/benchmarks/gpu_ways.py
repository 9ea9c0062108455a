"""Every way to bring a stream to a device that :mod:`tests.benchmarks.gpu` measures."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mockrawio import MockSessionRawIO
from mockrawio.device import stream_scaled
from tests.benchmarks.gpu_inputs import GAIN, InMemory

DEPTH = 3
ROWS = {
    "ceiling": "pinned copies of 64 MB, the bus itself",
    "pinned": "(c) the same int16 from pinned slots, not scaled",
    "ours": "stream_scaled, from the page cache",
    "ours_slots": "stream_scaled, from the page cache, reuse=True",
    "pageable": "stream_scaled, from pageable memory",
    "pageable_slots": "stream_scaled, from pageable memory, reuse=True",
    "kilosort": "(b) torch.from_numpy(x).to(device).float() * gain",
    "cpu_scale": "(a) scaled to float32 on the CPU, then copied",
}


class Ways:
    """Every way to bring the stream to the device, one method each; all return GB/s of int16."""

    def __init__(self, reader: MockSessionRawIO, path: Path, device: str, chunk_size: int) -> None:
        self.reader, self.device, self.chunk_size = reader, torch.device(device), chunk_size
        self.memory = InMemory(reader.dirname)
        self.memory.parse_header()
        self.memory.samples = np.load(path)
        self.mapped = np.load(path, mmap_mode="c")  # torch takes no read-only array
        self.pins = self.device.type in ("cuda", "xpu")
        self.ours = partial(self.stream, reader)
        self.ours_slots = partial(self.stream, reader, reuse=True)
        self.pageable = partial(self.stream, self.memory)
        self.pageable_slots = partial(self.stream, self.memory, reuse=True)

    def starts(self) -> range:
        return range(0, len(self.mapped), self.chunk_size)

    def pinned_memory(self, rows: int) -> Any:
        return torch.zeros((rows, self.mapped.shape[1]), dtype=torch.int16, pin_memory=self.pins)

    def ceiling(self) -> float:
        rows = max(1, 64_000_000 // (2 * self.mapped.shape[1]))
        source = self.pinned_memory(min(rows, len(self.mapped)))
        target = torch.empty_like(source, device=self.device)
        turns = -(-self.mapped.nbytes // source.nbytes)
        return self.timed(
            lambda: [target.copy_(source, non_blocking=True) for _ in range(turns)], turns * source.nbytes
        )

    def pinned(self) -> float:
        slots = [self.pinned_memory(self.chunk_size) for _ in range(DEPTH)]
        targets = [torch.empty_like(slot, device=self.device) for slot in slots]

        def copy() -> None:
            for turn, start in enumerate(self.starts()):
                rows = min(self.chunk_size, len(self.mapped) - start)
                targets[turn % DEPTH][:rows].copy_(slots[turn % DEPTH][:rows], non_blocking=True)

        return self.timed(copy)

    def stream(self, reader: MockSessionRawIO, out: str = "torch", reuse: bool = False) -> float:
        options = {"chunk_size": self.chunk_size, "device": str(self.device), "out": out, "depth": DEPTH}

        def run() -> None:
            with stream_scaled(reader, stream_index=0, reuse=reuse, **options) as chunks:
                for _ in chunks:
                    pass

        return self.timed(run)

    def kilosort(self) -> float:
        def copy() -> None:
            for start in self.starts():
                torch.from_numpy(self.mapped[start : start + self.chunk_size]).to(self.device).float() * GAIN

        return self.timed(copy)

    def cpu_scale(self) -> float:
        def copy() -> None:
            for start in self.starts():
                raw = self.reader.get_analogsignal_chunk(0, 0, start, min(start + self.chunk_size, len(self.mapped)), 0)
                torch.from_numpy(self.reader.rescale_signal_raw_to_float(raw, "float32", 0)).to(self.device)

        return self.timed(copy)

    def timed(self, work: Callable[[], object], nbytes: int | None = None) -> float:
        """Return GB/s of int16, from an idle device to an idle device."""
        wait(self.device)
        began = time.perf_counter()
        work()
        wait(self.device)
        return (self.mapped.nbytes if nbytes is None else nbytes) / (time.perf_counter() - began) / 1e9


def wait(device: Any) -> None:
    """Wait until the device has done all that it was given."""
    kind = torch.device(device).type
    if kind != "cpu":
        getattr(torch, kind).synchronize()
