"""How the units fire: intervals, rates, and trains by region."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Floats, Ints
from ..ground.errors import MockSessionError
from ..rawio.reader import MockSessionRawIO
from .choosing import unit_index, unit_indexes
from .envelopes import sampled

_BATCH = 1 << 16  # intervals measured at a time


class Intervals(NamedTuple):
    """The intervals between a unit's spikes.

    Attributes
    ----------
    edges : ndarray of float64, shape (bins + 1,)
        ms.
    counts : ndarray of int64, shape (bins,)
        Intervals in each bin; longer ones are in none.
    n : int
        All intervals, the longer ones too.
    violations : float
        Share of all intervals that are shorter than `refractory_ms`; NaN without intervals.
    refractory_ms : float
    mean_ms : float
        Of all intervals; NaN without intervals.
    cv : float
        SD over mean of all intervals; NaN with fewer than two, or if the mean is 0.
    """

    edges: Floats
    counts: Ints
    n: int
    violations: float
    refractory_ms: float
    mean_ms: float
    cv: float


@dataclass(frozen=True)
class FiringRate:
    """The firing rate of a unit.

    Attributes
    ----------
    unit : str
        Its id.
    count : int
    rate_hz : float
        Spikes a second of `duration_s`; NaN if that is 0.
    region : str
        Empty where the session names none.
    unit_type : str
        "SU" or "MU".
    duration_s : float
        How long it was recorded: in each segment from the first to the last of its samples and of
        all units' spikes; or, in a session without samples, the whole of each segment.
    """

    unit: str
    count: int
    rate_hz: float
    region: str
    unit_type: str
    duration_s: float


class RegionTrains(NamedTuple):
    """The spikes of the units of a region.

    Attributes
    ----------
    region : str
        Empty for units on channels without a name.
    units : tuple of str
        Their ids, in natural order.
    times_s : tuple of ndarray of float64
        The spikes of each.
    """

    region: str
    units: tuple[str, ...]
    times_s: tuple[Floats, ...]


def isi(
    reader: MockSessionRawIO,
    unit: int | str,
    seg_index: int | None = None,
    bins: int | npt.ArrayLike = 100,
    max_ms: float = 100.0,
    refractory_ms: float = 2.0,
) -> Intervals:
    """Measure the intervals between a unit's spikes, never across segments.

    Parameters
    ----------
    reader : MockSessionRawIO
    unit : int or str
        Index or id.
    seg_index : int, optional
        None: all segments.
    bins : int or sequence of float
        How many between 0 and `max_ms`, or their edges in ms.
    max_ms : float
        Where the bins end.
    refractory_ms : float
        Shorter intervals are violations.

    Returns
    -------
    Intervals

    Raises
    ------
    MockSessionError
        If the unit or the segment is unknown, or `bins` are none.
    """
    index = unit_index(reader, unit)
    edges = _edges(bins, max_ms)
    counts = np.zeros(len(edges) - 1, np.int64)
    n = short = 0
    total = squares = 0.0
    for gaps in _gaps(reader, index, seg_index):
        counts += np.histogram(gaps, edges)[0]
        n, short = n + gaps.size, short + int(np.count_nonzero(gaps < refractory_ms))
        total, squares = total + float(gaps.sum()), squares + float(np.square(gaps).sum())
    if not n:
        return Intervals(edges, counts, 0, np.nan, refractory_ms, np.nan, np.nan)
    mean = total / n
    cv = float(np.sqrt(max(0.0, squares / n - mean**2)) / mean) if n > 1 and mean > 0 else np.nan
    return Intervals(edges, counts, n, short / n, refractory_ms, mean, cv)


def _edges(bins: Any, max_ms: float) -> Floats:
    edges = np.linspace(0.0, max_ms, bins + 1) if isinstance(bins, (int, np.integer)) else np.asarray(bins, np.float64)
    if edges.ndim != 1 or edges.size < 2 or not (np.diff(edges) > 0).all():
        remedy = "Give a number of bins and where they end, or their edges in ms."
        found = f"bins={bins!r}, max_ms={max_ms!r}"
        raise MockSessionError("bins", "at least one, with edges that ascend", found, remedy)
    return edges


def _gaps(reader: MockSessionRawIO, index: int, seg_index: int | None) -> Iterator[Floats]:
    """Yield the intervals of a unit in ms, a batch at a time, segment by segment."""
    for segment in segments(reader) if seg_index is None else [seg_index]:
        times = reader.get_spike_timestamps(0, segment, index)
        for low in range(0, len(times) - 1, _BATCH):
            yield np.diff(times[low : low + _BATCH + 1])


def segments(reader: MockSessionRawIO) -> range:
    """Return the indexes of all segments."""
    return range(reader.segment_count(0))


def firing_rates(reader: MockSessionRawIO) -> list[FiringRate]:
    """Measure the firing rate of each unit over all segments.

    Parameters
    ----------
    reader : MockSessionRawIO

    Returns
    -------
    list of FiringRate
        In the order of the header.
    """
    duration = float(sum(stop - start for start, stop in map(partial(listened, reader), segments(reader))))
    rates = []
    for index, one in enumerate(unit_notes(reader)):
        count = sum(reader.spike_count(0, k, index) for k in segments(reader))
        rate = count / duration if duration else np.nan
        rates.append(FiringRate(one.unit, count, rate, one.region, one.unit_type, duration))
    return rates


def listened(reader: MockSessionRawIO, segment: int) -> tuple[float, float]:
    """Return the time that a segment's samples take up, or its spikes where they reach beyond.

    Parameters
    ----------
    reader : MockSessionRawIO
    segment : int

    Returns
    -------
    start, stop : float
        Seconds; of a session without samples, where the segment begins and ends.
    """
    streams = range(len(reader.header["signal_streams"]))
    if not streams:
        return float(reader.segment_t_start(0, segment)), float(reader.segment_t_stop(0, segment))
    spans = [sampled(reader, index, segment) for index in streams]
    for index in range(len(reader.header["spike_channels"])):
        stamps = reader.get_spike_timestamps(0, segment, index)
        if len(stamps):
            spans.append(tuple(reader.rescale_spike_timestamp(stamps[[0, -1]], "float64")))
    starts, stops = zip(*spans, strict=True)
    return float(min(starts)), float(max(stops))


class UnitNotes(NamedTuple):
    """What a unit is called, where it was found, and of what type it is."""

    unit: str
    region: str
    unit_type: str


def unit_notes(reader: MockSessionRawIO) -> list[UnitNotes]:
    """Return what is noted of each unit, in the order of the header."""
    notes = reader.raw_annotations["blocks"][0]["segments"][0]["spikes"]
    ids = reader.header["spike_channels"]["id"].tolist()
    return [UnitNotes(id, str(one["region"]), str(one["unit_type"])) for id, one in zip(ids, notes, strict=True)]


def spike_trains(
    reader: MockSessionRawIO,
    t_start: float | None = None,
    t_stop: float | None = None,
    every: int = 1,
    units: Sequence[int | str] | None = None,
) -> list[RegionTrains]:
    """Return the spikes of all segments, by region; all in memory, 8 bytes each.

    Parameters
    ----------
    reader : MockSessionRawIO
    t_start, t_stop : float, optional
        Limits in seconds, both included; either may be given alone.
    every : int
        Return every n-th spike of each unit, counted from its first.
    units : sequence of int or str, optional
        Of which units, by index or id. None: of all.

    Returns
    -------
    list of RegionTrains
        In the order in which the regions come; units without spikes are there too.

    Raises
    ------
    MockSessionError
        If a unit is unknown.
    """
    regions: dict[str, list[int]] = {}
    notes = unit_notes(reader)
    for index in unit_indexes(reader, units):
        regions.setdefault(notes[index].region, []).append(index)

    def train(index: int) -> Floats:
        parts = [reader.get_spike_timestamps(0, k, index, t_start, t_stop) for k in segments(reader)]
        times: Floats = reader.rescale_spike_timestamp(np.concatenate(parts)[::every], "float64")
        return times

    ids = reader.header["spike_channels"]["id"].tolist()
    return [
        RegionTrains(region, tuple(ids[index] for index in indexes), tuple(map(train, indexes)))
        for region, indexes in regions.items()
    ]
