"""A session is written whole, or not at all.

- Files go to a staging folder beside the target, which is renamed onto it at the end; by then
  every file and folder in it is on the disk, and afterwards its name is too.
- Whatever interrupts a writer, the target is as it was before; the staging folder's name
  (`.{name}.partial-…`) keeps readers from taking it for a session.
- What is there already is replaced only with ``overwrite=True``, after the new session is
  complete; a replacement cut short is undone by the next writer.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from ..ground.durable import (
    clean_up,
    make_folder,
    naming,
    put_back,
    refuse_taken,
    sibling,
    sync_fd,
    sync_folder,
    whole_file,
    write_all,
)
from .layout import MANIFEST
from .manifest import FileRecord, manifest_bytes

__all__ = ["SessionWriter", "sync_now", "write_file", "write_plain"]

SYNC_BYTES = 1 << 24  # of a file, after which the disk begins to take it in
_SYNC_THREADS = 4
_MOST_WAITING = 64  # files that are written and not yet on the disk: each is an open file
_STANDS_THERE = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}

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
    NotWrittenError
        If the file system does not let it be; the target is then as it was.
    """

    def __init__(self, target: str | PathLike[str], *, overwrite: bool = False) -> None:
        self.target = Path(target).absolute()
        self.overwrite = overwrite
        self.staging = sibling(self.target, "partial")
        self.files: dict[str, FileRecord] = {}
        self._lock = threading.Lock()
        self._disk = _Disk()

    def __enter__(self) -> SessionWriter:
        make_folder(self.target.parent)
        clean_up(self.target)
        self._refuse_taken()
        with naming(self.target):
            self.staging.mkdir()
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        try:
            self._disk.close(quietly=kind is not None)
            if kind is None:
                with naming(self.target):
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
        path, place = self.staging / name, self.target / name
        with naming(place):
            path.parent.mkdir(parents=True, exist_ok=True)
        record = _write(path, chunks, place, self._disk.take)
        with self._lock:
            self.files[name] = record

    def write_manifest(self, spec: dict[str, object]) -> None:
        """Write the manifest: what made the session, and every file's size and SHA-256."""
        chunks = [manifest_bytes(spec, self.files)]
        _write(self.staging / MANIFEST, chunks, self.target / MANIFEST, self._disk.take)

    def _refuse_taken(self) -> None:
        if not self.overwrite:
            refuse_taken(self.target)

    def _land(self) -> None:
        """Give the staging folder the target's name; what stands there, or lands there meanwhile, goes aside first."""
        for folder, _, _ in os.walk(self.staging):
            sync_folder(folder)
        asides: list[Path] = []
        try:
            while not self._is_moved_in():
                self._refuse_taken()
                asides.append(sibling(self.target, "replaced"))
                with suppress(FileNotFoundError):  # another writer has just moved it aside
                    self._clear(asides[-1])
            sync_folder(self.target.parent)
        finally:
            for aside in reversed(asides):
                put_back(aside, self.target)

    def _is_moved_in(self) -> bool:
        self._refuse_taken()
        try:
            os.rename(self.staging, self.target)
        except OSError as error:
            if error.errno not in _STANDS_THERE:
                raise
            return False
        return True

    def _clear(self, aside: Path) -> None:
        if self.overwrite:
            os.rename(self.target, aside)
            return
        try:
            self.target.rmdir()  # an empty folder, onto which some systems rename none
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # else another writer has landed
                raise


class _Disk:
    """Puts written files onto the disk in threads of its own, while the next ones are made."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_SYNC_THREADS)
        self._waiting: deque[Future[None]] = deque()

    def take(self, file: BinaryIO, place: Path) -> None:
        """Begin to put onto the disk what an open file has by now; it may be closed or go on being written."""
        with naming(place):
            descriptor = os.dup(file.fileno())
        self._waiting.append(self._pool.submit(_sync_copy, descriptor, place))
        if len(self._waiting) > _MOST_WAITING:
            with suppress(IndexError):  # another thread has waited for all of them
                self._waiting.popleft().result()

    def close(self, *, quietly: bool) -> None:
        """Wait until all of it is there; errors are told unless `quietly`."""
        self._pool.shutdown()
        for future in () if quietly else self._waiting:
            future.result()


def _sync_copy(descriptor: int, place: Path) -> None:
    try:
        with naming(place):
            sync_fd(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, chunks: Chunks, place: Path, sync: Callable[[BinaryIO, Path], object]) -> FileRecord:
    """Write a file and hash it, the hash of a chunk while that chunk is being written."""
    digest, size, synced = hashlib.sha256(), 0, 0
    with naming(place):
        file: BinaryIO = open(path, "wb", buffering=0)  # type: ignore[assignment]  # noqa: SIM115  # FileIO is one
    with file, ThreadPoolExecutor(1) as hasher:
        for chunk in chunks:
            view = memoryview(chunk)
            # Handing a chunk to a thread costs 50 µs: what is hashed sooner is hashed here.
            hashed = hasher.submit(digest.update, view) if view.nbytes > 1 << 16 else None
            if hashed is None:
                digest.update(view)
            size += view.nbytes
            write_all(file, view, place)
            if size - synced >= SYNC_BYTES:
                sync(file, place)
                synced = size
            if hashed is not None:
                hashed.result()
        sync(file, place)
    return FileRecord(size, digest.hexdigest())


def write_plain(path: Path, chunks: Chunks, place: Path) -> FileRecord:
    """Write one file where it is, as in a staging folder, and put it onto the disk; errors name `place`."""
    return _write(path, chunks, place, sync_now)


def sync_now(file: BinaryIO, place: Path) -> None:
    """Wait until an open file is on the disk; errors name `place`."""
    with naming(place):
        sync_fd(file.fileno())


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

    Raises
    ------
    NotWrittenError
        If the file system does not let it be; what was there is then as it was.
    """
    path = Path(path).absolute()
    with whole_file(path) as staging:
        return write_plain(staging, chunks, path)
