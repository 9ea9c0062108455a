"""What is to be made of each requested unit: its channels, where they go, when, and of which events.

Units are planned apart from one another, each with random numbers of its own: the order in
which they are asked for tells their generators apart, and every step has one to itself, so
that neither other units, nor workers, nor a parameter of another step changes them.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from ..formats.sorters import Sorting
from ..planting import LowRankEvents
from .channels import mean_window, shift_channels, unit_channels
from .params import HybridParams
from .probe import Probe
from .times import REFRACTORY_MS, Timing, firing_times
from .units import HybridUnit, Source, UnitSkipped
from .waveforms import low_rank_events

__all__ = ["Plan", "UnitReport", "plan_units", "skipped"]

Ints = npt.NDArray[np.int64]


class Step(IntEnum):
    """What a generator is for: the last number of its spawn key, never to be renumbered."""

    SHIFT = 0
    TIMES = 1
    EVENTS = 2
    AMPLITUDES = 3


@dataclass(frozen=True)
class UnitReport:
    """What was made of a requested unit, or why nothing.

    Attributes
    ----------
    true_unit : int
        The label asked for.
    new_unit : int or None
        The label of the new events; None if it was skipped.
    reason : str or None
        Why it was skipped.
    n_source : int
        Spikes of the unit that could be used.
    n_source_edge : int
        Spikes that could not, since their window leaves the file.
    source_channels, channels : tuple of int
        Raw rows that events were taken from, and added to, in the same order.
    center_channel : int or None
        Raw row on which the new events are centred.
    n_events : int
        Events added.
    n_edge, n_refractory, n_over_cap : int
        Events that were not, since their window would leave its file, since there was no room
        between other spikes, since there were more than ``max_events``.
    """

    true_unit: int
    new_unit: int | None = None
    reason: str | None = None
    n_source: int = 0
    n_source_edge: int = 0
    source_channels: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()
    center_channel: int | None = None
    n_events: int = 0
    n_edge: int = 0
    n_refractory: int = 0
    n_over_cap: int = 0

    @property
    def made(self) -> bool:
        """Whether any event was added."""
        return self.new_unit is not None

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON can hold it, ``made`` first."""
        return {"made": self.made, **asdict(self)}


@dataclass(frozen=True)
class Plan:
    """A report on every requested unit, and those that are to be planted."""

    reports: tuple[UnitReport, ...]
    planted: tuple[HybridUnit, ...]


def skipped(report: UnitReport, reason: object) -> UnitReport:
    """Return a report that says why the unit was skipped."""
    return replace(report, reason=str(reason), new_unit=None)


def plan_units(recording: Source, sorting: Sorting, probe: Probe, params: HybridParams, *, n_workers: int = 1) -> Plan:
    """Plan all requested units; the result is the same for any number of workers.

    Parameters
    ----------
    recording, sorting, probe, params
        The source, what was found in it, and what is asked for.
    n_workers : int
        Number of threads.
    """
    labels = [int(label) for label in params.ground_truth_units]
    rates: list[float | None] = [*params.synthetic_rate] or [None] * len(labels)

    def planned(order: int) -> tuple[UnitReport, HybridUnit | None]:
        return _UnitPlanner(recording, sorting, probe, params, order, labels[order], rates[order]).run()

    if n_workers == 1:
        made = [planned(order) for order in range(len(labels))]
    else:
        with ThreadPoolExecutor(n_workers) as pool:
            made = list(pool.map(planned, range(len(labels))))
    return _numbered(made, int(sorting.cluster.max()))


def _numbered(made: list[tuple[UnitReport, HybridUnit | None]], highest: int) -> Plan:
    """Give the units that are made the labels above those that the sorting has."""
    reports: list[UnitReport] = []
    planted: list[HybridUnit] = []
    for report, unit in made:
        if unit is not None:
            label = highest + 1 + len(planted)
            planted.append(replace(unit, new_unit=label))
            report = replace(report, new_unit=label)
        reports.append(report)
    return Plan(tuple(reports), tuple(planted))


