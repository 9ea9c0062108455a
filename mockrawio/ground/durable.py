"""What every writer needs so that a file is complete or absent, whatever happens.

- A file or folder is made under a name beside its place (`.{name}.partial-…`), is put onto
  the disk, and then gets its name; that is on the disk too before the writer says that it is done.
- The name says which process on which machine it is of, so that the next writer can remove what
  one left that was killed (:func:`clean_up`), and leaves alone what another one is writing.
- An error of the file system names the place that the user knows, not the one beside it.
"""

from __future__ import annotations

import errno
import os
import platform
import re
import secrets
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from .errors import NotWrittenError, SessionExistsError, elsewhere
from .regular import only_regular

LEFTOVER = re.compile(r"\.(.+)\.(partial|replaced)-(\d{1,18})-([0-9a-f]+)", re.DOTALL)
_HOST = f"{zlib.crc32(platform.node().encode()):08x}"  # a process number means nothing on another machine
_ROOM, _LEAVE = "Free some space, or choose another place.", "Choose a place that may be written to."
_REMEDIES: dict[int | None, str] = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: _ROOM,
    errno.EACCES: _LEAVE,
    errno.EPERM: _LEAVE,
    errno.EROFS: _LEAVE,
    errno.ENAMETOOLONG: "Choose a name of at most 200 bytes: what is being written has a longer one.",
    errno.EEXIST: "Choose another place, or move away what is there.",
    errno.ENOTDIR: "Choose another place, or move away what is there.",
    errno.EISDIR: "Choose another place, or move away what is there.",
}
_FOUND: dict[int | None, str] = {
    errno.EEXIST: "a file there",
    errno.ENOTDIR: "a file for a folder",
    errno.EISDIR: "a folder there",
}
STANDS_THERE = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}  # errors of a rename onto something
_TRIES = 4  # to put back what stood where other writers land and leave
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS}  # a file system without it; nothing is wrong with the file


@contextmanager
def naming(path: str | PathLike[str]) -> Iterator[None]:
    """Turn an error of the file system into a NotWrittenError: it names `path`, says what to do, has its ``errno``."""
    try:
        yield
    except NotWrittenError:
        raise
    except OSError as error:
        remedy = _REMEDIES.get(error.errno, "Check the disk, or choose another place.")
        found = _FOUND.get(error.errno) or error.strerror or str(error)
        raise NotWrittenError(path, "a place that can be written to", found, remedy, error.errno) from error


def sync_fd(descriptor: int) -> None:
    """Wait until an open file is on the disk."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def sync_file(path: str | PathLike[str]) -> None:
    """Wait until a closed file is on the disk."""
    with open(path, "r+b", buffering=0, opener=only_regular) as file:
        sync_fd(file.fileno())


def sync_folder(folder: str | PathLike[str]) -> None:
    """Wait until the names in a folder are on the disk, where a folder can be opened for that."""
    if os.name != "posix":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:  # one may write to it and not read it
        return
    try:
        sync_fd(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, each on the disk before the next; NotWrittenError if one is a file, say."""
    with naming(folder):
        missing = [path for path in (folder, *folder.parents) if not path.is_dir()]
    for path in reversed(missing):
        with naming(path):
            path.mkdir(exist_ok=True)
            sync_folder(path.parent)


def taken(target: Path) -> bool:
    """Return True if anything but an empty folder stands at `target`."""
    if target.is_dir() and not target.is_symlink():
        with suppress(FileNotFoundError):  # another writer has just moved it aside
            return next(target.iterdir(), None) is not None
    return os.path.lexists(target)


def refuse_taken(target: Path) -> None:
    """Raise a SessionExistsError if anything but an empty folder stands at `target`, once it is cleaned up."""
    clean_up(target)  # a writer that is refused writes nothing there, so nothing else would clean up
    if taken(target):
        raise SessionExistsError(target, "nothing there", "a folder or file", elsewhere())


