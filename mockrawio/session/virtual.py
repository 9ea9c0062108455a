"""A folder whose arrays lie nowhere: they are made when they are read, from what its manifest says.

- Such a folder holds a manifest, which begins by saying so, and few other files; what it lists besides is made.
- What makes it is a module of ours, named in a table here and imported when the first such folder is opened. Nothing
  that a manifest says is imported or executed, or opened as a file.
- A file that is stored is read, whatever would be made in its place.
- It pickles as the path of its manifest and what that was; another one there is an error.
"""

from __future__ import annotations

import errno
import io
import os
import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from ..ground.arrays import Array, Floats
from ..ground.errors import BadFileError
from ..ground.folder import Entry, File, Folder, Identity
from ..ground.jsontext import read_json
from ..ground.moment import changed
from ..ground.once import once
from ..ground.regular import only_regular
from ..ground.turns import Turns
from .index import learn

FORMAT = "mockrawio session"  # that of one whose files are stored
VIRTUAL = "mockrawio virtual session"  # the format that its manifest has
MAKING, MAKER = "virtual", "maker"  # under the first key it has a dict, which names what makes it under the second
MAKERS = {"spec": "mockrawio.generate.virtual"}  # the module for each of these names, with a function `maker_of`
REMEDY = "Restore the manifest, or make the session again."

_MARK = re.compile(rf'"format"\s*:\s*"{VIRTUAL}"'.encode())
_HEAD = 512  # bytes of the manifest within which it says so
_KEPT = 4  # sessions that a process can go on reading without planning them again
_COPY = 1 << 20
_TURNS = Turns()

Chunks = Iterable[bytes | memoryview]


class Rows(Protocol):
    """An array (n, m) of int16, of which any rows are made at the cost of these."""

    def fill(self, out: Array, start: int) -> None:
        """Write rows `start`, ... into `out`, int16 (k, m) in C order; from any thread."""


class MadeTrain(Protocol):
    """The spikes of a unit, ascending; limits are ms since the Unix epoch, the second not included."""

    def times_ms(self, start_ms: float, stop_ms: float) -> Floats:
        """Return when they are, float64 (n,), ms since the Unix epoch."""

    def count(self, start_ms: float, stop_ms: float) -> int:
        """Return how many there are."""

    def ends_ms(self, start_ms: float, stop_ms: float) -> tuple[float, float] | None:
        """Return when the first and the last one are, None if there is none."""

    def waveforms(self, start_ms: float, stop_ms: float) -> Array:
        """Return their waveforms, int16 (n, samples)."""


class Maker(Protocol):
    """What makes the files of a session, each by its name below the folder."""

    @property
    def files(self) -> Mapping[str, int]:
        """Every file but the manifest: the size of one whose bytes are made at once, 0 of any other."""

    def chunks(self, name: str) -> Chunks:
        """Return the bytes of a file, in pieces, each done with when the next is asked for."""

    def opened(self, file: File) -> Any:
        """Return what opening a file of arrays gives: one of a unit, an LFP channel or a stream."""

    def rows(self, name: str) -> Rows:
        """Return the samples that a file of arrays has a part of."""

    def train(self, name: str) -> MadeTrain:
        """Return the spikes that a unit's file has."""


@lru_cache(maxsize=_KEPT)
def _maker(manifest: File, known: Identity) -> Maker:
    """Return what makes a session, by its manifest, which must be what is known of it."""
    if manifest.look() != known:
        raise changed(manifest)
    said = read_json(manifest, "a session manifest", REMEDY).get(MAKING)
    said = said.get(MAKER) if isinstance(said, dict) else None
    if not isinstance(said, str) or said not in MAKERS:
        expected = f"{MAKING!r} with a {MAKER!r}, one of {', '.join(MAKERS)}"
        raise BadFileError(manifest, expected, reprlib.repr(said), REMEDY)
    found: Maker = import_module(MAKERS[said]).maker_of(manifest)
    if manifest.look() != known:
        raise changed(manifest)
    return found


