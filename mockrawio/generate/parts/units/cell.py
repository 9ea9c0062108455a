"""A cell: where it is, how it fires, and the spike that each contact sees of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ....ground.arrays import Floats, Ints
from ...band import in_band
from ...layers import Setting
from ...planted import Bank
from .footprint import Footprint
from .shapes import TROUGH, Middle, Shape
from .window import Window

_SMALLEST = 0.01  # part of its peak: where a spike is smaller, it is left out


class _Sight(NamedTuple):
    """How contacts see a cell, an array (m,) each."""

    sizes: Floats  # of its spike, as parts of that at home
    away: Floats  # µm
    along: Floats  # µm, along its axis
    delays: Floats  # ms


@dataclass(frozen=True)
class Cell:
    """A cell that fires near the contacts.

    Attributes
    ----------
    index : int
        Its number among all cells of the session.
    label : int
        The number of the unit that it belongs to.
    multi : bool
        Whether that unit has several cells.
    kind : str
        Its class.
    location : tuple of float
        x, y, z in µm.
    peak_contact : int
        Where its spike is largest, in the order of the setting's places.
    amplitude_uV : float
        The main peak of its mean spike there, as it is before any filter: negative for most.
    snr : float
        That peak's size in the band of :mod:`.band`, in standard deviations of the noise that is there too.
    rate_hz : float
        Its mean rate.
    shape : Shape
        Its spike in time.
    footprint : Footprint
        Its spike in space.
    middle : Middle
        Which moment of its spike stands at its time, so that the sample there is the largest, however late it is.
    """

    index: int
    label: int
    multi: bool
    kind: str
    location: tuple[float, float, float]
    peak_contact: int
    amplitude_uV: float
    snr: float
    rate_hz: float
    shape: Shape
    footprint: Footprint
    middle: Middle = TROUGH

    def contacts(self, setting: Setting, moved: Floats | None = None, smallest: float = _SMALLEST) -> Ints:
        """Return where its spike is half a count or more, and large enough: int64 (m,), ascending.

        Parameters
        ----------
        setting : Setting
        moved : ndarray of float64, shape (3,), optional
            How far it is from home, µm; at home by default.
        smallest : float
            What is large enough, as a part of its peak at home.
        """
        sizes = self._seen(setting, moved).sizes
        return np.flatnonzero(sizes >= max(smallest, 0.5 * setting.gain_uV / abs(self.amplitude_uV)))

    def waveforms(
        self,
        setting: Setting,
        late: float | Sequence[float] = 0.0,
        moved: Floats | None = None,
        contacts: Ints | None = None,
    ) -> Floats:
        """Return the mean spike that contacts see.

        Parameters
        ----------
        setting : Setting
        late : float, or sequence of float
            By how many samples it comes after its sample, within half a sample.
        moved : ndarray of float64, shape (3,), optional
            How far the cell is from home, µm; at home by default.
        contacts : ndarray of int64, shape (m,), optional
            Which contacts; all by default.

        Returns
        -------
        ndarray of float64, shape (n, m), or (len(late), n, m)
            µV, to a millionth of its peak, so that the last bit of a machine's ``exp`` does not matter. The spike
            stands at sample :attr:`Window.before` of n on the nearest contact, later on others.
        """
        seen, window = self._seen(setting, moved, contacts), Window.at(setting.sampling_rate)
        times = window.times(late) + self.middle.at_ms
        spikes = self.shape.at(times[..., None] - seen.delays, seen.away, seen.along, window.step_ms)
        spikes *= window.fade(times)[..., None] * (seen.sizes / self.middle.size)
        np.round(spikes, 6, out=spikes)
        spikes *= -self.amplitude_uV  # the trough of a shape is negative
        return spikes

    def bank(
        self,
        setting: Setting,
        jitter: Sequence[float],
        moved: Floats | None = None,
        contacts: Ints | None = None,
    ) -> Bank:
        """Return where the cell is seen, and its spikes there in counts.

        Parameters
        ----------
        setting, moved, contacts
            As for :meth:`waveforms`; :meth:`contacts` by default.
        jitter : sequence of float
            By how many samples a spike comes after its sample, for each of the phases.
        """
        contacts = self.contacts(setting, moved) if contacts is None else contacts
        spikes = self.waveforms(setting, jitter, moved, contacts)
        spikes /= setting.gain_uV
        return Bank(contacts, spikes.astype(np.float32))

    def centred(self, setting: Setting) -> Cell:
        """Return the cell with its spike moved to where the sample at its time is the largest."""
        seen = self._seen(setting, None, np.array([self.peak_contact]))
        return replace(self, middle=self.shape.middle(seen.away, seen.along, Window.at(setting.sampling_rate).step_ms))

    def band_peak(self, setting: Setting) -> float:
        """Return the size of the main peak in the band, as a part of its amplitude."""
        spike = self.waveforms(setting, contacts=np.array([self.peak_contact]))[:, 0]
        return float(np.abs(in_band(spike, setting.sampling_rate)).max()) / abs(self.amplitude_uV)

    def _seen(self, setting: Setting, moved: Floats | None, contacts: Ints | None = None) -> _Sight:
        home, some = np.array(self.location), slice(None) if contacts is None else contacts
        # It is the contacts that move, the other way: a step of the probe's own grid so is exact.
        away, along = self.footprint.distances(setting.places if moved is None else setting.places - moved, home)
        own = self.footprint.distances(setting.places[[self.peak_contact]], home)[0]
        delays = self.footprint.delays(away, float(away.min()))
        sizes = self.footprint.sizes(away[some]) / self.footprint.sizes(own)
        return _Sight(sizes, away[some], along[some], delays[some])
