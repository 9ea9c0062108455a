"""Spike trains drawn stretch by stretch, in time proportional to the number of spikes.

- Time is rescaled: `_Profile` maps ms to the profile's running integral and back, and what is
  drawn in the integral's terms (uniform points, or intervals) is exact in time.
- A profile for each unit is met by thinning: points are drawn as if every unit had the highest
  value there is, and each is kept with the chance that its own profile gives it. No running
  integral of units x bins is made, and the caller's array is neither copied nor changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..ground.arrays import Floats, Ints
from ..ground.checks import require

Points = tuple[Floats, Ints]  # times in ms, ascending; index of the unit of each


@dataclass(frozen=True)
class Options:
    """How spikes of one unit, and of several, depend on each other; see `poisson_raster`."""

    refractory_ms: float = 0.0
    gamma_shape: float = 1.0
    synchrony: float = 0.0

    @property
    def is_renewal(self) -> bool:
        """Whether a unit's next spike depends on its last."""
        return self.refractory_ms > 0 or self.gamma_shape != 1.0


class TrainSource(Protocol):
    """Spikes of a group of units, which come out once, in order of time."""

    def until(self, stop_ms: float) -> Points:
        """Return the spikes from where the last call stopped to `stop_ms`."""


class _Profile:
    """How rates rise and fall with time, the same for all units.

    `values`, float64 (n_bins,), has the factor in each bin of `dt_ms`; below 0 counts as 0. None is 1 throughout.
    """

    def __init__(self, values: Floats | None, dt_ms: float) -> None:
        self.is_constant = values is None
        if values is not None:
            self._integral = np.zeros(values.size + 1)
            np.maximum(values, 0, out=self._integral[1:])
            self._integral[1:] *= dt_ms
            np.cumsum(self._integral, out=self._integral)
            self._edges = np.arange(values.size + 1) * dt_ms

    def integral(self, ms: Any) -> Any:
        """Return the integral from 0 to each time, in ms."""
        return ms if self.is_constant else np.interp(ms, self._edges, self._integral)

    def time(self, integral: Any) -> Any:
        """Return the time at which the integral reaches each value; none falls where the profile is 0."""
        return integral if self.is_constant else np.interp(integral, self._integral, self._edges)


def source_for(
    rates: Floats, profile: Floats | None, dt_ms: float, options: Options, rng: np.random.Generator
) -> TrainSource:
    """Return the source that draws the trains of a group.

    `rates` are float64 (n_units,), in Hz, from 0; `profile`, with the factor in each bin of `dt_ms`, is float64
    (n_bins,) or (n_units, n_bins), or None. MockSessionError if it holds NaN or infinity; what is below 0,
    however far, is 0.
    """
    per_ms = rates / 1000
    if profile is not None and profile.ndim == 2 and profile.shape[0] > 0 and profile.strides[0] == 0:
        profile = profile[0]  # one row, shown as many
    # The one pass over all values that is made of them; NaN comes through.
    bound = 0.0 if profile is None else float(profile.max(initial=0.0))
    require(math.isfinite(bound), "profile", "finite numbers", f"{bound} among them", "Replace it.")
    if profile is None or profile.ndim == 1:
        return _shared(per_ms, _Profile(profile, dt_ms), options, rng)
    if options.is_renewal:
        rows = [(per_ms[unit : unit + 1], _Profile(row, dt_ms)) for unit, row in enumerate(profile)]
        return _Rows([_Renewal(*row, options, rng) for row in rows])
    return _Thinned(_shared(per_ms * bound, _Profile(None, dt_ms), options, rng), profile, bound, dt_ms, rng)


def _shared(per_ms: Floats, profile: _Profile, options: Options, rng: np.random.Generator) -> TrainSource:
    if options.is_renewal:
        return _Renewal(per_ms, profile, options, rng)
    if options.synchrony > 0:
        return _Synchronous(per_ms, profile, options.synchrony, rng)
    return _Poisson(per_ms, profile, rng)


class _Stretches:
    """Walks along a profile: each call gets the integral's bounds of the next stretch."""

    def __init__(self, profile: _Profile, draw: Callable[[float, float], Points]) -> None:
        self._profile = profile
        self._draw = draw
        self._at = 0.0

    def until(self, stop_ms: float) -> Points:
        """Return the spikes up to `stop_ms`."""
        start, self._at = self._at, float(self._profile.integral(stop_ms))
        points, units = self._draw(start, self._at)
        return self._profile.time(points), units


class _Poisson(_Stretches):
    """Independent Poisson processes: Poisson counts, and points uniform in the integral."""

    def __init__(self, per_ms: Floats, profile: _Profile, rng: np.random.Generator) -> None:
        super().__init__(profile, self._points)
        self._per_ms, self._rng = per_ms, rng

    def _points(self, start: float, stop: float) -> Points:
        counts = self._rng.poisson(self._per_ms * (stop - start))
        units = np.repeat(np.arange(counts.size), counts)
        self._rng.shuffle(units)  # all points are alike, so any order of units will do
        return _uniform(start, stop, units.size, self._rng), units


