"""Many cells, whose spikes are evaluated together, each where its cell is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ....ground.arrays import Floats, Ints
from ...layers import Setting
from .cell import Cell
from .drawn import DrawnCell
from .shapes import Middle, Shape
from .sight import Sight
from .template_cell import TemplateCell
from .window import Window

_KEPT = 8  # places of a cell whose sight is kept, on the mean
_KEPT_TEMPLATES = 2  # the same, of one whose spike there is kept whole

Runs = list[tuple[slice, slice]]  # some of the contacts that see a cell, and where they are among all, neighbours each


class _Seen(NamedTuple):
    """Which contacts see a cell, and how."""

    n: int
    runs: Runs
    sight: Sight


class Crowd(ABC):
    """Cells whose spikes are evaluated together."""

    @abstractmethod
    def spikes(self, cells: Ints, steps: Ints, phases: Ints) -> tuple[list[Runs], npt.NDArray[np.float32], Ints]:
        """Return the spikes of cells, by their numbers.

        Parameters
        ----------
        cells, steps, phases : ndarray of int64, shape (k,)
            Whose each is, how many steps along y its cell is from home, and at which phase of the jitter it comes.

        Returns
        -------
        runs : list of list of (slice, slice)
            For each spike, which of its columns go where among the contacts, neighbours together.
        counts : ndarray of float32, shape (n, columns)
            The spikes side by side, as :meth:`Cell.bank` has them.
        which : ndarray of int64, shape (columns,)
            Whose each column is, from 0 to k - 1.
        """


def crowd_of(cells: Sequence[Cell], setting: Setting, jitter: Sequence[float], step_um: float) -> Crowd:
    """Return cells, all of one kind, as a crowd."""
    templates = [cell for cell in cells if isinstance(cell, TemplateCell)]
    if templates:
        return _TemplateCrowd(templates, setting, jitter, step_um)
    return _DrawnCrowd([cell for cell in cells if isinstance(cell, DrawnCell)], setting, jitter, step_um)


class _TemplateCrowd(Crowd):
    """Cells with templates: what contacts see of each is found once for a place, and moved in time for each spike."""

    def __init__(
        self, cells: Sequence[TemplateCell], setting: Setting, jitter: Sequence[float], step_um: float
    ) -> None:
        self._cells, self._setting, self._jitter, self._step_um = cells, setting, jitter, step_um
        self._how = [cell.resampled(setting.sampling_rate) for cell in cells]
        self._seen = lru_cache(max(64, _KEPT_TEMPLATES * len(cells)))(self._looked)

    def spikes(self, cells: Ints, steps: Ints, phases: Ints) -> tuple[list[Runs], npt.NDArray[np.float32], Ints]:
        """Return the spikes of cells."""
        runs, counts = [], [np.empty((self._how[0].window.n, 0), np.float32)]
        for cell, step, phase in zip(cells.tolist(), steps.tolist(), phases.tolist(), strict=True):
            contacts, own, values = self._seen(cell, step)
            shifts = None if self._setting.shifts is None else self._setting.shifts[contacts]
            spikes = self._how[cell].at(values, self._jitter[phase], shifts)
            spikes /= self._setting.gain_uV
            counts.append(spikes.astype(np.float32))
            runs.append(own)
        which = np.repeat(np.arange(len(runs)), [part.shape[1] for part in counts[1:]])
        return runs, np.concatenate(counts, axis=1), which

    def _looked(self, cell: int, steps: int) -> tuple[Ints, Runs, Floats]:
        contacts, values = self._cells[cell].seen(self._setting, np.array([0.0, steps * self._step_um, 0.0]))
        return contacts, _runs(contacts), values


class _DrawnCrowd(Crowd):
    """Cells whose spikes are drawn."""

    def __init__(self, cells: Sequence[DrawnCell], setting: Setting, jitter: Sequence[float], step_um: float) -> None:
        self._cells, self._setting, self._step_um = cells, setting, step_um
        self._window = Window.at(setting.sampling_rate)
        self._times = self._window.times(jitter)
        self._shapes = np.array([cell.shape for cell in cells]).reshape(len(cells), -1).T
        self._middles = np.array([cell.middle for cell in cells]).reshape(len(cells), -1).T
        self._amplitudes = np.array([cell.amplitude_uV for cell in cells])
        self._seen = lru_cache(max(64, _KEPT * len(cells)))(self._looked)

    def spikes(self, cells: Ints, steps: Ints, phases: Ints) -> tuple[list[Runs], npt.NDArray[np.float32], Ints]:
        """Return the spikes of cells."""
        seen = [self._seen(*pair) for pair in zip(cells.tolist(), steps.tolist(), strict=True)]
        which = np.repeat(np.arange(len(seen)), [one.n for one in seen])
        sight = Sight(*(np.concatenate(part) for part in zip(*(one.sight for one in seen), strict=True)))
        owner, times = cells[which], self._times[phases[which]].T
        shape, middle = Shape(*self._shapes[:, owner]), Middle(*self._middles[:, owner])
        counts = sight.spikes(self._window, times, shape, middle, self._amplitudes[owner])
        counts /= self._setting.gain_uV
        return [one.runs for one in seen], counts.astype(np.float32), which

    def _looked(self, cell: int, steps: int) -> _Seen:
        contacts, sight = self._cells[cell].seen(self._setting, np.array([0.0, steps * self._step_um, 0.0]))
        return _Seen(len(contacts), _runs(contacts), sight)


def _runs(contacts: Ints) -> Runs:
    """Return the runs of neighbours among ascending contacts: where they are in these, and among all."""
    cuts = [0, *(np.flatnonzero(np.diff(contacts) > 1) + 1).tolist(), len(contacts)]
    both = [(low, high, int(contacts[low])) for low, high in pairwise(cuts) if low < high]
    return [(slice(low, high), slice(first, first + high - low)) for low, high, first in both]
