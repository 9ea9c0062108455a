"""The chunks of a stream, made by threads, in their order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from .layers import CHUNK, Int16s

Fill = Callable[[Int16s, int, int], int]  # writes samples of a segment from one on; returns how many values it cut off


class Chunk(NamedTuple):
    """Some samples of a segment."""

    samples: Int16s  # (n, n_channels); may be written over when the next chunk is asked for
    seg_index: int
    i_start: int
    clipped: int  # how many values were cut off


def made_ahead(fill: Fill, lengths: Sequence[int], width: int, n_workers: int) -> Iterator[Chunk]:
    """Yield the chunks of segments of so many samples, while `n_workers` threads make those that follow.

    What is made ahead is one chunk more than there are threads.
    """
    n_ahead = n_workers + 1
    buffers = [np.empty((min(CHUNK, max(lengths, default=0)), width), "<i2") for _ in range(n_ahead)]
    making: list[Future[Chunk]] = []
    stop = threading.Event()

    def make(out: Int16s, seg_index: int, i_start: int) -> Chunk:
        clipped = 0 if stop.is_set() else fill(out, seg_index, i_start)  # unless it is no longer wanted
        return Chunk(out, seg_index, i_start, clipped)

    with ThreadPoolExecutor(n_workers) as pool:
        try:
            for number, (seg_index, i_start, n) in enumerate(_places(lengths)):
                if len(making) == n_ahead:
                    yield making.pop(0).result()
                making.append(pool.submit(make, buffers[number % n_ahead][:n], seg_index, i_start))
            while making:
                yield making.pop(0).result()
        finally:
            stop.set()


def _places(lengths: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Yield segment, first sample and number of samples of every chunk."""
    for seg_index, n_samples in enumerate(lengths):
        for i_start in range(0, n_samples, CHUNK):
            yield seg_index, i_start, min(CHUNK, n_samples - i_start)
