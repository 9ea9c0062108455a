"""Files opened for reading only if they are regular ones: opening a pipe, for example, would wait for ever.

A listing tells what a pipe is before it is opened, but anything may have taken the file's place since.
"""

from __future__ import annotations

import os
import stat
from os import PathLike

from .errors import BadFileError

# For a pipe's other end; of no effect on a file.
_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}


def only_regular(path: str | PathLike[str], flags: int) -> int:
    """Open a regular file, BadFileError if it is not one; the `opener` of ``open`` for what may be anybody's."""
    return opened_regular(path, flags)[0]


def opened_regular(path: str | PathLike[str], flags: int) -> tuple[int, os.stat_result]:
    """Open a regular file, and say what it is; see :func:`only_regular`."""
    descriptor = os.open(path, flags | _NO_WAIT, 0o666)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise not_regular(path, status.st_mode)
    return descriptor, status


def check_regular(path: str | PathLike[str]) -> None:
    """Check that a path can be opened and is a regular file, for libraries that open it by its name; see above."""
    os.close(only_regular(path, os.O_RDONLY))


def not_regular(path: str | PathLike[str], mode: int) -> BadFileError:
    """Return the error for what is no regular file, of a mode as ``os.stat`` gives it."""
    return BadFileError(path, "a readable file", _KINDS.get(stat.S_IFMT(mode), "a device"), "Move it away.")
