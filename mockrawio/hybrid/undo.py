"""Taking the events of a run out again: what is left is the source, byte for byte.

What a run saves is enough, wherever the source is by now: the result less its events is the source, and where samples
were clipped the run has kept what they were. The SHA-256 of what comes out is that which the manifest has of the
source; nothing is written otherwise.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ..ground.checks import is_whole, require
from ..ground.durable import whole_file
from ..ground.errors import BadFileError
from ..ground.places import AnyPath
from ..ground.progress import progress_bar
from ..ground.shown import Argument
from ..ground.writing import FileRecord, write_plain
from ..session.layout import MANIFEST
from ..session.own import refuse_own
from .recording import RawFile, RawRecording, integer_type
from .run_manifest import read_run_manifest
from .tables import named
from .truth import only_one
from .undo_session import undone_session
from .without import AGAIN, Undone, WithoutEvents, check_source


def undo_hybrid(
    folder: AnyPath,
    output: AnyPath | None = None,
    *,
    session_name: str | None = None,
    overwrite: bool = False,
    progress: bool = False,
) -> Undone:
    """Remove the events of a run, exactly.

    Parameters
    ----------
    folder : path
        The output folder of a run, by default or with ``compat``, or the session that a run made. It is only read.
    output : path, optional
        Where what was there before goes: the recording's files, by their own names; or another session, without the new
        units and the run's tables. None: for files the same folder.
    session_name : str, optional
        Which run, if a folder of files has those of several.
    overwrite : bool
        Whether files, or a session, that are there may be replaced.
    progress : bool
        Whether to show a progress bar on stderr.

    Returns
    -------
    Undone

    Raises
    ------
    BadFileError
        If a file of the run is missing or changed, so that what comes out is not the source. Nothing is written then.
    MockSessionError
        If an output is needed and not given, or lies in what is read.
    SessionExistsError
        If the target exists and `overwrite` is false.
    """
    place = Path(folder).absolute()
    if (place / MANIFEST).is_file():
        require(
            output is not None, Argument("output"), "a folder for the session without the events", None, "Name one."
        )
        return undone_session(place, Path(output or "").absolute(), overwrite, progress)
    return _raw(place, place if output is None else Path(output).absolute(), session_name, overwrite, progress)


def _raw(folder: Path, output: Path, session_name: str | None, overwrite: bool, progress: bool) -> Undone:
    """Write the files of a recording as they were."""
    path = only_one(folder, "manifest", "json", session_name)
    if path is None:
        raise BadFileError(folder, "the output folder of a run, with its manifest", "none", "Give such a folder.")
    said = read_run_manifest(path)
    recording, sources = _results(path, said)
    without = WithoutEvents(recording, folder / named("events.npz", said["session_name"]))
    targets = [output / os.path.basename(source["path"]) for source in said["sources"]]
    for target in targets:
        refuse_own(target, *(file.path for file in recording.files))
    with ExitStack() as stack, progress_bar(progress, "undo", sum(source.size for source in sources)) as tick:
        for file, target, source in zip(recording.files, targets, sources, strict=True):
            staging = stack.enter_context(whole_file(target, overwrite=overwrite))
            check_source(Path(file.path), write_plain(staging, without.blocks(file, tick), target), source)
    return Undone(output, tuple(targets), tuple(sources), without.n_events)


def _results(path: Path, said: dict[str, Any]) -> tuple[RawRecording, list[FileRecord]]:
    """Return the result of a run as a recording, and what the files of its source were."""
    dtype, files = integer_type(said.get("data_type")), []
    frame = said["n_channels"] * dtype.itemsize
    fits = dtype.kind in "iu" and len(said["sources"]) == len(said["results"])
    for source, result in zip(said["sources"], said["results"], strict=False):
        plain = os.path.basename(source["path"]) != "" and Path(result["path"]).name == result["path"]
        fits = fits and plain and is_whole(source.get("start")) and source["size"] == result["size"]
        fits = fits and result["size"] % frame == 0
        files.append(RawFile(str(path.parent / result["path"]), int(source["start"]), result["size"] // frame))
    if not fits:
        raise BadFileError(path, "as many files of the result as of the source, of the same sizes", "others", AGAIN)
    recording = RawRecording(tuple(files), dtype, said["n_channels"], said["sample_rate"])
    return recording, [FileRecord(source["size"], source["sha256"]) for source in said["sources"]]
