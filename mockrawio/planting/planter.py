"""Adding events to blocks of counts.

- Events are whole counts (:meth:`Events.counts`), the same ones however the recording is cut
  into blocks: one that crosses a border is added to both sides in part.
- All events that fall on a sample are summed, whatever unit they are of, and the sum is
  added to the sample in a type that holds it. What is then beyond the block's type is set to its
  largest or smallest value and counted, once a sample.
- So ``recording == clip(background + planted)``, and where nothing was clipped ``recording -
  background == planted``, which :meth:`Planter.counts` gives for any range of samples.
- Nothing of a block's size is held between calls, so that threads may share a planter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Array, Ints
from ..ground.errors import MockSessionError
from .events import Events, ScaledEvents

BATCH_ITEMS = 1 << 16  # counts made at a time, so that their float64 stay in a core's cache


@dataclass(frozen=True)
class PlantedUnit:
    """Which events of a unit are added, where and when."""

    channels: Ints  # (m,): columns of the recording that the events are added to
    times: Ints  # (K,): ascending samples of the recording
    before: int  # samples of an event before its time
    events: Events  # one for each time

    @property
    def n_samples(self) -> int:
        """Length of an event, n."""
        return int(self.events.counts(0, 0).shape[1])

    @property
    def first(self) -> Ints:
        """Where the events begin, int64 (K,)."""
        return self.times - self.before

    @property
    def most(self) -> float:
        """What the events of the unit can add up to on a sample, in size."""
        reached = np.searchsorted(self.first, self.first + self.n_samples)
        overlap = int((reached - np.arange(len(reached))).max(initial=0))
        return overlap * self.events.most


@dataclass(frozen=True, eq=False)
class EventTrain:
    """Events that are made together, found by range of samples: of one unit, or of several similar ones."""

    n: int  # samples of an event
    n_channels: int  # of the recording
    offsets: npt.NDArray[
        np.intp
    ]  # (units, n * m): where a unit's counts go in the flat samples from its event's first on
    first: Ints  # (K,): ascending samples of the recording where events begin
    unit: npt.NDArray[np.int32]  # (K,): whose they are
    events: Events

    def within(self, start: int, stop: int) -> tuple[int, int]:
        """Return the events that have a sample in the range: first, and one past the last."""
        low, high = np.searchsorted(self.first, [start - self.n + 1, stop]).tolist()
        return low, high

    def add_to(self, flat: Array, start: int, stop: int) -> None:
        """Add what falls on the samples `start` to `stop` to them, flat, in their own type; it must hold the sums."""
        for where, counts in self._pieces(start, stop):
            np.add.at(flat, where, counts.astype(flat.dtype))

    def _pieces(self, start: int, stop: int) -> Iterator[tuple[Array, Array]]:
        """Yield where in the flat samples `start` to `stop` counts are to be added, and the counts."""
        low, high = self.within(start, stop)
        _, size = self.offsets.shape
        step = max(1, BATCH_ITEMS // size)
        for begin in range(low, high, step):
            end = min(begin + step, high)
            counts: npt.NDArray[np.int32] = self.events.counts(begin, end).reshape(-1)
            offsets = self.offsets if len(self.offsets) == 1 else self.offsets[self.unit[begin:end]]
            where: npt.NDArray[np.intp] = ((self.first[begin:end, None] - start) * self.n_channels + offsets).ravel()
            if self.first[begin] < start or self.first[end - 1] + self.n > stop:
                inside = (where >= 0) & (where < (stop - start) * self.n_channels)
                where, counts = where[inside], counts[inside]
            yield where, counts


def flat_offsets(columns: Sequence[Ints], n: int, n_channels: int) -> npt.NDArray[np.intp]:
    """Return where the counts of events of `n` samples go, (units, n * m), given each unit's channels.

    Units with fewer channels than the widest, m, are made wider with channel 0: what they add there is zeros.
    """
    width = max(map(len, columns))
    padded = np.stack([np.pad(some, (0, width - len(some))) for some in columns])
    offsets = np.arange(n)[:, None] * n_channels + padded[:, None]
    return offsets.reshape(len(columns), -1).astype(np.intp)


def _train(units: Sequence[PlantedUnit], n_channels: int) -> EventTrain:
    """Return the events of some units, which are of one length."""
    n = units[0].n_samples
    first = np.concatenate([unit.first for unit in units])
    order = np.argsort(first, kind="stable")
    owner = np.repeat(np.arange(len(units), dtype=np.int32), [len(unit.times) for unit in units])[order]
    scaled = [unit.events for unit in units if isinstance(unit.events, ScaledEvents)]
    events = ScaledEvents.joined(scaled).chosen(order) if scaled else units[0].events
    return EventTrain(
        n, n_channels, flat_offsets([u.channels for u in units], n, n_channels), first[order], owner, events
    )


def _trains(units: Sequence[PlantedUnit], n_channels: int) -> list[EventTrain]:
    """Return the events of all units; those that differ in nothing but their template are made together."""
    lots: dict[tuple[bool, int], list[PlantedUnit]] = {}
    for index, unit in enumerate(units):
        alike = isinstance(unit.events, ScaledEvents)
        if len(unit.times):
            lots.setdefault((alike, unit.n_samples if alike else index), []).append(unit)
    return [_train(lot, n_channels) for lot in lots.values()]


def _most(units: Sequence[PlantedUnit], n_channels: int) -> float:
    """Return what the events of all units can add up to on a sample, in size."""
    sums = np.zeros(n_channels)
    for unit in units:
        sums[unit.channels] += unit.most
    return float(sums.max(initial=0))


class Planter:
    """Adds the events of several units to blocks of a recording of integers of at most 32 bits.

    MockSessionError if its `dtype` is another.
    """

    def __init__(self, units: Sequence[PlantedUnit], n_channels: int, dtype: npt.DTypeLike = np.int16) -> None:
        self.dtype = np.dtype(dtype)
        if self.dtype.kind not in "iu" or self.dtype.itemsize > 4:
            expected, remedy = "integers of at most 32 bits", "Convert the recording to int16."
            raise MockSessionError("data_type", expected, self.dtype, remedy)
        self._n_channels = n_channels
        self._trains = _trains(units, n_channels)
        self._limits = np.iinfo(self.dtype)
        self._most = _most(units, n_channels)
        self._wide = np.dtype(np.int32 if self._most + self._limits.max < 1 << 31 else np.int64)

    def touches(self, start: int, stop: int) -> bool:
        """Return True if any event has a sample in the range."""
        return any(low < high for low, high in (train.within(start, stop) for train in self._trains))

    def add(self, block: Array, start: int, bound: int | None = None) -> int:
        """Add what falls into a block, in place; return the number of samples that were clipped.

        The block is (length, C) of the recording's dtype, C-contiguous, and begins at sample `start` of the recording.
        No sample of it is beyond `bound`, in size, where that is known; they are looked at otherwise.
        """
        flat, stop = block.reshape(-1), start + len(block)
        if not self.touches(start, stop):
            return 0
        low, high = (int(flat.min()), int(flat.max())) if bound is None else (-bound, bound)
        if low - self._most >= self._limits.min and high + self._most <= self._limits.max:
            self._sum(flat, start, stop)
            return 0
        total = flat.astype(self._wide)
        self._sum(total, start, stop)
        np.clip(total, self._limits.min, self._limits.max, out=flat, casting="unsafe")
        return int(np.count_nonzero(total != flat))

    def counts(self, start: int, stop: int, dtype: npt.DTypeLike = np.int64) -> Array:
        """Return what is added to the samples `start` to `stop`, (stop - start, n_channels), before clipping.

        The sums are of `dtype`, which must hold them.
        """
        total = np.zeros((stop - start) * self._n_channels, dtype)
        self._sum(total, start, stop)
        return total.reshape(stop - start, self._n_channels)

    def _sum(self, flat: Array, start: int, stop: int) -> None:
        for train in self._trains:
            train.add_to(flat, start, stop)
