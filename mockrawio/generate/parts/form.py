"""What a part of a spec is: a frozen value whose fields are checked one by one, with one form in JSON and TOML.

A class says of each of its fields what it may be, with :func:`real`, :func:`whole` and the like; the error names the
field, what it may be and what it is. The first field of a part may be given without its name.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from fractions import Fraction
from typing import Any, TypeVar

from ...ground.checks import is_real, is_whole, require
from ...ground.errors import MockSessionError
from ...ground.shown import Argument

PART = "part"  # the key that says which part a mapping is

# Returns a field's value in its plain form; raises MockSessionError with the field's name if it can be none.
Check = Callable[[Argument, Any], Any]
P = TypeVar("P", bound="Part")


def checked(default: Any, check: Check, optional: bool = False) -> Any:
    """Return a field of a part, with what checks it; it may be None where it is `optional` or that is the default."""
    optional = optional or default is None
    return field(default=default, metadata={"check": _or_none(check) if optional else check})


def _or(default: object) -> str:
    return "None, or " if default is None else ""


def _or_none(check: Check) -> Check:
    return lambda name, value: None if value is None else check(name, value)


def real(default: float | None, low: float, high: float) -> Any:
    """Return a field that is a number, with its least and its most value."""
    expected = f"{_or(default)}a number from {low:g} to {high:g}"

    def check(name: Argument, value: Any) -> float:
        require(is_real(value) and low <= value <= high, name, expected, value)
        return float(value)

    return checked(default, check)


def whole(default: int | None, low: int, high: int, *, optional: bool = False) -> Any:
    """Return a field that is a whole number, with its least and its most value; None too where it is `optional`."""
    expected = f"{_or(None if optional else default)}a whole number from {low} to {high}"

    def check(name: Argument, value: Any) -> int:
        require(is_whole(value) and low <= value <= high, name, expected, value)
        return operator.index(value)

    return checked(default, check, optional)


def yes(default: bool) -> Any:
    """Return a field that is True or False."""

    def check(name: Argument, value: Any) -> bool:
        require(isinstance(value, bool), name, "True or False", value)
        return bool(value)

    return checked(default, check)


def wholes(default: Any, low: int, high: int) -> Any:
    """Return a field that is several different whole numbers, in ascending order; one may be given alone."""
    expected = f"one or more different whole numbers from {low} to {high}"

    def check(name: Argument, value: Any) -> tuple[int, ...]:
        some = value if isinstance(value, (tuple, list)) else (value,)
        ok = all(is_whole(one) and low <= one <= high for one in some) and len(set(some)) == len(some)
        require(ok and (len(some) > 0 or default == ()), name, expected, value)
        return tuple(sorted(map(operator.index, some)))

    return checked(default, check)


def reals(default: Any, low: float, high: float) -> Any:
    """Return a field that is several numbers, in their order; one may be given alone."""
    expected = f"one or more numbers from {low:g} to {high:g}"

    def check(name: Argument, value: Any) -> tuple[float, ...]:
        some = value if isinstance(value, (tuple, list)) else (value,)
        ok = all(is_real(one) and low <= one <= high for one in some)
        require(ok and (len(some) > 0 or default == ()), name, expected, value)
        return tuple(map(float, some))

    return checked(default, check)


def choice(default: str, *names: str) -> Any:
    """Return a field that is one of a few words."""

    def check(name: Argument, value: Any) -> str:
        require(isinstance(value, str) and value in names, name, " or ".join(map(repr, names)), value)
        return str(value)

    return checked(default, check)


def word(default: str) -> Any:
    """Return a field that is a name: letters, digits and underscores, of which the first is a letter."""

    def check(name: Argument, value: Any) -> str:
        ok = isinstance(value, str) and value.isascii() and value.isidentifier() and value[0] != "_"
        require(ok, name, "a name of letters, digits and underscores", value)
        return str(value)

    return checked(default, check)


def span(default: tuple[float, float] | None, low: float, high: float) -> Any:
    """Return a field that is the lowest and the highest of something."""
    expected = f"{_or(default)}the lowest and the highest of them, two numbers from {low:g} to {high:g}"

    def check(name: Argument, value: Any) -> tuple[float, float]:
        ok = isinstance(value, (tuple, list)) and len(value) == 2 and all(map(is_real, value))
        require(ok and low <= value[0] <= value[1] <= high, name, expected, value)
        return float(value[0]), float(value[1])

    return checked(default, check)


def whole_span(default: tuple[int, int] | None, low: int, high: int) -> Any:
    """Return a field that is the lowest and the highest of something that is counted."""
    expected = f"{_or(default)}the lowest and the highest of them, two whole numbers from {low} to {high}"

    def check(name: Argument, value: Any) -> tuple[int, int]:
        ok = isinstance(value, (tuple, list)) and len(value) == 2 and all(map(is_whole, value))
        require(ok and low <= value[0] <= value[1] <= high, name, expected, value)
        return operator.index(value[0]), operator.index(value[1])

    return checked(default, check)


@dataclass(frozen=True)
class Part:
    """A part of a spec; equal to another of its class with the same fields."""

    def __post_init__(self) -> None:
        """Check every field, and hold its plain form."""
        for one in fields(self):
            name = Argument(one.name, of=type(self).__name__)
            object.__setattr__(self, one.name, one.metadata["check"](name, getattr(self, one.name)))

    def to_dict(self) -> dict[str, Any]:
        """Return the part as JSON and TOML have it: its name under ``part``, and its fields."""
        return {PART: type(self).__name__, **fields_in_json(self)}


def fields_in_json(part: Any) -> dict[str, Any]:
    """Return the fields of a part as JSON takes them."""
    return {one.name: in_json(getattr(part, one.name)) for one in fields(part)}


def in_json(value: Any) -> Any:
    """Return a value as JSON takes it: a part as its mapping, tuples as lists, a fraction as a number if it can be."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, (tuple, list)):
        return [in_json(one) for one in value]
    if isinstance(value, Fraction):
        return float(value) if Fraction(repr(float(value))) == value else str(value)
    return value


