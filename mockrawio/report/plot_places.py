"""Where units are on the probe, and how each looks on the contacts around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ground.arrays import Floats
from ..ground.extras import by_extra
from ..ground.shown import letters
from ..rawio.reader import MockSessionRawIO
from .choosing import unit_indexes
from .drawing import CELL_TITLE, GAP, NO_UNITS, QUIET, cells, finish, new_axes, region_colours, say
from .plot_probe import draw_view
from .probe_view import probe_view, unit_places, waveforms_in_place
from .snippets import UnitFootprint, footprint, placed_stream
from .spiking import unit_notes
from .words import counted, of_all

with by_extra("figures", "plot"):
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_MARKERS = "o^sDvP*X<>"
_MOST_NAMED = 24


def plot_unit_locations(
    reader: MockSessionRawIO,
    ax: Axes | None = None,
    *,
    units: Sequence[int | str] | None = None,
    stream_index: int | None = None,
) -> Axes:
    """Draw where units are among the contacts of a stream, marked by the class of their cells.

    Parameters
    ----------
    reader : MockSessionRawIO
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.
    units : sequence of int or str, optional
        Which, by index or id. None: all units whose place is known.
    stream_index : int, optional
        None: the first stream of ``raw_data``, else the first one.

    Returns
    -------
    matplotlib.axes.Axes
        As :func:`plot_probe` draws, the contacts grey. A unit of which the ground truth does not say where it is, is
        drawn hollow at the contact that it was found on.

    Raises
    ------
    MockSessionError
        If a unit is unknown, or there is no such stream.
    """
    notes, view = unit_notes(reader), probe_view(reader, stream_index)
    if view is None or not notes:
        words = "nothing says where the channels are in this session" if notes else NO_UNITS
        return say(new_axes(ax, 4.8, 6.4), words, "places of units")
    axes = draw_view(view, ax, colour=GAP)
    located = unit_places(reader, view, stream_index)
    chosen = [k for k in unit_indexes(reader, units) if np.isfinite(located.places[k]).all()]
    colours = region_colours([note.region for note in notes])
    kinds = list(dict.fromkeys(located.kinds[k] for k in chosen))
    for k in chosen:
        colour, known = colours[notes[k].region], located.known[k]
        look: dict[str, Any] = {"color": colour, "markerfacecolor": colour if known else "none", "zorder": 3}
        marker = _MARKERS[kinds.index(located.kinds[k]) % len(_MARKERS)]
        axes.plot(*located.places[k], marker, markersize=5, markeredgewidth=1.0, label=f"_{notes[k].unit}", **look)
        if len(chosen) <= _MOST_NAMED:
            where: dict[str, Any] = {"textcoords": "offset points", "fontsize": "xx-small", "color": colour}
            axes.annotate(letters(notes[k].unit), located.places[k], (4, 2), **where, annotation_clip=True)
    _name_kinds(axes, kinds)
    _widen(axes, located.places[chosen])
    where_from = "" if all(located.known[k] for k in chosen) else "\nhollow: at the contact it was found on"
    return finish(axes, f"{letters(view.title)}, {of_all(len(chosen), len(notes), 'unit')}{where_from}")


def _name_kinds(axes: Axes, kinds: list[str]) -> None:
    """Say which marker is which class of cell."""
    look: dict[str, Any] = {"color": QUIET, "linestyle": "none", "markersize": 5}
    named = [(kind, marker) for kind, marker in zip(kinds, _MARKERS, strict=False) if kind]
    handles = [Line2D([], [], marker=marker, label=letters(kind), **look) for kind, marker in named]
    if handles:
        axes.legend(
            handles=handles,
            frameon=False,
            fontsize="x-small",
            loc="upper left",
            bbox_to_anchor=(1, 1),
            handletextpad=0.2,
        )


def _widen(axes: Axes, places: Floats) -> None:
    """Have all units within the axes, with some room."""
    if not len(places):
        return
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    room = 0.05 * np.array([right - left, top - bottom])
    low, high = places.min(axis=0) - room, places.max(axis=0) + room
    axes.set(xlim=(min(left, low[0]), max(right, high[0])), ylim=(min(bottom, low[1]), max(top, high[1])))


def plot_unit_templates(
    reader: MockSessionRawIO,
    ax: Axes | None = None,
    *,
    units: Sequence[int | str] | None = None,
    max_units: int = 6,
    stream_index: int | None = None,
    max_spikes: int = 100,
    max_channels: int = 12,
    max_um: float = 150.0,
) -> Axes:
    """Draw the footprint of each unit: its mean spike on each contact around it, at the place of that.

    Parameters
    ----------
    reader : MockSessionRawIO
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.
    units : sequence of int or str, optional
        Which, by index or id. None: the `max_units` that have the most spikes.
    max_units : int
    stream_index, max_spikes, max_channels, max_um
        As for :func:`~mockrawio.report.measures.footprint`.

    Returns
    -------
    matplotlib.axes.Axes
        Those that were divided; each unit has one of its ``child_axes``, in µm.

    Raises
    ------
    MockSessionError
        If a unit is unknown.
    """
    axes, notes, title = new_axes(ax, 9.0, 6.4), unit_notes(reader), "footprints"
    if not notes:
        return say(axes, NO_UNITS, title)
    if placed_stream(reader, stream_index) is None:
        return say(axes, "no stream with places of its channels in this session", title)
    chosen = unit_indexes(reader, units, max_units)
    how: dict[str, Any] = {"max_spikes": max_spikes, "max_channels": max_channels, "max_um": max_um}
    found = [(index, footprint(reader, index, stream_index, **how)) for index in chosen]
    there = [(index, one) for index, one in found if one is not None]
    if not there:
        return say(axes, "no spikes in the stream", title)
    colours = region_colours([note.region for note in notes])
    made = cells(axes, len(there), ("", ""), gap=0.1)
    for cell, (index, one) in zip(made, there, strict=True):
        _draw_footprint(cell, one, colours[notes[index].region])
        size = float(np.ptp(one.mean_uV[:, 0]))
        cell.set_title(f"{letters(notes[index].unit)}\n{size:.0f} µV, {counted(one.n, 'spike')}", **CELL_TITLE)
    return finish(axes, f"{title}: mean spikes where the contacts are, {of_all(len(there), len(notes), 'unit')}")


def _draw_footprint(cell: Axes, found: UnitFootprint, colour: str) -> None:
    x, y = waveforms_in_place(found)
    cell.plot(x, y, color=colour, linewidth=0.9)
    cell.plot(x[0], y[0], ".", color=GAP, markersize=2, zorder=0)
    cell.set_axis_off()
