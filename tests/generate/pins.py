"""Numbers that are to stay as they are, where there are too many to be written down: by their SHA-256."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

PINNED = dict(line.split() for line in Path(__file__).with_name("pinned.txt").read_text(encoding="utf-8").splitlines())


def plain(value: Any) -> Any:
    """Return a value as Python's own: arrays as their type, shape and bytes, what is in tuples and dicts too."""
    if isinstance(value, np.ndarray):
        kind = value.dtype.newbyteorder("<")
        return kind.str, value.shape, hashlib.sha256(value.astype(kind).tobytes()).hexdigest()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, (tuple, list)) else value


def held(name: str, *values: Any) -> None:
    """Look that values are those that they have been, to the last bit, by the name that ``pinned.txt`` has them.

    Other ones make other bytes of the same seed: after a change that is meant to, the file gets what is found.
    """
    found = hashlib.sha256(repr([plain(value) for value in values]).encode()).hexdigest()[:12]
    assert found == PINNED[name], name
