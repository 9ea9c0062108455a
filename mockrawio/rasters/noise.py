"""The SONATA raster maker's noise: white noise through a third-order filter that falls like 1/f.

The filter, its run-in and its scaling are the raster maker's (docs/rasters.rst, *The functions of raster_maker*).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ground.arrays import Floats
from ..ground.checks import require
from .checks import float_array, generator, number_in, whole_in

B = (0.049922035, -0.095993537, 0.050612699, -0.004408786)
A = (1.0, -2.494956002, 2.017265875, -0.522189400)
RUN_IN = 2000  # samples thrown away while the filter settles
MEAN, SD = 1.0, 0.5  # of the white noise
BATCH = 256  # traces filtered at a time
FEW = 12  # traces: up to this many, a loop over numbers is faster than one over arrays


def make_noise(
    num_traces: int = 100, num_samples: int = 4999, *, seed: Any = None, rng: np.random.Generator | None = None
) -> Floats:
    """Return noise traces to modulate rates with.

    Parameters
    ----------
    num_traces : int
        How many.
    num_samples : int
        Samples of each, one per millisecond.
    seed : int or None
        What the noise is drawn from; the same seed gives the same noise.
    rng : numpy.random.Generator or None
        In place of `seed`.

    Returns
    -------
    ndarray of float64, shape (num_traces, num_samples)
        Each trace scaled for itself to run from 0.5 to 1.5.

    Raises
    ------
    MockSessionError
        If a number is out of bounds, or both `seed` and `rng` are given.
    """
    n, size = whole_in("num_traces", num_traces, 0, 10**9), whole_in("num_samples", num_samples, 2, 10**9)
    draws = generator(seed, rng)
    traces = np.empty((n, size))
    for part in np.split(traces, range(BATCH, n, BATCH)):
        part[:] = filtered(draws.normal(MEAN, SD, (len(part), size + RUN_IN)))[:, RUN_IN:]
        for trace in part:
            trace[:] = minmax(trace) + 0.5
    return traces


def filtered(white: Any) -> Floats:
    """Return signals, (n_samples,) or (n_traces, n_samples), after the filter B, A, at rest before the first sample.

    ``y[n] = sum(B[k] x[n-k]) - sum(A[k] y[n-k])``, float64, as ``scipy.signal.lfilter(B, A, white)``. A trace
    comes out the same, to the bit, alone or among others.
    """
    signal = float_array("white", white, (1, 2))
    fed = B[0] * signal
    for lag in (1, 2, 3):
        fed[..., lag:] += B[lag] * signal[..., :-lag]
    if signal.ndim == 2 and len(signal) > FEW:
        return _recursion_of_many(fed)
    for trace in np.atleast_2d(fed):
        trace[:] = _recursion(trace.tolist())
    return fed


def _recursion(fed: list[float]) -> list[float]:
    _, a1, a2, a3 = A
    y1 = y2 = y3 = 0.0
    out = []
    for value in fed:
        value = value - (a1 * y1 + a2 * y2 + a3 * y3)
        y1, y2, y3 = value, y1, y2
        out.append(value)
    return out


def _recursion_of_many(fed: Floats) -> Floats:
    """Do as `_recursion`, a sample of all traces at a time."""
    _, a1, a2, a3 = A
    out = np.zeros((fed.shape[1] + 3, len(fed)))  # three rows of rest first
    out[3:] = fed.T
    for n in range(3, len(out)):
        out[n] -= a1 * out[n - 1] + a2 * out[n - 2] + a3 * out[n - 3]
    return np.ascontiguousarray(out[3:].T)


def minmax(x: Any) -> Floats:
    """Return numbers scaled to run from 0 to 1.

    Parameters
    ----------
    x : array_like
        Of any shape; scaled as a whole.

    Returns
    -------
    ndarray of float64
        The same shape.

    Raises
    ------
    MockSessionError
        If it is empty, all the same, or not finite.
    """
    values = _spread("x", x)
    low, high = values.min(), values.max()
    return np.asarray((values - low) / (high - low))


def zscore(x: Any) -> Floats:
    """Return numbers shifted to mean 0 and scaled to standard deviation 1.

    Parameters
    ----------
    x : array_like
        Of any shape; scaled as a whole, with the standard deviation over n.

    Returns
    -------
    ndarray of float64
        The same shape.

    Raises
    ------
    MockSessionError
        If it is empty, all the same, or not finite.
    """
    values = _spread("x", x)
    return np.asarray((values - values.mean()) / values.std())


def _spread(name: str, x: Any) -> Floats:
    values = float_array(name, x, tuple(range(1, 33)))
    varied = values.size > 0 and bool(values.min() < values.max())
    remedy = "Give numbers that differ: a constant cannot be scaled."
    require(varied, name, "numbers that differ", "none, or all the same", remedy)
    return values


def shift_exc_noise(ts: Any, nid: Any, seconds: float, time_shift: int = 4) -> Floats:
    """Return a raster's mean rate as a profile, some ms later.

    Parameters
    ----------
    ts : array_like of float, shape (n,)
        When spikes are, in ms.
    nid : array_like of int, shape (n,)
        Whose they are. The mean is over ``max(nid) + 1`` units.
    seconds : float
        The raster's length.
    time_shift : int
        By how many ms the profile is late; what leaves at the end comes in at the start.

    Returns
    -------
    ndarray of float64, shape (1000 * seconds - 1,)
        From 0.5 to 1.5, a value for each bin of 1 ms. The last ms of `seconds` has none, as in
        the raster maker, whose 4999 samples are 5 s.

    Raises
    ------
    MockSessionError
        If shapes differ, or all bins hold equally many spikes.
    """
    times, ids = float_array("ts", ts, (1,)), float_array("nid", nid, (1,))
    require(times.shape == ids.shape, "nid", f"as many ids as times, {times.size}", ids.size)
    n_bins = len(np.arange(0, number_in("seconds", seconds, 0, 1e6) * 1000, 1)) - 1
    enough = n_bins >= 2 and times.size > 0
    require(enough, "ts and seconds", "spikes, and 3 ms or more", "less than that", "Give more.")
    counts = np.histogram(times, bins=np.arange(n_bins + 1))[0]
    rate = counts / (0.001 * (ids.max() + 1))
    return minmax(np.roll(rate, whole_in("time_shift", time_shift, -(10**9), 10**9))) + 0.5
