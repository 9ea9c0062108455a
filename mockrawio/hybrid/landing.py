"""The files that a run writes: all of them, or none.

- A run writes everything into a staging folder inside the output folder and, once it is on the
  disk, moves it to its place, file by file, the manifest last; if a move fails or is
  interrupted, those made are undone. If the process is killed, the next run does that
  (:func:`mend`); until then the folder has no manifest of the run.
- A run replaces files of an earlier run of its name, which are those that its manifest lists, and
  no others.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from ..ground.durable import clean_up, leftovers, locked, make_folder, naming, sibling, sync_file, sync_folder
from ..ground.errors import MockSessionError, SessionExistsError
from ..ground.places import read_text
from ..ground.writing import FileRecord, file_record
from .recording import RawFile
from .run_manifest import listed_files
from .tables import FIRINGS, SMALL, named

_ASIDE, _JOURNAL = "replaced", "landing"  # in a staging folder: what stood in the way, and what is being moved
_LAST = "manifest-"


def target_names(files: Sequence[RawFile]) -> list[str]:
    """Return the name of the result for each source file: ``.GT`` before the last dot, or at the end; no two alike."""
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


def run_files(files: Sequence[RawFile], session_name: str) -> list[str]:
    """Return the names of all files that a run of these source files writes, the manifest last."""
    small = [named(kind, session_name) for kind in SMALL]
    return [*target_names(files), FIRINGS, f"hfparams_{session_name}.toml", *small]


def refuse_foreign_files(folder: Path, names: Sequence[str]) -> None:
    """Refuse to replace what no run of this name made, by its manifest there, which is the last of the names.

    That is a file that the manifest does not list, or a ``firings_true.npy``, which all runs call the same, that is
    another than it lists.
    """
    manifest = names[-1]
    listed = listed_files(folder / manifest)
    own = {*listed, *([manifest] if listed else [])}
    for name in names:
        path = folder / name
        same = name in own and (name != FIRINGS or _is_as_listed(path, listed[name]))
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
    """Context manager for a folder in which a run's files wait; :meth:`land` moves them to their place in `folder`.

    It is made, with its parents, if it is not there; the run's `name` is in that of the staging folder.
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
        if not _is_half_moved(self.path):  # else it has the only copies of the old files
            shutil.rmtree(self.path, ignore_errors=True)

    def land(self) -> list[Path]:
        """Move every file to its place, over what is there; all of them, or none."""
        names = sorted((path.name for path in self.path.iterdir()), key=lambda name: (name.startswith(_LAST), name))
        with naming(self.folder), locked(self.folder):
            try:
                self._prepare(names)
                for name in reversed(names):  # the old manifest first, so that it never describes new files
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
    """Undo what a run of that name had moved when it was killed, and remove what it left."""
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
    """Move the new files back, then the old ones; if interrupted, it can be repeated."""
    for name in names:
        if not os.path.lexists(staging / name) and os.path.lexists(folder / name):
            os.replace(folder / name, staging / name)
    for name in names:
        if os.path.lexists(staging / _ASIDE / name):
            os.replace(staging / _ASIDE / name, folder / name)
