"""A cell whose spike is drawn: a shape in time and a footprint in space, both in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ....ground.arrays import Floats, Ints
from ...layers import Setting
from .cell import SMALLEST, Cell, inside
from .footprint import Footprint
from .numbers import digits
from .shapes import TROUGH, Middle, Shape
from .sight import Sight
from .window import Window


@dataclass(frozen=True)
class DrawnCell(Cell):
    """A cell whose spike is drawn.

    Attributes
    ----------
    shape : Shape
        Its spike in time.
    footprint : Footprint
        Its spike in space.
    middle : Middle
        Which moment of its spike stands at its time, so that the sample there is the largest, however late it is.
    """

    shape: Shape
    footprint: Footprint
    middle: Middle = TROUGH

    def window(self, sampling_rate: Fraction) -> Window:
        """Return the samples that its spike has."""
        return Window.at(sampling_rate)

    def contacts(self, setting: Setting, moved: Floats | None = None, smallest: float = SMALLEST) -> Ints:
        """Return where its spike is half a count or more, large enough, and in the tissue: int64 (m,), ascending."""
        return self.seen(setting, moved, smallest)[0]

    def seen(self, setting: Setting, moved: Floats | None = None, smallest: float = SMALLEST) -> tuple[Ints, Sight]:
        """Return where it is seen, as :meth:`contacts` has it, and how."""
        sight = self.sight(setting, moved)
        contacts = inside(sight.sizes >= self.least(setting, smallest), setting)
        return contacts, Sight(*(part[contacts] for part in sight))

    def near(self, setting: Setting, low_um: float, high_um: float) -> tuple[Ints, Floats]:
        """Return where its spike may be large enough as it moves along y, in the tissue or not, and its size there."""
        away = self.footprint.nearest(setting.places, np.array(self.location), low_um, high_um)
        sizes = self.footprint.sizes(away) / self.own_size(setting)
        near = np.flatnonzero(sizes >= self.least(setting, SMALLEST) - 1e-9)
        return near, sizes[near]

    def reach(self, setting: Setting, low_um: float, high_um: float) -> tuple[Ints, Floats]:
        """Return where its spike may be seen as it moves along y, and a bound of its counts there."""
        near, sizes = self.near(setting, low_um, high_um)
        seen = ~np.isin(near, setting.outside)
        largest = self.shape.most(Window.at(setting.sampling_rate).step_ms) / self.middle.size
        return near[seen], sizes[seen] * (largest * abs(self.amplitude_uV) / setting.gain_uV)

    def waveforms(
        self,
        setting: Setting,
        late: float | Sequence[float] = 0.0,
        moved: Floats | None = None,
        contacts: Ints | None = None,
    ) -> Floats:
        """Return the mean spike that contacts see, to a millionth of its peak: not to the last bit of an ``exp``."""
        window, each = Window.at(setting.sampling_rate), np.atleast_1d(late)
        traces = self.sight(setting, moved, contacts).traces(window, self.shape, self.middle, self.amplitude_uV)
        m = len(traces.factors)
        spikes = traces.only(np.tile(np.arange(m), len(each))).spikes(window, np.repeat(each, m))
        apart = np.ascontiguousarray(np.moveaxis(spikes.reshape(window.n, len(each), m), 1, 0))
        return apart if np.ndim(late) else apart[0]

    def scaled(self, factor: float) -> DrawnCell:
        """Return the cell with a spike so many times as large."""
        return replace(self, amplitude_uV=self.amplitude_uV * factor)

    def centred(self, setting: Setting) -> DrawnCell:
        """Return the cell with its spike moved to where the sample at its time is the largest."""
        seen = self.sight(setting, None, np.array([self.peak_contact]))
        return replace(self, middle=self.shape.middle(seen.away, seen.along, Window.at(setting.sampling_rate).step_ms))

    def settled(self, setting: Setting, moved_um: float, floor_uV: Floats) -> DrawnCell:
        """Return the cell with a home farther along y: the same spikes, and the contact that sees it best there."""
        x, y, z = self.location
        home = np.array([x, round(y + moved_um, 3), z])
        contact = int(self.footprint.distances(setting.places, home)[0].argmin())
        here = replace(self, location=tuple(home.tolist()), peak_contact=contact).centred(setting)
        nearer = float(here.own_size(setting)[0] / self.own_size(setting)[0])
        here = replace(here, amplitude_uV=digits(self.amplitude_uV * nearer * here.middle.size / self.middle.size))
        return here.measured(setting, floor_uV)

    def sight(self, setting: Setting, moved: Floats | None = None, contacts: Ints | None = None) -> Sight:
        """Return how contacts see it; the parameters are those of :meth:`waveforms`."""
        home, some = np.array(self.location), slice(None) if contacts is None else contacts
        # It is the contacts that move, the other way: a step of the probe's own grid so is exact.
        away, along = self.footprint.distances(setting.places if moved is None else setting.places - moved, home)
        delays = self.footprint.delays(away, float(away.min()))
        sizes = self.footprint.sizes(away[some]) / self.own_size(setting)
        return Sight(sizes, away[some], along[some], delays[some], setting.late_ms[some])

    def own_size(self, setting: Setting) -> Floats:
        """Return the size of its spike at home, at its own contact, as a part of that at no distance."""
        return self.footprint.sizes(
            self.footprint.distances(setting.places[[self.peak_contact]], np.array(self.location))[0]
        )
