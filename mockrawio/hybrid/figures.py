"""Figures of a validation: confusion matrix, scores of the units, templates side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..ground.arrays import Array, Bools
from ..ground.durable import clean_up_in, whole_file
from ..ground.extras import by_extra
from ..ground.shown import letters
from .pairs import TemplateScore

with by_extra("figures", "plot"):
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

if TYPE_CHECKING:
    from .validate import Validation

MOST_NUMBERS = 400  # cells of a confusion matrix in which counts are still readable
SMALLEST = 0.01  # of a template's peak: a smaller difference is not shown
_BARS = {"accuracy": "#4c72b0", "recall": "#55a868", "precision": "#dd8452"}


def save_figures(validation: Validation, folder: Path) -> list[Path]:
    """Draw all figures and return their files.

    They are ``confusion.png``, ``units.png``, and ``template_<unit>.png`` of each unit that was found and has
    templates.
    """
    figures = {"confusion.png": plot_confusion(validation), "units.png": plot_units(validation)}
    for score in validation.templates:
        if score.found_samples is not None:
            figures[f"template_{score.label.replace('/', '_')}.png"] = plot_templates(score)
    clean_up_in(folder.absolute())  # which templates there are differs from sorting to sorting
    for name, figure in figures.items():
        with whole_file((folder / name).absolute()) as staging:
            figure.savefig(staging, dpi=120, format="png")
    return [folder / name for name in figures]


def _figure(width: float, height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure that is tied to no window and no global state."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, [figure.add_subplot(1, columns, k + 1) for k in range(columns)]


def plot_confusion(validation: Validation) -> Figure:
    """Draw how many events of each true unit each cluster has.

    Its colours are shares of a true unit's events; the last row and column are not coloured, since they count what
    has no partner.
    """
    counts = validation.confusion.counts
    rows, columns = counts.shape
    figure, (axes,) = _figure(min(2.5 + 0.55 * columns, 20), min(1.6 + 0.45 * rows, 20))
    shares = np.full(counts.shape, np.nan)
    shares[:-1, :-1] = counts[:-1, :-1] / np.maximum(counts[:-1].sum(axis=1), 1)[:, None]
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    figure.colorbar(image, ax=axes, label="share of the unit's events")
    axes.set_xticks(range(columns), [*map(letters, validation.confusion.hybrid_labels), "unmatched"], rotation=90)
    axes.set_yticks(range(rows), [*map(letters, validation.confusion.true_labels), "unmatched"])
    axes.set(xlabel="hybrid label", ylabel="true label", title=f"within ±{validation.window_ms:g} ms")
    axes.axhline(rows - 1.5, color="grey", linewidth=0.8)
    axes.axvline(columns - 1.5, color="grey", linewidth=0.8)
    if counts.size <= MOST_NUMBERS:
        for (row, column), count in np.ndenumerate(counts):
            colour = "white" if shares[row, column] > 0.6 else "black"
            axes.text(column, row, str(count), ha="center", va="center", fontsize=8, color=colour)
    return figure


def plot_units(validation: Validation) -> Figure:
    """Draw accuracy, recall and precision of every true unit as bars."""
    units = validation.units
    figure, (axes,) = _figure(min(3 + 0.6 * len(units), 20), 3.4)
    places = np.arange(len(units))
    for k, (name, colour) in enumerate(_BARS.items()):
        heights = [getattr(unit, name) for unit in units]
        axes.bar(places + 0.27 * (k - 1), heights, 0.25, label=name, color=colour)
    found = ["none" if unit.found_unit is None else str(unit.found_unit) for unit in units]
    axes.set_xticks(
        places, [f"{letters(unit.label)}\n→ {letters(name)}" for unit, name in zip(units, found, strict=True)]
    )
    axes.set(xlabel="true unit → cluster", ylim=(0, 1.02), title=f"within ±{validation.window_ms:g} ms")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def plot_templates(score: TemplateScore) -> Figure:
    """Draw the templates of a true unit and of its cluster as heat maps, cropped to where they differ."""
    assert score.found_samples is not None
    pair = (score.source_samples, score.found_samples)
    samples, rows = mismatch(*pair)
    figure, axes = _figure(8, 3.6, columns=2)
    peak = max(float(np.abs(template).max()) for template in pair)
    extent = (samples.start - 0.5, samples.stop - 0.5, rows.stop - 0.5, rows.start - 0.5)
    titles = (f"true unit {letters(score.label)}, moved", f"template {score.found_template} of the sorter")
    for place, template, title in zip(axes, pair, titles, strict=True):
        shown = template[samples, rows].T
        image = place.imshow(shown, cmap="RdBu_r", vmin=-peak, vmax=peak, aspect="auto", extent=extent)
        place.set(title=title, xlabel="sample", ylabel="raw row")
    figure.colorbar(image, ax=axes)
    figure.suptitle(f"Pearson {score.pearson:.3f}, Frobenius {score.frobenius:.3f}")
    return figure


def mismatch(one: Array, other: Array) -> tuple[slice, slice]:
    """Return the smallest block of samples and rows outside which two templates, (samples, rows), are alike.

    If they are alike everywhere: the block outside which both are as good as 0.
    """
    peak = max(float(np.abs(one).max()), float(np.abs(other).max()))
    differ = np.abs(one - other) > SMALLEST * peak
    if not differ.any():
        differ = np.abs(one) > SMALLEST * peak
    return _span(differ.any(axis=1)), _span(differ.any(axis=0))


def _span(some: Bools) -> slice:
    places = np.flatnonzero(some)
    return slice(int(places[0]), int(places[-1]) + 1) if len(places) else slice(0, len(some))
