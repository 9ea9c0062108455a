"""Traces: channels one above the other, with events, pauses of the movie, and gaps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..ground.arrays import Floats
from ..ground.extras import by_extra
from ..ground.shown import letters
from ..rasters.figure import ink
from ..rawio.reader import MockSessionRawIO
from .choosing import channel_indexes, stream_channels
from .drawing import EVENT, finish, new_axes, not_before, say, shade_gaps, shade_pauses
from .envelopes import SignalEnvelope, envelope, sampled
from .event_timing import events_of
from .words import of_all

with by_extra("figures", "plot"):
    from matplotlib.axes import Axes

Span = tuple[float, float]

_MOST_LINES, _MOST_CODES = 60, 24  # events that full lines, and their codes, have room for
_HEADROOM = 0.05  # of the height, for the events
_FEW = 12  # samples to a bin, as many as are drawn rather one by one
_BAND = 0.3  # how opaque that is between the least and the largest samples


class _Piece(NamedTuple):
    """What is drawn of a segment."""

    shown: SignalEnvelope
    start: float
    stop: float


def plot_traces(
    reader: MockSessionRawIO,
    stream_index: int = 0,
    ax: Axes | None = None,
    *,
    t_start: float | None = None,
    t_stop: float | None = None,
    channels: Sequence[int | str] | None = None,
    max_channels: int = 16,
    n_bins: int = 1000,
) -> Axes:
    """Draw the signals of a stream, with the session's events and the pauses of its movie.

    Parameters
    ----------
    reader : MockSessionRawIO
    stream_index : int
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.
    t_start, t_stop : float, optional
        Limits in seconds; None: where the stream begins, and ends.
    channels : sequence of int or str, optional
        Which, by index, id or name. None: the first `max_channels`.
    max_channels : int
    n_bins : int
        Number of bins of time; between the least and the largest sample of each a band is drawn; if there are no more
        than twelve samples to a bin, all of them are, as a line.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    MockSessionError
        If the stream or a channel is unknown, or `t_start` not before `t_stop`.
    """
    axes = new_axes(ax)
    if not len(reader.header["signal_streams"]):
        return say(axes, "no signals in this session", "signals")
    rows = stream_channels(reader, stream_index)
    chosen = channel_indexes(reader, stream_index, channels, max_channels)
    spans = [sampled(reader, stream_index, k) for k in range(reader.segment_count(0))]
    start, stop = _window(spans, t_start, t_stop)
    pieces = _pieces(reader, stream_index, chosen, spans, (start, stop), n_bins)
    title = _title(reader, stream_index, len(chosen), len(rows))
    if not pieces:
        return say(axes, f"no samples between {start:g} and {stop:g} s", title)
    _draw_channels(axes, pieces, rows[chosen])
    key = shade_pauses(axes, reader, start, stop) | shade_gaps(axes, spans, (start, stop))
    key |= _draw_events(axes, reader, start, stop)
    axes.set(xlim=(start, stop), xlabel="time (s)")
    return finish(axes, title, key)


def _window(spans: list[Span], t_start: float | None, t_stop: float | None) -> Span:
    start = spans[0][0] if t_start is None else t_start
    stop = spans[-1][1] if t_stop is None else t_stop
    if start < stop:
        return start, stop
    raise not_before(start, stop, f"The samples lie between {spans[0][0]:g} and {spans[-1][1]:g} s.")


def _pieces(
    reader: MockSessionRawIO, stream_index: int, channels: list[int], spans: list[Span], window: Span, n_bins: int
) -> list[_Piece]:
    """Return what lies in a window, the bins shared out to the segments by their length."""
    pieces, rate = [], reader.get_signal_sampling_rate(stream_index)
    for segment, span in enumerate(spans):
        low, high = max(span[0], window[0]), min(span[1], window[1])
        if low < high:
            n_samples = math.ceil((high - low) * rate) + 1
            bins = max(1, round(n_bins * (high - low) / (window[1] - window[0])))
            bins = n_samples if n_samples <= _FEW * bins else bins
            shown = envelope(reader, stream_index, segment, channels, low, high, bins)
            pieces += [_Piece(shown, low, high)] if len(shown.times) else []
    return pieces


def _title(reader: MockSessionRawIO, stream_index: int, n_shown: int, n_channels: int) -> str:
    name = letters(reader.header["signal_streams"]["name"][stream_index])
    return f"{name}: {of_all(n_shown, n_channels, 'channel')} at {reader.get_signal_sampling_rate(stream_index):g} Hz"


def _draw_channels(axes: Axes, pieces: list[_Piece], rows: Any) -> None:
    """Draw the channels, the first one on top; a single one on an axis of its own values."""
    low, high = _reach(pieces)
    unit, names = letters(rows["units"][0]).replace("uV", "µV"), [letters(name) for name in rows["name"]]
    alone = len(rows) == 1
    centres = _middles(pieces)
    heights = high - low  # the distance between channels is almost enough for the highest of them
    step = 1.0 if alone else max(1.2 * float(np.median(heights)), 0.5 * float(heights.max())) or 1.0
    places = np.zeros(1) if alone else -np.arange(len(rows)) * step - centres
    for piece in pieces:
        for channel, place in enumerate(places):
            _draw_channel(axes, piece.shown, channel, place)
    if alone:
        axes.set_ylabel(f"{names[0]} ({unit})")
        bottom, top = axes.get_ylim()
        axes.set_ylim(bottom, top + _HEADROOM * (top - bottom))
        return
    axes.set_yticks(-np.arange(len(rows)) * step, names)
    axes.tick_params(axis="y", length=0, labelsize="small")
    axes.spines["left"].set_visible(False)
    bottom, top = -(len(rows) - 0.3) * step, 0.7 * step
    axes.set_ylim(bottom, top + _HEADROOM * (top - bottom))
    _draw_scale(axes, step, unit)


def _reach(pieces: list[_Piece]) -> tuple[Floats, Floats]:
    """Return the least and the largest finite value of each channel; 0 where it has none."""
    low, high = (np.concatenate([getattr(piece.shown, name) for piece in pieces]) for name in ("low", "high"))
    least = np.where(np.isfinite(low), low, np.inf).min(axis=0)
    most = np.where(np.isfinite(high), high, -np.inf).max(axis=0)
    some = least <= most
    return np.where(some, least, 0.0), np.where(some, most, 0.0)


def _middles(pieces: list[_Piece]) -> Floats:
    """Return the median of each channel, of the middles of its bins; 0 where none of them is finite."""
    middle = np.concatenate([(piece.shown.low + piece.shown.high) / 2 for piece in pieces])
    some = [column[np.isfinite(column)] for column in middle.T]
    return np.array([np.median(column) if column.size else 0.0 for column in some])


def _draw_channel(axes: Axes, shown: SignalEnvelope, channel: int, place: float) -> None:
    """Draw a line through single samples, or a band from the least to the largest value of every bin."""
    low, high = shown.low[:, channel] + place, shown.high[:, channel] + place
    if np.array_equal(low, high, equal_nan=True):
        axes.plot(shown.times, low, color=ink(), linewidth=0.7)
        return
    look: dict[str, Any] = {"facecolor": ink(), "alpha": _BAND, "linewidth": 0}
    axes.fill_between(shown.times, low, high, **look)
    for edge in (low, high):
        axes.plot(shown.times, edge, color=ink(), linewidth=0.4)


def _draw_scale(axes: Axes, step: float, unit: str) -> None:
    """Draw a scale bar of a round number at the right."""
    power = 10.0 ** np.floor(np.log10(step))
    height = next(digit * power for digit in (5, 2, 1) if digit * power <= step * 1.0001)
    low = axes.get_ylim()[0]
    across = axes.get_yaxis_transform()
    axes.plot([1.012, 1.012], [low, low + height], transform=across, color=ink(), linewidth=2, clip_on=False)
    words = axes.text(1.02, low, f"{height:g} {unit}", transform=across, fontsize="small")
    words.set(rotation=90, va="bottom", ha="left")


def _draw_events(axes: Axes, reader: MockSessionRawIO, start: float, stop: float) -> dict[str, dict[str, Any]]:
    """Draw few events as lines with their codes, many as a fringe along the top."""
    events = events_of(reader, "Events")
    inside = (events.times_s >= start) & (events.times_s <= stop)
    times = events.times_s[inside]
    if not times.size:
        return {}
    few, across = times.size <= _MOST_LINES, axes.get_xaxis_transform()
    axes.vlines(times, 0 if few else 0.96, 1, transform=across, color=EVENT, linewidth=0.8, alpha=0.8, zorder=1)
    if times.size > _MOST_CODES:
        return {"event": {"facecolor": EVENT}}
    for time, code in zip(times, events.labels[inside], strict=True):
        words = axes.text(time, 0.995, f" {code}", transform=across, color=EVENT, fontsize="x-small")
        words.set(va="top", ha="left", clip_on=True)
    return {"event, with its code": {"facecolor": EVENT}}
