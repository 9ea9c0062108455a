"""Checks of arguments: an index, a limit of time, a tolerance, the dtype of a result."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ground.errors import BadTypeError, BoundsError
from ..ground.shown import Argument, Text


def checked_index(source: str, what: str, value: Any, count: int, kind: str) -> int:
    """Return an index as an int: a NumPy integer is one, ``True`` is 1, 1.0 and "1" are refused.

    `what` is the argument's name, `kind` what there are `count` of. BadTypeError if it is not a whole number;
    BoundsError if it is negative, or too large, or is left out where there is no default.
    """
    if type(value) is int and 0 <= value < count:
        return value
    try:
        index = -1 if value is None else operator.index(value)
    except TypeError:
        raise BadTypeError(source, f"{what} as a whole number", f"{value!r}", f"The header lists the {kind}.") from None
    if not 0 <= index < count:
        known = f"0 to {count - 1}" if count else f"no {kind}"
        raise BoundsError(source, f"{what} in {known}", value, f"The header lists the {kind}.")
    return index


def time_limit(name: str, value: Any, unit: str = "seconds") -> float | None:
    """Return a limit as a float, None for none; infinity is a limit, NaN is not.

    BadTypeError if it is neither a number nor a quantity of time.
    """
    if value is None or (type(value) is float and value == value):
        return value
    try:
        if hasattr(value, "rescale"):  # else 500 ms would be 500 s
            value = value.rescale("s").magnitude
        number = math.nan if isinstance(value, (str, bytes)) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if math.isnan(number):
        raise BadTypeError(Argument(name), f"a number, {unit}, or None", f"{value!r}", "Give a number.")
    return number


def time_limits(t_start: Any, t_stop: Any) -> tuple[float | None, float | None]:
    """Return both limits, as :func:`time_limit` does; BoundsError if the first is after the second."""
    low, high = time_limit("t_start", t_start), time_limit("t_stop", t_stop)
    if low is not None and high is not None and low > high:
        expected = Text("a time from ", Argument("t_start"), f" on, {low:g} s")
        raise BoundsError(Argument("t_stop"), expected, f"{high:g} s", "Swap them.")
    return low, high


def gap_tolerance(name: str, value: Any) -> float | None:
    """Return a tolerance in ms as a float, None for none.

    BadTypeError if it is not a number; BoundsError if it is below 0 or infinite.
    """
    number = time_limit(name, value, "ms")
    if number is not None and not 0 <= number < math.inf:
        raise BoundsError(Argument(name), "ms, 0 or more", f"{value!r}", "Give the longest gap that is to be bridged.")
    return number


def floating(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Return the dtype of a result in physical units; BadTypeError if it is one that would drop the fractions."""
    found = np.dtype(dtype)
    if found.kind not in "fc":
        raise BadTypeError("dtype", "a floating dtype", str(found), "Pass 'float32' or 'float64', and round that.")
    return found
