"""A folder to read, of any kind: listing, and opening, mapping and identifying its files.

All that reads a session asks a :class:`Folder`, and knows nothing else of where files lie. A new kind of folder is
a subclass with five methods (`listed`, `open`, `map`, `status`, `takes`), named in :mod:`.places`. The contract:

- names go by ``/`` below the folder; listing tells what is a plain file, and opens none;
- what patterns leave out is neither listed nor examined;
- a file is opened for bounded reads, or mapped whole, and is known again by its identity: size and time of
  modification are not enough, as a copy that keeps its times (``cp -p``) may have both;
- folders and files pickle, and hold nothing open.
"""

from __future__ import annotations

import io
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from .errors import BadFileError, BadTypeError, MockSessionError, unreadable
from .shown import Argument, Text, warn


class Identity(NamedTuple):
    """What identifies a file as unchanged, on any machine."""

    inode: int  # tells another file
    size: int
    modified_ns: int  # last change of its bytes
    changed_ns: int  # last change of its metadata, which no program can set

    @classmethod
    def of(cls, status: os.stat_result) -> Identity:
        """Return the identity in a file's status."""
        return cls(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class Entry(Protocol):
    """What a folder holds, as it was listed; ``os.DirEntry`` is one."""

    @property
    def name(self) -> str:
        """Its own name."""

    @property
    def path(self) -> str:
        """Where it is: that of the folder, and the names down to it."""

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Return True if it is a folder."""


class File:
    """A file of a folder, by its name below that; equal to another of the same place.

    Its path is where it is, for messages and for libraries that open files by path.
    """

    __slots__ = ("folder", "name", "path")

    def __init__(self, folder: Folder, name: str, path: str | None = None) -> None:
        self.folder = folder
        self.name = name
        self.path = folder.prefix + name if path is None else path

    def with_ending(self, ending: str) -> File:
        """Return the file beside this one whose name ends otherwise."""
        return File(self.folder, os.path.splitext(self.name)[0] + ending)

    def open(self) -> tuple[io.RawIOBase, Identity]:
        """Open the file, unbuffered; see :meth:`Folder.open`."""
        return self.folder.open(self.name)

    def look(self) -> Identity | None:
        """Return what the file is now, None if it has none; opening it then says what is wrong."""
        try:
            return self.folder.status(self.name)
        except OSError:
            return None

    def identity(self) -> Identity:
        """Return what the file is now; BadFileError if there is none, or it is not accessible."""
        try:
            return self.folder.status(self.name)
        except OSError as error:
            raise unreadable(self.path, error) from error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, File) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)

    def __str__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"File({self.path!r})"


class Folder(ABC):
    """A folder, with the files to ignore and the links to follow.

    Parameters
    ----------
    path : str or PathLike
        Its path.
    follow_symlinks : bool
        Follow links that lead out of it, where there are links; those within it always are.
    exclude : str or iterable of str
        Leave out what matches, relative to the folder, with ``/`` between names: ``*``, ``?`` and ``[...]`` as
        in a shell, ``*`` also for several folders.
    """

    is_local = False  # whether other programs can open its files by their paths
    maps = True  # whether its files can be mapped; else each range of one is a request

    def __init__(
        self, path: str | os.PathLike[str], *, follow_symlinks: bool = False, exclude: str | Iterable[str] = ()
    ) -> None:
        self.path = Path(path)
        self.prefix = os.path.join(path, "")
        self.follow_symlinks = follow_symlinks
        self.exclude = patterns(exclude)

    @property
    def place(self) -> Path | str:
        """Where it is: its path, or its address."""
        return self.path

    # -- what a kind of folder says ---------------------------------------------------------------

    @classmethod
    @abstractmethod
    def takes(cls, path: str) -> bool:
        """Return True if what is at a path is to be read as this kind of folder."""

    @abstractmethod
    def listed(self, below: str = "") -> Iterable[Entry]:
        """Return all that the folder, or one in it, holds, in any order."""

    @abstractmethod
    def open(self, name: str) -> tuple[io.RawIOBase, Identity]:
        """Open a file to be read from any place (seek, read, readinto, close), and say which it is.

        Raises
        ------
        BadFileError
            If it is no plain file; opening a pipe, for example, would wait for ever.
        OSError
            If there is none, or it may not be read.
        """

    @abstractmethod
    def map(self, opened: io.RawIOBase) -> Any:
        """Return all bytes of an open file as a read-only buffer, whose ``size()`` is that of the file as it is now."""

    @abstractmethod
    def status(self, name: str) -> Identity:
        """Return what a plain file, or with "" the folder, is now; raises OSError if there is none."""

    def instead(self) -> str | None:
        """Return what is in the folder's place if it is not a folder."""
        return None

    def check(self, entry: Entry) -> None:  # noqa: B027  # a kind without links has nothing to check
        """Raise BadFileError for a link that may not be followed."""

    def file(self, entry: Entry) -> File:
        """Return an entry as a file, or raise BadFileError: it is none, or a link that may not be followed."""
        return File(self, entry.path[len(self.prefix) :].replace(os.sep, "/"), entry.path)

    def has(self, name: str) -> bool:
        """Return True if anything has this name, even a link that leads nowhere."""
        try:
            self.status(name)
        except OSError:
            return False
        return True

    def find(self, name: str) -> File | None:
        """Return the file of a name, None if there is no plain file of the folder's own."""
        return File(self, name) if self.has(name) else None

    def identity(self) -> Identity:
        """Return what the folder is now; see :meth:`File.identity`."""
        return File(self, "", str(self)).identity()

    def real(self, path: str) -> str:
        """Return the path of a name after links are followed."""
        return path

    def said(self, name: str) -> Mapping[str, Any] | None:
        """Return what is known to be in a file without reading it, for the few who can use that; None if nothing is."""
        return None

    def renew(self) -> None:  # noqa: B027  # a kind that keeps nothing has nothing to forget
        """Forget what was read of it: it is about to be read again."""

    def close(self) -> None:  # noqa: B027  # as above
        """Let go of what it holds open; what asks it for more opens that again."""

    # -- what follows from it --------------------------------------------------------------------

    def entries(self, below: str = "") -> list[Entry]:
        """Return what the folder, or one in it, holds but for what is left out, sorted by name."""
        found = sorted(self.listed(below), key=lambda entry: entry.name)
        if not self.exclude:
            return found
        return [entry for entry in found if not self.leaves_out(f"{below}/{entry.name}" if below else entry.name)]

    def walk(self) -> Iterator[tuple[str, File | Exception]]:
        """Yield the name of all in the folder that is no folder, and the file, or what is wrong with it.

        Links that may be followed are; a folder is walked once, even if several links lead to it.
        """
        seen, folders = {self.real(str(self.path))}, [""]
        while folders:
            below = folders.pop()
            for entry in self.entries(below):
                name = f"{below}/{entry.name}" if below else entry.name
                try:
                    if not entry.is_dir():
                        yield name, self.file(entry)
                        continue
                    self.check(entry)
                    real = self.real(entry.path)
                    folders += [name] if real not in seen else []
                    seen.add(real)
                except (MockSessionError, OSError) as error:
                    yield name, error

    def leaves_out(self, name: str) -> bool:
        """Return True if a name, or a folder it lies in, matches any of the patterns."""
        return any(_matches(name, pattern) for pattern in self.exclude)

    def left_out(self) -> list[str]:
        """Return the names of what the patterns leave out, sorted; of a folder that is left out its own."""
        names = filter(self.leaves_out, self._names("") if self.exclude else ())
        return sorted(name for name in names if not self.leaves_out(name.rpartition("/")[0]))

    def warn_of_idle(self) -> None:
        """Warn of patterns that match nothing: they may be misspelt."""
        names = list(self._names("")) if self.exclude else []
        for pattern in self.exclude:
            if not any(_matches(name, pattern) for name in names):
                warn(Text(f"{self.path}: nothing in it matches ", Argument("exclude", repr(pattern))), stacklevel=4)

    def _names(self, below: str) -> Iterator[str]:
        with suppress(BadFileError):
            for entry in self.listed(below):
                name = f"{below}/{entry.name}" if below else entry.name
                yield name
                if entry.is_dir(follow_symlinks=False):
                    yield from self._names(name)

    def __str__(self) -> str:
        return str(self.path)


def _matches(name: str, pattern: str) -> bool:
    """Return True if a name, or a folder it lies in, matches a pattern."""
    parts, pattern = name.split("/"), pattern.rstrip("/")
    return any(fnmatchcase("/".join(parts[: k + 1]), pattern) for k in range(len(parts)))


def patterns(exclude: str | Iterable[str]) -> tuple[str, ...]:
    """Return the patterns of `exclude=`, one or several, as a tuple; BadTypeError if it is anything else."""
    found = (exclude,) if isinstance(exclude, str) else exclude
    found = tuple(found) if isinstance(found, Iterable) else (None,)
    if not all(isinstance(pattern, str) for pattern in found):
        remedy = "Give patterns relative to the session folder, such as 'lfp_data/CSC7_*'."
        raise BadTypeError("exclude", "a pattern, or a list of them", f"{exclude!r}", remedy)
    return found  # type: ignore[return-value]  # just checked
