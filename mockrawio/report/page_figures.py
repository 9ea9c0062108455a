"""The other figures of the report, each from a measure, none larger than a page can hold."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..ground.arrays import Array, Ints
from ..rawio.reader import MockSessionRawIO
from .measures import (
    DaqJitter,
    EventTiming,
    FiringRate,
    Intervals,
    MovieClock,
    WaveformStats,
    isi,
    spike_trains,
    waveform_stats,
)
from .page import Figure, finite, plot_text
from .page_units import UNIT_LAYOUTS as MORE_LAYOUTS
from .page_units import UnitLayout, unit_parts
from .probe_view import ProbeView
from .spiking import segments
from .words import counted

MOST_SPIKES = 8000  # of the raster
MOST_POINTS = 3000  # of a curve
MOST_UNITS = 400  # with waveforms and intervals
MOST_NAMED = 40  # units beside the raster
_ISI_MS = 100.0


def _axis(title: str, **more: Any) -> dict[str, Any]:
    return {"title": {"text": title}, **more}


def _counts(counts: Array, what: str) -> dict[str, Any]:
    """Return an axis of counts, whose ticks are whole numbers."""
    few = {"dtick": 1} if counts.max(initial=0) < 8 else {}
    return _axis(what, fixedrange=True, rangemode="tozero", **few)


# How what is shown of a unit is drawn, by the part of a session that it needs, its name, and what it shows.
UNIT_LAYOUTS: dict[str, UnitLayout] = {
    "waveform": UnitLayout(
        "waveforms",
        "Waveforms of the chosen unit: mean and standard deviation.",
        {"xaxis": _axis("time from the spike (ms)"), "yaxis": _axis("µV", fixedrange=True), "height": 320},
    ),
    "isi": UnitLayout(
        "units",
        "Histogram of the intervals between the spikes of the chosen unit.",
        {"xaxis": _axis("interval (ms)", rangemode="tozero"), "bargap": 0.05, "height": 320},
    ),
    **MORE_LAYOUTS,
}


def raster_figure(reader: MockSessionRawIO) -> Figure:
    """Draw the spikes of all units, by region; of very many every k-th of each unit."""
    n_units = len(reader.header["spike_channels"])
    total = sum(reader.spike_count(0, k, unit) for k in segments(reader) for unit in range(n_units))
    every = max(1, -(-total // MOST_SPIKES))
    regions = spike_trains(reader, every=every)
    data, row, drawn = [], 0, 0
    named: dict[int, str] = {}
    marker = {"symbol": "line-ns-open", "size": max(2, min(9, 380 // max(1, n_units)))}
    for ink, region in enumerate(regions):
        kept = region.times_s
        rows = np.repeat(np.arange(row, row + len(kept)), [times.size for times in kept])
        named |= _row_names(row, region.region, region.units, n_units)
        row, drawn = row + len(kept), drawn + rows.size
        points = {"mode": "markers", "x": finite(np.concatenate(kept), 9), "y": rows.tolist(), "marker": marker}
        hover = f"{plot_text(region.region)} %{{x:.4~f}} s<extra></extra>"
        data.append({**points, "hovertemplate": hover, "meta": {"ink": ink}})
    shown = "all of them" if every == 1 else f"one in {every} of each unit, {drawn:,} in all"
    ticks = {"tickvals": list(named), "ticktext": list(named.values())}
    rows_axis = {"range": [n_units - 0.5, -0.5], "fixedrange": True, **ticks}
    return Figure(
        "plot-raster",
        "Raster: the spikes of all units over time, a row for each unit, coloured by region.",
        f"{counted(total, 'spike')} of {counted(n_units, 'unit')} by region, of which are shown: {shown}.",
        data,
        {"xaxis": _axis("time (s)"), "yaxis": rows_axis, "height": min(640, max(240, 14 * n_units + 90))},
    )


def _row_names(row: int, region: str, units: tuple[str, ...], n_units: int) -> dict[int, str]:
    """Return what stands beside the rows of a region: its units, or where they are many its name alone."""
    place = plot_text(region, 12)
    if n_units <= MOST_NAMED:
        return {row + k: f"{place} {plot_text(unit)}".strip() for k, unit in enumerate(units)}
    return {row + len(units) // 2: place or "no region"}


def probe_figure(view: ProbeView, units: Sequence[dict[str, Any]] = ()) -> Figure:
    """Draw where the contacts of a stream are, by shank, and units among them."""
    contacts, data = view.contacts, []
    x, y = _axis(view.labels[0]), _axis(view.labels[1])
    for shank in range(int(contacts.shanks.max()) + 1):
        rows = np.flatnonzero(contacts.shanks == shank)[:MOST_POINTS]
        points = {"mode": "markers", "x": finite(view.points[rows, 0]), "y": finite(view.points[rows, 1])}
        names = [plot_text(contacts.contact_ids[row]) for row in rows]
        hover = "%{text}: %{x:.5~g}, %{y:.5~g} µm<extra></extra>"
        data.append({**points, "text": names, "hovertemplate": hover, "marker": {"size": 6}, "meta": {"ink": shank}})
    scale = {"scaleanchor": "x"} if view.to_scale else {}
    among = " Diamonds: units, hollow at the contact that they were found on." if units else ""
    return Figure(
        "plot-probe",
        "Points: the place of each contact, coloured by shank, and of units.",
        f"{plot_text(view.title)}.{among}",
        [*data, *units],
        {"xaxis": x, "yaxis": {**y, **scale}, "height": 460},
    )


def rate_figure(rates: list[FiringRate]) -> Figure:
    """Draw the firing rate of every unit."""
    data, hover = [], "%{x}: %{y:.3~g} Hz<extra></extra>"
    for ink, region in enumerate(dict.fromkeys(rate.region for rate in rates)):
        some = [rate for rate in rates if rate.region == region]
        names, heights = [plot_text(rate.unit) for rate in some], finite([rate.rate_hz for rate in some])
        bars = {"type": "bar", "x": names, "y": heights, "name": plot_text(region, 12) or "no region"}
        data.append({**bars, "hovertemplate": hover, "meta": {"ink": ink}})
    duration = rates[0].duration_s if rates else 0.0
    units = {"type": "category", "tickangle": -60 if len(rates) > 3 else 0}
    return Figure(
        "plot-rates",
        "Bars: the firing rate of each unit, coloured by region.",
        f"Firing rates over the {duration:,.1f} s of all segments, coloured by region as the raster is.",
        data,
        {"xaxis": units, "yaxis": _axis("spikes / s", fixedrange=True, rangemode="tozero"), "bargap": 0.2},
    )


def unit_content(reader: MockSessionRawIO, unit: str, names: Collection[str]) -> dict[str, Any]:
    """Return what is drawn of a unit, of some names, for the page's script."""
    parts = {"waveform": _waveform(waveform_stats(reader, unit, n_traces=0)), "isi": _isi(reader, unit)}
    parts |= unit_parts(reader, unit)
    return {name: {**parts[name], "caption": f"{unit}: {parts[name]['caption']}"} for name in names}


