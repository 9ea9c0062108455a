"""A cell whose spike is a template of the user's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

import numpy as np

from ....ground.arrays import Floats, Ints
from ...layers import Setting
from ..motion.part import STEP_UM
from .cell import Cell, inside
from .numbers import digits
from .resampled import Resampled
from .template import Template
from .window import Window

Place = tuple[float, float, float]

_NOTHING_uV = 1e-9  # the peak of what no contact sees


@dataclass(frozen=True)
class TemplateCell(Cell):
    """A cell whose spike is a template.

    Attributes
    ----------
    template : Template
    shift : tuple of float
        How far from the template's own coordinates it is, µm.
    factor : float
        By which the template is multiplied.
    smallest : float
        The part of its peak below which it is left out.
    """

    template: Template
    shift: Place
    factor: float
    smallest: float

    @property
    def is_seen(self) -> bool:
        """Whether any contact sees it at home."""
        return abs(self.amplitude_uV) > _NOTHING_uV

    @property
    def origin(self) -> dict[str, str]:
        """Which template it has."""
        return {"template": self.template.id}

    def window(self, sampling_rate: Fraction) -> Window:
        """Return the samples that its spike has: those of the template."""
        return self.resampled(sampling_rate).window

    def resampled(self, sampling_rate: Fraction) -> Resampled:
        """Return how the template's samples become those of a rate."""
        own = self.template
        return Resampled(own.before, own.waveforms.shape[1], own.sampling_rate, sampling_rate)

    def contacts(self, setting: Setting, moved: Floats | None = None) -> Ints:
        """Return where its spike is half a count or more, large enough, and in the tissue: int64 (m,), ascending."""
        return self.seen(setting, moved)[0]

    def seen(self, setting: Setting, moved: Floats | None = None) -> tuple[Ints, Floats]:
        """Return where it is seen, as :meth:`contacts` has it, and the template there, at its own rate, µV."""
        values = self._values(setting.places, moved)
        contacts = inside(np.abs(values).max(axis=0) >= self._least_uV(setting), setting)
        return contacts, values[:, contacts]

    def reach(self, setting: Setting, low_um: float, high_um: float) -> tuple[Ints, Floats]:
        """Return where its spike may be seen as it moves along y, and a bound of its counts there."""
        peaks = np.zeros(setting.n_contacts)
        for step in range(floor(low_um / STEP_UM), ceil(high_um / STEP_UM) + 1):
            values = self._values(setting.places, np.array([0.0, step * STEP_UM, 0.0]))
            np.maximum(peaks, np.abs(values).max(axis=0), out=peaks)
        seen = inside(peaks >= self._least_uV(setting), setting)
        return seen, peaks[seen] * (self.resampled(setting.sampling_rate).most / setting.gain_uV)

    def waveforms(
        self,
        setting: Setting,
        late: float | Sequence[float] = 0.0,
        moved: Floats | None = None,
        contacts: Ints | None = None,
    ) -> Floats:
        """Return the mean spike that contacts see."""
        some = slice(None) if contacts is None else contacts
        how, values = self.resampled(setting.sampling_rate), self._values(setting.places[some], moved)
        shifts = None if setting.shifts is None else setting.shifts[some]
        spikes = np.stack([how.at(values, one, shifts) for one in np.atleast_1d(late).tolist()])
        return spikes if np.ndim(late) else spikes[0]

    def scaled(self, factor: float) -> TemplateCell:
        """Return the cell with a spike so many times as large."""
        return replace(self, factor=self.factor * factor, amplitude_uV=self.amplitude_uV * factor)

    def settled(self, setting: Setting, moved_um: float, floor_uV: Floats) -> TemplateCell:
        """Return the cell with a home farther along y: the same spikes, and the contact that sees it best there."""
        x, y, z = self.location
        away, along, off = self.shift
        there = replace(self, location=(x, round(y + moved_um, 3), z), shift=(away, along + moved_um, off))
        return there.peaked(setting).measured(setting, floor_uV)

    def peaked(self, setting: Setting) -> TemplateCell:
        """Return the cell with the contact in the tissue that sees it best, and its peak there."""
        sizes = np.abs(self._values(setting.places, None)).max(axis=0)
        sizes[list(setting.outside)] = -1.0
        there = replace(self, peak_contact=int(sizes.argmax()))
        spike = there.waveforms(setting.at_once, contacts=np.array([there.peak_contact]))[:, 0]
        return replace(there, amplitude_uV=digits(float(spike[np.abs(spike).argmax()])) or _NOTHING_uV)

    def _values(self, places: Floats, moved: Floats | None) -> Floats:
        values = self.template.at(places - np.array(self.shift), 0.0 if moved is None else float(moved[1]))
        values *= self.factor
        return values

    def _least_uV(self, setting: Setting) -> float:
        return self.least(setting, self.smallest) * abs(self.amplitude_uV)
