"""A layer that is planted: the spikes of cells, each one its cell's waveforms times a factor.

The events of a block of time are found once and kept for the next piece, those of a few blocks at most; what is kept
does not grow with the recording. A spike that peaks soon after the last sample of a segment has its rise there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Floats, Ints
from ..ground.errors import MockSessionError
from ..planting import EventTrain, ScaledEvents, flat_offsets
from .layers import Counts, Layer, Setting
from .renewal import BLOCK

_KEPT = 4  # blocks

Floats32 = npt.NDArray[np.float32]


class Bank(NamedTuple):
    """The waveforms of a cell."""

    contacts: Ints  # (m,): where it is seen, in the order of the setting
    counts: Floats32  # (phases, n, m): what a spike adds at each, before it is multiplied and rounded

    @property
    def peaks(self) -> Floats:
        """The largest counts on each contact, in size, float64 (m,)."""
        peaks: Floats = np.abs(self.counts).max(axis=(0, 1), initial=0.0).astype(np.float64)
        return peaks


class Fired(NamedTuple):
    """Some spikes of a cell in a segment, ascending, each array (n,)."""

    frames: Ints  # the nearest sample of each
    phases: npt.NDArray[np.uint8]  # which row of the cell's bank it is
    factors: Floats32  # how many times as large


class SpikeTrains(ABC):
    """Where the spikes of cells are, and how large."""

    most_factor: float  # no factor is beyond
    fewest_frames: int  # no two spikes of a cell are nearer to each other; 0 where nobody knows

    @abstractmethod
    def fired(self, index: int, seg_index: int, start: int, stop: int) -> Fired:
        """Return the spikes of a cell, by its number, from frame `start` to `stop` (not included) of a segment.

        The range may go beyond the segment's ends.
        """

    def intensity(self, index: int, seg_index: int, start: int, stop: int) -> Floats:
        """Return the rate that a cell's spikes are drawn from at each frame, float64 (stop - start,), Hz.

        Raises
        ------
        MockSessionError
            If they are not drawn.
        """
        raise MockSessionError("intensity", "spikes that are drawn", "spikes of a file", "Count them.")


@dataclass(frozen=True, eq=False)
class _Lot:
    """Cells seen on about as many contacts, whose events are made together."""

    cells: tuple[int, ...]  # their numbers
    rows: Ints  # (cells,): where each one's waveforms begin in the bank
    empty: EventTrain  # without events

    @classmethod
    def of(cls, cells: Sequence[int], banks: Sequence[Bank], n_contacts: int) -> _Lot:
        none = np.empty(0, np.float32)
        some = [ScaledEvents(bank.counts, none.astype(np.int32), none) for bank in banks]
        events, n = ScaledEvents.joined(some), banks[0].counts.shape[1]
        rows = np.cumsum([0, *(len(bank.counts) for bank in banks)])[:-1]
        offsets = flat_offsets([bank.contacts for bank in banks], n, n_contacts)
        return cls(tuple(cells), rows, EventTrain(n, n_contacts, offsets, rows[:0], rows[:0].astype(np.int32), events))

    def train(self, firing: SpikeTrains, seg_index: int, start: int, stop: int, before: int) -> EventTrain:
        """Return the events with a sample from `start` to `stop`."""
        around = start + before - self.empty.n + 1, stop + before
        fired = [firing.fired(cell, seg_index, *around) for cell in self.cells]
        frames, phases, factors = (np.concatenate(part) for part in zip(*fired, strict=True))
        owner = np.repeat(np.arange(len(self.cells), dtype=np.int32), [len(some.frames) for some in fired])
        order = np.argsort(frames, kind="stable")
        owner, rows = owner[order], (self.rows[owner] + phases)[order].astype(np.int32)
        events = ScaledEvents(self.empty.events.bank, rows, factors[order])  # type: ignore[attr-defined]  # of()
        return replace(self.empty, first=frames[order] - before, unit=owner, events=events)


class PlantedLayer(Layer):
    """The spikes of cells, whose banks all have as many samples, `before` of them before a spike's own."""

    def __init__(self, name: str, setting: Setting, banks: Sequence[Bank], before: int, firing: SpikeTrains) -> None:
        self.name, self._before, self._firing = name, before, firing
        self._lots = _lots(banks, setting.n_contacts)
        n = banks[0].counts.shape[1] if banks else 1
        self.most = most_planted([(bank.contacts, bank.peaks) for bank in banks], n, firing, setting.n_contacts)
        self._trains = lru_cache(_KEPT)(self._block_trains)

    def add(self, out: Counts, seg_index: int, i_start: int) -> None:
        """Add samples of a segment to `out`."""
        i_stop = i_start + len(out)
        for block in range(i_start // BLOCK, -(-i_stop // BLOCK)):
            low, high = max(i_start, block * BLOCK), min(i_stop, (block + 1) * BLOCK)
            piece = out[low - i_start : high - i_start].reshape(-1)
            for train in self._trains(seg_index, block):
                train.add_to(piece, low, high)

    def _block_trains(self, seg_index: int, block: int) -> list[EventTrain]:
        start, stop = block * BLOCK, (block + 1) * BLOCK
        return [lot.train(self._firing, seg_index, start, stop, self._before) for lot in self._lots]


def _lots(banks: Sequence[Bank], n_contacts: int) -> list[_Lot]:
    """Put cells together whose numbers of contacts have the same power of two next to them."""
    lots: dict[int, list[int]] = {}
    for cell, bank in enumerate(banks):
        if len(bank.contacts):
            lots.setdefault((len(bank.contacts) - 1).bit_length(), []).append(cell)
    return [_Lot.of(cells, [banks[cell] for cell in cells], n_contacts) for cells in lots.values()]


def most_planted(peaks: Sequence[tuple[Ints, Floats]], n: int, firing: SpikeTrains, n_contacts: int) -> int:
    """Return what no sum of cells' spikes is beyond, in size.

    `peaks` are the contacts that see each cell, and the largest counts there; a spike has `n` samples.
    """
    sums: Floats = np.zeros(n_contacts)
    overlap = -(-n // firing.fewest_frames) if firing.fewest_frames else 1 << 15
    for contacts, counts in peaks:
        sums[contacts] += overlap * (counts * firing.most_factor + 1)
    return int(sums.max(initial=0))
