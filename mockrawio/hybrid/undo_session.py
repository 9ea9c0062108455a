"""The session that a hybrid run was made of, out of the one that it made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..convert.counts import Counts, Piece, Source
from ..convert.session_content import Content, Stream, write_content
from ..ground.errors import BadFileError
from ..ground.jsontext import read_json
from ..ground.writing import FileRecord
from ..session import layout
from ..session.manifest import read_manifest
from ..session.own import refuse_own
from ..session.virtual import file_chunks
from ..session.writer import SessionWriter
from .as_session import files_of
from .recording import RawFile
from .run_manifest import read_run_manifest
from .session_source import SessionSource, open_session
from .tables import named
from .without import Undone, WithoutEvents, check_source


@dataclass(kw_only=True)
class StreamBefore(Stream):
    """The stream of a session without the events of a run; `said` is its description."""

    said: dict[str, Any]

    def description(self, counts: Counts) -> dict[str, object]:
        """Return what its ``.json`` said."""
        return self.said


@dataclass(kw_only=True)
class ContentBefore(Content):
    """A session without what a run added; `said` is its manifest, but for the files."""

    said: dict[str, Any]
    result: Path  # the stream's file with the events
    source: FileRecord  # what it was without

    def finish(self, writer: SessionWriter, origins: dict[str, object]) -> dict[str, object]:
        """Check the stream that was written; return what the manifest said."""
        check_source(self.result, writer.files[_file(self.streams[0].name)], self.source)
        return self.said


def undone_session(folder: Path, output: Path, overwrite: bool, progress: bool) -> Undone:
    """Write the session that a run was made of; of several runs, the last is taken out."""
    manifest = read_manifest(folder / layout.MANIFEST)
    run = _run(folder, manifest)
    tables = folder / run["tables"]
    said = read_run_manifest(tables / named("manifest.json", run["session_name"]))
    source = open_session(folder, run["stream"])
    refuse_own(output, *source.read_from)
    without = WithoutEvents(source.recording, tables / named("events.npz", said["session_name"]))
    new = {run["names"].get(str(unit["new_unit"])) for unit in said["units"] if unit["new_unit"] is not None}
    record = FileRecord(said["sources"][0]["size"], said["sources"][0]["sha256"])
    content = ContentBefore(
        info_ms=None,
        patient_id=0,
        session_nr=0,
        streams=[_stream(source, without, new)],
        units=lambda staging: (),
        made_from={},
        files=_files(source, run["tables"], new),
        said=_manifest_before(manifest, run),
        result=Path(source.stream.path),
        source=record,
    )
    write_content(content, output, overwrite, progress, "undo")
    return Undone(output, (output / _file(source.name),), (record,), without.n_events)


def _file(stream: str) -> str:
    return f"{layout.RAW}/{stream}.npy"


def _run(folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what a session's manifest says of the last run."""
    run = manifest.get("hybrid")
    run = run if isinstance(run, dict) else {}
    fits = all(isinstance(run.get(key), str) for key in ("session_name", "stream", "tables"))
    if not fits or not isinstance(run.get("names"), dict) or Path(run["tables"]).name != run["tables"]:
        expected, remedy = "a session that a hybrid run made", "Give the session that was its result."
        raise BadFileError(folder / layout.MANIFEST, expected, "another, or none that is told", remedy)
    return run


def _manifest_before(manifest: dict[str, Any], run: dict[str, Any]) -> dict[str, Any]:
    said = {key: value for key, value in manifest.items() if key not in ("format", "format_version", "files", "hybrid")}
    return said | ({"hybrid": run["before"]} if "before" in run else {})


def _stream(source: SessionSource, without: WithoutEvents, new: set[Any]) -> StreamBefore:
    """Return the stream as it was, and its description without the new units."""
    opened, recording = source.stream, source.recording
    said = read_json(str(Path(opened.path).with_suffix(".json")), "a JSON object", "Restore it.")
    told = said.pop("hybrid", None)
    kept = {unit: of for unit, of in told.items() if unit not in new} if isinstance(told, dict) else {}
    gains, offsets = np.array([scale[:2] for scale in opened.scales]).T

    def piece(file: RawFile) -> Piece:
        return Piece(file.n_frames, lambda start, stop: without.read(file.start + start, file.start + stop))

    pieces = tuple(map(piece, recording.files))
    samples = Source("recording", opened.ids, recording.dtype, gains, offsets, recording.sample_rate, pieces)
    starts = [run.t_start_ms for run in opened.runs]
    units = opened.scales[0].units
    return StreamBefore(
        source.name,
        opened.ids,
        opened.names,
        units,
        samples,
        starts,
        said={**said, **({"hybrid": kept} if kept else {})},
    )


def _files(source: SessionSource, tables: str, new: set[Any]) -> dict[str, Iterator[bytes | memoryview]]:
    """Return all files of a session that the run did not write."""
    made = {layout.MANIFEST, _file(source.name), f"{layout.RAW}/{source.name}.json"}
    made |= {layout.unit_file(name) for name in source.files.units if name.id in new}
    files = dict(files_of(source.files))
    return {
        name: file_chunks(file) for name, file in files.items() if name not in made and name.split("/")[0] != tables
    }
