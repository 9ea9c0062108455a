"""Ranges of the files of a store: what was read is kept, what comes next is fetched ahead, and versions do not mix.

The contract of :class:`Ranges`:

- a range is one request for its bytes; one of less than :data:`~.blocks.BLOCK` bytes brings as many, which are kept;
- a file is one version: once a byte of it is read, an answer with another tag or size is an error;
- what has failed is tried again, later each time (:func:`~.store.patiently`), and is then an error;
- a reader that goes on where it left off has the next range fetched meanwhile.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from ..at_once import TOGETHER
from ..moment import changed
from .blocks import BLOCK, KeptBlocks
from .store import Known, Passing, RemoteStore, patiently

MOST_FIRST = 1 << 12  # files of which a beginning is read before it is asked for
MOST_AHEAD = 1 << 24  # bytes that are fetched before they are asked for
PART = 1 << 26  # bytes of one request: more are several, one after another

_Next = tuple[int, int, "Future[bytes]"]


class Ranges:
    """The files of a store, whose names `place` makes fit to be shown.

    `known` has what each file was when it was first read, or what a manifest says.
    """

    def __init__(self, store: RemoteStore, place: Callable[[str], str], known: dict[str, Known]) -> None:
        self.store, self._place, self._lock = store, place, Lock()
        self._blocks = KeptBlocks()
        self._pool = ThreadPoolExecutor(TOGETHER, "mockrawio-remote")
        self.known = known
        self._ends: dict[str, int] = {}  # where the last range of a file ended
        self._ahead: dict[str, _Next] = {}

    def close(self) -> None:
        """Let go of what is fetched, of what was, and of the store."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.store.close()

    def size(self, name: str) -> int:
        """Return the size of a file in bytes; its beginning is read if nothing is known of it."""
        known = self.known.get(name)
        if known is None:
            self.first(name)
            known = self.known[name]
        return known.size

    def first(self, name: str, size: int = BLOCK) -> None:
        """Read the beginning of a file, to know it."""
        self._blocks.keep(name, 0, self._fetch(name, 0, size))

    def all_first(self, names: Iterable[str]) -> None:
        """Read the beginnings of files not known yet, at the same time; who needs one says what is wrong with it."""

        def tried(name: str) -> None:
            with contextlib.suppress(OSError, ValueError):
                self.first(name)

        unknown = [name for name in names if name not in self.known]
        list(self._pool.map(tried, unknown[:MOST_FIRST]))

    def read(self, name: str, start: int, stop: int) -> bytes | memoryview:
        """Return the bytes of a range within a file."""
        stop = min(stop, self.size(name))
        if start >= stop:
            return b""
        found = self._blocks.find(name, start, stop)
        if found is not None:
            return found
        follows = self._ends.get(name) == start
        self._ends[name] = stop
        begun = self._begun(name, start, stop)
        if begun is None and stop - start < BLOCK:
            data = self._fetch(name, start, start + BLOCK)
            self._blocks.keep(name, start, data)
            return memoryview(data)[: stop - start]
        if follows:
            self._begin(name, stop, 2 * stop - start)  # before this one is there
        return self._fetch(name, start, stop) if begun is None else begun.result()

    def _begun(self, name: str, start: int, stop: int) -> Future[bytes] | None:
        """Return what is fetched ahead, if it is that; anything else that is is let go."""
        with self._lock:
            ahead = self._ahead.pop(name, None)
        if ahead is None or ahead[:2] != (start, stop):
            return None
        return ahead[2]

    def _begin(self, name: str, start: int, stop: int) -> None:
        stop = min(stop, self.size(name))
        if start < stop <= start + MOST_AHEAD:
            with self._lock:
                if len(self._ahead) < TOGETHER and name not in self._ahead:
                    self._ahead[name] = start, stop, self._pool.submit(self._fetch, name, start, stop)

    def _fetch(self, name: str, start: int, stop: int) -> bytes:
        if stop - start <= PART:
            return patiently(self._place(name), lambda: self._once(name, start, stop))
        parts = (self._fetch(name, at, min(at + PART, stop)) for at in range(start, stop, PART))
        return b"".join(parts)

    def _once(self, name: str, start: int, stop: int) -> bytes:
        data, found = self.store.read(name, start, stop)
        with self._lock:
            known = self.known.setdefault(name, found)
            if known.size == found.size and not known.tag:  # as a manifest says it
                self.known[name] = known = found
        if known != found:
            raise changed(self._place(name))
        if len(data) != max(0, min(stop, found.size) - start):
            raise Passing(f"{len(data)} bytes of {stop - start}")
        return data
