"""The cells of a session: what they look like, where they are, how they fire, and which files they are in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..formats.npy_out import Blocks
from ..ground.arrays import Floats, Ints
from ..ground.once import once
from ..session.content import UnitContent
from ..session.files import Scale
from ..session.layout import UnitName
from .course import Course, steps_um
from .draws import Draws, Kind, normal_table
from .gain import counts
from .layers import Setting
from .parts.units import Cell, banks_of
from .planted import Bank, SpikeTrains
from .source import SpikeSource
from .timing import PEAK, WAVEFORM, Segment

UNIT_TYPES = ("MU", "SU")
SPIKES_A_BLOCK = 1024  # 512 kB of float64, which a core's second-level cache holds


class Spiked(NamedTuple):
    """Some spikes of a unit, ascending, each array (n,)."""

    segments: Ints  # of each spike
    frames: Ints  # the sample of its segment that is nearest to it
    phases: npt.NDArray[np.uint8]  # which row of its cell's bank it is
    factors: npt.NDArray[np.float32]  # how many times as large
    cells: npt.NDArray[np.int32]  # which of the unit's cells it is of

    def part(self, low: int, high: int) -> Spiked:
        """Return those of some numbers, `high` not included."""
        some = slice(low, high)
        return Spiked(self.segments[some], self.frames[some], self.phases[some], self.factors[some], self.cells[some])

    def times_ms(self, cast: Cast) -> Floats:
        """Return when they are, float64 (n,), ms since the Unix epoch: multiples of a sixteenth of a sample."""
        starts = np.array([segment.start_ms for segment in cast.segments], np.float64)
        a_sample_ms = float(1000 / cast.setting.sampling_rate)
        stamps: Floats = starts[self.segments] + (self.frames + np.array(cast.jitter)[self.phases]) * a_sample_ms
        return stamps


@dataclass(frozen=True, eq=False)
class Cast:
    """All cells of a session, and what they are seen with."""

    setting: Setting
    segments: tuple[Segment, ...]
    cells: tuple[Cell, ...]
    before: int  # samples of a bank before a spike's own
    firing: SpikeTrains
    course: Course  # how they move and change
    jitter: tuple[float, ...]  # by how many samples a spike comes after its frame, for each phase
    exact: SpikeSource | None  # whose stamps are kept as they are, in a session without a stream
    noise_uV: Floats  # (n_contacts,): standard deviation of the noise around waveforms in a session without a stream

    @once
    def banks(self) -> tuple[Bank, ...]:
        """The waveforms of each cell at home."""
        return tuple(banks_of(self.cells, self.setting, self.jitter))

    def bank(self, index: int, steps: int = 0) -> Bank:
        """Return the bank of a cell, by its number, so many steps away from home."""
        if steps == 0:
            return self.banks[index]
        return self.cells[index].bank(self.setting, self.jitter, steps_um(steps))

    def contacts(self, index: int) -> Ints:
        """Return where a cell is seen, wherever it moves, int64 (m,), ascending."""
        if not self.course.moves:
            return self.banks[index].contacts
        return self.cells[index].reach(self.setting, *self.course.span_um)[0]

    def units(self, columns: Ints) -> tuple[CastUnit, ...]:
        """Return the units, ascending by channel; `columns` has where each contact is wired to."""
        labels: dict[int, list[int]] = {}
        for index, cell in enumerate(self.cells):
            labels.setdefault(cell.label, []).append(index)
        seen: Counter[tuple[int, str]] = Counter()
        units = []
        for label, members in labels.items():
            first = self.cells[members[0]]
            place = int(columns[first.peak_contact]) + 1, UNIT_TYPES[not first.multi]
            seen[place] += 1
            units.append(CastUnit(UnitName(*place, seen[place]), label, tuple(members), self))
        return tuple(sorted(units, key=lambda unit: unit.name))


@dataclass(frozen=True)
class CastUnit:
    """A unit: one cell, or several that nobody can tell apart; two are equal whatever others there are."""

    name: UnitName  # of its file
    index: int  # the order it was drawn in
    members: tuple[int, ...]  # the numbers of its cells
    cast: Cast = field(compare=False, repr=False)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Its cells."""
        return tuple(self.cast.cells[member] for member in self.members)

    @property
    def n_expected(self) -> float:
        """About how many spikes it has."""
        seconds = float(sum(self.cast.setting.lengths) / self.cast.setting.sampling_rate)
        return sum(cell.rate_hz for cell in self.cells) * seconds

    def spikes(self) -> Spiked:
        """Return its spikes in the recording, in all segments."""
        parts = [self.within(k, 0, n) for k, n in enumerate(self.cast.setting.lengths)]
        return Spiked(*map(np.concatenate, zip(*parts, strict=True)))

    def steps(self, spikes: Spiked) -> Ints:
        """Return how many steps from home the cells of its spikes are, int64 (n,)."""
        course, steps = self.cast.course, np.zeros(len(spikes.frames), np.int64)
        depths = np.array([cell.location[1] for cell in self.cells])[spikes.cells]
        for seg_index in range(len(self.cast.segments)):
            here = spikes.segments == seg_index
            steps[here] = course.steps(course.moments(seg_index, spikes.frames[here]), depths[here])
        return steps

    def times_ms(self) -> Floats:
        """Return the spike times, float64 (n_spikes,), ms since the Unix epoch, ascending, none in a gap."""
        if self.cast.exact is not None:
            return self.cast.segments[0].start_ms + self.cast.exact.train(self.index)
        return self.spikes().times_ms(self.cast)

    def within(self, seg_index: int, start: int, stop: int) -> Spiked:
        """Return its spikes from frame `start` to `stop` (not included) of a segment, which has these frames."""
        fired = [self.cast.firing.fired(member, seg_index, start, stop) for member in self.members]
        cells = np.repeat(np.arange(len(fired), dtype=np.int32), [len(some.frames) for some in fired])
        frames, phases, factors = (np.concatenate(part) for part in zip(*fired, strict=True))
        order = np.lexsort((phases, frames)) if len(fired) > 1 else slice(None)
        segments = np.full(len(frames), seg_index)
        return Spiked(segments, frames[order], phases[order], factors[order], cells[order])

    def content(self, encoding: str) -> UnitContent:
        """Return what its file holds in a session without a stream: waveforms at its own contact, in white noise."""
        spikes = self.spikes()
        shape, times, blocks = (len(spikes.frames), WAVEFORM), self.times_ms(), self._waveforms(spikes)
        if encoding == "float64":
            return UnitContent(self.name, times, Blocks("<f8", shape, blocks))
        gain, rate = self.cast.setting.gain_uV, float(self.cast.setting.sampling_rate)
        in_counts = Blocks("<i2", shape, (counts(block, gain) for block in blocks))
        return UnitContent(self.name, times, in_counts, Scale(gain), rate)

    def _waveforms(self, spikes: Spiked) -> Iterator[Floats]:
        """Yield the waveforms in µV, block after block of shape (n, 64)."""
        contact = self.cells[0].peak_contact
        means = np.stack([_seen(self.cast.banks[member], contact, self.cast.before) for member in self.members])
        means *= self.cast.setting.gain_uV
        noise = normal_table() * self.cast.noise_uV[contact]
        draws = Draws(self.cast.setting.seed, Kind.WAVEFORM, self.index)
        for begin in range(0, len(spikes.frames), SPIKES_A_BLOCK):
            some = slice(begin, begin + SPIKES_A_BLOCK)
            block = means[spikes.cells[some]] * spikes.factors[some, None].astype(np.float64)
            block += noise[draws.words16(block.size).reshape(block.shape)]
            yield block


def _seen(bank: Bank, contact: int, before: int) -> Floats:
    """Return the mean spike on a contact as a file has it, float64 (64,), its own sample at 19, in counts."""
    seen: Floats = np.zeros(WAVEFORM)
    if contact in bank.contacts:
        whole = bank.counts[0, :, bank.contacts == contact][0].astype(np.float64)
        first = before - PEAK
        part = whole[max(0, first) : first + WAVEFORM]
        seen[max(0, -first) : max(0, -first) + len(part)] = part
    return seen
