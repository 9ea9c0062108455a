"""A session folder as the source of a hybrid run: its stream, its sorted units, and its probe.

Segments of the stream are files of the recording on one absolute axis: the first begins at 0, every
other where its stamp says, so that gaps stay gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..formats.npy import MappedArray, MappedFile
from ..ground.arrays import Array, Ints
from ..ground.errors import BadFileError, MockSessionError
from ..ground.places import AnyPath
from ..session.clock import Run, check_ascending
from ..session.files import UnitFile, open_unit, stamps_in_ms
from ..session.layout import BROADBAND, SessionFiles, UnitName, find_files
from ..session.made import MadeArray, MadeUnitFile
from ..session.streams import StreamFile, open_stream
from .raw_probe import Probe
from .recording import RawFile, RawRecording
from .source import HybridSource, joined_sorting, labels_of


@dataclass(frozen=True)
class StreamRecording(RawRecording):
    """The samples of a stream, mapped where they lie in its ``.npy``."""

    samples: MappedArray  # (n_samples, C) int16, C order
    first_rows: tuple[int, ...]  # where each segment begins in it

    @property
    def _maps(self) -> tuple[MappedFile, ...]:  # type: ignore[override]  # one file, whatever the segments
        return (self.samples.file,)

    def _frames(self, k: int) -> Array:
        first = self.first_rows[k]
        return self.samples.view()[first : first + self.files[k].n_frames]


@dataclass(frozen=True)
class MadeRecording(RawRecording):
    """The samples of a stream that are made when they are read; what is read is a copy."""

    samples: MadeArray  # (n_samples, C)
    first_rows: tuple[int, ...]  # where each segment begins in it

    @property
    def _maps(self) -> tuple[MappedFile, ...]:  # type: ignore[override]  # there are none
        return ()

    def _piece(self, k: int, start: int, stop: int) -> Array:
        return self.samples.read(self.first_rows[k] + start, self.first_rows[k] + stop)

    def _gather_file(self, k: int, starts: Ints, events: Ints, offsets: Ints, windows: Array) -> None:
        length = int(offsets[-1]) // self.n_channels + 1
        for event, start in zip(events.tolist(), (starts[events] - self.files[k].start).tolist(), strict=True):
            windows[event] = self._piece(k, start, start + length).reshape(-1)[offsets]


def stream_recording(stream: StreamFile) -> RawRecording:
    """Return the recording that a stream and its segments are."""
    rate, samples = stream.sampling_rate, stream.samples
    starts = _starts(stream.runs, rate)
    names = [f"{stream.path[:-4]}_t{k}.npy" for k in range(len(starts))]
    files = tuple(map(RawFile, names, starts, (run.stop - run.start for run in stream.runs)))
    first_rows = tuple(run.start for run in stream.runs)
    if isinstance(samples, MadeArray):
        return MadeRecording(files, np.dtype("<i2"), samples.width, rate, samples, first_rows)
    return StreamRecording(files, samples.dtype, samples.shape[1], rate, samples, first_rows)


def _starts(runs: Sequence[Run], rate: float) -> list[int]:
    """Return where each segment begins on the absolute axis."""
    starts: list[int] = []
    stop = 0
    for run in runs:
        by_clock = round((run.t_start_ms - runs[0].t_start_ms) * rate / 1000)
        starts.append(max(by_clock, stop))  # stamps may be off by up to half a sample
        stop = starts[-1] + run.stop - run.start
    return starts


@dataclass(frozen=True)
class SessionSource(HybridSource):
    """What a run takes from a session."""

    files: SessionFiles
    name: str  # the stream's
    stream: StreamFile
    units: dict[int, UnitName]  # by label, 1, 2, ... in the order of the unit files
    n_outside: dict[int, int]  # by label, spikes for which the stream has no sample

    @property
    def names(self) -> dict[int, Any]:
        """The units' ids by label."""
        return {label: name.id for label, name in self.units.items()}

    @property
    def read_from(self) -> tuple[Any]:
        """The session folder."""
        return (self.files.folder,)

    def labels(self, units: Sequence[Any]) -> list[int]:
        """Return the labels of units, which are given by name."""
        return labels_of([str(unit) for unit in units], {name.id: label for label, name in self.units.items()})


