"""A file open for small reads, and its items where it cannot be mapped."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from ..ground.errors import BadFileError, unreadable
from ..ground.places import Where, file_at

HEAD = 5 << 10  # bytes read at once: a header, and what a pickle has before its first array
REWRITE = "Write the file again, or restore it from a copy."
_HAS_PREAD = hasattr(os, "pread")  # one call of the system for two


class FileWindow:
    """A file open, as a context manager, for a few small reads, which cost less than a map would.

    Its beginning, which is looked at again and again, is read once. BadFileError if it cannot be opened, or is empty.
    """

    __slots__ = ("_file", "_head", "file", "identity", "path", "size")

    def __init__(self, where: Where) -> None:
        self.file = file_at(where)
        self.path = self.file.path
        self._head = b""
        try:
            self._file, self.identity = self.file.open()
        except OSError as error:
            raise unreadable(self.path, error) from error
        self.size = self.identity.size
        if self.size == 0:
            self._file.close()
            raise BadFileError(self.path, "a .npy file", "an empty file", REWRITE)

    def __enter__(self) -> FileWindow:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset`, fewer at the end of the file."""
        if offset + count <= HEAD:
            if not self._head:
                self._head = self._read(0, HEAD)
            return self._head[offset : offset + count]
        return self._read(offset, count)

    def _read(self, offset: int, count: int) -> bytes:
        try:
            if _HAS_PREAD and isinstance(self._file, io.FileIO):
                return os.pread(self._file.fileno(), count, offset)
            self._file.seek(offset)
            return self._file.read(count) or b""
        except OSError as error:
            raise unreadable(self.path, error) from error

    def read_into(self, offset: int, view: memoryview) -> None:
        """Fill a buffer with the bytes from `offset` on, all of which must be there."""
        try:
            self._file.seek(offset)
            while view.nbytes:
                count = self._file.readinto(view)
                if not count:
                    raise BadFileError(self.path, f"{view.nbytes} more bytes", "the end of the file", REWRITE)
                view = view[count:]
        except OSError as error:
            raise unreadable(self.path, error) from error

    def map(self) -> Any:
        """Return the whole file as a buffer; see :meth:`~.folder.Folder.map`."""
        try:
            return self.file.folder.map(self._file)
        except OSError as error:
            raise unreadable(self.path, error) from error

    def ends(self, array: Any) -> tuple[Any, Any]:
        """Return the first and the last element of a one-dimensional array, as Python numbers."""
        if not hasattr(array, "offset"):  # one that is held, and lies nowhere
            return array.view()[0].item(), array.view()[-1].item()
        size = array.dtype.itemsize
        last = array.offset + (array.shape[0] - 1) * size
        data = self.read(array.offset, size) + self.read(last, size)
        first_last: list[Any] = np.frombuffer(data, array.dtype).tolist()
        return first_last[0], first_last[1]

    def knots(self, array: Any) -> None:
        """Return None: nothing is said of its items, which can be read."""


class Items:
    """Items of an array (n,) of a file that cannot be mapped, as an ndarray gives them."""

    def __init__(self, array: Any) -> None:
        self._array, self.dtype, self.shape, self.size = array, array.dtype, array.shape, array.shape[0]

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return self._array.rows(*index.indices(self.size)[:2])
        index = range(self.size)[index]
        return self._array.rows(index, index + 1)[0]
