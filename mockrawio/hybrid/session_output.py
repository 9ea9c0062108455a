"""A hybrid run's result as a session folder: written whole, or not at all, and never over its source.

What the folder has:

- the stream with the events added, and in its description, under ``hybrid``, what they are;
- the artificial units as further files of ``spiking_data``, their waveforms cut from that stream;
- ``hybrid/``: the tables of document 001 (HYBRID.md, section 7), and the events themselves;
- the source's other files as they were;
- a manifest, which keeps what the source's said of itself and has the run under ``hybrid``.

Nothing in it depends on where it lies: the same source and seed give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..session import layout
from ..session.clock import Run
from ..session.emit import Blocks, array_file, dict_file
from ..session.files import LEFT_SWEEP, Scale
from ..session.layout import UnitName
from ..session.manifest import FileRecord
from ..session.npy import open_array
from ..session.progress import Tick, progress_bar
from ..session.regular import only_regular
from ..session.writer import SessionWriter
from .generate import HybridResult, manifest_content, small_files
from .insert import Inserter
from .output import manifest_bytes, tables
from .recording import RawFile, RawRecording
from .session_source import StreamRecording
from .sorters import Sorting
from .target import BLOCK_BYTES, RELEASE_BLOCKS, _Hasher
from .units import PlantedUnit, Source

__all__ = ["N_SAMPLES", "SessionOutput", "StreamOutput", "UnitOutput", "unit_windows", "write_hybrid_session"]

N_SAMPLES = 64  # document 000: waveforms of 64 samples
SPIKES_AT_ONCE = 4096
COPY_BYTES = 1 << 20

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]


class UnitOutput(NamedTuple):
    """A unit to be written: its name, its spikes on the absolute axis, and the row of its waveforms."""

    name: UnitName
    times: Ints
    row: int


@dataclass(frozen=True)
class StreamOutput:
    """The stream to be written.

    Attributes
    ----------
    name : str
    ids : tuple of str
        One a channel.
    numbers : list of int or None
        The k of each CSCk; None where channels are called otherwise.
    scales : tuple of Scale
        One a channel.
    runs : tuple of Run
        Its segments.
    description : dict
        Its ``.json``, but for what is added.
    head : bytes
        What a file of the source begins with before its samples.
    """

    name: str
    ids: tuple[str, ...]
    numbers: list[int] | None
    scales: tuple[Scale, ...]
    runs: tuple[Run, ...]
    description: dict[str, Any]
    head: bytes = b""

    @property
    def file(self) -> str:
        """Its path below the session folder."""
        return f"{layout.RAW}/{self.name}.npy"


@dataclass(frozen=True)
class SessionOutput:
    """All that a session is made of.

    Attributes
    ----------
    result : HybridResult
        What a dry run found.
    recording : RawRecording
        The source, int16.
    sorting : Sorting
    stream : StreamOutput
    names : dict of int to object
        What the source calls each label.
    made_from : dict
        What the manifest says beside the run.
    taken : tuple of UnitName
        Units that the session has without being written.
    units : tuple of UnitOutput
        Units of the source that are to be written.
    files : dict of str to Path
        Files that are to be copied, by their path below the session folder.
    contents : dict of str to bytes
        Files that are to be written.
    float_waveforms : bool
        Whether waveforms are float64 in physical units, as Epiphyte has them, or counts.
    """

    result: HybridResult
    recording: RawRecording
    sorting: Sorting
    stream: StreamOutput
    names: dict[int, Any]
    made_from: dict[str, Any]
    taken: tuple[UnitName, ...] = ()
    units: tuple[UnitOutput, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    contents: Mapping[str, Iterable[bytes | memoryview]] = field(default_factory=dict)
    float_waveforms: bool = False

    def artificial(self) -> dict[int, UnitName]:
        """Return the names of the new units, by label: the next free numbers on their centres' channels."""
        taken = {*self.taken, *(unit.name for unit in self.units)}
        names = {}
        for unit in self.result.planted:
            channel = self.stream.numbers[unit.center] if self.stream.numbers else unit.center + 1
            used = [name.number for name in taken if (name.channel, name.unit_type) == (channel, "SU")]
            names[unit.new_unit] = UnitName(channel, "SU", max(used, default=0) + 1)
            taken.add(names[unit.new_unit])
        return names


def write_hybrid_session(made: SessionOutput, *, overwrite: bool = False, progress: bool = False) -> HybridResult:
    """Write the session; return the result with its files, hashes and names.

    Parameters
    ----------
    made : SessionOutput
    overwrite : bool
        Whether a session that is there already may be replaced.
    progress : bool
        Whether to show a progress bar on stderr.

    Raises
    ------
    SessionExistsError
        If something is there already and `overwrite` is false.
    NotWrittenError
        If the file system does not let it be (also an OSError); the folder is then as it was before.
    """
    with SessionWriter(made.result.folder, overwrite=overwrite) as writer:
        run = _Run(made, writer)
        total = sum(file.n_frames for file in made.recording.files) * made.recording.n_channels * 2
        with progress_bar(progress, "hybrid", total) as tick:
            result = run.write(tick)
    return result


