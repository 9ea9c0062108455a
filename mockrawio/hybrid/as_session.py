"""A hybrid run's result as the content of a session, which the way in (:mod:`mockrawio.convert`) writes.

What the folder has:

- the stream with the events added, and in its description, under ``hybrid``, what they are;
- the artificial units as further files of ``spiking_data``, their waveforms cut from that stream;
- ``hybrid/``: the tables of document 001 (HYBRID.md, section 7), and the events themselves;
- of a session, its other files as they were; of SpikeInterface's objects, what
  :func:`~mockrawio.convert.write_session` makes of them;
- a manifest, which keeps what the source's said of itself and has the run under ``hybrid``.

Nothing in it depends on where it lies: the same source and seed give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ..convert.content import Content, Stream, write_content
from ..convert.counts import Counts, Piece, Source, encode
from ..convert.cut import UnitPlace, WrittenStream, largest_channel, source_windows
from ..convert.extractors import extractor_content
from ..convert.names import patient_and_session
from ..convert.sortings import SortedSpikes, place_units
from ..formats.sorters import Sorting
from ..ground.jsontext import read_json
from ..ground.progress import Tick
from ..ground.regular import only_regular
from ..ground.writing import FileRecord
from ..planting import Planter
from ..session import layout
from ..session.content import UnitContent
from ..session.files import open_unit
from ..session.layout import UnitName
from ..session.manifest import read_manifest
from ..session.writer import SessionWriter
from .extractor_source import ExtractorRecording, ExtractorSorting
from .generate import HybridResult, manifest_content, small_files
from .output import manifest_bytes, tables
from .recording import RawFile, RawRecording
from .session_source import BROADBAND, SessionSource, channel_numbers
from .target import BLOCK_BYTES, RELEASE_BLOCKS, Hasher
from .units import HybridUnit

__all__ = ["HybridContent", "content_of_extractors", "content_of_session", "write_hybrid"]

COPY_BYTES = 1 << 20

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]


@dataclass(kw_only=True)
class HybridStream(Stream):
    """The stream with the events added.

    Attributes
    ----------
    recording : RawRecording
        The source, int16.
    planted : sequence of HybridUnit
    said : dict or None
        What the source's description says, if it has one.
    head : bytes
        What a file of the source begins with before its samples.
    added : dict
        What is to be said of the new units.
    adding : _Adding or None
        The last pass over the source.
    """

    recording: RawRecording
    planted: Sequence[HybridUnit]
    said: dict[str, Any] | None = None
    head: bytes = b""
    added: dict[str, Any] = field(default_factory=dict)
    adding: _Adding | None = None

    @property
    def file(self) -> str:
        """Its path below the session folder."""
        return f"{layout.RAW}/{self.name}.npy"

    def counts(self, tick: Tick) -> Counts:
        """Return its samples."""
        self.adding = _Adding(self.recording, self.planted, self.head, tick)
        return Counts(self.source.gains, self.source.offsets, self.adding.blocks)

    def description(self, counts: Counts) -> dict[str, object]:
        """Return what its ``.json`` says."""
        said = super().description(counts) if self.said is None else self.said
        before = said.get("hybrid")
        return {**said, "hybrid": {**(before if isinstance(before, dict) else {}), **self.added}}


@dataclass(kw_only=True)
class HybridContent(Content):
    """What a hybrid session is made of; its only stream is a :class:`HybridStream`.

    Attributes
    ----------
    result : HybridResult
        What a dry run found, and once it is written the result.
    sorting : Sorting
    names : dict of int to object
        What each label is called, new ones too.
    said : dict
        What the manifest says beside the run.
    """

    result: HybridResult
    sorting: Sorting
    names: dict[int, Any]
    said: dict[str, Any]

    def finish(self, writer: SessionWriter, origins: dict[str, object]) -> dict[str, object]:
        """Write the tables of the run; return what the manifest says."""
        stream = cast(HybridStream, self.streams[0])
        adding = cast(_Adding, stream.adding)  # which has been written
        self.result = replace(
            self.result,
            targets=(self.result.folder / stream.file,),
            sources=(adding.source,),
            results=(writer.files[stream.file],),
            n_clipped=adding.n_clipped,
            names=self.names,
        )
        folder = _free_folder(writer)
        self._write_tables(writer, stream, folder)
        places = (self.result.folder / name for name in (*writer.files, layout.MANIFEST))
        self.result = replace(self.result, files=tuple(sorted(places)))
        return {**self.said, "hybrid": self._described(stream, folder)}

    def _write_tables(self, writer: SessionWriter, stream: HybridStream, folder: str) -> None:
        """Write the tables of section 7, and the run's manifest over them."""
        recording, result = stream.recording, self.result
        made, paths = tables(self.sorting, result.planted), [stream.file] * len(recording.files)
        small = small_files(recording, result, made, paths)
        for name, data in small.items():
            writer.write(f"{folder}/{name}", [data])
        whole = RawFile(stream.file, 0, stream.source.n_samples)
        origin = {"kind": "session", "stream": stream.name, "names": self._json_names()}
        content = manifest_content(recording, result, origin, [whole])
        files = {name: writer.files[f"{folder}/{name}"] for name in small}
        writer.write(f"{folder}/manifest-{result.params.session_name}.json", [manifest_bytes(content, files)])

    def _json_names(self) -> dict[str, Any]:
        return {str(label): name for label, name in self.names.items()}

    def _described(self, stream: HybridStream, folder: str) -> dict[str, Any]:
        """Return what the session's manifest says of the run; the run's own has the rest."""
        before, result = self.said.get("hybrid"), self.result
        return {
            "session_name": result.params.session_name,
            "random_seed": result.params.random_seed,
            "stream": stream.name,
            "tables": folder,
            "source": result.sources[0]._asdict(),
            "result": result.results[0]._asdict(),
            "n_clipped": result.n_clipped,
            "n_events": result.n_events,
            "names": self._json_names(),
            **({} if before is None else {"before": before}),
        }


