"""Session folders made the slow, obvious way, by ``numpy.save`` and text files.

Nothing here uses the package: what it writes is what other people's tools would write.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

T0 = 1_656_643_278_812  # ms since the Unix epoch: 2022-07-01 02:41:18.812 UTC
STAMP = "2022-07-01_02-41-18"


def save_dict(path: Path, values: dict[str, Any]) -> Path:
    """Save a dict as Epiphyte does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, values, allow_pickle=True)  # type: ignore[arg-type]
    return path


class Handmade:
    """Writes the files of one session folder, each by a method, all optional."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)

    def info(self, **values: Any) -> Path:
        content = {"patient_id": 4, "session_nr": 2, "date": STAMP[:10], "time": STAMP[11:], **values}
        return save_dict(self.folder / "session_info.npy", content)

    def names(self, names: list[str] | None = None) -> Path:
        names = [f"LA{k}" for k in range(1, 9)] if names is None else names
        path = self.folder / "ChannelNames.txt"
        path.write_text("".join(f"{name}.ncs\n" for name in names))
        return path

    def lfp(self, channel: int = 1, samples: Any = None, ts: Any = None, **more: Any) -> Path:
        samples = np.arange(500, dtype=np.int16) if samples is None else samples
        ts = T0 + np.arange(len(samples)) if ts is None else ts
        return save_dict(self.folder / "lfp_data" / f"CSC{channel}_lfp.npy", {"ts": ts, "samples": samples, **more})

    def unit(self, name: str = "CSC1_SU1", times: Any = None, amps: Any = None, **more: Any) -> Path:
        times = T0 + np.array([10.0, 20.25, 300.5]) if times is None else times
        if amps is None:
            amps = np.arange(len(times) * 64, dtype=np.int16).reshape(-1, 64)
        values = {"spike_times": times, "spike_amps": amps, **more}
        return save_dict(self.folder / "spiking_data" / f"{name}.npy", values)

    def events(self, rows: Any = None) -> Path:
        rows = [[T0 + 5.0, 1], [T0 + 105.0, 2], [T0 + 205.0, 4]] if rows is None else rows
        path = self.folder / "event_file" / "Events.npy"
        path.parent.mkdir(exist_ok=True)
        np.save(path, np.asarray(rows, dtype=np.float64))
        return path

    def daq(self, lines: list[str] | None = None, stamp: str = STAMP) -> Path:
        lines = [f"1\t0\t{T0 + 10}\t{T0 + 14}", f"2\t1\t{T0 + 110}\t{T0 + 107}"] if lines is None else lines
        path = self.folder / "daq_files" / f"timedDAQ-log-{stamp}.log"
        path.parent.mkdir(exist_ok=True)
        head = ["Initial signature: 255\t255", "255\t255\t", "data\tStamp\tpre\tpost"]
        path.write_bytes("".join(f"{line}\n" for line in head + lines).encode())
        return path

    def watchlog(self, lines: list[str] | None = None, stamp: str = STAMP) -> Path:
        if lines is None:
            lines = [frame(0.04 * k, T0 + 50 + 40 * k) for k in range(1, 4)]
            lines += ["Pausing", "Continuing\tafter\tpause"]
            lines += [frame(0.04 * k, T0 + 150 + 40 * k) for k in range(4, 7)]
        path = self.folder / "watchlogs" / f"ffplay-watchlog-{stamp}.log"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes("".join(f"{line}\n" for line in ["movie.avi", *lines]).encode())
        return path

    def stream(self, name: str = "broadband", samples: Any = None, segments: Any = None, **more: Any) -> Path:
        samples = np.arange(1600 * 3, dtype=np.int16).reshape(-1, 3) if samples is None else samples
        path = self.folder / "raw_data" / f"{name}.npy"
        path.parent.mkdir(exist_ok=True)
        np.save(path, samples)
        count = samples.shape[-1]
        description = {
            "sampling_rate": 32000.0,
            "gain": [0.25] * count,
            "offset": [0.0] * count,
            "units": "uV",
            "channels": {"ids": [f"CSC{k + 1}" for k in range(count)], "names": [f"LA{k + 1}" for k in range(count)]},
            "segments": [{"t_start_ms": T0, "n_samples": len(samples)}] if segments is None else segments,
            **more,
        }
        path.with_suffix(".json").write_text(json.dumps(description))
        return path

    def all(self) -> Path:
        """Write one file of every kind."""
        self.info()
        self.names()
        self.lfp(gain=0.5, offset=0.0, units="uV", sampling_rate=1000.0)
        self.unit(gain=0.25)
        self.unit("CSC2_MU1", gain=0.25)
        self.events()
        self.daq()
        self.watchlog()
        return self.folder


def frame(pts: float, clock: float) -> str:
    """Return a watchlog's line for one frame."""
    return f"pts\t{round(pts, 2)}\ttime\t{clock}"
