"""A whole run as the original plans it, with the arithmetic of :mod:`.arithmetic`.

No file is written: the original reads the waveforms of a unit from its *target*, which has the events of earlier
units by then, and so does this, from a copy of the source that is private to the process. Only pages that an event
falls into are copied, and they stay in memory until all units are planned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...ground.arrays import Array, Bools, Floats, Ints
from ...ground.errors import MockSessionError
from ...ground.regular import only_regular
from ...planting import FixedEvents, Planter
from ..planned import Adder, HybridPlan, UnitReport, skipped
from ..recipe import Recipe
from ..recording import RawRecording
from ..source import HybridSource
from ..tables import Columns, Tables, artificial_rows, new_rows, no_artificial, source_columns, stacked
from ..units import HybridUnit, UnitSkipped
from . import arithmetic as compat

CHUNK_ITEMS = 1 << 21


class PrivateCopy:
    """The files of a recording, mapped to be changed in memory alone, on the axis of absolute samples."""

    def __init__(self, recording: RawRecording) -> None:
        (self.starts, self.stops), self.dtype = recording.bounds, recording.dtype
        self.maps: list[np.memmap[Any, Any]] = []
        for source in recording.files:
            with open(source.path, "rb", opener=only_regular) as file:
                self.maps.append(np.memmap(file, self.dtype, "c", shape=(source.n_frames, recording.n_channels)))

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

    def mean(self, times: Ints, before: int, after: int) -> Floats:
        """Return the mean window on all channels, (n, C), from exact sums."""
        n, n_channels = before + after + 1, self.maps[0].shape[1]
        total, step = np.zeros((n, n_channels), np.int64), max(1, CHUNK_ITEMS // (n * n_channels))
        for begin in range(0, len(times), step):
            total += self.windows(times[begin : begin + step], before, after).sum(axis=0, dtype=np.int64)
        return total / len(times)

    def insert(self, unit: HybridUnit) -> None:
        """Add the events of a unit."""
        first, n = unit.times - unit.before, unit.n_samples
        for start, mapped, inside in self._split(unit.times):
            flat = (first[inside, None, None] - start + np.arange(n)[:, None]) * mapped.shape[1] + unit.channels
            events = unit.events.counts(0, len(first))[inside].astype(self.dtype)
            np.add.at(np.asarray(mapped).reshape(-1), flat.reshape(-1), events.reshape(-1))

    def _split(self, times: Ints) -> list[tuple[int, Array, Bools]]:
        """Cut events by file: its start, its samples, which events."""
        file = np.searchsorted(self.starts, times, side="right") - 1
        return [(int(self.starts[k]), self.maps[k], file == k) for k in range(len(self.maps))]


class Wrapping:
    """Adds events to blocks in the raw dtype, which wraps round."""

    def __init__(self, units: Sequence[HybridUnit], n_channels: int) -> None:
        self.planter = Planter(units, n_channels)

    def add(self, block: Array, start: int) -> int:
        """Add what falls into a block, in place; nothing is clipped."""
        block += self.counts(start, start + len(block)).astype(block.dtype)
        return 0

    def counts(self, start: int, stop: int) -> Array:
        """Return what is added to these samples."""
        return self.planter.counts(start, stop)


@dataclass(frozen=True, kw_only=True)
class OriginalPlan(HybridPlan):
    """What the original makes."""

    made: Tables  # center_channel is an index into the unit's channels here, as the original has it

    def tables(self) -> Tables:
        """Return the tables of the run, in the original's order."""
        return self.made

    def adder(self) -> Adder:
        """Return what adds the events."""
        return Wrapping(self.planted, self.source.recording.n_channels)


def plan_original(recipe: Recipe, source: HybridSource) -> HybridPlan:
    """Plan all requested units of raw files, one after another, as the original does; nothing is left open.

    Where the original ends with a traceback, a MockSessionError is raised.
    """
    run = _OriginalRun(recipe, source)
    for label, rate in zip(recipe.ground_truth_units, recipe.rates, strict=True):
        run.unit(label, rate)
    made, units, planted = Tables(run.annotations, run.artificial), tuple(run.reports), tuple(run.planted)
    return OriginalPlan(params=recipe, units=units, planted=planted, names=source.names, source=source, made=made)


class _OriginalRun:
    """The state that the original carries from unit to unit."""

    def __init__(self, recipe: Recipe, source: HybridSource) -> None:
        self.target, self.params, self.probe = PrivateCopy(source.recording), recipe, source.probe
        self.sorting, self.sample_rate = source.sorting, int(source.recording.sample_rate)
        self.random = np.random.RandomState(recipe.random_seed)
        self.annotations: Columns = source_columns(self.sorting)
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
        goal = compat.original_shift(channels, self.probe, params.channel_shift, random)
        if goal is None:
            raise UnitSkipped(f"its {len(channels)} channels fit nowhere else on the probe's connected sites")
        times = compat.original_times(
            own,
            (target.starts, target.stops),
            window,
            rate=rate,
            factor=params.jitter_factor,
            sample_rate=self.sample_rate,
            random=random,
            cap=params.max_events or compat.LEGACY_CAP,
        )
        if not len(times):
            raise UnitSkipped("no firing times were left")
        events = self._events(own, channels, len(times))
        return self._record(report, channels, goal, times, events)

    def _channels(self, label: int, own: Ints) -> Ints:
        if self.sorting.channel_index is not None:
            peaks: Ints = np.unique(self.sorting.channel_index[self.sorting.cluster == label])
            return peaks
        mean = self.target.mean(own, self.params.samples_before, self.params.samples_after)
        return compat.original_channels(mean)

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
        self.target.insert(unit)
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
