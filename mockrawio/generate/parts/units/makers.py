"""What makes the cells of a session, one unit after another: with spikes that are drawn, or templates of the user's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from ....ground.arrays import Floats, Ints
from ....ground.checks import require
from ....ground.shown import Argument, Text
from ...draws import Draws
from ...layers import Setting
from .cell import Cell
from .classes import POSITIVE, drawn_shape
from .drawn import DrawnCell
from .numbers import digits, log_between
from .room import Room
from .spread import Spread
from .template import Template
from .template_cell import TemplateCell
from .templates import Templates

if TYPE_CHECKING:
    from .units import Units

_ALIKE = 0.1  # how far the sizes of a multi-unit's cells lie from each other, as a part of all sizes

K = TypeVar("K")  # what a cell is to be: a class, or a template


class CellMaker(ABC, Generic[K]):
    """What makes the cells of a session."""

    def __init__(self, units: Units, setting: Setting, floor_uV: Floats) -> None:
        self.units, self.setting, self.floor_uV = units, setting, floor_uV
        self._spread = Spread(setting)

    @abstractmethod
    def first(self, label: int, share: float) -> K:
        """Return what the first cell of a unit is to be."""

    @abstractmethod
    def further(self, share: float) -> K:
        """Return what a further cell of a multi-unit is to be."""

    @abstractmethod
    def alone(self, what: K) -> bool:
        """Return True if such a cell is never one of several."""

    @abstractmethod
    def cell(self, label: int, k: int, multi: bool, what: K, rate_hz: float, contact: int | None) -> Cell:
        """Return a cell, whose peak is 1 µV in size; near a given contact, or any."""

    def unit(self, label: int, index: int) -> Iterator[Cell]:
        """Yield the cells of a unit; the first one has a number among all cells."""
        share, size, rate, multi = self._spread.point(label)
        what = self.first(label, share)
        draws = Draws.of(self.setting.bits("units.multi", label))
        # one that points upwards stands out from the rest
        several = multi < self.units.multi and not self.alone(what)
        count = draws.integer(*self.units.cells_per_multi) if several else 1
        if several:
            size /= 2  # what cannot be told apart is small
        first = self.sized(self.cell(label, 0, count > 1, what, self.units.rate(rate), None), size)
        yield replace(first, index=index)
        for k in range(1, count):
            share, more, rate = draws.uniform(3).tolist()
            what = self.further(share)
            alike = min(max(size + _ALIKE * (more - 0.5), 0.0), 1.0)
            cell = self.cell(label, k, True, what, self.units.rate(rate), first.peak_contact)
            yield replace(self.sized(cell, alike), index=index + k)

    def sized(self, cell: Cell, share: float) -> Cell:
        """Return a cell whose peak is 1 µV with its size, by its place in a line of all, from 0 to 1."""
        band, floor = cell.band_peak(self.setting), float(self.floor_uV[cell.peak_contact])
        if self.units.amplitude_uV is None:
            snr = log_between(self.units.snr, share)
            size = digits(snr * floor / band)
        else:
            size = log_between(self.units.amplitude_uV, share)
            snr = digits(size * band / floor) if floor else np.inf
        return replace(cell.scaled(size), snr=snr)


class DrawnMaker(CellMaker[str]):
    """What makes cells whose spikes are drawn."""

    def __init__(self, units: Units, setting: Setting, floor_uV: Floats) -> None:
        super().__init__(units, setting, floor_uV)
        self._room = Room(setting, units.distance_um, units.min_distance_um, type(units).__name__)

    def first(self, label: int, share: float) -> str:
        """Return the class of the first cell of a unit."""
        return self.units.classes.name(share)

    def further(self, share: float) -> str:
        """Return the class of a further cell."""
        return self.units.classes.name(share, positive=False)

    def alone(self, what: str) -> bool:
        """Return True if such a cell is never one of several."""
        return what == POSITIVE

    def cell(self, label: int, k: int, multi: bool, what: str, rate_hz: float, contact: int | None) -> Cell:
        """Draw a cell."""
        draws = Draws.of(self.setting.bits("units.cell", label, k))
        shape, footprint = drawn_shape(what, draws), self.units.footprint.drawn(draws, what)
        location, peak = self._room.place(draws, footprint, contact)
        sign = 1.0 if what == POSITIVE else -1.0
        cell = DrawnCell(0, label, multi, what, location, peak, sign, 0.0, rate_hz, shape, footprint)
        return cell.centred(self.setting)


class TemplateMaker(CellMaker[Template]):
    """What makes cells with templates: each is the unit's in turn, in an order that is drawn for each time round."""

    def __init__(self, units: Units, templates: Templates, setting: Setting, floor_uV: Floats) -> None:
        super().__init__(units, setting, floor_uV)
        self._part, self._library = templates, templates.library()
        self._taken: Floats = np.empty((0, 3))
        self._inside: Ints = np.setdiff1d(np.arange(setting.n_contacts), setting.outside)

    def check(self, n: int) -> None:
        """Refuse more units than templates where these lie where they are, one on the other."""
        most = len(self._library)
        remedy = Text(
            "Give ", Argument("n", most, of="Units"), ", or ", Argument("relocate", True, of="Templates"), "."
        )
        ok = self._part.relocate or n <= most
        require(ok, Argument("n", of="Units"), f"at most {most} units, the templates that are not moved", n, remedy)

    def first(self, label: int, share: float) -> Template:
        """Return the template of the first cell of a unit."""
        if not self._part.relocate:
            return self._library[label]
        turn, place = divmod(label, len(self._library))
        order = self.setting.bits("units.templates", turn).random_raw(len(self._library))
        return self._library[int(np.argsort(order, kind="stable")[place])]

    def further(self, share: float) -> Template:
        """Return the template of a further cell."""
        return self._library[int(share * len(self._library))]

    def alone(self, what: Template) -> bool:
        """Return True if such a cell is never one of several."""
        return not self._part.relocate

    def cell(self, label: int, k: int, multi: bool, what: Template, rate_hz: float, contact: int | None) -> Cell:
        """Return a cell with a template."""
        shift: Floats = np.zeros(3)
        if self._part.relocate:
            shift = self._stand(what, Draws.of(self.setting.bits("units.cell", label, k)), contact)
        x, y, z = np.round(what.location + shift, 3).tolist()
        smallest = 0.01 if self._part.relocate else 0.0
        away = tuple(shift.tolist())
        made = TemplateCell(0, label, multi, what.kind, (x, y, z), 0, 0.0, 0.0, rate_hz, what, away, 1.0, smallest)
        made = made.peaked(self.setting)
        name, remedy = Argument("templates", of="Units"), Text("Give ", Argument("relocate", True, of="Templates"), ".")
        require(made.is_seen, name, "templates that the contacts see", f"none of {what.id!r}", remedy)
        return made.scaled(1 / abs(made.amplitude_uV)) if self._part.rescale else made

    def sized(self, cell: Cell, share: float) -> Cell:
        """Return a cell with its size: what is asked for, or that of its template."""
        return super().sized(cell, share) if self._part.rescale else cell.measured(self.setting, self.floor_uV)

    def _stand(self, what: Template, draws: Draws, contact: int | None) -> Floats:
        """Return how far a template is moved so that its peak stands on a contact, far enough from other cells.

        That is one that is drawn, or the nearest to a given one. Where no place is far enough, it is the one that is
        farthest.
        """
        places = self.setting.places[self._inside]
        if contact is None:
            order = np.argsort(draws.uniform(len(places)), kind="stable")
        else:
            away = np.square(places - self.setting.places[contact]).sum(axis=1)
            order = np.argsort(np.round(away, 3), kind="stable")
        shifts: Floats = places[order] - what.positions[what.peak]
        free = np.array([self._free(place) for place in what.location + shifts])
        fits = np.flatnonzero(free >= self.units.min_distance_um)
        chosen: Floats = shifts[fits[0] if len(fits) else free.argmax()]
        self._taken = np.concatenate([self._taken, (what.location + chosen)[None]])
        return chosen

    def _free(self, place: Floats) -> float:
        """Return how far the nearest cell is."""
        return float(np.sqrt(np.square(self._taken - place).sum(axis=1).min(initial=np.inf)))
