"""The manifest of a session: what made it, and the size and SHA-256 of every file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from .errors import BadFileError
from .layout import MANIFEST
from .logs import read_text

FORMAT, FORMAT_VERSION = "mockrawio session", 1


class FileRecord(NamedTuple):
    """A file's size in bytes and its SHA-256, hexadecimal."""

    size: int
    sha256: str


def manifest_bytes(spec: Mapping[str, object], files: Mapping[str, FileRecord]) -> bytes:
    """Return a manifest as the bytes of its file, the same for the same arguments."""
    content = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **spec,
        "files": {name: files[name]._asdict() for name in sorted(files)},
    }
    return (json.dumps(content, indent=1) + "\n").encode("ascii")


def read_manifest(path: str | PathLike[str]) -> dict[str, Any]:
    """Return a manifest's content, with ``files`` as a dict of name to :class:`FileRecord`.

    Raises
    ------
    BadFileError
        If it is not a manifest of a version this package knows.
    """
    remedy = "Restore the manifest, or remove it to have the folder checked by its structure."
    try:
        content = json.loads(read_text(str(path)))
        version = content["format_version"], content["format"]
        files = {str(k): FileRecord(int(v["size"]), str(v["sha256"])) for k, v in content["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, BadFileError):
            raise
        raise BadFileError(path, "a session manifest", f"{type(error).__name__}: {error}", remedy) from None
    if version != (FORMAT_VERSION, FORMAT):
        raise BadFileError(path, f"{FORMAT!r}, version {FORMAT_VERSION}", f"{version[1]!r}, {version[0]!r}", remedy)
    return {**content, "files": files}


class Differences(NamedTuple):
    """How a folder differs from its manifest: relative paths, sorted."""

    missing: list[str]
    extra: list[str]
    changed: list[str]


def compare(folder: str | PathLike[str], tick: Callable[[int], object] = lambda size: None) -> Differences:
    """Compare a session folder with its manifest, reading every byte.

    Parameters
    ----------
    folder : str or PathLike
        The session folder.
    tick : callable
        Called with the number of bytes looked at, as the work goes on.
    """
    root = Path(folder)
    expected: dict[str, FileRecord] = read_manifest(root / MANIFEST)["files"]
    there = {p.relative_to(root).as_posix() for p in root.rglob("*") if not p.is_dir()} - {MANIFEST}
    both = sorted(there & expected.keys())
    changed = [name for name in both if file_record(root / name, tick) != expected[name]]
    return Differences(sorted(expected.keys() - there), sorted(there - expected.keys()), changed)


def file_record(path: Path, tick: Callable[[int], object] = lambda size: None) -> FileRecord:
    """Return a file's size and SHA-256, read in blocks."""
    digest, block = hashlib.sha256(), bytearray(1 << 20)
    with open(path, "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        while count := file.readinto(block):
            digest.update(memoryview(block)[:count])
            tick(count)
    return FileRecord(size, digest.hexdigest())
