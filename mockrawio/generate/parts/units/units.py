"""The units of a session: which cells there are, where, and how they fire."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np

from ....ground.arrays import Floats
from ....ground.checks import require
from ....ground.shown import Argument, Text
from ...layers import Setting
from ..form import Family, Part, checked, real, span, whole, whole_span, yes
from .cell import Cell
from .classes import Classes
from .footprint import LAWS, Exponential, Law
from .makers import CellMaker, DrawnMaker, TemplateMaker
from .numbers import digits
from .rates import LogNormal, rates
from .templates import Templates, templates_of

_BUSY = 0.5  # the most of a unit's time that its refractory periods may take
_LEAST_HZ = 0.01


@dataclass(frozen=True)
class Units(Part):
    """Units near the contacts, each with its own waveform and location.

    Attributes
    ----------
    n : int or None
        Number of units; None if their spikes come from a file.
    snr : tuple of float
        Lowest and highest SNR, log-uniformly distributed: the size of the main peak in 300 to 6000 Hz, in standard
        deviations of the noise in that band.
    amplitude_uV : tuple of float or None
        Instead of `snr`: lowest and highest size of the unfiltered main peak in µV.
    rate_hz : LogNormal, Uniform, float or tuple of float
        Firing rates; a number is the rate of all units, two are the lowest and highest.
    classes : Classes
        Weights of the cell classes.
    footprint : Exponential or Power
        Decay of the amplitude with distance.
    distance_um : tuple of float
        Lowest and highest distance of a cell from its nearest contact.
    min_distance_um : float
        Smallest distance between two cells.
    multi : float
        The share of multi-units, which combine several cells, none with positive spikes.
    cells_per_multi : tuple of int
        Lowest and highest number of their cells.
    amplitude_sd : float
        Standard deviation of the amplitudes of a cell's spikes, relative to their mean.
    jitter : bool
        Whether spikes have sub-sample shifts.
    refractory_ms : float
        Refractory period of each cell.
    templates : Templates, path, spikeinterface Templates or None
        Your own waveforms, instead of `classes`, `footprint` and `distance_um` (docs/templates.rst).
    """

    n: int | None = whole(10, 0, 100_000, optional=True)
    _: KW_ONLY
    snr: tuple[float, float] = span((4.0, 20.0), 0.01, 1e4)
    amplitude_uV: tuple[float, float] | None = span(None, 0.01, 1e5)
    rate_hz: Any = checked(LogNormal(), rates)
    classes: Classes = checked(Classes(), Family("the classes of cells", Classes).one)
    footprint: Law = checked(Exponential(), LAWS.one)
    distance_um: tuple[float, float] = span((5.0, 45.0), 1.0, 1e4)
    min_distance_um: float = real(15.0, 0.0, 1e4)
    multi: float = real(0.1, 0.0, 1.0)
    cells_per_multi: tuple[int, int] = whole_span((3, 5), 2, 100)
    amplitude_sd: float = real(0.1, 0.0, 0.2)
    jitter: bool = yes(True)
    refractory_ms: float = real(3.0, 0.0, 1e4)
    templates: Templates | None = checked(None, templates_of)

    def __post_init__(self) -> None:
        """Check all fields, and that the rates leave room for the refractory period."""
        super().__post_init__()
        rate = self.rate_hz.typical_hz
        expected = f"rates that leave half of the time free with {self.refractory_ms:g} ms after each spike"
        remedy = "Give lower rates or a shorter refractory_ms."
        fits = rate * self.refractory_ms <= _BUSY * 1000
        require(fits, Argument("rate_hz", of="Units"), expected, f"{rate:g} Hz", remedy)

    def rate(self, share: float) -> float:
        """Return the rate that a share of all units does not reach, within what a cell can do, in Hz."""
        most = _BUSY * 1000 / self.refractory_ms if self.refractory_ms else np.inf
        return float(min(max(self.rate_hz.rate(share), _LEAST_HZ), digits(most)))

    def cells(self, setting: Setting, floor_uV: Floats, n: int | None = None) -> tuple[Cell, ...]:
        """Draw the cells of all units, in their order.

        The first units have the same cells however many follow.

        Parameters
        ----------
        setting : Setting
        floor_uV : ndarray of float64, shape (n_contacts,)
            Standard deviation of the noise in 300 to 6000 Hz that `snr` is asked against, in the order of the places.
        n : int, optional
            How many units; `n` by default.

        Returns
        -------
        tuple of Cell

        Raises
        ------
        MockSessionError
            If there is no room for so many, or no noise that `snr` is asked against.
        """
        inside = np.delete(floor_uV, setting.outside)
        kept = self.amplitude_uV is not None or (self.templates is not None and not self.templates.rescale)
        asked = kept or float(inside.min()) > 0
        remedy = Text("Give ", Argument("amplitude_uV", of="Units"), ".")
        require(asked, Argument("snr", of="Units"), "noise on each contact that it is asked against", 0.0, remedy)
        count = (self.n if n is None else n) or 0
        maker = self._maker(setting, floor_uV, count)
        cells: list[Cell] = []
        for label in range(count):
            cells += maker.unit(label, len(cells))
        return tuple(cells)

    def to_dict(self) -> dict[str, Any]:
        """Return the part as JSON and TOML have it; without templates it does not name them."""
        values = super().to_dict()
        if self.templates is None:
            del values["templates"]
        return values

    def _maker(self, setting: Setting, floor_uV: Floats, n: int) -> CellMaker[Any]:
        if self.templates is None:
            return DrawnMaker(self, setting, floor_uV)
        maker = TemplateMaker(self, self.templates, setting, floor_uV)
        maker.check(n)
        return maker
