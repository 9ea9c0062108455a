"""TOML files, read and written."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from .errors import BadFileError, MockSessionError
from .places import Where, file_at, read_text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_BYTES = 1 << 24


def read_toml(where: Where, too_large: str = "Write less into it.") -> dict[str, Any]:
    """Return what a TOML file holds; `too_large` says what to do about one of more than 16 MiB.

    BadFileError if the file cannot be read, or is no TOML.
    """
    body, path = read_text(where), file_at(where).path
    if len(body) > MAX_BYTES:
        raise BadFileError(path, f"at most {MAX_BYTES} bytes", f"{len(body)}", too_large)
    try:
        return tomllib.loads(body.decode("utf-8-sig").replace("\r\n", "\n"))
    except (ValueError, RecursionError) as error:  # of which TOMLDecodeError and UnicodeDecodeError are kinds
        raise BadFileError(path, "a TOML file", str(error) or "too much nesting", "Correct that line.") from None


def toml_document(values: Mapping[str, Any]) -> str:
    """Return a document whose top level is as given: plain values first, then a table or an array of them each.

    What is None is left out, since TOML has no such value.
    """
    given = {key: value for key, value in values.items() if value is not None}
    plain = {key: value for key, value in given.items() if not _tables(value)}
    lines = [f"{_key(key)} = {toml_value(value)}" for key, value in plain.items()]
    for key, value in given.items():
        mark = f"[{_key(key)}]" if isinstance(value, Mapping) else f"[[{_key(key)}]]"
        for table in _tables(value):
            lines += ["", mark, *_lines(table)]
    return "\n".join([*lines, ""])


def _lines(table: Mapping[str, Any]) -> Iterator[str]:
    return (f"{_key(key)} = {toml_value(value)}" for key, value in table.items() if value is not None)


def _tables(value: Any) -> list[Mapping[str, Any]]:
    """Return the tables that a value is, if it is any."""
    if isinstance(value, Mapping):
        return [value]
    several = isinstance(value, (tuple, list)) and all(isinstance(one, Mapping) for one in value)
    return list(value) if several else []


def toml_value(value: Any) -> str:
    """Return a value as TOML has it: a number, a text or path, a bool, a sequence of values, or a table in a line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return f"{{{', '.join(_lines(value))}}}"
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # nan, inf, -inf: TOML calls them so too
    if isinstance(value, (int, float)):
        return repr(value)
    return _string(os.fspath(value))


def _key(text: str) -> str:
    bare = text.isascii() and text.replace("_", "").replace("-", "").isalnum()
    return text if bare else _string(text)


def _string(text: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise MockSessionError(f"{text!r}", "text that UTF-8 has", "other bytes", "Rename the file.")
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
