"""The units of the broadband stream: where they are, how large, and their templates in the signal.

A spike is its unit's curve, sampled at the spike's own sub-sample time, times its own
amplitude, times a factor for each contact of the bundle, rounded to whole counts. A template is
64 samples long and its peak stands at sample 19; what overlaps adds up as whole numbers, so that
the order does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Floats, Ints
from ..ground.once import once
from ..planting import PlantedUnit, ScaledEvents
from ..session.layout import BUNDLE
from ..session.probe import contact_positions
from .background import Background
from .draws import Draws, Kind
from .timing import PEAK
from .trains import Train

# A unit lies within a box around its contact: nearer to it than to any other, 31 µm away.
_ASIDE_UM, _DEPTH_UM = 10.0, (8.0, 24.0)
_FALL_UM = 20.0  # how far from a unit its amplitude is half of what it is at no distance

Int16s = npt.NDArray[np.int16]
Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class BroadbandUnit:
    """One unit's part of the broadband stream.

    Attributes
    ----------
    train : Train
    columns : range
        Of the stream: the contacts of the unit's bundle.
    location : tuple of float
        x, y and z in µm; contacts lie at z = 0.
    scale : tuple of float
        The unit's amplitude at each of `columns`, as a part of that at its own channel.
    snr : float
        Peak in standard deviations of its own channel's noise.
    peak_uV : float
        Peak of its mean spike at its own channel, µV.
    gain : float
        µV per count.
    """

    train: Train
    columns: range
    location: tuple[float, float, float]
    scale: tuple[float, ...]
    snr: float
    peak_uV: float
    gain: float

    @property
    def id(self) -> str:
        """The name of its file, ``CSC3_SU1``."""
        return self.train.name.id

    @property
    def own_column(self) -> int:
        """Its own channel's column of the stream."""
        return self.train.name.channel - 1

    @property
    def n_spikes(self) -> int:
        """The number of its spikes, in all segments."""
        return self.train.n_spikes

    def times_ms(self) -> Floats:
        """Return the spike times of its file, ms since the Unix epoch, float64 (n_spikes,)."""
        return self.train.times_ms()

    def segments(self) -> Ints:
        """Return the segment of each spike, int64 (n_spikes,)."""
        return self.train.place().segments

    def frames(self) -> Ints:
        """Return where in its segment the peak of each spike stands, int64 (n_spikes,)."""
        return self.train.place().frames

    def jitter(self) -> Floats:
        """Return by how many samples each spike comes after its frame, float64 (n_spikes,)."""
        return np.array(self.train.trains.jitter)[self.train.place().phases]

    def factors(self) -> Floats32:
        """Return each spike's amplitude, as a multiple of the unit's, float32 (n_spikes,)."""
        return self.train.factors()

    def templates(self, indexes: Any = slice(None)) -> Int16s:
        """Return what spikes add to the stream.

        Parameters
        ----------
        indexes : slice or array of int
            Which spikes; all by default.

        Returns
        -------
        ndarray of int16, shape (n, 64, contacts)
            Counts, from sample ``frame - 19`` on, at `columns`.
        """
        events = ScaledEvents(self.bank, self.train.place().phases, self.factors()).chosen(indexes)
        return events.counts(0, len(events)).astype("<i2")

    def planted(self) -> list[PlantedUnit]:
        """Return what is added to each segment of the stream."""
        segments, frames, phases = self.train.place()
        events = ScaledEvents(self.bank, phases, self.factors())
        here = [np.flatnonzero(segments == index) for index in range(len(self.train.trains.segments))]
        return [PlantedUnit(np.array(self.columns), frames[some], PEAK, events.chosen(some)) for some in here]

    @once
    def bank(self) -> Floats32:
        """The mean spike at each phase of the jitter, float32 (phases, 64, contacts), in counts."""
        shapes = self.train.curve().moved(self.train.trains.jitter) * (self.peak_uV / self.gain)
        bank: Floats32 = (shapes[:, :, None] * np.array(self.scale)).astype(np.float32)
        return bank

    def description(self) -> dict[str, object]:
        """Return what the stream's json says of it."""
        return {
            "location": list(self.location),
            "channel_ids": [f"CSC{column + 1}" for column in self.columns],
            "scale": list(self.scale),
            "snr": self.snr,
            "peak_uV": self.peak_uV,
        }


def broadband_unit(train: Train, background: Background) -> BroadbandUnit:
    """Place a unit near its contact, as large as its channel's noise asks for."""
    spec, own = train.trains.spec, train.name.channel - 1
    columns = range(own // BUNDLE * BUNDLE, min(own // BUNDLE * BUNDLE + BUNDLE, spec.n_channels))
    contacts = contact_positions([column + 1 for column in columns])
    draws = Draws(train.trains.seed, Kind.LOCATION, train.index)
    x, y = (contacts[own - columns.start] + [draws.real(-_ASIDE_UM, _ASIDE_UM) for _ in range(2)]).tolist()
    location = (round(x, 3), round(y, 3), round(draws.real(*_DEPTH_UM), 3))
    snr = round(draws.real(*spec.snr), 6)
    peak_uV = round(snr * float(background.total_uV[own]), 6)
    scale = _scale(location, contacts, own - columns.start)
    return BroadbandUnit(train, columns, location, scale, snr, peak_uV, background.gain)


def _scale(location: tuple[float, float, float], contacts: Floats, own: int) -> tuple[float, ...]:
    """Return the amplitude at each contact as a part of that at the own one, falling with the distance."""
    squares = ((contacts - location[:2]) ** 2).sum(axis=1) + location[2] ** 2 + _FALL_UM**2
    return tuple(round(float(value), 6) for value in squares[own] / squares)
