"""Checks of arguments: the error has the name, what was expected, what was found, and what to do."""

from __future__ import annotations

import numbers
import re
from difflib import get_close_matches
from typing import Any

from .errors import MockSessionError

_QUOTED = re.compile(r"""['"]([^'"]+)['"]""")  # the names of which one may be meant, if they are in quotes
_LISTED = re.compile(r"one of |: |, | or ")  # else what is between these
_OPTIONAL = "None, or "


def require(ok: bool, name: str, expected: str, found: object, remedy: str | None = None) -> None:
    """Raise a MockSessionError that says what `name` must be, unless `ok`; what to do is to give that, if left out."""
    if not ok:
        shown = found if isinstance(found, str) and " " in found else repr(found)
        raise MockSessionError(name, expected, shown, remedy or to_give(expected, found))


def to_give(expected: str, found: object = None) -> str:
    """Return the remedy for an argument that is not as expected: the name that was meant, or what to give."""
    names = _QUOTED.findall(expected) or _LISTED.split(expected)
    if isinstance(found, str) and (near := get_close_matches(found, names, 1)):
        return f"Did you mean {near[0]!r}?"
    if expected.startswith(_OPTIONAL):
        return f"Give {expected[len(_OPTIONAL) :]}, or leave it out."
    return f"Give {expected}."


def is_whole(value: Any) -> bool:
    """Return True if `value` is an integer of Python's or NumPy's, and not a bool."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def is_real(value: Any) -> bool:
    """Return True if `value` is a real number, and not a bool."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
