"""Whether files are still those that they were: of one file, and of all files of a session at one moment.

Size and modification time are not enough: a copy that keeps its times (``cp -p``) may have both. The inode
tells another file, and the time of change, which no program sets, one that was written to.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from .errors import BadFileError, MockSessionError, unreadable

__all__ = ["Identity", "Moment", "changed", "identity"]

AGAIN = "Call parse_header() again, or whatever was reading it."


class Identity(NamedTuple):
    """What tells that a file is still the same, on whatever machine it is looked at.

    Attributes
    ----------
    inode, size : int
    modified_ns, changed_ns : int
        Of its bytes, and of anything about it.
    """

    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Identity:
        """Return the identity that a look at a file has found."""
        return cls(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def identity(path: str | os.PathLike[str]) -> Identity:
    """Return the identity of the file that is at a path now.

    Raises
    ------
    BadFileError
        If there is none, or it may not be looked at.
    """
    try:
        return Identity.of(os.stat(path))
    except OSError as error:
        raise unreadable(path, error) from error


def changed(path: object) -> BadFileError:
    """Return the error for a file that is no longer what it was."""
    return BadFileError(
        path,
        "the file as it was when it was opened",
        "another, or none: it has changed since, as when a session is replaced",
        AGAIN,
    )


class Moment:
    """What the files of a session are when they are listed; a context manager for the time in which they are read.

    Left, it raises MockSessionError if any of them has become another meanwhile, whatever else
    went wrong on that account: what was read in it is of one moment, or it is an error.

    Parameters
    ----------
    folder : str or PathLike
        The session folder, which a writer replaces as a whole.
    before : Identity
        The folder's own, from before it was listed.
    paths : iterable of str
        Of the files.
    """

    def __init__(self, folder: str | os.PathLike[str], before: Identity, paths: Iterable[str]) -> None:
        self._folder, self._before = os.fspath(folder), before
        self._known: dict[str, Identity | None] = {}
        self.add(paths)

    def add(self, paths: Iterable[str]) -> None:
        """Take in files that are about to be read, or will be later."""
        self._known.update((path, _look(path)) for path in paths)

    @contextmanager
    def reading(self, *paths: str) -> Iterator[None]:
        """Raise BadFileError if one of these files, read within, has become another, whatever else went wrong."""
        try:
            yield
        except MockSessionError:
            self._check(paths)
            raise
        self._check(paths)

    def _check(self, paths: Iterable[str]) -> None:
        for path in paths:
            if _look(path) != self._known[path]:
                raise changed(path)

    def __enter__(self) -> Moment:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        if kind is None or issubclass(kind, Exception):
            self.check()

    def check(self) -> None:
        """Raise MockSessionError unless folder and files are all what they were."""
        if _look(self._folder) != self._before:
            expected = "one session, from the first file that is read to the last"
            raise MockSessionError(self._folder, expected, "another in its place: it was replaced", AGAIN)
        self._check(self._known)


def _look(path: str) -> Identity | None:
    """Return a file's identity, None if there is no file; whoever opens it says what is wrong."""
    with suppress(OSError):
        return Identity.of(os.stat(path))
    return None