class _Synchronous(_Stretches):
    """Poisson processes that share spikes: each unit copies a part of one common process.

    A unit copies each of `n` common points with chance p. That is the same as throwing
    Poisson(-n log(1 - p)) darts at them and counting the points that were hit.
    """

    def __init__(self, per_ms: Floats, profile: _Profile, synchrony: float, rng: np.random.Generator) -> None:
        super().__init__(profile, self._points)
        highest = float(per_ms.max(initial=0.0))
        self._common = highest / synchrony
        self._darts = -np.log1p(-per_ms * synchrony / (highest or 1.0))
        self._rng = rng

    def _points(self, start: float, stop: float) -> Points:
        n = int(self._rng.poisson(self._common * (stop - start)))
        counts = self._rng.poisson(self._darts * n)
        n_units = counts.size
        units = np.repeat(np.arange(n_units), counts)
        hits = np.unique(self._rng.integers(0, max(n, 1), units.size) * n_units + units)
        point, unit = np.divmod(hits, max(n_units, 1))
        is_new = np.diff(point, prepend=-1) != 0
        times = _uniform(start, stop, int(is_new.sum()), self._rng)  # only points that were hit need one
        return times[np.cumsum(is_new) - 1], unit


class _Renewal:
    """Each unit's next spike is drawn from its last: a dead time, then a gamma interval.

    The first comes from the equilibrium distribution at profile 1: a uniform part of an interval
    that is chosen in proportion to its length.
    """

    def __init__(self, per_ms: Floats, profile: _Profile, options: Options, rng: np.random.Generator) -> None:
        self._profile, self._rng = profile, rng
        self._dead, self._shape = options.refractory_ms, options.gamma_shape
        with np.errstate(divide="ignore"):
            self._mean = 1 / per_ms - self._dead  # of the gamma interval, in the integral's terms
        self._next = np.full(per_ms.size, np.inf)
        firing = np.flatnonzero(per_ms > 0)
        self._next[firing] = self._equilibrium(self._mean[firing])

    def _equilibrium(self, mean: Floats) -> Floats:
        # Proportional to its length dead + interval: the interval is plain where the dead time
        # is what counted, and one of shape + 1 where it was the interval itself.
        plain = self._rng.random(mean.size) * (self._dead + mean) < self._dead
        interval = self._rng.standard_gamma(np.where(plain, self._shape, self._shape + 1)) * mean / self._shape
        return self._rng.random(mean.size) * (self._dead + interval)

    def until(self, stop_ms: float) -> Points:
        """Return the spikes up to `stop_ms`; a step of the loop draws one spike for each unit still there."""
        limit = float(self._profile.integral(stop_ms))
        active = np.flatnonzero(self._next < limit)
        points: list[Floats] = [np.empty(0)]
        units = [active[:0]]
        while active.size:
            now = self._next[active]
            points.append(now)
            units.append(active)
            interval = self._rng.standard_gamma(self._shape, active.size) * self._mean[active] / self._shape
            later = self._profile.integral(self._profile.time(now) + self._dead) if self._dead else now
            following = later + interval
            self._next[active] = following
            active = active[following < limit]
        return _by_time(self._profile.time(np.concatenate(points)), np.concatenate(units))


class _Rows:
    """Units that each have a source of their own."""

    def __init__(self, sources: list[_Renewal]) -> None:
        self._sources = sources

    def until(self, stop_ms: float) -> Points:
        """Return the spikes of all units up to `stop_ms`."""
        times = [source.until(stop_ms)[0] for source in self._sources]
        units = np.repeat(np.arange(len(times)), [part.size for part in times])
        return _by_time(np.concatenate([np.empty(0), *times]), units)


class _Thinned:
    """Keeps each spike of a source with the chance that its unit's own profile gives it."""

    def __init__(
        self, source: TrainSource, profile: Floats, bound: float, dt_ms: float, rng: np.random.Generator
    ) -> None:
        self._source, self._profile, self._bound = source, profile, bound
        self._dt_ms, self._rng = dt_ms, rng

    def until(self, stop_ms: float) -> Points:
        """Return the spikes kept up to `stop_ms`."""
        times, units = self._source.until(stop_ms)
        bins = bins_of(times, self._dt_ms, self._profile.shape[1])
        kept = self._rng.random(times.size) * self._bound < self._profile[units, bins]
        return times[kept], units[kept]


def bins_of(times: Floats, dt_ms: float, n_bins: int) -> Ints:
    """Return which bin each time lies in; a time rounded up to the end is in the last."""
    bins: Ints = (times / dt_ms).astype(np.int64)
    return np.minimum(bins, n_bins - 1, out=bins)


def bins_in(length_ms: float, dt_ms: float) -> int:
    """Return how many bins cover a length; the end may cut the last one short."""
    return max(0, math.ceil(length_ms / dt_ms - 1e-6))


def first_in_bins(points: Points, dt_ms: float, n_bins: int) -> Points:
    """Return the first spike of each unit in each bin, in order of time."""
    times, units = points
    _, first = np.unique(_cells(points, dt_ms, n_bins), return_index=True)
    first.sort()
    return times[first], units[first]


def filled_bins(points: Points, dt_ms: float, n_bins: int) -> tuple[Ints, Ints]:
    """Return unit and bin of each bin that holds a spike or more, unit by unit."""
    units, bins = np.divmod(np.unique(_cells(points, dt_ms, n_bins)), max(n_bins, 1))
    return units, bins


def _cells(points: Points, dt_ms: float, n_bins: int) -> Ints:
    """Return one number for unit and bin of each spike."""
    require(n_bins < 2**31, "max_one_per_bin", "fewer than 2**31 bins", n_bins, "Take a longer dt_ms.")
    return points[1] * n_bins + bins_of(points[0], dt_ms, n_bins)


def _uniform(start: float, stop: float, n: int, rng: np.random.Generator) -> Floats:
    points = rng.random(n)
    points.sort()
    return start + points * (stop - start)


def _by_time(times: Floats, units: Ints) -> Points:
    order = np.argsort(times, kind="stable")
    return times[order], units[order]
