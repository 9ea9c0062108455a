"""Figures of windows: all channels as a heat map, and some of them as lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ground.arrays import Array, Ints
from ..ground.checks import require
from ..ground.extras import by_extra
from ..ground.shown import Argument, letters

with by_extra("figures", "plot"):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure


def plot_windows(
    *windows: Array, channels: Ints | None = None, samples_before: int = 40, titles: Sequence[str] = ()
) -> Figure:
    """Draw windows side by side, on one scale.

    Parameters
    ----------
    *windows : ndarray of shape (n, C)
        Samples and channels, all of one shape: of a unit's spike, such as ``unit_windows(source, 52)[0]``, of a mean,
        or of an event.
    channels : ndarray of int, shape (m,), optional
        Which of the C are drawn as lines; all by default.
    samples_before : int
        Samples of a window before its time.
    titles : sequence of str
        One for each window, or none.

    Returns
    -------
    matplotlib.figure.Figure
        Tied to no window of a screen. A column for each: above a heat map of all channels, below lines.

    Raises
    ------
    MockSessionError
        If there is no window, or their shapes differ.
    """
    shapes = {np.shape(window) for window in windows}
    fits = len(shapes) == 1 and len(next(iter(shapes))) == 2
    expected = "windows of one shape, (samples, channels)"
    require(fits, Argument("windows"), expected, f"the shapes {sorted(shapes, key=str)}" if shapes else "none of them")
    figure = Figure(figsize=(1 + 3.6 * len(windows), 5.5), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(2, len(windows), squeeze=False, sharex=True, sharey="row")
    peak = max(float(np.abs(window).max(initial=0)) for window in windows) or 1.0
    n, wide = np.shape(windows[0])
    times, rows = np.arange(n) - samples_before, np.arange(wide) if channels is None else np.asarray(channels)
    extent = (times[0] - 0.5, times[-1] + 0.5, wide - 0.5, -0.5)
    for column, window in enumerate(windows):
        above, below = grid[:, column]
        image = above.imshow(window.T, "RdBu_r", vmin=-peak, vmax=peak, aspect="auto", extent=extent)
        below.plot(times, np.asarray(window)[:, rows], linewidth=0.9)
        above.set_title(letters(titles[column]) if column < len(titles) else "", fontsize=9)
        below.set_xlabel("sample")
    grid[0, 0].set_ylabel("channel")
    grid[1, 0].set_ylabel("counts")
    figure.colorbar(image, ax=list(grid[0]))
    return figure