def _waveform(stats: WaveformStats) -> dict[str, Any]:
    if not stats.n:
        return {"data": [], "caption": "no waveforms."}
    times = finite(stats.time_ms)
    around = finite(stats.mean + stats.sd) + finite(stats.mean - stats.sd)[::-1]
    band = {"x": times + times[::-1], "y": around, "fill": "toself", "mode": "lines", "line": {"width": 0}}
    hover = "%{x:.3~f} ms<br>%{y:.3~f} µV<extra></extra>"
    mean = {"x": times, "y": finite(stats.mean), "mode": "lines", "line": {"width": 2}, "hovertemplate": hover}
    caption = f"mean of {counted(stats.n, 'waveform')}; shaded: one standard deviation to either side."
    return {"data": [{**band, "hoverinfo": "skip"}, mean], "caption": caption}


def _isi(reader: MockSessionRawIO, unit: str) -> dict[str, Any]:
    """Return a histogram whose bins reach as far as the unit's intervals call for."""
    found = isi(reader, unit, max_ms=_ISI_MS)
    if found.n and found.counts.sum() < found.n / 4:
        found = isi(reader, unit, max_ms=_round(3 * found.mean_ms))
    if not found.n:
        return {"data": [], "caption": "no intervals."}
    widths = np.diff(found.edges)
    bars = {"type": "bar", "x": finite(found.edges[:-1] + widths / 2), "y": found.counts.tolist()}
    hover = "%{x:.4~g} ms: %{y}<extra></extra>"
    return {
        "data": [{**bars, "width": finite(widths), "hovertemplate": hover}],
        "caption": _isi_caption(found),
        "layout": {"yaxis": _counts(found.counts, "intervals")},
    }


def _isi_caption(found: Intervals) -> str:
    shown = int(found.counts.sum())
    reach = "all shown" if shown == found.n else f"{shown:,} of them up to {found.edges[-1]:,.0f} ms shown"
    spread = "" if np.isnan(found.cv) else f", CV {found.cv:.2f}"
    return (
        f"{counted(found.n, 'interval')} ({reach}), mean {found.mean_ms:,.1f} ms{spread}; "
        f"shorter than {found.refractory_ms:g} ms: {100 * found.violations:.2f}%."
    )


