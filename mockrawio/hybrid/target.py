"""The files that a run writes: whole, or not at all.

- A run writes everything into a staging folder inside the output folder and moves it to its
  place at the end, file by file; if a move fails or is interrupted, those made are undone.
- Every block of a result is written once, in order: copied from the source, with the events
  that fall into it added, and hashed on the way, by threads of their own.
- A result that is edited in place must be equal to the source, byte for byte, before it is.
  Events of an earlier run are taken out by copying their windows from the source
  (:func:`reset`), which is also what undoes a run that was cut short: the events are on disk
  before the first of them is added.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from ..session.errors import BadFileError, MockSessionError, SessionExistsError
from ..session.manifest import FileRecord, file_record
from ..session.writer import clean_up, sibling
from .insert import Inserter
from .store import load_events
from .units import PlantedUnit, Source, SourceFile

__all__ = ["Staging", "refuse_other_runs", "reset", "target_names", "write_target"]

BLOCK_BYTES = 1 << 21  # of a recording at a time; two of them are in work at once
RELEASE_BLOCKS = 8  # after so many, what a source has mapped is let go of

Tick = Callable[[int], object]


def target_names(files: Sequence[SourceFile]) -> list[str]:
    """Return the name of the result for each source file: ``.GT`` before the last dot, or at the end.

    Raises
    ------
    MockSessionError
        If two files would have the same.
    """
    names = []
    for file in files:
        name = os.path.basename(file.path)
        stem, dot, extension = name.rpartition(".")
        names.append(f"{stem}.GT.{extension}" if dot else f"{name}.GT")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        found = f"raw_source_file: expected files of different names; found two that both make {twice[0]}"
        raise MockSessionError(f"{found}. Rename one of them, or run them one at a time.")
    return names


def refuse_other_runs(folder: Path, own_manifest: str, names: Sequence[str]) -> None:
    """Refuse to replace the results of another session's run, whose tables would then tell of what is not there.

    Raises
    ------
    SessionExistsError
        If another manifest in the folder is of results of these names.
    """
    for path in sorted(folder.glob("manifest-*.json")):
        taken = [] if path.name == own_manifest else sorted(_results_of(path) & set(names))
        if taken and (folder / taken[0]).exists():
            raise SessionExistsError(
                f"{folder / taken[0]}: expected no result of another run; found that of {path.name}. "
                "Choose another output_directory, the same session_name, or remove that run's files."
            )


def _results_of(manifest: Path) -> set[str]:
    """Return the results a manifest lists; none if it cannot be read."""
    try:
        return {str(result["path"]) for result in json.loads(manifest.read_bytes())["results"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()


class Staging:
    """Context manager for a folder in which a run's files wait; :meth:`land` moves them to their place.

    Parameters
    ----------
    folder : Path
        Where they are to go; made, with its parents, if it is not there.
    name : str
        Of the run, for the staging folder's name.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self._target = folder / f"hybrid-{name}"
        self.path = sibling(self._target, "partial")

    def __enter__(self) -> Staging:
        self.folder.mkdir(parents=True, exist_ok=True)
        clean_up(self._target)
        self.path.mkdir()
        return self

    def __exit__(self, *exception: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def land(self) -> list[Path]:
        """Move every file to its place, over what is there; all of them, or none."""
        aside = self.path / "replaced"
        aside.mkdir()
        undo: list[tuple[Path, Path]] = []
        try:
            for new in sorted(path for path in self.path.iterdir() if path != aside):
                place = self.folder / new.name
                if os.path.lexists(place):
                    undo.append((aside / new.name, place))
                    os.rename(place, aside / new.name)
                undo.append((place, new))
                os.rename(new, place)
        except BaseException:
            for moved, back in reversed(undo):
                if os.path.lexists(moved):
                    os.replace(moved, back)
            raise
        return [back.parent.parent / back.name for place, back in undo if place.parent == self.folder]


class _Hasher:
    """A SHA-256 that is computed by a thread of its own, in order."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._thread = ThreadPoolExecutor(1)

    def __enter__(self) -> _Hasher:
        return self

    def __exit__(self, *exception: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def update(self, block: npt.NDArray[Any]) -> Future[None]:
        return self._thread.submit(self._digest.update, block.data)

    def hexdigest(self) -> str:
        self._thread.submit(int).result()  # after all that was submitted before
        return self._digest.hexdigest()


def write_target(
    recording: Source, file: SourceFile, inserter: Inserter, path: Path, *, in_place: bool = False, tick: Tick
) -> tuple[FileRecord, FileRecord, int]:
    """Write one file of the result, in one pass.

    Parameters
    ----------
    recording : RawRecording
        The source.
    file : RawFile
        Which of its files.
    inserter : Inserter
        The events to add.
    path : Path
        The file to write.
    in_place : bool
        Whether `path` is already equal to the source, so that only blocks with events are written.
    tick : callable
        Called with the number of bytes done, as the work goes on.

    Returns
    -------
    source, result : FileRecord
        Their size and SHA-256.
    n_clipped : int
        Samples that were clipped.
    """
    frame = recording.n_channels * recording.dtype.itemsize
    step = max(1, BLOCK_BYTES // frame)
    stop, clipped = file.start + file.n_frames, 0
    buffers = [np.empty((min(step, file.n_frames), recording.n_channels), recording.dtype) for _ in range(2)]
    free: deque[list[Future[None]]] = deque([[], []])  # what must be done before a buffer is used again
    with open(path, "r+b" if in_place else "wb", buffering=0) as out, _Hasher() as source, _Hasher() as result:
        for k, start in enumerate(range(file.start, stop, step)):
            for future in free.popleft():
                future.result()
            original = np.ascontiguousarray(recording.read(start, min(start + step, stop)))
            block = buffers[k % 2][: len(original)]
            np.copyto(block, original)
            hashed = [source.update(original)]
            clipped += inserter.add(block, start)
            hashed.append(result.update(block))
            free.append(hashed)
            if in_place and not inserter.touches(start, start + len(block)):
                out.seek(block.nbytes, os.SEEK_CUR)
            else:
                _write_all(out, block)
            del original, hashed
            if k % RELEASE_BLOCKS == RELEASE_BLOCKS - 1:
                release(recording)
            tick(block.nbytes)
        size = file.n_frames * frame
        return FileRecord(size, source.hexdigest()), FileRecord(size, result.hexdigest()), clipped


def release(recording: Source) -> None:
    """Let a source let go of what it has mapped, if it can."""
    let_go = getattr(recording, "release", None)
    if let_go is not None:
        let_go()


def _write_all(out: BinaryIO | Any, block: npt.NDArray[Any]) -> None:
    view = block.data.cast("B")
    while view.nbytes:
        view = view[out.write(view) :]


def reset(recording: Source, folder: str | os.PathLike[str], *, tick: Tick = lambda size: None) -> list[FileRecord]:
    """Take all events out of the results in `folder`, so that they are equal to the source again.

    What ``events-*.npz`` in that folder list is restored from the source, window by window.

    Parameters
    ----------
    recording : RawRecording
        The source that the results were made from.
    folder : str or PathLike
        The output folder.
    tick : callable
        Called with the number of bytes compared, as the work goes on.

    Returns
    -------
    list of FileRecord
        Size and SHA-256 of each file.

    Raises
    ------
    BadFileError
        If a result is missing, of another size than its source, or still differs from it
        afterwards.
    """
    paths = [Path(folder) / name for name in target_names(recording.files)]
    for file, path in zip(recording.files, paths, strict=True):
        _check_size(recording, file, path)
    for events in sorted(glob.glob(os.path.join(glob.escape(os.fspath(folder)), "events-*.npz"))):
        for unit in load_events(events):
            for file, path in zip(recording.files, paths, strict=True):
                _restore(recording, file, path, unit)
    return [_equal(recording, file, path, tick) for file, path in zip(recording.files, paths, strict=True)]


def _check_size(recording: Source, file: SourceFile, path: Path) -> None:
    need = file.n_frames * recording.n_channels * recording.dtype.itemsize
    remedy = "Use copy = True, which makes it."
    if not path.is_file():
        raise BadFileError(path, "the result of an earlier run, since copy is False", "no such file", remedy)
    if path.stat().st_size != need:
        raise BadFileError(path, f"{need} bytes, as its source has", str(path.stat().st_size), remedy)


def _restore(recording: Source, file: SourceFile, path: Path, unit: PlantedUnit) -> None:
    """Copy the windows of a unit's events that lie in a file from the source."""
    first = unit.times - unit.before
    last = first + (unit.n_samples if len(unit.times) else 0)
    inside = (first >= file.start) & (last <= file.start + file.n_frames)
    target = np.memmap(path, recording.dtype, "r+", shape=(file.n_frames, recording.n_channels))
    for begin, end in zip(first[inside].tolist(), last[inside].tolist(), strict=True):
        target[begin - file.start : end - file.start] = recording.read(begin, end)
    target.flush()


def _equal(recording: Source, file: SourceFile, path: Path, tick: Tick) -> FileRecord:
    record = file_record(path, tick)
    digest, step = hashlib.sha256(), max(1, BLOCK_BYTES // (recording.n_channels * recording.dtype.itemsize))
    stop = file.start + file.n_frames
    for start in range(file.start, stop, step):
        digest.update(np.ascontiguousarray(recording.read(start, min(start + step, stop))).data)
        release(recording)
    if digest.hexdigest() != record.sha256:
        expected = "the bytes of its source, once the events of earlier runs are taken out"
        raise BadFileError(path, expected, "others", "Use copy = True, which makes it anew.")
    return record
