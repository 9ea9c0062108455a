"""Spike trains, drawn with a hard refractory period or given by a file, and the waveform of every spike.

A drawn train is exact: its stamps are ticks of a 32 kHz clock, whole numbers until the last
division, which float64 holds without rounding at today's 1.7e12 ms. So no stamp is below
the refractory period after another one, nor outside the recording, by any rounding.

In a broadband session a spike falls between two ticks, an odd number of sixteenths from the
nearest: 2**-9 ms, which float64 holds too. The nearest tick is a sample of the stream, and
far enough from both ends of its segment for the whole waveform.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Floats
from ..ground.errors import MockSessionError
from ..ground.once import once
from ..ground.shown import Argument, Clause, Text
from ..session.layout import UnitName
from . import timing
from .checks import WHOLE
from .curve import Curve
from .draws import Draws, Kind, normal_table
from .gain import fitting_gain
from .source import Place, SpikeSource, open_source
from .spec import SessionSpec
from .timing import PEAK, SPIKE_CLOCK, WAVEFORM, Segment

_JITTER = tuple((2 * phase - 7) / 16 for phase in range(8))  # evenly spread over a sample
_SPIKES_A_BLOCK = 1024  # 512 kB of float64, which a core's second-level cache holds


class Trains(ABC):
    """Where the spikes of a session's units are; its spec has a seed, and what was found in a file."""

    def __init__(self, spec: SessionSpec, segments: Sequence[Segment]) -> None:
        self.spec = spec
        self.seed = spec.seed or 0
        self.segments = segments
        self.start_ms = segments[0].start_ms

    @property
    def jitter(self) -> tuple[float, ...]:
        """By how many samples a spike may come after the nearest tick, for each phase; 0 without a stream."""
        return _JITTER if self.spec.is_broadband and self.spec.jitter else (0.0,)

    @property
    @abstractmethod
    def n_units(self) -> int:
        """How many units there are."""

    @abstractmethod
    def n_spikes(self, index: int, draws: Draws) -> int:
        """Return how many spikes a unit has, drawn if need be."""

    @abstractmethod
    def place(self, index: int, n: int) -> Place:
        """Return where the `n` spikes of a unit are; in a broadband session, where in the stream their peaks stand."""

    def times_ms(self, index: int, n: int) -> Floats:
        """Return the spike times of a unit, float64 (n,), ms since the Unix epoch."""
        segments, frames, phases = self.place(index, n)
        starts = np.array([segment.start_ms for segment in self.segments]) * SPIKE_CLOCK
        stamps: Floats = (frames + starts[segments]) / SPIKE_CLOCK
        stamps += np.array(self.jitter)[phases] / SPIKE_CLOCK
        return stamps

    def content(self, trains: Sequence[Train]) -> dict[str, object]:
        """Return what the manifest says of spikes that come from a file; nothing where they are drawn."""
        return {}

    def warnings(self) -> list[str]:
        """Return the warnings for whoever makes the session."""
        return []


class DrawnTrains(Trains):
    """Trains that are drawn.

    Given their number, the times are those of a Poisson process with a dead time: spread
    evenly over the recording less the dead times, which are then put back between them.
    """

    @property
    def n_units(self) -> int:
        """How many units there are."""
        if self.spec.n_units is not None:
            return self.spec.n_units
        return Draws(self.seed, Kind.UNIT_COUNT).integer(*timing.UNITS)

    def n_spikes(self, index: int, draws: Draws) -> int:
        """Return how many spikes a unit has, drawn."""
        return draws.integer(*self.spec.spike_range(sum(segment.n_ms for segment in self.segments)))

    def place(self, index: int, n: int) -> Place:
        """Return where the `n` spikes of a unit are."""
        whole, dead = self.spec.is_broadband, self.spec.refractory_ticks
        ends = np.cumsum([0] + [timing.spike_room(segment.n_ms, whole) for segment in self.segments])
        free = int(ends[-1]) - max(0, n - 1) * dead
        ticks = np.sort(Draws(self.seed, Kind.TRAIN, index).integers(0, free - 1, n))
        ticks += np.arange(n) * dead
        segments = np.searchsorted(ends[:-1], ticks, side="right") - 1
        drawn = len(self.jitter) > 1
        phases = Draws(self.seed, Kind.JITTER, index).words16(n) & 7 if drawn else np.zeros(n)
        return Place(segments, ticks - ends[segments] + (PEAK if whole else 0), phases.astype(np.uint8))


