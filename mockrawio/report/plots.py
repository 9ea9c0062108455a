"""Figures of a session, each a function that takes `ax=`, and all of them on one page.

They use matplotlib without its global state, so nothing needs a screen, a window or a clean-up. A
kind of data that the session lacks is named in a text where its figure would be. `ax` is where to draw; None
is a new figure; the axes are returned. It needs the extra ``plot``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ground.extras import by_extra
from ..rasters.figure import save_figure
from ..rawio.reader import MockSessionRawIO
from .drawing import new_figure
from .envelopes import sampled
from .plot_probe import plot_contacts, plot_probe
from .plot_signals import plot_traces
from .plot_timing import plot_daq_jitter, plot_event_timing, plot_movie_clock
from .plot_units import plot_isi, plot_rates, plot_spikes, plot_waveforms
from .spiking import listened
from .words import counted, in_words

with by_extra("figures", "plot"):
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.gridspec import SubplotSpec

__all__ = [
    "PANELS",
    "plot_contacts",
    "plot_daq_jitter",
    "plot_event_timing",
    "plot_isi",
    "plot_movie_clock",
    "plot_overview",
    "plot_probe",
    "plot_rates",
    "plot_spikes",
    "plot_traces",
    "plot_waveforms",
    "save_figure",
]

# The figures of one kind of data each, by the names that the command has for them.
PANELS: dict[str, Callable[..., Axes]] = {
    "traces": plot_traces,
    "probe": plot_probe,
    "raster": plot_spikes,
    "waveforms": plot_waveforms,
    "isi": plot_isi,
    "rates": plot_rates,
    "events": plot_event_timing,
    "daq": plot_daq_jitter,
    "movie": plot_movie_clock,
}

_WIDTH = 15.0  # inches
_HEIGHTS, _EMPTY = (4.2, 3.2, 4.6, 3.2), 0.8  # inches of the rows, and of one in which there is nothing
_MOST_STREAMS = 2
_SHOWN = 10_000  # samples of a stream that an overview shows of its own accord, at most 10 s


def plot_overview(
    reader: MockSessionRawIO,
    *,
    stream_index: int | None = None,
    t_start: float | None = None,
    t_stop: float | None = None,
) -> Figure:
    """Draw everything there is about a session on one page.

    Parameters
    ----------
    reader : MockSessionRawIO
    stream_index : int, optional
        Which stream is drawn. None: the first two.
    t_start, t_stop : float, optional
        Limits of raster and traces, in seconds. None: the raster of the whole session, and of the
        traces the first 10 s, or 10,000 samples if those are fewer.

    Returns
    -------
    matplotlib.figure.Figure
        Its axes: raster; traces, one axes per stream; contacts, waveforms and intervals; rates, event timing,
        DAQ jitter and movie clock.

    Raises
    ------
    MockSessionError
        If the stream is unknown, or `t_start` not before `t_stop`.
    """
    heights = _heights(reader)
    figure = new_figure(_WIDTH, sum(heights))
    rows = figure.add_gridspec(4, 1, height_ratios=heights)
    limits: dict[str, Any] = {"t_start": t_start, "t_stop": t_stop}
    first = list(range(min(len(reader.header["signal_streams"]), _MOST_STREAMS)))
    streams = first if stream_index is None else [stream_index]
    plot_spikes(reader, figure.add_subplot(rows[0]), **limits)
    for place, stream in zip(_places(rows[1], len(streams) or 1), streams or [0], strict=True):
        plot_traces(reader, stream, figure.add_subplot(place), **_excerpt(reader, stream, limits), max_channels=8)
    contacts, shapes, intervals = _places(rows[2], 3)
    plot_probe(reader, stream_index, figure.add_subplot(contacts))
    plot_waveforms(reader, figure.add_subplot(shapes), max_units=15)
    plot_isi(reader, figure.add_subplot(intervals), max_units=12)
    last = (plot_rates, plot_event_timing, plot_daq_jitter, plot_movie_clock)
    for place, draw in zip(_places(rows[3], len(last)), last, strict=True):
        draw(reader, figure.add_subplot(place))
    figure.suptitle(_headline(reader), x=0.01, ha="left", fontsize="x-large")
    return figure


def _heights(reader: MockSessionRawIO) -> list[float]:
    """Return how high each row is."""
    header = reader.header
    units, streams = len(header["spike_channels"]), len(header["signal_streams"])
    there = (units, streams, units + streams, units + len(header["event_channels"]))
    return [height if some else _EMPTY for height, some in zip(_HEIGHTS, there, strict=True)]


def _places(row: SubplotSpec, n: int) -> list[SubplotSpec]:
    """Return equal parts of a row; in one grid for all rows older matplotlib finds no room for some."""
    grid = row.subgridspec(1, n)
    return [grid[0, k] for k in range(n)]


def _excerpt(reader: MockSessionRawIO, stream_index: int, limits: dict[str, Any]) -> dict[str, Any]:
    """Return which stretch of a stream is drawn: where nothing is asked for, one in which something can be seen."""
    if limits["t_start"] is not None or limits["t_stop"] is not None or not len(reader.header["signal_streams"]):
        return limits
    spans = [sampled(reader, stream_index, k) for k in range(reader.segment_count(0))]
    start, stop = next(span for span in spans if span[0] < span[1])  # a stream may have nothing in the first segment
    longest = min(10.0, _SHOWN / reader.get_signal_sampling_rate(stream_index))
    return {"t_start": start, "t_stop": min(stop, start + longest)}


def _headline(reader: MockSessionRawIO) -> str:
    """Say whose session it is, when it was, how long, and what is in it."""
    notes = reader.raw_annotations["blocks"][0]
    names = (("patient", "patient_id"), ("session", "session_nr"))
    who = ", ".join(f"{word} {notes[key]}" for word, key in names if key in notes)
    when = f"{notes['rec_datetime'].isoformat(' ', 'milliseconds')} UTC" if "rec_datetime" in notes else ""
    n_segments = reader.segment_count(0)
    length = in_words(listened(reader, n_segments - 1)[1] - listened(reader, 0)[0])
    units = counted(len(reader.header["spike_channels"]), "unit")
    return "   ·   ".join(filter(None, (who, when, length, counted(n_segments, "segment"), units)))
