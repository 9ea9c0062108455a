"""Work that threads do one after another."""

from __future__ import annotations

import os
from threading import RLock


class Turns:
    """A context manager that one thread is in at a time.

    It is a lock that a process which is forked meanwhile, by another thread, does not have: there nobody would let go
    of it.
    """

    def __init__(self) -> None:
        self._renew()

    def _renew(self) -> None:
        self._lock, self._process = RLock(), os.getpid()

    def __enter__(self) -> None:
        if self._process != os.getpid():
            self._renew()
        self._lock.acquire()

    def __exit__(self, *exception: object) -> None:
        self._lock.release()