def _round(value: float) -> float:
    """Return the next of 1, 2, 5, 10, ..."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= value))


def timing_figure(timing: EventTiming) -> Figure:
    """Draw by how much the intervals between events differ from their median."""
    kept = _kept(timing.deviations_ms)
    late = np.round(timing.deviations_ms[kept], 3).tolist()  # stamps are hardly finer
    data = {"mode": "markers", "x": finite(timing.interval_times_s[kept], 9), "y": late, "marker": {"size": 4}}
    hover = "%{x:.4~f} s: %{y:.4~g} ms<extra></extra>"
    deviation = _axis("deviation (ms)", fixedrange=True, exponentformat="none")
    return Figure(
        "plot-timing",
        "Points: by how much each interval between events is longer than the median interval.",
        f"{timing.times_s.size:,} events, {timing.period_s:.6g} s apart by the median; by how much each interval is "
        f"longer than that.{_some(kept, timing.deviations_ms)}",
        [{**data, "hovertemplate": hover}],
        {"xaxis": _axis("time (s)"), "yaxis": deviation, "height": 300},
    )


def daq_figure(jitter: DaqJitter) -> Figure:
    """Draw how far apart the two stamps of the DAQ's rows are."""
    counts, edges = np.histogram(jitter.durations_ms, 60)
    widths = np.diff(edges)
    bars = {"type": "bar", "x": finite(edges[:-1] + widths / 2), "y": counts.tolist(), "width": finite(widths)}
    axes = {"xaxis": _axis("later − earlier stamp (ms)", rangemode="tozero"), "yaxis": _counts(counts, "rows")}
    return Figure(
        "plot-daq",
        "Histogram: the time between the two stamps of each row of the DAQ log.",
        f"{counted(jitter.durations_ms.size, 'row')} of the DAQ log; from the earlier to the later stamp it is "
        f"{jitter.mean_ms:.4g} ms in the mean, SD {jitter.sd_ms:.4g} ms. The pulse lies between the two.",
        [{**bars, "hovertemplate": "%{x:.4~g} ms: %{y}<extra></extra>"}],
        {**axes, "bargap": 0.05, "height": 300},
    )


def movie_figure(movie: MovieClock, shades: list[dict[str, Any]]) -> Figure:
    """Draw movie time against the session's clock, with pauses and skips."""
    edges = np.unique(np.concatenate([movie.skips, movie.skips - 1]).clip(0)) if movie.skips.size else movie.skips
    kept = np.unique(np.concatenate([_kept(movie.pts_s), edges[:MOST_POINTS]])).astype(np.int64)
    skips = movie.skips[:MOST_POINTS]
    line = {"x": finite(movie.clock_s[kept], 9), "y": finite(movie.pts_s[kept], 9), "mode": "lines"}
    marks = {"x": finite(movie.clock_s[skips], 9), "y": finite(movie.pts_s[skips], 9), "mode": "markers"}
    hover = "%{x:.3~f} s: movie at %{y:.2~f} s<extra></extra>"
    look = {"marker": {"symbol": "x", "size": 9}, "meta": {"ink": 1}}
    axes = {"xaxis": _axis("session time (s)"), "yaxis": _axis("movie time (s)", fixedrange=True)}
    stood = f"{movie.pauses_s.size:,} ({movie.pauses_s.sum():,.1f} s in all)"
    pace = "" if np.isnan(movie.ms_per_frame) else f", {movie.ms_per_frame:.5g} ms a frame"
    return Figure(
        "plot-movie",
        "Line: movie time over the time of the session, with pauses shaded and skips marked.",
        f"{counted(movie.pts_s.size, 'frame')}{pace}. Shaded: pauses, {stood}. Crosses: skips, {movie.skips.size:,}.",
        [{**line, "hovertemplate": hover}, {**marks, **look, "hovertemplate": hover}],
        {**axes, "height": 320, "shapes": shades},
    )


def _kept(values: Array) -> Ints:
    """Return which values to draw: all, or the least and the greatest in each of a number of bins."""
    if len(values) <= MOST_POINTS:
        return np.arange(len(values))
    edges = np.arange(MOST_POINTS // 2 + 1) * len(values) // (MOST_POINTS // 2)
    least = [low + int(values[low:high].argmin()) for low, high in pairwise(edges)]
    most = [low + int(values[low:high].argmax()) for low, high in pairwise(edges)]
    return np.unique(np.array(least + most, np.int64))


def _some(kept: Array, values: Array) -> str:
    if len(kept) == len(values):
        return ""
    return f" Shown are {len(kept):,} of {len(values):,}, the least and the greatest of each stretch."
