"""Spikes around events: a raster of the trials, and their mean below it."""

from __future__ import annotations

from collections.abc import Sequence

from ..ground.extras import by_extra
from ..ground.shown import letters
from ..rawio.reader import MockSessionRawIO
from .choosing import unit_indexes
from .drawing import CELL_TITLE, EVENT, NO_UNITS, cells, finish, new_axes, region_colours, say, small_axes
from .peri_event import PeriEvent, chosen_event_channel, peri_event
from .spiking import unit_notes
from .words import counted, of_all

with by_extra("figures", "plot"):
    from matplotlib.axes import Axes

_MOST_DOTS = 3000  # of a raster; of more every k-th trial is drawn


def plot_psth(
    reader: MockSessionRawIO,
    ax: Axes | None = None,
    *,
    units: Sequence[int | str] | None = None,
    max_units: int = 6,
    event_channel: str | None = None,
    labels: Sequence[str | int] | None = None,
    t_before: float = 0.5,
    t_after: float = 1.0,
    bin_s: float = 0.025,
) -> Axes:
    """Draw when units fire around events: above a row for each event, below the mean rate.

    Parameters
    ----------
    reader : MockSessionRawIO
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.
    units : sequence of int or str, optional
        Which, by index or id. None: the `max_units` that have the most spikes.
    max_units : int
    event_channel, labels, t_before, t_after, bin_s
        As for :func:`~mockrawio.report.measures.peri_event`.

    Returns
    -------
    matplotlib.axes.Axes
        Those that were divided; each unit has one of its ``child_axes``, which has two of its own, raster and rate.

    Raises
    ------
    MockSessionError
        If a unit, the channel or a label is unknown.
    """
    axes, notes, title = new_axes(ax, 9.0, 6.4), unit_notes(reader), "spikes around events"
    if not notes:
        return say(axes, NO_UNITS, title)
    name = chosen_event_channel(reader, event_channel)
    if name is None:
        return say(axes, "no events in this session", title)
    chosen, colours = unit_indexes(reader, units, max_units), region_colours([note.region for note in notes])
    window = {"t_before": t_before, "t_after": t_after, "bin_s": bin_s}
    found = [peri_event(reader, index, name, labels, **window) for index in chosen]
    if not found[0].n_trials:
        return say(axes, f"no event has {t_before:g} s before and {t_after:g} s after it", title)
    made = cells(axes, len(chosen), ("time from the event (s)", "spikes/s"), gap=0.24)
    for k, (cell, index, one) in enumerate(zip(made, chosen, found, strict=True)):
        above, below = _halves(cell)
        draw_trials(above, one, colours[notes[index].region])
        below.stairs(one.rate_hz, one.edges_s, fill=True, color=colours[notes[index].region], linewidth=0)
        below.axvline(0, color=EVENT, linewidth=0.8)
        below.set(xlim=one.edges_s[[0, -1]], ylim=(0, 1.05 * float(one.rate_hz.max()) or 1.0))
        below.set(xlabel=cell.get_xlabel(), ylabel=cell.get_ylabel() if not k else "")
        cell.set(xlabel="", ylabel="")
        above.set_title(letters(notes[index].unit), **CELL_TITLE)
    which = letters(name) if labels is None else f"{letters(name)} {', '.join(letters(label) for label in labels)}"
    events = f"{counted(found[0].n_trials, 'event')} of {which}, {1000 * bin_s:g} ms bins"
    return finish(axes, f"{title}: {of_all(len(chosen), len(notes), 'unit')}, {events}")


def _halves(cell: Axes) -> tuple[Axes, Axes]:
    """Return axes for the trials, and for their mean."""
    cell.set_axis_off()
    above, below = small_axes(cell, (0, 0.5, 1, 0.5)), small_axes(cell, (0, 0, 1, 0.46))
    above.set_axis_off()
    below.tick_params(labelsize="x-small")
    for part in (above, below):
        for label in (part.xaxis.label, part.yaxis.label):
            label.set_fontsize("x-small")
    return above, below


def draw_trials(above: Axes, found: PeriEvent, colour: str) -> None:
    """Draw a row of marks for each event, the first one on top; of very many every k-th."""
    every = max(1, -(-len(found.times_s) // _MOST_DOTS))
    shown = found.trials % every == 0
    rows = found.trials[shown] // every
    above.plot(found.times_s[shown], rows, "|", color=colour, markersize=3, markeredgewidth=0.7, rasterized=True)
    above.axvline(0, color=EVENT, linewidth=0.8)
    above.set(xlim=found.edges_s[[0, -1]], ylim=(max(1, found.n_trials // every) - 0.5, -0.5))
    if every > 1:
        above.text(
            1, 1, f"1 in {every} events", transform=above.transAxes, ha="right", va="bottom", fontsize="xx-small"
        )
