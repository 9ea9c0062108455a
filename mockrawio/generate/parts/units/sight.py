"""How contacts see a cell from where it is, and the spike that they see: of one cell, or of many at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ....ground.arrays import Floats
from .shapes import Middle, Shape
from .window import Window


class Sight(NamedTuple):
    """How contacts see a cell, an array (m,) each."""

    sizes: Floats  # of its spike, as parts of that at home
    away: Floats  # µm
    along: Floats  # µm, along its axis
    delays: Floats  # ms
    late: Floats  # ms after the first contact of a sample at which each one is read

    def spikes(self, window: Window, times: Floats, shape: Shape, middle: Middle, amplitude_uV: Any) -> Floats:
        """Return the spike that contacts see.

        Parameters
        ----------
        window : Window
        times : ndarray of float64, shape (..., n, 1) or (..., n, m)
            ms after the spike's time on the nearest contact.
        shape, middle, amplitude_uV
            Of the cell; or arrays (m,) of them, where each contact sees a cell of its own.

        Returns
        -------
        ndarray of float64, shape (..., n, m)
            µV, to a millionth of its peak.
        """
        times = times + (middle.at_ms + self.late)
        spikes = shape.at(times - self.delays, self.away, self.along, window.step_ms)
        spikes *= window.fade(times) * (self.sizes / middle.size)
        np.round(spikes, 6, out=spikes)
        spikes *= -amplitude_uV  # the trough of a shape is negative
        return spikes
