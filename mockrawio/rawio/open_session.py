"""A session folder opened for reading: streams, units and event channels, not yet Neo.

Everything that decides what belongs together is here: which LFP channels form a stream,
where segments begin, what a channel is called. The reader above only speaks Neo.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from ..ground.at_once import at_once
from ..ground.errors import BadFileError, MockSessionError
from ..ground.folder import File, Folder
from ..ground.once import once
from ..ground.shown import Argument, Text, warn
from ..session import keys
from ..session.clock import Run
from ..session.exclude import with_exclude
from ..session.files import (
    MAX_NAME,
    LfpFile,
    Scale,
    SessionInfo,
    UnitFile,
    check_stamps,
    few,
    is_name,
    open_channel_names,
    open_info,
    open_lfp,
    open_unit,
)
from ..session.indexing import look_together
from ..session.layout import SessionFiles, UnitName, find_files, find_labels
from ..session.made import MadeArray, MadeColumn, MadeUnitFile, together
from ..session.manifest import read_manifest
from ..session.segments import bridge, common_cuts, cut_runs
from ..session.streams import open_stream
from .events import CodeEvents, DaqEpochs, EventChannel, LabelEpochs, Movie, MovieFrames, MoviePauses
from .made_signals import MadeSignals
from .odd import odd_segments, odd_stream, odd_times, path_of, span_ms
from .places import Places
from .scaling import FloatSource
from .signals import Channel, SignalStream
from .spikes import OpenUnits, Unit, unit_of

_CSC = re.compile(r"CSC[0-9]{1,9}")
DRIFT = 3  # gaps of a single sample: fewer may be lost samples

MAX_PIECES = 1_000_000  # segments, times streams, for each of which there is an object

CountSize = Callable[[FloatSource], float]
Opened = TypeVar("Opened")


class OpenSession:
    """The content of a session folder, and of one of annotations.

    Times count from `origin_ms`, segments 1, 2, … begin at `boundaries_ms`: ms since the Unix epoch. What is opened
    later must still be what the files were at the `moment`.

    Parameters
    ----------
    count_size : callable or None
        Gives the size of a count for a float array; None serves floats as they are.
    strict : bool
        Check every time stamp now, and refuse what is read with a warning otherwise.
    gap_tolerance_ms : float or None
        Gaps in which no more is missing are bridged.
    """

    def __init__(
        self,
        folder: Folder,
        labels: Folder | None,
        count_size: CountSize | None,
        strict: bool,
        gap_tolerance_ms: float | None = None,
    ) -> None:
        self._strict, self._tolerance_ms = strict, gap_tolerance_ms
        with _or_excluded():
            self.files: SessionFiles = find_files(folder)
        self.moment = self.files.moment()
        with self.moment:
            self._open_all(labels, count_size, strict)

    def _open_all(self, labels: Folder | None, count_size: CountSize | None, strict: bool) -> None:
        self._names = self._read(self.files.channel_names, lambda file: open_channel_names(file, strict=strict))
        self.info: SessionInfo | None = self._read(self.files.info, open_info)
        look_together([*self.files.lfp.values(), *self.files.units.values()])
        lfp = self._open_lfp()
        opened = {name: self._read(file, open_unit) for name, file in self.files.units.items()}
        units = {name: unit for name, unit in opened.items() if unit is not None}
        with _or_excluded():
            counts = _counts(lfp, units, count_size)
        self.places = Places()
        self.streams = self._lfp_streams(lfp, counts)
        self.streams += self._raw_streams({stream.id for stream in self.streams})
        self.boundaries_ms: list[float] = self._cut_streams()
        self.n_segments = len(self.boundaries_ms) + 1
        self.units = OpenUnits([unit_of(name, file, counts.get(file.path)) for name, file in units.items()])
        self.events = self._event_channels(labels)
        self.origin_ms = self._origin()
        if strict:
            with _or_excluded():
                self._check_all()
        list(at_once(self._split, self.units.units, waits=not self.files.root.maps))

    def _split(self, unit: Unit) -> None:
        unit.split(self.boundaries_ms)
        unit.release()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__}  # read once: another thread may be adding the bounds

    def _read(self, file: File | None, opener: Callable[[File], Opened]) -> Opened | None:
        """Open a file; None if there is none, or nothing in it, which a warning says."""
        if file is None:
            return None
        if not self._strict and self.moment.is_empty(file):
            warn(f"{file}: is empty, and ignored", stacklevel=2)
            return None
        try:
            return opener(file)
        except BadFileError as error:
            raise with_exclude(error, file) from error.__cause__

    def manifest(self) -> dict[str, Any] | None:
        """Return the content of the manifest, None if there is none; BadFileError if it is none, or has changed."""
        file = self.files.manifest
        if file is None:
            return None
        with self.moment.reading(file):
            return read_manifest(file)

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

    @property
    def channel_names(self) -> list[str]:
        """What ChannelNames.txt says, whether of recorded channels or not; CSC1 is first."""
        return list(self._names or ())

    def region(self, number: int) -> str:
        """Return the region of channel CSC{number}: its name without the number."""
        named = self._names is not None and 1 <= number <= len(self._names)
        name = self._names[number - 1] if named and self._names else ""
        return "" if name == f"CSC{number}" else name.rstrip("0123456789")  # its id is no name

    # -- signals ---------------------------------------------------------------------------

    def _open_lfp(self) -> dict[int, LfpFile]:
        files = {}
        for number, where in self.files.lfp.items():
            file = self._read(where, self._open_one_lfp)
            if file is not None:
                files[number] = file
        return files

    def _open_one_lfp(self, where: File) -> LfpFile | None:
        file = open_lfp(where, strict=self._strict, tolerance_ms=self._tolerance_ms)
        if file is None:
            warn(f"{where}: has no samples; the channel is ignored", stacklevel=2)
        elif self._strict:
            check_stamps(file, self._tolerance_ms)
        return file

    def _lfp_streams(self, files: dict[int, LfpFile], counts: dict[str, float]) -> list[SignalStream]:
        groups: dict[Any, list[tuple[int, LfpFile]]] = {}
        for number, file in files.items():
            dtype = np.dtype(np.int16) if file.path in counts else file.samples.dtype.newbyteorder("=")
            groups.setdefault((file.runs, file.sampling_rate, dtype), []).append((number, file))
        by_size = sorted(groups.items(), key=lambda item: -len(item[1]))  # "lfp" is what most channels are like
        if len(groups) > 1:
            names = "; ".join(few([f"CSC{member[0]}" for member in group]) for _, group in by_size)
            warn(
                f"{self.files.root}: LFP channels differ in time stamps, rate or dtype and form {len(groups)} "
                f"streams: {names}",
                stacklevel=2,
            )
        streams = []
        for position, ((runs, rate, dtype), group) in enumerate(by_size):
            first = group[0][1]
            runs = self._bridged(first.path, runs, rate)
            _warn_drift(first._replace(runs=runs))
            channels = [self._lfp_channel(number, file, counts.get(file.path)) for number, file in group]
            id = f"lfp_{position + 1}" if position else "lfp"
            made = together([file.samples for _, file in group])
            streams.append(
                SignalStream(id, channels, runs, rate, dtype)
                if made is None
                else MadeSignals(id, channels, runs, rate, made, shared=len(channels) == 1)
            )
        return streams

    def _bridged(self, path: str, runs: tuple[Run, ...], rate: float) -> tuple[Run, ...]:
        """Return runs with tolerated gaps bridged; a warning says how many."""
        found = bridge(runs, rate, self._tolerance_ms)
        if found.n:
            some = f"{found.n} gap{'s' * (found.n > 1)}, {found.missing_ms:.6g} ms in all"
            warn(f"{path}: {some}, bridged; samples after them get earlier times", stacklevel=3)
        return found.runs

    def _lfp_channel(self, number: int, file: LfpFile, count: float | None) -> Channel:
        scale = file.scale
        if count is not None:
            scale = Scale(scale.gain * count, scale.offset, scale.units)
        source = None if isinstance(file.samples, MadeColumn) else file.samples
        return Channel(f"CSC{number}", self.channel_name(number), number, scale, count, source)

    def _raw_streams(self, taken: set[str]) -> list[SignalStream]:
        streams = []
        for name, where in self.files.streams.items():
            if name in taken or not is_name(name):
                expected = f"a name of at most {MAX_NAME} printable characters that no other stream has"
                raise BadFileError(where, expected, repr(name), "Rename the stream's .npy and .json.")
            file = self._read(where, open_stream)
            if file is None:
                continue
            numbers = [int(i[3:]) if _CSC.fullmatch(i) else None for i in file.ids]
            columns = zip(file.ids, file.names, numbers, file.scales, strict=True)
            channels = [Channel(*column) for column in columns]
            dtype = np.dtype(np.int16)
            if channels and file.runs:
                self.places.add(name, file)
                runs = self._bridged(file.path, file.runs, file.sampling_rate)
                samples, rate = file.samples, file.sampling_rate
                streams.append(
                    MadeSignals(name, channels, runs, rate, samples, shared=True)
                    if isinstance(samples, MadeArray)
                    else SignalStream(name, channels, runs, rate, dtype, samples)
                )
        return streams

    def _cut_streams(self) -> list[float]:
        """Cut all streams at the gaps of each; return where segments 1, 2, ... begin."""
        streams = self.streams
        odd = odd_segments(streams) or odd_times(streams)
        if odd and self._strict:
            raise odd
        cuts = common_cuts((stream.runs, stream.sampling_rate) for stream in streams)
        if (len(cuts) + 1) * len(streams) > MAX_PIECES:
            most = max(streams, key=lambda stream: len(stream.runs))
            found = f"{len(cuts) + 1} of {len(streams)} streams; most gaps, {len(most.runs) - 1}, are in {most.id}"
            expected = f"at most {MAX_PIECES} pieces of streams"
            remedy = Text("Bridge short gaps with ", Argument("gap_tolerance_ms", ""), ".")
            raise with_exclude(BadFileError(path_of(most), expected, found, remedy))
        origin = min((stream.runs[0].t_start_ms for stream in streams), default=0.0)
        if not odd and any(len(stream.runs) <= len(cuts) for stream in streams):
            odd = odd_stream(streams[-1], "streams with gaps at the same times", "others")
        for stream in streams if cuts else ():
            stream.set_runs(cut_runs(stream.runs, stream.sampling_rate, cuts, origin))
        if odd:
            done = f"; all are cut at the gaps of each, into {len(cuts) + 1} segments" if cuts else ""
            warn(f"{odd.subject}: expected {odd.expected}; found {odd.found}{done}", stacklevel=2)
        return cuts

    # -- events ---------------------------------------------------------------------------

    def _event_channels(self, labels: Folder | None) -> list[EventChannel]:
        files = self.files
        events = self._read(files.events, lambda file: CodeEvents("Events", file, self.moment))
        sync = self._read(files.sync, lambda file: CodeEvents("Sync", file, self.moment))
        daq = self._read(files.daq, lambda file: DaqEpochs("DAQ", file, self.moment))
        channels: list[EventChannel] = [channel for channel in (events, sync, daq) if channel is not None]
        movie = self._read(files.watchlog, lambda file: Movie(file, self.moment))
        if movie:
            channels += [MovieFrames("movie_frames", movie), MoviePauses("movie_pauses", movie)]
        if labels is not None:
            if movie is None:
                expected = f"a watchlog, which places the annotations of {labels} in time"
                remedy = Text("Read without ", Argument("labels_dir", ""), ".")
                raise MockSessionError(files.root, expected, "none", remedy)
            found = find_labels(labels)
            self.moment.add(found.values())
            channels += [LabelEpochs(file.name.removesuffix(".npy"), file, movie) for file in found.values()]
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
        """For each segment, when the first of its samples and spikes begins and the last ends.

        Events may lie before, after and between: a movie goes on when the recording does not. They count where there
        are no samples. Spikes count always: Neo has none outside its segment.
        """
        bounds = []
        of_units = list(at_once(lambda unit: unit.spans(), self.units.units, waits=not self.files.root.maps))
        for index in range(self.n_segments):
            spans = [span_ms(stream, index) for stream in self.streams if stream.sizes[index]]
            spans = spans or self._event_spans(index)
            spans += [span for unit in of_units if (span := unit[index])]
            start = min((low for low, _ in spans), default=self.origin_ms)
            stop = max((high for _, high in spans), default=start)
            bounds.append((start, max(stop, start + 1.0)))  # Neo has no segment of no length
        return bounds

    def _event_spans(self, index: int) -> list[tuple[float, float]]:
        """Return when the first event of each channel in a segment begins and the last ends, ms."""
        tables = [channel.segment(index, self.boundaries_ms) for channel in self.events]
        return [(float(one.start.min()), float(one.end().max())) for one in tables if one.start.size]

    def _check_all(self) -> None:
        """Check what opening leaves unchecked: every spike time, and every event."""
        for unit in self.units.units:
            unit.check()
            unit.release()
        for channel in self.events:
            _ = channel.table

    def release(self) -> None:
        """Release every map."""
        self.units.release()
        for stream in self.streams:
            stream.release()


def _counts(
    lfp: dict[int, LfpFile], units: dict[UnitName, UnitFile | MadeUnitFile], count_size: CountSize | None
) -> dict[str, float]:
    """Return, by file, the size of a count of what is not int16 and is to be served so."""
    if count_size is None:
        return {}
    arrays: list[tuple[Any, File, str]] = [(f.samples, f.file, keys.SAMPLES.key) for f in lfp.values()]
    arrays += [(f.waveforms, f.file, keys.SPIKE_AMPS.key) for f in units.values() if f.waveforms is not None]
    sources = [FloatSource(*a) for a in arrays if a[0].dtype.newbyteorder("=") != np.int16]
    return {source.file.path: count_size(source) for source in sources}


@contextmanager
def _or_excluded() -> Iterator[None]:
    """Say in the error about a file that the file may be left out."""
    try:
        yield
    except BadFileError as error:
        raise with_exclude(error) from error.__cause__


def _warn_drift(file: LfpFile) -> None:
    """Warn of a clock that does not keep the rate: the measured rate is used, samples are missing, or it drifts."""
    period = 1000 / file.sampling_rate
    if file.sampling_rate != file.given_rate:
        found = f"the clock keeps {file.sampling_rate:.7g} Hz and not {file.given_rate:g} Hz, and is read at that rate"
        warn(f"{file.path}: {found}; to have no warning, give it as 'sampling_rate'", stacklevel=2)
        return
    pauses = [b.t_start_ms - a.t_start_ms - (a.stop - a.start) * period for a, b in pairwise(file.runs)]
    left_out = sum(pause < 1.5 * period for pause in pauses)
    advice = f"the clock does not keep {file.sampling_rate:g} Hz; give the true rate as 'sampling_rate'"
    if left_out >= DRIFT:
        found = f"{left_out} of {len(pauses)} gaps are of a single sample, each of which starts a segment"
        bridging = Text("; ", Argument("gap_tolerance_ms", f"{period:g}"), " bridges them")
        warn(Text(f"{file.path}: {found}: samples were lost, or {advice}", bridging), stacklevel=2)
    elif abs(file.drift_ms) > max(period, 1.0):  # whole-number stamps are rounded, at both ends
        found = f"the last stamp is {file.drift_ms:.4g} ms off, and times are counted from the first"
        warn(f"{file.path}: {found}: {advice}", stacklevel=2)
