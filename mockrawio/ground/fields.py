"""Short fields with blanks between them: a whole text split at once, its columns converted at once.

Nothing is done field by field in Python: a field is a place in the text and a length, a column
is gathered in one step, and plain decimal numbers are put together digit by digit for all rows
at once. Anything else that is a number NumPy converts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

MAX_FIELD = 64  # characters: a column is as wide as its longest field
EXACT = {np.float64: 15, np.int64: 18}  # this many digits are exact, and so is their quotient with a power of ten

Text = npt.NDArray[np.bytes_]


class BadRow(ValueError):
    """A field of a column could not be converted; it has the row."""


class Fields:
    """The fields of a text of lines: `counts` of each line, `size` in all; any character up to the space is a blank."""

    def __init__(self, body: bytes) -> None:
        self._text = np.frombuffer(body + bytes(MAX_FIELD), np.uint8)  # so that every field has a whole window
        blank = self._text <= 32
        edges = np.flatnonzero(blank != np.concatenate(([True], blank[:-1])))
        self._starts, self._lengths = edges[0::2], edges[1::2] - edges[0::2]
        self.size = self._starts.size
        ends = np.append(np.flatnonzero(self._text == ord("\n")), self._text.size)
        self.counts: npt.NDArray[np.int64] = np.diff(np.searchsorted(self._starts, ends), prepend=0)

    def long_line(self) -> int | None:
        """Return the first line with a field longer than MAX_FIELD, if there is one."""
        long = np.flatnonzero(self._lengths > MAX_FIELD)
        return int(np.searchsorted(np.cumsum(self.counts), long[0], side="right")) if long.size else None

    def column(self, first: int, step: int) -> Text:
        """Return every `step`-th field from the `first` on, none of them longer than MAX_FIELD."""
        starts, lengths = self._starts[first::step], self._lengths[first::step]
        width = int(lengths.max(initial=1))
        chars = np.lib.stride_tricks.sliding_window_view(self._text, width)[starts]
        chars *= np.arange(width) < lengths[:, None]
        column: Text = chars.view(f"S{width}")[:, 0]
        return column


def as_str(column: Text) -> npt.NDArray[np.str_]:
    """Return a column of ASCII as text."""
    wide: npt.NDArray[np.str_] = _characters(column).astype(np.uint32).view(f"U{column.itemsize}")[:, 0]
    return wide


def _characters(column: Text) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(column).view(np.uint8).reshape(column.size, column.itemsize)


def numbers(column: Text, dtype: type[np.float64] | type[np.int64]) -> npt.NDArray[Any]:
    """Convert a column of text; BadRow for the first field that is no finite number of this dtype."""
    plain = _decimals(column, dtype)
    if plain is not None:
        return plain
    try:
        converted: npt.NDArray[Any] = column.astype(dtype)
    except (ValueError, OverflowError):
        raise BadRow(next(i for i, field in enumerate(column) if not _is_number(field, dtype))) from None
    if not np.isfinite(converted).all():
        raise BadRow(int(np.flatnonzero(~np.isfinite(converted))[0]))
    return converted


def _is_number(field: bytes, dtype: type) -> bool:
    try:
        return bool(np.isfinite(np.array(field).astype(dtype)))
    except (ValueError, OverflowError):
        return False


def _decimals(column: Text, dtype: type[np.float64] | type[np.int64]) -> npt.NDArray[Any] | None:
    """Convert digits with at most one point among them (none for an int); None if any field is otherwise."""
    if column.itemsize > EXACT[dtype]:
        return None
    chars = np.ascontiguousarray(_characters(column).T)
    value, decimals, points = (np.zeros(column.size, np.int64) for _ in range(3))
    known = 0
    for row in chars:
        digit, point = row - np.uint8(ord("0")), row == ord(".")
        is_digit = digit < 10
        known += int(np.count_nonzero(is_digit))
        value = np.where(is_digit, value * 10 + digit, value)
        decimals += is_digit & (points > 0)
        points += point
    n_points, n_ends = int(points.sum()), np.count_nonzero(chars == 0)
    with_digits = (np.count_nonzero(chars, axis=0) > points).all()
    if known + n_points + n_ends != chars.size or not with_digits or (points > (dtype is np.float64)).any():
        return None
    return value / 10.0**decimals if dtype is np.float64 else value
