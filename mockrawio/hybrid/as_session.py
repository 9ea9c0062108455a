"""A hybrid run's result as the content of a session, which :mod:`mockrawio.convert` writes.

What the folder has:

- the stream with the events added, and in its description, under ``hybrid``, what they are;
- the artificial units as further files of ``spiking_data``, their waveforms cut from that stream;
- ``hybrid/``: hybridfactory's tables (docs/hybridfactory.rst, *Output files*), and the events themselves;
- of a session, its other files as they were; of SpikeInterface's objects, what
  :func:`~mockrawio.convert.write_session` makes of them;
- a manifest, which keeps that of the source and has the run under ``hybrid``.

Nothing in it depends on where it is: the same source and seed give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from ..convert.counts import Counts, Piece, Source, encode
from ..convert.cut import UnitPlace, WrittenStream, largest_channel, source_windows
from ..convert.extractors import extractor_content
from ..convert.names import patient_and_session
from ..convert.session_content import Content, Stream
from ..convert.sortings import SortedSpikes, place_units
from ..formats.npy import header_bytes
from ..ground.arrays import Array, Ints
from ..ground.folder import File
from ..ground.jsontext import read_json
from ..ground.places import file_at
from ..ground.progress import Tick
from ..ground.regular import only_regular
from ..session import layout
from ..session.content import UnitContent, csc_numbers
from ..session.files import open_unit
from ..session.layout import BROADBAND, SessionFiles, UnitName
from ..session.made import MadeArray
from ..session.manifest import read_manifest
from ..session.streams import StreamFile
from ..session.virtual import MAKING, file_chunks, is_made
from ..session.writer import SessionWriter
from .adding import Adding
from .extractor_source import ExtractorSource
from .planned import HybridPlan, HybridResult
from .recording import RawFile, RawRecording
from .run_manifest import run_manifest_bytes
from .session_source import SessionSource
from .store import Clipped
from .tables import named


@dataclass(kw_only=True)
class HybridStream(Stream):
    """The stream with the events added."""

    plan: HybridPlan  # of an int16 source
    said: dict[str, Any] | None = None  # what the source's description says, if it has one
    head: bytes = b""  # what a file of the source begins with before its samples
    added: dict[str, Any] = field(default_factory=dict)  # what is to be said of the new units
    adding: Adding | None = None  # the last pass over the source

    @property
    def file(self) -> str:
        """Its path below the session folder."""
        return f"{layout.RAW}/{self.name}.npy"

    def counts(self, tick: Tick) -> Counts:
        """Return its samples."""
        recording = self.plan.source.recording
        self.adding = Adding(recording, recording.files, self.plan.adder(), tick, self.head)
        return Counts(self.source.gains, self.source.offsets, self.adding.blocks)

    def description(self, counts: Counts) -> dict[str, object]:
        """Return what its ``.json`` says."""
        said = super().description(counts) if self.said is None else self.said
        before = said.get("hybrid")
        return {**said, "hybrid": {**(before if isinstance(before, dict) else {}), **self.added}}


@dataclass(kw_only=True)
class HybridContent(Content):
    """What a hybrid session is made of; its only stream is a :class:`HybridStream`."""

    said: dict[str, Any]  # what the manifest says beside the run
    result: HybridResult  # what is to be made, and once it is written what was

    def finish(self, writer: SessionWriter, origins: dict[str, object]) -> dict[str, object]:
        """Write the tables of the run; return what the manifest says."""
        stream = cast(HybridStream, self.streams[0])
        adding = cast(Adding, stream.adding)  # which has been written
        results = (writer.files[stream.file],)
        self.result = replace(self.result, sources=(adding.source,), results=results, n_clipped=adding.n_clipped)
        folder = _free_folder(writer)
        self._write_tables(writer, stream, folder, adding.clipped)
        places = (self.result.folder / name for name in (*writer.files, layout.MANIFEST))
        self.result = replace(self.result, files=tuple(sorted(places)))
        return {**self.said, "hybrid": self._described(stream, folder)}

    def _write_tables(self, writer: SessionWriter, stream: HybridStream, folder: str, clipped: Clipped) -> None:
        """Write the tables, and the run's manifest over them."""
        source = stream.plan.source
        small = stream.plan.small_files([stream.file] * len(source.recording.files), clipped)
        for name, data in small.items():
            writer.write(f"{folder}/{name}", [data])
        files = {name: writer.files[f"{folder}/{name}"] for name in small}
        origin = {"kind": "session", "stream": stream.name, "names": self._json_names()}
        whole = RawFile(stream.file, 0, stream.source.n_samples)
        manifest = run_manifest_bytes(source, self.result, files, origin, [whole])
        writer.write(f"{folder}/{named('manifest.json', self.result.params.session_name)}", [manifest])

    def _json_names(self) -> dict[str, Any]:
        return {str(label): name for label, name in self.result.names.items()}

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
    """Return a folder for the tables that the source does not have: it may be a hybrid session itself."""
    there = {name.split("/")[0] for name in writer.files}
    k = 1
    while (name := "hybrid" if k == 1 else f"hybrid_{k}") in there:
        k += 1
    return name


