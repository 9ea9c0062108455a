"""A session folder opened for reading: streams, units and event channels, not yet Neo.

Everything that decides what belongs together is here: which LFP channels form a stream,
where segments begin, what a channel is called. The reader above only speaks Neo.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..session.clock import check_runs
from ..session.errors import BadFileError, MockSessionError
from ..session.files import (
    MAX_NAME,
    LfpFile,
    Scale,
    SessionInfo,
    UnitFile,
    is_name,
    open_channel_names,
    open_info,
    open_lfp,
    open_unit,
)
from ..session.layout import BUNDLE, SessionFiles, UnitName, find_files, find_labels
from ..session.once import once
from ..session.shown import warn
from ..session.streams import StreamFile, open_stream
from .events import CodeEvents, DaqEpochs, EventChannel, LabelEpochs, Movie, MovieFrames, MoviePauses
from .scaling import FloatSource
from .signals import Channel, SignalStream
from .spikes import Unit, Units

_CSC = re.compile(r"CSC[0-9]{1,9}")
DRIFT = 3  # gaps of a single sample: fewer may be lost samples

CountSize = Callable[[FloatSource], float]


class OpenSession:
    """The content of a session folder.

    Parameters
    ----------
    folder : str or PathLike
    labels_dir : str or PathLike, optional
        Folder of annotations.
    count_size : callable or None
        Gives the size of a count for a float array; None serves floats as they are.
    strict : bool
        Check every time stamp now.
    follow_symlinks : bool
        Follow links that lead out of the session folder, or out of that of the annotations.

    Attributes
    ----------
    streams : list of SignalStream
    units : Units
    events : list of EventChannel
    info : SessionInfo or None
    origin_ms : float
        Time 0, ms since the Unix epoch.
    boundaries_ms : list of float
        Where segments 1, 2, … begin.
    moment : Moment
        What its files were: what is opened later must still be that.
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        labels_dir: str | PathLike[str] | None,
        count_size: CountSize | None,
        strict: bool,
        follow_symlinks: bool = False,
    ) -> None:
        self.files: SessionFiles = find_files(folder, follow_symlinks=follow_symlinks)
        self.moment = self.files.moment()
        with self.moment:
            self._open_all(labels_dir, count_size, strict)

    def _open_all(self, labels_dir: str | PathLike[str] | None, count_size: CountSize | None, strict: bool) -> None:
        self._names = open_channel_names(self.files.channel_names) if self.files.channel_names else None
        self.info: SessionInfo | None = open_info(self.files.info) if self.files.info else None
        lfp = self._open_lfp(strict)
        units = {name: open_unit(path) for name, path in self.files.units.items()}
        counts = _counts(lfp, units, count_size)
        self.streams = self._lfp_streams(lfp, counts)
        self.streams += self._raw_streams({stream.id for stream in self.streams})
        self.n_segments = _common_segments(self.streams)
        starts = [[s.runs[k].t_start_ms for s in self.streams] for k in range(self.n_segments)]
        self.boundaries_ms: list[float] = [min(start) for start in starts[1:]]
        self.units = Units([Unit(name, file, counts.get(file.path)) for name, file in units.items()])
        self.events = self._event_channels(labels_dir)
        self.origin_ms = self._origin()
        if strict:
            self._check_all()
        for unit in self.units.units:
            unit.split(self.boundaries_ms)
            unit.release()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__}  # at one stroke: another thread may be adding the bounds

    # -- names --------------------------------------------------------------------------

    def channel_name(self, number: int) -> str:
        """Return the name of channel CSC{number}, its id where ChannelNames.txt has none."""
        if self._names is None:
            return f"CSC{number}"
        if not 1 <= number <= len(self._names):
            warn(
                f"{self.files.channel_names}: has {len(self._names)} lines, none for CSC{number}; "
                f"the channel is called CSC{number}",
                stacklevel=2,
            )
            return f"CSC{number}"
        return self._names[number - 1]

    def place(self, number: int) -> tuple[str, int]:
        """Return region and bundle of a channel: its name without the number, and 0 for CSC1 to CSC8."""
        named = self._names is not None and 1 <= number <= len(self._names)
        region = self._names[number - 1].rstrip("0123456789") if named and self._names else ""
        return region, (number - 1) // BUNDLE

    # -- signals ---------------------------------------------------------------------------

    def _open_lfp(self, strict: bool) -> dict[int, LfpFile]:
        files = {}
        for number, path in self.files.lfp.items():
            file = open_lfp(path)
            if file is None:
                warn(f"{path}: holds no samples; the channel is left out", stacklevel=2)
                continue
            if strict:
                check_runs(path, file.ts.view(), file.runs, file.divisor, file.sampling_rate)
                file.ts.release()
            files[number] = file
        return files

    def _lfp_streams(self, files: dict[int, LfpFile], counts: dict[str, float]) -> list[SignalStream]:
        groups: dict[Any, list[tuple[int, LfpFile]]] = {}
        for number, file in files.items():
            dtype = np.dtype(np.int16) if file.path in counts else file.samples.dtype.newbyteorder("=")
            groups.setdefault((file.runs, file.sampling_rate, dtype), []).append((number, file))
        if len(groups) > 1:
            names = "; ".join(", ".join(f"CSC{member[0]}" for member in group) for group in groups.values())
            warn(
                f"{self.files.folder}: LFP channels differ in time stamps, rate or dtype and form {len(groups)} "
                f"streams: {names}",
                stacklevel=2,
            )
        streams = []
        for position, ((runs, rate, dtype), group) in enumerate(groups.items()):
            _warn_drift(group[0][1])
            channels = [self._lfp_channel(number, file, counts.get(file.path)) for number, file in group]
            streams.append(SignalStream(f"lfp_{position + 1}" if position else "lfp", channels, runs, rate, dtype))
        return streams

    def _lfp_channel(self, number: int, file: LfpFile, count: float | None) -> Channel:
        scale = file.scale
        if count is not None:
            scale = Scale(scale.gain * count, scale.offset, scale.units)
        return Channel(f"CSC{number}", self.channel_name(number), number, scale, count, file.samples)

    def _raw_streams(self, taken: set[str]) -> list[SignalStream]:
        streams = []
        for name, path in self.files.streams.items():
            if name in taken or not is_name(name):
                expected = f"a name of at most {MAX_NAME} printable characters that no other stream has"
                raise BadFileError(path, expected, repr(name), "Rename the stream's .npy and .json.")
            file = open_stream(path)
            numbers = [int(i[3:]) if _CSC.fullmatch(i) else None for i in file.ids]
            columns = zip(file.ids, file.names, numbers, file.scales, strict=True)
            channels = [Channel(*column) for column in columns]
            dtype = np.dtype(np.int16)
            if channels and file.runs:
                streams.append(SignalStream(name, channels, file.runs, file.sampling_rate, dtype, file.samples))
        return streams

    # -- events ---------------------------------------------------------------------------

    def _event_channels(self, labels_dir: str | PathLike[str] | None) -> list[EventChannel]:
        files = self.files
        channels: list[EventChannel] = []
        if files.events:
            channels.append(CodeEvents("Events", files.events, self.moment))
        if files.daq:
            channels.append(DaqEpochs("DAQ", files.daq, self.moment))
        movie = Movie(files.watchlog, self.moment) if files.watchlog else None
        if movie:
            channels += [MovieFrames("movie_frames", movie), MoviePauses("movie_pauses", movie)]
        if labels_dir is not None:
            if movie is None:
                raise MockSessionError(
                    files.folder,
                    f"a watchlog, which places the annotations of {labels_dir} in time",
                    "none",
                    "Read without labels_dir=.",
                )
            labels = find_labels(labels_dir, follow_symlinks=files.follow_symlinks)
            self.moment.add(labels.values())
            channels += [LabelEpochs(Path(path).stem, path, movie) for path in labels.values()]
        return channels

    # -- time -----------------------------------------------------------------------------

    def _origin(self) -> float:
        """Return the first signal sample; else the session's clock; else the earliest stamp."""
        if self.streams:
            return min(stream.runs[0].t_start_ms for stream in self.streams)
        if self.info:
            return self.info.start_ms
        stamps = [unit.file.first_ms for unit in self.units.units if not math.isnan(unit.file.first_ms)]
        stamps += [float(channel.table.start.min()) for channel in self.events if channel.table.start.size]
        return min(stamps, default=0.0)

    @once
    def bounds_ms(self) -> list[tuple[float, float]]:
        """For each segment, when the first thing in it begins and the last ends."""
        bounds = []
        of_units = [unit.spans() for unit in self.units.units]
        for index in range(self.n_segments):
            spans = [_span_ms(stream, index) for stream in self.streams]
            spans += [span for unit in of_units if (span := unit[index])]
            for channel in self.events:
                table = channel.segment(index, self.boundaries_ms)
                if table.start.size:
                    spans.append((float(table.start.min()), float(table.end().max())))
            start = min((low for low, _ in spans), default=self.origin_ms)
            stop = max((high for _, high in spans), default=start)
            bounds.append((start, max(stop, start + 1.0)))  # Neo has no segment of no length
        return bounds

    def _check_all(self) -> None:
        """Check what opening leaves unchecked: every spike time, and every event."""
        for unit in self.units.units:
            unit.times()
            unit.release()
        for channel in self.events:
            _ = channel.table

    def open_again(self, stream_id: str | None) -> StreamFile | None:
        """Return a stream of ``raw_data`` with all that its description says, None if there is no such stream."""
        path = self.files.streams.get(stream_id or "")
        if path is None:
            return None
        with self.moment.reading(path, path[:-4] + ".json"):
            return open_stream(path)

    def release(self) -> None:
        """Let go of every map."""
        self.units.release()
        for stream in self.streams:
            stream.release()


