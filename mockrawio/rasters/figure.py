"""The functional group raster figure: spikes coloured by group, and each group's rate below them.

Groups are bands of the figure, one above the other, with heights by their number of units, but none
too low to be seen. If there are too many spikes they are thinned, and the figure says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from colorsys import hls_to_rgb
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..ground.arrays import Bools, Floats, Ints
from ..ground.checks import require
from ..ground.durable import naming, whole_file
from ..ground.errors import MockSessionError
from ..ground.extras import by_extra
from ..ground.shown import letters
from .raster import Raster

with by_extra("figures", "plot"):
    from matplotlib import rcParams
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import to_hex
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which can be told apart with any colour vision, without their yellow,
# which a white page swallows.
BLACK = "#000000"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", BLACK, "#E69F00", "#56B4E9")
_GOLDEN, _LIGHTNESS = 0.618034, (0.32, 0.5, 0.62)  # of the colours after these
MAX_SPIKES = 20_000

_SIZE, _DPI = (9.0, 6.4), 150  # inches
_LOWEST_BAND, _GAP = 0.06, 0.02  # of the height of all bands
_FEWEST_UNITS = 20  # that a group must keep for units to be left out
_MOST_BINS, _SPIKES_A_BIN = 400, 6  # at most; on average at least
_MOST_GROUPS, _MOST_LABELS = 12, 28  # whose rates can be told apart; which have room for a label
_MOST_BANDS = 200
_LONE = "#777777"
_TWO_LINES = 27.0  # points that two lines of a label need

Colours = Sequence[str] | Mapping[str, str]


@dataclass(frozen=True)
class _Band:
    """A group's spikes, and where they are drawn: unit k of n at ``low + (k + 0.5) / n * height``."""

    name: str
    n_units: int
    times_s: Floats
    units: Ints
    colour: str
    low: float = 0.0
    height: float = 1.0


@dataclass(frozen=True)
class _Thinning:
    """What is drawn: in each band the spikes of every n-th unit, or a random share of all spikes."""

    steps: tuple[int, ...]
    share: float = 1.0

    def of(self, bands: list[_Band], seed: int) -> Iterator[Bools]:
        """Yield which spikes of each band are drawn."""
        rng = np.random.default_rng(seed)
        for band, step in zip(bands, self.steps, strict=True):
            drawn = rng.random(len(band.units)) < self.share if self.share < 1 else band.units % step == 0
            yield np.asarray(drawn)

    def words(self, n_units: int, n_drawn: int, n_spikes: int) -> str:
        """Return what the figure says of it."""
        units = f"{n_units:,} unit{'s' if n_units > 1 else ''}"
        of_all = f"{_short(n_drawn)} of {_short(n_spikes)} spikes"
        if n_spikes < 2:
            return "1 spike" if n_spikes else "no spikes"
        if self.share < 1:
            return f"{units}; {of_all} drawn, chosen at random"
        if max(self.steps) == 1:
            return f"{units}, all {n_spikes:,} spikes drawn"
        more = ", more of small groups" if self.differ else ""
        return f"{units}, every {_nth(max(self.steps))} drawn{more}: {of_all}"

    @property
    def differ(self) -> bool:
        """Whether it is not the same for all bands."""
        return len(set(self.steps)) > 1


