"""What is known of the true spikes, as the causes of misses ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..ground.arrays import Array, Bools, Floats, Ints
from ..ground.once import once
from .match import flat_trains

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
    _near: dict[tuple[int, float, bool], Ints] = field(default_factory=dict)

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
    def every(self) -> Ints:
        """The spikes of all units, ascending."""
        return flat_trains([unit.times for unit in self.units])[0]

    def near(self, unit: int, um: float, unknown: bool) -> Ints:
        """Return the spikes of all other units up to so far away, ascending; of those `unknown` how far, if wanted."""
        key = (unit, um, unknown)
        if key not in self._near:
            if any(of != unit for of, _, _ in self._near):  # one unit's at a time: all take much more than the spikes
                self._near.clear()
            apart = self.distances[unit]
            chosen = np.flatnonzero((apart <= um) | (np.isnan(apart) & unknown)).tolist()
            self._near[key] = flat_trains([self.units[k].times for k in chosen])[0]
        return self._near[key]


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
        """Return how many spikes of other units up to so far away are so near in time, in samples."""
        return self._counted(self.scene.near(self.unit, um, unknown), -window, window)

    def n_others(self) -> Ints:
        """Return how many spikes of other units, anywhere, would match."""
        window = self.scene.window
        return self._counted(self.scene.every, -window, window) - self._counted(self.own.times, -window, window)

    def n_own(self, before_ms: float, after_ms: float) -> Ints:
        """Return how many other spikes of the unit itself are so near in time, before and after."""
        counts = self._counted(self.own.times, -self.scene.samples(before_ms), self.scene.samples(after_ms))
        return counts if self.spikes is None else counts - 1

    def _counted(self, times: Ints, low: int, high: int) -> Ints:
        first = np.searchsorted(times, self.times + low, side="left")
        return np.searchsorted(times, self.times + high, side="right") - first
