"""Figures of a session: one function for each, which takes `ax=`, and an overview of all on one page.

They use matplotlib without its global state, so nothing needs a screen, a window or a clean-up. Missing data are
reported by a text in place of the figure, and omitted from the overview. `ax` is where to draw (None creates a figure);
the axes are returned. `units` and `channels` select what is drawn. Needs the extra ``plot``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from ..ground.extras import by_extra
from ..rasters.figure import save_figure
from ..rawio.reader import MockSessionRawIO
from .drawing import new_figure
from .envelopes import sampled
from .overview_parts import absent, there
from .plot_amplitudes import plot_amplitudes, plot_drift_raster_map
from .plot_correlograms import plot_autocorrelograms, plot_crosscorrelograms
from .plot_places import plot_unit_locations, plot_unit_templates
from .plot_probe import plot_contacts, plot_probe
from .plot_psth import plot_psth
from .plot_signals import plot_traces
from .plot_spectra import plot_power_spectrum, plot_spectrogram
from .plot_table import plot_unit_table
from .plot_timing import plot_daq_jitter, plot_event_timing, plot_movie_clock
from .plot_units import plot_isi, plot_rates, plot_spikes, plot_waveforms
from .spiking import listened
from .words import counted, in_words

with by_extra("figures", "plot"):
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "PANELS",
    "plot_amplitudes",
    "plot_autocorrelograms",
    "plot_contacts",
    "plot_crosscorrelograms",
    "plot_daq_jitter",
    "plot_drift_raster_map",
    "plot_event_timing",
    "plot_isi",
    "plot_movie_clock",
    "plot_overview",
    "plot_power_spectrum",
    "plot_probe",
    "plot_psth",
    "plot_rates",
    "plot_spectrogram",
    "plot_spikes",
    "plot_traces",
    "plot_unit_locations",
    "plot_unit_table",
    "plot_unit_templates",
    "plot_waveforms",
    "save_figure",
]

# The figures of one kind of data each, by the names that the command has for them.
PANELS: dict[str, Callable[..., Axes]] = {
    "traces": plot_traces,
    "spectrum": plot_power_spectrum,
    "spectrogram": plot_spectrogram,
    "probe": plot_probe,
    "locations": plot_unit_locations,
    "raster": plot_spikes,
    "units": plot_unit_table,
    "rates": plot_rates,
    "waveforms": plot_waveforms,
    "footprints": plot_unit_templates,
    "amplitudes": plot_amplitudes,
    "drift": plot_drift_raster_map,
    "isi": plot_isi,
    "autocorrelograms": plot_autocorrelograms,
    "crosscorrelograms": plot_crosscorrelograms,
    "psth": plot_psth,
    "events": plot_event_timing,
    "daq": plot_daq_jitter,
    "movie": plot_movie_clock,
}

Draws = list[Callable[..., Axes]]
Chosen = Sequence[int | str] | None

_WIDTH, _HEAD = 15.0, 0.8  # inches; of the headline
_MOST_STREAMS, _MOST_ROWS = 2, 20
_SHOWN = 10_000  # samples of a stream that an overview shows of its own accord, at most 10 s


def plot_overview(
    reader: MockSessionRawIO,
    *,
    stream_index: int | None = None,
    t_start: float | None = None,
    t_stop: float | None = None,
    units: Sequence[int | str] | None = None,
    channels: Sequence[int | str] | None = None,
) -> Figure:
    """Draw an overview of a session on one page.

    Parameters
    ----------
    reader : MockSessionRawIO
    stream_index : int, optional
        The stream to draw. None: the first two.
    t_start, t_stop : float, optional
        Limits of raster and traces, in seconds. None: the raster of the whole session, and of the
        traces the first 10 s, or 10,000 samples if those are fewer.
    units : sequence of int or str, optional
        Units to draw, by index or id. None: in each figure those with the most spikes.
    channels : sequence of int or str, optional
        Channels to draw, by index, id or name. None: the first ones.

    Returns
    -------
    matplotlib.figure.Figure
        Its axes: raster; traces, one axes per stream; spectra; places of units, or contacts, waveforms and footprints;
        correlograms and intervals; amplitudes and drift; spikes around events, rates and event timing; DAQ jitter and
        movie clock; the table of units. Missing data have no axes; a line at the top lists them.

    Raises
    ------
    MockSessionError
        If the stream, a unit or a channel is unknown, or `t_start` not before `t_stop`.
    """
    rows = _rows(reader, stream_index, {"t_start": t_start, "t_stop": t_stop}, units, channels)
    heights = [height for height, _ in rows] or [1.0]
    figure = new_figure(_WIDTH, _HEAD + sum(heights))
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    for k, (_, draws) in enumerate(rows):
        # A grid for each row; in one grid for all of them older matplotlib finds no room for some.
        places = grid[k].subgridspec(1, len(draws))
        for column, draw in enumerate(draws):
            draw(ax=figure.add_subplot(places[0, column]))
    lacks = absent(reader)
    without = f"\nnot in this session: {', '.join(lacks)}" if lacks else ""
    figure.suptitle(f"{_headline(reader)}{without}", x=0.01, ha="left", fontsize="large")
    return figure


def _rows(
    reader: MockSessionRawIO, stream_index: int | None, limits: dict[str, Any], units: Chosen, channels: Chosen
) -> list[tuple[float, Draws]]:
    """Return the rows of the page, each with its height in inches, of what the session has."""
    first = list(range(min(len(reader.header["signal_streams"]), _MOST_STREAMS)))
    streams = first if stream_index is None else [stream_index]
    has = there(reader, stream_index)

    def row(height: float, *parts: tuple[str, Callable[..., Axes], dict[str, Any]]) -> tuple[float, Draws]:
        return height, [partial(draw, reader, **how) for need, draw, how in parts if need in has]

    spikes = row(4.2, ("units", plot_spikes, {"units": units, **limits}))
    signals = _signal_rows(reader, streams, limits, channels)
    shown = min(_MOST_ROWS, len(reader.header["spike_channels"]) if units is None else len(units))
    table = row(0.9 + 0.2 * shown, ("units", plot_unit_table, {"units": units, "max_units": _MOST_ROWS}))
    everything = [spikes, *signals, *_unit_rows(stream_index, units, has, row), table]
    return [(height, draws) for height, draws in everything if draws]


def _signal_rows(
    reader: MockSessionRawIO, streams: list[int], limits: dict[str, Any], channels: Chosen
) -> Iterator[tuple[float, Draws]]:
    """Yield the rows of some streams."""
    how: dict[str, Any] = {"channels": channels}
    yield 3.2, [partial(plot_traces, reader, k, **_excerpt(reader, k, limits), max_channels=8, **how) for k in streams]
    spectra = [partial(plot_power_spectrum, reader, k, **how) for k in streams]
    yield 3.2, [*spectra, *(partial(plot_spectrogram, reader, k, channels=(channels or [0])[:1]) for k in streams[:1])]


def _unit_rows(
    stream_index: int | None, units: Chosen, has: set[str], row: Callable[..., tuple[float, Draws]]
) -> Iterator[tuple[float, Draws]]:
    """Yield the rows of units and of events."""
    stream: dict[str, Any] = {"stream_index": stream_index}

    def some(most: int | None = None, **how: Any) -> dict[str, Any]:
        return {"units": units, **({} if most is None else {"max_units": most}), **how}

    places = ("contacts", plot_unit_locations, some(**stream)) if "units" in has else ("contacts", plot_probe, stream)
    shapes = ("waveforms", plot_waveforms, some(12)), ("footprints", plot_unit_templates, some(6, **stream))
    yield row(4.6, places, *shapes)
    lags = ("units", plot_autocorrelograms, some(6)), ("units", plot_crosscorrelograms, some(4))
    yield row(3.8, lags[0], ("units", plot_isi, some(6)), lags[1])
    yield row(3.2, ("waveforms", plot_amplitudes, some()), ("footprints", plot_drift_raster_map, some(**stream)))
    yield row(3.6, ("psth", plot_psth, some(4)))
    timing: Any = ("events", plot_event_timing, {}), ("DAQ log", plot_daq_jitter, {}), ("movie", plot_movie_clock, {})
    yield row(3.2, ("units", plot_rates, some()), *timing)


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
