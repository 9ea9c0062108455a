"""Plain ``.npy`` files and read-only maps of them: headers, views, nothing else.

The contract of a :class:`MappedArray`:

- it knows dtype, shape, order and file offset, and holds no bytes;
- ``view()`` is a read-only NumPy view of the mapped file, never a copy;
- it pickles as those few numbers and maps the file again where it is unpickled;
- a file that has become shorter than the array is an error, not a crash.

The header layout is NEP 1 (https://numpy.org/neps/nep-0001-npy-format.html).
"""

from __future__ import annotations

import ast
import mmap
import os
import re
import sys
from functools import lru_cache
from math import prod
from typing import Any, Literal

import numpy as np

from .errors import BadFileError

MAGIC = b"\x93NUMPY"
MAX_HEADER = 10_000  # numpy.lib.format refuses longer headers by default, and so do we
ALIGN = 64  # what numpy.lib.format aligns array data to
REWRITE = "Write the file again, or restore it from a copy."
_UNTRACKED: dict[str, Any] = {"trackfd": False} if sys.version_info >= (3, 13) else {}

_HEADER = re.compile(rb"\{'descr': *'([^'\\]*)', *'fortran_order': *(True|False), *'shape': *\(([0-9, ]*)\), *\}[ \n]*")
_PLAIN_DESCR = re.compile(r"[<>|=]?(?:b1|[iu][1248]|f[248]|c8|c16|[SU]\d{1,6})")


def _unreadable(path: str, error: OSError) -> BadFileError:
    return BadFileError(path, "a readable file", error.strerror or str(error), "Check that it exists and may be read.")


