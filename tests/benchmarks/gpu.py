"""How fast int16 comes from a session to a GPU as scaled float32, against the bus and against what people do.

    python tests/benchmarks/gpu.py [--device cuda] [--megabytes 4096] [--json report.json]

First what comes out is checked against the reader; then every way takes its turn, several rounds, and
the best of each counts, in GB/s of int16. So do arrays that are the caller's own against slots that are
used again, ``reuse=True``, by torch and on the CPU by NumPy too. On the CPU (``--device cpu``) all the same
lines run; but for these last two they mean nothing but that they run.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mockrawio import MockSessionRawIO
from mockrawio.device import Envelope, stream_scaled

RATE = 32000.0
GAIN = 0.195
DEPTH = 3
ROWS = {
    "ceiling": "pinned copies of 64 MB, the bus itself",
    "pinned": "(c) the same int16 from pinned slots, not scaled",
    "ours": "stream_scaled, from the page cache",
    "ours_pageable": "stream_scaled, from pageable memory",
    "kilosort": "(b) torch.from_numpy(x).to(device).float() * gain",
    "cpu_scale": "(a) scaled to float32 on the CPU, then copied",
}
GOALS = {"pinned": 0.9, "kilosort": 2.0, "cpu_scale": 4.0}  # ours at least so many times


class InMemory(MockSessionRawIO):
    """A reader whose stream lies in ordinary memory."""

    samples: np.ndarray

    def get_analogsignal_chunk(self, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        """Copy from memory what is asked for with `out`, and check the rest as ever."""
        if out is None:
            return super().get_analogsignal_chunk(*args, **kwargs)
        np.copyto(out, self.samples[args[2] : args[3]])
        return out


def write_session(folder: Path, megabytes: int, n_channels: int) -> Path:
    """Write one stream of noise and return its array's path."""
    path = folder / "raw_data" / "broadband.npy"
    path.parent.mkdir(parents=True)
    n_samples = megabytes * 1_000_000 // (2 * n_channels)
    stored = np.lib.format.open_memmap(path, "w+", np.int16, (n_samples, n_channels))
    noise = np.random.default_rng(0).integers(-3000, 3000, (1 << 16, n_channels), dtype=np.int16)
    for start in range(0, n_samples, len(noise)):
        stored[start : start + len(noise)] = noise[: n_samples - start]
    stored.flush()
    description = {
        "sampling_rate": RATE,
        "gain": [GAIN] * n_channels,
        "offset": [0.0] * n_channels,
        "units": "uV",
        "channels": {key: [f"CSC{k + 1}" for k in range(n_channels)] for key in ("ids", "names")},
        "segments": [{"t_start_ms": 1_656_643_278_812, "n_samples": n_samples}],
    }
    path.with_suffix(".json").write_text(json.dumps(description))
    return path


class Ways:
    """Every way to bring the stream to the device, one method each."""

    def __init__(self, reader: MockSessionRawIO, path: Path, device: str, chunk_size: int) -> None:
        self.reader, self.device, self.chunk_size = reader, torch.device(device), chunk_size
        self.memory = InMemory(reader.dirname)
        self.memory.parse_header()
        self.memory.samples = np.load(path)
        self.mapped = np.load(path, mmap_mode="c")  # torch takes no read-only array
        self.on_cuda = self.device.type == "cuda"

    def starts(self) -> range:
        return range(0, len(self.mapped), self.chunk_size)

    def pinned_memory(self, rows: int) -> Any:
        return torch.zeros((rows, self.mapped.shape[1]), dtype=torch.int16, pin_memory=self.on_cuda)

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

    def ours(self) -> float:
        return self.timed(partial(self.stream, self.reader))

    def ours_pageable(self) -> float:
        return self.timed(partial(self.stream, self.memory))

    def stream(self, reader: MockSessionRawIO, out: str = "torch", reuse: bool = False) -> None:
        options = {"chunk_size": self.chunk_size, "device": str(self.device), "out": out, "depth": DEPTH}
        with stream_scaled(reader, stream_index=0, reuse=reuse, **options) as chunks:
            for _ in chunks:
                pass

    def fresh_and_reused(self, rounds: int) -> dict[str, list[float]]:
        """Return, for each library, GB/s with arrays that are the caller's and with slots, by turns."""
        best = {}
        for out in ("torch",) if self.on_cuda else ("torch", "numpy"):
            rates = [
                [self.timed(partial(self.stream, self.reader, out, reuse)) for reuse in (False, True)]
                for _ in range(rounds)
            ]
            best[out] = np.max(rates, axis=0).tolist()
        return best

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
        self.wait()
        began = time.perf_counter()
        work()
        self.wait()
        return (self.mapped.nbytes if nbytes is None else nbytes) / (time.perf_counter() - began) / 1e9

    def wait(self) -> None:
        if self.on_cuda:
            torch.cuda.synchronize(self.device)


