"""Arrays inside dict ``.npy`` files, without unpickling and without copying.

``numpy.save(path, {"ts": ..., "samples": ...})`` writes a pickle. :mod:`.symbolic` reads it
without calling anything the file names; here its outcome becomes scalars and mapped arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ground.errors import BadFileError
from ..ground.places import Where, file_at
from .file_window import FileWindow
from .npy import REWRITE, HeldArray, MappedArray, MappedFile, read_header
from .reductions import SymbolicArray
from .said import SaidWindow, said_dict
from .symbolic import REMEDY, Interpreter

Value = Any
"""A scalar, a string, a :class:`MappedArray` or :class:`HeldArray`, or `Opaque`."""


class Opaque:
    """Stands for a value of the dict that this format has no use for; it was not decoded."""


class DictFile:
    """A dict ``.npy`` file, as ``numpy.save`` writes one, open as a context manager while its ends are looked at.

    `values` holds, key by key, a Python scalar or string as it is; an array as a :class:`MappedArray` (protocol
    2: a :class:`HeldArray`); anything else as `Opaque`. A file that is damaged, is not a dict, or asks for
    anything but plain data is a BadFileError. What is said of it elsewhere is believed if `as_said`; see :mod:`.said`.
    """

    def __init__(self, where: Where, *, as_said: bool = True) -> None:
        self.window: FileWindow | SaidWindow
        self.values: dict[str, Value]
        at = file_at(where)
        if as_said and (said := at.folder.said(at.name)) is not None:
            self.window, self.values = said_dict(at, said)
            self.path = self.window.path
            return
        self.window = FileWindow(at)
        self.path = self.window.path
        try:
            content = _content(self.window)
        except BaseException:
            self.window.__exit__()
            raise
        file = MappedFile(self.window.file, self.window.size, self.window.identity)
        self.values = {key: _plain(value, file) for key, value in content.items()}

    def __enter__(self) -> DictFile:
        return self

    def __exit__(self, *exception: object) -> None:
        self.window.__exit__()


def _content(window: FileWindow) -> dict[str, Any]:
    """Return the dict that the file holds, with the symbols still in it."""
    descr, _, shape, start = read_header(window)
    if descr not in ("|O", "O", "|O8", "O8") or shape != ():
        found = f"an array of dtype {descr[:32]!r} and shape {str(shape)[:64]}"
        raise BadFileError(window.path, "a 0-d object array that holds a dict", found, REWRITE)
    top = Interpreter(window, start).run()
    outer = type(top) is SymbolicArray and top.dtype is not None and top.dtype.dtype is None and top.shape == ()
    content = top.payload if outer else None
    if type(content) is not list or len(content) != 1 or type(content[0]) is not dict:
        raise BadFileError(window.path, "a 0-d object array that holds one dict", "something else", REMEDY)
    return content[0]


def _plain(value: Any, file: MappedFile) -> Value:
    if type(value) in (int, float, bool, str, complex) or value is None:
        return value
    if type(value) is SymbolicArray and value.dtype is not None and value.dtype.dtype is not None:
        dtype = value.dtype.dtype
        if type(value.payload) is bytes:
            flat: np.ndarray[Any, np.dtype[Any]] = np.frombuffer(value.payload, dtype)
            return HeldArray(flat.reshape(value.shape, order="F" if value.order == "F" else "C"))
        return MappedArray(file, dtype, value.shape, value.order, value.payload.offset)
    return Opaque
