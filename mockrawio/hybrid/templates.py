"""Templates of a sorter, compared: the true unit's, moved to where its events went, and those of a new sorting.

Templates of two sortings are only comparable if both were whitened and scaled alike, which
takes the same sorter with the same settings.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal

import numpy as np

from ..formats.sorters.phy import channel_map
from ..ground.arrays import Array, Floats, Ints
from ..ground.checks import is_whole, require
from ..ground.errors import MockSessionError
from ..ground.places import AnyPath
from .raw_probe import Probe

How = Literal["pearson", "frobenius"]


def shift_template(template: Array, center: int, *, percentile: float = 80) -> Array:
    """Move a template to another channel, as hybridfactory does.

    Channels are kept on which any sample exceeds, in size, the given percentile of the template's
    values other than 0, on a logarithmic scale; the others become 0. The one with the deepest
    minimum (the lowest of several) lands on `center`, the others as many rows from it as they were.

    Parameters
    ----------
    template : ndarray, shape (samples, channels)
        Its columns are raw rows, see :func:`raw_rows`.
    center : int
        The raw row to move it to.
    percentile : float

    Returns
    -------
    ndarray of the same shape and dtype

    Raises
    ------
    MockSessionError
        If it is 0 throughout, or a channel that is kept would leave the probe.
    """
    rows = template.shape[1]
    require(is_whole(center) and 0 <= center < rows, "center", f"a raw row, 0 to {rows - 1}", center)
    sizes = np.abs(template)
    require(bool(sizes.any()), "template", "a sample other than 0", "none")
    threshold = 10 ** np.percentile(np.log10(sizes[sizes > 0]), percentile)
    kept = np.flatnonzero((sizes > threshold).any(axis=0))
    if not len(kept):  # all values are the same size
        kept = np.flatnonzero(sizes.any(axis=0))
    deepest = int(kept[template[:, kept].min(axis=0).argmin()])
    goals = kept + (center - deepest)
    _check_inside(goals, rows, f"with row {deepest} on row {center}")
    return _placed(template, kept, goals)


def move_template(template: Array, source: Ints, target: Ints) -> Array:
    """Move a template's channels one by one, from raw rows to others; those that are not moved are left out, and 0."""
    for rows in (source, target):
        _check_inside(rows, template.shape[1], "the rows of the unit's events")
    return _placed(template, source, target)


def _placed(template: Array, source: Ints, target: Ints) -> Array:
    moved = np.zeros_like(template)
    moved[:, target] = template[:, source]
    return moved


def _check_inside(rows: Ints, count: int, where: str) -> None:
    if len(rows) and (rows.min() < 0 or rows.max() >= count):
        found = f"rows {rows.min()} to {rows.max()}, {where}"
        raise MockSessionError("template", f"rows 0 to {count - 1}", found, "Choose rows that leave room for it.")


def raw_rows(templates: Array, probe: Probe | None, directory: AnyPath) -> Array:
    """Return templates, (T, samples, channels), with a column for each raw row, 0 where the sorter had no channel.

    As a sorter has them they are of all raw rows, or of connected ones only: a ``channel_map.npy`` in its folder
    tells the raw row of each column. Without a probe the columns are taken for raw rows.
    """
    if probe is None:
        return templates
    rows, count = channel_map(os.fspath(directory)), templates.shape[2]
    if rows is None or len(rows) != count:
        connected = probe.channel_map[probe.connected]
        rows = connected if len(connected) == count else np.arange(probe.n_channels)
    if len(rows) != count or rows.min() < 0 or rows.max() >= probe.n_channels:
        found = f"{count} channels in {os.fspath(directory)}"
        expected = f"templates of the probe's {probe.n_channels} rows, or of the connected ones"
        raise MockSessionError("templates", expected, found, "Give the sorting of this recording.")
    whole = np.zeros((*templates.shape[:2], probe.n_channels), templates.dtype)
    whole[:, :, rows] = templates
    return whole


def compare_templates(template: Array, others: Array | Sequence[Array], how: How = "pearson") -> Floats:
    """Return the similarity of other templates to a template.

    Parameters
    ----------
    template : ndarray, shape (samples, channels)
    others : ndarray, shape (T, samples, channels)
    how : {"pearson", "frobenius"}
        Pearson's correlation of the values one after another, best 1; 0 if either does not vary.
        Or the Frobenius norm of the difference, over that of `template`: best 0.

    Returns
    -------
    ndarray of float64, shape (T,)

    Raises
    ------
    MockSessionError
        If the shapes differ, or the norm is asked for and the template is 0 throughout.
    """
    require(how in ("pearson", "frobenius"), "how", "'pearson' or 'frobenius'", how)
    stack = np.asarray(others, np.float64)
    fits = stack.ndim == 3 and stack.shape[1:] == template.shape
    expected = f"templates of {template.shape[0]} samples and {template.shape[1]} channels"
    require(fits, "others", expected, f"the shape {stack.shape}", "Compare sortings made with the same settings.")
    one, many = template.astype(np.float64).ravel(), stack.reshape(len(stack), template.size)
    if how == "frobenius":
        size = float(np.linalg.norm(one))
        require(size > 0, "template", "a sample other than 0", "none")
        return np.asarray(np.linalg.norm(one - many, axis=1) / size, np.float64)
    one, many = one - one.mean(), many - many.mean(axis=1, keepdims=True)
    sizes = np.linalg.norm(many, axis=1) * np.linalg.norm(one)
    return np.asarray(many @ one / np.where(sizes > 0, sizes, 1), np.float64)


def score_events(times: Ints, spikes: Ints, templates: Ints, scores: Floats, window: int) -> tuple[Ints, Ints, Floats]:
    """Find, for each event at `times`, (K,), the best scored template of the spikes at most `window` samples away.

    Parameters
    ----------
    spikes, templates : ndarray of int64, shape (n,)
        Samples of the sorter's spikes, ascending, and the template of each.
    scores : ndarray of float64, shape (T,)
        Of each template: the larger the better. Give minus the norms if those are meant.

    Returns
    -------
    best, offset, score : ndarray, shape (K,)
        The template, -1 if there is no spike in the window; the spike's time less the event's, of several with that
        template the nearest; its score, NaN if there is no spike.
    """
    best, offset = np.full(len(times), -1, np.int64), np.zeros(len(times), np.int64)
    score = np.full(len(times), np.nan)
    first = np.searchsorted(spikes, times - window, side="left")
    stop = np.searchsorted(spikes, times + window, side="right")
    for event in np.flatnonzero(first < stop).tolist():
        near = slice(first[event], stop[event])
        away = spikes[near] - times[event]
        chosen = np.lexsort((np.abs(away), -scores[templates[near]]))[0]
        best[event], offset[event] = templates[near][chosen], away[chosen]
        score[event] = scores[best[event]]
    return best, offset, score
