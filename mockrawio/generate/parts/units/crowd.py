"""Many cells, whose spikes are evaluated together, each where its cell is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ....ground.arrays import Floats, Ints
from ...layers import Setting
from ...planted import Bank
from .cell import SMALLEST, Cell
from .drawn import DrawnCell
from .footprint import Footprint
from .shapes import Middle, Shape
from .sight import Sight, Traces
from .template_cell import TemplateCell
from .window import Window

_CELLS = 64  # of which banks are made at once
_KEPT_TEMPLATES = 2  # places of a cell whose spike there is kept, on the mean
_VALUES = 1 << 15  # of spikes, evaluated at once: few enough for the caches, enough to call NumPy seldom


class Batch(NamedTuple):
    """Spikes side by side."""

    counts: npt.NDArray[np.float32]  # (n, columns), as :meth:`Cell.bank` has them
    which: Ints  # (columns,): whose each is, of all that were asked for
    contacts: Ints  # (columns,): where each goes


class Crowd(ABC):
    """Cells whose spikes are evaluated together."""

    @abstractmethod
    def spikes(self, cells: Ints, steps: Ints, phases: Ints) -> Iterator[Batch]:
        """Yield the spikes of cells, by their numbers, some at a time.

        Parameters
        ----------
        cells, steps, phases : ndarray of int64, shape (k,)
            Whose each is, how many steps along y its cell is from home, and at which phase of the jitter it comes.
        """


def crowd_of(
    cells: Sequence[Cell], setting: Setting, jitter: Sequence[float], span: tuple[int, int], step_um: float
) -> Crowd:
    """Return cells, all of one kind, as a crowd; none gets more steps from home than `span`."""
    templates = [cell for cell in cells if isinstance(cell, TemplateCell)]
    if templates:
        return _TemplateCrowd(templates, setting, jitter, step_um)
    drawn = [cell for cell in cells if isinstance(cell, DrawnCell)]
    near = [cell.near(setting, *(step * step_um for step in span))[0] for cell in drawn]
    some = np.full((len(drawn), max(map(len, near))), -1)
    for row, contacts in zip(some, near, strict=True):
        row[: len(contacts)] = contacts
    return _DrawnCrowd(drawn, setting, jitter, some, step_um)


def banks_of(
    cells: Sequence[Cell], setting: Setting, jitter: Sequence[float], smallest: float = SMALLEST
) -> list[Bank]:
    """Return the banks of cells at home, all of one kind, as :meth:`Cell.bank` has them.

    A cell that is drawn is seen where its spike is `smallest` or more, as a part of its peak.
    """
    drawn = [cell for cell in cells if isinstance(cell, DrawnCell)]
    if len(drawn) < len(cells) or not cells:
        return [cell.bank(setting, jitter) for cell in cells]
    everywhere = np.broadcast_to(np.arange(setting.n_contacts), (len(drawn), setting.n_contacts))
    crowd = _DrawnCrowd(drawn, setting, jitter, everywhere, 0.0, smallest)
    some = (np.arange(first, min(first + _CELLS, len(drawn))) for first in range(0, len(drawn), _CELLS))
    return [bank for numbers in some for bank in crowd.banks(numbers)]


class _TemplateCrowd(Crowd):
    """Cells with templates: what contacts see of each is found once for a place, and moved in time for each spike."""

    def __init__(
        self, cells: Sequence[TemplateCell], setting: Setting, jitter: Sequence[float], step_um: float
    ) -> None:
        self._cells, self._setting, self._jitter, self._step_um = cells, setting, jitter, step_um
        self._how = [cell.resampled(setting.sampling_rate) for cell in cells]
        self._seen = lru_cache(max(64, _KEPT_TEMPLATES * len(cells)))(self._looked)

    def spikes(self, cells: Ints, steps: Ints, phases: Ints) -> Iterator[Batch]:
        """Yield the spikes of cells, one at a time."""
        for k, (cell, step, phase) in enumerate(zip(cells.tolist(), steps.tolist(), phases.tolist(), strict=True)):
            contacts, values = self._seen(cell, step)
            shifts = None if self._setting.shifts is None else self._setting.shifts[contacts]
            spikes = self._how[cell].at(values, self._jitter[phase], shifts)
            spikes /= self._setting.gain_uV
            yield Batch(spikes.astype(np.float32), np.full(len(contacts), k), contacts)

    def _looked(self, cell: int, steps: int) -> tuple[Ints, Floats]:
        return self._cells[cell].seen(self._setting, np.array([0.0, steps * self._step_um, 0.0]))


class _Seen(NamedTuple):
    """Which contacts see some cells, one cell after the other, and what they see."""

    begins: Ints  # (k + 1,): where those of each are in what follows
    contacts: Ints
    traces: Traces  # in counts


class _DrawnCrowd(Crowd):
    """Cells whose spikes are drawn: what contacts see is found for all places that some have, then the spikes."""

    def __init__(
        self,
        cells: Sequence[DrawnCell],
        setting: Setting,
        jitter: Sequence[float],
        near: Ints,
        step_um: float,
        smallest: float = SMALLEST,
    ) -> None:
        self._setting, self._step_um, self._late = setting, step_um, np.array(jitter)
        self._window, self._many = Window.at(setting.sampling_rate), _Many(cells, setting, smallest)
        self._near = near  # (cells, m): contacts that may see each, and then -1
        self._tissue = ~np.isin(np.arange(setting.n_contacts), setting.outside)

    def spikes(self, cells: Ints, steps: Ints, phases: Ints) -> Iterator[Batch]:
        """Yield the spikes of cells."""
        places, of = np.unique(np.stack([cells, steps]), axis=1, return_inverse=True)
        seen, late = self._looked(*places), self._late[phases]
        widths = np.diff(seen.begins)[of]
        which = np.repeat(np.arange(len(of)), widths)
        # a spike's columns are those of its place
        columns = np.arange(len(which)) + (seen.begins[of] - np.cumsum(widths) + widths)[which]
        n, step = self._window.n, max(1, min(len(which), _VALUES // self._window.n))
        work = np.empty(3 * n * step)
        for low in range(0, len(which), step):
            some, whose = columns[low : low + step], which[low : low + step]
            room = work[: 3 * n * len(some)].reshape(3, n, len(some))
            spikes = seen.traces.only(some).spikes(self._window, late[whose], room)
            yield Batch(spikes.astype(np.float32), whose, seen.contacts[some])

    def banks(self, cells: Ints) -> Iterator[Bank]:
        """Yield the banks of some cells, at home."""
        n = len(self._late)
        whose, phases = np.repeat(cells, n), np.tile(np.arange(n), len(cells))
        none = Batch(np.empty((self._window.n, 0), np.float32), *np.empty((2, 0), np.int64))
        batches = zip(none, *self.spikes(whose, np.zeros_like(whose), phases), strict=True)
        counts, which, contacts = (np.concatenate(parts, axis=-1) for parts in batches)
        end = 0
        for m in np.bincount(which, minlength=len(whose))[::n].tolist():
            begin, end = end, end + m * n
            own = counts[:, begin:end].reshape(len(counts), n, m)
            yield Bank(contacts[begin : begin + m].copy(), np.ascontiguousarray(own.transpose(1, 0, 2)))

    def _looked(self, cells: Ints, steps: Ints) -> _Seen:
        """Return what contacts see of cells that are so many steps from home."""
        near, many, setting = self._near[cells], self._many, self._setting
        moved = np.stack([np.zeros(len(cells)), steps * self._step_um, np.zeros(len(cells))], axis=-1)
        footprint = many.footprint(cells)
        away, along = footprint.distances(setting.places[near] - moved[:, None], many.homes[cells])
        sizes = footprint.sizes(away) / many.own_sizes[cells]
        seen = (near >= 0) & self._tissue[near] & (sizes >= many.least[cells])
        # the nearest contact is among them, as it sees the most
        delays = footprint.delays(away, np.where(near >= 0, away, np.inf).min(axis=1, keepdims=True, initial=np.inf))
        sight = Sight(*(part[seen] for part in (sizes, away, along, delays, setting.late_ms[near])))
        which = np.nonzero(seen)[0]
        traces = sight.traces(self._window, *many.shapes(cells[which]))
        begins = np.searchsorted(which, np.arange(len(cells) + 1))
        return _Seen(begins, near[seen], traces)


class _Many:
    """What cells are like, each number an array, with a row for each."""

    def __init__(self, cells: Sequence[DrawnCell], setting: Setting, smallest: float) -> None:
        self.homes = np.array([cell.location for cell in cells])[:, None]
        self.own_sizes = np.array([cell.own_size(setting) for cell in cells])
        self.least = np.array([[cell.least(setting, smallest)] for cell in cells])
        self._footprints = [np.array(part) for part in zip(*(cell.footprint for cell in cells), strict=True)]
        self._shapes = np.array([cell.shape for cell in cells]).T
        self._middles = np.array([cell.middle for cell in cells]).T
        self._counts = np.array([cell.amplitude_uV for cell in cells]) / setting.gain_uV

    def footprint(self, cells: Ints) -> Footprint:
        """Return the footprints of some, each number (k, 1)."""
        length, power, axis, elongation, speed = (part[cells].T[..., None] for part in self._footprints)
        fall = None if power.dtype == object else power  # all of a session's fall by one law
        return Footprint(length, fall, tuple(axis), elongation, speed)  # type: ignore[arg-type]  # numbers are arrays

    def shapes(self, cells: Ints) -> tuple[Shape, Middle, Floats]:
        """Return the shapes of some, each number (k,), their middles, and their amplitudes in counts."""
        return Shape(*self._shapes[:, cells]), Middle(*self._middles[:, cells]), self._counts[cells]
