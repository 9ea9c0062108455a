"""Over time: how large spikes are, and at which depth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ground.extras import by_extra
from ..ground.shown import letters
from ..rasters.figure import distinct_colours
from ..rawio.reader import MockSessionRawIO
from .choosing import unit_indexes
from .drawing import NO_UNITS, colour_bar, finish, new_axes, say, shade_gaps
from .snippets import spike_depths
from .spiking import listened, segments, unit_notes
from .waveform_stats import spike_amplitudes
from .words import counted, in_words, of_all

with by_extra("figures", "plot"):
    from matplotlib.axes import Axes

_FAINT, _BRIGHT = 5, 95  # percentiles of the amplitudes between which the colours of a drift map lie


def plot_amplitudes(
    reader: MockSessionRawIO,
    ax: Axes | None = None,
    *,
    units: Sequence[int | str] | None = None,
    max_units: int = 8,
    max_spikes: int = 2000,
    seed: int = 0,
) -> Axes:
    """Draw how large the spikes of units are over time.

    Parameters
    ----------
    reader : MockSessionRawIO
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.
    units : sequence of int or str, optional
        Which, by index or id. None: the `max_units` that have the most spikes.
    max_units : int
    max_spikes, seed : int
        As for :func:`~mockrawio.report.measures.spike_amplitudes`.

    Returns
    -------
    matplotlib.axes.Axes
        A dot for each spike, in µV.

    Raises
    ------
    MockSessionError
        If a unit is unknown.
    """
    axes, notes, title = new_axes(ax), unit_notes(reader), "amplitudes of spikes"
    if not notes:
        return say(axes, NO_UNITS, title)
    chosen = unit_indexes(reader, units, max_units)
    found = [spike_amplitudes(reader, index, max_spikes, seed) for index in chosen]
    if not any(len(one.times_s) for one in found):
        return say(axes, "no waveforms in this session", title)
    for index, one, colour in zip(chosen, found, distinct_colours(len(chosen)), strict=True):
        look: dict[str, Any] = {"color": colour, "markersize": 4, "alpha": 0.6, "markeredgewidth": 0}
        axes.plot(one.times_s, one.amplitudes_uV, ".", **look, rasterized=True, label=letters(notes[index].unit))
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize="x-small", markerscale=2)
    drawn, total = (sum(each) for each in zip(*_counts(reader, chosen, found), strict=True))
    key = _time(axes, reader, "amplitude (µV)")
    return finish(axes, f"{title}: {of_all(len(chosen), len(notes), 'unit')}, {of_all(drawn, total, 'spike')}", key)


def _counts(reader: MockSessionRawIO, chosen: list[int], found: list[Any]) -> list[tuple[int, int]]:
    """Return how many spikes of each unit are drawn, and how many it has."""
    counts = [sum(reader.spike_count(0, k, index) for k in segments(reader)) for index in chosen]
    return [(len(one.times_s), count) for one, count in zip(found, counts, strict=True)]


def _time(axes: Axes, reader: MockSessionRawIO, label: str) -> dict[str, dict[str, Any]]:
    """Have the whole session on the axis of time; return what the key says of its gaps."""
    spans = [listened(reader, k) for k in segments(reader)]
    axes.set(xlabel="time (s)", ylabel=label, xlim=(spans[0][0], spans[-1][1]))
    return shade_gaps(axes, spans)


def plot_drift_raster_map(
    reader: MockSessionRawIO,
    ax: Axes | None = None,
    *,
    units: Sequence[int | str] | None = None,
    stream_index: int | None = None,
    max_s: float = 60.0,
) -> Axes:
    """Draw at which depth spikes are over time, coloured by how large they are.

    Parameters
    ----------
    reader : MockSessionRawIO
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.
    units : sequence of int or str, optional
        Whose, by index or id. None: of all units.
    stream_index : int, optional
        None: the first stream of ``raw_data`` whose contacts are known.
    max_s : float
        As for :func:`~mockrawio.report.measures.spike_depths`.

    Returns
    -------
    matplotlib.axes.Axes
        A dot for each spike.

    Raises
    ------
    MockSessionError
        If a unit is unknown.
    """
    axes, title = new_axes(ax), "drift map"
    if not unit_notes(reader):
        return say(axes, NO_UNITS, title)
    found = spike_depths(reader, units, stream_index, max_s=max_s)
    if found is None:
        return say(axes, "no stream with places of its channels in this session", title)
    if not len(found.times_s):
        return say(axes, "no spikes in what was read", title)
    sizes = np.abs(found.amplitudes_uV)
    low, high = np.percentile(sizes, [_FAINT, _BRIGHT])
    order = np.argsort(sizes, kind="stable")  # the largest on top
    dots: dict[str, Any] = {"c": sizes[order], "vmin": low, "vmax": high, "cmap": "viridis_r", "linewidths": 0}
    drawn = axes.scatter(found.times_s[order], found.depths_um[order], s=5, **dots, rasterized=True)
    colour_bar(axes, drawn, "size (µV)")
    key = _time(axes, reader, f"{found.axis} (µm)")
    spikes = f"{counted(len(found.times_s), 'spike')} of {counted(len(set(found.units.tolist())), 'unit')}"
    read = f"{in_words(found.read_s)} of {in_words(found.of_s)}" if found.read_s < found.of_s else "all"
    return finish(axes, f"{title}: {spikes}, {read} read", key)
