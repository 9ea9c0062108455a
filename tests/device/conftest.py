"""Small sessions to be streamed: one array with gains and offsets of its channels, and float channels."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mockrawio import MockSessionRawIO
from tests.device.backends import OPTIONAL
from tests.handmade import T0, Handmade

collect_ignore = [f"test_{name}.py" for name in ("torch", "jax") if name not in OPTIONAL]
GAINS = [0.25, 0.195, 1.0, 0.1, 3.7, 0.25]
OFFSETS = [0.0, -6389.76, 100.0, 0.0, 12345.6789, -0.1]


def matrix(folder: Path, offsets: list[float]) -> Path:
    """Write one array of 6 channels in two segments, its values all over int16."""
    samples = np.random.default_rng(3).integers(-32768, 32768, (4000, 6), dtype=np.int16)
    segments = [{"t_start_ms": T0 + 125.0, "n_samples": 2700}, {"t_start_ms": T0 + 9000, "n_samples": 1300}]
    Handmade(folder).stream(samples=samples, segments=segments, gain=GAINS, offset=offsets)
    return folder


def floats(folder: Path) -> Path:
    """Write three LFP channels of float64, which are served as counts, with a gap."""
    made = Handmade(folder)
    stamps = T0 + np.r_[0:2100, 5000:6900]
    for channel in (1, 2, 5):
        made.lfp(channel, np.random.default_rng(channel).normal(0, 80 * channel, 4000), stamps)
    return folder


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sessions by name."""
    root = tmp_path_factory.mktemp("device")
    return {
        "gains": matrix(root / "gains", [0.0] * 6),
        "offsets": matrix(root / "offsets", OFFSETS),
        "floats": floats(root / "floats"),
    }


@pytest.fixture(params=["gains", "offsets", "floats"])
def reader(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Iterator[MockSessionRawIO]:
    """A reader of each session in turn."""
    with MockSessionRawIO(folders[request.param]) as reader:
        yield reader


@pytest.fixture
def gains(folders: dict[str, Path]) -> Iterator[MockSessionRawIO]:
    """A reader of the session that is one array without offsets."""
    with MockSessionRawIO(folders["gains"]) as reader:
        yield reader


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Fail a test that leaves a thread behind that reads."""
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("mockrawio-read")] == []
