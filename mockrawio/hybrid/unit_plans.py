"""What is to be made of each requested unit: its channels, where they go, when, and of which events.

Units are planned apart from one another, each with random numbers of its own: the order in
which they are asked for tells their generators apart, and every step has one to itself, so
that neither other units, nor workers, nor a parameter of another step changes them.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from enum import IntEnum
from typing import Any

import numpy as np

from ..ground.arrays import Ints
from ..planting import LowRankEvents
from .channels import mean_window, shift_channels, unit_channels
from .low_rank import low_rank_events
from .planned import HybridPlan, UnitReport, skipped
from .recipe import Recipe
from .source import HybridSource
from .times import REFRACTORY_MS, Spacing, firing_times
from .units import HybridUnit, UnitSkipped


class Step(IntEnum):
    """What a generator is for: the last number of its spawn key. Never renumber."""

    SHIFT = 0
    TIMES = 1
    EVENTS = 2
    AMPLITUDES = 3


def plan_units(recipe: Recipe, source: HybridSource, *, n_workers: int = 1) -> HybridPlan:
    """Plan all requested units, nothing left open; the result is the same for any number of workers."""
    orders = range(len(recipe.ground_truth_units))

    def planned(order: int) -> tuple[UnitReport, HybridUnit | None]:
        return _UnitPlanner(recipe, source, order).run()

    if n_workers == 1:
        made = [planned(order) for order in orders]
    else:
        with ThreadPoolExecutor(n_workers) as pool:
            made = list(pool.map(planned, orders))
    units, planted = _numbered(made, int(source.sorting.cluster.max()))
    return HybridPlan(params=recipe, units=units, planted=planted, names=source.names, source=source)


def _numbered(
    made: list[tuple[UnitReport, HybridUnit | None]], highest: int
) -> tuple[tuple[UnitReport, ...], tuple[HybridUnit, ...]]:
    """Give the units that are made the labels above those that the sorting has."""
    reports: list[UnitReport] = []
    planted: list[HybridUnit] = []
    for report, unit in made:
        if unit is not None:
            label = highest + 1 + len(planted)
            planted.append(replace(unit, new_unit=label))
            report = replace(report, new_unit=label)
        reports.append(report)
    return tuple(reports), tuple(planted)


class _UnitPlanner:
    """The steps for one unit."""

    def __init__(self, recipe: Recipe, source: HybridSource, order: int) -> None:
        self.recording, self.probe, self.params, self.order = source.recording, source.probe, recipe, order
        label, self.rate = recipe.ground_truth_units[order], recipe.rates[order]
        self.own = source.sorting.times_of(label)
        self.before, self.after = recipe.samples_before, recipe.samples_after
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
        timing = Spacing(self.before, self.after, refractory, self.params.jitter_factor / 2)
        drawn = firing_times(
            self.recording, self.own, timing, self._random(Step.TIMES), rate=rate, cap=self.params.max_events
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
