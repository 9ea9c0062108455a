"""A spec's raster, at once or a stretch at a time.

- Each group has generators of its own, for its rates, its noise and its spikes, told apart by
  spawn keys: what one group draws does not depend on the others.
- Stretches hold about 2**20 spikes. Their bounds follow from the spec alone, so that the spikes
  are the same however they are taken.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..ground.arrays import Floats
from .noise import make_noise
from .poisson import checked_options, checked_profile
from .raster import Raster, join
from .spec import NOISE, FunctionalGroup, RasterSpec
from .trains import Points, TrainSource, bins_of, first_in_bins, source_for

STRETCH = 1 << 20  # spikes
_RATES, _NOISE, _SPIKES = range(3)


def generate_raster(spec: RasterSpec) -> Raster:
    """Draw the spikes of a spec.

    Parameters
    ----------
    spec : RasterSpec
        What to draw.

    Returns
    -------
    Raster
        In order of time, with the ids of each group.

    Raises
    ------
    MockSessionError
        If a group's rates cannot have its refractory period.
    """
    return join(iter_raster(spec))


def iter_raster(spec: RasterSpec) -> Iterator[Raster]:
    """Draw the spikes of a spec in consecutive time intervals, in bounded memory.

    Parameters
    ----------
    spec : RasterSpec
        What to draw.

    Yields
    ------
    Raster
        Consecutive stretches of about 2**20 spikes in order of time; together, exactly the
        raster of :func:`generate_raster`.

    Raises
    ------
    MockSessionError
        As :func:`generate_raster`.
    """
    sources = [_source(spec, group) for group in spec.groups]
    starts = [ids.start for ids in spec.ids.values()]
    before = 0.0
    for stop in _bounds(spec):
        drawn = [_group_points(spec, group, source, stop) for group, source in zip(spec.groups, sources, strict=True)]
        times = np.concatenate([points[0] for points in drawn])
        ids = np.concatenate([points[1] + start for points, start in zip(drawn, starts, strict=True)])
        order = np.argsort(times, kind="stable")
        yield Raster(times[order], ids[order].astype(np.uint64), stop - before, spec.ids, before)
        before = stop


def group_rates(spec: RasterSpec, group: FunctionalGroup) -> Floats:
    """Return the rates of a group's units.

    Parameters
    ----------
    spec : RasterSpec
        What the group is part of.
    group : FunctionalGroup
        One of its groups.

    Returns
    -------
    ndarray of float64, shape (n_units,)
        In Hz.
    """
    sd = group.log_rate_sd
    normal = _rng(spec, group, _RATES).standard_normal(group.n_units)
    return np.asarray(group.rate_hz * np.exp(sd * normal - sd**2 / 2))


def group_profile(spec: RasterSpec, group: FunctionalGroup) -> Floats | None:
    """Return the factors of a group's rates.

    Parameters
    ----------
    spec : RasterSpec
        What the group is part of.
    group : FunctionalGroup
        One of its groups.

    Returns
    -------
    ndarray of float64, shape (n_bins,), or None
        A factor for each bin; None is 1 throughout.
    """
    if group.follows is not None:
        return _followed(spec, group)
    if group.profile == NOISE:
        noise = make_noise(1, max(spec.n_bins, 2), rng=_rng(spec, group, _NOISE))[0, : spec.n_bins]
        return np.asarray(noise / noise.mean())
    return checked_profile(group.profile, group.n_units, None, spec.dt_ms)


def _followed(spec: RasterSpec, group: FunctionalGroup) -> Floats:
    """Return the delayed rate of the group that is followed, which is drawn once more for this."""
    leader = next(other for other in spec.groups if other.name == group.follows)
    counts = np.zeros(spec.n_bins, np.int64)
    source = _source(spec, leader)
    for stop in _bounds(spec):
        times, _ = _group_points(spec, leader, source, stop)
        counts += np.bincount(bins_of(times, spec.dt_ms, spec.n_bins), minlength=spec.n_bins)
    late = np.roll(counts, round(group.shift_ms / spec.dt_ms)).astype(np.float64)
    low, high = late.min(), late.max()
    scaled = (late - low) / ((high - low) or 1.0) + 0.5  # as `shift_exc_noise`; a silent leader gives a constant
    return np.asarray(scaled / scaled.mean())


def _source(spec: RasterSpec, group: FunctionalGroup) -> TrainSource:
    rates = group_rates(spec, group)
    options = checked_options(rates, group.refractory_ms, group.gamma_shape, group.synchrony)
    return source_for(rates, group_profile(spec, group), spec.dt_ms, options, _rng(spec, group, _SPIKES))


def _group_points(spec: RasterSpec, group: FunctionalGroup, source: TrainSource, stop: float) -> Points:
    points = source.until(stop)
    return first_in_bins(points, spec.dt_ms, spec.n_bins) if group.max_one_per_bin else points


def _bounds(spec: RasterSpec) -> Iterator[float]:
    """Yield where stretches end, in ms: whole bins with about STRETCH spikes."""
    per_bin = sum(group.n_units * group.rate_hz for group in spec.groups) * spec.dt_ms / 1000
    step = int(max(1, min(STRETCH / max(per_bin, 1e-12), spec.n_bins)))
    for stop in range(step, spec.n_bins, step):
        yield stop * spec.dt_ms
    yield spec.duration_s * 1000


def _rng(spec: RasterSpec, group: FunctionalGroup, purpose: int) -> np.random.Generator:
    key = (spec.groups.index(group), purpose)
    return np.random.default_rng(np.random.SeedSequence(spec.seed, spawn_key=key))