def check(reader: MockSessionRawIO, device: str, chunk_size: int) -> None:
    """Raise AssertionError unless every value that comes out, and a view, are the reader's own."""
    start = 0
    with stream_scaled(reader, stream_index=0, chunk_size=chunk_size, device=device, out="torch") as chunks:
        for chunk in chunks:
            raw = reader.get_analogsignal_chunk(0, 0, start, start + len(chunk), 0)
            wanted = reader.rescale_signal_raw_to_float(raw, "float32", 0)
            np.testing.assert_array_max_ulp(chunk.cpu().numpy(), wanted, 1)
            start += len(chunk)
    assert start == reader.get_signal_size(0, 0, 0)
    view = Envelope(reader, 0, device=device).view(None, None, 10)
    edges = [-(-start * k // 10) for k in range(11)]  # the first sample at or after
    for pixel, (a, b) in enumerate(pairwise(edges)):
        scaled = reader.rescale_signal_raw_to_float(reader.get_analogsignal_chunk(0, 0, a, b, 0), "float32", 0)
        np.testing.assert_array_equal(view.low[pixel], scaled.min(axis=0))
        np.testing.assert_array_equal(view.high[pixel], scaled.max(axis=0))


def report(rates: dict[str, float], reuse: dict[str, list[float]], device: str) -> dict[str, Any]:
    """Print the table and return it."""
    on_cuda = device.startswith("cuda")
    name = torch.cuda.get_device_name(device) if on_cuda else platform.processor() or platform.machine()
    print(f"device {device}: {name}, torch {torch.__version__}; every value checked against the reader first")
    for key, row in ROWS.items():
        print(f"  {row:52s} {rates[key]:8.2f} GB/s {rates[key] / rates['pinned']:7.2f} x (c)")
    for out, (fresh, slots) in reuse.items():
        print(f"  {out}: own arrays {fresh:.2f} GB/s, reuse=True {slots:.2f} GB/s, {fresh / slots:.2f} x that")
    ratios = {key: rates["ours"] / rates[key] for key in GOALS}
    for key, goal in GOALS.items():
        met = ("met" if ratios[key] >= goal else "not met") if on_cuda else "no GPU, no verdict"
        print(f"  ours / {ROWS[key][:3]} {ratios[key]:6.2f}, goal {goal}: {met}")
    note = (
        "" if on_cuda else "The device is the CPU: these figures show that the script runs; they say nothing of a GPU."
    )
    print(note, end="\n" if note else "")
    return {
        "device": device,
        "name": name,
        "torch": torch.__version__,
        "correct": True,
        "int16_gb_per_s": rates,
        "own_and_reused": reuse,
        "ours_to": ratios,
        "goals": GOALS,
        "note": note,
    }


def main(arguments: list[str] | None = None) -> int:
    """Run it all; the exit status is 1 if a value is wrong or there is no such device."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--megabytes", type=int, default=4096, help="of int16")
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--chunk-megabytes", type=float, default=16.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", help="where to put the session: a disk of its own, or memory")
    parser.add_argument("--json", help="also write the report here")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=options.folder) as temporary:
        path = write_session(Path(temporary), options.megabytes, options.channels)
        chunk_size = int(options.chunk_megabytes * 1e6) // (2 * options.channels)
        with MockSessionRawIO(temporary) as reader:
            try:
                check(reader, options.device, chunk_size)
            except (AssertionError, ValueError) as error:
                print(error, file=sys.stderr)
                return 1
            ways = Ways(reader, path, options.device, chunk_size)
            best = dict.fromkeys(ROWS, 0.0)
            for _ in range(options.rounds):
                for key in ROWS:
                    best[key] = max(best[key], getattr(ways, key)())
            reuse = ways.fresh_and_reused(options.rounds)
            ways.memory.close()
    told = report(best, reuse, options.device)
    if options.json:
        Path(options.json).write_text(json.dumps(told, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