def _counts(lfp: dict[int, LfpFile], units: dict[UnitName, UnitFile], count_size: CountSize | None) -> dict[str, float]:
    """Return, by file, the size of a count of what is not int16 and is to be served so."""
    if count_size is None:
        return {}
    arrays = [(f.samples, f.path, "samples") for f in lfp.values()]
    arrays += [(f.waveforms, f.path, "spike_amps") for f in units.values() if f.waveforms is not None]
    sources = [FloatSource(*a) for a in arrays if a[0].dtype.newbyteorder("=") != np.int16]
    return {source.path: count_size(source) for source in sources}


def _warn_drift(file: LfpFile) -> None:
    """Warn of a clock that does not keep the rate: its stamps leave out samples, or get out of step."""
    period = 1000 / file.sampling_rate
    pauses = [b.t_start_ms - a.t_start_ms - (a.stop - a.start) * period for a, b in pairwise(file.runs)]
    left_out = sum(pause < 1.5 * period for pause in pauses)
    remedy = f"the clock does not keep {file.sampling_rate:g} Hz; give the true rate as 'sampling_rate'"
    if left_out >= DRIFT:
        found = f"{left_out} of {len(pauses)} gaps are of a single sample, and each begins a segment"
        warn(f"{file.path}: {found}: {remedy}", stacklevel=2)
    elif abs(file.drift_ms) > max(period, 1.0):  # whole-number stamps are rounded, at both ends
        found = f"the last stamp is {file.drift_ms:.4g} ms off, and times are counted from the first"
        warn(f"{file.path}: {found}: {remedy}", stacklevel=2)