def plot_raster(
    raster: Raster,
    ax: Axes | Sequence[Axes] | None = None,
    *,
    max_spikes: int = MAX_SPIKES,
    bin_ms: float | None = None,
    colours: Colours | None = None,
    seed: int = 0,
    offset_s: float = 0.0,
) -> Figure:
    """Draw a raster by functional group, and below it the mean rate of each group's units.

    Parameters
    ----------
    raster : Raster
    ax : matplotlib.axes.Axes, or two of them, optional
        Where to draw: one for the spikes alone, two for spikes and rates. None: a new figure
        with both.
    max_spikes : int
        About how many spikes are drawn at most. If there are more, every k-th unit is drawn, and
        of small groups at least 20 units; where that is still too much, a random part of all
        spikes. The title says so. The rates are always those of all spikes.
    bin_ms : float, optional
        Width of the bins of the rates. None: chosen, and written at the axis.
    colours : sequence of str, or dict of group name to str, optional
        Any of matplotlib's colours, in the order of the groups, and from the first one again if
        there are more groups. None: a palette of which no colour comes twice, and the first seven can be told apart
        with any colour vision.
    seed : int
        Decides which spikes a random part consists of.
    offset_s : float
        What is added to the times that are shown: where on another clock the raster's 0 is.

    Returns
    -------
    matplotlib.figure.Figure
        That of `ax`, or a new one that is tied to no window and no global state.

    Raises
    ------
    MockSessionError
        If `max_spikes` or `bin_ms` is not above 0, `ax` is more than two axes, or `colours` has
        none for a group.
    """
    for name, value in (("max_spikes", max_spikes), ("bin_ms", 1.0 if bin_ms is None else bin_ms)):
        require(value > 0, name, "a number above 0", value, "Give one, or leave it out.")
    axes = _axes(ax)
    duration_ms = raster.duration_ms or 1.0  # an axis has some length
    bands = _stacked(list(_bands(raster, colours, offset_s)))
    start_ms = raster.start_ms + offset_s * 1000
    _draw_spikes(axes[0], bands, max_spikes, seed)
    if len(axes) == 2:
        _draw_rates(axes[1], bands, (start_ms, start_ms + duration_ms), bin_ms)
        axes[0].tick_params(labelbottom=False)
    for part in axes:
        part.set_xlim(start_ms / 1000, (start_ms + duration_ms) / 1000)
        part.spines[["top", "right"]].set_visible(False)
    axes[-1].set_xlabel("time (s)")
    return figure_of(axes[0])


def save_raster_figure(raster: Raster, path: str | PathLike[str], **options: Any) -> Path:
    """Draw a raster into a file.

    Parameters
    ----------
    raster : Raster
    path : str or PathLike
        The extension determines the format: ``.png``, ``.pdf``, ``.svg`` or any other that matplotlib writes. An
        existing file is replaced; its folder is created if necessary.
    **options
        Those of :func:`plot_raster`.

    Returns
    -------
    Path
        The file, absolute.

    Raises
    ------
    MockSessionError
        If there is no such kind of file.
    """
    target = figure_target(path)  # before the work
    return save_figure(plot_raster(raster, **options), target)


def save_figure(figure: Figure, path: str | PathLike[str], dpi: float = _DPI, *, overwrite: bool = True) -> Path:
    """Write a figure, completely or not at all.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : str or PathLike
        The extension determines the format: ``.png``, ``.pdf``, ``.svg`` or any other that matplotlib writes. Its
        folder is created if necessary.
    dpi : float
        Dots per inch, of the figure or of what is rastered in it.
    overwrite : bool
        Whether to replace an existing file.

    Returns
    -------
    Path
        The file, absolute.

    Raises
    ------
    MockSessionError
        If there is no such kind of file, or the file is there and must not be replaced.
    """
    target = figure_target(path)
    with whole_file(target, overwrite=overwrite) as staging, naming(target):
        figure.savefig(staging, dpi=dpi, format=target.suffix[1:].lower())
    return target


def figure_target(path: str | PathLike[str]) -> Path:
    """Return the absolute path of a figure; MockSessionError if matplotlib writes no files of that ending."""
    target = Path(path).absolute()
    kinds = sorted(FigureCanvasAgg.get_supported_filetypes())
    if target.suffix[1:].lower() not in kinds:
        raise MockSessionError(target, f"an ending of {', '.join(kinds)}", f"{target.suffix!r}", "Give one.")
    return target


