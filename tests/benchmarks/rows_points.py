"""Rows of spikes and events: a window of time, its waveforms, and the frames of a movie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mockrawio.rawio import MockSessionRawIO
from mockrawio.rawio.events import Movie, MovieFrames
from mockrawio.session.files import open_unit
from mockrawio.session.layout import find_files

from .inputs import opened, own_copy, unpickled
from .race import Contest, same

Array = npt.NDArray[Any]
SPIKES = 1000  # in the window


class _Window:
    """The unit with the most spikes, of those with waveforms if they are needed, and a window in the middle of them."""

    def __init__(self, folder: Path, copies: Path | None = None, *, with_waveforms: bool = False) -> None:
        self.reader = opened(folder)
        units = [self.reader.unit(k) for k in range(self.reader.spike_channels_count())]
        able = [unit for unit in units if unit.sampling_rate is not None or not with_waveforms]
        most = max(able, key=lambda unit: unit.counts[0])
        self.unit = most.index
        self.file = open_unit(most.path)
        self.path = Path(self.file.path) if copies is None else own_copy(Path(self.file.path), copies)
        times = self.seconds(self.reader.get_spike_timestamps(0, 0, self.unit))
        middle = times.size // 2
        self.limits = float(times[middle]), float(times[min(middle + SPIKES, times.size) - 1])

    def seconds(self, stamps_ms: Array) -> Array:
        """Return stamps as seconds from the reader's origin."""
        seconds: Array = self.reader.rescale_spike_timestamp(stamps_ms, "float64")
        return seconds

    def slow(self, key: str) -> Array:
        """Return what lies in the window, by reading all of the file and masking it."""
        content = unpickled(self.path)
        if self.file.divisor != 1:  # µs, not ms
            content["spike_times"] = content["spike_times"] / self.file.divisor
        times = (content["spike_times"] - self.reader.time_origin_ms) / 1000
        values: Array = content[key][(times >= self.limits[0]) & (times <= self.limits[1])]
        return values


def spikes(folder: Path, copies: Path | None = None) -> Contest:
    """Find the 1000 spikes of a window, against ``numpy.load`` of the file, or of a copy of it, and a mask."""
    window = _Window(folder, copies)

    def ours() -> Array:
        return window.reader.get_spike_timestamps(0, 0, window.unit, *window.limits)

    def peer() -> Array:
        return window.slow("spike_times")

    return Contest(ours, {"numpy.load and a mask": peer}, lambda: same(ours(), peer(), "spikes in a window"))


def waveforms(folder: Path, copies: Path | None = None) -> Contest:
    """Read their waveforms, in physical units."""
    window = _Window(folder, copies, with_waveforms=True)
    reader, unit = window.reader, window.unit
    gain, offset = (float(reader.header["spike_channels"][f"wf_{name}"][unit]) for name in ("gain", "offset"))

    def ours() -> Array:
        raw = np.asarray(reader.get_spike_raw_waveforms(0, 0, unit, *window.limits))
        return reader.rescale_waveforms_to_float(raw, "float32", unit)

    def peer() -> Array:
        return (window.slow("spike_amps") * gain + offset).astype(np.float32)[:, None, :]

    def check() -> None:
        same(ours(), peer(), "waveforms of a window", rtol=1e-6)

    return Contest(ours, {"numpy.load and a mask": peer}, check)


def movie_frames(folder: Path) -> Contest:
    """Parse every frame of the movie with its label from the watchlog, against line by line and pandas."""
    files = find_files(folder)
    watchlog, moment = files.watchlog, files.moment()
    assert watchlog is not None
    path = watchlog.path

    def ours() -> Array:
        return (
            MovieFrames("movie_frames", Movie(watchlog, moment)).parse().start
        )  # a reader parses a log once and keeps it

    def by_line() -> Array:
        stamps, labels, seconds = [], [], []
        with open(path) as log:
            next(log)
            for line in log:
                fields = line.split()
                if fields[0] == "pts":
                    stamps.append(int(fields[3]))
                    labels.append(fields[1])
                    seconds.append(float(fields[1]))
        _ = np.array(labels), np.array(seconds)
        return np.array(stamps)

    peers = {"line by line": by_line}
    missing = {}
    try:
        import pandas  # type: ignore[import-untyped]  # its stubs are a package apart
    except ImportError:
        missing["pandas.read_csv"] = "not installed; pip install pandas"
    else:

        def table() -> Array:
            read = pandas.read_csv(path, sep="\t", header=None, skiprows=1, names=list("abcd"), dtype={"b": str})
            stamps: Array = read.loc[read["a"] == "pts", "d"].to_numpy()
            return stamps

        peers["pandas.read_csv"] = table

    def check() -> None:
        for name, peer in peers.items():
            same(ours(), peer(), f"frames of {name}")

    return Contest(ours, peers, check, missing)


def first_window(folder: Path) -> Contest:
    """Open a session for one window: the header, and the check that stamps ascend, are in the time."""
    window = _Window(folder)

    def ours() -> Array:
        with MockSessionRawIO(folder) as reader:
            return np.array(reader.get_spike_timestamps(0, 0, window.unit, *window.limits))

    def peer() -> Array:
        return window.slow("spike_times")

    return Contest(ours, {"numpy.load and a mask": peer}, lambda: same(ours(), peer(), "spikes in a window"))