def open_session(folder: AnyPath, stream: str | None = None) -> SessionSource:
    """Open a session as the source of a run; samples are mapped, and none is read.

    `stream` is the one of ``raw_data`` that the units were sorted in, int16 in C order, and something must say
    where its channels are. None: ``broadband``, else the fastest.
    """
    files = find_files(folder)
    name, opened = _main_stream(files, stream)
    _check_layout(opened)
    recording = stream_recording(opened)
    if not files.units:
        remedy = "Sort its stream first, or give another session."
        raise MockSessionError(files.folder, "units in spiking_data", "none", remedy)
    units = dict(enumerate(files.units, 1))
    trains, outside = {}, {}
    for label, path in enumerate(files.units.values(), 1):
        trains[label], outside[label] = _frames(open_unit(path), opened, recording)
    if not any(len(train) for train in trains.values()):
        found = f"none inside the segments of {name!r}"
        remedy = "Name the one that was sorted as stream=, or give another session."
        raise MockSessionError(files.folder, "spikes", found, remedy)
    probe = _probe(files, name, opened)
    return SessionSource(recording, joined_sorting(trains), probe, files, name, opened, units, outside)


def _main_stream(files: SessionFiles, stream: str | None) -> tuple[str, StreamFile]:
    if not files.streams or (stream is not None and stream not in files.streams):
        expected = "a stream" if stream is None else f"the stream {stream!r}"
        found = ", ".join(map(repr, files.streams)) or "none"
        remedy = "Name an existing one." if files.streams else "LFP has no spikes: give a session with broadband."
        raise MockSessionError(files.folder, f"{expected} in raw_data", found, remedy)
    if stream is None and BROADBAND in files.streams:
        stream = BROADBAND
    if stream is not None:
        return stream, open_stream(files.streams[stream])
    opened = {name: open_stream(path) for name, path in files.streams.items()}
    fastest = max(opened, key=lambda name: opened[name].sampling_rate)
    return fastest, opened[fastest]


def _check_layout(stream: StreamFile) -> None:
    samples = stream.samples
    if samples.order != "C" or samples.dtype != np.dtype("<i2"):
        found = f"{samples.dtype.str} in {samples.order} order"
        remedy = "Save numpy.ascontiguousarray(array, dtype='<i2') in its place."
        raise BadFileError(stream.path, "little-endian int16 in C order", found, remedy)


def _frames(unit: UnitFile | MadeUnitFile, stream: StreamFile, recording: RawRecording) -> tuple[Ints, int]:
    """Return a unit's spikes on the absolute axis, each at the nearest sample, and how many have none."""
    stamps = np.asarray(stamps_in_ms(unit.times, unit.divisor), np.float64)
    check_ascending(unit.path, stamps)
    rate, edges = stream.sampling_rate, [run.t_start_ms for run in stream.runs]
    k = np.searchsorted(np.array(edges) - 500 / rate, stamps, side="right") - 1
    frames = np.rint((stamps - np.array(edges)[k]) * (rate / 1000)).astype(np.int64)
    starts, stops = recording.bounds
    inside = (frames >= 0) & (frames < (stops - starts)[k])  # before the first segment they are negative
    return (starts[k] + frames)[inside], int((~inside).sum())


def _probe(files: SessionFiles, name: str, stream: StreamFile) -> Probe:
    contacts = stream.contacts()
    places = stream.locations if contacts is None else contacts.positions
    if places is None:
        expected = "'locations', or channel ids of the form CSCk"
        remedy = "Write 'locations' there, x and y in µm of every channel."
        found = f"neither, so no probe (ids {', '.join(stream.ids[:4])})"
        raise BadFileError(f"{stream.path[:-4]}.json", expected, found, remedy)
    rows = np.arange(stream.samples.shape[1])
    return Probe(rows, np.ones(len(rows), bool), places, f"{name} of {files.folder.name}")
