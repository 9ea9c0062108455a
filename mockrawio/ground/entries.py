"""What a folder of others may hold beside plain files: links that lead elsewhere, pipes, devices.

Nothing here opens a file: listing a folder tells what is a plain file, and only the rest is
looked at. A hard link cannot be told from the file itself. What patterns leave out is not looked at at all.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from .errors import BadFileError, BadTypeError, unreadable
from .regular import not_regular
from .shown import warn


def scan(folder: str | Path) -> list[os.DirEntry[str]]:
    """Return what a folder holds, sorted by name."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise BadFileError(
            folder, "a folder that may be read", error.strerror or str(error), "Check that it exists and may be read."
        ) from error


def regular_file(entry: os.DirEntry[str], root: Path, follow_symlinks: bool) -> str:
    """Return the path of a regular file; to open a pipe, say, would be to wait for ever."""
    if not entry.is_file(follow_symlinks=False):  # told by the listing of the folder, without a look at the file
        check_link(entry, root, follow_symlinks)
        try:
            mode = entry.stat().st_mode
        except OSError as error:  # gone meanwhile, or not to be looked at
            raise unreadable(entry.path, error) from error
        if not stat.S_ISREG(mode):
            raise not_regular(entry.path, mode)
    return entry.path


def check_link(entry: os.DirEntry[str], root: Path, follow_symlinks: bool) -> None:
    """Check that an entry, if it is a link, leads somewhere, and nowhere outside the root."""
    if not entry.is_symlink():
        return
    target = os.path.realpath(entry.path)
    if not os.path.exists(target):
        raise BadFileError(entry.path, "a file or folder", f"a link to {target}, which is not there", "Restore it.")
    if not follow_symlinks and not _within(target, root):
        expected, remedy = f"no link out of {root}", "Copy what it leads to, or read with follow_symlinks=True."
        raise BadFileError(entry.path, expected, f"a link to {target}", remedy)


def is_own(path: Path, root: Path, follow_symlinks: bool) -> bool:
    """Return True if a path is a regular file, and below the root once all links are followed, if that matters."""
    return path.is_file() and (follow_symlinks or _within(os.path.realpath(path), root))


def _within(target: str, root: Path) -> bool:
    return Path(os.path.realpath(root)) in Path(target).parents


def patterns(exclude: str | Iterable[str]) -> tuple[str, ...]:
    """Return the patterns of `exclude=`, one or several, as a tuple.

    Raises
    ------
    BadTypeError
        If it is anything else.
    """
    found = (exclude,) if isinstance(exclude, str) else exclude
    found = tuple(found) if isinstance(found, Iterable) else (None,)
    if not all(isinstance(pattern, str) for pattern in found):
        remedy = "Give patterns relative to the session folder, such as 'lfp_data/CSC7_*'."
        raise BadTypeError("exclude", "a pattern, or a list of them", f"{exclude!r}", remedy)
    return found  # type: ignore[return-value]  # just checked


def is_excluded(name: str, exclude: Iterable[str]) -> bool:
    """Return True if a name below the session folder, or a folder it lies in, matches any of the patterns."""
    parts = name.split("/")
    names = ["/".join(parts[: k + 1]) for k in range(len(parts))]
    return any(fnmatchcase(one, pattern.rstrip("/")) for pattern in exclude for one in names)


def warn_of_idle(root: Path, exclude: Iterable[str]) -> None:
    """Warn of patterns that match nothing below a folder: they may be misspelt."""
    names = [
        os.path.join(folder, name)[len(str(root)) + 1 :].replace(os.sep, "/")
        for folder, folders, files in os.walk(root)
        for name in (*folders, *files)
    ]
    for pattern in exclude:
        if not any(is_excluded(name, (pattern,)) for name in names):
            warn(f"{root}: nothing in it matches exclude={pattern!r}", stacklevel=4)
