"""What the figures have in common: axes to draw on, panels of small ones, a text where there is nothing to draw."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..ground.errors import MockSessionError
from ..ground.extras import by_extra
from ..ground.shown import Argument, Text
from ..rasters.figure import COLOURS, distinct_colours, figure_of
from ..rawio.reader import MockSessionRawIO
from .event_timing import events_of

with by_extra("figures", "plot"):
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

_ABOVE_CELL, _BELOW_CELLS, _BESIDE_CELLS = 0.36, 0.34, 0.42  # inches: for titles, and for labels
CELL_TITLE: dict[str, Any] = {"fontsize": "x-small", "loc": "left", "pad": 2, "y": 1.0}  # y: nothing to be measured
NO_UNITS = "no units in this session"
EVENT, SKIP, PAUSE, GAP, QUIET = COLOURS[1], COLOURS[1], "#999999", "#CCCCCC", "#666666"


def new_figure(width: float = 9.0, height: float = 4.8) -> Figure:
    """Return a figure of a size in inches, tied to no window and no global state."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def new_axes(ax: Axes | None, width: float = 9.0, height: float = 4.8) -> Axes:
    """Return `ax`, or the axes of a new figure."""
    return new_figure(width, height).add_subplot() if ax is None else ax


def say(ax: Axes, words: str, title: str) -> Axes:
    """Write in the axes that there is nothing to draw."""
    ax.set_title(title, loc="left", fontsize="medium")
    ax.set_axis_off()
    ax.text(0.5, 0.5, words, transform=ax.transAxes, ha="center", va="center", color=QUIET, fontsize="medium")
    return ax


def finish(ax: Axes, title: str, key: Mapping[str, Mapping[str, Any]] | None = None) -> Axes:
    """Give axes a title and, between it and the data, a key of what is shaded or marked."""
    handles = [Patch(**{"linewidth": 0, **look}, label=name) for name, look in (key or {}).items()]
    if handles:
        if (other := ax.get_legend()) is not None:  # of what is drawn: axes have one, and replace it
            ax.add_artist(other).set_clip_on(False)  # what is clipped has no room in the layout
        place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.1, "borderpad": 0.2}
        ax.legend(handles=handles, ncols=len(handles), frameon=False, fontsize="small", handlelength=1.2, **place)
    ax.set_title(title, loc="left", fontsize="medium", pad=20 if handles else 6, y=1.0)  # y: nothing to be measured
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def cells(ax: Axes, n: int, labels: tuple[str, str], gap: float = 0.14) -> list[Axes]:
    """Return `n` small axes within one, row by row, with room for a title above each of them.

    The label of x stands below the first cell of the last row, that of y beside the first cell; `gap` is the
    share of the width that is left free between cells. They keep within `ax`, so that a layout need not measure them.
    """
    ax.set_axis_off()
    place, size = ax.get_position(), figure_of(ax).get_size_inches()
    width, height = max(0.1, place.width * size[0]), max(0.1, place.height * size[1])
    columns = min(n, max(1, round(math.sqrt(n * width / height / 1.3))))
    rows = math.ceil(n / columns)
    left, bottom = (min(0.2, room / whole) for room, whole in ((_BESIDE_CELLS, width), (_BELOW_CELLS, height)))
    title = min(0.3, _ABOVE_CELL * rows / height)
    made = []
    for k in range(n):
        row, column = divmod(k, columns)
        x, y = (column + gap / 4) / columns, 1 - (row + 0.96) / rows
        wide, high = (1 - gap) / columns, (0.94 - title) / rows
        bounds = left + x * (1 - left), bottom + y * (1 - bottom), wide * (1 - left), high * (1 - bottom)
        made.append(small_axes(ax, bounds))
        made[-1].tick_params(labelsize="x-small", labelleft=column == 0, labelbottom=k + columns >= n)
    made[(rows - 1) * columns].set_xlabel(labels[0], fontsize="x-small")
    made[0].set_ylabel(labels[1], fontsize="x-small")
    return made


def small_axes(ax: Axes, bounds: tuple[float, float, float, float]) -> Axes:
    """Return axes within others, at bounds in their coordinates, that no layout measures."""
    cell = ax.inset_axes(bounds)
    cell.set_in_layout(False)
    cell.locator_params(nbins=4)
    cell.spines[["top", "right"]].set_visible(False)
    return cell


def colour_bar(ax: Axes, drawn: Any, label: str) -> None:
    """Put a colour bar to the right of axes, within what these take up, so that nothing else has to move."""
    bar = figure_of(ax).colorbar(drawn, cax=ax.inset_axes((1.015, 0.0, 0.02, 1.0)))
    bar.set_label(label, fontsize="small")
    bar.ax.tick_params(labelsize="x-small")
    bar.outline.set_visible(False)


def not_before(start: float, stop: float, remedy: str) -> MockSessionError:
    """Return the error for limits the first of which is not before the second, in seconds."""
    limits = Text(Argument("t_start"), ", ", Argument("t_stop"))
    return MockSessionError(limits, "the first before the second", f"{start:g} and {stop:g} s", remedy)


def region_colours(regions: list[str]) -> dict[str, str]:
    """Return a colour for each region, in the order in which they come."""
    known = list(dict.fromkeys(regions))
    return dict(zip(known, distinct_colours(len(known)), strict=True))


def shade_pauses(ax: Axes, reader: MockSessionRawIO, t_start: float, t_stop: float) -> dict[str, dict[str, Any]]:
    """Shade the movie's pauses between two times; return what the key says of them."""
    pauses = events_of(reader, "movie_pauses")
    look: dict[str, Any] = {"facecolor": PAUSE, "alpha": 0.35}
    # The edge lets a short one be seen in a long session.
    edge: dict[str, Any] = {"edgecolor": PAUSE, "linewidth": 0.8, "zorder": 0}
    inside = np.flatnonzero((pauses.times_s <= t_stop) & (pauses.times_s + pauses.durations_s >= t_start))
    for k in inside:
        low, high = pauses.times_s[k], pauses.times_s[k] + pauses.durations_s[k]
        ax.axvspan(max(low, t_start), min(high, t_stop), **look, **edge)
    times = f", {inside.size} times" if inside.size > 1 else ""
    return {f"movie paused{times}": look} if inside.size else {}


def shade_gaps(
    ax: Axes, spans: Sequence[tuple[float, float]], window: tuple[float, float] = (-math.inf, math.inf)
) -> dict[str, dict[str, Any]]:
    """Hatch what of a window lies between stretches of time; return what the key says of it."""
    look: dict[str, Any] = {"facecolor": "none", "edgecolor": GAP, "hatch": "////"}
    gaps = [(max(one[1], window[0]), min(other[0], window[1])) for one, other in pairwise(spans)]
    inside = [(low, high) for low, high in gaps if low < high]
    for low, high in inside:
        ax.axvspan(low, high, **look, linewidth=0, zorder=0)
    return {"no samples": look} if inside else {}
