"""The waveforms of a unit: their mean, their spread, some of them, and how large they are over time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Array, Bools, Floats
from ..rawio.reader import MockSessionRawIO
from .choosing import unit_index
from .envelopes import sampled
from .spiking import segments

_TO_SD = 1.4826  # from the median of the size of normal noise to its SD
_NEAR_S = 1e-6  # by which a summed time may miss the end of the samples
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


class SpikeAmplitudes(NamedTuple):
    """How large the spikes of a unit are.

    Attributes
    ----------
    times_s : ndarray of float64, shape (n,)
        In the order of time.
    amplitudes_uV : ndarray of float64, shape (n,)
        µV, negative for a spike that points down.
    mean_uV : float
        Their mean; NaN without waveforms.
    noise_uV : float
        The standard deviation of the noise in the waveforms: 1.4826 times the median size of what is left of all their
        samples without the mean waveform. NaN with fewer than two.
    """

    times_s: Floats
    amplitudes_uV: Floats
    mean_uV: float
    noise_uV: float


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
    channel = reader.header["spike_channels"][index]
    _, used = _drawn(reader, index, max_spikes, rng)
    used = used[np.isfinite(used).all(axis=1)]
    exact = used.astype(np.float64) if len(used) else np.full((1, used.shape[1]), np.nan)
    shown = np.sort(rng.permutation(len(used))[:n_traces])
    samples = np.arange(used.shape[1], dtype=np.float64) - float(channel["wf_left_sweep"])
    time_ms = samples * 1000 / float(channel["wf_sampling_rate"] or 1.0)  # 0 of a unit that has no waveforms
    return WaveformStats(time_ms, exact.mean(axis=0), exact.std(axis=0), len(used) if used.size else 0, used[shown])


def spike_amplitudes(
    reader: MockSessionRawIO, unit: int | str, max_spikes: int = 2000, seed: int = 0
) -> SpikeAmplitudes:
    """Measure the amplitudes of a unit's spikes over time.

    They are those of the waveforms at the sample where their mean is largest, each from its own median: what is slower
    than a spike, such as LFP, is not part of it. Waveforms that the end of the samples cuts are left out: they go on as
    zeros.

    Parameters
    ----------
    reader : MockSessionRawIO
    unit : int or str
        Index or id.
    max_spikes, seed : int
        As for :func:`waveform_stats`.

    Returns
    -------
    SpikeAmplitudes

    Raises
    ------
    MockSessionError
        If the unit is unknown.
    """
    index = unit_index(reader, unit)
    times, used = _drawn(reader, index, max_spikes, np.random.default_rng(seed))
    good = np.isfinite(used).all(axis=1) & _whole(reader, index, times)
    if not used[good].size:
        return SpikeAmplitudes(np.empty(0), np.empty(0), np.nan, np.nan)
    waveforms = used[good].astype(np.float64)
    waveforms -= np.median(waveforms, axis=1, keepdims=True)
    mean = waveforms.mean(axis=0)
    peak = int(np.abs(mean).argmax())
    noise = float(np.median(np.abs(waveforms - mean)) * _TO_SD) if len(waveforms) > 1 else np.nan
    return SpikeAmplitudes(times[good], waveforms[:, peak], float(mean[peak]), noise)


def _whole(reader: MockSessionRawIO, index: int, times: Floats) -> Bools:
    """Return which spikes have their waveforms within the samples of a stream, where there is one that they are in."""
    streams = [k for k in range(reader.signal_streams_count()) if reader.stream(k).kind == "raw"]
    row, width = reader.header["spike_channels"][index], waveform_width(reader, index)
    if not streams or not width:
        return np.ones(len(times), bool)
    before, after = np.array([row["wf_left_sweep"], width - row["wf_left_sweep"]]) / row["wf_sampling_rate"]
    spans = (tuple(zip(*(sampled(reader, one, k) for one in streams), strict=True)) for k in segments(reader))
    ends = [(min(starts) - _NEAR_S, max(stops) + _NEAR_S) for starts, stops in spans]
    inside = [(times - before > first) & (times + after < last) for first, last in ends]
    whole: Bools = np.any(inside, axis=0)
    return whole


def _drawn(
    reader: MockSessionRawIO, index: int, max_spikes: int, rng: np.random.Generator
) -> tuple[Floats, npt.NDArray[np.float32]]:
    """Return times and waveforms, (n, samples) in µV, of all spikes, or of so many drawn over all segments."""
    edges = np.cumsum([0, *(reader.spike_count(0, k, index) for k in segments(reader))])
    total = int(edges[-1])
    picks = np.arange(total) if total <= max_spikes else np.sort(rng.choice(total, max_spikes, replace=False))
    pieces = [
        piece
        for k in segments(reader)
        for piece in _waveforms(reader, k, index, picks[(picks >= edges[k]) & (picks < edges[k + 1])] - edges[k])
    ]
    if not pieces:
        return np.empty(0), np.empty((0, waveform_width(reader, index)), np.float32)
    times, waveforms = zip(*pieces, strict=True)
    return np.concatenate(times), np.concatenate(waveforms)


def waveform_width(reader: MockSessionRawIO, index: int) -> int:
    """Return how many samples the waveforms of a unit have, 0 if it has none; one spike is read."""
    for segment in segments(reader):
        stamps = reader.get_spike_timestamps(0, segment, index)
        if len(stamps):
            first = float(reader.rescale_spike_timestamp(stamps[:1], "float64")[0])
            raw = reader.get_spike_raw_waveforms(0, segment, index, first, first)
            return 0 if raw is None else int(raw.shape[2])
    raw = reader.get_spike_raw_waveforms(0, 0, index)  # of a unit without spikes
    return 0 if raw is None else int(raw.shape[2])


def _waveforms(
    reader: MockSessionRawIO, segment: int, index: int, picks: Array
) -> Iterator[tuple[Floats, npt.NDArray[np.float32]]]:
    """Yield times and waveforms in µV of some spikes of a segment, reading a batch of spikes at a time.

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
        waveforms = reader.rescale_waveforms_to_float(raw[batch - first + ahead, 0], "float32", index)
        yield times[batch - first], waveforms
