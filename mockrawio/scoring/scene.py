"""What is known of the true spikes, as the causes of misses ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..ground.arrays import Array, Bools, Floats, Ints
from ..ground.once import once
from .match import coincidences, flat_trains

FAR = 1 << 60  # samples: longer than any recording
_NOWHERE = (np.nan, np.nan, np.nan)


@dataclass(frozen=True, eq=False)
class TrueTrain:
    """The spikes of a true unit.

    Attributes
    ----------
    id : str
    times : ndarray of int64, shape (n,)
        Where its spikes are on the axis, ascending.
    factors : ndarray of float, shape (n,), optional
        Each one's amplitude, as a multiple of the unit's.
    snr : float, optional
        The unit's amplitude over the standard deviation of the noise, in the band that a sorter sees.
    location : tuple of float
        Where it is, µm; NaN where it is not known.
    displacements : ndarray of float, shape (n,), optional
        How far it was from home at each spike, µm.
    faults : ndarray of int64, shape (k, 2), optional
        Stretches of the axis in which something is wrong with the channel that it is largest on: first place, and one
        past the last; ascending by the first.
    """

    id: str
    times: Ints
    factors: Array | None = None
    snr: float | None = None
    location: tuple[float, ...] = _NOWHERE
    displacements: Array | None = None
    faults: Ints | None = None


@dataclass(frozen=True, eq=False)
class TrueScene:
    """All true units, on an axis of a sampling rate in Hz; spikes match within `window` samples."""

    units: Sequence[TrueTrain]
    rate: float
    window: int

    @once
    def distances(self) -> Floats:
        """How far each two units are apart, float64 (units, units), µm; NaN where it is not known."""
        places = np.array([unit.location for unit in self.units], np.float64).reshape(len(self.units), -1)
        apart: Floats = np.linalg.norm(places[:, None] - places[None], axis=2)
        np.fill_diagonal(apart, np.inf)
        return apart

    def samples(self, ms: float) -> int:
        """Return how many whole samples a stretch of time has."""
        return int(ms * self.rate / 1000)

    @once
    def every(self) -> tuple[Ints, Ints]:
        """The spikes of all units, ascending, and which unit each is of."""
        return flat_trains([unit.times for unit in self.units])


@dataclass(frozen=True, eq=False)
class TrueMoments:
    """Spikes of one unit, or what was taken for some."""

    scene: TrueScene
    unit: int  # which of the scene's units
    times: Ints  # (k,), on the axis, ascending
    spikes: Ints | None = None  # (k,), which of the unit's own spikes they are; None for what are not its own
    elsewhere: Bools | None = None  # (k,), which of them another cluster has; None where it is not asked

    @property
    def own(self) -> TrueTrain:
        """The unit."""
        return self.scene.units[self.unit]

    def none(self) -> Bools:
        """Return False for each."""
        return np.zeros(len(self.times), np.bool_)

    def n_near(self, um: float, window: int, *, unknown: bool = False) -> Ints:
        """Return how many spikes of other units up to so far away are so near in time, in samples.

        Those of units that nobody knows how far away they are count if `unknown`.
        """
        apart = self.scene.distances[self.unit]
        return self._of((apart <= um) | (np.isnan(apart) & unknown), window)

    def n_others(self) -> Ints:
        """Return how many spikes of other units, anywhere, would match."""
        return self._of(np.arange(len(self.scene.units)) != self.unit, self.scene.window)

    def _of(self, units: Bools, window: int) -> Ints:
        """Return how many spikes of some units, (units,), are so near."""
        times, owner = self.scene.every
        i, j = coincidences(self.times, times, window)
        return np.bincount(i[units[owner[j]]], minlength=len(self.times))

    def any_own(self, before_ms: float, after_ms: float) -> Bools:
        """Return True where another spike of the unit itself is so near in time, before or after."""
        times, before, after = self.own.times, self.scene.samples(before_ms), self.scene.samples(after_ms)
        if self.spikes is not None:
            gaps = np.diff(times, prepend=times[:1] - FAR, append=times[-1:] + FAR)
            return (gaps[self.spikes] <= before) | (gaps[self.spikes + 1] <= after)
        first = np.searchsorted(times, self.times - before, side="left")
        there: Bools = np.searchsorted(times, self.times + after, side="right") > first
        return there
