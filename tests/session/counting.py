"""A session that is made when it is read, of numbers that count: row * 10 + column, and spikes at instants by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mockrawio.ground.folder import File
from mockrawio.session import virtual
from mockrawio.session.clock import Run
from mockrawio.session.files import Scale
from mockrawio.session.layout import MANIFEST
from mockrawio.session.made import MadeArray, MadeColumn, MadeLfp, MadeStamps, MadeUnitFile
from mockrawio.session.streams import described_stream
from tests.handmade import T0

N, WIDTH = 20_000, 3  # of the stream, in two segments
SEGMENTS = [{"t_start_ms": T0, "n_samples": 12_000}, {"t_start_ms": T0 + 13_000, "n_samples": 8000}]
LFP_RUNS = Run(0, 12_000, float(T0)), Run(12_000, 20_000, T0 + 13_000.0)
TIMES = T0 + np.array([10.0, 20.25, 12_500.0, 13_000.0, 13_500.5])
EVENTS = b"made at once"
DESCRIPTION = {
    "sampling_rate": 1000.0,
    "gain": [0.5] * WIDTH,
    "offset": 0.0,
    "units": "uV",
    "channels": {"ids": ["a", "b", "c"], "names": ["a", "b", "c"]},
    "segments": SEGMENTS,
}


class Rows:
    """Row k has k * 10 + column, as far as int16 goes."""

    def fill(self, out: np.ndarray, start: int) -> None:
        rows = np.arange(start, start + len(out))[:, None] * 10 + np.arange(out.shape[1])
        out[...] = rows.astype(np.int16)  # wraps round


class Train:
    """Spikes at `TIMES`, of which the k-th has the waveform k, k + 1."""

    def _span(self, start_ms: float, stop_ms: float) -> slice:
        return slice(*np.searchsorted(TIMES, [start_ms, stop_ms]).tolist())

    def times_ms(self, start_ms: float, stop_ms: float) -> np.ndarray:
        return TIMES[self._span(start_ms, stop_ms)]

    def count(self, start_ms: float, stop_ms: float) -> int:
        return len(self.times_ms(start_ms, stop_ms))

    def ends_ms(self, start_ms: float, stop_ms: float) -> tuple[float, float] | None:
        found = self.times_ms(start_ms, stop_ms).tolist()
        return (found[0], found[-1]) if found else None

    def waveforms(self, start_ms: float, stop_ms: float) -> np.ndarray:
        return (np.arange(len(TIMES))[:, None] + np.arange(2)).astype(np.int16)[self._span(start_ms, stop_ms)]


class Maker:
    """Makes a stream, two LFP channels, a unit, and a file whose bytes are made at once."""

    def __init__(self) -> None:
        self.files: Mapping[str, int] = {
            "lfp_data/CSC1_lfp.npy": 0,
            "lfp_data/CSC2_lfp.npy": 0,
            "spiking_data/CSC1_SU1.npy": 0,
            "raw_data/wide.npy": 0,
            "raw_data/wide.json": 0,
            "notes/made.bin": len(EVENTS),
        }

    def chunks(self, name: str) -> Iterable[bytes]:
        return [EVENTS[:5], EVENTS[5:]]

    def opened(self, file: File) -> Any:
        if file.name.startswith("spiking_data"):
            return MadeUnitFile(file, Scale(0.25), 32_000.0, 20)
        if file.name.startswith("raw_data"):
            return described_stream(file, MadeArray(file, N, WIDTH), DESCRIPTION, lambda: {"seed": 3})
        k = int(file.name[len("lfp_data/CSC")]) - 1
        samples = MadeColumn(MadeArray(file, N, WIDTH, (k,)), k)
        return MadeLfp(samples, MadeStamps(LFP_RUNS), Scale(2.0), 1000.0)

    def rows(self, name: str) -> Rows:
        return Rows()

    def train(self, name: str) -> Train:
        return Train()


def maker_of(manifest: File) -> Maker:
    """Return what makes the session of a manifest."""
    return Maker()


def counting_session(folder: Path, monkeypatch: pytest.MonkeyPatch, **more: Any) -> Path:
    """Make a folder of channel names and a manifest, whose other files this module makes."""
    monkeypatch.setitem(virtual.MAKERS, "spec", __name__)
    folder.mkdir(parents=True)
    (folder / "ChannelNames.txt").write_text("LA1.ncs\nLA2.ncs\n")
    content = {"format": virtual.VIRTUAL, "format_version": 1, "virtual": {"maker": "spec"}, "files": {}, **more}
    (folder / MANIFEST).write_text(json.dumps(content))
    return folder


def values(first: int, stop: int, columns: list[int]) -> np.ndarray:
    """Return what such rows are, the slow way."""
    return np.array([[(k * 10 + c + 32_768) % 65_536 - 32_768 for c in columns] for k in range(first, stop)]).reshape(
        stop - first, len(columns)
    )
