"""A raster: spike times with the id of the unit that fired, and which ids make which group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ..ground.errors import MockSessionError
from .checks import floats, require, whole

__all__ = ["ORDERS", "Raster", "Selection", "Sorting", "in_order", "join"]

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.uint64]
Sorting = Literal["none", "by_id", "by_time"]
ORDERS: tuple[Sorting, ...] = ("none", "by_id", "by_time")


@dataclass(frozen=True, eq=False)
class Raster:
    """Spikes of many units, or a stretch of time out of them.

    Parameters
    ----------
    times_ms : ndarray of float64, shape (n,)
        When each spike is, in ms; finite and not negative.
    node_ids : ndarray of uint64, shape (n,)
        Which unit fired it.
    duration_ms : float
        How long the stretch is that was looked at.
    groups : mapping of str to range
        The ids of each functional group, in the order of the groups; may be empty.
    start_ms : float
        Where the stretch begins.

    Raises
    ------
    MockSessionError
        If lengths differ, or a time is negative, NaN or infinite, or an id is negative.
    """

    times_ms: Floats
    node_ids: Ids
    duration_ms: float
    groups: Mapping[str, range] = field(default_factory=dict)
    start_ms: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "times_ms", checked_times(self.times_ms))
        object.__setattr__(self, "node_ids", checked_ids(self.node_ids))
        sizes = self.times_ms.shape, self.node_ids.shape
        require(sizes[0] == sizes[1], "Raster", "as many times as ids", f"shapes {sizes[0]} and {sizes[1]}")

    def __len__(self) -> int:
        return int(self.times_ms.size)

    @property
    def stop_ms(self) -> float:
        """Where the stretch ends."""
        return self.start_ms + self.duration_ms

    @property
    def n_units(self) -> int:
        """How many units there are: those of the groups, or without groups those that fired."""
        if self.groups:
            return sum(len(ids) for ids in self.groups.values())
        return int(np.unique(self.node_ids).size)

    def sorted_by(self, order: Literal["time", "id", "by_time", "by_id"]) -> Raster:
        """Return the spikes in another order.

        Parameters
        ----------
        order : {"time", "id"}
            "time": ascending, ids ascending among equal times; "id": unit by unit, each in time.

        Returns
        -------
        Raster
            This one if it is in that order already.
        """
        key = order.removeprefix("by_")
        require(key in ("time", "id"), "order", '"time" or "id"', order)
        if in_order(self.times_ms, self.node_ids, "by_time" if key == "time" else "by_id"):
            return self
        if key == "time":
            return self._picked(np.lexsort((self.node_ids, self.times_ms)))
        return self._picked(self._order_by_id())

    def _order_by_id(self) -> npt.NDArray[np.intp]:
        if not (self.times_ms[1:] >= self.times_ms[:-1]).all():
            order: npt.NDArray[np.intp] = np.lexsort((self.times_ms, self.node_ids))
            return order
        few = int(self.node_ids.max(initial=0)) < 1 << 16  # NumPy sorts 16 bits in linear time
        return np.argsort(self.node_ids.astype(np.uint16) if few else self.node_ids, kind="stable")

    def group(self, name: str) -> Raster:
        """Return the spikes of one group.

        Raises
        ------
        MockSessionError
            If there is no such group.
        """
        if name not in self.groups:
            known = ", ".join(self.groups) or "no groups"
            raise MockSessionError("group", f"one of {known}", f"{name!r}", "Choose one of them.")
        ids = self.groups[name]
        mask = (self.node_ids >= np.uint64(ids.start)) & (self.node_ids < np.uint64(ids.stop))
        picked = self._picked(np.flatnonzero(mask))
        return Raster(picked.times_ms, picked.node_ids, self.duration_ms, {name: ids}, self.start_ms)

    def _picked(self, index: npt.NDArray[np.intp]) -> Raster:
        return Raster(self.times_ms[index], self.node_ids[index], self.duration_ms, self.groups, self.start_ms)


class Selection(NamedTuple):
    """Which spikes are wanted: from `low` to before `high`, in ms, of the units `nodes`, or of all."""

    low: float
    high: float
    nodes: Ids | None

    @classmethod
    def of(cls, t_start: float | None, t_stop: float | None, node_ids: Any) -> Selection:
        """Return what was asked for, after a look at it."""
        low = 0.0 if t_start is None else float(floats("t_start", t_start, (0,)))
        high = np.inf if t_stop is None else float(floats("t_stop", t_stop, (0,)))
        if node_ids is None:
            return cls(low, high, None)
        plain = np.asarray(node_ids)
        require(plain.ndim == 1, "node_ids", "ids in one dimension", f"shape {plain.shape}")
        return cls(low, high, np.array([whole("node_ids", node, 0, 2**64 - 1) for node in plain], np.uint64))

    def of_spikes(self, times: Floats, nodes: Ids, groups: Mapping[str, range], last_ms: float) -> Raster:
        """Return the wanted spikes, as the stretch that is wanted of what lasts until `last_ms`."""
        start = min(self.low, last_ms)
        mask = (times >= self.low) & (times < self.high)
        if self.nodes is not None:
            mask &= np.isin(nodes, self.nodes)
        return Raster(times[mask], nodes[mask], max(min(self.high, last_ms) - start, 0.0), groups, start)


def checked_times(times: Any) -> Floats:
    """Return times as float64 after a look at all of them."""
    try:
        array: Floats = np.asarray(times, np.float64)
    except (TypeError, ValueError):
        raise MockSessionError("times_ms", "numbers", "something else", "Change it.") from None
    require(array.ndim == 1, "times_ms", "one dimension", f"shape {array.shape}")
    if array.size:
        low, high = float(array.min()), float(array.max())  # NaN comes through both
        found = f"values from {low} to {high}"
        require(low >= 0 and high < np.inf, "times_ms", "finite times from 0", found, "Remove these spikes.")
    return array


def checked_ids(ids: Any) -> Ids:
    """Return ids as uint64 after a look at all of them."""
    array = np.asarray(ids)
    whole = array.dtype.kind in "iu" or array.size == 0
    require(whole and array.ndim == 1, "node_ids", "whole numbers in one dimension", f"{array.dtype} {array.shape}")
    negative = array.dtype.kind == "i" and array.size > 0 and int(array.min()) < 0
    require(not negative, "node_ids", "ids from 0", "negative ids", "Number units from 0.")
    return array.astype(np.uint64, copy=False)


def in_order(times: Floats, ids: Ids, order: Sorting) -> bool:
    """Return True if spikes are in an order, ties included."""
    if order == "none" or times.size < 2:
        return True
    first, second = (times, ids) if order == "by_time" else (ids, times)
    ascending = first[1:] > first[:-1]
    if ascending.all():
        return True
    tied = (first[1:] == first[:-1]) & (second[1:] >= second[:-1])
    return bool((ascending | tied).all())


def join(blocks: Iterable[Raster]) -> Raster:
    """Return consecutive stretches as one.

    Parameters
    ----------
    blocks : iterable of Raster
        Stretches in the order of time, of the same groups; at least one.
    """
    parts = list(blocks)
    require(bool(parts), "blocks", "at least one", "none", "Give one, which may be empty.")
    first = parts[0]
    times = np.concatenate([part.times_ms for part in parts])
    ids = np.concatenate([part.node_ids for part in parts])
    return Raster(times, ids, parts[-1].stop_ms - first.start_ms, first.groups, first.start_ms)
