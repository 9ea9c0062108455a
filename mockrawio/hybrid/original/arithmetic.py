"""The original's arithmetic, to reproduce data that it made, byte for byte.

This is hybridfactory 0.1.0b0 as it computes, its faults included: docs/hybridfactory.rst, *The algorithm*,
describes each step and what is wrong with it. Nothing here is used unless ``compat=True``. What must hold:

- one legacy MT19937 stream (:class:`numpy.random.RandomState`), its draws in the original's
  order: shift, two lots of jitter, their permutation, the choice of times, the choice of
  waveforms, the amplitudes;
- windows are read from the *target*, so that a later unit sees the events of earlier ones (see :mod:`.run`);
- events are cut off to whole counts and added in the raw dtype, which wraps round.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ground.arrays import Array, Floats, Ints
from ...ground.errors import MockSessionError
from ..raw_probe import Probe

LEGACY_CAP = 25_000  # events of a unit, a limit hidden in the original's choice of times
ISI_MS = 2  # the original's refractory period for events that follow real ones
PERCENTILE = 2  # of all values of the mean window: below it, a channel belongs to the unit

LegacyRandom = np.random.RandomState


def original_channels(mean: Floats) -> Ints:
    """Return the channels, raw rows, on which the mean window, (n, C) in counts, falls below a fixed percentile."""
    centred = mean - mean[0]
    threshold = np.percentile(centred, PERCENTILE)
    return np.flatnonzero((centred < threshold).any(axis=0))


def shift_candidates(channels: Ints, probe: Probe) -> tuple[Ints, Ints]:
    """Return where else on the probe the unit's channels, (m,) raw rows, fit exactly, nearest first.

    Returned are the raw row on which the unit's outermost channel would come to lie, (c,), and the raw rows for all
    its channels, in their order, (c, m).
    """
    positions = probe.channel_positions
    sites = probe.inverse_map[channels]
    connected = np.flatnonzero(probe.connected)
    middle = positions[connected].mean(axis=0)
    anchor = sites[np.argmax(np.linalg.norm(positions[sites] - middle, axis=1))]
    offsets = positions[sites] - positions[anchor]
    places = positions[connected]
    goals = places[:, None] + offsets  # (sites, m, dimensions)
    same: Array = np.equal(goals[:, None], places[None, :, None])
    hits: Array = np.logical_and.reduce(same, axis=3)  # (sites, sites, m)
    fits: Array = np.logical_and.reduce(hits.any(axis=1), axis=1) & (connected != anchor)
    found = connected[hits[fits].argmax(axis=1)]
    distance = np.linalg.norm(positions[connected[fits]] - positions[anchor], axis=1)
    order = np.argsort(distance, kind="stable")
    return probe.channel_map[connected[fits][order]], probe.channel_map[found[order]]


def original_shift(channels: Ints, probe: Probe, step: int | None, random: LegacyRandom) -> Ints | None:
    """Return the rows that the unit's events go to, or None if there are none.

    A `step` that does not fit is replaced by a random shift without a word, as the original does.
    """
    stepped = None if step is None else _stepped(channels, probe, step)
    if stepped is not None:
        return stepped
    anchors, candidates = shift_candidates(channels, probe)
    if not len(anchors):
        return None
    weights = np.arange(1, len(anchors) + 1)
    drawn: Ints = candidates[np.flatnonzero(anchors == random.choice(anchors, p=weights / weights.sum()))[0]]
    return drawn


def _stepped(channels: Ints, probe: Probe, step: int) -> Ints | None:
    sites = probe.inverse_map[channels]
    if sites.max() < probe.n_channels - step:
        moved = sites + step
    elif sites.min() >= step:
        moved = sites - step
    else:
        return None
    same = np.isclose(_distances(probe.channel_positions[moved]), _distances(probe.channel_positions[sites]))
    return probe.channel_map[moved] if same.all() and probe.connected[moved].all() else None


def _distances(positions: Array) -> Floats:
    between: Floats = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    return between


def jitter(count: int, factor: int, sample_rate: int, isi_ms: int, random: LegacyRandom) -> Ints:
    """Return the original's lopsided offsets in samples, shape (count,)."""
    half_isi, sigma = sample_rate * isi_ms // 2000, factor // 2
    forward = half_isi + np.abs(random.normal(0, sigma, size=count // 2))
    backward = -(half_isi + np.abs(half_isi + random.normal(0, sigma, size=count - count // 2)))
    return random.permutation(np.concatenate([forward, backward])).astype(np.int64)


def original_times(
    own: Ints,
    spans: tuple[Ints, Ints],
    window: tuple[int, int],
    *,
    rate: float | None,
    factor: int,
    sample_rate: int,
    random: LegacyRandom,
    cap: int | None = LEGACY_CAP,
) -> Ints:
    """Return the times of the new events, in the order in which they are inserted.

    Parameters
    ----------
    own : ndarray of int64
        The unit's own spikes, absolute samples.
    spans : tuple of ndarray
        First sample of each file, and one past its last.
    window : tuple of int
        Samples before and after an event.
    rate : float or None
        Hz, or None for the unit's own times.
    random : RandomState
        Drawn from four times.

    Raises
    ------
    MockSessionError
        If a window is longer by one sample than what its file holds there: the original fails an assertion later, at
        insertion.
    """
    (starts, stops), (before, after) = spans, window
    if rate is None:
        times, isi = own, ISI_MS
    else:
        _check_rate(rate, factor, sample_rate, stops - starts)
        times, isi = np.arange(before, stops[-1] - after - 1, sample_rate // int(rate)), 0
    times = times + jitter(len(times), factor, sample_rate, isi, random)
    first = np.searchsorted(starts, times - before, side="right")
    times = times[first == np.searchsorted(stops, times + after, side="left") + 1]
    if np.isin(times + after, stops).any():
        raise _died("a new event whose window ends one sample past its file", "an event drawn at the end of a file")
    size = len(times) if cap is None else min(len(times), cap)
    return random.choice(times, size=size, replace=False)


def _check_rate(rate: float, factor: int, sample_rate: int, lengths: Ints) -> None:
    if int(rate) != rate or not 0 < rate <= sample_rate:
        raise _died("a synthetic rate that is a whole number of Hz, at most the sample rate", repr(rate))
    if factor > lengths.min():
        raise _died(f"a jitter_factor of at most the {lengths.min()} samples of the shortest file", str(factor))


def _died(expected: str, found: str) -> MockSessionError:
    remedy = "The original ends with a traceback here; run without compat."
    return MockSessionError("compat", expected, found, remedy)


def reconstruct(windows: Array, rank: int) -> Floats:
    """Return the events, rebuilt from the leading singular vectors of their derivatives, as float64.

    They and the unit's windows are (channels, samples, events).
    """
    m, n, p = windows.shape
    x = windows.astype(np.float64)
    x -= x[:, :1].copy()
    x -= np.linspace(0, 1, n)[:, None] * x[:, -1:].copy()
    u, s, v = np.linalg.svd(np.diff(x, axis=1).reshape(m * (n - 1), p, order="F"), full_matrices=False)
    derivative = ((u[:, :rank] * s[:rank]) @ v[:rank]).reshape(m, n - 1, p, order="F")
    return np.concatenate([np.zeros((m, 1, p)), np.cumsum(derivative, axis=1)], axis=1)


def taper(peak: int, factors: Floats, n: int) -> Floats:
    """Return the original's triangle over time for events that peak at sample `peak`, (n, k)."""
    rising = np.linspace(0, factors, peak)
    return np.concatenate([rising, np.linspace(factors, 0, n - peak + 1)[1:]])


def scale_and_cut(rebuilt: Floats, chosen: Ints, factors: Floats, dtype: np.dtype[Any]) -> Array:
    """Return events as whole counts, tapered, and cut off towards zero, (k, n, m).

    They are, of those `rebuilt`, (m, n, p), the `chosen`, (k,), by `factors`, (k,).
    """
    m, n, _ = rebuilt.shape
    peaks = np.abs(rebuilt).max(axis=0).argmax(axis=0)[chosen]
    events: Array = np.empty((len(chosen), n, m), dtype)
    for peak in np.unique(peaks):
        same = np.flatnonzero(peaks == peak)
        scaled = rebuilt[:, :, chosen[same]] * taper(int(peak), factors[same], n)
        with np.errstate(invalid="ignore"):  # what does not fit is as undefined as in the original
            events[same] = scaled.astype(dtype).transpose(2, 1, 0)
    return events


def center_index(events: Array, before: int) -> int:
    """Return which of the unit's channels is lowest at the event time, for most events."""
    return int(np.bincount(events[:, before].argmin(axis=1)).argmax())


def legacy_order(timesteps: Ints) -> Ints:
    """Return the order in which the original sorts its tables, ties included.

    It sorts with NumPy's quicksort, which leaves ties in an order of its own. NumPy now sorts
    int64 otherwise where the processor has wide vectors; time differences still go the old way.
    """
    return np.argsort(timesteps.astype(np.int64).view("m8[ns]"), kind="quicksort")
