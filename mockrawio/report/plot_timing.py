"""Timing: events, the DAQ's stamps, and the frames of the movie."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ground.extras import by_extra
from ..rasters.figure import COLOURS, ink
from ..rawio.reader import MockSessionRawIO
from .drawing import PAUSE, QUIET, SKIP, finish, new_axes, say, shade_pauses
from .event_timing import MovieClock, daq_jitter, event_timing, movie_clock
from .words import counted

with by_extra("figures", "plot"):
    from matplotlib.axes import Axes
    from matplotlib.ticker import MaxNLocator

_BLUE = COLOURS[0]
_MOST_SKIPS = 60
_MANY = 300  # dots that are drawn smaller
_LEAST_MS = 1.0  # below which no deviation of an event is worth an axis of its own


def plot_event_timing(reader: MockSessionRawIO, ax: Axes | None = None) -> Axes:
    """Draw by how much the intervals between the session's events differ from their median.

    Parameters
    ----------
    reader : MockSessionRawIO
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        A dot for each interval, at the later event.
    """
    axes, timing = new_axes(ax), event_timing(reader)
    if not timing.times_s.size:
        return say(axes, "no events in this session", "event timing")
    codes = f"{counted(timing.times_s.size, 'event')}, {counted(len(timing.codes), 'code')}"
    if not timing.intervals_s.size:
        return say(axes, f"no intervals: {codes}", "event timing")
    size = 6 if timing.intervals_s.size < _MANY else 3
    axes.axhline(0, color=QUIET, linewidth=0.8)
    axes.plot(timing.interval_times_s, timing.deviations_ms, ".", color=_BLUE, markersize=size, rasterized=True)
    largest = max(_LEAST_MS, 1.1 * float(np.abs(timing.deviations_ms).max()))
    axes.set(xlabel="time (s)", ylabel="interval − median (ms)", ylim=(-largest, largest))
    return finish(axes, f"{codes}, every {timing.period_s:.4g} s")


def plot_daq_jitter(reader: MockSessionRawIO, ax: Axes | None = None) -> Axes:
    """Draw how far apart the two stamps of the DAQ's rows are.

    Parameters
    ----------
    reader : MockSessionRawIO
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        A histogram, the mean, and one SD around it.
    """
    axes, jitter = new_axes(ax), daq_jitter(reader)
    n = jitter.durations_ms.size
    if not n:
        return say(axes, "no DAQ log in this session", "DAQ jitter")
    top = float(jitter.durations_ms.max()) or 1.0
    counts, edges = np.histogram(jitter.durations_ms, bins=min(60, max(5, round(n**0.5))), range=(0.0, top))
    axes.stairs(counts, edges, fill=True, color=_BLUE)
    band = max(0.0, jitter.mean_ms - jitter.sd_ms), jitter.mean_ms + jitter.sd_ms
    look: dict[str, Any] = {"facecolor": PAUSE, "alpha": 0.3}
    axes.axvspan(*band, **look, linewidth=0, zorder=0)
    axes.axvline(jitter.mean_ms, color=ink(), linewidth=1.2, linestyle="--")
    axes.set(xlabel="from the earlier stamp to the later (ms)", ylabel="DAQ rows")
    axes.yaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))
    mean = f"mean ± SD: {jitter.mean_ms:.3g} ± {jitter.sd_ms:.3g} ms"
    return finish(axes, f"DAQ jitter: {counted(n, 'row')}", {mean: look})


def plot_movie_clock(reader: MockSessionRawIO, ax: Axes | None = None) -> Axes:
    """Draw movie time against the session's clock, with pauses and skips.

    Parameters
    ----------
    reader : MockSessionRawIO
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        A line for each stretch without a skip, and a dotted one for each skip; with more than 60
        skips, a dot for each frame.
    """
    axes, movie = new_axes(ax), movie_clock(reader)
    if not movie.clock_s.size:
        return say(axes, "no movie in this session", "movie clock")
    key = _draw_movie(axes, reader, movie)
    axes.set(xlabel="time (s)", ylabel="movie time (s)")
    a_frame = "" if np.isnan(movie.ms_per_frame) else f", {movie.ms_per_frame:.4g} ms each"
    return finish(axes, f"movie: {counted(movie.clock_s.size, 'frame')}{a_frame}", key)


def _draw_movie(axes: Axes, reader: MockSessionRawIO, movie: MovieClock) -> dict[str, dict[str, Any]]:
    """Draw the stretches, the skips between them, and the pauses; return the key.

    Where skips are too many, as in a log that jumps back and forth, frames are dots.
    """
    key = shade_pauses(axes, reader, movie.clock_s[0], movie.clock_s[-1])
    if movie.skips.size > _MOST_SKIPS:
        axes.plot(movie.clock_s, movie.pts_s, ".", color=_BLUE, markersize=1.5, rasterized=True)
        return key | {counted(movie.skips.size, "skip"): {"facecolor": "none"}}
    stretches = np.split(np.arange(movie.clock_s.size), movie.skips)
    for stretch in stretches:
        style = "." if stretch.size == 1 else "-"
        axes.plot(movie.clock_s[stretch], movie.pts_s[stretch], style, color=_BLUE, linewidth=1.4)
    small: dict[str, Any] = {"linewidth": 1.4, "markersize": 3.5, "markerfacecolor": "white"}
    for k in movie.skips:
        axes.plot(movie.clock_s[k - 1 : k + 1], movie.pts_s[k - 1 : k + 1], ":o", color=SKIP, **small)
    return key | ({counted(len(movie.skips), "skip"): {"facecolor": SKIP}} if len(movie.skips) else {})
