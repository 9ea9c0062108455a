"""One pass over a source, which yields its samples with the events added, block by block.

Every block is read once, in order, and hashed on the way by a thread of its own; the writer of the blocks hashes
the result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..ground.arrays import Array
from ..ground.progress import Tick
from ..ground.writing import FileRecord
from .planned import Adder
from .recording import RawFile, RawRecording
from .store import Clipped

BLOCK_BYTES = 1 << 21  # of a recording at a time; two of them are in work at once
RELEASE_BLOCKS = 8  # after this many, what a source has mapped is released


class Adding:
    """One pass over files of a source, which adds events and calls `tick` with the number of samples done.

    Hashed are `head` and the samples read: `source` has size and SHA-256 once :meth:`blocks` has come to its end.
    """

    def __init__(
        self, recording: RawRecording, files: Sequence[RawFile], adder: Adder, tick: Tick, head: bytes = b""
    ) -> None:
        self.recording, self.files, self.adder, self.tick, self.head = recording, files, adder, tick, head
        self.n_clipped = 0
        self._clipped: list[Clipped] = []
        self.source = FileRecord(0, "")

    @property
    def clipped(self) -> Clipped:
        """Which samples were clipped by then, and a few that happen to be as large."""
        return Clipped.joined(self._clipped)

    def _keep(self, original: Array, block: Array, start: int) -> None:
        """Keep what the source has where a sample with an event is the largest or smallest there is."""
        limits = np.iinfo(block.dtype)
        ends = (block == limits.min) | (block == limits.max)
        at = np.flatnonzero(ends & (self.adder.counts(start, start + len(block)) != 0))
        self._clipped.append(Clipped(at + start * self.recording.n_channels, original.reshape(-1)[at]))

    def blocks(self) -> Iterator[Array]:
        """Yield the result, block by block; each is done with when the next is asked for."""
        digest, size, buffer = hashlib.sha256(self.head), len(self.head), np.empty(0, self.recording.dtype)
        with ThreadPoolExecutor(1) as hasher:
            for number, (start, stop) in enumerate(self._ranges(), 1):
                original = np.ascontiguousarray(self.recording.read(start, stop))
                hashed = hasher.submit(digest.update, original.data)
                if buffer.size < original.size:  # one for all blocks: new memory costs as much as the copy
                    buffer = np.empty(original.size, original.dtype)
                block = buffer[: original.size].reshape(original.shape)
                np.copyto(block, original)
                if count := self.adder.add(block, start):
                    self.n_clipped += count
                    self._keep(original, block, start)
                yield block
                hashed.result()
                size += block.nbytes
                del original, hashed
                if number % RELEASE_BLOCKS == 0:
                    self.recording.release()
                self.tick(block.size)
        self.source = FileRecord(size, digest.hexdigest())

    def _ranges(self) -> Iterator[tuple[int, int]]:
        step = max(1, BLOCK_BYTES // (self.recording.n_channels * self.recording.dtype.itemsize))
        for file in self.files:
            for start in range(file.start, file.stop, step):
                yield start, min(start + step, file.stop)
