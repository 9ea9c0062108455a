"""Curves through given points, straight between them, level beyond the first and the last."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ....ground.arrays import Floats, Ints
from ....ground.checks import require
from ....ground.shown import Argument
from ..form import Check

_MOST = 1e9


class Between(NamedTuple):
    """Where values lie among points: between point `low` and the next one, `share` of the way."""

    low: Ints
    high: Ints
    share: Floats  # from 0 to 1

    @classmethod
    def of(cls, values: Floats, points: Floats) -> Between:
        """Find values among points that ascend."""
        low = np.clip(np.searchsorted(points, values, side="right") - 1, 0, len(points) - 1)
        high = np.minimum(low + 1, len(points) - 1)
        width = np.where(high > low, points[high] - points[low], np.inf)  # beyond the last it lies at that
        return cls(low, high, np.clip((values - points[low]) / width, 0.0, 1.0))

    def mean(self, at_low: Floats, at_high: Floats) -> Floats:
        """Return what lies between two values; exactly one of these at either end."""
        return at_low * (1 - self.share) + at_high * self.share


def series(expected: str, n_axes: int = 1, ascending: bool = False) -> Check:
    """Return the check of a field that is numbers in `n_axes` axes: what it takes becomes nested tuples."""

    def check(name: Argument, value: Any) -> tuple[Any, ...]:
        array = _array(name, value, expected)
        array = array[:, None] if array.ndim == 1 and n_axes == 2 else array
        require(array.ndim == n_axes and array.size > 0, name, expected, f"an array of shape {array.shape}")
        wrong = ~(np.abs(array) <= _MOST)  # NaN is so, too
        if ascending:
            wrong[1:] |= ~(np.diff(array) > 0)
        require(not wrong.any(), name, expected, f"{array[wrong][:1]}")
        return tuple(tuple(row) if n_axes == 2 else row for row in array.tolist())

    return check


def _array(name: Argument, value: Any, expected: str) -> Floats:
    ok = isinstance(value, (tuple, list, np.ndarray))
    require(ok, name, expected, value)
    try:
        return np.array(value, dtype=np.float64)
    except (TypeError, ValueError):  # texts, or rows that are not equally long
        require(False, name, expected, value)
        raise
