"""Parts: what their fields may be, how errors name them, and their one form in JSON and TOML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, FrozenInstanceError, dataclass, fields
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.generate import parts
from mockrawio.generate.parts.form import (
    Family,
    Part,
    checked,
    choice,
    from_fields,
    in_json,
    real,
    span,
    whole,
    whole_span,
    yes,
)
from mockrawio.ground.shown import Argument


@dataclass(frozen=True)
class Inner(Part):
    """A part of one field."""

    size: float = real(1.0, 0.0, 10.0)


@dataclass(frozen=True)
class Other(Part):
    """A part without fields."""


FAMILY = Family("a part of ours", Inner, Other)
NAME = Argument("field", of="Case")


@dataclass(frozen=True)
class Case(Part):
    """A part with a field of each kind."""

    size: float = real(0.5, -1.0, 1.0)
    perhaps: float | None = real(None, 0.0, 1.0)
    count: int = whole(3, 0, 9)
    some: int | None = whole(3, 0, 9, optional=True)
    flag: bool = yes(False)
    word: str = choice("one", "one", "two")
    low_high: tuple[float, float] = span((0.0, 1.0), 0.0, 5.0)
    counts: tuple[int, int] | None = whole_span(None, 0, 9)
    inner: Inner | Other = checked(Inner(), FAMILY.one)
    parts: tuple[Part, ...] = checked((), FAMILY.several)


FAMILY_OF_CASES = Family("cases", Case)
BAD = [
    ({"size": 1.5}, "Case.size: expected a number from -1 to 1; found 1.5"),
    ({"size": None}, "Case.size: expected a number"),
    ({"size": float("nan")}, "found nan"),
    ({"size": True}, "found True"),
    ({"size": "0.5"}, "found '?0.5"),
    ({"perhaps": -1}, "Case.perhaps: expected None, or a number from 0 to 1"),
    ({"count": 2.0}, "Case.count: expected a whole number from 0 to 9; found 2.0"),
    ({"count": None}, "Case.count: expected a whole number"),
    ({"some": 10}, "Case.some: expected None, or a whole number"),
    ({"flag": 1}, "Case.flag: expected True or False; found 1"),
    ({"word": "three"}, "Case.word: expected 'one' or 'two'"),
    ({"word": ["one"]}, "Case.word"),
    ({"low_high": (2.0, 1.0)}, "Case.low_high: expected the lowest and the highest of them, two numbers from 0 to 5"),
    ({"low_high": (1.0,)}, "Case.low_high"),
    ({"low_high": 3.0}, "found 3.0"),
    ({"counts": (1.0, 2)}, "Case.counts: expected None, or the lowest and the highest of them, two whole numbers"),
    ({"inner": 3}, "Case.inner: expected a part of ours: Inner, Other; found 3"),
    ({"inner": Inner}, "Case.inner: expected a part of ours"),
    ({"inner": {"part": "Outer"}}, "Case.inner: expected 'part' as one of Inner, Other"),
    ({"inner": {"part": 3}}, "Case.inner: expected 'part' as one of Inner, Other"),
    ({"inner": {"part": "Inner", "size": 11}}, "Inner.size: expected a number from 0 to 10"),
    ({"inner": {"width": 3}}, "Inner: expected the fields size; found width. Remove it."),
    ({"parts": 3}, "Case.parts: expected a tuple of parts: Inner, Other"),
    ({"parts": (Inner(), 3)}, "Case.parts: expected a part of ours"),
]


@pytest.mark.parametrize(("fields", "words"), BAD, ids=lambda value: str(value)[:40])
def test_what_a_field_cannot_be_is_refused(fields, words):
    """The error names the field, what it may be, and what it is."""
    with pytest.raises(MockSessionError, match=words):
        Case(**fields)


def test_fields_hold_plain_values():
    """Whatever kind of number or sequence is given, a part holds Python's own."""
    case = Case(np.float32(0.25), count=np.int8(4), low_high=[np.float64(1), 2], counts=[np.int64(1), 2], some=None)
    assert case == Case(0.25, count=4, low_high=(1.0, 2.0), counts=(1, 2), some=None)
    assert {type(value) for value in (case.size, *case.low_high)} == {float}
    assert {type(value) for value in (case.count, *case.counts)} == {int}
    with pytest.raises(FrozenInstanceError):
        case.size = 1.0


