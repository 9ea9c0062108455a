"""Where a caller's path becomes a folder, or a file of one.

A kind of folder is one line of `KINDS`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from .disk import DiskFolder
from .errors import BadFileError, unreadable
from .folder import File, Folder

__all__ = ["KINDS", "MAX_TEXT_FILE", "AnyPath", "FolderLike", "Where", "file_at", "folder_at", "read_text"]

KINDS: tuple[type[Folder], ...] = (DiskFolder,)  # the first kind that takes a path is used
MAX_TEXT_FILE = 1 << 26  # bytes: a day of a movie's frames

AnyPath = str | os.PathLike[str]
FolderLike = Folder | AnyPath
Where = File | AnyPath


def folder_at(where: FolderLike, *, follow_symlinks: bool = False, exclude: str | Iterable[str] = ()) -> Folder:
    """Return the folder at a path, made absolute so that a later chdir does not matter.

    A folder is returned as it is; options are those of :class:`~.folder.Folder`. BadTypeError if `exclude` is neither a
    pattern nor several.
    """
    if isinstance(where, Folder):
        return where
    path = str(Path(where).absolute())
    kind = next(kind for kind in KINDS if kind.takes(path))
    return kind(path, follow_symlinks=follow_symlinks, exclude=exclude)


def file_at(where: Where) -> File:
    """Return the file at a path of the file system; one of a folder is returned as it is."""
    if isinstance(where, File):
        return where
    folder, name = os.path.split(os.fspath(where))
    return File(DiskFolder(folder), name, os.fspath(where))


def read_text(where: Where) -> bytes:
    """Return a text file's bytes, with an error that names it if it cannot be read."""
    file = file_at(where)
    try:
        opened, known = file.open()
        with opened:
            if known.size <= MAX_TEXT_FILE:
                return opened.read(known.size) or b""
    except OSError as error:
        raise unreadable(file.path, error) from error
    raise BadFileError(file.path, f"at most {MAX_TEXT_FILE >> 20} MiB of text", f"{known.size} bytes", "Move it away.")
