"""Correlograms: each unit with itself, and units with each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ground.extras import by_extra
from ..ground.shown import letters
from ..rawio.reader import MockSessionRawIO
from .choosing import unit_indexes
from .correlograms import Correlogram, correlogram
from .drawing import CELL_TITLE, NO_UNITS, QUIET, cells, finish, new_axes, region_colours, say, small_axes
from .spiking import unit_notes
from .words import of_all

with by_extra("figures", "plot"):
    from matplotlib.axes import Axes


def plot_autocorrelograms(
    reader: MockSessionRawIO,
    ax: Axes | None = None,
    *,
    units: Sequence[int | str] | None = None,
    max_units: int = 12,
    window_ms: float = 50.0,
    bin_ms: float = 1.0,
) -> Axes:
    """Draw the autocorrelogram of each unit.

    Parameters
    ----------
    reader : MockSessionRawIO
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.
    units : sequence of int or str, optional
        Which, by index or id. None: the `max_units` that have the most spikes.
    max_units : int
    window_ms, bin_ms
        As for :func:`~mockrawio.report.measures.correlogram`.

    Returns
    -------
    matplotlib.axes.Axes
        Those that were divided; each unit has one of its ``child_axes``, in spikes a second.

    Raises
    ------
    MockSessionError
        If a unit is unknown.
    """
    axes, notes = new_axes(ax, 9.0, 6.4), unit_notes(reader)
    if not notes:
        return say(axes, NO_UNITS, "autocorrelograms")
    chosen, colours = unit_indexes(reader, units, max_units), region_colours([note.region for note in notes])
    made = cells(axes, len(chosen), ("lag (ms)", "spikes/s"), gap=0.28)
    for cell, index in zip(made, chosen, strict=True):
        draw_correlogram(
            cell, correlogram(reader, index, window_ms=window_ms, bin_ms=bin_ms), _of(colours, notes, index)
        )
        cell.tick_params(labelleft=True)
        cell.set_title(letters(notes[index].unit), **CELL_TITLE)
    return finish(axes, f"autocorrelograms, {bin_ms:g} ms bins: {of_all(len(chosen), len(notes), 'unit')}")


def plot_crosscorrelograms(
    reader: MockSessionRawIO,
    ax: Axes | None = None,
    *,
    units: Sequence[int | str] | None = None,
    max_units: int = 5,
    window_ms: float = 50.0,
    bin_ms: float = 1.0,
) -> Axes:
    """Draw the crosscorrelograms of all pairs of some units, and on the diagonal their autocorrelograms.

    Parameters
    ----------
    reader : MockSessionRawIO
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.
    units : sequence of int or str, optional
        Which, by index or id. None: the `max_units` that have the most spikes.
    max_units : int
    window_ms, bin_ms
        As for :func:`~mockrawio.report.measures.correlogram`.

    Returns
    -------
    matplotlib.axes.Axes
        Those that were divided: a row for the unit from whose spikes lags are counted, a column for the other one.

    Raises
    ------
    MockSessionError
        If a unit is unknown.
    """
    axes, notes = new_axes(ax, 8.0, 7.2), unit_notes(reader)
    if not notes:
        return say(axes, NO_UNITS, "crosscorrelograms")
    chosen, colours = unit_indexes(reader, units, max_units), region_colours([note.region for note in notes])
    for row, one in enumerate(chosen):
        for column, other in enumerate(chosen):
            cell = _cell(axes, row, column, len(chosen))
            colour = _of(colours, notes, one) if one == other else QUIET
            draw_correlogram(cell, correlogram(reader, one, other, window_ms=window_ms, bin_ms=bin_ms), colour)
            if not row:
                cell.set_title(letters(notes[other].unit), **CELL_TITLE)
            if not column:
                cell.set_ylabel(letters(notes[one].unit), fontsize="x-small")
    first = axes.child_axes[len(chosen) * (len(chosen) - 1)]
    first.set_xlabel("lag (ms)", fontsize="x-small")
    title = f"crosscorrelograms in spikes/s, {bin_ms:g} ms bins: {of_all(len(chosen), len(notes), 'unit')}"
    return finish(axes, title)


def _cell(axes: Axes, row: int, column: int, n: int) -> Axes:
    """Return small axes in a square of them."""
    axes.set_axis_off()
    left, bottom, top = 0.12, 0.1, 0.95
    wide, high = (1 - left) / n, (top - bottom) / n
    cell = small_axes(axes, (left + column * wide, top - (row + 1) * high, 0.76 * wide, 0.8 * high))
    cell.tick_params(labelsize="xx-small", labelbottom=row == n - 1, length=2)
    cell.locator_params(nbins=3)
    return cell


def _of(colours: dict[str, str], notes: Sequence[object], index: int) -> str:
    return colours[notes[index].region]  # type: ignore[attr-defined]  # of a unit


def draw_correlogram(cell: Axes, found: Correlogram, colour: str) -> None:
    """Draw a histogram of lags."""
    cell.stairs(np.nan_to_num(found.rate_hz), found.edges_ms, fill=True, color=colour, linewidth=0)
    cell.axvline(0, color=QUIET, linewidth=0.6, linestyle=":")
    highest = float(np.nan_to_num(found.rate_hz).max(initial=0.0))
    cell.set(xlim=found.edges_ms[[0, -1]], ylim=(0, 1.05 * highest or 1.0))