@dataclass(frozen=True)
class _Made:
    """A file that is made, or a folder of such, as it is listed."""

    name: str
    path: str
    is_folder: bool

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Return True if it is a folder."""
        return self.is_folder


class _Whole(bytes):
    """The bytes of a file, as a map has them."""

    def size(self) -> int:
        """Return how many there are."""
        return len(self)


class _Opened(io.RawIOBase):
    """A file whose bytes were made."""

    def __init__(self, content: bytes) -> None:
        self.content, self._file = _Whole(content), io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def readinto(self, buffer: Any, /) -> int:
        return self._file.readinto(buffer)


class VirtualFolder(Folder):
    """A folder with what is stored in another one, and what its manifest has made."""

    def __init__(self, stored: Folder, manifest: File, known: Identity) -> None:
        super().__init__(stored.path, follow_symlinks=stored.follow_symlinks, exclude=stored.exclude)
        self.prefix, self.maps = stored.prefix, stored.maps
        self._stored, self._manifest, self._known = stored, manifest, known

    @once
    def maker(self) -> Maker:
        """What makes it; BadFileError if its manifest does not say, or has changed."""
        with _TURNS:  # a session that many threads open at once is planned once
            return _maker(self._manifest, self._known)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "maker"}

    @classmethod
    def takes(cls, path: str) -> bool:
        """Return False: what is at a path is looked at by :func:`completed`, once it is a folder."""
        return False

    def listed(self, below: str = "") -> list[Entry]:
        """Return all that is stored and, of what is not, all that is made."""
        there: dict[str, Entry] = {}
        if not below or self._stored.has(below):
            there = {entry.name: entry for entry in self._stored.listed(below)}
        start = f"{below}/" if below else ""
        for name in self.maker.files:
            if name.startswith(start):
                own, inner, _ = name[len(start) :].partition("/")
                path = os.path.join(self.prefix, *below.split("/"), own)
                there.setdefault(own, _Made(own, path, bool(inner)))
        return list(there.values())

    def check(self, entry: Entry) -> None:
        """Raise BadFileError for a link that may not be followed."""
        if not isinstance(entry, _Made):
            self._stored.check(entry)

    def file(self, entry: Entry) -> File:
        """Return an entry as a file of this folder."""
        if isinstance(entry, _Made):
            return super().file(entry)
        found = self._stored.file(entry)
        return File(self, found.name, found.path)

    def makes(self, name: str) -> bool:
        """Return True if a file is made."""
        return not self._stored.has(name) and name in self.maker.files

    def has(self, name: str) -> bool:
        """Return True if a file is stored or made."""
        return self._stored.has(name) or name in self.maker.files

    def find(self, name: str) -> File | None:
        """Return the file of a name, None if there is none."""
        found = self.makes(name) or self._stored.find(name)
        return File(self, name) if found else None

    def status(self, name: str) -> Identity:
        """Return what a file is now: one that is made is what the manifest is."""
        if not name or not self.makes(name):
            return self._stored.status(name)
        return self._identity(self.maker.files[name])

    def open(self, name: str) -> tuple[io.RawIOBase, Identity]:
        """Open a file; BadFileError for one of arrays that are made."""
        if not self.makes(name):
            return self._stored.open(name)
        if self.maker.files[name]:
            content = b"".join(self.maker.chunks(name))
            return _Opened(content), self._identity(len(content))
        remedy = "Read it with MockSessionRawIO, or write the session by mockrawio materialise."
        raise BadFileError(self.prefix + name, "a file that is stored", "one of a virtual session", remedy)

    def _identity(self, size: int) -> Identity:
        if self._manifest.look() != self._known:
            raise OSError(errno.ESTALE, "made by a manifest that has changed", str(self._manifest))
        return self._known._replace(size=size or self._known.size)

    def map(self, opened: io.RawIOBase) -> Any:
        """Return all bytes of an open file as a buffer."""
        return opened.content if isinstance(opened, _Opened) else self._stored.map(opened)

    def instead(self) -> str | None:
        """Return what is in the folder's place if it is not a folder."""
        return self._stored.instead()

    def real(self, path: str) -> str:
        """Return the path of a name after links are followed."""
        return self._stored.real(path)

    def said(self, name: str) -> Mapping[str, Any] | None:
        """Return what is known to be in a file that is stored."""
        return self._stored.said(name)

    @property
    def place(self) -> Path | str:
        """Its path."""
        return self._stored.place

    def __str__(self) -> str:
        return str(self._stored)


def completed(folder: Folder, manifest: str) -> Folder:
    """Return a folder with all that is made in it, if the manifest of this name says so, else as it is."""
    learn(folder, manifest, FORMAT)
    if isinstance(folder, VirtualFolder) or folder.leaves_out(manifest):
        return folder
    try:
        file, known = folder.open(manifest)
        with file:
            head = file.read(_HEAD) or b""
    except (OSError, BadFileError):  # there is none, or who looks for it says what is wrong
        return folder
    found = folder.find(manifest) if _MARK.search(head) else None
    return folder if found is None else VirtualFolder(folder, found, known)


def is_made(file: File) -> bool:
    """Return True if a file is made when it is read."""
    return isinstance(file.folder, VirtualFolder) and file.folder.makes(file.name)


def made(file: File) -> Any:
    """Return what opening a file of arrays gives that is made; None for a file that is stored."""
    return maker_of_file(file).opened(file) if is_made(file) else None


def maker_of_file(file: File) -> Maker:
    """Return what makes a file."""
    assert isinstance(file.folder, VirtualFolder)
    return file.folder.maker


def file_chunks(file: File) -> Iterator[bytes | memoryview]:
    """Yield the bytes of a file, made or stored."""
    if is_made(file):
        yield from maker_of_file(file).chunks(file.name)
        return
    with open(file.path, "rb", buffering=0, opener=only_regular) as stored:
        while block := stored.read(_COPY):
            yield block
