"""A whole run as the original makes it, with the arithmetic of :mod:`.compat`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...formats.sorters import Sorting
from ...ground.errors import MockSessionError
from ...ground.regular import only_regular
from ...planting import FixedEvents
from ..output import Columns, Tables, artificial_rows, new_rows, no_artificial, source_columns, stacked
from ..params import HybridParams
from ..plan import Plan, UnitReport, skipped
from ..probe import Probe
from ..units import HybridUnit, Source, UnitSkipped
from . import arithmetic as compat

__all__ = ["run_legacy"]

CHUNK_ITEMS = 1 << 21

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]


class LegacyTarget:
    """The files of the result, mapped to be changed, on the axis of absolute samples.

    Parameters
    ----------
    recording : RawRecording
        The source; tells where each file is on the axis.
    paths : sequence of Path
        A copy of each of its files.
    """

    def __init__(self, recording: Source, paths: Sequence[Path]) -> None:
        self.starts: Ints = np.array([file.start for file in recording.files], np.int64)
        self.stops: Ints = np.array([file.start + file.n_frames for file in recording.files], np.int64)
        self.dtype = recording.dtype
        self.maps: list[np.memmap[Any, Any]] = []
        for path, source in zip(paths, recording.files, strict=True):
            with open(path, "r+b", opener=only_regular) as file:
                self.maps.append(np.memmap(file, self.dtype, "r+", shape=(source.n_frames, recording.n_channels)))

    def flush(self) -> None:
        """Write what was changed to the files."""
        for mapped in self.maps:
            mapped.flush()

    def check(self, times: Ints, before: int, after: int) -> None:
        """Raise a MockSessionError if a window leaves its file: the original ends with a traceback."""
        file = np.searchsorted(self.starts, times - before, side="right") - 1
        outside = (file < 0) | (times + after >= self.stops[file])
        if outside.any():
            where = f"one at sample {times[outside][0]}, at the end of a file"
            expected = f"spikes {before} samples or more from a file's start and {after} from its end"
            remedy = "The original fails here; run without compat, which leaves such spikes out."
            raise MockSessionError("compat", expected, where, remedy)

    def windows(self, times: Ints, before: int, after: int, channels: Any = slice(None)) -> Array:
        """Return windows as they are now, (p, n, m)."""
        found: Array = np.concatenate(
            [
                mapped[times[inside, None] - start + np.arange(-before, after + 1)][:, :, channels]
                for start, mapped, inside in self._split(times)
            ]
        )
        return found

    def mean(self, times: Ints, before: int, after: int) -> npt.NDArray[np.float64]:
        """Return the mean window on all channels, (n, C), from exact sums."""
        n, n_channels = before + after + 1, self.maps[0].shape[1]
        total, step = np.zeros((n, n_channels), np.int64), max(1, CHUNK_ITEMS // (n * n_channels))
        for begin in range(0, len(times), step):
            total += self.windows(times[begin : begin + step], before, after).sum(axis=0, dtype=np.int64)
        return total / len(times)

    def insert(self, events: Array, times: Ints, before: int, channels: Ints) -> None:
        """Add events, wrapping round."""
        for start, mapped, inside in self._split(times):
            compat.insert(np.asarray(mapped), events[inside], times[inside] - before - start, channels)

    def _split(self, times: Ints) -> list[tuple[int, Array, npt.NDArray[np.bool_]]]:
        """Cut events by file: its start, its samples, which events."""
        file = np.searchsorted(self.starts, times, side="right") - 1
        return [(int(self.starts[k]), self.maps[k], file == k) for k in range(len(self.maps))]


def run_legacy(
    recording: Source, sorting: Sorting, probe: Probe, params: HybridParams, paths: Sequence[Path]
) -> tuple[Plan, Tables]:
    """Plant all requested units, one after another, in copies of the source's files.

    Parameters
    ----------
    recording, sorting, probe, params
        The source, what was found in it, and what is asked for.
    paths : sequence of Path
        A copy of each file of the source, which is changed.

    Returns
    -------
    Plan
        ``center_channel`` is a raw row here.
    Tables
        ``center_channel`` is an index into the unit's channels here, as the original has it (D2).

    Raises
    ------
    MockSessionError
        Where the original ends with a traceback.
    """
    run = _LegacyRun(LegacyTarget(recording, paths), sorting, probe, params, int(recording.sample_rate))
    rates: list[float | None] = [*params.synthetic_rate] or [None] * len(params.ground_truth_units)
    for label, rate in zip(params.ground_truth_units, rates, strict=True):
        run.unit(int(label), rate)
    run.target.flush()
    return Plan(tuple(run.reports), tuple(run.planted)), Tables(run.annotations, run.artificial)


class _LegacyRun:
    """The state that the original carries from unit to unit."""

    def __init__(
        self, target: LegacyTarget, sorting: Sorting, probe: Probe, params: HybridParams, sample_rate: int
    ) -> None:
        self.target, self.probe, self.params, self.sample_rate = target, probe, params, sample_rate
        self.sorting = sorting
        self.random = np.random.RandomState(params.random_seed)
        self.annotations: Columns = source_columns(sorting)
        self.artificial: Columns = no_artificial()
        self.reports: list[UnitReport] = []
        self.planted: list[HybridUnit] = []

    def unit(self, label: int, rate: float | None) -> None:
        """Plant one unit, or report why it is skipped."""
        own = self.sorting.times_of(label)
        report = UnitReport(label, n_source=len(own))
        try:
            self.reports.append(self._plant(report, own, rate))
        except UnitSkipped as reason:
            self.reports.append(skipped(report, reason))

    def _plant(self, report: UnitReport, own: Ints, rate: float | None) -> UnitReport:
        params, target, random = self.params, self.target, self.random
        window = (params.samples_before, params.samples_after)
        if not len(own):
            raise UnitSkipped(f"the sorting has no spikes of unit {report.true_unit}")
        target.check(own, *window)
        channels = self._channels(report.true_unit, own)
        goal = compat.shift_channels(channels, self.probe, params.channel_shift, random)
        if goal is None:
            raise UnitSkipped(f"its {len(channels)} channels fit nowhere else on the probe's connected sites")
        times = compat.firing_times(
            own,
            (target.starts, target.stops),
            window,
            rate=rate,
            factor=params.jitter_factor,
            sample_rate=self.sample_rate,
            random=random,
            cap=params.event_cap,
        )
        if not len(times):
            raise UnitSkipped("no firing times were left")
        events = self._events(own, channels, len(times))
        target.insert(events, times, window[0], goal)
        return self._record(report, channels, goal, times, events)

    def _channels(self, label: int, own: Ints) -> Ints:
        if self.sorting.channel_index is not None:
            peaks: Ints = np.unique(self.sorting.channel_index[self.sorting.cluster == label])
            return peaks
        mean = self.target.mean(own, self.params.samples_before, self.params.samples_after)
        return compat.unit_channels(mean)

    def _events(self, own: Ints, channels: Ints, count: int) -> Array:
        params, random = self.params, self.random
        before, after, rank = params.samples_before, params.samples_after, params.num_singular_values
        n, m, p = before + after + 1, len(channels), len(own)
        if min(self.probe.n_channels * n, p) < rank or n < m:
            raise UnitSkipped(f"not enough events: {p} spikes, {m} channels, windows of {n} samples")
        windows = self.target.windows(own, before, after, channels).transpose(2, 1, 0)
        rebuilt = compat.reconstruct(windows, rank)
        chosen = random.choice(p, size=count)
        factors = random.uniform(params.amplitude_scale_min, params.amplitude_scale_max, size=count)
        return compat.scale_and_cut(rebuilt, chosen, factors, self.target.dtype)

    def _record(self, report: UnitReport, channels: Ints, goal: Ints, times: Ints, events: Array) -> UnitReport:
        """Take the new events down in the tables, in the original's order."""
        before, new_unit = self.params.samples_before, int(self.annotations["cluster"].max()) + 1
        index = compat.center_index(events, before)
        order = np.argsort(times, kind="stable")
        labels = {"true_unit": report.true_unit, "new_unit": new_unit, "center": int(goal[index])}
        unit = HybridUnit(goal, times[order], before, events=FixedEvents(events[order]), **labels)
        self.planted.append(unit)
        rows = new_rows(self.annotations, times, new_unit)
        self.annotations = stacked([self.annotations, rows], compat.legacy_order)
        self.artificial = stacked([self.artificial, artificial_rows(unit, times, index)], compat.legacy_order)
        return UnitReport(
            report.true_unit,
            new_unit,
            n_source=report.n_source,
            source_channels=tuple(channels.tolist()),
            channels=tuple(goal.tolist()),
            center_channel=unit.center,
            n_events=len(times),
        )
