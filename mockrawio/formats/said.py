"""What a ``.npy`` file holds, said elsewhere: its arrays by dtype, shape, order and offset, the rest as it is.

A file that is far away need not be opened then, until an array in it is read. Whoever says it may be anybody: what is
said is checked as the header of the file itself is, and that its arrays lie within the file. Of an array of stamps, or
of spikes, the items on both sides of some places may be said too, which tell where its gaps are.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..ground.errors import BadFileError
from ..ground.folder import File
from .npy import MappedArray, MappedFile, checked_shape, plain_dtype

ARRAY, ENDS, STEPS, VALUES = "array", "ends", "steps", "values"
Step = tuple[int, Any, Any]  # an index, the item before it, and the one at it
_REMEDY = "Restore the manifest, or write it again: what its index says of the file cannot be."


class Knots:
    """Some items of an array (n,): both ends, and those on both sides of each step; others are taken to lie between.

    It gives single items as the array does, and knows which of them it does not know. ValueError for steps that are
    not in order.
    """

    def __init__(self, size: int, ends: tuple[Any, Any], steps: Iterable[Step]) -> None:
        self.size = size
        known, last = {0: ends[0]}, 0
        for index, before, at in steps:
            if not last < index < size or known.setdefault(index - 1, before) != before:
                raise ValueError(f"a step at {index}")
            known[index], last = at, index
        if known.setdefault(size - 1, ends[1]) != ends[1]:
            raise ValueError(f"a step at {size - 1}")
        self._indexes, self._items = list(known), list(known.values())

    def __getitem__(self, index: int) -> Any:
        k = bisect_right(self._indexes, index) - 1
        low, item = self._indexes[k], self._items[k]
        if low == index:
            return item
        return item + (self._items[k + 1] - item) * ((index - low) / (self._indexes[k + 1] - low))

    def known(self, index: int) -> Any:
        """Return an item, None if it was not said."""
        k = bisect_left(self._indexes, index)
        return self._items[k] if self._indexes[k : k + 1] == [index] else None

    def place(self, least: float, divisor: int) -> int | None:
        """Return the index of the first item that is `least` or more when it is divided; None if that was not said.

        Items must ascend.
        """
        k = bisect_left(self._items, least, key=lambda item: item / divisor)
        if 0 < k < len(self._indexes):
            return self._indexes[k] if self._indexes[k] == self._indexes[k - 1] + 1 else None
        return self.size if k else 0


class SaidWindow:
    """Stands for a file open of which all that is wanted has been said; see :class:`~.npy.FileWindow`."""

    def __init__(self, file: File, ends: Mapping[int, tuple[Any, Any]], knots: Mapping[int, Knots]) -> None:
        self.file, self.path, self._ends, self._knots = file, file.path, ends, knots

    def __exit__(self, *exception: object) -> None:
        """Do nothing: no file is open."""

    def ends(self, array: Any) -> tuple[Any, Any]:
        """Return the first and the last element of a one-dimensional array, as Python numbers."""
        found = self._ends.get(array.offset)
        items = array.items()
        return (items[0].item(), items[-1].item()) if found is None else found

    def knots(self, array: Any) -> Knots | None:
        """Return what was said of the items of such an array; None if its steps were not."""
        return self._knots.get(array.offset)


def said_dict(file: File, said: Mapping[str, Any]) -> tuple[SaidWindow, dict[str, Any]]:
    """Return what is said of a dict file: a stand-in for its window, and its values, as ``DictFile`` has them."""
    values: Any = said.get(VALUES)
    if type(values) is not dict:
        raise _not_so(file, values)
    mapped, ends, knots = _file(file), {}, {}
    found: dict[str, Any] = {}
    for key, value in values.items():
        if type(value) is dict:
            array = found[key] = _array(mapped, value)
            if ENDS in value:
                ends[array.offset] = _both_ends(array, value[ENDS])
                if value.get(STEPS) is not None:
                    knots[array.offset] = _knots(array, ends[array.offset], value[STEPS])
        elif type(value) in (int, float, bool, str) or value is None:
            found[key] = value
        else:
            raise _not_so(file, value)
    return SaidWindow(file, ends, knots), found


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
    if type(ends) is not list or len(ends) != 2 or not _are_items(array, ends):
        raise _not_so(array.file.file, ends)
    if len(array.shape) != 1 or not array.shape[0]:
        raise _not_so(array.file.file, ends)
    return ends[0], ends[1]


def _are_items(array: MappedArray, items: Sequence[Any]) -> bool:
    kind = float if array.dtype.kind == "f" else int
    return all(type(one) is kind and abs(one) < 2**64 for one in items)


def _knots(array: MappedArray, ends: tuple[Any, Any], steps: object) -> Knots:
    try:
        if type(steps) is list and all(type(step[0]) is int and _are_items(array, step[1:]) for step in steps):
            return Knots(array.shape[0], ends, steps)
    except (TypeError, ValueError, LookupError):  # what is no list of three, or not in order
        pass
    raise _not_so(array.file.file, steps)


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
