"""A raster: spike times, each with the id of its unit, and the ids of each group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ..formats.spikes.blocks import Ids, SpikeBlock, Times, checked_ids, checked_times, sorting_index
from ..ground.checks import require
from ..ground.errors import MockSessionError
from .checks import float_array, whole_in


@dataclass(frozen=True, eq=False)
class Raster:
    """Spikes of many units in a time interval.

    Parameters
    ----------
    times_ms : ndarray of float64, shape (n,)
        When each spike is, in ms; finite and not negative.
    node_ids : ndarray of uint64, shape (n,)
        Which unit fired it.
    duration_ms : float
        Length of the stretch that was read or drawn.
    groups : mapping of str to range
        The ids of each functional group, in the order of the groups; may be empty.
    start_ms : float
        Where the stretch begins.

    Raises
    ------
    MockSessionError
        If lengths differ, or a time is negative, NaN or infinite, or an id is negative.
    """

    times_ms: Times
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
        index = sorting_index(self.times_ms, self.node_ids, "by_time" if key == "time" else "by_id")
        return self if index is None else self._picked(index)

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


class SpikeSelection(NamedTuple):
    """Which spikes are wanted: from `low` to before `high`, in ms, of the units `nodes`, or of all."""

    low: float
    high: float
    nodes: Ids | None

    @classmethod
    def of(cls, t_start: float | None, t_stop: float | None, node_ids: Any) -> SpikeSelection:
        """Return the selection, after a check."""
        low = 0.0 if t_start is None else float(float_array("t_start", t_start, (0,)))
        high = np.inf if t_stop is None else float(float_array("t_stop", t_stop, (0,)))
        if node_ids is None:
            return cls(low, high, None)
        plain = np.asarray(node_ids)
        require(plain.ndim == 1, "node_ids", "ids in one dimension", f"shape {plain.shape}")
        return cls(low, high, np.array([whole_in("node_ids", node, 0, 2**64 - 1) for node in plain], np.uint64))

    def of_spikes(self, block: SpikeBlock) -> Raster:
        """Return the wanted spikes, as the stretch that is wanted of what lasts until the block says."""
        times, nodes, last_ms, groups = block
        start = min(self.low, last_ms)
        mask = (times >= self.low) & (times < self.high)
        if self.nodes is not None:
            mask &= np.isin(nodes, self.nodes)
        return Raster(times[mask], nodes[mask], max(min(self.high, last_ms) - start, 0.0), groups, start)


def join(blocks: Iterable[Raster]) -> Raster:
    """Return consecutive stretches, at least one and all of the same groups, as one."""
    parts = list(blocks)
    require(bool(parts), "blocks", "at least one", "none of them", "Give one, which may be empty.")
    first = parts[0]
    times = np.concatenate([part.times_ms for part in parts])
    ids = np.concatenate([part.node_ids for part in parts])
    return Raster(times, ids, parts[-1].stop_ms - first.start_ms, first.groups, first.start_ms)
