"""Sessions and readers for :mod:`tests.benchmarks.gpu`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from mockrawio import MockSessionRawIO
from tests.handmade import T0, Handmade

RATE = 30000.0
GAIN = 0.195
WAVEFORM = 64  # samples


class InMemory(MockSessionRawIO):
    """A reader whose stream lies in ordinary memory: `samples`, again and again if the stream is longer."""

    samples: np.ndarray

    def get_analogsignal_chunk(self, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        """Copy from memory what is asked for with `out`, and check the rest as ever."""
        if out is None:
            return super().get_analogsignal_chunk(*args, **kwargs)
        done = 0
        while done < len(out):
            first = (args[2] + done) % len(self.samples)
            some = self.samples[first : first + len(out) - done]
            np.copyto(out[done : done + len(some)], some)
            done += len(some)
        return out


def noise(n_samples: int, n_channels: int) -> np.ndarray:
    """Return int16 noise."""
    return np.random.default_rng(0).integers(-3000, 3000, (n_samples, n_channels), dtype=np.int16)


def stream_file(folder: Path, n_samples: int, n_channels: int) -> np.ndarray:
    """Return the array of a session of one stream, a file that takes no disk until it is written to."""
    path = folder / "raw_data" / "broadband.npy"
    path.parent.mkdir(parents=True)
    stored = np.lib.format.open_memmap(path, "w+", np.int16, (n_samples, n_channels))
    description = {
        "sampling_rate": RATE,
        "gain": [GAIN] * n_channels,
        "offset": [0.0] * n_channels,
        "units": "uV",
        "channels": {key: [f"CSC{k + 1}" for k in range(n_channels)] for key in ("ids", "names")},
        "segments": [{"t_start_ms": T0, "n_samples": n_samples}],
    }
    path.with_suffix(".json").write_text(json.dumps(description))
    return stored


def stream_session(folder: Path, megabytes: int, n_channels: int) -> Path:
    """Write one stream of noise and return its array's path."""
    n_samples = megabytes * 1_000_000 // (2 * n_channels)
    stored = stream_file(folder, n_samples, n_channels)
    block = noise(1 << 16, n_channels)
    for start in range(0, n_samples, len(block)):
        stored[start : start + len(block)] = block[: n_samples - start]
    stored.flush()
    return Path(stored.filename)


def long_reader(folder: Path, seconds: float, n_channels: int) -> InMemory:
    """Return the reader of a stream that is as long as that, and of which a few MB are in memory."""
    stream_file(folder, int(seconds * RATE), n_channels)
    reader = InMemory(folder)
    reader.parse_header()
    reader.samples = noise(40_009, n_channels)
    return reader


def units_session(folder: Path, n_waveforms: int, n_units: int = 100) -> Path:
    """Write a session of units that have so many waveforms together."""
    made, each = Handmade(folder), n_waveforms // n_units
    amps = noise(each, WAVEFORM)
    for number in range(n_units):
        made.unit(
            f"CSC{number + 1}_SU1", T0 + np.arange(each) * 2.5, amps + np.int16(number), gain=0.1 + 0.001 * number
        )
    return folder
