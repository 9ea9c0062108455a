"""The one form that every sorter's output becomes, and the checks of its arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...ground.arrays import Array, Ints
from ...ground.errors import BadFileError

EXPORT = "Export the sorting again."


@dataclass(frozen=True, eq=False)
class Sorting:
    """The events that a sorter found, in order of time.

    Attributes
    ----------
    timestep : (n,) int64
        Sample of each event on the absolute axis, from 0.
    cluster : (n,) int64
        Its unit, as ``ground_truth_units`` calls it: for phy the file's label plus 1.
    template : (n,) int64 or None
        Its template, from 0; None where the sorter stores none.
    channel_index : (n,) int64 or None
        The raw row of its peak, from 0; where the sorter says so.
    kind : str
        The name of the format that it comes from, as ``output_type`` has it.
    phy_base : int or None
        What the first sample is called in ``spike_times.npy``; None for the other kinds.
    """

    timestep: Ints
    cluster: Ints
    template: Ints | None
    channel_index: Ints | None
    kind: str
    phy_base: int | None = None

    def __post_init__(self) -> None:
        for array in (self.timestep, self.cluster, self.template, self.channel_index):
            if array is not None:
                array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.timestep)

    @property
    def units(self) -> Ints:
        """The labels that occur, ascending."""
        return np.unique(self.cluster)

    def in_files(self, unit: int) -> int:
        """Return the label that the sorter's own files have for a unit."""
        return unit - 1 if self.kind == "phy" else unit

    def times_of(self, unit: int) -> Ints:
        """Return the times of a unit's events, ascending; none if the label does not occur."""
        times: Ints = self.timestep[self.cluster == unit]
        return times


def whole_numbers(path: str, name: str, values: Array) -> Ints:
    """Return whole numbers of any type as int64."""
    whole = values.dtype.kind in "iu"
    if values.dtype.kind == "f":
        whole = bool(np.all((np.abs(values) < 2**53) & (np.floor(values) == values)))
    if not whole or (values.size and values.max() > np.iinfo(np.int64).max):
        raise BadFileError(path, f"whole numbers in {name}", f"{values.dtype}, some of them not whole", EXPORT)
    return np.asarray(values, np.int64)


def check_lengths(path: str, lengths: dict[str, int]) -> None:
    """Check that arrays are of one length."""
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{length} in {name}" for name, length in lengths.items())
        raise BadFileError(path, "as many times as labels", found, EXPORT)


def check_times(path: str, times: Ints, remedy: str = EXPORT) -> None:
    """Check that times ascend from 0 or later; `remedy` is for those that are before it."""
    back = np.flatnonzero(np.diff(times) < 0)
    if back.size:
        found = f"event {back[0] + 1} before event {back[0]}"
        raise BadFileError(path, "times in ascending order", found, "Sort the events by time, all arrays alike.")
    if times.size and times[0] < 0:
        raise BadFileError(path, "no time before the first sample", f"{times[0]}, counted from 0", remedy)


def check_least(path: str, name: str, values: Ints, least: int) -> None:
    """Check that numbers are `least` or more."""
    if values.size and values.min() < least:
        event = int(np.argmin(values))
        raise BadFileError(path, f"{name} of {least} or more", f"{values[event]} at event {event}", EXPORT)
