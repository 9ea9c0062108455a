"""What a hybrid run takes events from, and adds them to a copy of: a recording, its sorting, its probe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..formats.sorters import Sorting
from ..ground.arrays import Ints
from ..ground.errors import MockSessionError
from ..planting import Planter
from .raw_probe import Probe
from .recording import RawRecording


@dataclass(frozen=True)
class HybridSource:
    """A recording with its sorting.

    Attributes
    ----------
    recording : RawRecording
        Only read.
    sorting : Sorting
    probe : Probe
        Of as many channels as the recording.

    Raises
    ------
    MockSessionError
        If they do not match, the sorting is empty, or samples are not integers of at most 32 bits.
    """

    recording: RawRecording
    sorting: Sorting
    probe: Probe

    def __post_init__(self) -> None:
        recording, probe = self.recording, self.probe
        if probe.n_channels != recording.n_channels:
            found = f"{probe.n_channels} of the probe and {recording.n_channels} of the recording"
            raise MockSessionError("probe", "as many channels as the recording has", found, "Correct it.")
        if not len(self.sorting):
            raise MockSessionError("sorting", "events to take", "none", "Give a sorting of the source that found some.")
        Planter((), recording.n_channels, recording.dtype)  # refuses a dtype before any work is done

    @property
    def names(self) -> Mapping[int, Any]:
        """Names of units by label, if the source has other names."""
        return {}

    @property
    def origin(self) -> dict[str, Any] | None:
        """The manifest's entry for a source other than raw files and a sorter's folder, JSON-serialisable."""
        return None

    @property
    def read_from(self) -> Sequence[Any]:
        """What it is read from, which no result may replace."""
        return [file.path for file in self.recording.files]


def labels_of(units: Sequence[Any], known: Mapping[Any, int]) -> list[int]:
    """Return the labels of units that are given as their source calls them."""
    for unit in units:
        if unit not in known:
            some = ", ".join(map(repr, list(known)[:12])) + (", ..." if len(known) > 12 else "")
            raise MockSessionError("units", f"units of the source, {some}", f"{unit!r}", "Choose some of them.")
    return [known[unit] for unit in units]


def joined_sorting(trains: Mapping[int, Ints]) -> Sorting:
    """Return the spikes of all units as one sorting; a unit's template is its label less 1."""
    times = np.concatenate(list(trains.values()))
    labels = np.repeat(np.array(list(trains), np.int64), [len(train) for train in trains.values()])
    order = np.argsort(times, kind="stable")
    times, labels = times[order], labels[order]
    return Sorting(times, labels, labels - 1, None, "phy")
