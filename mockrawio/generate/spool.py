"""Rows that come one after another and go column by column, by way of a file that nobody else sees."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import IO

import numpy as np

from .layers import Int16s

_IN_MEMORY = 1 << 21  # bytes: of a block of rows, and of all of them before there is a file


class Spool:
    """Keeps int16 rows of so many columns in a file of a folder, without a name; as a context manager.

    Blocks of rows are turned, so that a column is read in a few pieces of each.
    """

    def __init__(self, folder: Path, width: int) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, dir=str(folder))  # noqa: SIM115  # closed on exit
        self._block: Int16s = np.empty((width, max(1, _IN_MEMORY // (2 * max(1, width)))), "<i2")
        self._held, self._n = 0, 0  # rows in the block, and in all
        self._lock = Lock()

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def put(self, rows: Int16s) -> None:
        """Append rows, (n, width)."""
        while len(rows):
            n = min(len(rows), self._block.shape[1] - self._held)
            self._block[:, self._held : self._held + n] = rows[:n].T
            self._held, self._n, rows = self._held + n, self._n + n, rows[n:]
            if self._held == self._block.shape[1]:
                self._file.write(self._block.data)
                self._held = 0

    def column(self, column: int) -> Iterator[Int16s]:
        """Yield a column in pieces; all rows must have been put. Threads may read columns side by side."""
        size = self._block.shape[1]
        for block in range(self._n // size):
            with self._lock:
                self._file.seek((block * len(self._block) + column) * size * 2)
                data = self._file.read(size * 2)
            yield np.frombuffer(data, "<i2")
        yield self._block[column, : self._held].copy()
