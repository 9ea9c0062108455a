"""The least and the greatest sample in bins of several sizes, made when first needed.

The contract of a :class:`Pyramid`:

- level 0 has one pair for every `bin` samples, each level after it one for `FACTOR` of the last's;
- a part of it is made by streaming the samples below that part, once, a block at a time;
- a range of samples is answered from the coarsest pairs that lie in it, finer ones towards its ends,
  and samples read anew for less than a bin at either end: the answer is exact;
- it knows no file and no reader: the caller says how samples are read.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple
from weakref import WeakSet

import numpy as np

from ..ground.arrays import Array
from .engine import Engine
from .pipeline import Chunk, Pipeline, readers_for

Read = Callable[[Chunk, Array], object]

FACTOR = 8  # a seventh more memory than level 0 alone, and at most 2 x 7 pairs of a level for a range
SMALLEST_BIN = 64
BLOCK_BYTES = 8 << 20  # of samples, read at a time


class Pairs(NamedTuple):
    """The least and the greatest, each (ranges, channels)."""

    low: Array
    high: Array

    def take_in(self, rows: Array, low: Array, high: Array) -> None:
        """Include these values in the ranges' extremes."""
        self.low[rows] = np.minimum(self.low[rows], low)
        self.high[rows] = np.maximum(self.high[rows], high)


def bin_within(max_bytes: int, samples: int, width: int, dtype: np.dtype[Any]) -> int:
    """Return the smallest bin with which the pyramids of a stream take no more than `max_bytes`."""
    level_0 = 2 * samples * width * dtype.itemsize  # if the bin were one sample
    bin_size = SMALLEST_BIN
    while level_0 * FACTOR > (FACTOR - 1) * bin_size * max_bytes:
        bin_size *= 2
    return bin_size


