"""Power of signals by frequency: Welch's spectra and spectrograms, of windows spread over the whole recording.

However long the recording is, no more than a given number of windows is read, one at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..ground.arrays import Array, Floats, Ints
from ..ground.checks import require
from ..ground.shown import Argument
from ..rawio.reader import MockSessionRawIO
from .choosing import channel_indexes, stream_channels

_COLUMN = 2  # windows that a column of a long spectrogram is the mean of


class PowerSpectrum(NamedTuple):
    """The power of channels by frequency, by Welch's method.

    Attributes
    ----------
    frequencies_hz : ndarray of float64, shape (n,)
    power : ndarray of float64, shape (n, channels)
        µV²/Hz, one-sided; NaN where a channel has no window of finite samples.
    channels : tuple of str
        Their names.
    n_windows, of_windows : int
        How many windows were read, and how many overlapping ones the recording has.
    window_s : float
        How long each is.
    """

    frequencies_hz: Floats
    power: Floats
    channels: tuple[str, ...]
    n_windows: int
    of_windows: int
    window_s: float


class Spectrogram(NamedTuple):
    """The power of a channel by time and frequency.

    Attributes
    ----------
    times_s : ndarray of float64, shape (m + 1,) for each segment
        Edges of the columns; a segment that is shorter than a window has none.
    frequencies_hz : ndarray of float64, shape (n,)
    power : ndarray of float64, shape (m, n) for each segment
        µV²/Hz.
    channel : str
        Its name.
    window_s : float
        How long a window is.
    n_windows, of_windows : int
        As for :class:`PowerSpectrum`.
    """

    times_s: tuple[Floats, ...]
    frequencies_hz: Floats
    power: tuple[Floats, ...]
    channel: str
    window_s: float
    n_windows: int
    of_windows: int


class _Windows:
    """Windows of a stream, each half a window after the one before."""

    def __init__(self, reader: MockSessionRawIO, stream_index: int, columns: Sequence[int], window_s: float) -> None:
        require(window_s > 0, Argument("window_s"), "a length above 0 s", window_s)
        self.reader, self.stream, self.columns = reader, stream_index, list(columns)
        self.rate = float(reader.get_signal_sampling_rate(stream_index))
        sizes = [int(reader.get_signal_size(0, k, stream_index)) for k in range(reader.segment_count(0))]
        self.n = min(max(2, round(window_s * self.rate)), max(sizes))
        self.hop = max(1, self.n - self.n // 2)
        self.counts = [1 + (size - self.n) // self.hop if size >= self.n > 1 else 0 for size in sizes]
        self.taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(self.n) / max(1, self.n))
        self.names = tuple(str(name) for name in stream_channels(reader, stream_index)["name"][self.columns])

    @property
    def frequencies_hz(self) -> Floats:
        return np.asarray(np.fft.rfftfreq(self.n, 1 / self.rate), np.float64)

    def power(self, segment: int, window: int) -> Floats:
        """Return the power of each channel in a window, (frequencies, channels); NaN where a sample is no number."""
        first = window * self.hop
        how: dict[str, Any] = {"stream_index": self.stream, "channel_indexes": self.columns}
        raw = self.reader.get_analogsignal_chunk(0, segment, first, first + self.n, **how)
        values: Array = self.reader.rescale_signal_raw_to_float(raw, "float64", **how)
        tapered = np.ascontiguousarray((values - values.mean(axis=0)).T) * self.taper
        power: Floats = np.abs(np.fft.rfft(tapered)).T ** 2 / (self.rate * np.sum(self.taper**2))
        power[1 : (self.n + 1) // 2] *= 2  # what lies below 0 Hz, but for 0 Hz and half the rate
        return power

    def at(self, k: int) -> tuple[int, int]:
        """Return segment and number of the k-th window of all."""
        edges = np.cumsum([0, *self.counts])
        segment = int(np.searchsorted(edges, k, side="right")) - 1
        return segment, k - int(edges[segment])


def _spread(total: int, most: int) -> list[int]:
    """Return at most so many numbers below a total, evenly spread, its ends included."""
    picks: Ints = np.unique(np.linspace(0, total - 1, min(total, most)).round().astype(np.int64))
    return picks.tolist() if total else []


def power_spectrum(
    reader: MockSessionRawIO,
    stream_index: int = 0,
    channels: Sequence[int | str] | None = None,
    *,
    window_s: float = 1.0,
    max_windows: int = 100,
) -> PowerSpectrum:
    """Measure the power spectrum of a stream's channels by Welch's method.

    Windows overlap by half, are freed of their mean and tapered by Hann's function, as ``scipy.signal.welch`` does;
    none lies across segments.

    Parameters
    ----------
    reader : MockSessionRawIO
    stream_index : int
    channels : sequence of int or str, optional
        Which, by index, id or name; None: all of them.
    window_s : float
        The inverse is the resolution in Hz; shortened to the longest segment.
    max_windows : int
        Of a longer recording so many are taken, evenly spread over it.

    Returns
    -------
    PowerSpectrum

    Raises
    ------
    MockSessionError
        If a channel is unknown, or a length or number not above 0.
    """
    require(max_windows > 0, Argument("max_windows"), "a number above 0", max_windows)
    windows = _Windows(reader, stream_index, channel_indexes(reader, stream_index, channels), window_s)
    total = sum(windows.counts)
    picks = _spread(total, max_windows)
    power = _mean(windows.power(*windows.at(k)) for k in picks)
    shape = len(windows.frequencies_hz), len(windows.columns)
    power = np.full(shape, np.nan) if power is None else power
    seconds = windows.n / windows.rate
    return PowerSpectrum(windows.frequencies_hz, power, windows.names, len(picks), total, seconds)


def _mean(parts: Iterator[Floats]) -> Floats | None:
    """Return the mean of arrays, of what is finite in each; None of none."""
    total: Floats | None = None
    count: Floats | None = None
    for part in parts:
        good = np.isfinite(part)
        kept = np.where(good, part, 0.0)
        total, count = (kept, good * 1.0) if total is None or count is None else (total + kept, count + good)
    if total is None or count is None:
        return None
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def spectrogram(
    reader: MockSessionRawIO,
    stream_index: int = 0,
    channel: int | str = 0,
    *,
    window_s: float = 1.0,
    max_hz: float | None = 150.0,
    max_columns: int = 240,
) -> Spectrogram:
    """Measure the power of a channel by time and frequency, in windows as those of :func:`power_spectrum`.

    Parameters
    ----------
    reader : MockSessionRawIO
    stream_index : int
    channel : int or str
        By index, id or name.
    window_s : float
    max_hz : float, optional
        Higher frequencies are left out; None: half the sampling rate.
    max_columns : int
        Of a longer recording each column is the mean of two windows that are spread over its time.

    Returns
    -------
    Spectrogram

    Raises
    ------
    MockSessionError
        If the channel is unknown, or a length or number not above 0.
    """
    require(max_columns > 0, Argument("max_columns"), "a number above 0", max_columns)
    windows = _Windows(reader, stream_index, channel_indexes(reader, stream_index, [channel]), window_s)
    frequencies, total = windows.frequencies_hz, sum(windows.counts)
    kept = frequencies <= (np.inf if max_hz is None else max_hz)
    times, powers, read = [], [], 0
    for segment, count in enumerate(windows.counts):
        n_columns = min(count, max(1, round(max_columns * count / total))) if count else 0
        edges = np.arange(n_columns + 1) * count // max(1, n_columns)
        columns = [low + np.array(_spread(high - low, _COLUMN)) for low, high in pairwise(edges.tolist())]
        read += sum(map(len, columns))
        rows = [_mean(windows.power(segment, int(k))[kept, 0] for k in column) for column in columns]
        powers.append(np.array(rows, np.float64).reshape(-1, int(kept.sum())))
        start = float(reader.get_signal_t_start(0, segment, stream_index))
        # A window stands for the half of it around its middle.
        middle = (edges * windows.hop + windows.n / 2 - windows.hop / 2) / windows.rate
        times.append(np.asarray(start + middle if n_columns else [], np.float64))
    seconds = windows.n / windows.rate
    return Spectrogram(tuple(times), frequencies[kept], tuple(powers), windows.names[0], seconds, read, total)


def decibels(found: Spectrogram) -> list[Floats]:
    """Return the power of each segment in dB re 1 µV²/Hz; NaN where there is none."""
    return [10 * np.log10(part, out=np.full_like(part, np.nan), where=part > 0) for part in found.power]
