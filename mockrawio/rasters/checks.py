"""What arguments may be: each function returns the value in its plain form or says what is wrong.

All of them raise :class:`MockSessionError` with the argument's name, what it may be, and what it is.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ..ground.arrays import Floats
from ..ground.checks import is_real, is_whole, require
from ..ground.errors import MockSessionError

FLOAT_MAX = sys.float_info.max


def number_in(name: str, value: Any, low: float, high: float = FLOAT_MAX, *, open_low: bool = False) -> float:
    """Return a finite float within bounds; `open_low` leaves the lower one out."""
    expected = f"a number {'above' if open_low else 'from'} {low:g}"
    expected += f" to {high:g}" if high < FLOAT_MAX else ""
    require(is_real(value) and low <= value <= high and not (open_low and value == low), name, expected, value)
    return float(value)


def whole_in(name: str, value: Any, low: int, high: int) -> int:
    """Return an int within bounds."""
    require(is_whole(value) and low <= value <= high, name, f"a whole number from {low} to {high}", value)
    return int(value)


def float_array(name: str, values: Any, dimensions: tuple[int, ...], *, any_value: bool = False) -> Floats:
    """Return finite float64 with one of the given numbers of dimensions; a copy only if one is needed."""
    try:
        array: Floats = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise MockSessionError(name, "numbers", f"{values!r:.80}", "Give an array of numbers.") from None
    expected = " or ".join(str(count) for count in dimensions)
    require(array.ndim in dimensions, name, f"an array of {expected} dimension(s)", f"shape {array.shape}")
    finite = any_value or array.size == 0 or bool(np.isfinite(array.min()) and np.isfinite(array.max()))
    require(finite, name, "finite numbers", "NaN or an infinity among them", "Replace it.")
    return array


def generator(seed: Any, rng: np.random.Generator | None) -> np.random.Generator:
    """Return `rng`, or a new generator for `seed`; both None draws a seed from the system.

    MockSessionError if both are given, or one is not what it must be.
    """
    if rng is None:
        try:
            return np.random.default_rng(seed)
        except (TypeError, ValueError):
            raise MockSessionError("seed", "a whole number from 0, or None", f"{seed!r}", "Give either.") from None
    require(seed is None, "seed and rng", "one of the two", "both of them", "Leave one out.")
    require(isinstance(rng, np.random.Generator), "rng", "a numpy.random.Generator", rng)
    return rng
