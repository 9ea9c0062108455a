"""The waveforms of a unit: their mean, their spread, and some of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Array, Floats
from ..rawio.reader import MockSessionRawIO
from .spiking import segments, unit_index

_BATCH = 1 << 16  # spikes read at a time: 4 M samples of their waveforms


class WaveformStats(NamedTuple):
    """The waveforms of a unit.

    Attributes
    ----------
    time_ms : ndarray of float64, shape (samples,)
        0 at the sample that the spike is aligned to.
    mean, sd : ndarray of float64, shape (samples,)
        µV; NaN if there are no waveforms.
    n : int
        How many spikes they are of: those whose waveform has a NaN or an infinite value are left out. 0
        if the unit has none, or no waveforms.
    traces : ndarray of float32, shape (at most n, samples)
        Some of them, µV.
    """

    time_ms: Floats
    mean: Floats
    sd: Floats
    n: int
    traces: npt.NDArray[np.float32]


def waveform_stats(
    reader: MockSessionRawIO, unit: int | str, max_spikes: int = 2000, n_traces: int = 50, seed: int = 0
) -> WaveformStats:
    """Measure the waveforms of a unit.

    Parameters
    ----------
    reader : MockSessionRawIO
    unit : int or str
        Index or id.
    max_spikes : int
        Of a unit with more spikes, this many are drawn at random over all segments.
    n_traces : int
        How many single waveforms are given at most.
    seed : int
        Decides which.

    Returns
    -------
    WaveformStats

    Raises
    ------
    MockSessionError
        If the unit is unknown.
    """
    index = unit_index(reader, unit)
    rng = np.random.default_rng(seed)
    edges = np.cumsum([0, *(reader.spike_count(0, k, index) for k in segments(reader))])
    total = int(edges[-1])
    picks = np.arange(total) if total <= max_spikes else np.sort(rng.choice(total, max_spikes, replace=False))
    pieces = [
        piece
        for k in segments(reader)
        for piece in _waveforms(reader, k, index, picks[(picks >= edges[k]) & (picks < edges[k + 1])] - edges[k])
    ]
    channel = reader.header["spike_channels"][index]
    used = np.concatenate(pieces) if pieces else np.empty((0, _width(reader, index)), np.float32)
    used = used[np.isfinite(used).all(axis=1)]
    exact = used.astype(np.float64) if len(used) else np.full((1, used.shape[1]), np.nan)
    shown = np.sort(rng.permutation(len(used))[:n_traces])
    samples = np.arange(used.shape[1], dtype=np.float64) - float(channel["wf_left_sweep"])
    time_ms = samples * 1000 / float(channel["wf_sampling_rate"] or 1.0)  # 0 of a unit that has no waveforms
    return WaveformStats(time_ms, exact.mean(axis=0), exact.std(axis=0), len(used) if used.size else 0, used[shown])


def _width(reader: MockSessionRawIO, index: int) -> int:
    """Return how many samples the waveforms of a unit have, 0 if it has none."""
    raw = reader.get_spike_raw_waveforms(0, 0, index)
    return 0 if raw is None else int(raw.shape[2])


def _waveforms(reader: MockSessionRawIO, segment: int, index: int, picks: Array) -> Iterator[npt.NDArray[np.float32]]:
    """Yield some waveforms of a segment in µV, reading a batch of spikes at a time.

    The reader takes limits of time alone, so spikes at the same time as the first of a batch come too.
    """
    if not picks.size:
        return
    stamps = reader.get_spike_timestamps(0, segment, index)
    for low in range(0, len(stamps), _BATCH):
        batch = picks[(picks >= low) & (picks < low + _BATCH)]
        if not batch.size:
            continue
        first, last = int(batch[0]), int(batch[-1])
        times = reader.rescale_spike_timestamp(stamps[first : last + 1], "float64")
        raw = reader.get_spike_raw_waveforms(0, segment, index, times[0], times[-1])
        if raw is None:
            return
        ahead = first - int(np.searchsorted(stamps, stamps[first], side="left"))
        yield reader.rescale_waveforms_to_float(raw[batch - first + ahead, 0], "float32", index)