def content_of_session(plan: HybridPlan, source: SessionSource, folder: Path) -> HybridContent:
    """Return a session with the events of a run: its own files, but for its stream and its manifest."""
    opened = source.stream
    stream = HybridStream(
        source.name,
        opened.ids,
        opened.names,
        opened.scales[0].units,
        _source(source.recording, opened.ids, *np.array([scale[:2] for scale in opened.scales]).T),
        [run.t_start_ms for run in opened.runs],
        plan=plan,
        said=read_json(opened.file.with_ending(".json"), "a JSON object", "Restore it."),
        head=_head(opened),
    )
    made_anew = {layout.MANIFEST, stream.file, f"{layout.RAW}/{stream.name}.json"}
    said = read_manifest(source.files.manifest) if source.files.manifest else {}
    said = {key: value for key, value in said.items() if key not in ("format", "format_version", "files", MAKING)}
    outside = {source.units[label].id: count for label, count in source.n_outside.items() if count}
    said |= {"spikes_outside": outside} if outside else {}
    files = {name: file_chunks(file) for name, file in files_of(source.files) if name not in made_anew}
    base = Content(None, 0, 0, [], lambda staging: (), {}, files=files)
    return _hybrid(base, stream, folder, source.units, said=said, floats=_has_float_waveforms(source))


def content_of_extractors(plan: HybridPlan, source: ExtractorSource, folder: Path) -> HybridContent:
    """Return what ``write_session`` makes of a recording, as int16, and a sorting, with the events of a run."""
    recording, sorting = source.given
    base = extractor_content(recording, sorting, BROADBAND, None, patient_and_session(folder, None, None))
    plain = base.streams[0]
    counts = encode(plain.source)
    samples = _source(source.recording, plain.source.channels, counts.gains, counts.offsets)
    stream = HybridStream(
        plain.name, plain.ids, plain.names, plain.units, samples, plain.starts_ms, plain.more, plan=plan
    )
    largest = partial(largest_channel, source_windows(samples), gains=counts.gains)
    places = list(place_units(SortedSpikes(sorting, stream.starts_ms), stream, largest))
    said = {"made_from": base.made_from, "units": {place.name.id: place.origin for place in places}}
    names = dict(zip(source.unit_ids, (place.name for place in places), strict=True))
    return _hybrid(base, stream, folder, names, places, said=said)


def _source(recording: RawRecording, ids: tuple[str, ...], gains: Array, offsets: Array) -> Source:
    """Return the samples of a recording without the events."""

    def piece(file: RawFile) -> Piece:
        return Piece(file.n_frames, lambda start, stop: recording.read(file.start + start, file.start + stop))

    pieces = tuple(map(piece, recording.files))
    return Source("recording", ids, recording.dtype, gains, offsets, recording.sample_rate, pieces)


def _hybrid(
    base: Content,
    stream: HybridStream,
    folder: Path,
    names: dict[int, UnitName],
    places: Sequence[UnitPlace] = (),
    *,
    said: dict[str, Any],
    floats: bool = False,
) -> HybridContent:
    """Return the content with the stream, the new units beside those to be written, and what is said of them."""
    plan, new = stream.plan, _new_units(stream, names.values())
    labels = {label: name.id for label, name in names.items()}
    labels |= {unit.new_unit: place.name.id for unit, place in zip(plan.planted, new, strict=True)}
    stream.added = _added(stream, labels)
    return HybridContent(
        info_ms=base.info_ms,
        patient_id=base.patient_id,
        session_nr=base.session_nr,
        streams=[stream],
        units=partial(_cut, stream, [*places, *new], floats),
        made_from=base.made_from,
        channel_names=base.channel_names,
        files=base.files,
        said=said,
        result=plan.result(folder, (folder / stream.file,), names=labels),
    )


def _cut(stream: Stream, places: Sequence[UnitPlace], floats: bool, folder: Path) -> Iterator[UnitContent]:
    with WrittenStream(folder, stream) as written:
        for place in places:
            yield written.unit(place, floats=floats)


def _new_units(stream: HybridStream, taken: Iterable[UnitName]) -> list[UnitPlace]:
    """Return the new units, called by the next free numbers on their centres' channels."""
    used, places, channels = set(taken), [], csc_numbers(stream.ids)
    for unit in stream.plan.planted:
        channel = channels[unit.center] if channels else unit.center + 1
        numbers = [name.number for name in used if (name.channel, name.unit_type) == (channel, "SU")]
        name = UnitName(channel, "SU", max(numbers, default=0) + 1)
        used.add(name)
        frames = [_within(unit.times, file) for file in stream.plan.source.recording.files]
        places.append(UnitPlace(name, frames, unit.center))
    return places


def _within(times: Ints, file: RawFile) -> Ints:
    low, high = np.searchsorted(times, [file.start, file.stop])
    frames: Ints = times[low:high] - file.start
    return frames


def _added(stream: HybridStream, names: dict[int, Any]) -> dict[str, Any]:
    """Return what the stream's description says of the new units."""
    made, ids = (report for report in stream.plan.units if report.made), stream.ids
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
        for unit, report in zip(stream.plan.planted, made, strict=True)
    }


def _head(stream: StreamFile) -> bytes:
    """Return what the file of a stream has before its samples."""
    if isinstance(stream.samples, MadeArray):
        return header_bytes("<i2", stream.samples.shape)
    with open(stream.path, "rb", opener=only_regular) as file:
        return file.read(stream.samples.offset)


def files_of(files: SessionFiles) -> list[tuple[str, File]]:
    """Return the files of a session, stored or made, by name."""
    stored = {path.relative_to(files.folder).as_posix(): path for path in files.folder.rglob("*") if path.is_file()}
    found = {name: file_at(path) for name, path in stored.items()}
    found |= {name: file for name, file in files.root.walk() if isinstance(file, File) and is_made(file)}
    return sorted(found.items())


def _has_float_waveforms(source: SessionSource) -> bool:
    """Return True if the session's units have their waveforms as floats, by the first that has any."""
    for path in source.files.units.values():
        waveforms = open_unit(path).waveforms
        if waveforms is not None:
            return waveforms.dtype.kind == "f"
    return False