class _Run:
    """The steps of writing one session."""

    def __init__(self, made: SessionOutput, writer: SessionWriter) -> None:
        self.made, self.writer = made, writer
        self.artificial = made.artificial()
        self.names = {**made.names, **{label: name.id for label, name in self.artificial.items()}}

    def write(self, tick: Tick) -> HybridResult:
        for name, path in self.made.files.items():
            self._put(name, _copied(path))
        for name, content in self.made.contents.items():
            self._put(name, content)
        result = self._write_stream(tick)
        self._write_units()
        folder = self._tables_folder()
        self._write_tables(result, folder)
        self.writer.write_manifest({**self.made.made_from, "hybrid": self._described(result, folder)})
        places = [result.folder / name for name in (*self.writer.files, layout.MANIFEST)]
        return replace(result, files=tuple(sorted(places)))

    def _put(self, name: str, chunks: Iterable[bytes | memoryview]) -> None:
        (self.writer.staging / name).parent.mkdir(parents=True, exist_ok=True)
        self.writer.write(name, chunks)

    def _write_stream(self, tick: Tick) -> HybridResult:
        stream, recording, result = self.made.stream, self.made.recording, self.made.result
        adding = _Adding(recording, result.planted, stream.head, tick)
        shape = (sum(file.n_frames for file in recording.files), recording.n_channels)
        self._put(stream.file, array_file(Blocks("<i2", shape, adding.blocks())))
        before = stream.description.get("hybrid")
        added = {**(before if isinstance(before, dict) else {}), **self._events_described()}
        description = {**stream.description, "hybrid": added}
        text = json.dumps(description, indent=1) + "\n"
        self._put(f"{layout.RAW}/{stream.name}.json", [text.encode("utf-8")])
        return replace(
            result,
            targets=(result.folder / stream.file,),
            sources=(adding.source,),
            results=(self.writer.files[stream.file],),
            n_clipped=adding.n_clipped,
            names=self.names,
        )

    def _events_described(self) -> dict[str, Any]:
        """Return what the stream's description says of the new units."""
        ids = self.made.stream.ids
        made = (report for report in self.made.result.units if report.made)
        described = {}
        for unit, report in zip(self.made.result.planted, made, strict=True):
            described[self.artificial[unit.new_unit].id] = {
                "true_unit": self.names[unit.true_unit],
                "n_events": len(unit.times),
                "center_channel": ids[unit.center],
                "source_channels": [ids[row] for row in report.source_channels],
                "channels": [ids[row] for row in unit.channels.tolist()],
                "samples_before": unit.before,
                "n_samples": unit.n_samples,
            }
        return described

    def _write_units(self) -> None:
        stream, source = self.made.stream, self.made.recording
        path = self.writer.staging / stream.file
        written = StreamRecording.of(str(path), open_array(str(path)), stream.runs, source.sample_rate)
        hybrid = replace(written, files=source.files)  # on the axis that the events' times are on
        new = [UnitOutput(self.artificial[u.new_unit], u.times, u.center) for u in self.made.result.planted]
        for unit in (*self.made.units, *new):
            self._put(layout.unit_file(unit.name), self._unit(hybrid, unit))

    def _unit(self, hybrid: StreamRecording, unit: UnitOutput) -> Iterator[bytes | memoryview]:
        scale, shape = self.made.stream.scales[unit.row], (len(unit.times), N_SAMPLES)
        counts = _waveforms(hybrid, unit.times, unit.row)
        values: dict[str, object] = {"spike_times": _stamps(hybrid, self.made.stream.runs, unit.times)}
        if self.made.float_waveforms:
            values["spike_amps"] = Blocks("<f8", shape, (block * scale.gain + scale.offset for block in counts))
        else:
            values["spike_amps"] = Blocks("<i2", shape, counts)
            values |= {"gain": scale.gain, "offset": scale.offset, "units": scale.units}
            values |= {"sampling_rate": float(hybrid.sample_rate), "left_sweep": LEFT_SWEEP}
        return dict_file(values)

    def _write_tables(self, result: HybridResult, folder: str) -> None:
        """Write the tables of section 7, and the run's manifest over them."""
        recording, stream = self.made.recording, self.made.stream
        paths = [stream.file] * len(recording.files)
        small = small_files(recording, result, tables(self.made.sorting, result.planted), paths)
        for name, data in small.items():
            self._put(f"{folder}/{name}", [data])
        whole = RawFile(stream.file, 0, sum(file.n_frames for file in recording.files))
        origin = {"kind": "session", "stream": stream.name, "names": self._names()}
        content = manifest_content(recording, result, origin, [whole])
        files = {name: self.writer.files[f"{folder}/{name}"] for name in small}
        self._put(f"{folder}/manifest-{result.params.session_name}.json", [manifest_bytes(content, files)])

    def _names(self) -> dict[str, Any]:
        return {str(label): name for label, name in self.names.items()}

    def _tables_folder(self) -> str:
        """Return a folder for the tables that the source has not got: it may be a hybrid session itself."""
        there = {name.split("/")[0] for name in self.writer.files}
        k = 1
        while (name := "hybrid" if k == 1 else f"hybrid_{k}") in there:
            k += 1
        return name

    def _described(self, result: HybridResult, folder: str) -> dict[str, Any]:
        """Return what the session's manifest says of the run; the run's own has the rest."""
        before = self.made.made_from.get("hybrid")
        return {
            "session_name": result.params.session_name,
            "random_seed": result.params.random_seed,
            "stream": self.made.stream.name,
            "tables": folder,
            "source": result.sources[0]._asdict(),
            "result": result.results[0]._asdict(),
            "n_clipped": result.n_clipped,
            "n_events": result.n_events,
            "names": self._names(),
            **({} if before is None else {"before": before}),
        }


