"""Spikes as plain arrays: what every reader of spike files gives, every writer takes, and rasters are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple, Protocol, cast

import numpy as np
import numpy.typing as npt

from ...ground.checks import require
from ...ground.errors import MockSessionError

Times = npt.NDArray[np.float64]
Ids = npt.NDArray[np.uint64]
Order = Literal["none", "by_id", "by_time"]
NAMELESS = "default"  # what a population is called to which its file gives no name
ORDERS: tuple[Order, ...] = ("none", "by_id", "by_time")


class SpikesLike(Protocol):
    """What is written: a :class:`SpikeBlock`, a :class:`~mockrawio.rasters.Raster`, or the like."""

    @property
    def times_ms(self) -> Times:
        """When each spike is, in ms, (n,)."""

    @property
    def node_ids(self) -> Ids:
        """Which unit fired it, (n,)."""

    @property
    def stop_ms(self) -> float:
        """Until when spikes were looked for."""

    @property
    def groups(self) -> Mapping[str, range]:
        """The ids of each group of units; may be empty."""


class SpikeBlock(NamedTuple):
    """Some spikes of a file, and what is known of all of them."""

    times_ms: Times  # (n,), finite, and not negative
    node_ids: Ids  # (n,)
    stop_ms: float = 0.0  # how long the file's spikes last; where it does not say so, to the latest so far
    groups: Mapping[str, range] = {}

    @classmethod
    def of(cls, spikes: SpikesLike, order: Order) -> SpikeBlock:
        """Return spikes in an order."""
        index = sorting_index(spikes.times_ms, spikes.node_ids, order)
        picked = slice(None) if index is None else index
        return cls(spikes.times_ms[picked], spikes.node_ids[picked], spikes.stop_ms, spikes.groups)


def blocks_of(spikes: SpikesLike | Iterable[SpikesLike]) -> Iterable[SpikesLike]:
    """Return spikes as blocks, which they may be already."""
    if hasattr(spikes, "times_ms"):  # a block is a tuple, so can be gone through too
        return [cast(SpikesLike, spikes)]
    return spikes


def checked_times(times: Any) -> Times:
    """Return times as float64 after a check of all of them."""
    try:
        array: Times = np.asarray(times, np.float64)
    except (TypeError, ValueError):
        raise MockSessionError("times_ms", "numbers", "something else", "Give an array of numbers.") from None
    require(array.ndim == 1, "times_ms", "one dimension", f"shape {array.shape}")
    if array.size:
        low, high = float(array.min()), float(array.max())  # NaN comes through both
        found = f"values from {low} to {high}"
        require(low >= 0 and high < np.inf, "times_ms", "finite times from 0", found, "Remove these spikes.")
    return array


def checked_ids(ids: Any) -> Ids:
    """Return ids as uint64 after a check of all of them."""
    array = np.asarray(ids)
    whole = array.dtype.kind in "iu" or array.size == 0
    require(whole and array.ndim == 1, "node_ids", "whole numbers in one dimension", f"{array.dtype} {array.shape}")
    negative = array.dtype.kind == "i" and array.size > 0 and int(array.min()) < 0
    require(not negative, "node_ids", "ids from 0", "negative ids", "Number units from 0.")
    return array.astype(np.uint64, copy=False)


def _in_order(times: Times, ids: Ids, order: Order) -> bool:
    """Return True if spikes are in an order, ties included."""
    if order == "none" or times.size < 2:
        return True
    first, second = (times, ids) if order == "by_time" else (ids, times)
    ascending = first[1:] > first[:-1]
    if ascending.all():
        return True
    tied = (first[1:] == first[:-1]) & (second[1:] >= second[:-1])
    return bool((ascending | tied).all())


def sorting_index(times: Times, ids: Ids, order: Order) -> npt.NDArray[np.intp] | None:
    """Return the index that sorts spikes, ties by the other key; None if they are sorted."""
    if _in_order(times, ids, order):
        return None
    if order == "by_time":
        return np.lexsort((ids, times))
    if not (times[1:] >= times[:-1]).all():
        return np.lexsort((times, ids))
    few = int(ids.max(initial=0)) < 1 << 16  # NumPy sorts 16 bits in linear time
    return np.argsort(ids.astype(np.uint16) if few else ids, kind="stable")
