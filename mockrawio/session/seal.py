"""The SHA-256 that a manifest has of itself, as its last key, so that a flipped bit is found in a manifest too."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from ..ground.errors import BadFileError
from ..ground.places import Where

SEAL = "manifest_sha256"
_BEFORE, _AFTER = f',\n "{SEAL}": "'.encode(), b'"\n}\n'
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REMEDY = f"Restore the manifest; if it was changed on purpose, remove {SEAL!r} from it."


def sealed(before: bytes) -> bytes:
    """Return a manifest whose JSON is whole but for its last brace, and the line end before that, with its seal."""
    return before + _BEFORE + _digest(before) + _AFTER


def check_seal(path: Where, text: bytes, content: Mapping[str, Any]) -> None:
    """Check a manifest's SHA-256 of itself, if it has one; it is the last key, and the only one there that is text."""
    before, found, after = text.rpartition(_BEFORE)
    last = list(content.values())[-1] if content else None
    is_sealed = found or SEAL in content or (isinstance(last, str) and _SHA256.fullmatch(last))  # or in a damaged name
    if is_sealed and not (found and after == _digest(before) + _AFTER):
        expected = f"the bytes that it was written with, by its {SEAL!r}"
        raise BadFileError(path, expected, "others", _REMEDY)


def _digest(before: bytes) -> bytes:
    return hashlib.sha256(before).hexdigest().encode("ascii")