def remove(path: Path) -> None:
    """Remove a file or folder that was aside; if that is interrupted, the rest is never put back."""
    place, purpose = LEFTOVER.fullmatch(path.name), "partial"
    if place is not None and place[2] != purpose:
        doomed = sibling(path.with_name(place[1]), purpose)
        os.rename(path, doomed)
        path = doomed
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def put_back(aside: Path, target: Path) -> None:
    """Put back what stood at `target`, unless something else stands there now: then remove it."""
    with suppress(OSError):  # the next writer does it
        for _ in range(_TRIES):
            if taken(target):
                remove(aside)
                return
            try:
                os.rename(aside, target)
                return
            except OSError as error:
                if error.errno not in STANDS_THERE:  # else another writer has landed meanwhile
                    raise


def sibling(target: Path, purpose: str) -> Path:
    """Return a new name beside `target`, which tells that it is not for readers, and which process made it."""
    return target.with_name(f".{target.name}.{purpose}-{os.getpid()}-{_HOST}{secrets.token_hex(4)}")


class Leftover(NamedTuple):
    """A file or folder that a writer has beside its target."""

    path: Path
    purpose: str  # {"partial", "replaced"}: The writer's own, or what stood there before
    elsewhere: bool  # whether the writer is one of another machine
    in_use: bool  # whether the writer may still be running; True also if that cannot be known from here


def leftovers(target: Path) -> list[Leftover]:
    """Return what writers have beside `target`, sorted by name.

    A folder that may not be listed gives none.
    """
    found = (match for match in _staged(target.parent, f".{target.name}.") if match[1] == target.name)
    return [_leftover(target.with_name(match[0]), match) for match in found]


def _staged(folder: Path, prefix: str = ".") -> list[re.Match[str]]:
    """Return the names in a folder that writers made for themselves, sorted; a corpus asks for one among thousands."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.startswith(prefix))
    except OSError:
        return []
    return [match for name in names if (match := LEFTOVER.fullmatch(name))]


def _leftover(path: Path, match: re.Match[str]) -> Leftover:
    elsewhere = not match[4].startswith(_HOST)
    return Leftover(path, match[2], elsewhere, elsewhere or _is_running(int(match[3])))


def clean_up(target: Path, is_dead: Callable[[Leftover], bool] = lambda left: not left.in_use) -> None:
    """Remove what writers that are no longer running left beside `target`, or put it back.

    `is_dead` tells which leftovers have no writer any more; by default those that are not in use.
    """
    for left in leftovers(target):
        if not is_dead(left):
            continue
        if left.purpose == "replaced":
            put_back(left.path, target)
        else:
            with suppress(OSError):  # another writer removes it too
                remove(left.path)


def clean_up_in(folder: Path) -> None:
    """Clean up beside everything in a folder, for a writer whose files have other names each time."""
    for name in sorted(littered(folder)):
        clean_up(folder / name)


def littered(folder: str | PathLike[str]) -> set[str]:
    """Return the names of the targets in a folder beside which writers have something."""
    return {match[1] for match in _staged(Path(folder))}


def _is_running(pid: int) -> bool:
    if os.name != "posix":  # there os.kill(pid, 0) would end the process
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def whole_file(target: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """Yield a path beside `target` (absolute) to write to, which becomes `target` at the end if nothing went wrong.

    Its folder is made if need be. SessionExistsError if something is there at the end and `overwrite` is false;
    NotWrittenError if the file system does not let it be.
    """
    make_folder(target.parent)
    clean_up(target)
    staging = sibling(target, "partial")
    try:
        yield staging
        with naming(target):
            sync_file(staging)
            _name(staging, target, overwrite)
            sync_folder(target.parent)
    finally:
        with suppress(OSError):
            staging.unlink()


def _name(staging: Path, target: Path, overwrite: bool) -> None:
    if overwrite:
        os.replace(staging, target)
        return
    try:
        os.link(staging, target)  # fails where a rename would replace
    except FileExistsError:
        refuse_taken(target)
        raise
    except OSError:  # a file system without hard links
        refuse_taken(target)
        os.replace(staging, target)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a folder against other writers that ask for it; the lock ends with its process, however it ends.

    Where there are no such locks (not POSIX, some network file systems) this does nothing.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    with naming(folder):
        descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