class Family(Mapping[str, "type[Part]"]):
    """The registry of the parts that may stand in one place, by name; a new one is one entry more."""

    def __init__(self, what: str, *parts: type[Part]) -> None:
        self.what = what  # "a part of the noise"
        self._parts = {part.__name__: part for part in parts}

    def __getitem__(self, name: str) -> type[Part]:
        """Return the class of a name."""
        return self._parts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def one(self, name: Argument, value: Any) -> Any:
        """Return a part from itself or from its mapping; this is the check of a field that is one."""
        if isinstance(value, Mapping):
            return self._made(name, value)
        remedy = f"Give {next(iter(self._parts))}(...), or another of them."
        require(isinstance(value, tuple(self._parts.values())), name, f"{self.what}: {self._names}", value, remedy)
        return value

    def several(self, name: Argument, value: Any) -> tuple[Any, ...]:
        """Return a tuple of parts from a sequence of them, or from one; this is the check of a field of several."""
        if isinstance(value, (Part, Mapping)):
            value = (value,)
        require(isinstance(value, (tuple, list)), name, f"a tuple of parts: {self._names}", value)
        return tuple(self.one(name, part) for part in value)

    @property
    def _names(self) -> str:
        return ", ".join(self._parts)

    def _made(self, name: Argument, value: Mapping[str, Any]) -> Part:
        given = dict(value)
        # the only part that there is, or the first one, need not be named
        kind = given.pop(PART, next(iter(self._parts)))
        require(isinstance(kind, str) and kind in self._parts, name, f"{PART!r} as one of {self._names}", kind)
        return from_fields(self._parts[kind], given)


def numbered(names: Iterable[str]) -> list[str]:
    """Return names of which the second of a kind has ``.2`` after it, the third ``.3``, and so on."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(f"{name}.{seen[name]}" if seen[name] > 1 else name)
    return found


def from_fields(kind: type[P], values: Mapping[str, Any]) -> P:
    """Return a part from its fields, as :func:`fields_in_json` gives them.

    MockSessionError if a key is not a field, a field without a default is missing, or a value is not what it takes.
    """
    known = _settable(kind)
    unknown = sorted(str(key) for key in set(values) - set(known))
    if unknown:
        raise MockSessionError(kind.__name__, f"the fields {', '.join(known)}", ", ".join(unknown), "Remove it.")
    missing = [one.name for one in fields(kind) if one.init and one.default is MISSING and one.name not in values]
    if missing:
        raise MockSessionError(kind.__name__, f"the fields {', '.join(known)}", f"no {missing[0]}", "Add it.")
    return kind(**values)


def _settable(kind: type[Part]) -> Iterable[str]:
    return sorted(inspect.signature(kind).parameters)
