"""Files of any other file system that fsspec knows."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..extras import by_extra
from ..regular import only_regular
from .store import Known, Listed, Passing, RemoteStore

_TAGS = "ETag", "etag", "md5Hash", "content_md5", "LastModified", "mtime", "last_modified", "created"


class AnyStore(RemoteStore):
    """The files below an address that fsspec knows, with the options of its file system."""

    def __init__(self, base: str, options: Mapping[str, Any]) -> None:
        with by_extra("addresses of files", "remote"):
            from fsspec.core import url_to_fs

            self._fs, self._root = url_to_fs(base, **options)

    def read(self, name: str, start: int, stop: int) -> tuple[bytes, Known]:
        """Return the bytes of a range; see :meth:`.store.RemoteStore.read`."""
        path = f"{self._root}/{name}"
        with _in_our_words(name):
            self._fs.invalidate_cache(path)
            known = tag_of(self._fs.info(path))
            if start >= min(stop, known.size):
                return b"", known
            return self._fs.cat_file(path, start=start, end=min(stop, known.size)), known

    def listed(self, below: str) -> list[Listed]:
        """Return what a folder holds."""
        path = f"{self._root}/{below}" if below else self._root
        with _in_our_words(below):
            found = self._fs.ls(path, detail=True, refresh=True)
        names = ((one["name"].rstrip("/").rpartition("/")[2], one["type"] == "directory") for one in found)
        return [Listed(name, is_folder) for name, is_folder in names if name]


@contextmanager
def _in_our_words(name: str) -> Iterator[None]:
    """Raise what a file system may raise as a store does, without its text, which may have what is secret."""
    try:
        yield
    except (asyncio.TimeoutError, TimeoutError, ConnectionError) as error:
        raise Passing(type(error).__name__) from None
    except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
        raise OSError(error.errno or errno.ENOENT, type(error).__name__, name) from None
    except Exception as error:  # each client has its own
        raise OSError(errno.EIO, type(error).__name__, name) from None


class LocalStore(RemoteStore):
    """The files of a folder of the file system, such as a zip that is no address; none is kept open."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def read(self, name: str, start: int, stop: int) -> tuple[bytes, Known]:
        """Return the bytes of a range; see :meth:`.store.RemoteStore.read`."""
        with open(os.path.join(self._folder, name), "rb", buffering=0, opener=only_regular) as file:
            status = os.fstat(file.fileno())
            file.seek(start)
            return file.read(stop - start), Known(status.st_size, f"{status.st_ino} {status.st_mtime_ns}")

    def listed(self, below: str) -> list[Listed]:
        """Return nothing: it is read by names that are known."""
        return []


def tag_of(info: Mapping[str, Any]) -> Known:
    """Return what fsspec's description of a file says; FileNotFoundError for a folder."""
    size = info.get("size")
    if info.get("type", "file") != "file" or not isinstance(size, int) or size < 0:
        raise FileNotFoundError(2, "no file there", str(info.get("name", "")))
    return Known(size, next((str(info[key]) for key in _TAGS if info.get(key)), ""))
