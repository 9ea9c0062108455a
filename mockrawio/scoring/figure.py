"""A score as a figure: what became of each true unit's spikes, and how accuracy goes with the signal-to-noise ratio."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ground.arrays import Ints
from ..ground.extras import by_extra
from ..ground.shown import letters
from .causes import cause_names
from .score import Score

with by_extra("figures", "plot"):
    from matplotlib import colormaps
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

_FOUND = "#4c72b0"


def plot_score(score: Score) -> Figure:
    """Draw a score.

    Parameters
    ----------
    score : Score

    Returns
    -------
    matplotlib.figure.Figure
        Tied to no window. On the left a bar a unit, the best found on top: found, and missed by cause, as shares of its
        spikes. On the right accuracy against the signal-to-noise ratio, where that is known.
    """
    figure = Figure(figsize=(10, min(max(2.5 + 0.22 * len(score.units), 4), 30)), layout="constrained")
    FigureCanvasAgg(figure)
    bars, points = figure.subplots(1, 2, width_ratios=(3, 2))
    _draw_bars(bars, score)
    _draw_points(points, score)
    return figure


def _draw_bars(axes: Axes, score: Score) -> None:
    units = sorted(score.units, key=lambda unit: unit.accuracy)
    n_true = np.array([max(unit.n_true, 1) for unit in units])
    parts: dict[str, tuple[Ints, Any]] = {"found": (np.array([unit.n_matched for unit in units]), _FOUND)}
    for k, name in enumerate(cause_names()):
        parts[name] = np.array([unit.causes.get(name, 0) for unit in units]), colormaps["Set2"](k)
    left = np.zeros(len(units))
    for name, (counts, colour) in parts.items():
        if counts.any():
            axes.barh(np.arange(len(units)), counts / n_true, left=left, color=colour, label=name)
            left += counts / n_true
    axes.set_yticks(range(len(units)), [letters(unit.id) for unit in units], fontsize=7)
    axes.set(xlim=(0, 1), xlabel="share of the unit's spikes", ylabel="true unit")
    axes.set_title(f"within ±{score.window_ms:g} ms", fontsize=9)
    if left.any():
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=3, frameon=False, fontsize=8)


def _draw_points(axes: Axes, score: Score) -> None:
    known = [(snr, unit.accuracy) for snr, unit in zip(score.snr, score.units, strict=True) if np.isfinite(snr)]
    if known:
        axes.plot(*np.array(known).T, "o", color=_FOUND, markersize=4)
    else:
        axes.text(0.5, 0.5, "no signal-to-noise ratio is known", ha="center", va="center", transform=axes.transAxes)
    axes.set(ylim=(-0.02, 1.02), xlabel="signal-to-noise ratio", ylabel="accuracy")
    axes.spines[["top", "right"]].set_visible(False)