def test_parts_are_values():
    """Parts with the same fields are equal, and hash alike; another class or field is another value."""
    assert Case(parts=[{"part": "Other"}, Inner(3)]) == Case(parts=(Other(), Inner(3.0)))
    assert hash(Case()) == hash(Case(inner=Inner(1.0)))
    assert Case() != Case(inner=Other())
    assert Inner() != Other()


def test_parts_have_one_form():
    """A part becomes a mapping with its name, of JSON's values alone, and comes back from it; its fields do, too."""
    case = Case(perhaps=None, counts=(1, 2), inner=Other(), parts=(Inner(2), Other()))
    form = case.to_dict()
    assert form == {
        "part": "Case",
        "size": 0.5,
        "perhaps": None,
        "count": 3,
        "some": 3,
        "flag": False,
        "word": "one",
        "low_high": [0.0, 1.0],
        "counts": [1, 2],
        "inner": {"part": "Other"},
        "parts": [{"part": "Inner", "size": 2.0}, {"part": "Other"}],
    }
    assert FAMILY_OF_CASES.one(NAME, form) == case
    del form["part"]
    assert from_fields(Case, form) == case


def test_a_family_takes_a_part_by_any_form():
    """A part is given as itself or as its mapping, whose name may be left out for the first; several, alone or not."""
    assert FAMILY.one(NAME, Inner(2)) == FAMILY.one(NAME, {"part": "Inner", "size": 2}) == FAMILY.one(NAME, {"size": 2})
    assert FAMILY.one(NAME, {"part": "Other"}) == Other()
    assert FAMILY.several(NAME, Other()) == FAMILY.several(NAME, [{"part": "Other"}]) == (Other(),)
    assert FAMILY.several(NAME, []) == ()
    assert list(FAMILY) == ["Inner", "Other"]
    assert FAMILY["Other"] is Other
    assert len(FAMILY) == 2


def test_a_mapping_is_left_as_it_is():
    """What makes a part changes no mapping of the caller."""
    given = {"part": "Inner", "size": 2}
    FAMILY.one(NAME, given)
    assert given == {"part": "Inner", "size": 2}


@pytest.mark.parametrize(
    ("value", "form"),
    [(Fraction(1, 3), "1/3"), (Fraction(1, 4), 0.25), (Fraction(1, 10), 0.1), ((1, (2.5, None)), [1, [2.5, None]])],
)
def test_values_in_json(value, form):
    """Fractions are numbers where a float is written so, text else; tuples are lists, in tuples too."""
    assert in_json(value) == form


def said_of_fields() -> Iterator[str]:
    """Yield a line for each field of each part: its default, and what it may be."""
    for name in parts.__all__:
        part = getattr(parts, name)
        for one in fields(part) if issubclass(part, Part) else ():
            default = "" if one.default is MISSING else f" = {one.default}"
            with pytest.raises(MockSessionError) as error:
                one.metadata["check"](NAME, object())
            yield f"{name}.{one.name}{default}: {error.value.expected}"


def test_the_fields_of_all_parts():
    """Defaults and limits are those of the list beside this file: another default makes other sessions of old specs."""
    expected = Path(__file__).with_name("parts.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in said_of_fields() if line not in expected] == []
    assert len(list(said_of_fields())) == len(expected)


NEEDED = {
    "DeadChannel": {"channels": 1},
    "NoisyChannel": {"channels": 1},
    "Measured": {"uV": [1.0], "correlation": [[]], "taps": [1]},
}


def test_every_field_of_every_part_is_checked():
    """What is made of a part with something else in one of its fields is an error that names the field."""
    for name in parts.__all__:
        kind = getattr(parts, name)
        for one in fields(kind) if issubclass(kind, Part) else ():
            with pytest.raises(MockSessionError) as error:
                kind(**{**NEEDED.get(name, {}), one.name: object()})
            assert error.value.subject == f"{name}.{one.name}"
