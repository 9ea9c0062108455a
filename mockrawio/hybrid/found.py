"""What a sorter found in hybrid data, from a folder, a :class:`Sorting`, or a SpikeInterface sorting."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..formats.sorters import Sorting, load_sorting
from ..ground.arrays import Ints
from ..ground.checks import is_whole, require
from ..ground.errors import MockSessionError
from .extractor_source import plain_id


@dataclass(frozen=True, eq=False)
class Found:
    """The clusters that a sorter found."""

    name: str  # the folder, or the kind of object
    labels: tuple[Any, ...]  # as the sorting has them: for a folder as in Sorting, for phy the file's plus 1
    trains: tuple[Ints, ...]  # the times of each, ascending, on the axis of the truth
    n_unassigned: int = 0  # events that belong to no cluster (labels of 0 and below), which are left out
    directory: str | None = None  # the folder, if it was one
    sorting: Sorting | None = None  # all events, the times as they are in it

    def flat(self) -> tuple[Ints, Ints]:
        """Return the times of all clusters in ascending order, and which cluster each belongs to."""
        sizes = [len(train) for train in self.trains]
        times = np.concatenate([*self.trains, np.empty(0, np.int64)])
        clusters = np.repeat(np.arange(len(sizes)), sizes)
        order = np.argsort(times, kind="stable")
        return times[order], clusters[order]


def load_found(source: Any, output_type: str | None, phy_base: int | None, rate: float, offset: int) -> Found:
    """Return what a sorter found, from a path, a Sorting, or a SpikeInterface sorting of one segment and of `rate` Hz.

    `output_type` and `phy_base` are as for :func:`load_sorting`; `offset` samples are added to all times.
    """
    require(is_whole(offset), "offset", "a whole number of samples", offset)
    if hasattr(source, "get_unit_spike_train"):
        return _from_spikeinterface(source, rate, offset)
    if isinstance(source, Sorting):
        return _from_sorting(source, None, offset)
    is_path = isinstance(source, (str, os.PathLike))
    expected = "a folder, a Sorting or a SpikeInterface sorting"
    require(is_path, "sorter_directory", expected, type(source).__name__)
    return _from_sorting(load_sorting(source, output_type, phy_base=phy_base), os.fspath(source), offset)


def _from_sorting(sorting: Sorting, directory: str | None, offset: int) -> Found:
    labels = sorting.units[sorting.units > 0]
    trains = tuple(sorting.times_of(label) + offset for label in labels.tolist())
    left_out = int((sorting.cluster <= 0).sum())
    name = directory or f"a sorting ({sorting.kind})"
    return Found(name, tuple(labels.tolist()), trains, left_out, directory, sorting)


def _from_spikeinterface(sorting: Any, rate: float, offset: int) -> Found:
    its_rate = float(sorting.get_sampling_frequency())
    if sorting.get_num_segments() != 1 or abs(its_rate - rate) > 1e-6 * rate:
        found = f"{sorting.get_num_segments()} segments at {its_rate:g} Hz"
        raise MockSessionError("sorting", f"one segment at {rate:g} Hz", found, "Sort the hybrid data.")
    ids = sorting.get_unit_ids()
    trains = [np.asarray(sorting.get_unit_spike_train(unit, segment_index=0), np.int64) for unit in ids]
    name = f"a SpikeInterface sorting ({type(sorting).__name__})"
    return Found(name, tuple(map(plain_id, ids)), tuple(np.sort(train) + offset for train in trains))
