"""The files that a run writes: whole, or not at all.

- A run writes everything into a staging folder inside the output folder and, once it is on the
  disk, moves it to its place, file by file, the manifest last; if a move fails or is
  interrupted, those made are undone. If the process is killed, the next run does that
  (:func:`mend`); until then the folder has no manifest of the run.
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
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ground.durable import (
    clean_up,
    leftovers,
    locked,
    make_folder,
    naming,
    sibling,
    sync_file,
    sync_folder,
)
from ..ground.errors import BadFileError, MockSessionError, SessionExistsError
from ..ground.places import read_text
from ..ground.progress import Tick
from ..ground.regular import only_regular
from ..ground.writing import FileRecord, file_record, sync_now, write_all
from ..planting import Planter
from .output import FIRINGS, SMALL, named
from .run_manifest import listed_files
from .store import load_events
from .units import HybridUnit, Source, SourceFile

__all__ = ["Hasher", "Staging", "mend", "refuse_foreign_files", "reset", "run_files", "target_names", "write_target"]

BLOCK_BYTES = 1 << 21  # of a recording at a time; two of them are in work at once
RELEASE_BLOCKS = 8  # after so many, what a source has mapped is let go of
_ASIDE, _JOURNAL = "replaced", "landing"  # in a staging folder: what stood in the way, and what is being moved
_LAST = "manifest-"


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
        found, remedy = f"two that both make {twice[0]}", "Rename one of them, or run them one at a time."
        raise MockSessionError("raw_source_file", "files of different names", found, remedy)
    return names


def run_files(files: Sequence[SourceFile], session_name: str) -> list[str]:
    """Return the names of all files that a run of these source files writes, the manifest last."""
    small = [named(kind, session_name) for kind in SMALL]
    return [*target_names(files), FIRINGS, f"hfparams_{session_name}.toml", *small]


def refuse_foreign_files(folder: Path, names: Sequence[str], replaced: Sequence[str] = ()) -> None:
    """Refuse to replace what no run of this name made, by its manifest there.

    Parameters
    ----------
    folder : Path
        The output folder.
    names : sequence of str
        The files that the run writes, its manifest last.
    replaced : sequence of str
        Those that may be replaced though another run made them.

    Raises
    ------
    SessionExistsError
        If a file is there that the manifest does not list, or a ``firings_true.npy``, which all runs
        call the same, that is another than it lists.
    """
    manifest = names[-1]
    listed = listed_files(folder / manifest)
    own = {*listed, *([manifest] if listed else []), *replaced}
    for name in names:
        path = folder / name
        same = name in own and (name != FIRINGS or name in replaced or _is_as_listed(path, listed[name]))
        if os.path.lexists(path) and not same:
            raise _foreign(path, manifest)


def _is_as_listed(path: Path, record: FileRecord) -> bool:
    return path.is_file() and file_record(path, of_size=record.size) == record


def _foreign(path: Path, manifest: str) -> SessionExistsError:
    others = [run for run in sorted(path.parent.glob("manifest-*.json")) if run.name != manifest]
    other = next((run.name for run in others if path.name in listed_files(run)), None)
    if other is None:
        expected, found = "nothing there, or a file of this run", f"one that is not as {manifest} lists it"
        return SessionExistsError(path, expected, found, "Choose another folder for the output, or move the file away.")
    remedy = "Choose another output_directory, the same session_name, or remove that run's files."
    return SessionExistsError(path, "no result of another run", f"that of {other}", remedy)


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
        self.folder, self.name = folder, name
        self.path = sibling(_staging_target(folder, name), "partial")

    def __enter__(self) -> Staging:
        make_folder(self.folder)
        mend(self.folder, self.name)
        with naming(self.folder):
            self.path.mkdir()
        return self

    def __exit__(self, *exception: object) -> None:
        if not _is_half_moved(self.path):  # else what it has of the old files is all there is of them
            shutil.rmtree(self.path, ignore_errors=True)

    def land(self) -> list[Path]:
        """Move every file to its place, over what is there; all of them, or none."""
        names = sorted((path.name for path in self.path.iterdir()), key=lambda name: (name.startswith(_LAST), name))
        with naming(self.folder), locked(self.folder):
            try:
                self._prepare(names)
                for name in reversed(names):  # the old manifest first: it is not to tell of new files
                    if os.path.lexists(self.folder / name):
                        os.rename(self.folder / name, self.path / _ASIDE / name)
                for name in names:
                    os.rename(self.path / name, self.folder / name)
                sync_folder(self.folder)
            except BaseException:
                _undo(self.path, self.folder, names)
                (self.path / _JOURNAL).unlink(missing_ok=True)
                raise
        return [self.folder / name for name in names]

    def _prepare(self, names: Sequence[str]) -> None:
        """Put the files onto the disk, and with them what is about to be moved."""
        for name in names:
            sync_file(self.path / name)
        (self.path / _ASIDE).mkdir()
        (self.path / _JOURNAL).write_text(json.dumps(names), "ascii")
        sync_file(self.path / _JOURNAL)
        sync_folder(self.path)


def _staging_target(folder: Path, name: str) -> Path:
    return folder / f"hybrid-{name}"


def mend(folder: Path, name: str) -> None:
    """Undo what a run of that name had moved when it was killed, and remove what it left.

    Raises
    ------
    NotWrittenError
        If the file system does not let it be.
    """
    target = _staging_target(folder, name)
    for left in leftovers(target):
        if not left.in_use and _is_half_moved(left.path):
            with naming(folder), locked(folder):
                _undo(left.path, folder, _journal(left.path))
    clean_up(target)


def _is_half_moved(staging: Path) -> bool:
    """Return True if a run has begun to move its files, and not moved the last one."""
    names = _journal(staging)
    return bool(names) and os.path.lexists(staging / names[-1])


def _journal(staging: Path) -> list[str]:
    """Return the names of the files that a run was moving, in that order; none if it was not."""
    try:
        names = json.loads(read_text(str(staging / _JOURNAL)))
    except (OSError, ValueError, RecursionError):
        return []
    plain = isinstance(names, list) and all(isinstance(name, str) and Path(name).name == name for name in names)
    return names if plain else []


def _undo(staging: Path, folder: Path, names: Sequence[str]) -> None:
    """Move the new files back, then the old ones; cut short, it can be done again."""
    for name in names:
        if not os.path.lexists(staging / name) and os.path.lexists(folder / name):
            os.replace(folder / name, staging / name)
    for name in names:
        if os.path.lexists(staging / _ASIDE / name):
            os.replace(staging / _ASIDE / name, folder / name)


class Hasher:
    """A SHA-256 that is computed by a thread of its own, in order."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._thread = ThreadPoolExecutor(1)

    def __enter__(self) -> Hasher:
        return self

    def __exit__(self, *exception: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def update(self, block: npt.NDArray[Any]) -> Future[None]:
        """Begin to take in a block, which must stay as it is until that is done."""
        return self._thread.submit(self._digest.update, block.data)

    def hexdigest(self) -> str:
        """Return the SHA-256 of all blocks so far."""
        self._thread.submit(int).result()  # after all that was submitted before
        return self._digest.hexdigest()


def write_target(
    recording: Source,
    file: SourceFile,
    planter: Planter,
    path: Path,
    *,
    place: Path | None = None,
    in_place: bool = False,
    tick: Tick,
) -> tuple[FileRecord, FileRecord, int]:
    """Write one file of the result, in one pass.

    Parameters
    ----------
    recording : RawRecording
        The source.
    file : RawFile
        Which of its files.
    planter : Planter
        The events to add.
    path : Path
        The file to write.
    place : Path, optional
        Where the file is to go in the end, which errors name; `path` if it is not given.
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
    stop, clipped, place = file.start + file.n_frames, 0, place or path
    buffers = [np.empty((min(step, file.n_frames), recording.n_channels), recording.dtype) for _ in range(2)]
    free: deque[list[Future[None]]] = deque([[], []])  # what must be done before a buffer is used again
    with _opened(path, place, in_place) as out, Hasher() as source, Hasher() as result:
        for k, start in enumerate(range(file.start, stop, step)):
            for future in free.popleft():
                future.result()
            original = np.ascontiguousarray(recording.read(start, min(start + step, stop)))
            block = buffers[k % 2][: len(original)]
            np.copyto(block, original)
            hashed = [source.update(original)]
            clipped += planter.add(block, start)
            hashed.append(result.update(block))
            free.append(hashed)
            _put(out, block, place, there_already=in_place and not planter.touches(start, start + len(block)))
            del original, hashed
            if k % RELEASE_BLOCKS == RELEASE_BLOCKS - 1:
                release(recording)
            tick(block.nbytes)
        sync_now(out, place)
        size = file.n_frames * frame
        return FileRecord(size, source.hexdigest()), FileRecord(size, result.hexdigest()), clipped


def release(recording: Source) -> None:
    """Let a source let go of what it has mapped, if it can."""
    let_go = getattr(recording, "release", None)
    if let_go is not None:
        let_go()


def _opened(path: Path, place: Path, in_place: bool) -> Any:
    with naming(place):
        return open(path, "r+b" if in_place else "wb", buffering=0, opener=only_regular)


def _put(out: Any, block: npt.NDArray[Any], place: Path, *, there_already: bool) -> None:
    if there_already:
        out.seek(block.nbytes, os.SEEK_CUR)
    else:
        write_all(out, block.data, place)


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


def _restore(recording: Source, file: SourceFile, path: Path, unit: HybridUnit) -> None:
    """Copy the windows of a unit's events that lie in a file from the source."""
    first = unit.times - unit.before
    last = first + (unit.n_samples if len(unit.times) else 0)
    inside = (first >= file.start) & (last <= file.start + file.n_frames)
    with open(path, "r+b", opener=only_regular) as opened:
        target = np.memmap(opened, recording.dtype, "r+", shape=(file.n_frames, recording.n_channels))
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