class Pyramid:
    """The pyramid of one segment of a stream: `size` samples of `width` channels, `bin_size` to a pair of level 0."""

    def __init__(self, size: int, width: int, dtype: np.dtype[Any], bin_size: int) -> None:
        self._width, self._dtype, self.bin_size = width, dtype, bin_size
        self._rows = max(2 * bin_size, BLOCK_BYTES // max(1, width * dtype.itemsize))  # read at a time
        self.levels: list[Pairs] = []
        count = size // bin_size  # the samples after the last whole bin are always read anew
        while count:  # memory that is not yet written to costs nothing
            self.levels.append(Pairs(np.zeros((count, width), dtype), np.zeros((count, width), dtype)))
            count //= FACTOR
        self._block = max(1, self._rows // bin_size)
        self._made = np.zeros(-(-(size // bin_size) // self._block), bool)
        self._renew()
        _ALL.add(self)

    def _renew(self) -> None:
        self._lock = threading.Lock()  # for what is above two blocks; nothing is read within it

    @property
    def nbytes(self) -> int:
        """Bytes of all levels, made or not."""
        return sum(pairs.low.nbytes + pairs.high.nbytes for pairs in self.levels)

    def ranges(self, first: Array, stop: Array, read: Read, engine: Engine) -> Pairs:
        """Return the least and the greatest sample of each range ``first <= i < stop``; none may be empty.

        ``read((start, stop), array)`` puts samples of all channels into an array; the engine makes what is
        missing of level 0.
        """
        worst = _worst(self._dtype)
        shape = (len(first), self._width)
        result = Pairs(np.full(shape, worst[0], self._dtype), np.full(shape, worst[1], self._dtype))
        low, high = -(-first // self.bin_size), stop // self.bin_size
        whole = low < high  # these ranges have bins, the others are shorter than two
        pieces = np.stack([first, np.where(whole, low * self.bin_size, stop), high * self.bin_size, stop], axis=1)
        pieces[~whole, 2] = stop[~whole]
        self._read_ends(result, pieces.reshape(-1, 2), read)
        if whole.any():
            low, high = low[whole], high[whole]
            self._make(int(low.min()), int(high.max()), read, engine)
            self._climb(result, np.flatnonzero(whole), low, high)
        return result

    def _read_ends(self, result: Pairs, pieces: Array, read: Read) -> None:
        """Take in pieces of samples, two per range; those that touch are read at once."""
        owners = np.repeat(np.arange(len(pieces) // 2), 2)
        some = pieces[:, 0] < pieces[:, 1]
        owners, (first, stop) = owners[some], pieces[some].T
        if not owners.size:
            return
        apart = (first[1:] != stop[:-1]) | (first[1:] // self._rows != first[:-1] // self._rows)
        edges = [0, *(np.flatnonzero(apart) + 1).tolist(), owners.size]
        longest = max(int(stop[b - 1] - first[a]) for a, b in pairwise(edges))
        buffer = np.empty((longest, self._width), self._dtype)
        low, high = (np.empty((owners.size, self._width), self._dtype) for _ in range(2))
        for a, b in pairwise(edges):
            start, end = int(first[a]), int(stop[b - 1])
            run = buffer[: end - start]
            read((start, end), run)
            np.minimum.reduceat(run, first[a:b] - start, axis=0, out=low[a:b])
            np.maximum.reduceat(run, first[a:b] - start, axis=0, out=high[a:b])
        heads = np.concatenate([[True], owners[1:] != owners[:-1]])  # a range may have two pieces
        for chosen in (heads, ~heads):
            result.take_in(owners[chosen], low[chosen], high[chosen])

    def _climb(self, result: Pairs, rows: Array, low: Array, high: Array) -> None:
        """Take in the pairs from `low` to `high` of level 0, by coarser ones where those lie within."""
        for level, pairs in enumerate(self.levels):
            top = level == len(self.levels) - 1
            up_low, up_high = (high, high) if top else (-(-low // FACTOR), high // FACTOR)
            more = up_low < up_high
            _take_each(result, rows, pairs, low, np.where(more, up_low * FACTOR, high))
            _take_each(result, rows[more], pairs, (up_high * FACTOR)[more], high[more])
            rows, low, high = rows[more], up_low[more], up_high[more]

    def _make(self, low: int, high: int, read: Read, engine: Engine) -> None:
        """Make the blocks that hold the bins from `low` to `high`, but for those that are there."""
        blocks = np.arange(low // self._block, -(-high // self._block))
        missing = blocks[~self._made[blocks]].tolist()
        if not missing:
            return
        count, size = len(self.levels[0].low), self.bin_size
        bins = [(b * self._block, min((b + 1) * self._block, count)) for b in missing]
        samples = ((first * size, stop * size) for first, stop in bins)
        shape, depth = (self._block * size, self._width), min(3, len(bins))
        pipeline = Pipeline(engine, read, samples, shape, self._dtype, depth, readers_for(engine))
        pipeline.run(lambda _, raw, chunk: self._put(chunk[0] // size, *engine.extremes(raw, size)))

    def _put(self, first: int, low: Array, high: Array) -> None:
        """Put a block in its place, and bring what lies above it up to date."""
        with self._lock:
            self._place(first, low, high)
            self._made[first // self._block] = True  # at last: a process forked before makes it again

    def _place(self, first: int, low: Array, high: Array) -> None:
        stop = first + len(low)
        for level, pairs in enumerate(self.levels):
            pairs.low[first:stop], pairs.high[first:stop] = low, high
            if level + 1 == len(self.levels):
                return
            # A pair above that this block fills in part is made again with the next block.
            first, stop = first // FACTOR, min(-(-stop // FACTOR), len(self.levels[level + 1].low))
            if first >= stop:
                return
            low, high = (
                reduce(values[first * FACTOR : stop * FACTOR].reshape(-1, FACTOR, self._width), axis=1)
                for values, reduce in ((pairs.low, np.min), (pairs.high, np.max))
            )


_ALL: WeakSet[Pyramid] = WeakSet()


def _renew_all() -> None:
    """Give each pyramid a lock that is free, in a process that was forked while one was held."""
    for pyramid in list(_ALL):
        pyramid._renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)


def _take_each(result: Pairs, rows: Array, pairs: Pairs, first: Array, stop: Array) -> None:
    """Take in the pairs from `first` to `stop` of each row, the first of all rows at once, then the second."""
    for step in range(int((stop - first).max(initial=0))):
        here = first + step < stop
        index = first[here] + step
        result.take_in(rows[here], pairs.low[index], pairs.high[index])


def _worst(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """Return the values that any minimum, and any maximum, replaces."""
    if dtype.kind == "f":
        return np.inf, -np.inf
    return np.iinfo(dtype).max, np.iinfo(dtype).min
