"""Where a caller's path becomes a folder, or a file of one.

A kind of folder is one line of `KINDS`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .disk import DiskFolder
from .errors import BadFileError, MockSessionError, unreadable
from .folder import File, Folder
from .remote.address import local_path
from .remote.folder import RemoteFolder
from .shown import Argument

__all__ = [
    "KINDS",
    "MAX_TEXT_FILE",
    "SAID_TEXT",
    "AnyPath",
    "FolderLike",
    "Where",
    "file_at",
    "folder_at",
    "folder_beside",
    "given_place",
    "read_text",
]

KINDS: tuple[type[Folder], ...] = (RemoteFolder, DiskFolder)  # the first kind that takes a path is used
SAID_TEXT = "text"  # the key of a text in what is said of a file
MAX_TEXT_FILE = 1 << 26  # bytes: a day of a movie's frames

AnyPath = str | os.PathLike[str]
FolderLike = Folder | AnyPath
Where = File | AnyPath


def folder_at(
    where: FolderLike,
    *,
    follow_symlinks: bool = False,
    exclude: str | Iterable[str] = (),
    storage_options: Mapping[str, Any] | None = None,
) -> Folder:
    """Return the folder at a path, made absolute so that a later chdir does not matter, or at an address.

    A folder is returned as it is; options are those of :class:`~.folder.Folder`, and for an address those of fsspec's
    file system. BadTypeError if `exclude` is neither a pattern nor several; MockSessionError for options where there is
    no address.
    """
    if isinstance(where, Folder):
        return where
    where = local_path(os.fspath(where)) or where
    kind = next(kind for kind in KINDS if kind.takes(os.fspath(where)))
    if kind is RemoteFolder:
        how: dict[str, Any] = {"follow_symlinks": follow_symlinks, "exclude": exclude}
        return RemoteFolder(where, storage_options=storage_options, **how)
    if storage_options:
        remedy = "Leave them out, or give an address, which begins with https:// or s3:// or the like."
        raise MockSessionError(Argument("storage_options"), "an address to be opened by them", where, remedy)
    return kind(str(Path(where).absolute()), follow_symlinks=follow_symlinks, exclude=exclude)


def folder_beside(folder: Folder, where: AnyPath | None) -> Folder | None:
    """Return another folder that is read with one, None if none is given.

    An address of the same server, or of the same kind of store, is opened by the options of the first; any other one
    by none: they may hold secrets.
    """
    if where is None:
        return None
    beside = folder_at(where, follow_symlinks=folder.follow_symlinks)
    if isinstance(beside, RemoteFolder) and isinstance(folder, RemoteFolder):
        (address, options), there = folder.given(), beside.given()[0]
        if address.store == there.store:
            return folder_at(where, follow_symlinks=folder.follow_symlinks, storage_options=options)
    return beside


def given_place(where: AnyPath) -> str:
    """Return a path made absolute, and an address as it is."""
    text = local_path(os.fspath(where)) or os.fspath(where)
    return text if RemoteFolder.takes(text) else str(Path(text).absolute())


def file_at(where: Where) -> File:
    """Return the file at a path of the file system; one of a folder is returned as it is."""
    if isinstance(where, File):
        return where
    folder, name = os.path.split(os.fspath(where))
    return File(DiskFolder(folder), name, os.fspath(where))


def read_text(where: Where, *, as_said: bool = True) -> bytes:
    """Return a text file's bytes, with an error that names it if it cannot be read.

    Text that is said to be in the file is believed if `as_said`; see :meth:`~.folder.Folder.said`.
    """
    file = file_at(where)
    said = file.folder.said(file.name) if as_said else None
    if said is not None and isinstance(text := said.get(SAID_TEXT), str):
        return text.encode("utf-8", "surrogatepass")
    try:
        opened, known = file.open()
        with opened:
            if known.size <= MAX_TEXT_FILE:
                return opened.read(known.size) or b""
    except OSError as error:
        raise unreadable(file.path, error) from error
    raise BadFileError(file.path, f"at most {MAX_TEXT_FILE >> 20} MiB of text", f"{known.size} bytes", "Move it away.")
