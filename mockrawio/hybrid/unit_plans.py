"""What is to be made of each requested unit: its channels, where they go, when, and of which events.

Units are planned apart from one another, by the :mod:`.steps`, each with random numbers of its own, so that neither
other units nor workers change them.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from ..ground.arrays import Ints
from ..planting import LowRankEvents
from .planned import HybridPlan, UnitReport, skipped
from .recipe import Recipe
from .source import HybridSource
from .steps import (
    construct_events,
    jitter_events,
    scale_events,
    shift_channels,
    unit_channels,
    unit_firing_times,
)
from .units import HybridUnit, UnitSkipped, center_of


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
        self.source, self.params, self.rate = source, recipe, recipe.rates[order]
        self.unit = recipe.ground_truth_units[order]
        self.window = recipe.samples_before, recipe.samples_after
        self.drawn = {"seed": int(recipe.random_seed or 0), "order": order}
        self.report = UnitReport(self.unit)

    def run(self) -> tuple[UnitReport, HybridUnit | None]:
        """Return the report, and the unit unless it was skipped."""
        try:
            return self._plan()
        except UnitSkipped as reason:
            return skipped(self.report, reason), None

    def _note(self, **facts: Any) -> None:
        self.report = replace(self.report, **facts)

    def _plan(self) -> tuple[UnitReport, HybridUnit]:
        self._count_spikes()
        rows = unit_channels(self.source, self.unit, *self.window)
        self._note(source_channels=tuple(rows.tolist()))
        target = shift_channels(self.source, rows, self.params.channel_shift, **self.drawn)
        self._note(channels=tuple(target.tolist()))
        times = self._times()
        events = self._events(rows, len(times))
        center = int(target[center_of(events)])
        self._note(center_channel=center, n_events=len(times))
        labels = {"true_unit": self.unit, "new_unit": -1, "center": center}
        return self.report, HybridUnit(target, times, self.params.samples_before, events=events, **labels)

    def _count_spikes(self) -> None:
        n_spikes = len(self.source.sorting.times_of(self.unit))
        self._note(n_source_edge=n_spikes)  # unless some are not
        n_source = len(unit_firing_times(self.source, self.unit, *self.window))
        self._note(n_source=n_source, n_source_edge=n_spikes - n_source)

    def _times(self) -> Ints:
        factor, most = self.params.jitter_factor, self.params.max_events
        drawn = jitter_events(
            self.source, self.unit, factor, *self.window, synthetic_rate=self.rate, max_events=most, **self.drawn
        )
        self._note(n_edge=drawn.n_edge, n_refractory=drawn.n_refractory, n_over_cap=drawn.n_over_cap)
        return drawn.times

    def _events(self, rows: Ints, count: int) -> LowRankEvents:
        params, rank = self.params, self.params.num_singular_values
        events = construct_events(self.source, self.unit, rows, rank, *self.window, num_events=count, **self.drawn)
        return scale_events(events, params.amplitude_scale_min, params.amplitude_scale_max, **self.drawn).rounded()
