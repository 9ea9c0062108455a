"""Arrays of a MATLAB v7.3 file, which is HDF5, in the order that MATLAB shows them."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..ground.arrays import Array
from ..ground.errors import BadFileError, unreadable
from ..ground.extras import extra_module
from ..ground.regular import only_regular

_SAVE = "Save it again in MATLAB with save(..., '-v7.3')."


class MatFile:
    """A v7.3 ``.mat`` file, open for reading; use as a context manager.

    BadFileError if it cannot be read, or is an older ``.mat`` file; MockSessionError if h5py is not installed.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        h5py = extra_module("h5py", "rez.mat and _jrc.mat files", "hybrid")
        self._dataset: Any = h5py.Dataset
        try:
            with open(path, "rb", opener=only_regular) as file:
                head = file.read(128)
            self._file = h5py.File(path, "r")
        except OSError as error:
            if not os.path.isfile(path) or error.errno:
                raise unreadable(path, error) from None
            found = "an older .mat file" if head.startswith(b"MATLAB 5.0") else str(error)
            raise BadFileError(path, "a MATLAB v7.3 (HDF5) file", found, _SAVE) from None

    def __enter__(self) -> MatFile:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def __contains__(self, name: str) -> bool:
        return name in self._file

    def array(self, name: str) -> Array:
        """Return a numeric array, its axes as in MATLAB; BadFileError if the file itself has none of this name."""
        item: Any = self._file.get(name)
        if not isinstance(item, self._dataset) or item.dtype.kind not in "iuf" or item.shape is None:
            expected, found = f"an array of numbers, {name}", "none" if item is None else f"{item!r}"
            raise BadFileError(self.path, expected, found, "Give the file as the sorter wrote it.")
        if item.file.filename != self._file.filename or item.external or item.is_virtual:
            raise BadFileError(self.path, f"{name} in the file itself", "a link to another file", _SAVE)
        if item.attrs.get("MATLAB_empty"):  # what stands there then is the size, such as [0 5]
            return np.empty((0, 0), item.dtype)
        try:
            return np.asarray(item[()]).T
        except (OSError, MemoryError) as error:
            raise BadFileError(self.path, f"{name} in full", str(error) or "more than memory holds", _SAVE) from None
