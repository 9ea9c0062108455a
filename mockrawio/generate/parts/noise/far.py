"""Far units: cells too far away to be told apart, whose spikes add up to the hash of a recording."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np

from ...draws import Draws
from ...layers import Setting
from ..form import checked, real, span, whole
from ..units import (
    LAWS,
    POSITIVE,
    Classes,
    DrawnCell,
    Law,
    LogNormal,
    Power,
    Room,
    Window,
    banks_of,
    digits,
    drawn_shape,
    rates,
)
from .part import NoisePart
from .shots import ShotLayer

_SMALLEST = 0.1  # part of its peak: where a spike is smaller, a µV or less, it is left out


@dataclass(frozen=True)
class FarUnits(NoisePart):
    """Distant cells around the contacts that a sorter does not find, each with its own waveform and rate.

    Attributes
    ----------
    n : int
        Number of cells.
    rate_hz : LogNormal, Uniform, float or tuple of float
        Firing rates; a number is the rate of all, two are the lowest and highest.
    distance_um : tuple of float
        Lowest and highest distance of a cell from its nearest contact.
    amplitude_uV : float
        Median of the main peaks, at the cell itself, from where they decay with distance.
    amplitude_sd : float
        Standard deviation of the natural logarithm of these peaks.
    footprint : Power or Exponential
        Decay of the amplitude with distance.
    """

    name: ClassVar[str] = "far"
    floor: ClassVar[bool] = False

    n: int = whole(200, 0, 5000)
    _: KW_ONLY
    rate_hz: Any = checked(LogNormal(2.5, sd=0.8), rates)
    distance_um: tuple[float, float] = span((100.0, 250.0), 10.0, 1e4)
    amplitude_uV: float = real(90.0, 0.01, 1e5)
    amplitude_sd: float = real(0.3, 0.0, 2.0)
    footprint: Law = checked(Power((30.0, 40.0), power=(1.5, 2.0)), LAWS.one)

    def layer(self, name: str, setting: Setting) -> ShotLayer:
        """Return the layer that the cells are in a session."""
        cells = tuple(self.cells(name, setting))
        banks = banks_of(cells, setting, (0.0,), _SMALLEST)
        rates_hz = np.array([cell.rate_hz for cell in cells])
        return ShotLayer(name, setting, banks, rates_hz, Window.at(setting.sampling_rate).before)

    def cells(self, name: str, setting: Setting) -> Iterator[DrawnCell]:
        """Draw the cells; the first ones are the same however many there are.

        Parameters
        ----------
        name : str
            The layer's.
        setting : Setting

        Yields
        ------
        DrawnCell
            Its `snr` is 0: nobody finds it.
        """
        room, classes = Room(setting, self.distance_um, 0.0, type(self).__name__), Classes()
        for index in range(self.n):
            draws = Draws.of(setting.bits(f"{name}.cell", index))
            share, rate = draws.uniform(2).tolist()
            kind, peak_uV = classes.name(share), self._peak_uV(draws)
            shape, footprint = drawn_shape(kind, draws), self.footprint.drawn(draws, kind)
            location, peak = room.place(draws, footprint)
            away = footprint.distances(setting.places[[peak]], np.array(location))[0]
            amplitude = digits(peak_uV * float(footprint.sizes(away)[0])) * (1 if kind == POSITIVE else -1)
            yield DrawnCell(
                index, index, False, kind, location, peak, amplitude, 0.0, self.rate_hz.rate(rate), shape, footprint
            )

    def _peak_uV(self, draws: Draws) -> float:
        return self.amplitude_uV * math.exp(self.amplitude_sd * float(draws.normals(1)[0]))
