"""What races are run on: sessions and streams, made once each, in a folder of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from mockrawio.formats.dict_npy import DictFile, Opaque
from mockrawio.formats.npy import HeldArray, MappedArray, header_bytes
from mockrawio.generate import EpiphyteUnits, SessionSpec, Units, generate_session
from mockrawio.rawio import MockSessionRawIO

SIZES = ("tiny", "quick", "full")
RATE = 32_000.0

T = TypeVar("T")


@dataclass(frozen=True)
class Inputs:
    """The sessions of the built-in rows.

    Parameters
    ----------
    place : Path
        Where they are made.
    size : {"tiny", "quick", "full"}
        For a test run, for a look, and as documented.
    """

    place: Path
    size: str

    def pick(self, tiny: T, quick: T, full: T) -> T:
        """Return the one that goes with the size."""
        return (tiny, quick, full)[SIZES.index(self.size)]

    def folder(self, name: str) -> Path:
        """Return an empty folder to work in, or what is left in it from before."""
        place = self.place / name
        place.mkdir(exist_ok=True)
        return place

    def _session(self, name: str, **fields: Any) -> Path:
        folder = self.place / name
        return generate_session(SessionSpec(**{"patient_id": 1, "session_nr": 1, "seed": 0, **fields}), folder)

    @cached_property
    def long_int16(self) -> Path:
        """One LFP channel of 5.8 M samples, 37 units of as many spikes as Epiphyte draws: 70 MB."""
        return self._long("int16")

    @cached_property
    def long_float64(self) -> Path:
        """The same as float64, 140 MB."""
        return self._long("float64")

    def _long(self, encoding: str) -> Path:
        length = self.pick(20, 5800, 5800)
        return self._session(f"long_{encoding}", duration_s=length, units=EpiphyteUnits(37), encoding=encoding)

    @cached_property
    def wide(self) -> Path:
        """80 LFP channels and 400 units, a minute."""
        n_lfp, n_units = self.pick((4, 3), (80, 400), (80, 400))
        return self._session(
            "wide", duration_s=self.pick(4.0, 60.0, 60.0), n_lfp_channels=n_lfp, n_units=n_units, rate_hz=(1.0, 4.0)
        )

    @cached_property
    def block(self) -> Path:
        """8 LFP channels and 40 units, five minutes: what fits other formats' patience too."""
        n_lfp, n_units = self.pick((2, 3), (8, 40), (8, 40))
        return self._session("block", duration_s=self.pick(4.0, 60.0, 300.0), n_lfp_channels=n_lfp, n_units=n_units)

    @cached_property
    def busy(self) -> Path:
        """One unit of a million spikes (a tenth of that for a look), 300 Hz."""
        seconds = self.pick(4.0, 400.0, 4000.0)
        return self._session("busy", duration_s=seconds, units=Units(1, rate_hz=250.0, refractory_ms=1.0))

    @cached_property
    def movie(self) -> Path:
        """A session of Epiphyte's length: a movie of 125,000 frames."""
        length = self.pick({"duration_s": 10.0}, {}, {})
        folder = self.place / "movie"
        return generate_session(
            SessionSpec.epiphyte(patient_id=1, session_nr=1, seed=0, encoding="int16", **length), folder
        )

    @cached_property
    def stream(self) -> Path:
        """64 channels at 32 kHz for 10 s, one gain."""
        return write_stream(self.place / "stream", self.pick(64_000, 320_000, 320_000), [0.25] * 64)

    @cached_property
    def long_stream(self) -> Path:
        """64 channels at 32 kHz for four minutes, a GB of zeros that takes no room."""
        return write_stream(
            self.place / "long_stream", self.pick(6_400, 8_000_000, 8_000_000), [0.25] * 64, sparse=True
        )

    @cached_property
    def stream_of_gains(self) -> Path:
        """A second of the same, a gain a channel."""
        return write_stream(self.place / "stream_of_gains", 32_000, np.linspace(0.1, 0.3, 64).tolist())

    @cached_property
    def stream_of_offsets(self) -> Path:
        """The same, and an offset a channel."""
        gains, offsets = (np.linspace(*ends, 64).tolist() for ends in ((0.1, 0.3), (-50.0, 50.0)))
        return write_stream(self.place / "stream_of_offsets", 32_000, gains, offsets)


def write_stream(
    folder: Path, n_samples: int, gains: list[float], offsets: list[float] | None = None, *, sparse: bool = False
) -> Path:
    """Write a session that is one broadband stream of random counts and return its folder.

    Parameters
    ----------
    folder : Path
        The session folder, which must not be there.
    n_samples : int
    gains : list of float
        One a channel.
    offsets : list of float, optional
    sparse : bool
        Leave the samples out: zeros that take no room on the disk.
    """
    n_channels = len(gains)
    data = folder / "raw_data" / "broadband.npy"
    data.parent.mkdir(parents=True)
    header = header_bytes("<i2", (n_samples, n_channels))
    rng = np.random.default_rng(0)
    with open(data, "wb") as file:
        file.write(header)
        if sparse:
            file.truncate(len(header) + 2 * n_samples * n_channels)
        else:
            file.write(rng.integers(-3000, 3000, (n_samples, n_channels), dtype=np.int16).tobytes())
    description = {
        "sampling_rate": RATE,
        "gain": gains,
        "offset": offsets or [0.0] * n_channels,
        "units": "uV",
        "channels": {key: [f"CSC{k + 1}" for k in range(n_channels)] for key in ("ids", "names")},
        "segments": [{"t_start_ms": 1_656_643_278_812, "n_samples": n_samples}],
    }
    data.with_suffix(".json").write_text(json.dumps(description))
    return folder


def opened(folder: Path) -> MockSessionRawIO:
    """Return a reader of a session whose header is parsed; floats are served as they are stored."""
    reader = MockSessionRawIO(folder, raw_dtype="source")
    reader.parse_header()
    return reader


def unpickled(path: Path) -> dict[str, Any]:
    """Return what a dict file holds by ``numpy.load``, which runs what it says: for files that we wrote alone."""
    content: dict[str, Any] = np.load(path, allow_pickle=True).item()
    return content


def own_copy(path: Path, place: Path) -> Path:
    """Write what a dict file of others holds once more below `place`, so that a peer may unpickle it."""
    with DictFile(str(path)) as file:
        kept = {key: value for key, value in file.values.items() if value is not Opaque}
    values = {key: value.view() if isinstance(value, MappedArray | HeldArray) else value for key, value in kept.items()}
    copy = place / path.parent.name / path.name
    copy.parent.mkdir(exist_ok=True)
    np.save(copy, values)  # type: ignore[arg-type]  # a dict becomes an array of one object
    return copy
