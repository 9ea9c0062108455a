"""Signals made small enough to draw: the least and the largest value in each bin of time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..ground.arrays import Array, Floats, Ints
from ..ground.errors import MockSessionError
from ..rawio.reader import MockSessionRawIO

_MANY = 64  # rows of a bin from which a step for each bin is worth it: then 10 times as fast
_BLOCK = 1 << 22  # values read together: 8 MiB of int16


class SignalEnvelope(NamedTuple):
    """Between which values signals lie.

    Attributes
    ----------
    times : ndarray of float64, shape (bins,)
        The middle of each bin, from its first to its last sample, in seconds.
    low, high : ndarray of float64, shape (bins, channels)
        Least and largest sample of each bin, in µV, of those that are numbers; NaN if none is.
    """

    times: Floats
    low: Floats
    high: Floats


def sampled(reader: MockSessionRawIO, stream_index: int, seg_index: int) -> tuple[float, float]:
    """Return when the samples of a stream begin and end in a segment, seconds."""
    start = float(reader.get_signal_t_start(0, seg_index, stream_index))
    length = reader.get_signal_size(0, seg_index, stream_index) / reader.get_signal_sampling_rate(stream_index)
    return start, start + length


def envelope(
    reader: MockSessionRawIO,
    stream_index: int,
    seg_index: int = 0,
    channel_indexes: Sequence[int] | None = None,
    t_start: float | None = None,
    t_stop: float | None = None,
    n_bins: int = 2000,
) -> SignalEnvelope:
    """Return the least and the largest value in each of up to `n_bins` bins of a segment.

    Parameters
    ----------
    reader : MockSessionRawIO
    stream_index, seg_index : int
    channel_indexes : sequence of int, optional
        None: all channels of the stream.
    t_start, t_stop : float, optional
        Limits in seconds, both included; what lies outside the segment is cut off.
    n_bins : int
        The most bins; where there are fewer samples, each sample is a bin.

    Returns
    -------
    SignalEnvelope
        Of no bins if the limits leave no sample.

    Raises
    ------
    MockSessionError
        If `n_bins` is below 1, `t_start` after `t_stop`, or an index unknown.
    """
    if n_bins < 1 or (t_start is not None and t_stop is not None and t_start > t_stop):
        expected, found = (
            "n_bins of 1 or more and t_start <= t_stop",
            f"n_bins={n_bins}, t_start={t_start}, t_stop={t_stop}",
        )
        raise MockSessionError("envelope", expected, found, "Give n_bins=1 or more, and a t_stop= after t_start=.")
    rate = reader.get_signal_sampling_rate(stream_index)
    start = float(reader.get_signal_t_start(0, seg_index, stream_index))
    size = int(reader.get_signal_size(0, seg_index, stream_index))
    first = 0 if t_start is None else min(size, max(0, int(np.ceil(round((t_start - start) * rate, 6)))))
    stop = size if t_stop is None else max(first, min(size, int(np.floor(round((t_stop - start) * rate, 6))) + 1))
    edges = first + np.arange(min(n_bins, stop - first) + 1) * (stop - first) // max(1, min(n_bins, stop - first))
    low, high = _extremes(reader, stream_index, seg_index, channel_indexes, edges)
    times = start + (edges[:-1] + edges[1:] - 1) / 2 / rate
    return SignalEnvelope(times, low, high)


def _extremes(
    reader: MockSessionRawIO, stream_index: int, seg_index: int, channels: Any, edges: Ints
) -> tuple[Floats, Floats]:
    """Return the scaled extremes between edges, reading a block at a time."""
    chosen = {"stream_index": stream_index, "channel_indexes": channels}
    none = reader.get_analogsignal_chunk(0, seg_index, 0, 0, **chosen)
    low = np.empty((len(edges) - 1, none.shape[1]), none.dtype)
    high, stop = np.empty_like(low), int(edges[-1])
    step = max(1, _BLOCK // max(1, none.shape[1]))
    for begin in range(int(edges[0]), stop, step):
        end = min(begin + step, stop)
        block = reader.get_analogsignal_chunk(0, seg_index, begin, end, **chosen)
        # The bin that an earlier block began goes on in this one, so its values are joined.
        bins = np.arange(np.searchsorted(edges, begin, side="right") - 1, np.searchsorted(edges, end))
        starts = np.maximum(edges[bins], begin) - begin
        least, most = (_reduced(reduce, block, starts) for reduce in (np.fmin, np.fmax))
        if edges[bins[0]] < begin:
            np.fmin(least[0], low[bins[0]], out=least[0])
            np.fmax(most[0], high[bins[0]], out=most[0])
        low[bins], high[bins] = least, most
    one, other = (reader.rescale_signal_raw_to_float(part, "float64", **chosen) for part in (low, high))
    return np.minimum(one, other), np.maximum(one, other)  # a negative gain turns them round


def _reduced(reduce: np.ufunc, block: Array, starts: Ints) -> Array:
    """Return one row for the rows from each start to the next; ``reduceat`` is the slower one where they are many."""
    if len(block) < _MANY * len(starts):
        few: Array = reduce.reduceat(block, starts, axis=0)
        return few
    edges = [*starts.tolist(), len(block)]
    return np.stack([reduce.reduce(block[low:high], axis=0) for low, high in pairwise(edges)])
