"""Bytes of files that were read a moment ago, up to so many of them."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

BLOCK = 1 << 16  # bytes that a small read brings, since what follows is often wanted too
MOST = 1 << 26  # bytes that are kept for one folder


class KeptBlocks:
    """Stretches of files, of which those that were not used for the longest time go first; from any thread."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._held, self._lock = most, 0, Lock()
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._starts: dict[str, set[int]] = {}

    def find(self, name: str, start: int, stop: int) -> memoryview | None:
        """Return bytes from `start` to `stop` of a file, if one stretch has all of them."""
        with self._lock:
            for begin in self._starts.get(name, ()):
                data = self._kept[name, begin]
                if begin <= start and stop <= begin + len(data):
                    self._kept.move_to_end((name, begin))
                    return memoryview(data)[start - begin : stop - begin]
        return None

    def keep(self, name: str, start: int, data: bytes) -> None:
        """Keep a stretch."""
        with self._lock:
            self._held += len(data) - len(self._kept.pop((name, start), b""))
            self._kept[name, start] = data
            self._starts.setdefault(name, set()).add(start)
            while self._held > self._most:
                (oldest, begin), gone = self._kept.popitem(last=False)
                self._held -= len(gone)
                self._starts[oldest].discard(begin)
