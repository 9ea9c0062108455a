"""What a ``.npy`` file holds, said elsewhere: its arrays by dtype, shape, order and offset, the rest as it is.

A file that is far away need not be opened then, until an array in it is read. Whoever says it may be anybody: what is
said is checked as the header of the file itself is, and that its arrays lie within the file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..ground.errors import BadFileError
from ..ground.folder import File
from .npy import MappedArray, MappedFile, checked_shape, plain_dtype

ARRAY, ENDS, VALUES = "array", "ends", "values"
_REMEDY = "Restore the manifest, or write it again: what its index says of the file cannot be."


class SaidWindow:
    """Stands for a file open of which all that is wanted has been said; see :class:`~.npy.FileWindow`."""

    def __init__(self, file: File, ends: Mapping[int, tuple[Any, Any]]) -> None:
        self.file, self.path, self._ends = file, file.path, ends

    def __exit__(self, *exception: object) -> None:
        """Do nothing: no file is open."""

    def ends(self, array: Any) -> tuple[Any, Any]:
        """Return the first and the last element of a one-dimensional array, as Python numbers."""
        found = self._ends.get(array.offset)
        items = array.items()
        return (items[0].item(), items[-1].item()) if found is None else found


def said_dict(file: File, said: Mapping[str, Any]) -> tuple[SaidWindow, dict[str, Any]]:
    """Return what is said of a dict file: a stand-in for its window, and its values, as ``DictFile`` has them."""
    values: Any = said.get(VALUES)
    if type(values) is not dict:
        raise _not_so(file, values)
    mapped, ends = _file(file), {}
    found: dict[str, Any] = {}
    for key, value in values.items():
        if type(value) is dict:
            array = found[key] = _array(mapped, value)
            if ENDS in value:
                ends[array.offset] = _both_ends(array, value[ENDS])
        elif type(value) in (int, float, bool, str) or value is None:
            found[key] = value
        else:
            raise _not_so(file, value)
    return SaidWindow(file, ends), found


def said_array(file: File, said: Mapping[str, Any]) -> MappedArray:
    """Return the array that is said to be all of a file, after its header."""
    array = _array(_file(file), said)
    if array.offset + array.nbytes != array.file.size:
        raise _not_so(file, said.get(ARRAY))
    return array


def _file(file: File) -> MappedFile:
    known = file.identity()
    return MappedFile(file, known.size, known)


def _array(mapped: MappedFile, said: Mapping[str, Any]) -> MappedArray:
    place = said.get(ARRAY)
    try:
        descr, sizes, order, offset = place  # type: ignore[misc]  # checked by what it raises
        dtype = plain_dtype(descr)
        shape = None if dtype is None else checked_shape(tuple(sizes), dtype.itemsize)
    except (TypeError, ValueError):
        raise _not_so(mapped.file, place) from None
    if dtype is None or shape is None or order not in ("C", "F") or type(offset) is not int or offset < 0:
        raise _not_so(mapped.file, place)
    if offset + math.prod(shape) * dtype.itemsize > mapped.size:
        raise _not_so(mapped.file, place)
    return MappedArray(mapped, dtype, shape, order, offset)


def _both_ends(array: MappedArray, ends: object) -> tuple[Any, Any]:
    kinds = (float,) if array.dtype.kind == "f" else (int,)
    right = type(ends) is list and len(ends) == 2 and all(type(one) in kinds and abs(one) < 2**64 for one in ends)
    if not right or len(array.shape) != 1 or not array.shape[0]:
        raise _not_so(array.file.file, ends)
    return ends[0], ends[1]  # type: ignore[index]  # a list of two


def _not_so(file: File, found: object) -> BadFileError:
    return BadFileError(file, "an array within the file, as its manifest says it", f"{found!r}"[:80], _REMEDY)


def say_array(array: MappedArray) -> dict[str, Any]:
    """Return what :func:`said_array` reads."""
    return {ARRAY: [array.dtype.str, list(array.shape), array.order, array.offset]}


def say_dict(window: Any, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what :func:`said_dict` reads, of a dict file that is open; None if JSON cannot hold it."""
    said: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, MappedArray):
            said[key] = say_array(value)
            if len(value.shape) == 1 and value.shape[0] and value.dtype.kind in "iuf" and value.dtype.itemsize == 8:
                ends = window.ends(value)
                said[key].update({ENDS: list(ends)} if np.isfinite(ends).all() else {})
        elif type(value) in (int, bool, str) or value is None or (type(value) is float and math.isfinite(value)):
            said[key] = value
        else:
            return None
    return {VALUES: said}
