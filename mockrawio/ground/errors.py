"""The errors this package raises about what it was given.

Every message has four parts: the file (or argument), what was expected there,
what was found, and what to do about it. Shown, all of it is printable; the attributes are as they were given.
"""

from __future__ import annotations

import errno
from os import PathLike
from typing import Any

from .shown import Lines, visible

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
    """Something about a mock session, or a request made of one, is not as it must be.

    Parameters
    ----------
    subject : str or PathLike
        The file or argument at fault.
    expected, found : object
        What should stand there, and what does; what is found may be :class:`~.shown.Lines`.
    remedy : str
        What can be done about it; a sentence.
    """

    def __init__(self, subject: object, expected: object, found: object, remedy: str, *more: Any) -> None:
        found = found if isinstance(found, Lines) else str(found)
        super().__init__(str(subject), str(expected), found, remedy, *more)

    @property
    def subject(self) -> str:
        """The file or argument at fault."""
        return str(self.args[0])

    @property
    def expected(self) -> str:
        """What should stand there."""
        return str(self.args[1])

    @property
    def found(self) -> str:
        """What does stand there."""
        return str(self.args[2])

    @property
    def remedy(self) -> str:
        """What can be done about it; a sentence."""
        return str(self.args[3])

    def within(self, place: object) -> MockSessionError:
        """Return the error with the place in which its subject stands, such as a file, before it."""
        return type(self)(f"{place}: {self.subject}", *self.args[1:])

    def __str__(self) -> str:
        subject, expected, found, remedy = map(visible, self.args[:4])
        end = "\n" if isinstance(self.args[2], Lines) else ". "
        return f"{subject}: expected {expected}; found {found}{end}{remedy}"


class NotASessionError(MockSessionError):
    """The folder holds none of the files that make a session folder."""


class SessionExistsError(MockSessionError):
    """The place to write to is taken and overwriting was not asked for."""


class BoundsError(MockSessionError, IndexError):
    """An index lies outside what the session holds."""


class BadTypeError(MockSessionError, TypeError):
    """An argument is of a type that the request cannot be made with."""


class BadFileError(MockSessionError):
    """One file is not what the session format says it is."""


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
    subject : str or PathLike
        Where it was to be.
    expected, found : object
        What should have been possible, and what the file system said.
    remedy : str
        What can be done about it.
    errno : int, optional
        The file system's number for what it said.
    """

    def __init__(self, subject: object, expected: object, found: object, remedy: str, errno: int | None = None) -> None:
        super().__init__(subject, expected, found, remedy, errno)
        self.errno, self.strerror, self.filename = errno, self.found, self.subject

    def __reduce__(self) -> tuple[type[NotWrittenError], tuple[Any, ...]]:  # of two bases, each with a way of its own
        return type(self), self.args
