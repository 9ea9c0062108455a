"""The manifest of a session: what made it, and the size and SHA-256 of every file, and of itself.

Its last key, `SEAL`, is the SHA-256 of all bytes before it, so that a flipped bit is found in a manifest too. One that
was written before there was such a key is read; :func:`~mockrawio.verify.verify_session` says that it has none.

A manifest may come from anyone: it is JSON of bounded size, and names in it are compared with
those of the files that are there; none is ever opened because a manifest names it.
"""

from __future__ import annotations

import json
import os
import re
import reprlib
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from ..ground.errors import BadFileError, told, unreadable
from ..ground.folder import File, Folder
from ..ground.jsontext import json_object
from ..ground.places import FolderLike, Where, folder_at, read_text
from ..ground.progress import Tick
from ..ground.shown import warn
from ..ground.writing import FileRecord, file_record
from .index import INDEX
from .layout import ADDED_FILES, MANIFEST
from .seal import SEAL, check_seal, sealed
from .virtual import FORMAT, VIRTUAL, completed, is_made

FORMAT_VERSION = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REMEDY = "Restore the manifest, or remove it to have the folder checked by its structure."


def manifest_bytes(
    spec: Mapping[str, object],
    files: Mapping[str, FileRecord],
    form: str = FORMAT,
    index: Mapping[str, object] | None = None,
) -> bytes:
    """Return a manifest as the bytes of its file, the same for the same arguments.

    `form` is what the folder is: :data:`FORMAT`, or :data:`~.virtual.VIRTUAL`, whose files are those that are known.
    `index` is that of :func:`~.index.index_of`, on one line.
    """
    content = {
        "format": form,
        "format_version": FORMAT_VERSION,
        **{key: value for key, value in spec.items() if key != INDEX},  # that of a source says nothing here
        "files": {name: files[name]._asdict() for name in sorted(files)},
    }
    content.pop(SEAL, None)  # of another manifest, whose content this one takes over
    text = json.dumps(content, indent=1)[: -len("\n}")]
    if index:  # many small lists, which an indent would make a page of
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(said)}" for name, said in index.items())
        text += f',\n "{INDEX}": {{\n{lines}\n }}'
    return sealed(text.encode("ascii"))


def read_manifest(path: Where) -> dict[str, Any]:
    """Return a manifest's content, with ``files`` as a dict of name to :class:`FileRecord`; a virtual session's too.

    BadFileError if it is not a manifest of a version this package knows, has other bytes than when it was written, or
    names files outside its folder.
    """
    text = read_text(path)
    content = json_object(path, text, "a session manifest", _REMEDY)
    check_seal(path, text, content)
    try:
        version = content["format_version"], content["format"]
        files = {name: _record(name, said) for name, said in content["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadFileError(path, "a session manifest", f"{type(error).__name__}: {error}"[:300], _REMEDY) from None
    if version[0] != FORMAT_VERSION or version[1] not in (FORMAT, VIRTUAL) or type(version[0]) is not int:
        found = f"{reprlib.repr(version[1])}, {reprlib.repr(version[0])}"
        raise BadFileError(path, f"{FORMAT!r}, version {FORMAT_VERSION}", found, _REMEDY)
    return {**content, "files": files}


def is_virtual(manifest: Mapping[str, object]) -> bool:
    """Return True if a manifest is that of a virtual session."""
    return manifest.get("format") == VIRTUAL


def _record(name: str, said: Mapping[str, object]) -> FileRecord:
    """Return what a manifest says of a file; raise ValueError if it cannot be of a file in its folder."""
    size, sha256 = said["size"], said["sha256"]
    if not all(name.split("/")) or {".", ".."} & set(name.split("/")) or not name.isprintable():
        raise ValueError(f"{name[:200]!r} as the name of a file in this folder")
    if type(size) is not int or size < 0 or not (isinstance(sha256, str) and _SHA256.fullmatch(sha256)):
        raise ValueError(f"size {str(size)[:40]!r} and sha256 {str(sha256)[:80]!r} of {name[:200]!r}")
    return FileRecord(size, sha256)


class Differences(NamedTuple):
    """How a folder differs from its manifest: relative paths, sorted."""

    missing: list[str]  # in the manifest and not there
    extra: list[str]  # there and not in the manifest, but for what Epiphyte's database adds
    changed: list[str]  # of another size
    corrupt: list[str]  # of the same size, with other bytes
    # what could not be compared, and why: no plain file, a link that leads out of the folder, or what the
    # system does not let us read
    unreadable: dict[str, str]


def compare(where: FolderLike, tick: Tick = lambda size: None) -> Differences:
    """Compare a session folder with its manifest, reading every byte of what is not left out.

    Of a virtual session what is stored is compared, and what is made of which the manifest has a record.
    `tick` is called with the number of bytes checked, as the work goes on. A manifest without a SHA-256 of itself, as
    they once were, is warned of. BadFileError if the manifest, or a folder,
    cannot be read.
    """
    folder = completed(folder_at(where), MANIFEST)
    manifest = folder.find(MANIFEST)
    if manifest is None:
        raise BadFileError(folder.path / MANIFEST, "a plain file in its folder", "none, or a link out of it", _REMEDY)
    content = read_manifest(manifest)
    if SEAL not in content:
        warn(f"{manifest}: has no {SEAL!r}, so that a change of it cannot be detected", stacklevel=2)
    return differences(folder, content["files"], tick)


def differences(where: FolderLike, expected: Mapping[str, FileRecord], tick: Tick = lambda size: None) -> Differences:
    """Compare the files of a folder with records of them; see :func:`compare`."""
    folder = folder_at(where)
    expected = {name: record for name, record in expected.items() if not folder.leaves_out(name)}
    there, odd = _files(folder)
    there = {name: file for name, file in there.items() if name in expected or not is_made(file)}
    found = Differences(
        sorted(expected.keys() - there.keys() - odd.keys()),
        sorted((there.keys() | odd.keys()) - expected.keys() - {MANIFEST} - ADDED_FILES),
        [],
        [],
        {name: odd[name] for name in sorted(odd.keys() & expected.keys())},
    )
    names = sorted(there.keys() & expected.keys())
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for name, verdict in zip(names, pool.map(_checker(there, expected, tick), names), strict=True):
            if isinstance(verdict, str):
                found.unreadable[name] = verdict
            elif verdict is not None:
                (found.changed if verdict.size != expected[name].size else found.corrupt).append(name)
    return found


def _checker(
    there: Mapping[str, File], expected: Mapping[str, FileRecord], tick: Tick
) -> Callable[[str], FileRecord | str | None]:
    """Return a function that compares a file, callable from any thread.

    It returns None if the file is right, else what is there instead, or why that is not known.
    """
    lock = threading.Lock()

    def locked_tick(size: float) -> None:
        with lock:
            tick(size)

    def check(name: str) -> FileRecord | str | None:
        try:
            record = file_record(there[name], locked_tick, of_size=expected[name].size)
        except BadFileError as error:  # no file any more
            return told(error)
        except OSError as error:
            return told(unreadable(there[name].path, error))
        return None if record == expected[name] else record

    return check


def _files(folder: Folder) -> tuple[dict[str, File], dict[str, str]]:
    """Return every plain file of a folder, and what is wrong with everything else."""
    found: dict[str, File] = {}
    odd: dict[str, str] = {}
    for name, what in folder.walk():
        if isinstance(what, File):
            found[name] = what
        else:
            odd[name] = told(what)
    return found, odd
