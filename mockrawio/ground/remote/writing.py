"""A folder copied to an address, such that who finds one file of it finds all.

An object store cannot rename: what says that a folder is not whole yet is a file in it, :data:`UNFINISHED`, which is
the first that is written and the last that is removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..errors import MockSessionError, NotWrittenError, SessionExistsError, elsewhere
from ..extras import by_extra
from .folder import RemoteFolder

UNFINISHED = "mockrawio_unfinished.txt"
_SAYS = b"A session is being written here, or was, by one that was stopped. It is none before this file is gone.\n"
TOGETHER = 8  # files that are sent at the same time


def upload(source: Path, target: RemoteFolder, last: str, *, overwrite: bool = False) -> int:
    """Copy the files of a folder to an address, the one called `last` after all others; return their size in bytes.

    What a writer that was stopped has left there is replaced; anything else that is there only with `overwrite`, and is
    gone then. What is there is never taken for whole while it is not. SessionExistsError if there is anything else;
    NotWrittenError, which is an OSError, if the store refuses.
    """
    names = sorted(path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file())
    with _opened(target) as (fs, base):
        there = {path.removeprefix(base).lstrip("/") for path in _found(fs, base)}
        if there and not overwrite and (UNFINISHED not in there or last in there):
            what = "a session" if last in there else "files, but none that says what they are"
            raise SessionExistsError(target, "nothing there", what, elsewhere())
        fs.pipe_file(f"{base}/{UNFINISHED}", _SAYS)
        for name in sorted(there - {UNFINISHED}, key=lambda name: name != last):
            fs.rm_file(f"{base}/{name}")
        with ThreadPoolExecutor(TOGETHER) as pool:
            rest = [name for name in names if name != last]
            list(pool.map(lambda name: fs.put_file(str(source / name), f"{base}/{name}"), rest))
        fs.put_file(str(source / last), f"{base}/{last}")
        fs.rm_file(f"{base}/{UNFINISHED}")
    return sum((source / name).stat().st_size for name in names)


def put(target: RemoteFolder, name: str, data: bytes | None) -> None:
    """Write a file at an address; without data it is removed. NotWrittenError if the store refuses."""
    with _opened(target) as (fs, base):
        if data is not None:
            fs.pipe_file(f"{base}/{name}", data)
        elif fs.exists(f"{base}/{name}"):
            fs.rm_file(f"{base}/{name}")


def _found(fs: Any, base: str) -> list[str]:
    """Return all files below an address, as the store lists them now."""
    fs.invalidate_cache()
    with suppress(FileNotFoundError):
        found: list[str] = fs.find(base)
        return found
    return []


@contextmanager
def _opened(target: RemoteFolder) -> Iterator[tuple[Any, str]]:
    """Yield the file system of an address, and its path there; what that raises is an error of ours."""
    address, options = target.given()
    with by_extra("addresses of files", "remote"):
        from fsspec.core import url_to_fs
    try:
        yield url_to_fs(address.base, **options)
    except MockSessionError:
        raise
    except Exception as error:  # each client has its own, whose text may have what is secret
        found = f"{type(error).__name__}, as from a store that is only read, or not there"
        raise NotWrittenError(target, "a store that takes files", found, "Give one that may be written to.") from None
