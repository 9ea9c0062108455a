"""Spectra and spectrograms for the report, as fine as they are seen."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ground.arrays import Floats, Ints
from ..rawio.reader import MockSessionRawIO
from .choosing import channel_indexes
from .page import Figure, finite, plot_text
from .spectra import decibels, power_spectrum, spectrogram
from .words import of_all

MOST_LINES = 8
MOST_COLUMNS = 160  # of a spectrogram
_POINTS = 300  # of a line, evenly spread over the logarithm of the frequency
_DARK, _BRIGHT = 2, 99.5  # percentiles of the power between which colours lie


def spectrum_figure(reader: MockSessionRawIO, stream_index: int, channels: list[int]) -> Figure | None:
    """Draw the power of channels by frequency; None where there is none."""
    found = power_spectrum(reader, stream_index, channels)
    if not (found.power[1:] > 0).any():
        return None
    hz, mean = _binned(found.frequencies_hz[1:], found.power[1:])
    data: list[dict[str, Any]] = []
    for ink, (name, power) in enumerate(zip(found.channels, mean.T, strict=True)):
        line = {"x": finite(hz, 5), "y": finite(np.where(power > 0, power, np.nan), 4), "mode": "lines"}
        hover = f"{plot_text(name)} %{{x:.4~g}} Hz: %{{y:.3~g}} µV²/Hz<extra></extra>"
        data.append({**line, "line": {"width": 1}, "hovertemplate": hover, "meta": {"ink": ink}})
    name = str(reader.header["signal_streams"]["name"][stream_index])
    axes = {"xaxis": _log("frequency (Hz)"), "yaxis": _log("µV²/Hz", fixedrange=True)}
    return Figure(
        f"plot-spectrum-{stream_index}",
        f"Lines: the power of channels of the stream {name} by frequency.",
        f"Power spectra of {name}, {', '.join(found.channels)}: "
        f"{of_all(found.n_windows, found.of_windows, 'window')} of {found.window_s:g} s.",
        data,
        {**axes, "height": 340},
    )


def _log(title: str, **more: Any) -> dict[str, Any]:
    return {"title": {"text": title}, "type": "log", "exponentformat": "power", **more}


def _binned(hz: Floats, power: Floats) -> tuple[Floats, Floats]:
    """Return means over bins that are even on a logarithmic axis; single values where these are farther apart."""
    edges = np.geomspace(hz[0], hz[-1] * (1 + 1e-9), _POINTS + 1)
    which = np.searchsorted(edges, hz, side="right")
    starts: Ints = np.flatnonzero(np.diff(which, prepend=-1))
    counts = np.diff(starts, append=len(hz))
    return np.add.reduceat(hz, starts) / counts, np.add.reduceat(power, starts) / counts[:, None]


def spectrogram_figure(reader: MockSessionRawIO, stream_index: int) -> Figure | None:
    """Draw the power of a stream's first channel by time and frequency; None where there is none."""
    (channel,) = channel_indexes(reader, stream_index, most=1)
    found = spectrogram(reader, stream_index, channel, max_columns=MOST_COLUMNS)
    parts = decibels(found)
    known = np.concatenate([part[np.isfinite(part)] for part in parts])
    if not known.size:
        return None
    low, high = np.percentile(known, [_DARK, _BRIGHT]).tolist()
    look = {"type": "heatmap", "colorscale": "Viridis", "zmin": round(low, 1), "zmax": round(high, 1)}
    bar = {"title": {"text": "dB", "side": "right"}, "thickness": 12, "len": 1}
    hover = "%{x:.1~f} s, %{y:.4~g} Hz: %{z} dB<extra></extra>"
    data = [
        {
            **look,
            "x": finite(times, 7),
            "y": finite(found.frequencies_hz, 5),
            "z": [finite(row) for row in np.round(part.T)],
            "showscale": not k,
            "colorbar": bar,
            "hovertemplate": hover,
        }
        for k, (times, part) in enumerate(zip(found.times_s, parts, strict=True))
        if len(times)
    ]
    name = str(reader.header["signal_streams"]["name"][stream_index])
    frequency = {"title": {"text": "frequency (Hz)"}, "fixedrange": True}
    return Figure(
        f"plot-spectrogram-{stream_index}",
        f"Spectrogram of a channel of the stream {name}: its power by time and frequency.",
        f"Spectrogram of {name}, {found.channel}, in dB re 1 µV²/Hz: "
        f"{of_all(found.n_windows, found.of_windows, 'window')} of {found.window_s:g} s.",
        data,
        {"xaxis": {"title": {"text": "time (s)"}}, "yaxis": frequency, "height": 340},
    )
