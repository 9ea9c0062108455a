"""What a session is to hold, gathered from elsewhere, and how it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import numpy.typing as npt

from ..formats.npy_out import Blocks, array_file
from ..ground.progress import Tick, progress_bar
from ..session import keys, layout
from ..session.clock import Run
from ..session.content import UnitContent, csc_number, description_bytes, info_bytes, lfp_bytes, stream_description
from ..session.files import Scale
from ..session.logs import DaqLog, Watchlog, format_daq_log, format_watchlog
from ..session.writer import SessionWriter
from .counts import BLOCK, Counts, Source, encode, passes
from .spans import check_era

Stamps = npt.NDArray[np.float64]


@dataclass
class Stream:
    """A signal stream."""

    name: str  # its files' name
    # ids, names: one per channel
    ids: tuple[str, ...]
    names: tuple[str, ...]
    units: str
    source: Source
    starts_ms: list[float]  # when each segment begins, ms since the Unix epoch
    more: dict[str, object] = field(default_factory=dict)  # further keys of its description

    @property
    def sizes(self) -> list[int]:
        """Samples in each segment."""
        return [piece.n_samples for piece in self.source.pieces]

    def counts(self, tick: Tick) -> Counts:
        """Return its samples as int16."""
        return encode(self.source, tick)

    def description(self, counts: Counts) -> dict[str, object]:
        """Return what its ``.json`` says."""
        scales = [Scale(*pair, self.units) for pair in zip(counts.gains.tolist(), counts.offsets.tolist(), strict=True)]
        stops = list(accumulate(self.sizes))
        runs = map(Run, [0, *stops], stops, self.starts_ms)
        return stream_description(self.source.rate, scales, self.ids, self.names, runs, self.more)


@dataclass
class Content:
    """Everything that goes into a session."""

    # what ``session_info.npy`` says of the start, ms since the Unix epoch. None: `files` has it, and all else
    # that is no stream and no unit
    info_ms: float | None
    patient_id: int
    session_nr: int
    streams: list[Stream]
    # called with the folder that has the streams by then; yields the units
    units: Callable[[Path], Iterable[UnitContent]]
    made_from: dict[str, object]  # what the manifest says of the source
    channel_names: bytes | None = None  # ``ChannelNames.txt``
    events: Stamps | None = None  # (n, 2): ms since the Unix epoch, code
    daq: DaqLog | None = None
    watchlog: Watchlog | None = None
    lfp: Sequence[Stream] = ()  # the files of ``lfp_data``, each a stream of one channel that begins at whole ms
    # further files that are ready, by their path below the session folder
    files: Mapping[str, Iterable[bytes | memoryview]] = field(default_factory=dict)

    def finish(self, writer: SessionWriter, origins: dict[str, object]) -> dict[str, object]:
        """Write what depends on the other files; return what the manifest says.

        `origins` are the units' names in the source, by name.
        """
        return {keys.MADE_FROM: self.made_from, keys.SOURCE_UNITS: origins}


def write_content(content: Content, folder: Path, overwrite: bool, progress: bool, label: str = "session") -> Path:
    """Write a session, completely or not at all; return its folder. The bar of its progress is called `label`."""
    with SessionWriter(folder, overwrite=overwrite) as writer:
        every = [*content.streams, *content.lfp]
        samples = sum(s.source.n_samples * len(s.ids) * passes(s.source.dtype) for s in every)
        with progress_bar(progress, label, samples, "sample") as tick:
            for stream in content.streams:
                _write_stream(writer, stream, tick)
            for channel in content.lfp:
                _write_lfp(writer, channel, tick)
        origins = _write_units(writer, content.units(writer.staging))
        _write_small(writer, content)
        writer.write_manifest(content.finish(writer, origins))
    return writer.target


def _check_era(stream: Stream) -> None:
    for start, size in zip(stream.starts_ms, stream.sizes, strict=True):
        check_era(start, start + size * 1000 / stream.source.rate)


def _write_lfp(writer: SessionWriter, channel: Stream, tick: Tick) -> None:
    _check_era(channel)
    counts, shape, rate = channel.counts(tick), (channel.source.n_samples,), channel.source.rate
    scale = Scale(float(counts.gains[0]), float(counts.offsets[0]), channel.units)
    samples, stamps = Blocks("<i2", shape, counts.blocks()), Blocks("<i8", shape, _stamps(channel))
    writer.write(layout.lfp_file(csc_number(channel.ids[0]) or 1), lfp_bytes(stamps, samples, scale, rate))


def _stamps(channel: Stream) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the time stamps of an LFP channel, a block at a time, whole ms since the Unix epoch."""
    period = round(1000 / channel.source.rate)
    for start, size in zip(channel.starts_ms, channel.sizes, strict=True):
        for first in range(0, size, BLOCK):
            yield int(start) + period * np.arange(first, min(first + BLOCK, size), dtype="<i8")


def _write_stream(writer: SessionWriter, stream: Stream, tick: Tick) -> None:
    _check_era(stream)
    source, counts = stream.source, stream.counts(tick)
    shape = (source.n_samples, len(stream.ids))
    writer.write(f"{layout.RAW}/{stream.name}.npy", array_file(Blocks("<i2", shape, counts.blocks())))
    writer.write(f"{layout.RAW}/{stream.name}.json", [description_bytes(stream.description(counts))])


def _write_units(writer: SessionWriter, units: Iterable[UnitContent]) -> dict[str, object]:
    """Write the units; return their names in the source, by name."""
    origins = {}
    for unit in units:
        if unit.times_ms.size:
            check_era(float(unit.times_ms[0]), float(unit.times_ms[-1]))
        writer.write(layout.unit_file(unit.name), unit.chunks())
        origins[unit.name.id] = unit.origin
    return origins


def _write_small(writer: SessionWriter, content: Content) -> None:
    for name, chunks in content.files.items():
        writer.write(name, chunks)
    if content.info_ms is None:
        return
    check_era(content.info_ms, content.info_ms)
    writer.write(layout.SESSION_INFO, info_bytes(content.patient_id, content.session_nr, content.info_ms))
    if content.channel_names is not None:
        writer.write(layout.CHANNEL_NAMES, [content.channel_names])
    if content.events is not None:
        writer.write(layout.EVENTS_FILE, array_file(content.events.astype("<f8", copy=False)))
    if content.daq is not None:
        writer.write(layout.daq_file(content.info_ms), [format_daq_log(content.daq)])
    if content.watchlog is not None:
        writer.write(layout.watchlog_file(content.info_ms), [format_watchlog(content.watchlog)])


def plain(value: object) -> Any:
    """Return a value that JSON can hold; what it cannot hold, and absolute paths, are left out.

    Returns None for a value that is left out altogether.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping):
        kept = {str(key): plain(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [item for item in map(plain, value) if item is not None]
    if isinstance(value, str):
        return None if _is_path(value) else value
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value if isinstance(value, (bool, int)) else None


def _is_path(text: str) -> bool:
    absolute = PurePosixPath(text).is_absolute() or PureWindowsPath(text).is_absolute()
    return absolute or text.startswith(("~", "file:"))
