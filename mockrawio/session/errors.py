"""The errors this package raises about what it was given.

Every message has four parts: the file (or argument), what was expected there,
what was found, and what to do about it.
"""

from __future__ import annotations

from os import PathLike

__all__ = ["BadFileError", "BoundsError", "MockSessionError", "NotASessionError", "SessionExistsError"]


class MockSessionError(ValueError):
    """Something about a mock session, or a request made of one, is not as it must be."""


class NotASessionError(MockSessionError):
    """The folder holds none of the files that make a session folder."""


class SessionExistsError(MockSessionError):
    """The place to write to is taken and overwriting was not asked for."""


class BoundsError(MockSessionError, IndexError):
    """An index lies outside what the session holds."""


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
