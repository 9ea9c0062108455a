"""What a sorter found, from a folder, a :class:`Sorting`, a SpikeInterface sorting, or plain trains."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..formats.sorters import Sorting, load_sorting
from ..ground.arrays import Ints
from ..ground.checks import is_whole, require
from ..ground.errors import MockSessionError
from ..ground.shown import Argument
from .axis import Axis


@dataclass(frozen=True, eq=False)
class Found:
    """The clusters that a sorter found."""

    name: str  # the folder, or the kind of object
    labels: tuple[Any, ...]  # as the sorting has them: for a folder as in Sorting, for phy the file's plus 1
    trains: tuple[Ints, ...]  # the times of each, ascending, on the axis of the truth
    n_unassigned: int = 0  # events that belong to no cluster (labels of 0 and below), which are left out
    directory: str | None = None  # the folder, if it was one
    sorting: Sorting | None = None  # all events, the times as they are in it


def load_found(
    source: Any,
    rate: float,
    axis: Axis,
    *,
    argument: str = "sorting",
    output_type: str | None = None,
    phy_base: int | None = None,
    offset: int = 0,
) -> Found:
    """Return what a sorter found, from a path, a Sorting, a SpikeInterface sorting of `rate` Hz, or trains by id.

    What has several segments has those of the axis; what has one counts its samples through all of them.
    `argument` is what the caller calls the source; `output_type` and `phy_base` are as for :func:`load_sorting`;
    `offset` samples are added to all times.
    """
    require(is_whole(offset), Argument("offset"), "a whole number of samples", offset)
    if hasattr(source, "get_unit_spike_train"):
        return _from_spikeinterface(source, rate, axis, offset)
    if isinstance(source, Mapping):
        trains = {unit: [np.asarray(train, np.int64) + offset] for unit, train in source.items()}
        return _placed("trains", trains, axis)
    if isinstance(source, Sorting):
        return _from_sorting(source, None, axis, offset)
    is_path = isinstance(source, (str, os.PathLike))
    expected = "a folder, a Sorting, a SpikeInterface sorting or trains"
    require(is_path, Argument(argument), expected, type(source).__name__)
    return _from_sorting(load_sorting(source, output_type, phy_base=phy_base), os.fspath(source), axis, offset)


def plain_id(unit_id: Any) -> Any:
    """Return a unit's id as Python has it, not NumPy."""
    return unit_id.item() if isinstance(unit_id, np.generic) else unit_id


def segment_trains(sorting: Any) -> dict[Any, list[Ints]]:
    """Return the spikes of each unit of a SpikeInterface sorting: frames in each segment."""
    segments = range(sorting.get_num_segments())
    return {
        plain_id(unit): [np.asarray(sorting.get_unit_spike_train(unit, segment_index=k), np.int64) for k in segments]
        for unit in sorting.get_unit_ids()
    }


def _from_sorting(sorting: Sorting, directory: str | None, axis: Axis, offset: int) -> Found:
    labels = sorting.units[sorting.units > 0].tolist()
    left_out = int((sorting.cluster <= 0).sum())
    name = directory or f"a sorting ({sorting.kind})"
    found = _placed(name, {label: [sorting.times_of(label) + offset] for label in labels}, axis)
    return Found(name, found.labels, found.trains, left_out, directory, sorting)


def _from_spikeinterface(sorting: Any, rate: float, axis: Axis, offset: int) -> Found:
    its_rate, count, several = float(sorting.get_sampling_frequency()), sorting.get_num_segments(), len(axis.sizes)
    if count not in (1, several) or abs(its_rate - rate) > 1e-6 * rate:
        expected = f"one segment{'' if several == 1 else f', or {several},'} at {rate:g} Hz"
        found = f"{count} segments at {its_rate:g} Hz"
        raise MockSessionError("sorting", expected, found, "Sort the recording that the truth is of.")
    trains = {unit: [part + offset for part in parts] for unit, parts in segment_trains(sorting).items()}
    return _placed(f"a SpikeInterface sorting ({type(sorting).__name__})", trains, axis)


def _placed(name: str, trains: Mapping[Any, list[Ints]], axis: Axis) -> Found:
    """Return clusters whose spikes are given by segment, or in one that goes through all."""
    parts = [axis.cut(some[0]) if len(some) == 1 else some for some in trains.values()]
    return Found(name, tuple(trains), tuple(map(axis.joined, parts)))
