"""What the fields of a spec may be that are of no common kind: each returns the value in its plain form."""

from __future__ import annotations

import numbers
import os
import re
from fractions import Fraction
from typing import Any

from ..formats.spikes import any_format
from ..ground.checks import is_real, require
from ..ground.shown import Argument

RATES_HZ = 1000, 100_000  # the slowest and the fastest sampling
_FINEST = 10**6  # into how many parts a Hz may be divided
_RATE = re.compile(r"[0-9]{1,12}([.][0-9]{1,12}|/[1-9][0-9]{0,11})?")  # no exponent, of which the power may be endless


def is_whole_ms(seconds: float) -> bool:
    """Return True if seconds are a whole number of ms, as far as float64 can."""
    return abs(seconds * 1000 - round(seconds * 1000)) < 1e-6 * max(1.0, seconds)


def rational(name: Argument, value: Any) -> Fraction:
    """Return a sampling rate, exactly: that of a float is what it is written as."""
    low, high = RATES_HZ
    expected = f"None, or a rate from {low} to {high} Hz, as a number or as text such as '100000/3'"
    text = isinstance(value, str) and _RATE.fullmatch(value) is not None
    require(text or is_real(value) or isinstance(value, Fraction), name, expected, value)
    number = Fraction(value) if text else value
    require(low <= number <= high, name, expected, value)  # which "nan", a number too, is not
    rate = number if isinstance(number, Fraction) else Fraction(repr(float(number)))
    require(rate.denominator <= _FINEST, name, expected, value)
    return rate


def path(name: Argument, value: Any) -> str:
    """Return a path, as text."""
    require(isinstance(value, (str, os.PathLike)), name, f"None, or the path of a {any_format()} file", value)
    return os.fsdecode(value)


def sha256(name: Argument, value: Any) -> str:
    """Return a SHA-256."""
    ok = isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None
    require(ok, name, "None, or 64 hexadecimal digits", value)
    return str(value)


def durations(name: Argument, value: Any) -> tuple[float, ...]:
    """Return the seconds of each segment."""
    expected = "a tuple of seconds, each a whole number of ms above 0"
    require(isinstance(value, (tuple, list)) and len(value) > 0, name, expected, value)
    for seconds in value:
        ok = isinstance(seconds, numbers.Real) and 0.0005 < float(seconds) < 1e8 and is_whole_ms(float(seconds))
        require(ok, name, expected, seconds)
    return tuple(float(seconds) for seconds in value)


def names_of(name: Argument, value: Any) -> tuple[str, ...]:
    """Return the channels' names."""
    require(isinstance(value, (tuple, list)), name, "a tuple of names", value)
    for one in value:
        ok = isinstance(one, str) and one.isprintable() and one == one.strip() != "" and not one.endswith(".ncs")
        require(ok, name, "names that are printable, not empty and without .ncs", one)
    twice = [one for one in value if value.count(one) > 1] if len(set(value)) < len(value) else []
    require(not twice, name, "every name once", twice[:1])
    return tuple(value)
