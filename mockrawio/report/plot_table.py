"""The table of units as a figure."""

from __future__ import annotations

from collections.abc import Sequence

from ..ground.extras import by_extra
from ..ground.shown import letters
from ..rawio.reader import MockSessionRawIO
from .choosing import unit_indexes
from .drawing import NO_UNITS, finish, new_axes, region_colours, say
from .spiking import unit_notes
from .unit_table import table_columns, unit_table
from .words import of_all

with by_extra("figures", "plot"):
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

_ROW, _HEAD = 0.22, 0.9  # inches
_LINE, _POINTS = "#DDDDDD", 7.5


def plot_unit_table(
    reader: MockSessionRawIO,
    ax: Axes | None = None,
    *,
    units: Sequence[int | str] | None = None,
    max_units: int = 30,
) -> Axes:
    """Write the table of units: class, rate, SNR, amplitude, place, ISI violations and presence of each.

    Parameters
    ----------
    reader : MockSessionRawIO
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.
    units : sequence of int or str, optional
        Which, by index or id. None: the `max_units` that have the most spikes.
    max_units : int

    Returns
    -------
    matplotlib.axes.Axes
        A text for each cell; a column of which nothing is known is left out.

    Raises
    ------
    MockSessionError
        If a unit is unknown.
    """
    notes = unit_notes(reader)
    chosen = unit_indexes(reader, units, max_units)
    axes = new_axes(ax, 9.0, _HEAD + _ROW * len(chosen))
    if not notes:
        return say(axes, NO_UNITS, "units")
    rows = unit_table(reader, chosen)
    columns = table_columns(rows)
    axes.set_axis_off()
    drawn = axes.table(
        [list(map(letters, texts)) for texts in zip(*columns.values(), strict=True)],
        colLabels=list(columns),
        cellLoc="right",
        loc="upper left",
        bbox=Bbox.from_bounds(0, 0, 1, 1),
        edges="horizontal",
    )
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(_POINTS)
    drawn.auto_set_column_width(list(range(len(columns))))
    colours = region_colours([note.region for note in notes])
    for (row, column), cell in drawn.get_celld().items():
        cell.set(edgecolor=_LINE, linewidth=0.6)
        if row and not column:
            cell.get_text().set(color=colours[rows[row - 1].region])
        if row == 0:
            cell.get_text().set(fontweight="bold")
    return finish(axes, f"units: {of_all(len(chosen), len(notes), 'unit')}")
