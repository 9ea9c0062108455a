"""JSON files, read more strictly than Python's parser reads them, since they may come from anyone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, NoReturn

from .errors import BadFileError
from .places import Where, read_text

MAX_DEPTH = 32


def read_json(path: Where, expected: str, remedy: str) -> dict[str, Any]:
    """Return the object that a JSON file holds; `expected` and `remedy` are for the error.

    BadFileError if the file cannot be read or is no JSON object in UTF-8, has a key twice (of which readers take the
    first or the last, as they please), or NaN or Infinity, which JSON lacks.
    """
    return json_object(path, read_text(path), expected, remedy)


def json_object(path: Where, text: bytes, expected: str, remedy: str) -> dict[str, Any]:
    """Return the object in the bytes of a JSON file; see :func:`read_json`."""
    try:
        content = json.loads(text.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadFileError(path, expected, f"{error}"[:200], remedy) from None
    if not _is_shallow(content):
        raise BadFileError(path, expected, f"more than {MAX_DEPTH} levels", remedy)
    if type(content) is not dict:
        raise BadFileError(path, expected, f"a {type(content).__name__}", remedy)
    return content


def _is_shallow(content: Any) -> bool:
    """Return True if the nesting is shallow enough to be shown and written again without running out of stack."""
    level = [content]
    for _ in range(MAX_DEPTH):
        inner = (value.values() if type(value) is dict else value for value in level if type(value) in (dict, list))
        level = [value for values in inner for value in values]
    return not level


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        ((twice, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {twice[:40]!r} twice")
    return content


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name}, which is no JSON")
