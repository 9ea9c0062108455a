"""A template of the user's: a spike as it was measured or simulated on some contacts, seen from any others.

On a contact of its own it is what the file has, to the last bit. Between them it is the one that simple kriging finds,
with a Matern covariance of order 3/2 whose length goes with the contacts' distance; far from all of them it is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np
import numpy.typing as npt

from ....ground.arrays import Floats, Ints
from ....ground.once import once

_SAME_UM = 1e-3  # contacts that are no farther apart are at one place
_NEAR_UM = 250.0  # how far from its largest sample a template is known where it has no contact
_LENGTHS_UM = (30.0, 60.0)  # of the covariance, the least and the most; in between it is twice the contacts' distance
_TOGETHER_UM = 75.0  # around its largest sample, whose centre of mass a template's place is

Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Template:
    """One template.

    Attributes
    ----------
    id : str
        What its file calls it.
    kind : str
        The class of its cell.
    sampling_rate : Fraction
        Hz.
    before : int
        The sample that stands at the spike's time.
    waveforms : ndarray of float32, shape (n_steps, n, m)
        Steps of a cell that drifts, or one.
    positions : ndarray of float64, shape (m, 3)
        Where its contacts are, µm.
    locations : ndarray of float64, shape (n_steps, 3), or None
        Where its cell is.
    """

    id: str
    kind: str
    sampling_rate: Fraction
    before: int
    waveforms: Floats32
    positions: Floats
    locations: Floats | None

    @property
    def home(self) -> int:
        """The step that it is at home: the middle one."""
        return len(self.waveforms) // 2

    @once
    def peak(self) -> int:
        """The contact where it is largest at home."""
        return int(np.abs(self.waveforms[self.home]).max(axis=0).argmax())

    @once
    def location(self) -> Floats:
        """Where its cell is at home, (3,), µm: as the file says, or else the centre of mass of its peaks."""
        if self.locations is not None:
            known: Floats = self.locations[self.home]
            return known
        near = np.flatnonzero(self._from_peak <= _TOGETHER_UM)
        sizes = np.abs(self.waveforms[self.home][:, near]).max(axis=0).astype(np.float64) ** 2
        place: Floats = (self.positions[near] * sizes[:, None]).sum(axis=0) / sizes.sum()
        return place

    def at(self, points: Floats, moved_um: float = 0.0) -> Floats:
        """Return what contacts at some points would have of it, its cell so far along y from home.

        A cell that drifts is at that of its own steps which is nearest; beyond the first and the last of them the
        spike that it has there is moved on.

        Parameters
        ----------
        points : ndarray of float64, shape (k, 3)
            µm, in the coordinates of its own contacts.
        moved_um : float

        Returns
        -------
        ndarray of float64, shape (n, k)
        """
        step, rest = self._step(moved_um)
        points = points - [0.0, rest, 0.0]
        values, apart = self.waveforms[step], _distances(points, self.positions)
        seen: Floats = np.zeros((values.shape[0], len(points)))
        own = apart.argmin(axis=1)
        same = apart[np.arange(len(points)), own] <= _SAME_UM
        seen[:, same] = values[:, own[same]]
        between = ~same & (_distances(points, self.positions[[self.peak]])[:, 0] <= _NEAR_UM)
        if between.any():
            seen[:, between] = (_matern(apart[np.ix_(between, self._near)], self._length_um) @ self._weights[step]).T
        return seen

    def _step(self, moved_um: float) -> tuple[int, float]:
        """Return at which of its steps a cell is, and by how much it is beyond the first or the last, along y."""
        if self.locations is None or len(self.waveforms) == 1:
            return self.home, moved_um
        offsets = self.locations[:, 1] - self.locations[self.home, 1]
        step = int(np.abs(offsets - moved_um).argmin())
        return step, moved_um - float(np.clip(moved_um, offsets.min(), offsets.max()))

    @once
    def _from_peak(self) -> Floats:
        apart: Floats = _distances(self.positions[[self.peak]], self.positions)[0]
        return apart

    @once
    def _near(self) -> Ints:
        return np.flatnonzero(self._from_peak <= _NEAR_UM)

    @once
    def _length_um(self) -> float:
        if len(self._near) == 1:
            return _LENGTHS_UM[0]
        apart = _distances(self.positions[self._near], self.positions[self._near])
        np.fill_diagonal(apart, np.inf)
        return float(np.clip(2 * np.median(apart.min(axis=1)), *_LENGTHS_UM))

    @once
    def _weights(self) -> Floats:
        """What the covariances with the contacts are multiplied by, (n_steps, near, n)."""
        places = self.positions[self._near]
        known = _matern(_distances(places, places), self._length_um) + 1e-9 * np.eye(len(places))
        solve = partial(np.linalg.solve, known)
        return np.stack([solve(values[:, self._near].T.astype(np.float64)) for values in self.waveforms])


def _distances(points: Floats, others: Floats) -> Floats:
    """Return how far each of some points is from each of others, (len(points), len(others))."""
    square = np.zeros((len(points), len(others)))
    for axis in range(3):
        square += (points[:, axis, None] - others[:, axis]) ** 2
    return np.sqrt(square, out=square)


def _matern(distances: Floats, length_um: float) -> Floats:
    scaled = distances * (np.sqrt(3.0) / length_um)
    value: Floats = (1 + scaled) * np.exp(-scaled)
    return value
