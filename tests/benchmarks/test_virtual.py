"""What a virtual day of 384 channels costs: to make, to open, to read a second of, cold and then, and in memory.

SpikeInterface's lazy generator, which has no units, is the peer for a second of samples.
"""

from __future__ import annotations

import random
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spikeinterface.generation import NoiseGeneratorRecording

from mockrawio import MockSessionRawIO, SessionSpec, generate_session
from tests.benchmarks.conftest import Hold, Memory
from tests.benchmarks.race import Contest

MOST_MIB = 450  # of growth, after a thousand chunks
READY = """
import random
from mockrawio import MockSessionRawIO
"""
WORK = """
reader = MockSessionRawIO(sys.argv[1])
reader.parse_header()
stream = reader.signal_streams_count() - 1
size, draw = reader.get_signal_size(0, 0, stream), random.Random(1)
for _ in range(int(sys.argv[2])):
    start = draw.randrange(size - 3000)
    reader.get_analogsignal_chunk(0, 0, start, start + 3000, stream)
"""


@pytest.fixture
def spec(in_earnest: bool) -> SessionSpec:
    """A day of 384 channels and 300 units; an hour of 32 channels and 20 units in a test run."""
    if not in_earnest:
        return SessionSpec.broadband(duration_s=3600, n_channels=32, n_units=20, seed=8)
    return SessionSpec.neuropixels(duration_s=86_400, n_units=300, seed=8)


@pytest.fixture
def day(spec: SessionSpec, tmp_path: Path) -> Path:
    """It, virtual."""
    return generate_session(spec, tmp_path, virtual=True)


def _opened(folder: Path) -> MockSessionRawIO:
    reader = MockSessionRawIO(folder)
    reader.parse_header()
    return reader


@pytest.mark.slow
@pytest.mark.at_length(only=True)
def test_make(benchmark: Any, spec: SessionSpec, tmp_path: Path) -> None:
    """Making it: the cells are drawn, and a few files written."""
    how = {"virtual": True, "overwrite": True}
    benchmark.pedantic(generate_session, (spec, tmp_path), how, rounds=5)


@pytest.mark.slow
@pytest.mark.at_length(only=True)
def test_open(benchmark: Any, day: Path, tmp_path: Path) -> None:
    """Opening it where it was not opened before: the cells are drawn again."""
    copies = iter([shutil.copytree(day, tmp_path / "copies" / str(k)) for k in range(5)])
    benchmark.pedantic(lambda: _opened(next(copies)), rounds=5)


@pytest.mark.slow
@pytest.mark.at_length(only=True)
@pytest.mark.parametrize("where", ["anywhere", "the next"])
def test_a_second(hold: Hold, day: Path, where: str) -> None:
    """A second of all channels and layers, anywhere, or after the one before; the peer's is noise alone."""
    reader, draw = _opened(day), random.Random(1)
    stream = reader.stream(reader.signal_streams_count() - 1)
    n, size, width = int(stream.sampling_rate), stream.sizes[0], len(stream.channels)
    peer = NoiseGeneratorRecording(width, n, [100.0], seed=1, strategy="on_the_fly")
    starts = [draw.randrange(size - n) if where == "anywhere" else 10**6 + k * n for k in range(100)]
    stream.read(0, 0, n)
    ours = iter(starts)

    def read() -> Any:
        return stream.read(0, start := next(ours), start + n)

    def check() -> None:
        assert np.array_equal(stream.read(0, 0, n)[:9], stream.read(0, 0, 9))

    hold(Contest(read, {"SpikeInterface": lambda: peer.get_traces(0, 0, n)}, check), 10)


@pytest.mark.slow
@pytest.mark.at_length(only=True)
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_memory(memory: Memory, in_earnest: bool, day: Path) -> None:
    """After a thousand chunks from anywhere, ten in a test run, little is kept."""
    assert memory(READY, WORK, day, 1000 if in_earnest else 10) < MOST_MIB
