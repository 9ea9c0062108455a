"""Columns of short fields are what Python makes of them field by field."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mockrawio.ground.fields import MAX_FIELD, BadRow, Fields, as_str, numbers

FIELDS = st.one_of(
    st.from_regex(rb"\A[0-9]{1,20}\Z"),
    st.from_regex(rb"\A[0-9]{0,9}\.[0-9]{0,9}\Z"),
    st.from_regex(rb"\A[-+0-9.eE]{1,6}\Z"),
    st.sampled_from([b"nan", b"inf", b"-inf", b"x", b"9" * 19]),
)


def by_hand(fields: list[bytes], dtype: type) -> list[float] | int:
    """Return the numbers, or the row of the first field that is none."""
    values: list[float] = []
    for row, field in enumerate(fields):
        try:
            value = float(field) if dtype is np.float64 else int(field)
        except ValueError:
            return row
        if not math.isfinite(float(value)) or (dtype is np.int64 and not -(2**63) <= value < 2**63):
            return row
        values.append(value)
    return values


@pytest.mark.slow
@given(st.lists(FIELDS, max_size=6), st.sampled_from([np.int64, np.float64]))
@example([b"999999999999999999"], np.int64)
@example([b"0.1", b".", b"5"], np.float64)
@example([b"123456789012345"], np.float64)
def test_numbers_are_pythons(fields: list[bytes], dtype: type) -> None:
    """Every digit counts, whether it goes the fast way or NumPy's; the first bad row is named."""
    column = Fields(b"\n".join(fields)).column(0, 1)
    assert column.tolist() == fields and as_str(column).tolist() == [f.decode() for f in fields]
    expected = by_hand(fields, dtype)
    if isinstance(expected, int):
        with pytest.raises(BadRow) as raised:
            numbers(column, dtype)
        assert raised.value.args == (expected,)
    else:
        assert numbers(column, dtype).tolist() == expected


def test_fields_of_lines() -> None:
    """Fields are counted line by line, whatever blanks stand between them."""
    fields = Fields(b"\n a\tbb  c\r\n\nd")
    assert fields.counts.tolist() == [0, 3, 0, 1] and fields.size == 4
    assert (fields.column(0, 2).tolist(), fields.column(1, 2).tolist()) == ([b"a", b"c"], [b"bb", b"d"])
    assert Fields(b"").column(0, 1).tolist() == []


def test_a_long_field_is_found() -> None:
    """The line of a field longer than any number; one of just that length is none."""
    most = b"9" * MAX_FIELD
    assert Fields(b"1\n2 " + most).long_line() is None
    assert Fields(b"1\n2 " + most + b"9\n3").long_line() == 1


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
@pytest.mark.parametrize("byte", [0x2F, 0x3A, 0xB1, 0xD1, 0xFF])
def test_no_other_byte_is_a_digit(byte: int, dtype: type[np.int64] | type[np.float64]) -> None:
    """What is next to the digits, or would be one if bytes wrapped round, is none; the row that has it is named."""
    column = Fields(b"12\n7%c\n3" % byte).column(0, 1)
    with pytest.raises(BadRow) as raised:
        numbers(column, dtype)
    assert raised.value.args == (1,)
