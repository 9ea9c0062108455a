"""A cell: where it is, how it fires, and the spike that each contact sees of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ....ground.arrays import Array, Floats, Ints
from ...band import in_band
from ...layers import Setting
from ...planted import Bank
from .footprint import Footprint
from .numbers import digits
from .shapes import TROUGH, Middle, Shape
from .sight import Sight
from .window import Window

_SMALLEST = 0.01  # part of its peak: where a spike is smaller, it is left out


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
        """Return where its spike is half a count or more, large enough, and in the tissue: int64 (m,), ascending.

        Parameters
        ----------
        setting : Setting
        moved : ndarray of float64, shape (3,), optional
            How far it is from home, µm; at home by default.
        smallest : float
            What is large enough, as a part of its peak at home.
        """
        return self.seen(setting, moved, smallest)[0]

    def seen(self, setting: Setting, moved: Floats | None = None, smallest: float = _SMALLEST) -> tuple[Ints, Sight]:
        """Return where it is seen, as :meth:`contacts` has it, and how."""
        sight = self.sight(setting, moved)
        contacts = _inside(sight.sizes >= self._least(setting, smallest), setting)
        return contacts, Sight(*(part[contacts] for part in sight))

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
        home = np.array(self.location)
        away = self.footprint.nearest(setting.places, home, low_um, high_um)
        sizes = self.footprint.sizes(away) / self._own_size(setting)
        seen = _inside(sizes >= self._least(setting, _SMALLEST) - 1e-9, setting)
        largest = self.shape.most(Window.at(setting.sampling_rate).step_ms) / self.middle.size
        return seen, sizes[seen] * (largest * abs(self.amplitude_uV) / setting.gain_uV)

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
            stands at sample :attr:`Window.before` of n on the nearest contact, later on others. A contact that is
            sampled later in a sample has it by so much earlier.
        """
        seen, window = self.sight(setting, moved, contacts), Window.at(setting.sampling_rate)
        return seen.spikes(window, window.times(late)[..., None], self.shape, self.middle, self.amplitude_uV)

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
        seen = self.sight(setting, None, np.array([self.peak_contact]))
        return replace(self, middle=self.shape.middle(seen.away, seen.along, Window.at(setting.sampling_rate).step_ms))

    def settled(self, setting: Setting, moved_um: float, floor_uV: Floats) -> Cell:
        """Return the cell with a home farther along y: the same spikes, and the contact that sees it best there.

        Parameters
        ----------
        setting : Setting
        moved_um : float
        floor_uV : ndarray of float64, shape (n_contacts,)
            Standard deviation of the noise in 300 to 6000 Hz.
        """
        x, y, z = self.location
        home = np.array([x, round(y + moved_um, 3), z])
        contact = int(self.footprint.distances(setting.places, home)[0].argmin())
        here = replace(self, location=tuple(home.tolist()), peak_contact=contact).centred(setting)
        nearer = float(here._own_size(setting)[0] / self._own_size(setting)[0])
        here = replace(here, amplitude_uV=digits(self.amplitude_uV * nearer * here.middle.size / self.middle.size))
        floor = float(floor_uV[contact])
        snr = digits(abs(here.amplitude_uV) * here.band_peak(setting) / floor) if floor else np.inf
        return replace(here, snr=snr)

    def band_peak(self, setting: Setting) -> float:
        """Return the size of the main peak in the band, as a part of its amplitude."""
        spike = self.waveforms(setting.at_once, contacts=np.array([self.peak_contact]))[:, 0]
        return float(np.abs(in_band(spike, setting.sampling_rate)).max()) / abs(self.amplitude_uV)

    def sight(self, setting: Setting, moved: Floats | None = None, contacts: Ints | None = None) -> Sight:
        """Return how contacts see it; the parameters are those of :meth:`waveforms`."""
        home, some = np.array(self.location), slice(None) if contacts is None else contacts
        # It is the contacts that move, the other way: a step of the probe's own grid so is exact.
        away, along = self.footprint.distances(setting.places if moved is None else setting.places - moved, home)
        delays = self.footprint.delays(away, float(away.min()))
        late = np.zeros(len(away)) if setting.shifts is None else setting.shifts * float(1000 / setting.sampling_rate)
        sizes = self.footprint.sizes(away[some]) / self._own_size(setting)
        return Sight(sizes, away[some], along[some], delays[some], late[some])

    def _own_size(self, setting: Setting) -> Floats:
        """Return the size of its spike at home, at its own contact, as a part of that at no distance."""
        return self.footprint.sizes(
            self.footprint.distances(setting.places[[self.peak_contact]], np.array(self.location))[0]
        )

    def _least(self, setting: Setting, smallest: float) -> float:
        """Return how large a spike must be to be seen, as a part of its peak at home."""
        return max(smallest, 0.5 * setting.gain_uV / abs(self.amplitude_uV))


def _inside(large: Array, setting: Setting) -> Ints:
    """Return which contacts see a spike that is large on them: those in the tissue."""
    large[list(setting.outside)] = False
    return np.flatnonzero(large)
