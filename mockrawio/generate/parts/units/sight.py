"""How contacts see a cell from where it is, and the spike that they see: of one cell, or of many at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ....ground.arrays import Floats
from .shapes import Bells, Middle, Shape
from .window import Window

_DIGIT = 1e-6  # of a spike's peak, to which it is rounded: not to the last bit of an ``exp``


class Sight(NamedTuple):
    """How contacts see a cell, an array (m,) each."""

    sizes: Floats  # of its spike, as parts of that at home
    away: Floats  # µm
    along: Floats  # µm, along its axis
    delays: Floats  # ms
    late: Floats  # ms after the first contact of a sample at which each one is read

    def traces(self, window: Window, shape: Shape, middle: Middle, amplitude_uV: Any) -> Traces:
        """Return the spikes that contacts see, of a cell, or each of a cell of its own: arrays (m,) then."""
        bells = shape.bells(self.away, self.along, window.step_ms).times(self.sizes / (middle.size * _DIGIT))
        factors = np.full(len(self.sizes), -amplitude_uV * _DIGIT)  # the trough of a shape is negative
        return Traces(bells, self.delays, -middle.at_ms - self.late, factors)


class Traces(NamedTuple):
    """The spikes that contacts see, an array (m,) each, but (3, m) the bells."""

    bells: Bells
    delays: Floats  # ms
    early: Floats  # ms; the window does not come later with the spike
    factors: Floats  # µV

    def only(self, which: Any) -> Traces:
        """Return some of them."""
        return Traces(self.bells.only((slice(None), which)), *(part[which] for part in self[1:]))

    def spikes(self, window: Window, late: Floats, work: Floats | None = None) -> Floats:
        """Return them.

        Parameters
        ----------
        window : Window
        late : ndarray of float64, shape (m,)
            By how many samples each comes after its own.
        work : ndarray of float64, shape (3, n, m), optional
            What is written over; the spikes are the first of it.

        Returns
        -------
        ndarray of float64, shape (n, m)
            µV, to a millionth of their peaks.
        """
        work = np.empty((3, window.n, len(late))) if work is None else work
        begins = self.early + late * window.step_ms
        spikes: Floats = work[0]
        bells = self.bells._replace(centres=self.bells.centres + (begins + self.delays))
        spikes[...] = 0
        times = window.times
        for k in range(len(bells.centres)):
            bells.only(k).add(spikes, times, work[1:])
        window.fade(spikes, begins)
        np.rint(spikes, out=spikes)
        spikes *= self.factors
        return spikes
