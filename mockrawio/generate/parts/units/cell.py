"""A cell: where it is, how it fires, and the spike that each contact sees of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

import numpy as np

from ....ground.arrays import Array, Floats, Ints
from ...band import in_band
from ...layers import Setting
from ...planted import Bank
from .numbers import digits
from .window import Window

SMALLEST = 0.01  # part of its peak: where a spike is smaller, it is left out
C = TypeVar("C", bound="Cell")


@dataclass(frozen=True)
class Cell(ABC):
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

    @property
    def origin(self) -> dict[str, str]:
        """What its spike is taken from, as the stream's json says it; nothing where it is drawn."""
        return {}

    @abstractmethod
    def window(self, sampling_rate: Fraction) -> Window:
        """Return the samples that its spike has."""

    @abstractmethod
    def contacts(self, setting: Setting, moved: Floats | None = None) -> Ints:
        """Return where its spike is half a count or more, large enough, and in the tissue: int64 (m,), ascending.

        Parameters
        ----------
        setting : Setting
        moved : ndarray of float64, shape (3,), optional
            How far it is from home, µm; at home by default.
        """

    @abstractmethod
    def reach(self, setting: Setting, low_um: float, high_um: float) -> tuple[Ints, Floats]:
        """Return where its spike may be seen as it moves along y, and a bound of its counts there.

        Parameters
        ----------
        setting : Setting
        low_um, high_um : float
            How far from home it gets, the lowest and the highest.

        Returns
        -------
        tuple of (ndarray of int64, ndarray of float64), each of shape (m,)
            Contacts, ascending, and what no sample of a spike is beyond on each, in size, before it is rounded.
        """

    @abstractmethod
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
            µV. The spike stands at sample :attr:`Window.before` of n on the nearest contact, later on others. A
            contact that is sampled later in a sample has it by so much earlier.
        """

    @abstractmethod
    def scaled(self: C, factor: float) -> C:
        """Return the cell with a spike so many times as large."""

    @abstractmethod
    def settled(self, setting: Setting, moved_um: float, floor_uV: Floats) -> Cell:
        """Return the cell with a home farther along y: the same spikes, and the contact that sees it best there.

        Parameters
        ----------
        setting : Setting
        moved_um : float
        floor_uV : ndarray of float64, shape (n_contacts,)
            Standard deviation of the noise in 300 to 6000 Hz.
        """

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

    def band_peak(self, setting: Setting) -> float:
        """Return the size of the main peak in the band, as a part of its amplitude."""
        spike = self.waveforms(setting.at_once, contacts=np.array([self.peak_contact]))[:, 0]
        return float(np.abs(in_band(spike, setting.sampling_rate)).max()) / abs(self.amplitude_uV)

    def measured(self: C, setting: Setting, floor_uV: Floats) -> C:
        """Return the cell with the `snr` that its amplitude comes to."""
        floor = float(floor_uV[self.peak_contact])
        snr = digits(abs(self.amplitude_uV) * self.band_peak(setting) / floor) if floor else np.inf
        return replace(self, snr=snr)

    def least(self, setting: Setting, smallest: float) -> float:
        """Return how large a spike must be to be seen, as a part of its peak at home."""
        return max(smallest, 0.5 * setting.gain_uV / abs(self.amplitude_uV))


def inside(large: Array, setting: Setting) -> Ints:
    """Return which contacts see a spike that is large on them: those in the tissue."""
    large[list(setting.outside)] = False
    return np.flatnonzero(large)