def _span_ms(stream: SignalStream, seg_index: int) -> tuple[float, float]:
    run = stream.runs[seg_index]
    return run.t_start_ms, run.t_start_ms + (run.stop - run.start) * 1000 / stream.sampling_rate


def _common_segments(streams: list[SignalStream]) -> int:
    """Return how many segments all streams have, checked to lie at the same times."""
    counts = {stream.id: len(stream.runs) for stream in streams}
    if len(set(counts.values())) > 1:
        found = ", ".join(f"{count} in {name}" for name, count in counts.items())
        raise BadFileError(
            _path(streams[0]), "streams with the same segments", found, "Move the streams that differ elsewhere."
        )
    for index in range(max(counts.values(), default=0)):
        spans = [_span_ms(stream, index) for stream in streams]
        tolerance = max(1000 / stream.sampling_rate for stream in streams)
        if max(low for low, _ in spans) > min(high for _, high in spans) + tolerance:
            places = [f"{low:.0f} ms in {s.id}" for (low, _), s in zip(spans, streams, strict=True)]
            found = f"segment {index} at {', '.join(places)}"
            raise BadFileError(
                _path(streams[0]), "streams recorded at the same time", found, "Move the streams that differ elsewhere."
            )
    return max(counts.values(), default=1)


def _path(stream: SignalStream) -> str:
    source: Any = stream.matrix or stream.channels[0].source
    return str(getattr(getattr(source, "file", None), "path", stream.id))
