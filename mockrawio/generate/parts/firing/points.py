"""A factor that changes along something, given at points between which it lies on straight lines."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ....ground.arrays import Floats
from ....ground.checks import is_real, require
from ....ground.shown import Argument

Points = tuple[tuple[float, float], ...]

_MOST = 1000.0


def points(name: Argument, value: Any) -> Points:
    """Return pairs of a time and a factor, the times ascending; this is the check of a field."""
    expected = f"pairs of a time, ascending, and a factor from 0 to {_MOST:g}"
    value = value.tolist() if isinstance(value, np.ndarray) else value
    require(isinstance(value, (tuple, list)) and len(value) > 0, name, expected, value)
    for pair in value:
        require(isinstance(pair, (tuple, list)) and len(pair) == 2 and all(map(is_real, pair)), name, expected, pair)
        require(abs(pair[0]) < 1e9 and 0 <= pair[1] <= _MOST, name, expected, pair)
    rising = all(one[0] < other[0] for one, other in pairwise(value))
    require(rising, name, expected, tuple(pair[0] for pair in value))
    return tuple((float(time), float(factor)) for time, factor in value)


def along(some: Points, times: Floats) -> Floats:
    """Return the factors at times, float64 (n,): before the first point and after the last one those of these.

    Every step is rounded as everywhere: NumPy's own ``interp`` need not be.
    """
    x, y = (np.array(column) for column in zip(*some, strict=True))
    times = np.clip(times, x[0], x[-1])
    at = np.clip(np.searchsorted(x, times, side="right"), 1, max(1, len(x) - 1))
    if len(x) == 1:
        return np.full(len(times), y[0])
    part = (times - x[at - 1]) / (x[at] - x[at - 1])
    part *= y[at] - y[at - 1]
    factors: Floats = y[at - 1] + part
    return factors
