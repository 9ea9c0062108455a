"""A session is written whole, or not at all.

- Files go to a staging folder beside the target, which is renamed onto it at the end.
- Whatever interrupts a writer, the target is as it was before; the staging folder's name
  (`.{name}.partial-…`) keeps readers from taking it for a session.
- What is there already is replaced only with ``overwrite=True``, after the new session is
  complete; a replacement cut short is undone by the next writer.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from os import PathLike
from pathlib import Path

from .errors import SessionExistsError
from .layout import MANIFEST
from .manifest import FileRecord, manifest_bytes

__all__ = ["SessionWriter", "clean_up", "sibling", "write_file"]

Chunks = Iterable[bytes | memoryview]


class SessionWriter:
    """Context manager that writes a session folder; leaving it without an error lands it.

    Parameters
    ----------
    target : str or PathLike
        The session folder to make; its parents are made as needed.
    overwrite : bool
        Whether a session that is already there may be replaced.

    Raises
    ------
    SessionExistsError
        If `target` exists and `overwrite` is false, at the start or at the end.
    OSError
        As the file system gives it; the target is then untouched.
    """

    def __init__(self, target: str | PathLike[str], *, overwrite: bool = False) -> None:
        self.target = Path(target).absolute()
        self.overwrite = overwrite
        self.staging = sibling(self.target, "partial")
        self.files: dict[str, FileRecord] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> SessionWriter:
        self.target.parent.mkdir(parents=True, exist_ok=True)
        clean_up(self.target)
        self._refuse_taken()
        self.staging.mkdir()
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        try:
            if kind is None:
                self._land()
        finally:
            shutil.rmtree(self.staging, ignore_errors=True)

    def write(self, name: str, chunks: Chunks) -> None:
        """Write one file of the session, from any thread.

        Parameters
        ----------
        name : str
            Its path below the session folder, with forward slashes.
        chunks : iterable of bytes or memoryview
            Its content; each chunk is done with when the next is asked for.
        """
        path = self.staging / name
        path.parent.mkdir(exist_ok=True)
        record = _write(path, chunks)
        with self._lock:
            self.files[name] = record

    def write_manifest(self, spec: dict[str, object]) -> None:
        """Write the manifest: what made the session, and every file's size and SHA-256."""
        (self.staging / MANIFEST).write_bytes(manifest_bytes(spec, self.files))

    def _refuse_taken(self) -> None:
        if not self.overwrite and _taken(self.target):
            raise SessionExistsError(
                f"{self.target}: expected nothing there; found a folder or file. "
                "Choose another place, or pass overwrite=True to replace it."
            )

    def _land(self) -> None:
        self._refuse_taken()
        if not _taken(self.target):
            try:
                os.rename(self.staging, self.target)
            except OSError:  # another writer landed first
                self._refuse_taken()
                raise
            return
        aside = sibling(self.target, "replaced")
        os.rename(self.target, aside)
        try:
            os.rename(self.staging, self.target)
        except BaseException:
            os.rename(aside, self.target)
            raise
        _remove(aside)


def _taken(target: Path) -> bool:
    """Tell whether anything but an empty folder stands at `target`."""
    if target.is_dir() and not target.is_symlink():
        return next(target.iterdir(), None) is not None
    return os.path.lexists(target)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def sibling(target: Path, purpose: str) -> Path:
    """Return a new name beside `target`, which says that it is not for readers, and whose it is."""
    return target.with_name(f".{target.name}.{purpose}-{os.getpid()}-{secrets.token_hex(4)}")


def clean_up(target: Path) -> None:
    """Remove what writers that are no longer running left beside `target`, or put it back."""
    for path in target.parent.glob(f".{target.name}.*-*-*"):
        purpose, pid, _ = path.name[len(target.name) + 2 :].split("-")
        if purpose not in ("partial", "replaced") or not pid.isdigit() or _is_running(int(pid)):
            continue
        if purpose == "replaced" and not _taken(target):
            os.rename(path, target)
        else:
            _remove(path)


def _is_running(pid: int) -> bool:
    if os.name != "posix":  # there os.kill(pid, 0) would end the process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _write(path: Path, chunks: Chunks) -> FileRecord:
    """Write a file and hash it, the hash of a chunk while that chunk is being written."""
    digest, size = hashlib.sha256(), 0
    with open(path, "wb", buffering=0) as file, ThreadPoolExecutor(1) as hasher:
        for chunk in chunks:
            view = memoryview(chunk)
            # Handing a chunk to a thread costs 50 µs: what is hashed sooner is hashed here.
            hashed = hasher.submit(digest.update, view) if view.nbytes > 1 << 16 else None
            if hashed is None:
                digest.update(view)
            size += view.nbytes
            while view.nbytes:
                view = view[file.write(view) :]
            if hashed is not None:
                hashed.result()
    return FileRecord(size, digest.hexdigest())


def write_file(path: str | PathLike[str], chunks: Chunks) -> FileRecord:
    """Write one file beside its place and rename it there, making its folder if need be.

    Parameters
    ----------
    path : str or PathLike
        The file; replaced if it exists.
    chunks : iterable of bytes or memoryview
        Its content.

    Returns
    -------
    FileRecord
        Its size and SHA-256, as a manifest lists them.
    """
    path = Path(path).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = sibling(path, "partial")
    try:
        record = _write(staging, chunks)
        os.replace(staging, path)
    finally:
        staging.unlink(missing_ok=True)
    return record