class _Adding:
    """One pass over the source: blocks with the events added, hashing the source on the way."""

    def __init__(self, recording: RawRecording, planted: Sequence[PlantedUnit], head: bytes, tick: Tick) -> None:
        self.recording, self.head, self.tick = recording, head, tick
        self.inserter = Inserter(planted, recording.n_channels, recording.dtype)
        self.n_clipped = 0
        self.source = FileRecord(0, "")

    def blocks(self) -> Iterator[Array]:
        """Yield the result, block by block; each is done with when the next is asked for."""
        size = len(self.head)
        with _Hasher() as source:
            source.update(np.frombuffer(self.head, np.uint8))
            for number, (start, stop) in enumerate(self._ranges()):
                original = np.ascontiguousarray(self.recording.read(start, stop))
                hashed = source.update(original)
                block = original.copy()
                self.n_clipped += self.inserter.add(block, start)
                yield block
                hashed.result()
                size += block.nbytes
                del original, hashed
                if number % RELEASE_BLOCKS == RELEASE_BLOCKS - 1:
                    self.recording.release()
                self.tick(block.nbytes)
            self.source = FileRecord(size, source.hexdigest())

    def _ranges(self) -> Iterator[tuple[int, int]]:
        step = max(1, BLOCK_BYTES // (self.recording.n_channels * self.recording.dtype.itemsize))
        for file in self.recording.files:
            for start in range(file.start, file.stop, step):
                yield start, min(start + step, file.stop)


def _copied(path: Path) -> Iterator[bytes]:
    with open(path, "rb", buffering=0, opener=only_regular) as file:
        while block := file.read(COPY_BYTES):
            yield block


def _stamps(recording: RawRecording, runs: Sequence[Run], times: Ints) -> npt.NDArray[np.float64]:
    """Return the times of samples, ms since the Unix epoch."""
    starts = np.array([file.start for file in recording.files], np.int64)
    k = np.searchsorted(starts, times, side="right") - 1
    stamps: npt.NDArray[np.float64] = np.array([run.t_start_ms for run in runs])[k] + (times - starts[k]) * (
        1000 / recording.sample_rate
    )
    return stamps.astype("<f8", copy=False)


def unit_windows(recording: Source, times: Ints, rows: Sequence[int]) -> Array:
    """Return 64 samples around each spike, 20 before it, (spikes, 64, rows); 0 beyond the ends of a file."""
    after = N_SAMPLES - LEFT_SWEEP
    held = recording.holds_many(times - LEFT_SWEEP, times + after)
    windows = np.zeros((len(times), N_SAMPLES, len(rows)), recording.dtype)
    windows[held] = recording.gather(times[held], LEFT_SWEEP, after - 1, rows)
    for i in np.flatnonzero(~held).tolist():
        time = int(times[i])
        file = next(file for file in recording.files if file.start <= time < file.start + file.n_frames)
        begin, end = max(time - LEFT_SWEEP, file.start), min(time + after, file.start + file.n_frames)
        first = begin - (time - LEFT_SWEEP)
        windows[i, first : first + end - begin] = recording.read(begin, end, rows)
    return windows


def _waveforms(recording: Source, times: Ints, row: int) -> Iterator[Array]:
    for begin in range(0, len(times), SPIKES_AT_ONCE):
        windows = unit_windows(recording, times[begin : begin + SPIKES_AT_ONCE], [row])
        yield np.ascontiguousarray(windows[:, :, 0])
