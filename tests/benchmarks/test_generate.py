"""How long it takes to make a session of Epiphyte's size, and how much memory.

The peers have everything ready in memory: one writes the same bytes to the same files, the
other saves the same dicts with ``np.save``, which is how Epiphyte's generator writes. Neither
makes anything, and neither computes a checksum.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mockrawio import SessionSpec, generate_session
from tests.benchmarks.conftest import Race

MEMORY = """
import sys
from mockrawio import SessionSpec, generate_session

def peak():
    # getrusage would give the parent's peak, which a child process begins with
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

generate_session(SessionSpec.tiny(seed=0), sys.argv[1] + "/tiny")
before = peak()
generate_session(SessionSpec.epiphyte(seed=3, encoding=sys.argv[2]), sys.argv[1] + "/epiphyte")
print((peak() - before) / 1024)
"""


@pytest.mark.parametrize("n_workers", [1, 2])
@pytest.mark.parametrize("encoding", ["float64", "int16"])
def test_generate_session(benchmark: Any, race: Race, tmp_path: Path, encoding: str, n_workers: int) -> None:
    """A session of about 100 minutes, made, hashed and written; of a minute in a test run."""
    length = {"duration_s": 60.0} if benchmark.disabled else {}
    spec = SessionSpec.epiphyte(seed=3, encoding=encoding, **length)
    ours, peer = tmp_path / "ours", tmp_path / "peer"
    folder = generate_session(spec, ours)
    contents = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    saved = [path for path in contents if path.parts[0] in ("lfp_data", "spiking_data")]
    dicts = {path: np.load(folder / path, allow_pickle=True).item() for path in saved}
    for path in contents:
        (peer / path).parent.mkdir(parents=True, exist_ok=True)
    benchmark.extra_info["megabytes"] = sum(map(len, contents.values())) / 1e6
    race(
        lambda: generate_session(spec, ours, n_workers=n_workers, overwrite=True),
        plain_write=lambda: [(peer / path).write_bytes(data) for path, data in contents.items()],
        numpy_save=lambda: [np.save(peer / path, values) for path, values in dicts.items()],
        rounds=7,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("encoding", ["float64", "int16"])
def test_memory_of_generate_session(
    benchmark: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path, encoding: str
) -> None:
    """How far the peak memory of a process grows, in MiB, while it makes a session of about 100 minutes."""
    command = [sys.executable, "-c", MEMORY, str(tmp_path), encoding]
    options = {"capture_output": True, "text": True, "check": True}
    run = benchmark.pedantic(subprocess.run, (command,), options, rounds=1)
    benchmark.extra_info["peak_growth_mib"] = float(run.stdout)
    if not benchmark.disabled:
        with capsys.disabled():
            print(f"\n{encoding}: peak memory grows by {float(run.stdout):.1f} MiB")
