"""Tables of numbers: as lines of text, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .causes import cause_names


def table_lines(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """Return a table as lines whose columns end below one another: floats get three decimals, None is a dash."""
    cells = [list(head), *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in cells]


def _cell(value: Any) -> str:
    return "-" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


def count_of(count: int, what: str) -> str:
    """Return a number of things, with their name in the plural unless it is one."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def cause_text(causes: Mapping[str, int]) -> str:
    """Return causes and how often each is one, the most frequent first."""
    return ", ".join(f"{name} {count}" for name, count in sorted(causes.items(), key=lambda item: -item[1]))


def flat_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row in which counts by cause, such as ``causes``, are a column a cause: ``causes: overlap``."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        counts = isinstance(value, Mapping)
        flat |= {f"{name}: {cause}": value.get(cause, 0) for cause in cause_names()} if counts else {name: value}
    return flat


def csv_of(rows: Iterable[Iterable[Any]]) -> bytes:
    """Return rows as CSV with line feeds; what is not known, None, is an empty cell."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
