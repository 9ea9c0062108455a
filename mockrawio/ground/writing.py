"""Files written in chunks, hashed and put onto the disk, with a record of their size and SHA-256."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from os import PathLike
from pathlib import Path
from typing import BinaryIO, NamedTuple

from .durable import naming, sync_fd, whole_file
from .places import Where, file_at
from .progress import Tick

SYNC_BYTES = 1 << 24  # of a file, after which the disk begins to take it in

Chunks = Iterable[bytes | memoryview]


class FileRecord(NamedTuple):
    """A file's size in bytes and its SHA-256, hexadecimal."""

    size: int
    sha256: str


def file_record(where: Where, tick: Tick = lambda size: None, *, of_size: int | None = None) -> FileRecord:
    """Return a file's size and SHA-256, read in blocks.

    A file that is not `of_size` is not read; its SHA-256 is then "". `tick` is called with the number of bytes read, as
    the work goes on.
    """
    digest, block, size = hashlib.sha256(), bytearray(1 << 20), 0
    file, known = file_at(where).open()
    with file:
        if of_size is not None and known.size != of_size:
            tick(known.size)
            return FileRecord(known.size, "")
        while count := file.readinto(block):
            digest.update(memoryview(block)[:count])
            size += count
            tick(count)
    return FileRecord(size, digest.hexdigest())


def chunks_record(chunks: Chunks) -> FileRecord:
    """Return the size and SHA-256 that a file of these chunks would have."""
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += memoryview(chunk).nbytes
    return FileRecord(size, digest.hexdigest())


def write_all(file: BinaryIO, view: memoryview, place: str | PathLike[str]) -> None:
    """Write a block to an unbuffered file, which may take it in pieces; NotWrittenError names `place`."""
    with naming(place):
        view = view.cast("B") if view.nbytes else view
        while view.nbytes:
            count = file.write(view)
            if not count:
                raise OSError(errno.EIO, "nothing of a block was written")
            view = view[count:]


def sync_now(file: BinaryIO, place: Path) -> None:
    """Wait until an open file is on the disk; errors name `place`."""
    with naming(place):
        sync_fd(file.fileno())


def write_plain(
    path: Path, chunks: Chunks, place: Path, sync: Callable[[BinaryIO, Path], object] = sync_now
) -> FileRecord:
    """Write one file where it is, as in a staging folder, and hash each chunk while it is being written.

    Its folder is there; each chunk may be reused when the next is asked for; errors name `place`. `sync` puts what an
    open file has onto the disk, or begins to: it is called at regular intervals of bytes, and at the end.
    """
    digest, size, synced = hashlib.sha256(), 0, 0
    with naming(place):
        file: BinaryIO = open(path, "wb", buffering=0)  # type: ignore[assignment]  # noqa: SIM115  # FileIO is one
    with file, ThreadPoolExecutor(1) as hasher:
        for chunk in chunks:
            view = memoryview(chunk)
            # A chunk takes longer to hash than to write, and a thread to start as long as half a MB does: that is here.
            hashed = hasher.submit(digest.update, view) if view.nbytes >= 1 << 19 else None
            if hashed is None:
                digest.update(view)
            size += view.nbytes
            write_all(file, view, place)
            if size - synced >= SYNC_BYTES:
                sync(file, place)
                synced = size
            if hashed is not None:
                hashed.result()
        sync(file, place)
    return FileRecord(size, digest.hexdigest())


def write_file(path: str | PathLike[str], chunks: Chunks) -> FileRecord:
    """Write one file beside its place and rename it there, making its folder if need be.

    A file that is there is replaced. Each chunk may be reused when the next is asked for. NotWrittenError if the file
    system does not let it be; what was there is then as it was.
    """
    path = Path(path).absolute()
    with whole_file(path) as staging:
        return write_plain(staging, chunks, path)
