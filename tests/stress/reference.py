"""A session read the slow, obvious way, and requests at random that a reader must answer alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from mockrawio import MockSessionRawIO
from tests.handmade import T0, Handmade

LENGTHS = (3000, 2000)  # ms; a gap of 500 ms lies between
GAP_MS = 500
KINDS = ("lfp", "lfp out", "broadband", "broadband channels", "spikes", "waveforms", "events", "bounds")


def write_session(folder: Path, n_units: int = 12) -> Path:
    """Write a session of two segments: four LFP channels, a stream of five channels, units, events."""
    rng = np.random.default_rng(8)
    made = Handmade(folder)
    made.all()
    starts = (T0, T0 + LENGTHS[0] + GAP_MS)
    ts = np.concatenate([start + np.arange(length) for start, length in zip(starts, LENGTHS, strict=True)])
    for channel in range(1, 5):
        made.lfp(channel, rng.integers(-(2**15), 2**15, ts.size, dtype=np.int16), ts, gain=0.5)
    segments = [{"t_start_ms": start, "n_samples": 32 * length} for start, length in zip(starts, LENGTHS, strict=True)]
    made.stream(samples=rng.integers(-(2**15), 2**15, (32 * sum(LENGTHS), 5), dtype=np.int16), segments=segments)
    for k in range(n_units):
        count = int(rng.integers(2, 80))
        times = np.sort(T0 + rng.uniform(0, sum(LENGTHS) + GAP_MS, count))
        made.unit(f"CSC{k + 1}_SU1", times, rng.integers(-999, 999, (count, 64), dtype=np.int16), gain=0.25)
    made.events([[T0 + 37.0 * k, 2 ** (k % 8)] for k in range(140)])
    return made.folder


def load(path: Path) -> Any:
    """Load a file that the tests themselves wrote."""
    content = np.load(path, allow_pickle=True)
    return content.item() if content.shape == () else content


class Reference:
    """All of a session in memory, cut by masks."""

    def __init__(self, folder: Path) -> None:
        lfp = [load(folder / "lfp_data" / f"CSC{k}_lfp.npy") for k in range(1, 5)]
        ts, samples = lfp[0]["ts"], np.stack([channel["samples"] for channel in lfp], axis=1)
        self.second_ms = T0 + LENGTHS[0] + GAP_MS
        second = ts >= self.second_ms
        rows = [segment["n_samples"] for segment in self._description(folder)["segments"]]
        self.lfp = [samples[~second], samples[second]]
        self.broadband = np.split(np.load(folder / "raw_data" / "broadband.npy"), [rows[0]])
        self.units = {path.stem: load(path) for path in (folder / "spiking_data").iterdir()}
        self.events = load(folder / "event_file" / "Events.npy")

    @staticmethod
    def _description(folder: Path) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((folder / "raw_data" / "broadband.json").read_text())
        return content

    def within(self, times: np.ndarray, segment: int, limits: tuple[float | None, float | None]) -> np.ndarray:
        """Return which times lie in a segment and within limits in seconds."""
        mask = (times >= self.second_ms) == bool(segment)
        seconds = (times - T0) / 1000
        low, high = (-np.inf if limits[0] is None else limits[0], np.inf if limits[1] is None else limits[1])
        return mask & (seconds >= low) & (seconds <= high)

    def check(self, reader: MockSessionRawIO, rng: np.random.Generator) -> str:
        """Make one request at random, check the answer, and return what kind of request it was."""
        kind = KINDS[int(rng.integers(len(KINDS)))]
        segment = int(rng.integers(2))
        if kind == "bounds":
            self._check_bounds(reader, segment)
        elif kind.startswith(("lfp", "broadband")):
            self._check_chunk(reader, rng, kind, segment)
        else:
            low = float(rng.uniform(-1, 6))
            limits = [(None, None), (low, None), (None, low), (low, low + float(rng.exponential()))]
            self._check_times(reader, rng, kind, segment, limits[int(rng.integers(4))])
        return kind

    def _check_bounds(self, reader: MockSessionRawIO, segment: int) -> None:
        assert reader.segment_t_start(0, segment) == (self.second_ms - T0) / 1000 * segment
        assert reader.get_signal_size(0, segment, 1) == len(self.broadband[segment])
        assert reader.get_signal_t_start(0, segment, 0) == (self.second_ms - T0) / 1000 * segment
        description = reader.get_analogsignal_buffer_description(0, segment, "broadband")
        assert description["shape"] == self.broadband[segment].shape

    def _check_chunk(self, reader: MockSessionRawIO, rng: np.random.Generator, kind: str, segment: int) -> None:
        whole = (self.lfp if kind.startswith("lfp") else self.broadband)[segment]
        start, stop = sorted(int(i) for i in rng.integers(0, len(whole) + 1, 2))
        stop = min(stop, start + 400)
        chosen = rng.permutation(whole.shape[1])[: int(rng.integers(1, whole.shape[1]))] if "channels" in kind else None
        expected = whole[start:stop] if chosen is None else whole[start:stop][:, chosen]
        out = np.empty(expected.shape, np.int16) if "out" in kind else None
        stream = 0 if kind.startswith("lfp") else 1
        found = reader.get_analogsignal_chunk(0, segment, start, stop, stream, channel_indexes=chosen, out=out)
        np.testing.assert_array_equal(found, expected)

    def _check_times(
        self,
        reader: MockSessionRawIO,
        rng: np.random.Generator,
        kind: str,
        segment: int,
        limits: tuple[float | None, float | None],
    ) -> None:
        if kind == "events":
            chosen = self.events[self.within(self.events[:, 0], segment, limits)]
            stamps, _, labels = reader.get_event_timestamps(0, segment, 0, *limits)
            np.testing.assert_array_equal(stamps, chosen[:, 0])
            assert labels.tolist() == [str(int(code)) for code in chosen[:, 1]]
            return
        names = reader.header["spike_channels"]["id"]
        index = int(rng.integers(len(names)))
        unit = self.units[str(names[index])]
        mask = self.within(unit["spike_times"], segment, limits)
        if kind == "spikes":
            found = reader.get_spike_timestamps(0, segment, index, *limits)
            np.testing.assert_array_equal(found, unit["spike_times"][mask])
        else:
            found = reader.get_spike_raw_waveforms(0, segment, index, *limits)
            np.testing.assert_array_equal(found[:, 0], unit["spike_amps"][mask])


def requests(reader: MockSessionRawIO, reference: Reference, seed: int, count: int) -> set[str]:
    """Make requests at random, check each, and return the kinds that were made."""
    rng = np.random.default_rng(seed)
    return {reference.check(reader, rng) for _ in range(count)}
