"""The errors this package raises about what it was given.

Every message has four parts: the file (or argument), what was expected there,
what was found, and what to do about it.
"""

from __future__ import annotations

import errno
from os import PathLike
from typing import Any

__all__ = [
    "BadFileError",
    "BadTypeError",
    "BoundsError",
    "MockSessionError",
    "NotASessionError",
    "NotWrittenError",
    "SessionExistsError",
    "unreadable",
]


class MockSessionError(ValueError):
    """Something about a mock session, or a request made of one, is not as it must be."""


class NotASessionError(MockSessionError):
    """The folder holds none of the files that make a session folder."""


class SessionExistsError(MockSessionError):
    """The place to write to is taken and overwriting was not asked for."""


class BoundsError(MockSessionError, IndexError):
    """An index lies outside what the session holds."""


class BadTypeError(MockSessionError, TypeError):
    """An argument is of a type that the request cannot be made with."""


class BadFileError(MockSessionError):
    """One file is not what the session format says it is.

    Parameters
    ----------
    path : str or PathLike
        The file at fault.
    expected, found : str
        What should stand there, and what does.
    remedy : str
        What its owner can do about it.
    """

    def __init__(self, path: str | PathLike[str], expected: str, found: str, remedy: str) -> None:
        super().__init__(str(path), expected, found, remedy)

    def __str__(self) -> str:
        path, expected, found, remedy = self.args
        return f"{path}: expected {expected}; found {found}. {remedy}"


def unreadable(path: str | PathLike[str], error: OSError) -> BadFileError:
    """Return the error for a file that the system would not open, map or read."""
    remedy = "Check that it exists and may be read."
    if error.errno in (errno.EMFILE, errno.ENFILE):
        remedy = "Close readers, or raise the limit on open files (ulimit -n)."
    return BadFileError(path, "a readable file", error.strerror or str(error), remedy)


class NotWrittenError(MockSessionError, OSError):
    """The file system did not let a file or folder be written; nothing is left at its place.

    Parameters
    ----------
    path : str or PathLike
        Where it was to be.
    expected, found : str
        What should have been possible, and what the file system said.
    remedy : str
        What can be done about it.
    errno : int, optional
        The file system's number for what it said.
    """

    def __init__(
        self, path: str | PathLike[str], expected: str, found: str, remedy: str, errno: int | None = None
    ) -> None:
        super().__init__(str(path), expected, found, remedy, errno)
        self.errno, self.strerror, self.filename = errno, found, str(path)

    def __reduce__(self) -> tuple[type[NotWrittenError], tuple[Any, ...]]:  # of two bases, each with a way of its own
        return type(self), self.args

    def __str__(self) -> str:
        path, expected, found, remedy, _ = self.args
        return f"{path}: expected {expected}; found {found}. {remedy}"
