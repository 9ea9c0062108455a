"""The layer of the spikes of cells that move: each spike is evaluated where its cell is, at the phase that it comes in.

What is kept are the times of the spikes of some blocks, so that it does not grow with the recording. A spike of a cell
at home is that of :class:`.PlantedLayer`, to the last count.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Floats, Ints
from .cast import Cast
from .layers import Counts, Layer
from .parts.motion import STEP_UM
from .parts.units import crowd_of
from .planted import PlantedLayer, most_planted
from .renewal import BLOCK

_BLOCKS = 4  # of which the spikes are kept
_TOGETHER = 256  # spikes whose cells are looked at at once

Floats32 = npt.NDArray[np.float32]


class _Spikes(NamedTuple):
    """Spikes of all cells, ascending, an array (n,) each."""

    frames: Ints
    cells: Ints
    steps: Ints
    phases: Ints
    factors: Floats32

    def at(self, which: Any) -> _Spikes:
        """Return some of them, by a slice or an array of their numbers."""
        return _Spikes(*(part[which] for part in self))  # type: ignore[arg-type]  # each of its own type


class MovingLayer(Layer):
    """The spikes of cells that move."""

    def __init__(self, name: str, cast: Cast) -> None:
        self.name, self._cast = name, cast
        self._n = cast.banks[0].counts.shape[1]
        self._depths: Floats = np.array([cell.location[1] for cell in cast.cells])
        self._crowd = crowd_of(cast.cells, cast.setting, cast.jitter, cast.course.span, STEP_UM)
        self._spikes = lru_cache(_BLOCKS)(self._drawn)
        reaches = [cell.reach(cast.setting, *cast.course.span_um) for cell in cast.cells]
        self.most = most_planted(reaches, self._n, cast.firing, cast.setting.n_contacts)

    def add(self, out: Counts, seg_index: int, i_start: int) -> None:
        """Add samples of a segment to `out`."""
        first = i_start + self._cast.before
        for spikes in self._around(seg_index, first - self._n + 1, first + len(out)):
            rows = spikes.frames - first
            for batch in self._crowd.spikes(spikes.cells, spikes.steps, spikes.phases):
                means = batch.counts
                means *= spikes.factors[batch.which]
                _add(out, np.rint(means, out=means).astype(out.dtype), rows[batch.which], batch.contacts)

    def _around(self, seg_index: int, start: int, stop: int) -> Iterator[_Spikes]:
        """Yield the spikes from frame `start` to `stop`, some at a time."""
        for block in range(max(0, start) // BLOCK, -(-stop // BLOCK)):
            spikes = self._spikes(seg_index, block)
            low, high = np.searchsorted(spikes.frames, [start, stop]).tolist()
            for begin in range(low, high, _TOGETHER):
                yield spikes.at(slice(begin, min(begin + _TOGETHER, high)))

    def _drawn(self, seg_index: int, block: int) -> _Spikes:
        """Return the spikes of a block."""
        cast, n = self._cast, len(self._cast.cells)
        fired = [cast.firing.fired(cell, seg_index, block * BLOCK, (block + 1) * BLOCK) for cell in range(n)]
        frames, phases, factors = (np.concatenate(part) for part in zip(*fired, strict=True))
        cells = np.repeat(np.arange(n), [len(some.frames) for some in fired])
        steps = cast.course.steps(cast.course.moments(seg_index, frames), self._depths[cells])
        found = _Spikes(frames, cells, steps, phases.astype(np.int64), factors)
        return found.at(np.argsort(frames, kind="stable"))


def _add(out: Counts, counts: Counts, rows: Ints, contacts: Ints) -> None:
    """Add columns of counts, (n, columns), to contacts of `out`, each from a row on that may be before the first."""
    flat, width = out.reshape(-1), out.shape[1]
    where = (np.arange(len(counts)) * width)[:, None] + (rows * width + contacts)
    if rows.min(initial=0) < 0 or rows.max(initial=0) + len(counts) > len(out):
        inside = (where >= 0) & (where < flat.size)
        where, counts = where[inside], counts[inside]
    np.add.at(flat, where.reshape(-1), counts.reshape(-1))


def spikes_layer(name: str, cast: Cast) -> Layer:
    """Return the layer of the spikes of a session's cells."""
    if cast.course.moves and cast.cells:
        return MovingLayer(name, cast)
    return PlantedLayer(name, cast.setting, cast.banks, cast.before, cast.firing)
