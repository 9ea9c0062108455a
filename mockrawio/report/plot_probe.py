"""Where the contacts are: each in its place, as large as it is, coloured by its shank."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..ground.extras import by_extra
from ..ground.shown import letters
from ..rasters.figure import distinct_colours
from ..rawio.reader import MockSessionRawIO
from ..session.probe import ContactMap
from .drawing import GAP, finish, new_axes, say
from .probe_view import ProbeView, contacts_view, probe_view

with by_extra("figures", "plot"):
    from matplotlib.axes import Axes
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Circle, Patch, Polygon, Rectangle

_MOST_NAMED = 12  # shanks that have room for their names
_LEAST, _DOT = 2.0, 4.0  # points that a contact has at least, and where it is not to scale


def plot_probe(reader: MockSessionRawIO, stream_index: int | None = None, ax: Axes | None = None) -> Axes:
    """Draw where the contacts of a stream are, as large as they are and coloured by shank, on the probes' outlines.

    Parameters
    ----------
    reader : MockSessionRawIO
    stream_index : int, optional
        None: the first stream of ``raw_data``, else the first one.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Of contacts in space, the two axes along which they reach furthest.

    Raises
    ------
    MockSessionError
        If there is no such stream.
    """
    view = probe_view(reader, stream_index)
    if view is None:
        words = "nothing says where the channels are" if len(reader.header["signal_streams"]) else "no signals"
        return say(new_axes(ax), f"{words} in this session", "contacts")
    return draw_view(view, ax)


def plot_contacts(contacts: ContactMap, name: str, ax: Axes | None = None) -> Axes:
    """Draw contacts as :func:`plot_probe` does, which need no session.

    Parameters
    ----------
    contacts : ContactMap
        Those of ``probe_of()``, or of ``reader.stream(i).probe()``.
    name : str
        What the title calls them.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.
    """
    return draw_view(contacts_view(contacts, name), ax)


def draw_view(view: ProbeView, ax: Axes | None, colour: str | None = None) -> Axes:
    """Draw contacts on the axes, coloured by shank, or all alike."""
    axes = new_axes(ax, 4.8, 6.4)
    for outline in view.contacts.contours:
        axes.add_patch(Polygon(outline[:, list(view.axes)], facecolor="#F0F0F0", edgecolor=GAP, zorder=0))
    colours = distinct_colours(int(view.contacts.shanks.max()) + 1)
    for shank in range(len(colours)):
        _draw_shank(axes, view, shank, colour or colours[shank])
    _limit(axes, view)
    axes.set(xlabel=view.labels[0], ylabel=view.labels[1])
    return finish(axes, letters(view.title))


def _draw_shank(axes: Axes, view: ProbeView, shank: int, colour: str) -> None:
    rows = np.flatnonzero(view.contacts.shanks == shank)
    points = view.points[rows]
    if view.to_scale:
        patches = PatchCollection(list(_patches(view, rows.tolist())), facecolor=colour, linewidth=0, zorder=2)
        axes.add_collection(patches)
    size = _LEAST if view.to_scale else _DOT
    axes.plot(*points.T, "o", color=colour, markersize=size, markeredgewidth=0, zorder=2, label=f"shank {shank}")
    if 0 < view.contacts.shanks.max() < _MOST_NAMED:
        name = letters(view.contacts.shank_ids[rows[0]] or view.contacts.probes[rows[0]])
        place = (points[:, 0].mean(), points[:, 1].max())
        how: dict[str, Any] = {"ha": "center", "fontsize": "small", "color": colour, "annotation_clip": False}
        axes.annotate(name, place, (0, 8), textcoords="offset points", **how)


def _patches(view: ProbeView, rows: list[int]) -> Iterator[Patch]:
    for row in rows:
        (x, y), (width, height) = view.points[row], view.contacts.sizes[row]
        if view.contacts.shapes[row] == "circle":
            yield Circle((x, y), width / 2)
        else:
            yield Rectangle((x - width / 2, y - height / 2), width, height)


def _limit(axes: Axes, view: ProbeView) -> None:
    """Show the contacts with some room around them; outlines may reach far beyond."""
    low, high = view.points.min(axis=0), view.points.max(axis=0)
    room = np.maximum(0.1 * (high - low), 2 * view.contacts.sizes.max())
    if view.to_scale:
        axes.set_aspect("equal")
    axes.set(xlim=(low[0] - room[0], high[0] + room[0]), ylim=(low[1] - room[1], high[1] + room[1]))