def _free_folder(writer: SessionWriter) -> str:
    """Return a folder for the tables that the source has not got: it may be a hybrid session itself."""
    there = {name.split("/")[0] for name in writer.files}
    k = 1
    while (name := "hybrid" if k == 1 else f"hybrid_{k}") in there:
        k += 1
    return name


def write_hybrid(content: HybridContent, *, overwrite: bool = False, progress: bool = False) -> HybridResult:
    """Write a hybrid session, whole or not at all; return the result with its files, hashes and names."""
    write_content(content, content.result.folder, overwrite, progress, "hybrid")
    return content.result


def content_of_session(source: SessionSource, result: HybridResult) -> HybridContent:
    """Return a session with the events of a run: its own files, but for its stream and its manifest."""
    opened, folder = source.stream, source.files.folder
    with open(opened.path, "rb", opener=only_regular) as file:
        head = file.read(opened.samples.offset)
    stream = HybridStream(
        source.name,
        opened.ids,
        opened.names,
        opened.scales[0].units,
        _source(source.recording, opened.ids, *np.array([scale[:2] for scale in opened.scales]).T),
        [run.t_start_ms for run in opened.runs],
        recording=source.recording,
        planted=result.planted,
        said=read_json(str(Path(opened.path).with_suffix(".json")), "a JSON object", "Restore it."),
        head=head,
    )
    own = {layout.MANIFEST, stream.file, f"{layout.RAW}/{stream.name}.json"}
    said = read_manifest(source.files.manifest) if source.files.manifest else {}
    said = {key: value for key, value in said.items() if key not in ("format", "format_version", "files")}
    outside = {source.units[label].id: count for label, count in source.n_outside.items() if count}
    said |= {"spikes_outside": outside} if outside else {}
    files = {name: _copied(path) for name, path in _files_of(folder) if name not in own}
    base = Content(None, 0, 0, [], lambda folder: (), {}, files=files)
    floats = _has_float_waveforms(source)
    return _hybrid(base, stream, result, source.sorting, source.units, said=said, floats=floats)


def content_of_extractors(
    recording: Any, sorting: Any, source: ExtractorRecording, found: ExtractorSorting, result: HybridResult
) -> HybridContent:
    """Return what ``write_session`` makes of a recording and a sorting, with the events of a run.

    Parameters
    ----------
    recording : BaseRecording
    sorting : BaseSorting
    source : ExtractorRecording
        The recording, as int16.
    found : ExtractorSorting
        The sorting.
    result : HybridResult
        What a dry run found.
    """
    numbers = patient_and_session(result.folder, None, None)
    base = extractor_content(recording, sorting, BROADBAND, None, numbers)
    plain = base.streams[0]
    counts = encode(plain.source)
    samples = _source(source, plain.source.channels, counts.gains, counts.offsets)
    stream = HybridStream(
        plain.name,
        plain.ids,
        plain.names,
        plain.units,
        samples,
        plain.starts_ms,
        plain.more,
        recording=source,
        planted=result.planted,
    )
    largest = partial(largest_channel, source_windows(samples), gains=counts.gains)
    places = list(place_units(SortedSpikes(sorting, stream.starts_ms), stream, recording, largest))
    said = {"made_from": base.made_from, "units": {place.name.id: place.origin for place in places}}
    names = dict(zip(found.trains, (place.name for place in places), strict=True))
    return _hybrid(base, stream, result, found.sorting, names, places, said=said)


