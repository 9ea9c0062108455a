"""Plain ``.npy`` files and read-only maps of them: headers, views, nothing else.

The contract of a :class:`MappedArray`:

- it knows dtype, shape, order and file offset, and holds no bytes;
- ``view()`` is a read-only NumPy view of the mapped file, never a copy;
- ``rows()`` is a part of that; of a file that cannot be mapped, as it lies elsewhere, it is a new array, read-only
  too, and costs one request for its bytes; ``view()`` is then all of it, kept until it is released;
- it pickles as those few numbers and maps the file again where it is unpickled;
- a file that has become shorter than it was, or has changed before it is mapped, is an error
  when a view is asked for; a view that was given before is beyond help.

The header layout is NEP 1 (https://numpy.org/neps/nep-0001-npy-format.html).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from math import prod
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from ..ground.errors import BadFileError
from ..ground.folder import File, Identity
from ..ground.moment import changed
from ..ground.places import Where, file_at
from .file_window import REWRITE as REWRITE
from .file_window import FileWindow, Items

MAGIC = b"\x93NUMPY"
MAX_HEADER = 10_000  # numpy.lib.format refuses longer headers by default, and so do we
ALIGN = 64  # what numpy.lib.format aligns array data to
MOST_WHOLE = 1 << 32  # bytes of an array that are read into memory, all of it

_HEADER = re.compile(rb"\{'descr': *'([^'\\]*)', *'fortran_order': *(True|False), *'shape': *\(([0-9, ]*)\), *\}[ \n]*")
_ITEM = re.compile(
    rb"""[ \t\n]*(['"])(descr|fortran_order|shape)\1[ \t\n]*:[ \t\n]*"""
    rb"""(?:(['"])([^'"\\]*)\3|(True|False)|\(([0-9, \t\n]*)\))[ \t\n]*(?:,|$)"""
)
_PLAIN_DESCR = re.compile(r"[<>|=]?(?:b1|[iu][1248]|f[248]|c8|c16|[SU][1-9][0-9]{0,5})")


class MappedFile:
    """One file, mapped read-only when first needed and again after ``release()``.

    Its `size` in bytes and its `identity` are those of when it was looked at: it must not have shrunk since, and,
    where an identity is given, must be the same when it is mapped.
    """

    __slots__ = ("_map", "_parts", "file", "identity", "size")

    def __init__(self, where: Where, size: int, identity: Identity | None = None) -> None:
        self.file = file_at(where)
        self.size = size
        self.identity = identity
        self._map: Any = None
        self._parts: dict[int, bytes] = {}  # of a file that cannot be mapped, what was read, by its offset

    @property
    def path(self) -> str:
        """Where the file is."""
        return self.file.path

    @property
    def maps(self) -> bool:
        """Whether it can be mapped; else each part of it that is read is a request."""
        return self.file.folder.maps

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset`, all of which must be there."""
        with self.window() as window:
            data = window.read(offset, count)
        if len(data) != count:
            raise BadFileError(self.path, f"{count} bytes from byte {offset}", f"{len(data)}", REWRITE)
        return data

    def part(self, offset: int, count: int) -> bytes:
        """Return what :meth:`read` does, and keep it until the file is released."""
        found = self._parts.get(offset)
        if found is None:
            if count > MOST_WHOLE:
                expected = f"at most {MOST_WHOLE >> 30} GiB to be read at once from where it lies"
                raise BadFileError(self.path, expected, f"{count} bytes", "Download it, or read it in parts.")
            found = self._parts[offset] = self.read(offset, count)
        return found

    def buffer(self) -> Any:
        """Return the map of the whole file, opening it if it is not open.

        BadFileError if the file has become shorter, for which the system would end the process once what is cut off
        is touched; or is not the file that was looked at, when it is mapped.
        """
        opened = self._map  # another thread may release it at any moment
        if opened is None:
            with self.window() as window:
                opened = self._map = window.map()
        elif opened.size() < self.size:  # of the file, not of the map: one fstat
            raise self._shrunk(opened.size())
        return opened

    @contextmanager
    def window(self) -> Iterator[FileWindow]:
        """Open the file to be read, if it is unchanged; see :meth:`buffer`."""
        try:
            opened = FileWindow(self.file)
        except BadFileError as error:
            if self.identity is None or self.file.folder.has(self.file.name):
                raise
            raise changed(self.path) from error
        with opened as window:
            known = self.identity or window.identity
            if window.size < self.size and known.inode == window.identity.inode:
                raise self._shrunk(window.size)
            if known != window.identity:
                raise changed(self.path)
            yield window

    def _shrunk(self, size: int) -> BadFileError:
        return BadFileError(self.path, f"{self.size} bytes, as when it was opened", f"{size} bytes", REWRITE)

    def release(self) -> None:
        """Release the map; views of it that are still in use stay valid."""
        self._map = None
        self._parts.clear()

    def __getstate__(self) -> tuple[File, int, Identity | None]:
        return self.file, self.size, self.identity

    def __setstate__(self, state: tuple[File, int, Identity | None]) -> None:
        self.file, self.size, self.identity = state
        self._map, self._parts = None, {}


class MappedArray:
    """Where an array lies in a file, and the way to see it.

    Its dtype is of any byte order; `order` is "C" or "F"; `offset`, in bytes from the start of the file to the
    first element, need not be aligned.
    """

    __slots__ = ("dtype", "file", "offset", "order", "shape")

    def __init__(self, file: MappedFile, dtype: np.dtype[Any], shape: tuple[int, ...], order: str, offset: int) -> None:
        self.file = file
        self.dtype = dtype
        self.shape = shape
        self.order = order
        self.offset = offset

    def view(self) -> np.ndarray[Any, np.dtype[Any]]:
        """Return the array as a read-only view of the mapped file."""
        if 0 in self.shape:
            return _frozen(np.empty(self.shape, self.dtype))
        order: Literal["C", "F"] = "F" if self.order == "F" else "C"
        if self.file.maps:
            return np.ndarray(self.shape, self.dtype, self.file.buffer(), self.offset, order=order)
        return _frozen(np.ndarray(self.shape, self.dtype, self.file.part(self.offset, self.nbytes), order=order))

    def rows(self, start: int, stop: int) -> np.ndarray[Any, np.dtype[Any]]:
        """Return ``view()[start:stop]``; of a file that cannot be mapped no more than that is read."""
        if self.file.maps or 0 in self.shape or (self.order == "F" and len(self.shape) > 1):
            return self.view()[start:stop]
        start, stop, _ = slice(start, stop).indices(self.shape[0])
        shape = (max(0, stop - start), *self.shape[1:])
        width = prod(shape[1:]) * self.dtype.itemsize
        data = self.file.read(self.offset + start * width, shape[0] * width)
        return _frozen(np.frombuffer(data, self.dtype).reshape(shape))

    def items(self) -> Any:
        """Return what gives single items of an array (n,), and slices of it, reading little more than these."""
        return self.view() if self.file.maps else Items(self)

    def release(self) -> None:
        """Release the map of the whole file."""
        self.file.release()

    @property
    def nbytes(self) -> int:
        """Size of the data in bytes."""
        return prod(self.shape) * self.dtype.itemsize

    def __getstate__(self) -> tuple[Any, ...]:
        return self.file, self.dtype, self.shape, self.order, self.offset

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.file, self.dtype, self.shape, self.order, self.offset = state

    def __repr__(self) -> str:
        return f"MappedArray({self.file.path!r}, {self.dtype}, {self.shape}, offset={self.offset})"


def _frozen(array: np.ndarray[Any, np.dtype[Any]]) -> np.ndarray[Any, np.dtype[Any]]:
    array.flags.writeable = False
    return array


class HeldArray:
    """An array that had to be decoded (protocol 2), with the interface of a :class:`MappedArray`."""

    def __init__(self, array: np.ndarray[Any, np.dtype[Any]]) -> None:
        array.flags.writeable = False
        self._array = array
        self.dtype, self.shape, self.nbytes = array.dtype, array.shape, array.nbytes

    def view(self) -> np.ndarray[Any, np.dtype[Any]]:
        """Return the array."""
        return self._array

    def rows(self, start: int, stop: int) -> np.ndarray[Any, np.dtype[Any]]:
        """Return ``view()[start:stop]``."""
        return self._array[start:stop]

    def items(self) -> np.ndarray[Any, np.dtype[Any]]:
        """Return the array."""
        return self._array

    def release(self) -> None:
        """Do nothing: there is no map to release."""


AnyArray = MappedArray | HeldArray


def text_of(data: bytes, dtype: np.dtype[Any]) -> str:
    """Return the text that bytes of a dtype ``U`` stand for.

    ValueError if they are no text, of which NumPy makes a SystemError, or a string that cannot be printed.
    """
    decode = codecs.utf_32_be_decode if dtype.str[0] == ">" else codecs.utf_32_le_decode  # which bytes.decode imports
    return decode(data, "strict", True)[0].rstrip("\0")


@lru_cache(maxsize=64)
def plain_dtype(descr: str) -> np.dtype[Any] | None:
    """Return the dtype that `descr` names, or None unless it is a fixed-size number or text."""
    return np.dtype(descr) if _PLAIN_DESCR.fullmatch(descr) else None


def checked_shape(shape: object, itemsize: int) -> tuple[int, ...] | None:
    """Return `shape` if it is a tuple of sizes that NumPy can hold, else None."""
    if type(shape) is not tuple or len(shape) > 8:
        return None
    size = itemsize or 1
    for n in shape:
        if type(n) is not int or n < 0:
            return None
        size *= n or 1
    return shape if size < 2**63 else None


class Readable(Protocol):
    """What a header is read from."""

    @property
    def path(self) -> str:
        """What an error names."""

    @property
    def size(self) -> int:
        """In bytes."""

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset`, fewer at the end."""


class _Held(NamedTuple):
    path: str
    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, count: int) -> bytes:
        return self.data[offset : offset + count]


def read_header(window: Readable) -> tuple[str, bool, tuple[int, ...], int]:
    """Read a ``.npy`` header: the dtype as the file names it, if in Fortran order, shape, and the data's offset, bytes.

    BadFileError if the file does not begin with a well-formed header of version 1, 2 or 3.
    """
    path = window.path
    head = window.read(0, 256)
    if head[:6] != MAGIC:
        raise BadFileError(path, "a .npy file", f"a file that begins with {head[:6]!r}", REWRITE)
    major, minor = head[6:8] if len(head) > 7 else (0, 0)
    if major not in (1, 2, 3) or minor:
        raise BadFileError(path, "a .npy header of version 1.0, 2.0 or 3.0", f"version {major}.{minor}", REWRITE)
    begin = 10 if major == 1 else 12
    length = int.from_bytes(head[8:begin], "little")
    end = begin + length
    if length > MAX_HEADER or end > window.size:
        found = f"a length of {length} in a file of {window.size} bytes"
        raise BadFileError(path, f"a .npy header of at most {MAX_HEADER} bytes", found, REWRITE)
    text = head[begin:end] if end <= len(head) else window.read(begin, length)
    return (*(_usual_header(text) or _odd_header(text, path)), end)


@lru_cache(maxsize=64)  # the dict files of a session all have the same one
def _usual_header(text: bytes) -> tuple[str, bool, tuple[int, ...]] | None:
    """Read a header laid out as NumPy lays it out."""
    match = _HEADER.fullmatch(text)
    if match is None:
        return None
    descr, fortran, sizes = match.groups()
    shape = _sizes(sizes)
    return None if shape is None else (descr.decode("latin1"), fortran == b"True", shape)


def _sizes(text: bytes) -> tuple[int, ...] | None:
    """Return what stands between a shape's parentheses, or None if that is no tuple of sizes."""
    *numbers, rest = (n.strip() for n in text.split(b","))
    if rest:
        if not numbers:
            return None  # a number in parentheses
        numbers.append(rest)
    plain = all(n.isdigit() and len(n) < 20 and (n[0] != 48 or len(n) == 1) for n in numbers)
    return tuple(map(int, numbers)) if plain else None


def _odd_header(text: bytes, path: str) -> tuple[str, bool, tuple[int, ...]]:
    """Read a header that is laid out otherwise than NumPy lays it out; no expression is evaluated."""
    inner = text.strip(b" \t\n")
    inside = inner[:1] == b"{" and inner[-1:] == b"}"
    inner, at = inner[1:-1].rstrip(b" \t\n"), 0
    found: dict[bytes, Any] = {}
    while inside and (item := _ITEM.match(inner, at)):
        at = item.end()
        name, (descr, fortran, sizes) = item[2], item.group(4, 5, 6)
        value = {b"descr": descr, b"fortran_order": fortran, b"shape": None if sizes is None else _sizes(sizes)}[name]
        if value is None or name in found:
            break
        found[name] = value
    if at < len(inner) or len(found) != 3 or checked_shape(found[b"shape"], 1) is None:
        expected = "a .npy header with descr, a plain dtype, fortran_order, True or False, and shape, a tuple of sizes"
        raise BadFileError(path, expected, repr(text[:80]), REWRITE)
    return found[b"descr"].decode("latin1"), found[b"fortran_order"] == b"True", found[b"shape"]


def open_array(where: Where, *, as_said: bool = True) -> MappedArray:
    """Open a plain ``.npy`` file of numbers; BadFileError if it holds objects, or other bytes than its shape needs.

    What is said of the file elsewhere is believed if `as_said`; see :mod:`.said`.
    """
    file = file_at(where)
    if as_said and (said := file.folder.said(file.name)) is not None:
        from .said import said_array  # which knows this module

        return said_array(file, said)
    with FileWindow(where) as window:
        descr, fortran, shape, offset = read_header(window)
    mapped = MappedFile(window.file, window.size, window.identity)
    dtype = _checked_dtype(window.path, descr, shape, mapped.size - offset)
    return MappedArray(mapped, dtype, shape, "F" if fortran else "C", offset)


def held_array(path: str, data: bytes) -> np.ndarray[Any, np.dtype[Any]]:
    """Return the array of a ``.npy`` file whose bytes are in memory, read-only; BadFileError as :func:`open_array`."""
    descr, fortran, shape, offset = read_header(_Held(path, data))
    dtype = _checked_dtype(path, descr, shape, len(data) - offset)
    return np.ndarray(shape, dtype, data, offset if 0 not in shape else 0, order="F" if fortran else "C")


def _checked_dtype(path: str, descr: str, shape: tuple[int, ...], have: int) -> np.dtype[Any]:
    """Return the dtype of an array of numbers, or text, whose bytes are as many as its shape needs."""
    dtype = plain_dtype(descr)
    if dtype is None:
        raise BadFileError(path, "an array of numbers", f"dtype {descr[:80]!r}", "Save it as a plain numeric array.")
    if checked_shape(shape, dtype.itemsize) is None:
        raise BadFileError(path, "a shape that NumPy can hold", f"{shape}"[:80], REWRITE)
    need = prod(shape) * dtype.itemsize
    if need != have:
        raise BadFileError(path, f"{need} bytes of data for shape {shape}, {dtype}", f"{have}", REWRITE)
    return dtype


def header_bytes(descr: str, shape: tuple[int, ...]) -> bytes:
    """Return a version 1 header whose end is a multiple of 64."""
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
    pad = -(10 + len(text) + 1) % ALIGN
    text += " " * pad + "\n"
    return MAGIC + b"\x01\x00" + len(text).to_bytes(2, "little") + text.encode("latin1")
