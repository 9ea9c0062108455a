"""The units of Epiphyte's sessions: spike trains, drawn or given by a file, and the waveform of every spike.

A drawn train is exact: its stamps are ticks of a 32 kHz clock, whole numbers until the last
division, which float64 holds without rounding at today's 1.7e12 ms. So no stamp is below
the refractory period after another one, nor outside the recording, by any rounding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..formats.npy_out import Blocks
from ..ground.arrays import Floats
from ..session.content import UnitContent
from ..session.files import Scale
from ..session.layout import UnitName
from . import timing
from .cast import SPIKES_A_BLOCK, UNIT_TYPES
from .curve import Curve
from .draws import Draws, Kind, normal_table
from .gain import counts, fitting_gain
from .parts.units import EpiphyteUnits
from .source import SpikeSource
from .spec import SessionSpec
from .timing import SPIKE_CLOCK, WAVEFORM, WAVEFORM_RATE, Segment


@dataclass(frozen=True, eq=False)
class Trains:
    """Where the spikes of a session's units are.

    Those that are drawn are, given their number, a Poisson process with a dead time: spread
    evenly over the recording less the dead times, which are then put back between them.
    """

    units: EpiphyteUnits
    seed: int
    segments: Sequence[Segment]
    source: SpikeSource | None  # of those that come from a file; a unit's are those of the node of its number

    @property
    def n_units(self) -> int:
        """How many units there are."""
        if self.source is not None:
            return len(self.source)
        return Draws(self.seed, Kind.UNIT_COUNT).integer(*timing.UNITS) if self.units.n is None else self.units.n

    def n_spikes(self, index: int, draws: Draws) -> int:
        """Return how many spikes a unit has, drawn if need be."""
        if self.source is not None:
            return len(self.source.train(index))
        return draws.integer(*self.units.spike_range(sum(segment.n_ms for segment in self.segments)))

    def times_ms(self, index: int, n: int) -> Floats:
        """Return the spike times of a unit, float64 (n,), ms since the Unix epoch."""
        if self.source is not None:
            return self.segments[0].start_ms + self.source.train(index)
        dead = self.units.refractory_ticks
        ends = np.cumsum([0] + [segment.n_ms * SPIKE_CLOCK for segment in self.segments])
        free = int(ends[-1]) - max(0, n - 1) * dead
        ticks = np.sort(Draws(self.seed, Kind.TRAIN, index).integers(0, free - 1, n))
        ticks += np.arange(n) * dead
        segments = np.searchsorted(ends[:-1], ticks, side="right") - 1
        starts = np.array([segment.start_ms for segment in self.segments]) * SPIKE_CLOCK
        stamps: Floats = (ticks - ends[segments] + starts[segments]) / SPIKE_CLOCK
        return stamps


@dataclass(frozen=True)
class Train:
    """A unit and its spikes; two are equal whatever others there are."""

    name: UnitName  # of its file
    index: int  # the order it was drawn in, which keys its seeds
    n_spikes: int  # in all segments
    trains: Trains = field(compare=False, repr=False)  # all of the session

    @property
    def n_expected(self) -> float:
        """How many spikes it has."""
        return self.n_spikes

    def times_ms(self) -> Floats:
        """Return the spike times, float64 (n_spikes,), ms since the Unix epoch, ascending, none in a gap.

        They are multiples of 1/32 ms, or where they come from a file that file's, to the nearest float64.
        """
        return self.trains.times_ms(self.index, self.n_spikes)

    def curve(self) -> Curve:
        """Return the mean waveform."""
        return Curve.drawn(self.trains.seed, self.index)

    def noisy_waveforms(self) -> Iterator[Floats]:
        """Yield the waveforms in µV, block after block of shape (n, 64)."""
        curve = self.curve()
        mean, noise = curve.at(), normal_table() * curve.sd
        draws = Draws(self.trains.seed, Kind.WAVEFORM, self.index)
        for begin in range(0, self.n_spikes, SPIKES_A_BLOCK):
            block = np.empty((min(SPIKES_A_BLOCK, self.n_spikes - begin), WAVEFORM))
            # An index of 16 bits cannot leave the table; "clip" spares NumPy a second buffer.
            np.take(noise, draws.words16(block.size).reshape(block.shape), out=block, mode="clip")
            block += mean
            yield block

    def content(self, encoding: str) -> UnitContent:
        """Return what its file holds."""
        shape, times, blocks = (self.n_spikes, WAVEFORM), self.times_ms(), self.noisy_waveforms()
        if encoding == "float64":
            return UnitContent(self.name, times, Blocks("<f8", shape, blocks))
        gain = self._gain()
        in_counts = Blocks("<i2", shape, (counts(block, gain) for block in blocks))
        return UnitContent(self.name, times, in_counts, Scale(gain), WAVEFORM_RATE)

    def _gain(self) -> float:
        """Return the µV per count of the waveforms in int16, such that none of them can clip."""
        curve = self.curve()
        return fitting_gain(float(abs(curve.at()).max()) + curve.sd * float(normal_table()[-1]))


def placed_trains(
    spec: SessionSpec, seed: int, segments: Sequence[Segment], source: SpikeSource | None
) -> tuple[Train, ...]:
    """Place every unit on a channel, number it there, and order them by channel."""
    assert isinstance(spec.units, EpiphyteUnits)
    trains = Trains(spec.units, seed, segments, source)
    seen: Counter[tuple[int, str]] = Counter()
    units = []
    for index in range(trains.n_units):
        draws = Draws(seed, Kind.PLACE, index)
        place = draws.integer(1, spec.contacts.n), UNIT_TYPES[draws.integer(0, 1)]
        seen[place] += 1
        units.append(Train(UnitName(*place, seen[place]), index, trains.n_spikes(index, draws), trains))
    return tuple(sorted(units, key=lambda unit: unit.name))
