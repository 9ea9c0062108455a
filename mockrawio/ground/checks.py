"""Checks of arguments: the error has the name, what was expected, what was found, and what to do."""

from __future__ import annotations

import numbers
from typing import Any

from .errors import MockSessionError


def require(ok: bool, name: str, expected: str, found: object, remedy: str = "Change it.") -> None:
    """Raise a MockSessionError that says what `name` must be, unless `ok`."""
    if not ok:
        shown = found if isinstance(found, str) and " " in found else repr(found)
        raise MockSessionError(name, expected, shown, remedy)


def is_whole(value: Any) -> bool:
    """Return True if `value` is an integer of Python's or NumPy's, and not a bool."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def is_real(value: Any) -> bool:
    """Return True if `value` is a real number, and not a bool."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
