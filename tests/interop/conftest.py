"""Sessions that SpikeInterface reads: broadband beside LFP, in one segment or in two."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mockrawio import MockSessionRawIO
from tests.handmade import T0, Handmade

RATE = 32_000
SIZES = {"one segment": [16_000], "two segments": [16_000, 8_000]}
GAP_MS = 3000.25  # from the start of one segment to the start of the next; not a whole number
PLACES = {"CSC1_SU1": {"location": [10.0, -5.0, 12.5]}, "CSC12_MU1": {"location": [1000, 20, 8]}}


def starts(sizes):
    """Return when each segment of a session of these sizes begins, ms."""
    return [T0 + GAP_MS * k for k in range(len(sizes))]


def write_session(folder: Path, sizes: list[int], n_channels: int = 16) -> Path:
    """Write 32 kHz noise on 16 channels, LFP at 1 kHz beside it, units and events."""
    maker = Handmade(folder)
    rng = np.random.default_rng(7)
    maker.info()
    maker.names([f"{region}{k}" for region in ("LA", "RAH") for k in range(1, 9)])
    segments = [{"t_start_ms": t, "n_samples": n} for t, n in zip(starts(sizes), sizes, strict=True)]
    samples = rng.integers(-500, 500, (sum(sizes), n_channels), dtype=np.int16)
    names = [f"{region}{k}" for region in ("LA", "RAH") for k in range(1, 9)][:n_channels]
    channels = {"ids": [f"CSC{k + 1}" for k in range(n_channels)], "names": names}
    offsets = np.linspace(-1, 1, n_channels).tolist()
    maker.stream(samples=samples, segments=segments, channels=channels, offset=offsets, ground_truth={"units": PLACES})
    ts = np.concatenate([int(t) + np.arange(n // 32) for t, n in zip(starts(sizes), sizes, strict=True)])
    for channel in (1, 2):
        samples = rng.integers(-500, 500, ts.size, dtype=np.int16)
        maker.lfp(channel, samples, ts, gain=0.5, offset=0.0, units="uV", sampling_rate=1000.0)
    for name, count in (("CSC1_SU1", 40), ("CSC2_SU1", 30), ("CSC12_MU1", 50)):
        maker.unit(name, times=spike_times(rng, sizes, count), gain=0.25)
    maker.events(np.column_stack([T0 + 5.5 + 100.0 * np.arange(40), np.tile([1, 2, 4, 8], 10)]))
    maker.daq()
    maker.watchlog()
    return folder


def spike_times(rng, sizes, count):
    """Return spikes on samples of each segment, moved by up to 0.45 samples; the ends have one each."""
    times = []
    for start, size in zip(starts(sizes), sizes, strict=True):
        frames = np.sort(rng.choice(np.arange(1, size - 1), count, replace=False))
        times += [start, *(start + (frames + rng.uniform(-0.45, 0.45, count)) * 1000 / RATE)]
        times.append(start + (size - 1) * 1000 / RATE)
    return np.array(times)


@pytest.fixture(scope="session")
def sessions(tmp_path_factory):
    """Both sessions, by name; tests only read them."""
    root = tmp_path_factory.mktemp("sessions")
    return {name: write_session(root / name / "session_2", sizes) for name, sizes in SIZES.items()}


@pytest.fixture(params=SIZES)
def session(request, sessions):
    """A session folder with broadband, LFP, units and events."""
    return sessions[request.param]


@pytest.fixture
def one(sessions):
    """The session with one segment."""
    return sessions["one segment"]


@pytest.fixture
def two(sessions):
    """The session with two segments."""
    return sessions["two segments"]


@pytest.fixture
def reader(session):
    """The reader of the same session: what the extractors must agree with."""
    with MockSessionRawIO(session) as opened:
        yield opened
