"""How long a hybrid run takes, and how much memory, against a plain copy of the raw file.

The cases are those of docs/hybridfactory.rst, *Speed and memory*: the original took 9.4 s and 781 MB for A,
24 to 29 s and 2.96 GB for B, and 12 to 15 s and 2.2 GB for one of C's three units. The peer
only reads and writes the same bytes; ours hashes both files besides.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from mockrawio.hybrid import HybridParams, generate_hybrid
from tests.benchmarks.conftest import Memory, Race
from tests.hybrid.synthetic import Made, make

CASES: dict[str, dict[str, Any]] = {
    "A": {"n_channels": 32, "seconds": 120.0, "counts": (4000, 3000, 1500)},
    "B": {"n_channels": 32, "seconds": 120.0, "counts": (11_988,), "amplitudes": (400.0,)},
    "C": {"n_channels": 384, "seconds": 40.0, "counts": (1200, 800, 400)},
}
IN_A_TEST_RUN = 60  # so many times shorter

MOST_MIB = 200  # of recordings of 230 and 920 MB
READY = """
from mockrawio.hybrid import HybridParams
from mockrawio.hybrid import generate_hybrid
params = HybridParams.load(sys.argv[1])
"""
WORK = "generate_hybrid(params, n_workers=int(sys.argv[2]))"


def case(name: str, folder: Path, in_earnest: bool, longer: int = 1) -> Made:
    """Make a case's recording, or one that much longer in which the same number of events is spread out."""
    shorter = 1 if in_earnest else IN_A_TEST_RUN
    values = dict(CASES[name])
    seconds, counts = values.pop("seconds") / shorter, tuple(count // shorter for count in values.pop("counts"))
    return make(folder, seconds=longer * seconds, counts=counts, **values)


def plain_copy(source: str, target: Path, block: bytearray) -> None:
    with open(source, "rb", buffering=0) as file, open(target, "wb", buffering=0) as copy:
        while count := file.readinto(block):
            copy.write(memoryview(block)[:count])


@pytest.mark.slow
@pytest.mark.at_length(only=True)
@pytest.mark.parametrize("n_workers", [1, 2])
@pytest.mark.parametrize("name", CASES)
def test_generate_hybrid(benchmark: Any, race: Race, tmp_path: Path, name: str, n_workers: int) -> None:
    """A whole run: all of the case's units are planned, inserted, hashed and written."""
    params: HybridParams = case(name, tmp_path, not benchmark.disabled).params
    result = generate_hybrid(params, n_workers=n_workers)
    assert not result.skipped
    benchmark.extra_info["events"] = result.n_events
    block = bytearray(1 << 20)
    race(
        lambda: generate_hybrid(params, n_workers=n_workers),
        plain_copy=lambda: plain_copy(params.raw_source_file, tmp_path / "copy.bin", block),
        rounds=5,
    )


@pytest.mark.slow
@pytest.mark.at_length(only=True)
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("longer", [1, 4])
@pytest.mark.parametrize("n_workers", [1, 2])
def test_memory_of_generate_hybrid(
    memory: Memory, in_earnest: bool, tmp_path: Path, n_workers: int, longer: int
) -> None:
    """Case A, and a recording four times as long: how much memory a run takes does not go with the length."""
    case("A", tmp_path, in_earnest, longer).params.save(tmp_path / "params.toml")
    assert memory(READY, WORK, tmp_path / "params.toml", n_workers) < MOST_MIB