class _UnitPlanner:
    """The steps for one unit."""

    def __init__(
        self,
        recording: Source,
        sorting: Sorting,
        probe: Probe,
        params: HybridParams,
        order: int,
        label: int,
        rate: float | None,
    ) -> None:
        self.recording, self.probe, self.params = recording, probe, params
        self.order, self.rate = order, rate
        self.own = sorting.times_of(label)
        self.before, self.after = params.samples_before, params.samples_after
        self.report = UnitReport(label)

    def run(self) -> tuple[UnitReport, HybridUnit | None]:
        """Return the report, and the unit unless it was skipped."""
        try:
            return self._plan()
        except UnitSkipped as reason:
            return skipped(self.report, reason), None

    def _random(self, step: Step) -> np.random.Generator:
        seed = np.random.SeedSequence(self.params.random_seed, spawn_key=(self.order, int(step)))
        return np.random.Generator(np.random.PCG64(seed))

    def _note(self, **facts: Any) -> None:
        self.report = replace(self.report, **facts)

    def _plan(self) -> tuple[UnitReport, HybridUnit]:
        spikes = self._usable()
        source = unit_channels(mean_window(self.recording, spikes, self.before, self.after), self.probe)
        self._note(source_channels=tuple(source.tolist()))
        target = shift_channels(source, self.probe, self.params.channel_shift, self._random(Step.SHIFT))
        self._note(channels=tuple(target.tolist()))
        times = self._times()
        events = self._events(spikes, source, len(times))
        center = int(target[_center(events)])
        self._note(center_channel=center, n_events=len(times))
        labels = {"true_unit": self.report.true_unit, "new_unit": -1, "center": center}
        return self.report, HybridUnit(target, times, self.before, events=events, **labels)

    def _usable(self) -> Ints:
        """Return the unit's spikes whose windows lie inside the source's files."""
        if not len(self.own):
            raise UnitSkipped(f"the sorting has no spikes of unit {self.report.true_unit}")
        held = self.recording.holds_many(self.own - self.before, self.own + self.after + 1)
        self._note(n_source=int(held.sum()), n_source_edge=int((~held).sum()))
        if not held.any():
            raise UnitSkipped("the windows of all its spikes leave the recording")
        return self.own[held]

    def _times(self) -> Ints:
        rate, sample_rate = self.rate, self.recording.sample_rate
        refractory = math.ceil(REFRACTORY_MS * sample_rate / 1000)
        if rate is not None and sample_rate / rate < refractory:
            raise UnitSkipped(f"a synthetic rate of {rate:g} Hz leaves less than {REFRACTORY_MS:g} ms between spikes")
        timing = Timing(self.before, self.after, refractory, self.params.jitter_factor / 2)
        drawn = firing_times(
            self.recording, self.own, timing, self._random(Step.TIMES), rate=rate, cap=self.params.event_cap
        )
        self._note(n_edge=drawn.n_edge, n_refractory=drawn.n_refractory, n_over_cap=drawn.n_over_cap)
        if not len(drawn.times):
            raise UnitSkipped("no time was found for any of its events")
        return drawn.times

    def _events(self, spikes: Ints, channels: Ints, count: int) -> LowRankEvents:
        params, extent = self.params, (self.before, self.after)
        chosen = self._random(Step.EVENTS).integers(len(spikes), size=count)
        low, high = params.amplitude_scale_min, params.amplitude_scale_max
        factors = self._random(Step.AMPLITUDES).uniform(low, high, count)
        return low_rank_events(self.recording, spikes, channels, extent, params.num_singular_values, chosen, factors)


def _center(events: LowRankEvents) -> int:
    """Return which channel the mean event is largest on."""
    mean = np.tensordot(events.weights.mean(axis=0), events.basis, axes=1)
    return int(np.abs(mean).max(axis=0).argmax())
