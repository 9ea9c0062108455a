"""A folder is written whole, or not at all.

- Files go to a staging folder beside the target, which is renamed onto it at the end; by then
  every file and folder in it is on the disk, and afterwards its name is too.
- Whatever interrupts a writer, the target is as it was before; the staging folder's name
  (`.{name}.partial-…`) keeps readers from taking it for what it is to be.
- What is there already is replaced only with ``overwrite=True``, after the new folder is
  complete; a replacement cut short is undone by the next writer.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import BinaryIO, TypeVar

from .durable import (
    STANDS_THERE,
    clean_up,
    make_folder,
    naming,
    put_back,
    refuse_taken,
    remove,
    sibling,
    sync_fd,
    sync_folder,
)

_Self = TypeVar("_Self", bound="WholeFolder")

_SYNC_THREADS = 4
_MOST_WAITING = 64  # files that are written and not yet on the disk: each is an open file


class WholeFolder:
    """Context manager that writes a folder, making its parents as needed; leaving it without an error lands it.

    A folder that is already there is replaced only with `overwrite`, else a SessionExistsError, at the start or at the
    end. NotWrittenError if the file system does not let it be; the target is then as it was.
    """

    def __init__(self, target: str | PathLike[str], *, overwrite: bool = False) -> None:
        self.target = Path(target).absolute()
        self.overwrite = overwrite
        self.staging = sibling(self.target, "partial")
        self._disk = _Disk()
        self._folders: set[Path] = set()  # that have been made in it

    def __enter__(self: _Self) -> _Self:
        make_folder(self.target.parent)
        clean_up(self.target)
        self._refuse_taken()
        try:
            with naming(self.target):
                self.staging.mkdir()
        except BaseException:  # Ctrl-C, when the folder was made and nobody knows of it yet
            shutil.rmtree(self.staging, ignore_errors=True)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        try:
            self._disk.close(quietly=kind is not None)
            if kind is None:
                with naming(self.target):
                    self._land()
        finally:
            shutil.rmtree(self.staging, ignore_errors=True)

    def path(self, name: str) -> Path:
        """Return where a file is written, by its path below the folder with forward slashes; its own folder is there.

        What is written there without :meth:`sync` has to be put onto the disk before the folder is left.
        """
        path = self.staging / name
        if path.parent not in self._folders:
            with naming(self.target / name):
                path.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(path.parent)
        return path

    def sync(self, file: BinaryIO, place: Path) -> None:
        """Begin to put onto the disk what an open file has by now; it may be closed or go on being written."""
        self._disk.take(file, place)

    def _refuse_taken(self) -> None:
        if not self.overwrite:
            refuse_taken(self.target)

    def _land(self) -> None:
        """Give the staging folder the target's name; what stands there, or lands there meanwhile, goes aside first."""
        for folder, _, _ in os.walk(self.staging):
            sync_folder(folder)
        asides: list[Path] = []
        landed = False
        try:
            while not self._is_moved_in():
                self._refuse_taken()
                asides.append(sibling(self.target, "replaced"))
                with suppress(FileNotFoundError):  # another writer has just moved it aside
                    self._clear(asides[-1])
            landed = True
            sync_folder(self.target.parent)
        finally:
            for aside in reversed(asides):
                if landed:  # and never put back, though another writer may just have moved ours aside
                    with suppress(OSError):
                        remove(aside)
                else:
                    put_back(aside, self.target)

    def _is_moved_in(self) -> bool:
        try:
            os.rename(self.staging, self.target)
        except OSError as error:
            if error.errno not in STANDS_THERE:
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