class GivenTrains(Trains):
    """Trains that come from a file, as far as the session has room; a unit's are those of the node of its number."""

    def __init__(self, spec: SessionSpec, segments: Sequence[Segment], source: SpikeSource) -> None:
        super().__init__(replace(spec, spikes_sha256=source.sha256), segments)
        self._starts = np.array([float(segment.start_ms - self.start_ms) for segment in segments])
        lengths = np.array([float(segment.n_ms) for segment in segments])
        self.source = source.within(self._starts, lengths, spec.is_broadband)

    @property
    def n_units(self) -> int:
        """How many units there are."""
        return len(self.source)

    def n_spikes(self, index: int, draws: Draws) -> int:
        """Return how many spikes a unit has."""
        return len(self.source.train(index))

    def place(self, index: int, n: int) -> Place:
        """Return where the spikes of a unit are."""
        place = Place.of(self.source.train(index), self._starts)
        return place if len(self.jitter) > 1 else place._replace(phases=np.zeros(n, np.uint8))

    def times_ms(self, index: int, n: int) -> Floats:
        """Return the spike times of a unit: the file's, to the nearest float64, where there is no stream."""
        return super().times_ms(index, n) if self.spec.is_broadband else self.start_ms + self.source.train(index)

    def content(self, trains: Sequence[Train]) -> dict[str, object]:
        """Return how many spikes were left out, how many are too close, and the node id of every unit."""
        nodes = {train.name.id: int(self.source.node_ids[train.index]) for train in trains}
        return {"spikes": {"dropped": self.source.n_dropped, "closer_than_refractory": self._close, "node_ids": nodes}}

    def warnings(self) -> list[str]:
        """Say which spikes of the file were left out, and which are closer than they should be."""
        texts: list[str] = []
        path = self.spec.spikes
        if self.source.n_dropped:
            room = " with room for its waveform" if self.spec.is_broadband else ""
            texts.append(f"{path}: left out spikes that are in no recorded segment{room}: {self.source.n_dropped}")
        if self._close:
            text = f"spikes closer than {self.spec.refractory_ms:g} ms to the one before of their unit: {self._close}"
            expecting = Clause(", and ", Argument("refractory_ms", 0), " expects them")
            texts.append(Text(f"{path}: {text}; they are kept", expecting))
        return texts

    @once
    def _close(self) -> int:
        return self.source.too_close(self.spec.refractory_ms)


def open_trains(spec: SessionSpec, segments: Sequence[Segment]) -> Trains:
    """Return the trains of a session, read from its file if it has one."""
    if spec.spikes is None:
        return DrawnTrains(spec, segments)
    source = open_source(spec.spikes, spec.spikes_sha256)
    most = WHOLE["n_units"][1]
    if len(source) > most:
        raise MockSessionError(spec.spikes, f"at most {most} nodes", len(source), "Give fewer.")
    return GivenTrains(spec, segments, source)


@dataclass(frozen=True)
class Train:
    """A unit and its spikes; two are equal whatever others there are."""

    name: UnitName  # of its file
    index: int  # the order it was drawn in, which keys its seeds
    n_spikes: int  # in all segments
    trains: Trains = field(compare=False, repr=False)  # all of the session

    def times_ms(self) -> Floats:
        """Return the spike times, float64 (n_spikes,), ms since the Unix epoch, ascending, none in a gap.

        They are multiples of 1/32 ms; with jitter in a broadband session, of 1/512 ms. Where they come from a file and
        there is no broadband stream, they are the file's, to the nearest float64.
        """
        return self.trains.times_ms(self.index, self.n_spikes)

    def place(self) -> Place:
        """Return the segment of each spike, the nearest tick in it, and the phase of its jitter."""
        return self.trains.place(self.index, self.n_spikes)

    def factors(self) -> npt.NDArray[np.float32]:
        """Return what each spike of a broadband session is multiplied by, around 1, float32 (n_spikes,)."""
        normals = self._draws(Kind.AMPLITUDE).normals(self.n_spikes)
        return (1 + self.trains.spec.amplitude_sd * normals).astype(np.float32)

    def curve(self) -> Curve:
        """Return the mean waveform."""
        return Curve.drawn(self.trains.seed, self.index)

    def noisy_waveforms(self) -> Iterator[Floats]:
        """Yield the waveforms of a session without broadband in µV, block after block of shape (n, 64)."""
        curve = self.curve()
        mean, noise, draws = curve.at(), normal_table() * curve.sd, self._draws(Kind.WAVEFORM)
        for begin in range(0, self.n_spikes, _SPIKES_A_BLOCK):
            block = np.empty((min(_SPIKES_A_BLOCK, self.n_spikes - begin), WAVEFORM))
            # An index of 16 bits cannot leave the table; "clip" spares NumPy a second buffer.
            np.take(noise, draws.words16(block.size).reshape(block.shape), out=block, mode="clip")
            block += mean
            yield block

    def waveform_gain(self) -> float:
        """Return the µV per count of :meth:`noisy_waveforms` in int16, such that none of them can clip."""
        curve = self.curve()
        return fitting_gain(float(abs(curve.at()).max()) + curve.sd * float(normal_table()[-1]))

    def _draws(self, kind: Kind) -> Draws:
        return Draws(self.trains.seed, kind, self.index)
