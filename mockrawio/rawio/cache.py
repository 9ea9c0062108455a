"""The count sizes of a float session's arrays, which are slow to find, kept for the next opening.

Neo's own cache is a pickle, which would run any code that someone put there; this one is JSON. A
kept value counts only while its file is the same, by its inode, size and times.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
from pathlib import Path
from typing import Any

from neo.rawio.baserawio import BaseRawIO

from ..ground.errors import BadTypeError, MockSessionError, NotWrittenError
from ..ground.folder import File
from ..ground.places import read_text
from ..ground.remote.address import is_address
from ..ground.writing import write_file
from .scaling import FloatSource, count_size

logger = logging.getLogger(__name__)


def cache_file(resource: str, cache_path: str) -> Path:
    """Return where the cache of a session folder lies.

    That is at "home", "same_as_resource" (beside the session folder) or in a folder, as in Neo. MockSessionError if
    `cache_path` is a folder that does not exist, or lies in the session folder.
    """
    folder = Path(resource).absolute()
    if cache_path == "home":
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mockrawio"
    elif cache_path == "same_as_resource" and is_address(resource):
        raise MockSessionError(f"cache_path {cache_path}", "'home' or a folder", f"{resource}, an address", "Give one.")
    elif cache_path == "same_as_resource":
        base = folder.parent
    else:
        base = Path(cache_path).absolute()
        if not base.is_dir():
            expected = "'home', 'same_as_resource' or a folder"
            raise MockSessionError(f"cache_path {cache_path}", expected, "none", "Make it first.")
        if folder.resolve() in (base.resolve(), *base.resolve().parents):
            expected = "a folder outside the session"
            raise MockSessionError(f"cache_path {cache_path}", expected, "one in it", "Choose another.")
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return base / f"{folder.name}-{name}.cache.json"


def load(path: Path) -> dict[str, Any]:
    """Return the cache, a dict with a dict "counts"; empty if there is none or it cannot be read."""
    try:
        content = json.loads(read_text(str(path)))
    except (OSError, ValueError, RecursionError):
        content = None
    usable = isinstance(content, dict) and isinstance(content.get("counts"), dict)
    return content if usable else {"counts": {}}


def save(path: Path, content: dict[str, Any]) -> None:
    """Write the cache whole; a place that cannot be written to is logged, not an error."""
    try:
        write_file(path, [json.dumps(content).encode("ascii")])
    except NotWrittenError as error:
        logger.warning("the cache could not be written: %s", error)


def recall(counts: dict[str, Any], file: File) -> float | None:
    """Return the count size kept for a file, if the file has not changed since."""
    entry = counts.get(file.path)
    if not isinstance(entry, list) or entry[:-1] != list(file.identity()):
        return None
    value = entry[-1]
    return value if isinstance(value, float) and math.isfinite(value) and value > 0 else None


class CountCache(BaseRawIO):  # type: ignore[misc]  # neo is not typed
    """Neo's cache methods, kept for count sizes only."""

    dirname: str

    def _count_size(self, source: FloatSource) -> float:
        """Return the size of a count of a float source, from the cache if it is there."""
        counts = self._cache["counts"] if self.use_cache else {}
        known = recall(counts, source.file)
        if known is None:
            before = source.file.identity()
            known = count_size(source)
            counts[source.file.path] = [*before, known]
        return known

    def setup_cache(self, cache_path: str = "home", **init_kargs: Any) -> None:
        """Find and load the cache; JSON, where Neo's own would be a pickle."""
        self.cache_filename = str(cache_file(self.dirname, cache_path))
        self._cache = load(Path(self.cache_filename))

    def add_in_cache(self, **kargs: Any) -> None:
        """Keep values beside the count sizes, and write the cache: numbers, texts, lists and dicts of them.

        Raises
        ------
        MockSessionError
            If this reader has no cache, or JSON has no such value.
        """
        try:
            json.dumps(kargs)
        except (TypeError, ValueError) as error:
            remedy = "Keep an array elsewhere, or as a list."
            raise BadTypeError("add_in_cache", "values that JSON has", str(error), remedy) from None
        super().add_in_cache(**kargs)

    def dump_cache(self) -> None:
        """Write the cache.

        Raises
        ------
        MockSessionError
            If this reader has none.
        """
        if not self.use_cache:
            raise MockSessionError(self.dirname, "a reader with a cache", "one without", "Pass use_cache=True.")
        save(Path(self.cache_filename), self._cache)
