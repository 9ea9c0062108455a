"""What the report shows of units beside rates and raster: of one at a time, and of all in space and time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..rawio.reader import MockSessionRawIO
from .choosing import unit_indexes
from .correlograms import correlogram
from .page import Figure, TableCell, finite, plot_text
from .peri_event import chosen_event_channel, peri_event
from .probe_view import ProbeView, unit_places, waveforms_in_place
from .snippets import footprint, spike_depths
from .spiking import unit_notes
from .unit_table import COLUMNS, UnitRow, table_columns
from .waveform_stats import spike_amplitudes
from .words import counted, in_words, of_all

MOST_DOTS = 250  # of a unit's amplitudes, and of its spikes around events
MOST_DEPTHS = 4000  # of all units
MOST_PLACED = 1000  # units among the contacts
MOST_PAIRS = 3  # units, whose crosscorrelograms are shown
_CONTACTS, _NEAR_UM, _STEPS = 9, 150.0, 32  # of a footprint: contacts, how far they may be, points of each
_WINDOW_MS = 50.0
_SCALE = [[0, "#6f8cc9"], [0.5, "#a06fb0"], [1, "#d9480f"]]  # seen on a light page and on a dark one


def _axis(title: str, **more: Any) -> dict[str, Any]:
    return {"title": {"text": title}, **more}


_RATE = _axis("spikes / s", fixedrange=True, rangemode="tozero")


class UnitLayout(NamedTuple):
    """How something is drawn of the unit that is chosen."""

    needs: str  # a part of a session without which there is nothing of any unit
    label: str  # what it shows
    layout: dict[str, Any]


UNIT_LAYOUTS: dict[str, UnitLayout] = {
    "autocorrelogram": UnitLayout(
        "units",
        "Histogram: the autocorrelogram of the chosen unit.",
        {"xaxis": _axis("lag (ms)", range=[-_WINDOW_MS, _WINDOW_MS]), "yaxis": _RATE, "bargap": 0, "height": 320},
    ),
    "psth": UnitLayout(
        "psth",
        "Raster and histogram: the spikes of the chosen unit around events.",
        {
            "xaxis": _axis("time from the event (s)", anchor="y"),
            "yaxis": {**_RATE, "domain": [0, 0.46]},
            "yaxis2": _axis("event", domain=[0.52, 1], fixedrange=True, autorange="reversed", nticks=4),
            "bargap": 0,
            "height": 380,
        },
    ),
    "footprint": UnitLayout(
        "footprints",
        "Lines: the mean spike of the chosen unit on each contact around it, where the contact is.",
        {"xaxis": _axis("µm"), "yaxis": _axis("µm", fixedrange=True), "height": 380},
    ),
    "amplitudes": UnitLayout(
        "waveforms",
        "Points: the amplitudes of the spikes of the chosen unit over time.",
        {"xaxis": _axis("time (s)"), "yaxis": _axis("µV", fixedrange=True), "height": 320},
    ),
}


def unit_parts(reader: MockSessionRawIO, unit: str) -> dict[str, dict[str, Any]]:
    """Return what is drawn of a unit, by name."""
    return {
        "autocorrelogram": _autocorrelogram(reader, unit),
        "psth": _psth(reader, unit),
        "footprint": _footprint(reader, unit),
        "amplitudes": _amplitudes(reader, unit),
    }


def _autocorrelogram(reader: MockSessionRawIO, unit: str) -> dict[str, Any]:
    found = correlogram(reader, unit, window_ms=_WINDOW_MS)
    pairs = int(found.counts.sum()) // 2
    if not pairs:
        return {"data": [], "caption": f"no two spikes within {_WINDOW_MS:g} ms."}
    data = {"type": "bar", "x": finite(found.edges_ms[:-1] + 0.5), "y": finite(found.rate_hz, 4)}
    hover = "%{x:.1f} ms: %{y:.3~g} spikes/s<extra></extra>"
    caption = f"autocorrelogram in bins of 1 ms, {counted(pairs, 'pair')} of spikes."
    return {"data": [{**data, "hovertemplate": hover}], "caption": caption}


def _psth(reader: MockSessionRawIO, unit: str) -> dict[str, Any]:
    found = peri_event(reader, unit)
    if not found.n_trials:
        return {"data": [], "caption": "no events with all of the time around them."}
    every = max(1, -(-len(found.times_s) // MOST_DOTS))
    shown = found.trials % every == 0
    middles = found.edges_s[:-1] + np.diff(found.edges_s) / 2
    bars = {"type": "bar", "x": finite(middles, 5), "y": finite(found.rate_hz, 4)}
    marker = {"symbol": "line-ns-open", "size": 4}
    dots = {"mode": "markers", "x": finite(found.times_s[shown], 4), "y": (found.trials[shown] + 1).tolist()}
    hover = "%{x:.3f} s, event %{y}<extra></extra>"
    some = "" if every == 1 else f"; the raster has one in {every} of them"
    name, width = chosen_event_channel(reader), 1000 * (found.edges_s[1] - found.edges_s[0])
    return {
        "data": [
            {**bars, "hovertemplate": "%{x:.3~f} s: %{y:.3~g} spikes/s<extra></extra>"},
            {**dots, "yaxis": "y2", "marker": marker, "hovertemplate": hover},
        ],
        "caption": f"around {counted(found.n_trials, 'event')} of {name} in bins of {width:.3g} ms{some}.",
    }


def _footprint(reader: MockSessionRawIO, unit: str) -> dict[str, Any]:
    found = footprint(reader, unit, max_channels=_CONTACTS, max_um=_NEAR_UM)
    if found is None:
        return {"data": [], "caption": "none of its spikes is in the stream."}
    steps = np.unique(np.linspace(0, len(found.time_ms) - 1, _STEPS).round().astype(int))
    x, y = (
        np.pad(part[steps].T, ((0, 0), (0, 1)), constant_values=np.nan) for part in waveforms_in_place(found)
    )  # NaN: pen up
    size = float(np.ptp(found.mean_uV[:, 0]))
    return {
        "data": [{"x": finite(x, 5), "y": finite(y, 5), "mode": "lines", "line": {"width": 1}, "hoverinfo": "skip"}],
        "caption": f"footprint on {counted(len(found.channels), 'contact')}, mean of {counted(found.n, 'spike')}; "
        f"the largest is {size:.3g} µV from least to largest.",
    }


def _amplitudes(reader: MockSessionRawIO, unit: str) -> dict[str, Any]:
    found = spike_amplitudes(reader, unit)
    if not len(found.times_s):
        return {"data": [], "caption": "no waveforms."}
    kept = np.unique(np.linspace(0, len(found.times_s) - 1, MOST_DOTS).round().astype(int))
    points = {"mode": "markers", "x": finite(found.times_s[kept], 7), "y": finite(found.amplitudes_uV[kept], 4)}
    hover = "%{x:.3~f} s: %{y:.4~g} µV<extra></extra>"
    total = sum(reader.unit(unit_indexes(reader, [unit])[0]).counts)
    return {
        "data": [{**points, "marker": {"size": 4}, "hovertemplate": hover}],
        "caption": f"amplitudes of {of_all(len(kept), total, 'spike')}, mean {found.mean_uV:.4g} µV.",
    }


def unit_points(reader: MockSessionRawIO, view: ProbeView) -> list[dict[str, Any]]:
    """Return points for units among contacts, coloured by region; hollow where nobody but their channel says it."""
    notes, found = unit_notes(reader), unit_places(reader, view)
    there = [k for k in range(len(notes)) if np.isfinite(found.places[k]).all()][:MOST_PLACED]
    data = []
    for ink, region in enumerate(dict.fromkeys(note.region for note in notes)):
        for known, symbol in ((True, "diamond"), (False, "diamond-open")):
            some = [k for k in there if notes[k].region == region and found.known[k] == known]
            text = [plot_text(f"{notes[k].unit} {found.kinds[k]}".strip()) for k in some]
            points = {"x": finite(found.places[some, 0]), "y": finite(found.places[some, 1]), "text": text}
            look = {"mode": "markers", "marker": {"size": 11, "symbol": symbol}, "meta": {"ink": ink + 1}}
            hover = "%{text}: %{x:.4~g}, %{y:.4~g} µm<extra></extra>"
            data += [{**points, **look, "hovertemplate": hover}] if some else []
    return data


def drift_figure(reader: MockSessionRawIO) -> Figure | None:
    """Draw at which depth spikes are over time, coloured by how large they are; None where nobody knows."""
    found = spike_depths(reader)
    if found is None or not len(found.times_s):
        return None
    kept = np.unique(np.linspace(0, len(found.times_s) - 1, MOST_DEPTHS).round().astype(int))
    sizes = np.abs(found.amplitudes_uV[kept])
    low, high = np.percentile(sizes, [5, 95]).tolist()
    bar = {"title": {"text": "µV", "side": "right"}, "thickness": 12, "len": 1}
    scale = {"colorscale": _SCALE, "cmin": round(low, 1), "cmax": round(high, 1), "showscale": True, "colorbar": bar}
    points = {"mode": "markers", "x": finite(found.times_s[kept], 7), "y": finite(found.depths_um[kept], 5)}
    marker = {"size": 4, "color": finite(sizes, 3), **scale}
    hover = "%{x:.3~f} s, %{y:.4~g} µm: %{marker.color:.3~g} µV<extra></extra>"
    read = "" if found.read_s >= found.of_s else f" {in_words(found.read_s)} of {in_words(found.of_s)} were read."
    return Figure(
        "plot-drift",
        "Points: the depth of each spike over time, coloured by its size.",
        f"Drift map: {of_all(len(kept), len(found.times_s), 'spike')}, coloured by size.{read}",
        [{**points, "marker": marker, "hovertemplate": hover, "meta": {"own": True}}],
        {"xaxis": _axis("time (s)"), "yaxis": _axis(f"{found.axis} (µm)", fixedrange=True), "height": 380},
    )


def pair_figure(reader: MockSessionRawIO) -> Figure | None:
    """Draw the crosscorrelograms of the units with the most spikes; None of a single unit."""
    chosen, notes = unit_indexes(reader, None, MOST_PAIRS), unit_notes(reader)
    if len(chosen) < 2:
        return None
    n, data = len(chosen), []
    axes: dict[str, Any] = {}
    for row, one in enumerate(chosen):
        for column, other in enumerate(chosen):
            number = row * n + column + 1
            found = correlogram(reader, one, other, window_ms=_WINDOW_MS, bin_ms=2.0)
            bars = {"type": "bar", "x": finite(found.edges_ms[:-1] + 1.0), "y": finite(found.rate_hz, 4)}
            name = f"{plot_text(notes[one].unit)} to {plot_text(notes[other].unit)}"
            hover = f"{name} %{{x:.3~g}} ms: %{{y:.3~g}} spikes/s<extra></extra>"
            ink = {"meta": {"ink": 0 if one == other else 7}}
            data.append({**bars, **ink, "xaxis": f"x{number}", "yaxis": f"y{number}", "hovertemplate": hover})
            axes |= _pair_axes(row, column, n, plot_text(notes[one].unit, 12), plot_text(notes[other].unit, 12))
    return Figure(
        "plot-pairs",
        "Histograms: correlograms of pairs of units, a row for each unit and a column for each other one.",
        f"Crosscorrelograms in spikes/s, bins of 2 ms up to {_WINDOW_MS:g} ms, of {of_all(n, len(notes), 'unit')}: "
        "from the spikes of a row's unit to those of a column's; on the diagonal each unit with itself.",
        data,
        {**axes, "bargap": 0, "height": 150 * n + 70},
    )


def _pair_axes(row: int, column: int, n: int, one: str, other: str) -> dict[str, Any]:
    """Return the axes of a pair; names stand beside the first column and below the last row."""
    number, room = row * n + column + 1, 1 / n
    left, top = column * room, 1 - row * room
    x: dict[str, Any] = {"domain": [left + 0.18 * room, left + room], "anchor": f"y{number}", "nticks": 3}
    y: dict[str, Any] = {"domain": [top - 0.82 * room, top], "anchor": f"x{number}", "nticks": 3, "fixedrange": True}
    x, y = ({**axis, "tickfont": {"size": 9}} for axis in (x, y))
    x |= {"title": {"text": f"{other}<br>ms"}} if row == n - 1 else {"showticklabels": False}
    y |= {"title": {"text": one}} if not column else {}
    suffix = number if number > 1 else ""
    return {f"xaxis{suffix}": {**x, "fixedrange": True}, f"yaxis{suffix}": y}


def table_rows(rows: list[UnitRow]) -> tuple[list[str], list[list[object]]]:
    """Return the heads and the cells of the table of units, numbers with what they are sorted by."""
    columns = table_columns(rows)

    def cell(head: str, row: UnitRow, text: str) -> object:
        value = COLUMNS[head][1]
        if value is None:
            return text
        number = value(row)
        return TableCell(text or "n/a", round(number, 6))

    cells = [[cell(head, row, columns[head][k]) for head in columns] for k, row in enumerate(rows)]
    return list(columns), cells
