"""int16 from a session to a GPU, correct first and then how fast, in one run of less than ten minutes.

    python -m tests.benchmarks.gpu [--device cuda] [--json report.json] [--rst table.inc]

1. ``tests/device`` run, with each library that finds the device; then what comes out is checked against the reader,
   value by value.
2. Every way to bring a stream to the device takes its turn, several rounds, and the best of each counts, in GB/s of
   int16: the bus, ours, and what people do.
3. A view of an hour of 384 channels, the first time and later on; a million waveforms; the pipeline in ``example``;
   ``compute-sanitizer`` on the streams' tests where there is one.
4. A table with the device's name, for the documentation.

What the time does not suffice for is left out, and the report says so. On the CPU (``--device cpu --small``) all the
same lines run, in seconds: the figures then mean nothing but that they run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mockrawio import MockSessionRawIO
from mockrawio.device import Envelope, Zoom, stream_scaled, waveforms_to_device
from mockrawio.device.choose import choose_engine
from tests.benchmarks.gpu_inputs import WAVEFORM, long_reader, stream_session, units_session
from tests.benchmarks.gpu_table import GOALS, NO_GPU, in_words, rst
from tests.benchmarks.gpu_ways import ROWS, Ways, wait

ROOT = Path(__file__).parents[2]
PIXELS = 2000
FOUND = 99  # the exit status by which compute-sanitizer tells that it found something
SMALL = {"megabytes": 4, "rounds": 1, "hour": 2.0, "hour_channels": 16, "waveforms": 2000, "pipeline": "2 8"}


def check(reader: MockSessionRawIO, device: str, chunk_size: int) -> None:
    """Raise AssertionError unless every value that comes out, and a view, are the reader's own."""
    for reuse in (False, True):
        start = 0
        options = {"chunk_size": chunk_size, "device": device, "out": "torch", "reuse": reuse}
        with stream_scaled(reader, stream_index=0, **options) as chunks:
            for chunk in chunks:
                raw = reader.get_analogsignal_chunk(0, 0, start, start + len(chunk), 0)
                wanted = reader.rescale_signal_raw_to_float(raw, "float32", 0)
                np.testing.assert_array_max_ulp(chunk.cpu().numpy(), wanted, 1)
                start += len(chunk)
        assert start == reader.get_signal_size(0, 0, 0)
    check_view(reader, Envelope(reader, 0, device=device).view(None, None, 10), 1)


