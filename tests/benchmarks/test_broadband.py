"""How fast a broadband session is made, and how much memory that takes.

The peers: SpikeInterface's ``generate_ground_truth_recording(...).save()`` of the same channels
and rate, on one core and for a shorter time, since it takes long; and a plain write of as many
bytes as the stream has, which is the disk's own speed (or the page cache's).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mockrawio import SessionSpec, generate_session

N_CHANNELS, RATE = 80, 32_000

MEMORY = """
import sys
from mockrawio import SessionSpec, generate_session

def peak():
    # getrusage would give the parent's peak, which a child process begins with
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

fields = {"n_channels": 80, "n_units": 40, "seed": 1}
generate_session(SessionSpec.broadband(duration_s=1.0, n_channels=2, n_units=1, seed=0), sys.argv[1] + "/tiny")
before = peak()
generate_session(SessionSpec.broadband(duration_s=float(sys.argv[2]), **fields), sys.argv[1] + "/made")
print((peak() - before) / 1024)
"""


def rates(rounds: int, **contenders: tuple[Callable[[], Any], int]) -> dict[str, float]:
    """Return the best rate of each, in samples a second, taken in turns: (function, its number of samples)."""
    best = dict.fromkeys(contenders, 0.0)
    for _ in range(rounds):
        for name, (function, n_samples) in contenders.items():
            began = time.perf_counter()
            function()
            best[name] = max(best[name], n_samples / (time.perf_counter() - began))
    return best


@pytest.mark.filterwarnings("ignore")  # the peer warns of 0 / 0 in its templates, and of what it cannot save
@pytest.mark.parametrize("n_workers", [1, 2])
def test_generate_broadband(benchmark: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path, n_workers: int) -> None:
    """A minute of 80 channels with 40 units, the whole session written and hashed; a second in a test run."""
    core = pytest.importorskip("spikeinterface.core")
    seconds, peer_seconds, rounds = (1.0, 0.2, 1) if benchmark.disabled else (60.0, 5.0, 5)
    spec = SessionSpec.broadband(duration_s=seconds, n_channels=N_CHANNELS, n_units=40, seed=1)
    recording, _ = core.generate_ground_truth_recording(
        durations=[peer_seconds], num_channels=N_CHANNELS, sampling_frequency=RATE, num_units=40, seed=0
    )
    chunk = np.zeros((16_384, N_CHANNELS), "<i2")
    n_samples, n_peer = (int(s * RATE) * N_CHANNELS for s in (seconds, peer_seconds))

    def ours() -> None:
        generate_session(spec, tmp_path / "ours", n_workers=n_workers)
        shutil.rmtree(tmp_path / "ours")

    def spikeinterface() -> None:
        recording.save(folder=tmp_path / "peer", overwrite=True, n_jobs=1, progress_bar=False, verbose=False)

    def plain_write() -> None:
        with open(tmp_path / "plain", "wb", buffering=0) as file:
            for _ in range(max(1, n_samples // chunk.size)):
                file.write(memoryview(chunk).cast("B"))
        (tmp_path / "plain").unlink()

    found = rates(
        rounds,
        ours=(ours, n_samples),
        spikeinterface=(spikeinterface, n_peer),
        plain_write=(plain_write, max(1, n_samples // chunk.size) * chunk.size),
    )
    benchmark.extra_info.update({f"{name}_msamples_s": rate / 1e6 for name, rate in found.items()})
    if not benchmark.disabled:
        with capsys.disabled():
            told = ", ".join(f"{name} {rate / 1e6:.0f} M samples/s" for name, rate in found.items())
            print(f"\n{n_workers} workers: {told}; {found['ours'] / found['spikeinterface']:.1f} times SpikeInterface")
    benchmark.pedantic(ours, rounds=1)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_memory_of_broadband(benchmark: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """How far the peak memory of a process grows, in MiB, while it makes 80 channels, for two durations."""
    grown = {}
    for seconds in (1, 4) if benchmark.disabled else (60, 300):
        command = [sys.executable, "-c", MEMORY, str(tmp_path / str(seconds)), str(seconds)]
        grown[seconds] = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        shutil.rmtree(tmp_path / str(seconds))
    benchmark.extra_info.update({f"peak_growth_mib_{seconds}_s": mib for seconds, mib in grown.items()})
    if not benchmark.disabled:
        with capsys.disabled():
            print("\npeak memory grows by " + ", ".join(f"{mib:.1f} MiB for {s} s" for s, mib in grown.items()))
    benchmark.pedantic(lambda: None, rounds=1)