def _source(recording: RawRecording, ids: tuple[str, ...], gains: Array, offsets: Array) -> Source:
    """Return the samples of a recording without the events."""

    def piece(file: RawFile) -> Piece:
        return Piece(file.n_frames, lambda start, stop: recording.read(file.start + start, file.start + stop))

    pieces = tuple(map(piece, recording.files))
    return Source("recording", ids, recording.dtype, gains, offsets, recording.sample_rate, pieces)


def _hybrid(
    base: Content,
    stream: HybridStream,
    result: HybridResult,
    sorting: Sorting,
    names: dict[int, UnitName],
    places: Sequence[UnitPlace] = (),
    *,
    said: dict[str, Any],
    floats: bool = False,
) -> HybridContent:
    """Return the content with the stream, the new units beside those to be written, and what is said of them."""
    new = _new_units(stream, result, names.values())
    labels = {label: name.id for label, name in names.items()}
    labels |= {unit.new_unit: place.name.id for unit, place in zip(result.planted, new, strict=True)}
    stream.added = _added(stream, result, labels)
    return HybridContent(
        base.info_ms,
        base.patient_id,
        base.session_nr,
        [stream],
        partial(_cut, stream, [*places, *new], floats),
        base.made_from,
        base.channel_names,
        files=base.files,
        result=result,
        sorting=sorting,
        names=labels,
        said=said,
    )


def _cut(stream: Stream, places: Sequence[UnitPlace], floats: bool, folder: Path) -> Iterator[UnitContent]:
    with WrittenStream(folder, stream) as written:
        for place in places:
            yield written.unit(place, floats=floats)


def _new_units(stream: HybridStream, result: HybridResult, taken: Iterable[UnitName]) -> list[UnitPlace]:
    """Return the new units, called by the next free numbers on their centres' channels."""
    used, places, channels = set(taken), [], channel_numbers(stream.ids)
    for unit in result.planted:
        channel = channels[unit.center] if channels else unit.center + 1
        numbers = [name.number for name in used if (name.channel, name.unit_type) == (channel, "SU")]
        name = UnitName(channel, "SU", max(numbers, default=0) + 1)
        used.add(name)
        frames = [_within(unit.times, file) for file in stream.recording.files]
        places.append(UnitPlace(name, frames, unit.center))
    return places


def _within(times: Ints, file: RawFile) -> Ints:
    low, high = np.searchsorted(times, [file.start, file.stop])
    frames: Ints = times[low:high] - file.start
    return frames


def _added(stream: HybridStream, result: HybridResult, names: dict[int, Any]) -> dict[str, Any]:
    """Return what the stream's description says of the new units."""
    made, ids = (report for report in result.units if report.made), stream.ids
    return {
        names[unit.new_unit]: {
            "true_unit": names[unit.true_unit],
            "n_events": len(unit.times),
            "center_channel": ids[unit.center],
            "source_channels": [ids[row] for row in report.source_channels],
            "channels": [ids[row] for row in unit.channels.tolist()],
            "samples_before": unit.before,
            "n_samples": unit.n_samples,
        }
        for unit, report in zip(result.planted, made, strict=True)
    }


class _Adding:
    """One pass over the source: blocks with the events added, hashing the source on the way."""

    def __init__(self, recording: RawRecording, planted: Sequence[HybridUnit], head: bytes, tick: Tick) -> None:
        self.recording, self.head, self.tick = recording, head, tick
        self.planter = Planter(planted, recording.n_channels, recording.dtype)
        self.n_clipped = 0
        self.source = FileRecord(0, "")

    def blocks(self) -> Iterator[Array]:
        """Yield the result, block by block; each is done with when the next is asked for."""
        size = len(self.head)
        with Hasher() as source:
            source.update(np.frombuffer(self.head, np.uint8))
            for number, (start, stop) in enumerate(self._ranges()):
                original = np.ascontiguousarray(self.recording.read(start, stop))
                hashed = source.update(original)
                block = original.copy()
                self.n_clipped += self.planter.add(block, start)
                yield block
                hashed.result()
                size += block.nbytes
                del original, hashed
                if number % RELEASE_BLOCKS == RELEASE_BLOCKS - 1:
                    self.recording.release()
                self.tick(block.size)
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


def _files_of(folder: Path) -> list[tuple[str, Path]]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(path.relative_to(folder).as_posix(), path) for path in paths]


def _has_float_waveforms(source: SessionSource) -> bool:
    """Return True if the session's units have their waveforms as floats, by the first that has any."""
    for path in source.files.units.values():
        waveforms = open_unit(path).waveforms
        if waveforms is not None:
            return waveforms.dtype.kind == "f"
    return False
