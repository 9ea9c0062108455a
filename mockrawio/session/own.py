"""What a writer reads must not be what it replaces: the one check of all writers that have a source."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..ground.errors import MockSessionError
from .layout import refuse_foreign

MAX_DEPTH = 20  # of objects made of objects
_SCALARS = (int, float, complex, bytes, np.generic, type(None))  # of which a list may have millions
_NEO = ("dirname", "filename", "filenames")  # what a reader of Neo's was made with


def refuse_own(target: str | PathLike[str], *sources: Any) -> None:
    """Refuse to replace what is being read, or to write into a session that is.

    `sources` are what is read: paths, SpikeInterface's objects, Neo's lazy ones, mapped arrays, containers of any of
    these. Of an object all paths count that it, or what it is made of, was made with. MockSessionError if `target`, by
    whatever name, is a source or has one in it; or if it lies in a source, and is there already or that source is a
    session.
    """
    place = Path(target).resolve()
    for path in _paths(sources, 0, {}):
        for found in _places(path):
            if _holds(place, found) or (_holds(found, place) and place.exists()):
                expected, what = "a place apart from the source", f"that {path} is read for it"
            elif _holds(found, place) and _is_session(found):
                expected, what = "a path outside the session", f"one in {path}"
            else:
                continue
            raise MockSessionError(target, expected, what, "Choose another place.")


def _paths(value: Any, depth: int, seen: dict[int, Any]) -> Iterator[str | PathLike[str]]:
    """Yield the texts and paths that a value is, or was made with."""
    if isinstance(value, (str, PathLike)):
        yield value
    elif isinstance(value, np.ndarray):
        yield from _mapped(value)
    elif depth < MAX_DEPTH and id(value) not in seen and not isinstance(value, _SCALARS):
        seen[id(value)] = value  # held, so that no other takes its id
        for item in _parts(value):
            yield from _paths(item, depth + 1, seen)


def _parts(value: Any) -> Iterable[Any]:
    """Return what a container holds, or an object was made with."""
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, (list, tuple)):
        return value
    readers = value, getattr(value, "_rawio", None)  # of Neo: one, or that of a lazy object
    return (getattr(value, "_kwargs", ()), *(_files(getattr(one, name, None)) for one in readers for name in _NEO))


def _files(name: Any) -> Any:
    """Return what a reader of Neo's was made with; where that is what the names of files begin with, the files."""
    path = Path(name) if isinstance(name, (str, PathLike)) and str(name) else None
    if path is None or path.exists() or not path.parent.is_dir():
        return name
    return [one for one in path.parent.iterdir() if one.name.startswith(f"{path.name}.")]


def _mapped(array: Any) -> Iterator[str]:
    """Yield the file that an array is a view of."""
    while isinstance(array, np.ndarray):
        name = getattr(array, "filename", None)
        if isinstance(name, (str, PathLike)):
            yield os.fspath(name)
        array = array.base


def _places(path: str | PathLike[str]) -> Iterator[Path]:
    """Yield where a source lies, and where the links in a session lead; nothing if there is no such thing."""
    with suppress(OSError, ValueError):  # a text that is no path, such as one with NUL in it
        found = Path(path).resolve()
        if str(path) and found.exists():
            yield found
            for folder, folders, names in os.walk(found) if _is_session(found) else ():
                yield from (link.resolve() for name in (*folders, *names) if (link := Path(folder, name)).is_symlink())


def _holds(place: Path, other: Path) -> bool:
    """Return True if `other` is `place` or lies in it, under any name."""
    around = (other, *other.parents)
    return place in around or any(_is_same(one, place) for one in around)


def _is_same(one: Path, other: Path) -> bool:
    with suppress(OSError):  # what is not there, or has just been moved away
        return one.samefile(other)
    return False


def _is_session(folder: Path) -> bool:
    try:
        refuse_foreign(folder)
    except MockSessionError:
        return False
    return True
