"""Spectra: power by frequency, and by time and frequency."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ground.extras import by_extra
from ..ground.shown import letters
from ..rasters.figure import distinct_colours
from ..rawio.reader import MockSessionRawIO
from .choosing import channel_indexes, stream_channels
from .drawing import colour_bar, finish, new_axes, say
from .spectra import decibels, power_spectrum, spectrogram
from .words import of_all

with by_extra("figures", "plot"):
    from matplotlib.axes import Axes

_NO_SIGNALS = "no signals in this session"
_MOST_NAMED = 8
_DARK, _BRIGHT = 2, 99.5  # percentiles of the power between which a spectrogram's colours lie


def plot_power_spectrum(
    reader: MockSessionRawIO,
    stream_index: int = 0,
    ax: Axes | None = None,
    *,
    channels: Sequence[int | str] | None = None,
    max_channels: int = 8,
    window_s: float = 1.0,
    max_windows: int = 100,
) -> Axes:
    """Draw the power of channels by frequency, both logarithmic.

    Parameters
    ----------
    reader : MockSessionRawIO
    stream_index : int
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.
    channels : sequence of int or str, optional
        Which, by index, id or name. None: the first `max_channels`.
    max_channels : int
    window_s, max_windows
        As for :func:`~mockrawio.report.measures.power_spectrum`.

    Returns
    -------
    matplotlib.axes.Axes
        A line for each channel, in µV²/Hz.

    Raises
    ------
    MockSessionError
        If a channel is unknown.
    """
    axes = new_axes(ax, 6.4, 4.8)
    if not len(reader.header["signal_streams"]):
        return say(axes, _NO_SIGNALS, "power spectrum")
    rows, columns = stream_channels(reader, stream_index), channel_indexes(reader, stream_index, channels, max_channels)
    found = power_spectrum(reader, stream_index, columns, window_s=window_s, max_windows=max_windows)
    title = f"{_stream(reader, stream_index)}: power spectrum, {of_all(len(columns), len(rows), 'channel')}"
    if not (found.power[1:] > 0).any():
        return say(axes, "no power at any frequency", title)
    for name, power, colour in zip(found.channels, found.power.T, distinct_colours(len(columns)), strict=True):
        axes.loglog(found.frequencies_hz[1:], power[1:], color=colour, linewidth=1.0, label=letters(name))
    unit = letters(rows["units"][0]).replace("uV", "µV")
    axes.set(xlabel="frequency (Hz)", ylabel=f"power ({unit}²/Hz)", xlim=found.frequencies_hz[[1, -1]])
    if len(columns) <= _MOST_NAMED:
        axes.legend(frameon=False, fontsize="x-small", ncols=2, loc="lower left")
    return finish(axes, f"{title}\n{_windows(found.n_windows, found.of_windows, found.window_s)}")


def plot_spectrogram(
    reader: MockSessionRawIO,
    stream_index: int = 0,
    ax: Axes | None = None,
    *,
    channels: Sequence[int | str] | None = None,
    window_s: float = 1.0,
    max_hz: float | None = 150.0,
) -> Axes:
    """Draw the power of a channel by time and frequency, in dB.

    Parameters
    ----------
    reader : MockSessionRawIO
    stream_index : int
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.
    channels : sequence of int or str, optional
        One channel, by index, id or name; of several the mean of what they have in dB is drawn. None: the first one.
    window_s, max_hz
        As for :func:`~mockrawio.report.measures.spectrogram`.

    Returns
    -------
    matplotlib.axes.Axes
        0 dB is 1 µV²/Hz; gaps between segments are empty.

    Raises
    ------
    MockSessionError
        If a channel is unknown.
    """
    axes = new_axes(ax)
    if not len(reader.header["signal_streams"]):
        return say(axes, _NO_SIGNALS, "spectrogram")
    columns = channel_indexes(reader, stream_index, [0] if channels is None else channels)
    several = [spectrogram(reader, stream_index, k, window_s=window_s, max_hz=max_hz) for k in columns]
    found = several[0]
    title = f"{_stream(reader, stream_index)}: spectrogram of {', '.join(letters(one.channel) for one in several)}"
    power = [np.mean([decibels(one)[k] for one in several], axis=0) for k in range(len(found.power))]
    known = np.concatenate([part[np.isfinite(part)] for part in power])
    if not known.size:
        return say(axes, "no power at any frequency", title)
    low, high = np.percentile(known, [_DARK, _BRIGHT])
    step = found.frequencies_hz[1] - found.frequencies_hz[0]
    edges = np.append(found.frequencies_hz - step / 2, found.frequencies_hz[-1] + step / 2)
    for times, part in zip(found.times_s, power, strict=True):
        if len(times):
            look = {"vmin": low, "vmax": high, "cmap": "magma", "rasterized": True}
            drawn = axes.pcolormesh(times, edges, part.T, **look)
    colour_bar(axes, drawn, "dB re 1 µV²/Hz")
    axes.set(xlabel="time (s)", ylabel="frequency (Hz)", ylim=(0, edges[-1]))
    return finish(axes, f"{title}\n{_windows(found.n_windows, found.of_windows, found.window_s)}")


def _stream(reader: MockSessionRawIO, stream_index: int) -> str:
    return letters(reader.header["signal_streams"]["name"][stream_index])


def _windows(n: int, of: int, seconds: float) -> str:
    return f"{of_all(n, of, 'window')} of {seconds:g} s"
