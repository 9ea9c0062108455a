"""What a ``params.py`` may compute: a few calls, constants and operators, each with its cost checked first.

Every function takes the :class:`Budget` first, and raises :class:`Refused`, or what NumPy raises,
before it makes anything larger than that allows.
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from ...ground.arrays import Array
from .. import raw_probe

MAX_ITEMS = 1_000_000  # of one value; a probe of 5000 sites has 20,000
MAX_WORK = 20 * MAX_ITEMS  # of all values that a file makes
MAX_TEXT = 1 << 16
MAX_WHOLE = 1 << 63
_NUMERIC = (bool, int, float)


class Refused(Exception):
    """Something in a parameter file is not data, or too much of it."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.line = line


class Budget:
    """Counts the elements that a file makes."""

    def __init__(self) -> None:
        self.left = MAX_WORK

    def reserve(self, items: float) -> None:
        """Refuse a value of `items` elements if it, or the sum of all, is too large."""
        if not 0 <= items <= MAX_ITEMS:
            raise Refused(f"a value of {items:.0f} elements; {MAX_ITEMS} are the most")
        self.left -= int(items)
        if self.left < 0:
            raise Refused(f"more than {MAX_WORK} elements in all")

    def spend(self, value: Any) -> Any:
        """Return `value` after its elements have been counted."""
        self.reserve(_items(value))
        return value


def _items(value: Any) -> int:
    """Count the elements of a value, those of nested lists included, up to one too many."""
    if isinstance(value, np.ndarray):
        return value.size
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise Refused(f"a text of {len(value)} characters; {MAX_TEXT} are the most")
        return 1 + len(value) // 8
    if not isinstance(value, (list, tuple, set)):
        return 1
    count = 1
    for item in value:
        count += _items(item)
        if count > MAX_ITEMS:
            break
    return count


def checked_number(value: Any) -> Any:
    """Refuse whole numbers that no 64 bits hold."""
    if isinstance(value, int) and not -MAX_WHOLE <= value < MAX_WHOLE:
        raise Refused("a whole number beyond 64 bits")
    return value


def _numeric(value: Any) -> bool:
    return isinstance(value, _NUMERIC) or (isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biuf")


def binary(budget: Budget, operate: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """Return ``a operate b`` for numbers and arrays, and for two texts that are joined."""
    if isinstance(a, str) and isinstance(b, str) and operate is operator.add:
        return budget.spend(a + b)
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        a, b = (_array(budget, x) if isinstance(x, (list, tuple)) else x for x in (a, b))
    if not _numeric(a) or not _numeric(b):
        raise Refused(f"{operate.__name__} of {type(a).__name__} and {type(b).__name__} is not read")
    budget.reserve(math.prod(np.broadcast_shapes(np.shape(a), np.shape(b))))
    with np.errstate(all="ignore"):
        return checked_number(operate(a, b))


def unary(budget: Budget, operate: Callable[[Any], Any], a: Any) -> Any:
    """Return ``operate(a)`` of a number or an array."""
    if not _numeric(a) or isinstance(a, bool):
        raise Refused(f"{operate.__name__} of {type(a).__name__} is not read")
    return budget.spend(checked_number(operate(a)))


def _dtype(dtype: Any) -> Any:
    if dtype is not None and dtype not in set(DTYPES.values()):
        raise Refused(f"the dtype {dtype!r} is not read")
    return dtype


def _array(budget: Budget, values: Any, dtype: Any = None) -> Array:
    budget.reserve(_items(values))
    if not _all_numeric(values):  # before NumPy pads texts to the longest
        raise Refused("an array of something other than numbers")
    return np.array(values, _dtype(dtype))


def _all_numeric(values: Any) -> bool:
    return all(map(_all_numeric, values)) if isinstance(values, (list, tuple)) else _numeric(values)


def _arange(budget: Budget, start: Any, stop: Any = None, step: Any = 1, *, dtype: Any = None) -> Array:
    if stop is None:
        start, stop = 0, start
    if not all(isinstance(x, _NUMERIC) and math.isfinite(x) for x in (start, stop, step)):
        raise Refused("arange takes finite numbers")
    budget.reserve(max(0, math.ceil((stop - start) / step)))
    return np.arange(start, stop, step, dtype=_dtype(dtype))


def _shape(shape: Any) -> tuple[int, ...]:
    sizes = tuple(shape) if isinstance(shape, (list, tuple)) else (shape,)
    if len(sizes) > 4 or not all(type(n) is int and n >= 0 for n in sizes):
        raise Refused("a shape is one to four whole numbers from 0 up")
    return sizes


def _filled(make: Callable[..., Array]) -> Callable[..., Array]:
    def fill(budget: Budget, shape: Any, dtype: Any = float) -> Array:
        sizes = _shape(shape)
        budget.reserve(math.prod(sizes))
        return make(sizes, _dtype(dtype))

    return fill


def _isin(budget: Budget, element: Any, test_elements: Any) -> Array:
    return np.asarray(np.isin(_array(budget, element), _array(budget, test_elements)))


def _hstack(budget: Budget, tup: Any) -> Array:
    if not isinstance(tup, (list, tuple)):
        raise Refused("hstack takes a tuple of arrays")
    budget.reserve(_items(tup))
    return np.hstack([_array(budget, part) for part in tup])


def _tile(budget: Budget, A: Any, reps: Any) -> Array:
    array, times = _array(budget, A), _shape(reps)
    budget.reserve(array.size * math.prod(times))
    return np.tile(array, times)


def _repeat(budget: Budget, a: Any, repeats: Any) -> Array:
    array, times = _array(budget, a), _array(budget, repeats)
    if times.dtype.kind not in "iu" or (times < 0).any() or (times > MAX_ITEMS).any():
        raise Refused(f"repeat takes whole numbers from 0 to {MAX_ITEMS}")
    budget.reserve(int(times.sum()) if times.size != 1 else int(times.flat[0]) * array.size)
    return np.repeat(array, times)


def _join(budget: Budget, *parts: Any) -> str:
    if not parts or not all(isinstance(part, str) for part in parts):
        raise Refused("os.path.join takes texts")
    return str(os.path.join(*parts))


def _environment(budget: Budget, *arguments: Any, **keywords: Any) -> str:
    """Refuse to look: a stranger's file could carry a secret out of it, in the names of files and in the manifest."""
    raise Refused("no variable of the environment is read; write its value here")


def _unbudgeted(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(budget: Budget, *arguments: Any, **keywords: Any) -> Any:
        return function(*arguments, **keywords)

    return call


_KINDS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "bool_")
DTYPES: dict[str, Any] = {f"numpy.{kind}": getattr(np, kind) for kind in _KINDS}
DTYPES |= {"bool": bool, "int": int, "float": float}
PROBES = {name: f"hybridfactory.probes.{name}" for name in ("custom_probe", "eMouse", "neuropixels3a")}
CONSTANTS: dict[str | None, Any] = {"numpy.nan": math.nan, "numpy.newaxis": None}
CALLS: dict[str, Callable[..., Any]] = {
    "numpy.arange": _arange,
    "numpy.array": _array,
    "numpy.hstack": _hstack,
    "numpy.isin": _isin,
    "numpy.ones": _filled(np.ones),
    "numpy.repeat": _repeat,
    "numpy.tile": _tile,
    "numpy.zeros": _filled(np.zeros),
    "os.getenv": _environment,
    "os.path.join": _join,
    **{dotted: _unbudgeted(getattr(raw_probe, name)) for name, dotted in PROBES.items()},
}
