"""Inhomogeneous Poisson rasters, also with dead time, gamma intervals or synchrony."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ground.arrays import Floats
from ..ground.checks import require
from .checks import float_array, generator, number_in, whole_in
from .raster import Raster
from .trains import Options, bins_in, first_in_bins, source_for


def poisson_raster(
    rates: Any,
    profile: Any = None,
    *,
    duration_s: float | None = None,
    dt_ms: float = 1.0,
    refractory_ms: float = 0.0,
    gamma_shape: float = 1.0,
    synchrony: float = 0.0,
    max_one_per_bin: bool = False,
    seed: Any = None,
    rng: np.random.Generator | None = None,
    start_id: int = 0,
    start_s: float = 0.0,
) -> Raster:
    """Draw spikes at given rates, in time proportional to the number of spikes.

    Parameters
    ----------
    rates : float or array_like, shape (n_units,)
        Each unit's rate in Hz where the profile is 1. Below 0 counts as 0.
    profile : array_like, shape (n_bins,) or (n_units, n_bins), or None
        What the rates are multiplied with in each bin. Below 0 counts as 0; the array is not
        changed. None is 1 throughout.
    duration_s : float or None
        How long; None is as long as the profile.
    dt_ms : float
        A bin of the profile.
    refractory_ms : float
        A spike is followed by so long without one. The hazard after it is raised to
        ``r p / (1 - r d)`` (rate r, profile p, dead time d), so that the rate is r where p is 1,
        and ``r p / (1 + r d (p - 1))`` where p changes little within an interval.
    gamma_shape : float
        Intervals between spikes are gamma distributed in rescaled time, with this shape: 1 is
        Poisson, above is more regular, below is burstier. At constant rate the squared
        coefficient of variation of the intervals is ``1 / gamma_shape``.
    synchrony : float
        From 0 up to 1: the correlation of two units' spike counts where both have the highest
        rate; ``synchrony * sqrt(r1 r2) / max(rates)`` for others. Units copy spikes, to the very
        time, from one common process; each for itself remains Poisson. Not with a refractory
        period or a gamma shape.
    max_one_per_bin : bool
        Keep only the first spike of a unit in each bin.
    seed : int or None
        The same seed gives the same spikes.
    rng : numpy.random.Generator or None
        In place of `seed`.
    start_id : int
        The first unit's id.
    start_s : float
        What is added to all times.

    Returns
    -------
    Raster
        In order of time.

    Raises
    ------
    MockSessionError
        If an argument is not one of the above.
    """
    hertz = np.maximum(np.atleast_1d(float_array("rates", rates, (0, 1))), 0.0)  # an array of our own
    length = None if duration_s is None else number_in("duration_s", duration_s, 0) * 1000
    bin_ms = number_in("dt_ms", dt_ms, 0, open_low=True)
    factors = checked_profile(profile, hertz.size, length, bin_ms)
    if length is None:
        require(factors is not None, "duration_s", "a duration, or a profile that has one", None, "Give one.")
        length = 0.0 if factors is None else factors.shape[-1] * bin_ms
    options = checked_options(hertz, refractory_ms, gamma_shape, synchrony)
    draws = generator(seed, rng)
    first_id, start_ms = whole_in("start_id", start_id, 0, 2**62), number_in("start_s", start_s, 0) * 1000
    points = source_for(hertz, factors, bin_ms, options, draws).until(length)
    if max_one_per_bin:
        points = first_in_bins(points, bin_ms, max(1, bins_in(length, bin_ms)))
    ids = (points[1] + first_id).astype(np.uint64)
    groups = {"units": range(first_id, first_id + hertz.size)}
    return Raster(points[0] + start_ms, ids, length, groups, start_ms)


def checked_profile(profile: Any, n_units: int, length_ms: float | None, dt_ms: float) -> Floats | None:
    """Return a profile as float64 if its shape fits units and duration; its values are not checked."""
    if profile is None:
        return None
    factors = float_array("profile", profile, (1, 2), any_value=True)  # `source_for` checks the values
    fits = factors.ndim == 1 or factors.shape[0] == n_units
    expected = f"shape (n_bins,) or ({n_units}, n_bins) for {n_units} units"
    require(fits, "profile", expected, f"shape {factors.shape}", "Give each unit its row, or all one.")
    if length_ms is not None:
        n_bins = bins_in(length_ms, dt_ms)
        expected = f"{n_bins} bins of {dt_ms:g} ms for {length_ms / 1000:g} s"
        found, remedy = f"shape {factors.shape}", "Change it, or duration_s, or dt_ms."
        require(factors.shape[-1] == n_bins, "profile", expected, found, remedy)
    return factors


def checked_options(rates: Floats, refractory_ms: Any, gamma_shape: Any, synchrony: Any) -> Options:
    """Return the options of the trains, after a check that these rates allow them."""
    dead = number_in("refractory_ms", refractory_ms, 0)
    shape = number_in("gamma_shape", gamma_shape, 0, open_low=True)
    shared = number_in("synchrony", synchrony, 0)
    require(shared == 0 or 1e-6 <= shared < 1, "synchrony", "0, or a number from 1e-6 up to 1", synchrony)
    highest = float(rates.max(initial=0.0))
    expected = f"less than {1000 / (highest or 1):g} ms, the mean interval at {highest:g} Hz"
    require(highest * dead < 1000, "refractory_ms", expected, refractory_ms, "Shorten it, or lower the rates.")
    options = Options(dead, shape, shared)
    alone = not (options.is_renewal and shared)
    require(alone, "synchrony", "0 with a refractory period or a gamma shape", synchrony, "Choose one of them.")
    return options
