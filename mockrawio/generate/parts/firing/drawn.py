"""The trains of the cells of a session, drawn block by block from all that says how they fire."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, reduce
from typing import NamedTuple

import numpy as np

from ....ground.arrays import Floats, Ints
from ...amplitudes import Amplitudes
from ...planted import Fired, SpikeTrains
from ...renewal import BLOCK, END, EVEN, STEPS, Spikes, Waits, renewed
from .bursts import Bursting
from .lock import Grid, Lock
from .pace import Pace
from .synchrony import CommonSpikes, without_near

_NAME = "spikes"  # by which the children of the seed are known
_KEPT = 4  # blocks


class Manner(NamedTuple):
    """How the cells of a session fire."""

    dead: int  # steps between two spikes of a cell, at least
    intervals: Waits
    bursting: Bursting | None
    common: CommonSpikes | None
    locks: Sequence[Lock]
    grid: Grid


class DrawnTrains(SpikeTrains):
    """Trains of cells.

    Parameters
    ----------
    manner : Manner
    rates_hz : sequence of float
        The mean rate of each cell.
    amplitudes : Amplitudes
    jitter : bool
        Whether spikes come between frames.
    """

    def __init__(self, manner: Manner, rates_hz: Sequence[float], amplitudes: Amplitudes, jitter: bool) -> None:
        self._manner, self._amplitudes, self._jitter = manner, amplitudes, jitter
        self._setting = amplitudes.setting
        self._paces = [self._pace(index, rate_hz) for index, rate_hz in enumerate(rates_hz)]
        self.fewest_frames = manner.dead // STEPS
        self.most_factor = amplitudes.most
        self._block = lru_cache(_KEPT * len(rates_hz))(self._drawn)

    def fired(self, index: int, seg_index: int, start: int, stop: int) -> Fired:
        """Return the spikes of a cell from frame `start` to `stop` of a segment; there are none before frame 0."""
        parts = [self._block(index, seg_index, block) for block in _blocks(start, stop)]
        frames, phases, factors = map(np.concatenate, zip(*parts, strict=True))
        low, high = np.searchsorted(frames, [start, stop]).tolist()
        return Fired(frames[low:high], phases[low:high], factors[low:high])

    def intensity(self, index: int, seg_index: int, start: int, stop: int) -> Floats:
        """Return the rate that a cell's spikes are drawn from at each frame, float64 (stop - start,), Hz."""
        grid, pace = self._manner.grid, self._paces[index]
        rates = [pace.rates_hz(self._gain(index, seg_index, block)) for block in _blocks(start, stop)]
        first, stops = start // BLOCK * grid.n, (start // grid.width, -(-stop // grid.width))
        parts = np.concatenate(rates)[stops[0] - first : stops[1] - first]
        begin = start - stops[0] * grid.width
        return np.repeat(parts, grid.width)[begin : begin + stop - start]

    def _pace(self, index: int, rate_hz: float) -> Pace:
        return Pace.of(self._setting, rate_hz, self._manner.dead, self._bursting(index), self._manner.common)

    def _bursting(self, index: int) -> Bursting | None:
        bursting = self._manner.bursting
        return bursting if bursting is not None and index in bursting.cells else None

    def _gain(self, index: int, seg_index: int, block: int) -> Floats:
        """Return how many times as high the rate of a cell's own spikes is in each part of a block."""
        gains = [lock.gain(index, seg_index, block) for lock in self._manner.locks]
        return reduce(np.multiply, [gain for gain in gains if gain is not None] or [np.ones(self._manner.grid.n)])

    def _drawn(self, index: int, seg_index: int, block: int) -> Fired:
        steps, bursting = self._steps(index, seg_index, block), self._bursting(index)
        frames, phases = Spikes.at(steps, block)
        factors = self._amplitudes.drawn(len(steps), index, seg_index, block)
        if bursting:
            factors *= bursting.sizes(steps)
        return Fired(frames, phases if self._jitter else np.zeros_like(phases), factors.astype(np.float32))

    def _steps(self, index: int, seg_index: int, block: int) -> Ints:
        """Return the spikes of a block, in steps after its beginning."""
        pace, common = self._paces[index], self._manner.common
        own = self._own(index, seg_index, block)
        if common is None or not pace.share:
            return own
        shared = common.spikes(pace.share, index, seg_index, block)
        return np.sort(np.concatenate([without_near(own, shared, pace.dead), shared]))

    def _own(self, index: int, seg_index: int, block: int) -> Ints:
        place, pace, bursting = (index, seg_index, block), self._paces[index], self._bursting(index)
        bits, intervals = self._setting.bits(_NAME, *place), self._manner.intervals
        clock = pace.tempo(self._gain(*place)) if self._manner.locks else EVEN
        if bursting is None:
            return renewed(bits, intervals, pace.mean, lambda n: np.full(n, pace.dead), clock)

        def busy(n: int) -> Ints:
            bursts = bursting.gaps(n - 1, *place).sum(axis=1)
            return pace.dead + np.concatenate([[0], bursts])

        firsts = renewed(bits, intervals, pace.mean, busy, clock)
        gaps = bursting.gaps(len(firsts), *place)
        all_of = firsts[:, None] + np.cumsum(np.insert(gaps, 0, 0, axis=1), axis=1)
        there = np.insert(gaps > 0, 0, True, axis=1) & (all_of < END)
        return all_of[there]


def _blocks(start: int, stop: int) -> range:
    """Return the blocks in which the frames of a range are: one at least."""
    first = max(0, start) // BLOCK
    return range(first, max(first + 1, -(-stop // BLOCK)))
