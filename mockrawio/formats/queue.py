"""Records of several sources, of several lengths, put in order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..ground.arrays import Array

Due = tuple[Array, Array]
"""Times, ascending, and a row of bytes for each."""


class Queue:
    """Records that wait for their time: a source yields some of each length at once, in order of time."""

    def __init__(self, sources: Sequence[Iterator[tuple[Due, ...]]]) -> None:
        self._sources = sources
        self._waiting: list[list[Due]] = [[] for _ in sources]

    def until(self, tick: float | None) -> Array:
        """Return the bytes of all records before a time, or of all that are left."""
        due: list[Due] = []
        for source, waiting in zip(self._sources, self._waiting, strict=True):
            while not waiting or (tick is None or max(_last(one) for one in waiting) < tick):
                more = next(source, None)
                if more is None:
                    break
                waiting.extend(more)
            for k, (ticks, data) in enumerate(waiting):
                cut = len(ticks) if tick is None else int(np.searchsorted(ticks, tick, "left"))
                due.append((ticks[:cut], data[:cut]))
                waiting[k] = (ticks[cut:], data[cut:])
            waiting[:] = [one for one in waiting if len(one[0])]
        return _interleaved(due)


def _last(due: Due) -> float:
    return float(due[0].max(initial=-1))


def _interleaved(parts: Sequence[Due]) -> Array:
    """Return the bytes of rows of several lengths, in order of their ticks."""
    ticks = np.concatenate([np.zeros(0, np.int64), *(one[0] for one in parts)])
    sizes = np.concatenate([np.zeros(0, np.int64), *(np.full(len(one[0]), one[1].shape[1]) for one in parts)])
    order = np.argsort(ticks, kind="stable")
    ends = np.cumsum(sizes[order])
    begins = np.empty(len(order), np.int64)
    begins[order] = ends - sizes[order]
    whole = np.empty(int(sizes.sum()), np.uint8)
    first = 0
    for _, data in parts:
        places = begins[first : first + len(data), None] + np.arange(data.shape[1])
        whole[places] = data
        first += len(data)
    return whole