def _axes(ax: Axes | Sequence[Axes] | None) -> list[Axes]:
    if ax is not None:
        axes = [ax] if isinstance(ax, Axes) else list(ax)
        if 1 <= len(axes) <= 2:
            return axes
        raise MockSessionError("ax", "one or two axes", len(axes), "Give those of spikes and of rates.")
    figure = Figure(figsize=_SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    return list(figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": (3, 1)}))


def figure_of(axes: Axes) -> Figure:
    """Return the figure that axes lie in, at whatever depth."""
    figure: Any = axes.figure
    while not isinstance(figure, Figure):
        figure = figure.figure
    return figure


def _bands(raster: Raster, colours: Colours | None, offset_s: float) -> Iterator[_Band]:
    """Yield the groups with their spikes, not yet placed; units of no group come last."""
    groups, n_groups = raster.groups, len(raster.groups)
    if n_groups > _MOST_BANDS:
        groups = {}
    order = np.argsort(raster.node_ids, kind="stable")
    nodes, times = raster.node_ids[order], raster.times_ms[order] / 1000 + offset_s
    chosen = _colours(list(groups), colours)
    lone = np.ones(len(nodes), np.bool_)
    for (name, ids), colour in zip(groups.items(), chosen, strict=True):
        low, high = np.searchsorted(nodes, np.array([ids.start, ids.stop], np.uint64)).tolist()
        lone[low:high] = False
        units = (nodes[low:high] - np.uint64(ids.start)).astype(np.int64)
        if len(ids):
            yield _Band(name, len(ids), times[low:high], units, colour)
    if lone.any() or not any(groups.values()):
        known, units = np.unique(nodes[lone], return_inverse=True)
        name = "in no group" if groups else f"{n_groups} groups" if n_groups else "all"
        colour = _LONE if groups else COLOURS[0]
        yield _Band(name, max(1, len(known)), times[lone], units.astype(np.int64), colour)


def distinct_colours(n: int) -> list[str]:
    """Return so many colours, no two the same: :data:`COLOURS`, then hues that are far from the ones before.

    Black is what texts have, which is light where matplotlib's style is dark.
    """
    more = range(max(0, n - len(COLOURS)))
    hues = [hls_to_rgb((0.12 + k * _GOLDEN) % 1, _LIGHTNESS[k % len(_LIGHTNESS)], 0.6) for k in more]
    return [ink() if colour == BLACK else colour for colour in [*COLOURS[:n], *map(to_hex, hues)]]


def ink() -> str:
    """Return the colour that matplotlib's style has for texts: what is drawn in black otherwise."""
    return str(to_hex(rcParams["text.color"]))


def _colours(names: Sequence[str], colours: Colours | None) -> list[str]:
    """Return a colour for each group."""
    if isinstance(colours, Mapping):
        missing = [name for name in names if name not in colours]
        if missing:
            raise MockSessionError("colours", "one for every group", f"none for {missing[0]!r}", "Add it.")
        return [colours[name] for name in names]
    palette = distinct_colours(len(names)) or COLOURS if colours is None else tuple(colours)
    if not palette:
        raise MockSessionError("colours", "at least one", "none", "Omit it for the default ones.")
    return [palette[k % len(palette)] for k in range(len(names))]


def _stacked(bands: list[_Band]) -> list[_Band]:
    """Return the bands one above the other, the first one at the bottom."""
    total = sum(band.n_units for band in bands)
    heights = [max(_LOWEST_BAND, band.n_units / max(1, total)) for band in bands]
    lows = np.cumsum([0.0, *(height + _GAP for height in heights)])
    places = zip(bands, lows, heights, strict=False)
    return [replace(band, low=float(low), height=height) for band, low, height in places]


def _thinning(bands: list[_Band], max_spikes: int) -> _Thinning:
    """Decide what to draw: a group keeps 20 units, if it has them."""
    n_spikes = sum(len(band.units) for band in bands)
    step = math.ceil(n_spikes / max_spikes)
    steps = tuple(max(1, min(step, band.n_units // _FEWEST_UNITS)) for band in bands)
    about = sum(len(band.units) / own for band, own in zip(bands, steps, strict=True))
    if about <= 1.5 * max_spikes:
        return _Thinning(steps)
    return _Thinning((1,) * len(bands), max_spikes / n_spikes)


def _draw_spikes(axes: Axes, bands: list[_Band], max_spikes: int, seed: int) -> None:
    thinning = _thinning(bands, max_spikes)
    total = bands[-1].low + bands[-1].height
    points = 72 * axes.get_position().height * figure_of(axes).get_size_inches()[1] / total
    n_drawn = 0
    for band, step, drawn in zip(bands, thinning.steps, thinning.of(bands, seed), strict=True):
        n_drawn += int(np.count_nonzero(drawn))
        places = band.low + (band.units[drawn] + 0.5) / band.n_units * band.height
        style = _marker(points * band.height / band.n_units * step)
        axes.plot(band.times_s[drawn], places, linestyle="none", color=band.colour, rasterized=True, **style)
        axes.axhspan(band.low, band.low + band.height, -0.012, -0.004, color=band.colour, linewidth=0, clip_on=False)
    axes.set_ylim(-_GAP, total + _GAP)
    _label(axes, bands, thinning, points)
    units, spikes = sum(band.n_units for band in bands), sum(len(band.units) for band in bands)
    axes.set_title(thinning.words(units, n_drawn, spikes), loc="left", fontsize="medium")


def _label(axes: Axes, bands: list[_Band], thinning: _Thinning, points: float) -> None:
    """Name the bands, or some of them where they are too many; in one line where they are low."""
    every = math.ceil(len(bands) / _MOST_LABELS)
    labels = []
    for band, step in zip(bands[::every], thinning.steps[::every], strict=True):
        units = f"{band.n_units:,} unit{'s' if band.n_units > 1 else ''}"
        drawn = "" if not thinning.differ else ", all" if step == 1 else f", every {_nth(step)}"
        labels.append(f"{letters(band.name)}{chr(10) if points * band.height > _TWO_LINES else ', '}{units}{drawn}")
    axes.set_yticks([band.low + band.height / 2 for band in bands[::every]], labels)
    axes.tick_params(axis="y", length=0, pad=12)
    axes.spines["left"].set_visible(False)


def _marker(row: float) -> dict[str, Any]:
    """Return how to mark spikes on rows of a given distance, in points."""
    if row >= 2.5:
        return {"marker": "|", "markersize": min(14.0, 0.8 * row), "markeredgewidth": min(1.4, 0.5 + row / 20)}
    return {"marker": "o", "markersize": max(1.0, 0.8 * row), "markeredgewidth": 0}


def _draw_rates(axes: Axes, bands: list[_Band], span_ms: tuple[float, float], bin_ms: float | None) -> None:
    """Draw the rate of each group; that of all units where groups are too many."""
    if len(bands) > _MOST_GROUPS:
        n_units, times = sum(band.n_units for band in bands), np.concatenate([band.times_s for band in bands])
        bands = [_Band("all", n_units, times, np.zeros(len(times), np.int64), ink())]
    widths = [_bin_width(len(band.units), span_ms[1] - span_ms[0]) if bin_ms is None else bin_ms for band in bands]
    for band, width in zip(bands, widths, strict=True):
        edges = np.append(np.arange(*span_ms, width), span_ms[1]) / 1000
        counts, _ = np.histogram(band.times_s, edges)
        axes.stairs(counts / np.diff(edges) / band.n_units, edges, color=band.colour, linewidth=1.1, baseline=None)
    axes.set_ylim(bottom=0)
    low, high = min(widths), max(widths)
    axes.set_ylabel(f"spikes/s per unit\n{'' if low == high else f'{low:g} to '}{high:g} ms bins")


def _bin_width(n_spikes: int, duration_ms: float) -> float:
    """Return a round width in ms: neither more bins than can be seen, nor too few spikes in one."""
    least = min(max(duration_ms / _MOST_BINS, _SPIKES_A_BIN * duration_ms / max(1, n_spikes)), duration_ms / 20)
    power = 10.0 ** math.floor(math.log10(least))
    return next(float(digit * power) for digit in (1, 2, 5, 10) if digit * power >= least * (1 - 1e-9))


def _nth(number: int) -> str:
    """Return 2nd, 3rd, 4th, ..."""
    teens = number % 100 in (11, 12, 13)
    return f"{number:,}" + ("th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th"))


def _short(number: int) -> str:
    """Return a count as it is, or in millions."""
    return f"{number / 1e6:.3g} M" if number >= 1_000_000 else f"{number:,}"
