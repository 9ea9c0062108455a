"""The errors this package raises about what it was given.

Every message has four parts: the file (or argument), what was expected there,
what was found, and what to do about it. Shown, all of it is printable; the attributes are as they were given.
A part that names a parameter is a :class:`~.shown.Text`, which has it as data.
"""

from __future__ import annotations

import copy
import errno
from os import PathLike
from typing import Any

from .shown import Argument, Clause, Lines, Text, visible

__all__ = [
    "BadFileError",
    "BadTypeError",
    "BoundsError",
    "MockSessionError",
    "NotASessionError",
    "NotWrittenError",
    "SessionExistsError",
    "elsewhere",
    "told",
    "unreadable",
]


class MockSessionError(ValueError):
    """A mock session, an argument or a request is invalid.

    Parameters
    ----------
    subject : str, PathLike or Argument
        The file or argument at fault.
    expected, found : object
        What was expected there, and what was found; what is found may be :class:`~.shown.Lines`.
    remedy : str
        What to do about it; a sentence.
    """

    def __init__(self, subject: object, expected: object, found: object, remedy: str, *more: Any) -> None:
        parts = (part if isinstance(part, (Argument, Text)) else str(part) for part in (subject, expected, found))
        super().__init__(*parts, remedy, *more)

    @property
    def subject(self) -> str:
        """The file or argument at fault."""
        return str(self.args[0])

    @property
    def expected(self) -> str:
        """What was expected."""
        return str(self.args[1])

    @property
    def found(self) -> str:
        """What was found."""
        return str(self.args[2])

    @property
    def remedy(self) -> str:
        """What to do about it; a sentence."""
        return str(self.args[3])

    @property
    def argument(self) -> Argument | None:
        """The argument at fault, if it is one."""
        return next(iter(Text(self.args[0]).arguments), None)

    @property
    def text(self) -> Text:
        """The message, printable, with the arguments that it names as data."""
        subject, expected, found, remedy = map(visible, self.args[:4])
        end = "\n" if isinstance(found, Lines) else ". "
        return Text(subject, ": expected ", expected, "; found ", found, end, remedy)

    def within(self, place: object) -> MockSessionError:
        """Return the error with the place in which its subject stands, such as a file, before it."""
        other = copy.copy(self)
        other.args = (Text(place, ": ", self.args[0]), *self.args[1:])
        return other

    def __str__(self) -> str:
        return str(self.text)


class NotASessionError(MockSessionError):
    """The folder holds none of the files that make a session folder."""


class SessionExistsError(MockSessionError):
    """The place to write to is taken and overwriting was not asked for."""


class BoundsError(MockSessionError, IndexError):
    """An index lies outside what the session holds."""


class BadTypeError(MockSessionError, TypeError):
    """An argument is of a type that cannot be used."""


class BadFileError(MockSessionError):
    """One file is not what the session format says it is."""


def told(said: object) -> str:
    """Return the text of an error or a warning, with the arguments that it names kept as data."""
    text = said.text if isinstance(said, MockSessionError) else next(iter(getattr(said, "args", [said])), None)
    return text if isinstance(text, Text) else str(said)


def elsewhere(place: str = "place", what: str = "it") -> Text:
    """Return the remedy where a file to be written exists already."""
    overwriting = Clause(", or pass ", Argument("overwrite", True), f" to replace {what}")
    return Text(f"Choose another {place}", overwriting, ".")


def unreadable(path: str | PathLike[str], error: OSError, expected: str = "a readable file") -> BadFileError:
    """Return the error for a file that the system would not open, map or read, or a folder that it would not list."""
    remedy = "Check that it exists and may be read."
    if error.errno in (errno.EMFILE, errno.ENFILE):
        remedy = "Close readers, or raise the limit on open files (ulimit -n)."
    return BadFileError(path, expected, error.strerror or str(error), remedy)


class NotWrittenError(MockSessionError, OSError):
    """The file system refused to write a file or folder; nothing is left in its place.

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

    def __reduce__(self) -> tuple[type[NotWrittenError], tuple[Any, ...]]:  # two bases, each pickled in its own way
        return type(self), self.args
