"""Movement artifacts: the animal moves, cables swing, and all contacts with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, replace
from math import sqrt
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ....ground.arrays import Floats
from ...draws import Draws, normal_table
from ...incidents import FaultRow, Incident, Rig
from ...layers import Counts, Layer, Setting
from ..form import real, span
from ..noise.white import WhiteLayer
from ..units.numbers import between, log_between
from .bouts import LONGEST_MS, Bout, Bouts, check_bouts
from .part import Fault, check_most

_SWINGS = 0.5, 3.0  # the fewest and the most of a movement
_TILT = 0.6  # by how much the ends of the contacts differ from their middle, at most
_SPREAD = 0.1  # standard deviation of what single contacts have more or less
_MUSCLE_HZ = 2000.0  # where the noise of muscles has its first zero
_ROWS = 1 << 12  # samples worked on at once

Ints32 = npt.NDArray[np.int32]


@dataclass(frozen=True)
class MovementArtifact(Fault):
    """Slow and large deflections on all channels, at random: they swing a few times, and differ along the contacts.

    Attributes
    ----------
    rate_hz : float
        How many there are a second, on the mean.
    length_ms : tuple of float
        How long they are, the least and the most.
    uV : tuple of float
        How far they go, the least and the most, between which they are spread on the scale of ratios.
    muscle_uV : float
        Standard deviation in their middle of what muscles add: noise below 1 kHz, the same on all channels.
    """

    name: ClassVar[str] = "movement"

    rate_hz: float = real(0.02, 0.0, 1000.0)
    _: KW_ONLY
    length_ms: tuple[float, float] = span((300.0, 2000.0), 1.0, LONGEST_MS)
    uV: tuple[float, float] = span((300.0, 3000.0), 0.01, 1e6)
    muscle_uV: float = real(20.0, 0.0, 10_000.0)

    def __post_init__(self) -> None:
        """Check all fields, and that half of the time is left."""
        super().__post_init__()
        check_bouts(type(self).__name__, self.rate_hz, self.length_ms)

    def incident(self, name: str, rig: Rig) -> Incident:
        """Return what it comes to in a session."""
        bouts = Bouts(name, rig.setting, self.rate_hz, self.length_ms, n_shares=4)
        return _Movement(_MovementLayer(name, rig.setting, self, bouts), bouts, rig.channels)


class _Movement(Incident):
    def __init__(self, layer: Layer, bouts: Bouts, channels: tuple[int, ...]) -> None:
        self.layer, self._name, self._bouts, self._channels = layer, layer.name, bouts, channels

    def rows(self, seg_index: int, start: int, stop: int) -> Iterator[FaultRow]:
        """Yield the movements."""
        for bout in self._bouts.within(seg_index, start, stop):
            yield FaultRow(
                MovementArtifact.name, seg_index, self._channels, bout.i_start, bout.i_stop, layer=self._name
            )


class _MovementLayer(Layer):
    def __init__(self, name: str, setting: Setting, part: MovementArtifact, bouts: Bouts) -> None:
        self.name, self._setting, self._part, self._bouts = name, setting, part, bouts
        draws = Draws.of(setting.bits(name, 2))
        self._own: Floats = 1 + _SPREAD * draws.normals(setting.n_contacts)
        self._depths = _depths(setting)
        one = replace(setting, places=setting.places[:1], shifts=None, outside=())
        self._n = max(1, round(float(setting.sampling_rate) / _MUSCLE_HZ))
        self._muscle = WhiteLayer(f"{name}.muscle", one, part.muscle_uV)
        own = 1 + _SPREAD * float(normal_table()[-1])
        most = part.uV[1] / setting.gain_uV * (own + _TILT / 2) + self._muscle.most * sqrt(self._n) * own
        self.most = int(most) + 1
        check_most(type(part).__name__, self.most)

    def add(self, out: Counts, seg_index: int, i_start: int) -> None:
        """Add samples of a segment to `out`."""
        i_stop = i_start + len(out)
        for bout in self._bouts.within(seg_index, i_start, i_stop):
            for begin in range(max(i_start, bout.i_start), min(i_stop, bout.i_stop), _ROWS):
                end = min(begin + _ROWS, i_stop, bout.i_stop)
                out[begin - i_start : end - i_start] += self._counts(bout, seg_index, begin, end)

    def _counts(self, bout: Bout, seg_index: int, begin: int, end: int) -> Ints32:
        """Return a movement on all contacts, each at its own time: (end - begin, n_contacts)."""
        size, tilt, swings, turn = bout.shares
        sizes = self._own + (2 * tilt - 1) * _TILT * self._depths
        sizes *= log_between(self._part.uV, size) / self._setting.gain_uV
        shifts, which = self._setting.turns
        share = (np.arange(begin - bout.i_start, end - bout.i_start)[:, None] + shifts) / bout.n
        angle = between(_SWINGS, swings) * share + turn
        # rounded, so that the last bit of a machine's cosine does not matter
        swing, around = (np.round(np.cos(2 * np.pi * turns), 9) for turns in (angle, share))
        there = 0.5 - 0.5 * around
        total = (swing * there)[:, which] * sizes
        total += (there[:, :1] * self._strain(seg_index, begin, end)) * self._own
        counts: Ints32 = np.rint(total).astype(np.int32)
        return counts

    def _strain(self, seg_index: int, begin: int, end: int) -> Floats:
        """Return the noise of muscles, (end - begin, 1): the mean of white noise in whole numbers, as strong as it."""
        first = max(0, begin - self._n + 1)
        white = np.zeros((end - first, 1), np.int32)
        self._muscle.add(white, seg_index, first)
        sums = np.pad(np.cumsum(white, dtype=np.int64), (self._n - (begin - first), 0))
        strain: Floats = (sums[self._n :] - sums[: -self._n]) / sqrt(self._n)
        return strain[:, None]


def _depths(setting: Setting) -> Floats:
    """Return where contacts are along what they reach furthest, float64 (n_contacts,), from -0.5 to 0.5."""
    along = setting.places[:, np.argmax(np.ptp(setting.places, axis=0))]
    low, reach = float(along.min()), float(np.ptp(along))
    depths: Floats = (along - low) / (reach or 1.0) - 0.5
    return depths
