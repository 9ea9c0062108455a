"""What the units do: rasters by region, waveforms, intervals, and rates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ground.extras import by_extra
from ..ground.shown import letters
from ..rasters.figure import figure_of, ink, plot_raster
from ..rasters.raster import Raster
from ..rawio.reader import MockSessionRawIO
from .choosing import unit_indexes
from .drawing import (
    CELL_TITLE,
    NO_UNITS,
    QUIET,
    cells,
    finish,
    new_axes,
    not_before,
    region_colours,
    say,
    shade_gaps,
    shade_pauses,
)
from .envelopes import sampled
from .spiking import FiringRate, RegionTrains, firing_rates, isi, listened, segments, spike_trains
from .waveform_stats import WaveformStats, waveform_stats
from .words import in_words, of_all

with by_extra("figures", "plot"):
    from matplotlib.axes import Axes
    from matplotlib.ticker import MaxNLocator

_NAME_POINTS = 9.0  # that a bar must be wide for its unit's name to stand below it
_FEWEST_BARS = 6  # for which there is room: a few are not as wide as the axes
_MULTI = 0.45  # how opaque multi-units are


def plot_spikes(
    reader: MockSessionRawIO,
    ax: Axes | None = None,
    *,
    t_start: float | None = None,
    t_stop: float | None = None,
    units: Sequence[int | str] | None = None,
    max_spikes: int = 20_000,
) -> Axes:
    """Draw the spikes of all units by region, and the pauses of the movie.

    Parameters
    ----------
    reader : MockSessionRawIO
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.
    t_start, t_stop : float, optional
        Limits in seconds; None: where samples and spikes begin, and end.
    units : sequence of int or str, optional
        Which, by index or id. None: all.
    max_spikes : int
        About how many spikes are drawn at most; the title says what was left out.

    Raises
    ------
    MockSessionError
        If `t_start` is not before `t_stop`, or a unit unknown.
    """
    axes = new_axes(ax)
    start = listened(reader, 0)[0] if t_start is None else t_start
    stop = listened(reader, segments(reader)[-1])[1] if t_stop is None else t_stop
    regions = spike_trains(reader, start, stop, units=units)
    if not regions:
        return say(axes, NO_UNITS, "spikes")
    if start > stop or (start == stop and not (t_start is None and t_stop is None)):
        raise not_before(start, stop, "Swap them.")
    raster = _as_raster(regions, start, stop)
    colours = region_colours([_called(part.region) for part in regions])
    plot_raster(raster, axes, offset_s=start, max_spikes=max_spikes, colours=colours)
    key = {**shade_pauses(axes, reader, start, stop), **shade_gaps(axes, _sampled(reader), (start, stop))}
    return finish(axes, f"spikes by region: {axes.get_title(loc='left')}", key)


def _sampled(reader: MockSessionRawIO) -> list[tuple[float, float]]:
    """Return when there are samples of any stream, segment by segment."""
    streams = range(len(reader.header["signal_streams"]))
    spans = []
    for segment in segments(reader) if streams else ():
        starts, stops = zip(*(sampled(reader, stream, segment) for stream in streams), strict=True)
        spans.append((min(starts), max(stops)))
    return spans


def _as_raster(regions: list[RegionTrains], start: float, stop: float) -> Raster:
    """Return spikes as a raster from `start` on; its groups are the regions."""
    trains = [train for part in regions for train in part.times_s]
    edges = np.cumsum([0, *(len(part.units) for part in regions)]).tolist()
    groups = {_called(part.region): range(*edges[k : k + 2]) for k, part in enumerate(regions)}
    ids = np.repeat(np.arange(len(trains), dtype=np.uint64), [len(train) for train in trains])
    times = np.maximum(np.concatenate(trains) - start, 0.0)
    return Raster(times * 1000, ids, (stop - start) * 1000, groups)


def _called(region: str) -> str:
    return region or "no region"


def plot_waveforms(
    reader: MockSessionRawIO,
    ax: Axes | None = None,
    *,
    units: Sequence[int | str] | None = None,
    max_units: int = 24,
    max_spikes: int = 2000,
    seed: int = 0,
) -> Axes:
    """Draw each unit's waveforms: some single ones, their mean, and one SD around it.

    Parameters
    ----------
    reader : MockSessionRawIO
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.
    units : sequence of int or str, optional
        Which, by index or id. None: the `max_units` that have the most spikes.
    max_units : int
    max_spikes, seed : int
        As for :func:`~mockrawio.report.measures.waveform_stats`.

    Returns
    -------
    matplotlib.axes.Axes
        Those that were divided; each unit has one of its ``child_axes``, all with the same limits.

    Raises
    ------
    MockSessionError
        If a unit is unknown.
    """
    axes = new_axes(ax, 9.0, 6.4)
    rates = firing_rates(reader)
    if not rates:
        return say(axes, NO_UNITS, "waveforms")
    chosen = unit_indexes(reader, units, max_units)
    stats = [waveform_stats(reader, index, max_spikes=max_spikes, seed=seed) for index in chosen]
    if not any(one.n for one in stats):
        return say(axes, "no waveforms in this session", "waveforms")
    colours = region_colours([rate.region for rate in rates])
    made = cells(axes, len(chosen), ("ms", "µV"))
    for cell, index, one in zip(made, chosen, stats, strict=True):
        _draw_waveforms(cell, one, colours[rates[index].region])
        cell.set_title(f"{rates[index].unit}\nn = {rates[index].count:,}", **CELL_TITLE)
    _share_limits(made, stats)
    return finish(axes, f"waveforms, mean ± SD: {of_all(len(chosen), len(rates), 'unit')}")


def _draw_waveforms(cell: Axes, stats: WaveformStats, colour: str) -> None:
    if not stats.n:
        return
    low, high = stats.mean - stats.sd, stats.mean + stats.sd
    cell.plot(stats.time_ms, stats.traces.T, color="#CCCCCC", linewidth=0.3, alpha=0.6, rasterized=True)
    cell.fill_between(stats.time_ms, low, high, color=colour, alpha=0.35, linewidth=0, zorder=2.5)
    cell.plot(stats.time_ms, stats.mean, color=colour, linewidth=1.4, label="mean", zorder=3)


def _share_limits(made: list[Axes], stats: list[WaveformStats]) -> None:
    """Give all cells the same limits: those of the means and three SDs around them."""
    low = min(float((one.mean - 3 * one.sd).min()) for one in stats if one.n)
    high = max(float((one.mean + 3 * one.sd).max()) for one in stats if one.n)
    pad = 0.05 * (high - low) or 1.0
    times = [time for one in stats if one.n for time in (one.time_ms[0], one.time_ms[-1])]
    for cell in made:
        cell.set(xlim=(min(times), max(times) or 1.0), ylim=(low - pad, high + pad))


def plot_isi(
    reader: MockSessionRawIO,
    ax: Axes | None = None,
    *,
    units: Sequence[int | str] | None = None,
    max_units: int = 12,
    max_ms: float = 100.0,
    bins: int = 50,
    refractory_ms: float = 2.0,
) -> Axes:
    """Draw how long the intervals between each unit's spikes are.

    Parameters
    ----------
    reader : MockSessionRawIO
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.
    units : sequence of int or str, optional
        Which, by index or id. None: the `max_units` that have the most spikes.
    max_units : int
    max_ms, bins, refractory_ms
        As for :func:`~mockrawio.report.measures.isi`.

    Returns
    -------
    matplotlib.axes.Axes
        Those that were divided; each unit has one of its ``child_axes``.

    Raises
    ------
    MockSessionError
        If a unit is unknown.
    """
    axes = new_axes(ax, 9.0, 6.4)
    rates = firing_rates(reader)
    if not rates:
        return say(axes, NO_UNITS, "intervals between spikes")
    chosen = unit_indexes(reader, units, max_units)
    colours = region_colours([rate.region for rate in rates])
    made = cells(axes, len(chosen), ("ms", "count"), gap=0.28)
    for cell, index in zip(made, chosen, strict=True):
        gaps = isi(reader, index, bins=bins, max_ms=max_ms, refractory_ms=refractory_ms)
        cell.stairs(gaps.counts, gaps.edges, fill=True, color=colours[rates[index].region], linewidth=0)
        cell.axvline(refractory_ms, color=QUIET, linewidth=0.8, linestyle=":")
        cell.set(xlim=(0, max_ms), ylim=(0, max(1.0, 1.05 * float(gaps.counts.max()))))
        cell.tick_params(labelleft=True)
        cell.yaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]))
        short = f"{gaps.violations:.2%} < {refractory_ms:g} ms" if gaps.n else "no intervals"
        cell.set_title(f"{rates[index].unit}\n{short}", **CELL_TITLE)
    return finish(axes, f"intervals between spikes: {of_all(len(chosen), len(rates), 'unit')}")


def plot_rates(reader: MockSessionRawIO, ax: Axes | None = None, *, units: Sequence[int | str] | None = None) -> Axes:
    """Draw the firing rate of every unit, multi-units paler than single ones.

    Parameters
    ----------
    reader : MockSessionRawIO
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.
    units : sequence of int or str, optional
        Which, by index or id. None: all.

    Returns
    -------
    matplotlib.axes.Axes
        A bar for each unit, by region.

    Raises
    ------
    MockSessionError
        If a unit is unknown.
    """
    axes = new_axes(ax)
    rates = firing_rates(reader)
    if not rates:
        return say(axes, NO_UNITS, "firing rates")
    colours = region_colours([rate.region for rate in rates])
    rates = [rates[k] for k in unit_indexes(reader, units)]
    order = sorted(rates, key=lambda rate: list(colours).index(rate.region))
    places = np.arange(len(order))
    bars = axes.bar(places, [np.nan_to_num(rate.rate_hz) for rate in order], 0.85)
    for bar, rate in zip(bars, order, strict=True):
        bar.set(color=colours[rate.region], alpha=_MULTI if rate.unit_type == "MU" else 1.0)
    _name_bars(axes, order)
    axes.set(ylabel="spikes/s", xlim=(-0.6, max(len(order), _FEWEST_BARS) - 0.4))
    axes.set_ylim(bottom=0)
    types = {rate.unit_type for rate in order}
    looks = {"single unit": ("SU", 1.0), "multi-unit": ("MU", _MULTI)}
    key = {name: {"facecolor": ink(), "alpha": how} for name, (kind, how) in looks.items() if kind in types}
    return finish(axes, f"firing rates over {in_words(order[0].duration_s)}", key)


def _name_bars(axes: Axes, order: list[FiringRate]) -> None:
    """Name the bars, or where they are too many the regions."""
    points = 72 * axes.get_position().width * figure_of(axes).get_size_inches()[0] / max(len(order), _FEWEST_BARS)
    if points >= _NAME_POINTS:
        names = [letters(f"{rate.region} {rate.unit}".strip()) for rate in order]
        axes.set_xticks(range(len(order)), names, rotation=90, fontsize="x-small")
        return
    members: dict[str, list[int]] = {}
    for k, rate in enumerate(order):
        members.setdefault(_called(rate.region), []).append(k)
    middles = [float(np.mean(places)) for places in members.values()]
    axes.set_xticks(middles, list(map(letters, members)), rotation=60, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", length=0, labelsize="small")
