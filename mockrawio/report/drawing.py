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
from ..rasters.figure import COLOURS, figure_of
from ..rawio.reader import MockSessionRawIO
from .event_timing import events_of

with by_extra("figures", "plot"):
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

_CELL_TITLE = 0.36  # inches
EVENT, SKIP, PAUSE, GAP, QUIET = COLOURS[1], COLOURS[1], "#999999", "#CCCCCC", "#666666"


def new_figure(width: float = 9.0, height: float = 4.8) -> Figure:
    """Return a figure of a size in inches, tied to no window and no global state."""
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
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
        place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.1, "borderpad": 0.2}
        ax.legend(handles=handles, ncols=len(handles), frameon=False, fontsize="small", handlelength=1.2, **place)
    ax.set_title(title, loc="left", fontsize="medium", pad=20 if handles else 6)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def cells(ax: Axes, n: int, labels: tuple[str, str], gap: float = 0.14) -> list[Axes]:
    """Return `n` small axes within one, row by row, with room for a title above each of them.

    The label of x stands below the first cell of the last row, that of y beside the first cell; `gap` is the
    share of the width that is left free between cells.
    """
    ax.set_axis_off()
    place, (width, height) = ax.get_position(), figure_of(ax).get_size_inches()
    wide = place.width * width / max(0.1, place.height * height)
    columns = min(n, max(1, round(math.sqrt(n * wide / 1.3))))
    rows = math.ceil(n / columns)
    title = min(0.3, _CELL_TITLE * rows / max(0.1, place.height * height))
    made = []
    for k in range(n):
        row, column = divmod(k, columns)
        bounds = (column + gap / 2) / columns, 1 - (row + 0.96) / rows, (1 - gap) / columns, (0.94 - title) / rows
        cell = ax.inset_axes(bounds)
        cell.locator_params(nbins=4)
        cell.tick_params(labelsize="x-small", labelleft=column == 0, labelbottom=k + columns >= n)
        cell.spines[["top", "right"]].set_visible(False)
        made.append(cell)
    made[(rows - 1) * columns].set_xlabel(labels[0], fontsize="x-small")
    made[0].set_ylabel(labels[1], fontsize="x-small")
    return made


def not_before(start: float, stop: float, remedy: str) -> MockSessionError:
    """Return the error for limits the first of which is not before the second, in seconds."""
    limits = Text(Argument("t_start"), ", ", Argument("t_stop"))
    return MockSessionError(limits, "the first before the second", f"{start:g} and {stop:g} s", remedy)


def region_colours(regions: list[str]) -> dict[str, str]:
    """Return a colour for each region, in the order in which they come."""
    return {region: COLOURS[k % len(COLOURS)] for k, region in enumerate(dict.fromkeys(regions))}


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


def shade_gaps(ax: Axes, spans: Sequence[tuple[float, float]]) -> dict[str, dict[str, Any]]:
    """Hatch what lies between stretches of time; return what the key says of it."""
    look: dict[str, Any] = {"facecolor": "none", "edgecolor": GAP, "hatch": "////"}
    for one, other in pairwise(spans):
        ax.axvspan(one[1], other[0], **look, linewidth=0, zorder=0)
    return {"no samples": look} if len(spans) > 1 else {}
