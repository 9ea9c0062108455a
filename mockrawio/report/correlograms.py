"""Correlograms: how often spikes of one unit come at each lag from those of another, or of its own."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..ground.arrays import Floats, Ints
from ..ground.checks import require
from ..ground.shown import Argument
from ..rawio.reader import MockSessionRawIO
from .choosing import unit_index

_BATCH = 1 << 18  # spikes of the two that are held against each other at a time
_EXACT = 3  # decimals of lags in ms: what is finer is not in the times of a session


class Correlogram(NamedTuple):
    """A histogram of lags.

    Attributes
    ----------
    edges_ms : ndarray of float64, shape (bins + 1,)
        From ``-window_ms`` to ``window_ms``; a bin holds its lower edge.
    counts : ndarray of int64, shape (bins,)
        Pairs of spikes; a spike and itself are none.
    rate_hz : ndarray of float64, shape (bins,)
        Spikes a second at that lag from a spike; NaN without spikes.
    n : int
        Spikes that lags are counted from.
    """

    edges_ms: Floats
    counts: Ints
    rate_hz: Floats
    n: int


def correlogram(
    reader: MockSessionRawIO,
    unit: int | str,
    other: int | str | None = None,
    *,
    window_ms: float = 50.0,
    bin_ms: float = 1.0,
) -> Correlogram:
    """Count the lags from a unit's spikes to those of another one, or to its own, never across segments.

    SpikeInterface's ``compute_correlograms(window_ms=100)``, whose window is the whole width, has the same counts.

    Parameters
    ----------
    reader : MockSessionRawIO
    unit : int or str
        From whose spikes lags are counted, by index or id.
    other : int or str, optional
        Whose spikes come after them at a lag above 0. None: the unit's own, its autocorrelogram.
    window_ms, bin_ms : float
        The largest lag to either side, which is cut to a whole number of bins; and how wide these are.

    Returns
    -------
    Correlogram

    Raises
    ------
    MockSessionError
        If a unit is unknown, or there is not a bin to either side.
    """
    require(0 < bin_ms <= window_ms, Argument("bin_ms"), f"a width above 0, up to window_ms={window_ms:g}", bin_ms)
    index = unit_index(reader, unit)
    target = index if other is None else unit_index(reader, other)
    half = int(window_ms / bin_ms + 1e-9)
    counts, n = np.zeros(2 * half, np.int64), 0
    for segment in range(reader.segment_count(0)):
        one, two = (reader.get_spike_timestamps(0, segment, k) for k in (index, target))
        n += len(one)
        counts += _lags(one, two, half, bin_ms)
    if target == index:
        counts[half] -= n  # each spike with itself
    edges: Floats = np.arange(-half, half + 1, dtype=np.float64) * bin_ms
    rate = counts / (n * bin_ms / 1000) if n else np.full(2 * half, np.nan)
    return Correlogram(edges, counts, rate, n)


def _lags(one: Floats, two: Floats, half: int, bin_ms: float) -> Ints:
    """Count the lags from sorted times to others, in bins."""
    counts, reach = np.zeros(2 * half, np.int64), half * bin_ms + 10.0**-_EXACT
    for low in range(0, len(one), _BATCH):
        rest = one[low : low + _BATCH]
        first = np.searchsorted(two, rest - reach)
        # The k-th spike within reach of each, as long as there is one: as many turns as the largest burst has spikes.
        while rest.size:
            there = first < len(two)
            rest, first = rest[there], first[there]
            lags = np.round(two[first] - rest, _EXACT)
            bins = np.floor(lags / bin_ms + 1e-9).astype(np.int64) + half
            counts += np.bincount(bins[(bins >= 0) & (bins < 2 * half)], minlength=2 * half)
            near = lags <= reach
            rest, first = rest[near], first[near] + 1
    return counts
