"""Files of the templates of spikes, one format per module: all become one :class:`StoredTemplates`.

A further format is a further module here, whose last line is ``register(TemplateFormat(...))``: it is found, read and
named in errors from there. What each file must hold: docs/templates.rst.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike

from ...ground.errors import BadFileError
from ...ground.writing import file_record
from ..registry import Registry, either
from .stored import StoredTemplates

__all__ = [
    "StoredTemplates",
    "TemplateFormat",
    "formats",
    "read_templates",
    "register",
    "template_files",
    "templates_sha256",
]


@dataclass(frozen=True)
class TemplateFormat:
    """One format; `read` raises BadFileError where a file is not as it must be, or asks for too much."""

    name: str  # what it is called in a text
    recognises: Callable[[str], bool]  # returns True if a path is taken for one
    read: Callable[[str], StoredTemplates]
    files: Callable[[str], list[str]] = lambda path: [path]  # returns all that is read of it
    rank: int = 100  # what several formats recognise is that of the lowest


_TEMPLATES: Registry[TemplateFormat] = Registry(__name__)
register, formats = _TEMPLATES.register, _TEMPLATES.all


def _format_of(path: str | PathLike[str]) -> TemplateFormat:
    place = os.fspath(path)
    found = next((entry for entry in formats().values() if entry.recognises(place)), None)
    if found is None:
        here = "another file" if os.path.exists(place) else "no such file or folder"
        remedy = "Give the path of one; a session made from one needs it to be made again."
        raise BadFileError(place, f"templates: {either(formats())}", here, remedy)
    return found


def read_templates(path: str | PathLike[str]) -> StoredTemplates:
    """Read the templates of a file or folder, whose format its name or what is in it tells.

    BadFileError if it is none that is known, not as it must be, or larger than may be; MockSessionError if what reads
    it is not installed.
    """
    return _format_of(path).read(os.fspath(path))


def template_files(path: str | PathLike[str]) -> list[str]:
    """Return the paths of all files that are read of a file or folder of templates."""
    return _format_of(path).files(os.fspath(path))


def templates_sha256(path: str | PathLike[str]) -> str:
    """Return the SHA-256 of a file of templates.

    That of a folder is of a text with a line for each file that is read of it: its SHA-256, two spaces, and its name
    in the folder, as ``sha256sum`` prints them, in the order of names.
    """
    files = template_files(path)
    try:
        sums = [(os.path.relpath(one, path).replace(os.sep, "/"), file_record(one).sha256) for one in files]
    except OSError as error:
        raise BadFileError(path, "templates that can be read", error.strerror or str(error), "Restore it.") from None
    if files == [os.fspath(path)]:
        return sums[0][1]
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums))
    return hashlib.sha256(os.fsencode(lines)).hexdigest()
