"""A folder copied to an address, such that who finds one file of it finds all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..errors import NotWrittenError
from ..extras import by_extra
from .folder import RemoteFolder

TOGETHER = 8  # files that are sent at the same time


def upload(source: Path, target: RemoteFolder, last: str) -> int:
    """Copy the files of a folder to an address, the one called `last` after all others; return their size in bytes.

    A file of that name that is there is removed first, so that what is there is never taken for whole while it is not.
    NotWrittenError, which is an OSError, if the store refuses.
    """
    with by_extra("addresses of files", "remote"):
        from fsspec.core import url_to_fs
    address, options = target.given()
    names = sorted(path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file())
    try:
        fs, base = url_to_fs(address.base, **options)
        if fs.exists(f"{base}/{last}"):
            fs.rm_file(f"{base}/{last}")
        with ThreadPoolExecutor(TOGETHER) as pool:
            rest = [name for name in names if name != last]
            list(pool.map(lambda name: fs.put_file(str(source / name), f"{base}/{name}"), rest))
        fs.put_file(str(source / last), f"{base}/{last}")
    except (OSError, NotImplementedError) as error:
        found = f"{type(error).__name__}, as from a store that is only read"  # its text may have what is secret
        raise NotWrittenError(target, "a store that takes files", found, "Give one that may be written to.") from None
    return sum((source / name).stat().st_size for name in names)