def check_view(reader: MockSessionRawIO, view: Zoom, step: int) -> None:
    """Raise AssertionError unless every so many'th pixel of a view of all is that of the samples."""
    size, width_px = reader.get_signal_size(0, 0, 0), len(view.low)
    edges = [-(-size * k // width_px) for k in range(width_px + 1)]  # the first sample at or after
    for pixel, (a, b) in list(enumerate(pairwise(edges)))[::step]:
        raw = np.empty((b - a, view.low.shape[1]), np.int16)
        reader.get_analogsignal_chunk(0, 0, a, b, 0, out=raw)
        scaled = reader.rescale_signal_raw_to_float(raw, "float32", 0)
        np.testing.assert_array_equal(view.low[pixel], scaled.min(axis=0))
        np.testing.assert_array_equal(view.high[pixel], scaled.max(axis=0))


def libraries(device: str) -> list[str]:
    """Return the libraries that have the device here."""
    kind = torch.device(device).type
    known = {"cpu": ["torch", "numpy", "jax"], "cuda": ["torch", "cupy", "jax"]}.get(kind, ["torch"])
    return [name for name in known if find_spec(name) and _has(device, name)]


def _has(device: str, library: str) -> bool:
    try:
        return bool(choose_engine(device, library))
    except (ImportError, ValueError):
        return False


def streams(options: Any, folder: Path, until: float) -> dict[str, Any]:
    """Check the values, and return GB/s of each way, and of each library's arrays with and without slots.

    No round is begun after `until`, but the first.
    """
    path = stream_session(folder, options.megabytes, options.channels)
    chunk_size = int(options.chunk_megabytes * 1e6) // (2 * options.channels)
    with MockSessionRawIO(folder) as reader:
        check(reader, options.device, chunk_size)
        ways = Ways(reader, path, options.device, chunk_size)
        best = dict.fromkeys(ROWS, 0.0)
        for number in range(options.rounds):
            if number and time.perf_counter() > until:
                break
            for key in ROWS:
                best[key] = max(best[key], getattr(ways, key)())
        reuse = {name: own_and_reused(ways, name, options.rounds) for name in libraries(options.device)}
        ways.memory.close()
    ratios = {key: best["ours"] / best[key] for key in GOALS}
    return {"correct": True, "int16_gb_per_s": best, "own_and_reused": reuse, "ours_to": ratios, "goals": GOALS}


def own_and_reused(ways: Ways, library: str, rounds: int) -> list[float]:
    """Return the best GB/s with arrays that are the caller's own, and with slots, by turns."""
    rates = [[ways.stream(ways.reader, library, reuse) for reuse in (False, True)] for _ in range(rounds)]
    return [float(best) for best in np.max(rates, axis=0)]


def view_of_an_hour(options: Any, folder: Path) -> dict[str, Any]:
    """Return how long the first view of all of a long stream takes, and later ones of most of it."""
    with long_reader(folder, options.hour, options.hour_channels) as reader:
        envelope = Envelope(reader, 0, device=options.device)
        first_s = _seconds(lambda: envelope.view(None, None, PIXELS))
        check_view(reader, envelope.view(None, None, PIXELS), PIXELS // 10)
        size, most = reader.get_signal_size(0, 0, 0), 0.9 * options.hour
        start = reader.get_signal_t_start(0, 0, 0)
        spans = [start + k * options.hour / 100 for k in range(9)]
        later = [_seconds(lambda t=t: envelope.view(t, t + most, PIXELS)) for t in spans]
    later_s = float(np.median(later))
    told = {"seconds": options.hour, "channels": options.hour_channels, "pixels": PIXELS, "device": envelope.device}
    rate = 2e-9 * size * options.hour_channels / first_s
    return {**told, "first_s": first_s, "later_s": later_s, "ratio": first_s / later_s, "gb_per_s": rate}


def waveforms(options: Any, folder: Path) -> dict[str, Any]:
    """Return how long the waveforms of all units take, against scaling each unit's in memory and copying them all."""
    with MockSessionRawIO(units_session(folder, options.waveforms)) as reader:
        units = range(len(reader.header["spike_channels"]))

        def scaled(unit: int) -> Any:
            raw = reader.get_spike_raw_waveforms(spike_channel_index=unit)
            return reader.rescale_waveforms_to_float(raw, "float32", unit)

        found = waveforms_to_device(reader, device=options.device)
        of_last = found.waveforms[found.unit_index == units[-1]].cpu().numpy()
        np.testing.assert_array_max_ulp(of_last, scaled(units[-1]), 1)
        ours_s = min(_seconds(lambda: waveforms_to_device(reader, device=options.device), options) for _ in range(3))

        def on_the_cpu() -> Any:
            return torch.from_numpy(np.concatenate([scaled(unit) for unit in units])).to(options.device)

        other_s = min(_seconds(on_the_cpu, options) for _ in range(3))
    n = len(found.times)
    return {"n": n, "samples": WAVEFORM, "ours_s": ours_s, "cpu_s": other_s, "ratio": other_s / ours_s}


def _seconds(work: Callable[[], object], options: Any = None) -> float:
    if options:
        wait(options.device)
    began = time.perf_counter()
    work()
    if options:
        wait(options.device)
    return time.perf_counter() - began


def apart(command: list[str], limit_s: float) -> dict[str, Any]:
    """Run a command by itself and return its exit status, 124 if it took too long, and its last lines."""
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    settings = {"PYTHONPATH": paths, "XLA_PYTHON_CLIENT_PREALLOCATE": "false", "PYTHONUNBUFFERED": "1"}
    if limit_s < 1:
        return {"status": 124, "lines": ["left out: no time is left"]}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **settings}, timeout=limit_s, text=True, capture_output=True
        )
    except subprocess.TimeoutExpired as late:
        printed = late.stdout.decode() if isinstance(late.stdout, bytes) else late.stdout or ""
        return {"status": 124, "lines": [*printed.splitlines()[-6:], f"stopped after {limit_s:.0f} s"]}
    printed = done.stdout + (done.stderr if done.returncode else "")
    return {"status": done.returncode, "lines": printed.splitlines()[-25:]}


def pytest_command(*what: str) -> list[str]:
    """Return what runs tests in one process: a device has memory for one that takes most of it."""
    return [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-r", "fE", *what]


def sanitized(options: Any, limit_s: float) -> dict[str, Any]:
    """Return what compute-sanitizer says of the streams' tests."""
    if options.device == "cpu" or not shutil.which("compute-sanitizer"):
        return {"status": 0, "lines": ["not run: there is no compute-sanitizer for the device here"]}
    tool = ["compute-sanitizer", "--tool", "memcheck", "--error-exitcode", str(FOUND)]
    return apart([*tool, *pytest_command("tests/device/test_cuda.py", "-k", "late_device")], min(limit_s, 120))


def device_name(device: str) -> str:
    """Return what the device is called."""
    if device.startswith(("cuda", "xpu")):
        return str(getattr(torch, torch.device(device).type).get_device_name(device))
    return f"{device}, {platform.processor() or platform.machine()}"


def measured(options: Any, folder: Path) -> dict[str, Any]:
    """Return all that is found."""
    began = time.perf_counter()
    choose_engine(options.device, "torch")  # if there is none, that is the error

    def left() -> float:
        return float(options.limit_s - (time.perf_counter() - began))

    told: dict[str, Any] = {"device": options.device, "name": device_name(options.device), "cores": os.cpu_count()}
    told["torch"] = f"torch {torch.__version__}"
    told["note"] = NO_GPU if options.device == "cpu" else ""
    told["tests"] = apart(pytest_command(*options.tests.split()), 0.4 * options.limit_s)
    print(*told["tests"]["lines"], sep="\n", file=sys.stderr, flush=True)  # whatever comes after
    told |= streams(options, folder / "stream", time.perf_counter() + options.limit_s / 4)
    shutil.rmtree(folder / "stream")
    told["failed"] = []
    for key, work in (("zoom", view_of_an_hour), ("waveforms", waveforms)):
        if left() < options.limit_s / 9:
            continue
        try:
            told[key] = work(options, folder / key)
        except (AssertionError, ValueError, RuntimeError, MemoryError, OSError) as error:  # what is measured is kept
            told["failed"].append(f"{key}: {error}")
    example = [sys.executable, str(ROOT / "example" / "device_pipeline.py"), *options.pipeline.split()]
    told["pipeline"] = apart([*example, str(folder / "pipeline")], min(left(), 90))
    told["sanitizer"] = sanitized(options, left())
    return {**told, "seconds": time.perf_counter() - began}


def parsed(arguments: list[str] | None) -> Any:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--megabytes", type=int, default=4096, help="of int16")
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--chunk-megabytes", type=float, default=16.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--hour", type=float, default=3600.0, help="seconds of the view")
    parser.add_argument("--hour-channels", type=int, default=384)
    parser.add_argument("--waveforms", type=int, default=1_000_000)
    parser.add_argument("--tests", default="tests/device", help="what pytest runs")
    parser.add_argument("--pipeline", default="30 64", help="the example's seconds and channels")
    parser.add_argument("--limit-s", type=float, default=540.0, help="seconds after which nothing more is begun")
    parser.add_argument("--small", action="store_true", help="little of everything, to see that it runs")
    parser.add_argument("--folder", help="where to put the session: a disk of its own, or memory")
    parser.add_argument("--json", help="also write the report here")
    parser.add_argument("--rst", help="also write the table here")
    if "--small" in (sys.argv[1:] if arguments is None else arguments):
        parser.set_defaults(**SMALL, tests="tests/device/test_engines.py::test_cupy_extremes")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run it all; the exit status is 1 if a value is wrong, a test fails or there is no such device."""
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # JAX would take most of the device
    options = parsed(arguments)
    with tempfile.TemporaryDirectory(dir=options.folder) as temporary:
        try:
            told = measured(options, Path(temporary))
        except (AssertionError, ValueError, RuntimeError) as error:
            print(error, file=sys.stderr)
            return 1
    print(in_words(told))
    if options.json:
        Path(options.json).write_text(json.dumps(told, indent=2) + "\n")
    if options.rst:
        Path(options.rst).write_text(rst(told))
    return int(told["tests"]["status"] != 0 or told["sanitizer"]["status"] == FOUND or bool(told["failed"]))


if __name__ == "__main__":
    sys.exit(main())
