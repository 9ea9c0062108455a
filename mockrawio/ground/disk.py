"""Folders of the file system, and what they may hold beside plain files: links that lead elsewhere, pipes, devices.

Listing tells what is a plain file, and only the rest is examined. A hard link cannot be told from the file itself.
"""

from __future__ import annotations

import errno
import io
import mmap
import os
import stat
from pathlib import Path

from .errors import BadFileError, unreadable
from .folder import Entry, File, Folder, Identity
from .regular import not_regular, opened_regular
from .shown import Argument, Clause, Text

_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0)


class DiskFolder(Folder):
    """A folder of the file system; see :class:`~.folder.Folder`."""

    is_local = True

    @classmethod
    def takes(cls, path: str) -> bool:
        """Return True: a path that no other kind takes is read as a plain folder."""
        return True

    def listed(self, below: str = "") -> list[os.DirEntry[str]]:
        """Return all that the folder, or one in it, holds, in any order."""
        place = self.prefix + below if below else str(self.path)
        try:
            with os.scandir(place) as entries:
                return list(entries)
        except OSError as error:
            raise unreadable(place, error, "a folder that may be read") from error

    def open(self, name: str) -> tuple[io.FileIO, Identity]:
        """Open a file, if it is a regular one, and say which it is."""
        descriptor, status = opened_regular(self.prefix + name, _READ)
        return io.FileIO(descriptor), Identity.of(status)

    def map(self, opened: io.RawIOBase) -> mmap.mmap:
        """Map an open file; ``size()`` of a map is one fstat."""
        return mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)

    def status(self, name: str) -> Identity:
        """Return what a regular file, or with "" the folder, is now."""
        status = os.stat(self.prefix + name if name else self.path)
        if name and not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "no plain file", self.prefix + name)
        return Identity.of(status)

    def instead(self) -> str | None:
        """Return what is in the folder's place if it is not a folder."""
        if self.path.is_dir():
            return None
        return "a file" if self.path.exists() else "nothing"

    def check(self, entry: Entry) -> None:
        """Check that an entry, if it is a link, leads somewhere, and nowhere outside the folder."""
        if not entry.is_symlink():  # type: ignore[attr-defined]  # a DirEntry
            return
        target = os.path.realpath(entry.path)
        if not os.path.exists(target):
            raise BadFileError(entry.path, "a file or folder", f"a link to {target}, which is not there", "Restore it.")
        if not self._owns(target):
            following = Clause(", or read with ", Argument("follow_symlinks", True))
            expected, remedy = f"no link out of {self}", Text("Copy what it leads to", following, ".")
            raise BadFileError(entry.path, expected, f"a link to {target}", remedy)

    def file(self, entry: Entry) -> File:
        """Return an entry as a file; only what is not listed as a plain file is examined."""
        if not entry.is_file(follow_symlinks=False):  # type: ignore[attr-defined]  # a DirEntry
            self.check(entry)
            try:
                mode = os.stat(entry.path).st_mode
            except OSError as error:  # gone meanwhile, or not accessible
                raise unreadable(entry.path, error) from error
            if not stat.S_ISREG(mode):
                raise not_regular(entry.path, mode)
        return super().file(entry)

    def has(self, name: str) -> bool:
        """Return True if anything has this name, even a link that leads nowhere."""
        return os.path.lexists(self.prefix + name)

    def find(self, name: str) -> File | None:
        """Return the file of a name, if it is a regular one and below the folder once links are followed."""
        path = self.prefix + name
        return File(self, name) if os.path.isfile(path) and self._owns(os.path.realpath(path)) else None

    def real(self, path: str) -> str:
        """Return the path after links are followed."""
        return os.path.realpath(path)

    def _owns(self, target: str) -> bool:
        return self.follow_symlinks or Path(os.path.realpath(self.path)) in Path(target).parents
