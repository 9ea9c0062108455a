"""Whether the files of a session are unchanged: all of them from one moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

from .errors import BadFileError, MockSessionError
from .folder import File, Folder, Identity

AGAIN = "Call parse_header() again, or whatever was reading it."


def changed(path: object) -> BadFileError:
    """Return the error for a file that is no longer what it was."""
    expected = "the file as it was when it was opened"
    return BadFileError(path, expected, "another, or none: it has changed since, as when a session is replaced", AGAIN)


class Moment:
    """The state of a session's files when listed; a context manager while they are read.

    On exit it raises MockSessionError if any of them has changed, whatever other error that caused: what was read in it
    is from one moment, or it is an error. `before` is the folder's own identity, from before it was listed: a writer
    replaces it as a whole.
    """

    def __init__(self, folder: Folder, before: Identity, files: Iterable[File]) -> None:
        self._folder, self._before = folder, before
        self._known: dict[File, Identity | None] = {}
        self.add(files)

    def add(self, files: Iterable[File]) -> None:
        """Add files that are about to be read, or will be later."""
        self._known.update((file, file.look()) for file in files)

    def is_empty(self, file: File) -> bool:
        """Return True if a file was there and was empty."""
        known = self._known.get(file)
        return known is not None and not known.size

    def part(self, *files: File) -> Moment:
        """Return the moment of some of the files alone."""
        part = Moment(self._folder, self._before, ())
        part._known = {file: self._known[file] for file in files}
        return part

    @contextmanager
    def reading(self, *files: File) -> Iterator[None]:
        """Raise BadFileError if one of these files changes while read within, whatever other error that causes."""
        try:
            yield
        except MockSessionError:
            self._check(files)
            raise
        self._check(files)

    def _check(self, files: Iterable[File]) -> None:
        _check({file: self._known[file] for file in files})

    def __enter__(self) -> Moment:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        if kind is None or issubclass(kind, Exception):
            self.check()

    def check(self) -> None:
        """Raise MockSessionError unless folder and files are all what they were."""
        now = None
        with suppress(OSError):
            now = self._folder.status("")
        if now != self._before:
            expected = "one session, from the first file that is read to the last"
            raise MockSessionError(self._folder, expected, "another in its place: it was replaced", AGAIN)
        _check(self._known)


def _check(known: Mapping[File, Identity | None]) -> None:
    for file, identity in known.items():
        if file.look() != identity:
            raise changed(file)
