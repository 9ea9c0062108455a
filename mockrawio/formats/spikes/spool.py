"""Blocks by time put in the order of ids, by way of temporary files, in bounded memory.

The blocks go to one file while the spikes of each unit are counted. Then ids are parted into
ranges of about 2**22 spikes, each with a place in a second file, and a pass over the first sends
each spike to its range's place. At last the ranges are sorted in memory, one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import numpy.typing as npt

from ...ground.arrays import Array, Ints
from ...ground.durable import naming
from ...ground.writing import write_all
from .blocks import SpikeBlock, SpikesLike

RANGE = 1 << 22  # spikes sorted at a time
_SPIKE = np.dtype([("id", np.uint64), ("ms", np.float64)])


def by_id(blocks: Iterable[SpikesLike], target: Path) -> Iterator[SpikeBlock]:
    """Yield the spikes of blocks in any order by id, and by time within one.

    Temporary files lie in the folder of `target`, the file that is being made. What comes out are blocks of
    consecutive ids, each with the groups and the duration of all blocks.
    """
    with _temporary(target) as first, _temporary(target) as second:
        ids, counts, sizes, outline = _spool(blocks, first, target)
        ends = _range_ends(counts)
        places = np.concatenate([[0], np.cumsum(counts)])[np.concatenate([[0], ends])]
        _scatter(first, sizes, second, ids[ends - 1], places, target)
        second.seek(0)
        for size in np.diff(places):
            spikes = _read(second, int(size))
            spikes = spikes[np.lexsort((spikes["ms"], spikes["id"]))]
            yield outline._replace(times_ms=spikes["ms"].copy(), node_ids=spikes["id"].copy())
        if not ends.size:
            yield outline


def _temporary(target: Path) -> Any:
    with naming(target):
        return TemporaryFile(dir=target.parent, buffering=0)


def _spool(blocks: Iterable[SpikesLike], file: Any, target: Path) -> tuple[Any, Any, list[int], SpikeBlock]:
    """Write blocks to a file; return each id with its count, the blocks' sizes, and how long they last."""
    ids, counts = np.empty(0, np.uint64), np.empty(0, np.int64)
    sizes: list[int] = []
    groups: dict[str, range] = {}
    stop = 0.0
    for block in blocks:
        stop, groups = max(stop, block.stop_ms), {**groups, **block.groups}
        spikes = np.empty(block.times_ms.size, _SPIKE)
        spikes["id"], spikes["ms"] = block.node_ids, block.times_ms
        write_all(file, _bytes(spikes), target)
        sizes.append(spikes.size)
        ids, counts = _merged(ids, counts, *np.unique(block.node_ids, return_counts=True))
    return ids, counts, sizes, SpikeBlock(np.empty(0), np.empty(0, np.uint64), stop, groups)


def _merged(ids: Any, counts: Any, more_ids: Any, more_counts: Any) -> tuple[Any, Any]:
    union, index = np.unique(np.concatenate([ids, more_ids]), return_inverse=True)
    total = np.zeros(union.size, np.int64)
    np.add.at(total, index, np.concatenate([counts, more_counts]))
    return union, total


def _range_ends(counts: Ints) -> npt.NDArray[np.intp]:
    """Return where ranges of ids end, as indices: a range is full when it reaches its size."""
    which = np.cumsum(counts) // RANGE
    ends = np.flatnonzero(which[1:] != which[:-1]) + 1
    return np.append(ends, counts.size) if counts.size else ends


def _scatter(first: Any, sizes: list[int], second: Any, last_ids: Any, places: Any, target: Path) -> None:
    """Send each spike of the first file to its range's place in the second."""
    at = places.copy()
    first.seek(0)
    for size in sizes:
        spikes = _read(first, size)
        spikes = spikes[np.argsort(spikes["id"], kind="stable")]
        bounds = np.concatenate([[0], np.searchsorted(spikes["id"], last_ids, side="right")])
        for index, (low, high) in enumerate(pairwise(bounds)):
            second.seek(int(at[index]) * _SPIKE.itemsize)
            write_all(second, _bytes(spikes[low:high]), target)
            at[index] += high - low


def _read(file: Any, size: int) -> Array:
    spikes = np.empty(size, _SPIKE)
    view = _bytes(spikes)
    while view.nbytes and (count := file.readinto(view)):
        view = view[count:]
    return spikes


def _bytes(spikes: Array) -> memoryview:
    return spikes.view(np.uint8).data