class FileWindow:
    """A file open for a few small reads, which cost less than a map would.

    Parameters
    ----------
    path : str
        The file to open; use as a context manager.

    Raises
    ------
    BadFileError
        If it cannot be opened, or is empty.
    """

    __slots__ = ("_file", "path", "size")

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._file = open(path, "rb", buffering=0)  # noqa: SIM115  # closed by __exit__
        except OSError as error:
            raise _unreadable(path, error) from error
        self.size = os.fstat(self._file.fileno()).st_size
        if self.size == 0:
            self._file.close()
            raise BadFileError(path, "a .npy file", "an empty file", REWRITE)

    def __enter__(self) -> FileWindow:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset`, fewer at the end of the file."""
        try:
            self._file.seek(offset)
            return self._file.read(count)
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def fileno(self) -> int:
        """Return the descriptor, which closes with the window."""
        return self._file.fileno()

    def ends(self, array: AnyArray) -> tuple[Any, Any]:
        """Return the first and the last element of a one-dimensional array, as Python numbers."""
        if isinstance(array, HeldArray):
            return array.view()[0].item(), array.view()[-1].item()
        size = array.dtype.itemsize
        last = array.offset + (array.shape[0] - 1) * size
        data = self.read(array.offset, size) + self.read(last, size)
        first_last: list[Any] = np.frombuffer(data, array.dtype).tolist()
        return first_last[0], first_last[1]


class MappedFile:
    """One file, mapped read-only when first needed and again after ``release()``.

    Parameters
    ----------
    path : str
        The file to map.
    size : int
        Its size in bytes when it was looked at; it must not have shrunk since.
    """

    __slots__ = ("_map", "path", "size")

    def __init__(self, path: str, size: int) -> None:
        self.path = path
        self.size = size
        self._map: mmap.mmap | None = None

    def buffer(self) -> mmap.mmap:
        """Return the map of the whole file, opening it if it is not open."""
        opened = self._map  # another thread may let go of it at any moment
        if opened is None:
            opened = self._map = self._open()
        return opened

    def _open(self) -> mmap.mmap:
        with FileWindow(self.path) as window:
            if window.size < self.size:
                found = f"{window.size} bytes"
                raise BadFileError(self.path, f"{self.size} bytes, as when it was opened", found, REWRITE)
            try:
                return mmap.mmap(window.fileno(), 0, access=mmap.ACCESS_READ, **_UNTRACKED)
            except OSError as error:
                raise _unreadable(self.path, error) from error

    def release(self) -> None:
        """Let go of the map; views of it that are still in use stay valid."""
        self._map = None

    def __getstate__(self) -> tuple[str, int]:
        return self.path, self.size

    def __setstate__(self, state: tuple[str, int]) -> None:
        self.path, self.size = state
        self._map = None


class MappedArray:
    """Where an array lies in a file, and the way to see it.

    Parameters
    ----------
    file : MappedFile
        The file that holds the bytes.
    dtype : numpy.dtype
        Element type, any byte order.
    shape : tuple of int
        Shape of the array.
    order : {"C", "F"}
        Memory order of the bytes.
    offset : int
        Bytes from the start of the file to the first element; need not be aligned.
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
            empty: np.ndarray[Any, np.dtype[Any]] = np.empty(self.shape, self.dtype)
            empty.flags.writeable = False
            return empty
        order: Literal["C", "F"] = "F" if self.order == "F" else "C"
        return np.ndarray(self.shape, self.dtype, self.file.buffer(), self.offset, order=order)

    def release(self) -> None:
        """Let go of the map of the whole file."""
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


class HeldArray:
    """An array that had to be decoded (protocol 2), with the face of a :class:`MappedArray`."""

    def __init__(self, array: np.ndarray[Any, np.dtype[Any]]) -> None:
        array.flags.writeable = False
        self._array = array
        self.dtype, self.shape, self.nbytes = array.dtype, array.shape, array.nbytes

    def view(self) -> np.ndarray[Any, np.dtype[Any]]:
        """Return the array."""
        return self._array

    def release(self) -> None:
        """Do nothing: there is no map to let go of."""


AnyArray = MappedArray | HeldArray


@lru_cache(maxsize=64)
def plain_dtype(descr: str) -> np.dtype[Any] | None:
    """Return the dtype that `descr` names, or None unless it is a fixed-size number or text."""
    return np.dtype(descr) if _PLAIN_DESCR.fullmatch(descr) else None


def checked_shape(shape: object, itemsize: int) -> tuple[int, ...] | None:
    """Return `shape` if it is a tuple of sizes that NumPy can hold, else None."""
    if type(shape) is not tuple or len(shape) > 8:
        return None
    size = itemsize
    for n in shape:
        if type(n) is not int or n < 0:
            return None
        size *= n or 1
    return shape if size < 2**63 else None


def read_header(window: FileWindow) -> tuple[str, bool, tuple[int, ...], int]:
    """Read a ``.npy`` header.

    Returns
    -------
    descr : str
        The dtype as the file names it.
    fortran_order : bool
    shape : tuple of int
    offset : int
        Where the data begins, in bytes.

    Raises
    ------
    BadFileError
        If the file does not begin with a well-formed header of version 1, 2 or 3.
    """
    path = window.path
    head = window.read(0, 256)
    if head[:6] != MAGIC:
        raise BadFileError(path, "a .npy file", f"a file that begins with {head[:6]!r}", REWRITE)
    major = head[6] if len(head) > 6 else 0
    if major not in (1, 2, 3):
        raise BadFileError(path, "a .npy header of version 1, 2 or 3", f"version {major}", REWRITE)
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
    numbers = [n.strip() for n in sizes.split(b",") if n.strip()]
    if not all(n.isdigit() and len(n) < 20 for n in numbers):
        return None
    return descr.decode("latin1"), fortran == b"True", tuple(int(n) for n in numbers)


def _odd_header(text: bytes, path: str) -> tuple[str, bool, tuple[int, ...]]:
    """Read a header that is laid out otherwise than NumPy lays it out."""
    try:
        header = ast.literal_eval(text.decode("latin1").strip())
        descr, fortran, shape = header["descr"], header["fortran_order"], header["shape"]
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError):
        expected = "a .npy header with descr, fortran_order and shape"
        raise BadFileError(path, expected, repr(text[:80]), REWRITE) from None
    if type(descr) is not str or type(fortran) is not bool or checked_shape(shape, 1) is None:
        raise BadFileError(path, "a plain dtype, True or False, and a shape", repr(text[:80]), REWRITE)
    return descr, fortran, shape


def open_array(path: str) -> MappedArray:
    """Open a plain ``.npy`` file of numbers.

    Raises
    ------
    BadFileError
        If it holds objects, or fewer or more bytes than its shape needs.
    """
    with FileWindow(path) as window:
        descr, fortran, shape, offset = read_header(window)
    file = MappedFile(path, window.size)
    dtype = plain_dtype(descr)
    if dtype is None:
        raise BadFileError(path, "an array of numbers", f"dtype {descr!r}", "Save it as a plain numeric array.")
    if checked_shape(shape, dtype.itemsize) is None:
        raise BadFileError(path, "a shape that NumPy can hold", str(shape), REWRITE)
    need, have = prod(shape) * dtype.itemsize, file.size - offset
    if need != have:
        raise BadFileError(path, f"{need} bytes of data for shape {shape}, {dtype}", f"{have}", REWRITE)
    return MappedArray(file, dtype, shape, "F" if fortran else "C", offset)


def header_bytes(descr: str, shape: tuple[int, ...], extra: int = 0) -> bytes:
    """Return a version 1 header whose end, plus `extra` bytes, is a multiple of 64."""
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
    pad = -(10 + len(text) + 1 + extra) % ALIGN
    text += " " * pad + "\n"
    return MAGIC + b"\x01\x00" + len(text).to_bytes(2, "little") + text.encode("latin1")
