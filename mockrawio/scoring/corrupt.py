"""Sortings made worse on purpose, with a record of what was done: to test what judges sortings.

What holds of a corrupted sorting, so that a score of it gives back what was done, count for count:

- a spike that is missed is 2 ms or more from every other one that belongs to its cluster;
- a spike that is added is 2 ms or more from every true spike of its cluster, and from every other added one;
- each is farther by the jitter, which moves spikes by whole samples, all amounts equally likely;
- units that are split, merged and duplicated are different ones.

The same sorting and seed give the same spikes on any machine: what is drawn are PCG64's bits, and whole numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

from ..ground.arrays import Array, Bools, Ints
from ..ground.checks import is_real, is_whole, require
from ..ground.errors import MockSessionError
from ..ground.extras import extra_module
from ..ground.shown import Argument
from .axis import Axis
from .found import segment_trains
from .match import flat_trains

CLEAR_MS = 2.0
RATE_HZ = 32_000.0  # of trains that come without one
ROUNDS = 64  # in which places for added spikes are drawn
LARGER_PERCENT = (60, 80)  # of a unit that is split, in the larger part


class Corruption(NamedTuple):
    """The changes to a sorting; spikes are numbered in their unit's train, through all segments.

    Attributes
    ----------
    seed, jitter : int
    split : dict of str to tuple of str
        The two clusters of each unit that was split, the larger one first.
    merged : dict of str to tuple of str
        The two units in each cluster of two.
    duplicated : dict of str to str
        The copy of each unit that occurs twice.
    missed : dict of str to ndarray of int64
        Which spikes of each unit are missed.
    moved : dict of str to ndarray of int64
        By how many samples each spike of each unit is late; 0 for missed ones.
    added : dict of str to ndarray of int64, shape (n, 2)
        Segment and frame of what was added, by unit, of two merged ones the first.
    """

    seed: int
    jitter: int
    split: dict[Any, tuple[Any, Any]]
    merged: dict[Any, tuple[Any, Any]]
    duplicated: dict[Any, Any]
    missed: dict[Any, Ints]
    moved: dict[Any, Ints]
    added: dict[Any, Ints]


class Corrupted(NamedTuple):
    """A corrupted sorting, with its changes."""

    sorting: Any
    corruption: Corruption


class _Step(IntEnum):
    """What bits are for: the first number of their spawn key. Never renumber."""

    CHOICE = 0
    MISS = 1
    ADD = 2
    JITTER = 3
    SPLIT = 4


class _Bits:
    """The bits for one step, of one unit."""

    def __init__(self, seed: int, step: _Step, unit: int = 0) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(int(step), unit)))

    def some(self, count: int, of: int) -> Ints:
        """Return so many of the numbers below `of`, in any order."""
        words: Array = self._bits.random_raw(of)
        return np.argsort(words, kind="stable")[:count]

    def below(self, size: int, count: int) -> Ints:
        """Return numbers below a size, equally likely to within 1 in 2**64 / size."""
        words: Array = self._bits.random_raw(count)
        return (words % np.uint64(size)).astype(np.int64)


def corrupt_sorting(
    sorting: Any,
    *,
    split: int = 0,
    merge: int = 0,
    duplicate: int = 0,
    jitter: int = 0,
    miss: float = 0.0,
    add: float = 0.0,
    seed: int = 0,
) -> Corrupted:
    """Add known errors to a sorting.

    Parameters
    ----------
    sorting : SpikeInterface sorting, or mapping of str to ndarray of int
        Such as the true one; ids are integers or strings. Without a rate, 32 kHz is assumed.
    split : int
        Number of units to split in two; the larger cluster, with 60 to 80 % of the spikes, keeps the unit's id.
    merge : int
        Number of pairs of units to merge; the cluster has the first one's id.
    duplicate : int
        Number of units to duplicate.
    jitter : int
        Largest shift of a spike in samples, uniformly distributed.
    miss, add : float
        Spikes to remove and to add, as a share of each unit's.
    seed : int
        0 or more.

    Returns
    -------
    Corrupted
        `sorting`, of the same kind, a :class:`~spikeinterface.core.NumpySorting` or a dict; and `corruption`, its
        changes. Clusters are in the order of the units, followed by second parts and copies.

    Raises
    ------
    MockSessionError
        If an argument is invalid, there are too few units with spikes, or no room for added spikes.
    """
    for name, value in {"split": split, "merge": merge, "duplicate": duplicate, "jitter": jitter, "seed": seed}.items():
        require(is_whole(value) and value >= 0, Argument(name), "a whole number, 0 or more", value)
    for name, share in {"miss": miss, "add": add}.items():
        require(is_real(share) and 0 <= share <= 1, Argument(name), "a share, 0 to 1", share)
    return _Run(_Given.of(sorting), seed, jitter, miss, add).run(split, merge, duplicate)


@dataclass(frozen=True)
class _Given:
    """A sorting as trains on one axis, and how to make one of its kind."""

    ids: list[Any]
    trains: list[Ints]
    axis: Axis
    clear: int  # samples of CLEAR_MS
    make: Callable[[dict[Any, list[Ints]]], Any]

    @classmethod
    def of(cls, sorting: Any) -> _Given:
        if isinstance(sorting, Mapping):
            parts = {unit: [np.asarray(train, np.int64)] for unit, train in sorting.items()}
            return cls._of(parts, 1, RATE_HZ, lambda made: {unit: train for unit, (train,) in made.items()})
        require(hasattr(sorting, "get_unit_spike_train"), Argument("sorting"), "a sorting, or trains by id", sorting)
        rate, segments = float(sorting.get_sampling_frequency()), range(sorting.get_num_segments())

        def make(made: dict[Any, list[Ints]]) -> Any:
            core = extra_module("spikeinterface.core", "SpikeInterface's objects", "spikeinterface")
            trains = [{unit: parts[k] for unit, parts in made.items()} for k in segments]
            return core.NumpySorting.from_unit_dict(trains, rate)

        return cls._of(segment_trains(sorting), len(segments), rate, make)

    @classmethod
    def _of(cls, parts: dict[Any, list[Ints]], segments: int, rate: float, make: Callable[..., Any]) -> _Given:
        lasts = [max((int(some[k].max(initial=-1)) for some in parts.values()), default=-1) for k in range(segments)]
        axis = Axis(tuple(last + 1 for last in lasts))
        trains = [axis.joined(some) for some in parts.values()]
        return cls(list(parts), trains, axis, int(CLEAR_MS * rate / 1000), make)

    def parts(self, places: Ints) -> list[Ints]:
        """Return the frames of each segment, of places on the axis."""
        segment, frame = self.axis.split(places)
        return [frame[segment == k] for k in range(len(self.axis.sizes))]

    def new_ids(self, units: Sequence[int], word: str, above: int = 0) -> list[Any]:
        """Return an id for another cluster of each unit: numbers past all others, or the unit's own with a word."""
        if all(map(is_whole, self.ids)):
            first = max(self.ids) + 1 + above if self.ids else 0
            return list(range(first, first + len(units)))
        return [f"{self.ids[unit]}-{word}" for unit in units]


class _Run:
    """One corruption, as it goes on."""

    def __init__(self, given: _Given, seed: int, jitter: int, miss: float, add: float) -> None:
        self.given, self.seed, self.jitter, self.miss, self.add = given, seed, jitter, miss, add
        self.clear = given.clear + jitter
        self.missed: dict[Any, Ints] = {}
        self.moved: dict[Any, Ints] = {}
        self.added: dict[Any, Ints] = {}

    def run(self, split: int, merge: int, duplicate: int) -> Corrupted:
        """Do it."""
        given, ids = self.given, self.given.ids
        pairs, cut, twice = self._chosen(split, merge, duplicate)
        partner = dict(pairs)
        whole = [unit for unit in range(len(ids)) if unit not in partner.values()]
        clusters = {ids[a]: self._cluster([a, *([partner[a]] if a in partner else [])]) for a in whole}
        parts = dict(zip(cut, given.new_ids(cut, "split"), strict=True))
        for unit, new in parts.items():
            clusters[ids[unit]], clusters[new] = self._halves(unit, clusters[ids[unit]])
        copies = dict(zip(twice, given.new_ids(twice, "copy", len(cut)), strict=True))
        clusters |= {new: clusters[ids[unit]] for unit, new in copies.items()}
        said = Corruption(
            seed=self.seed,
            jitter=self.jitter,
            split={ids[unit]: (ids[unit], new) for unit, new in parts.items()},
            merged={ids[a]: (ids[a], ids[b]) for a, b in pairs},
            duplicated={ids[unit]: new for unit, new in copies.items()},
            missed=self.missed,
            moved=self.moved,
            added=self.added,
        )
        return Corrupted(given.make({unit: given.parts(places) for unit, places in clusters.items()}), said)

    def _chosen(self, split: int, merge: int, duplicate: int) -> tuple[list[tuple[int, int]], list[int], list[int]]:
        """Draw which units are merged, split and duplicated."""
        full = np.flatnonzero([len(train) > 1 for train in self.given.trains])
        count = 2 * merge + split + duplicate
        expected = f"{count} units with two spikes or more, for 2 merge + split + duplicate"
        require(count <= len(full), "sorting", expected, f"{len(full)} of them", "Ask for fewer changes.")
        drawn = full[_Bits(self.seed, _Step.CHOICE).some(count, len(full))].tolist()
        pairs = [(min(pair), max(pair)) for pair in zip(drawn[: 2 * merge : 2], drawn[1 : 2 * merge : 2], strict=True)]
        rest = drawn[2 * merge :]
        return sorted(pairs), sorted(rest[:split]), sorted(rest[split:])

    def _cluster(self, units: list[int]) -> Ints:
        """Return the spikes of a cluster of one unit or two: without those that are missed, moved, and with others."""
        trains = [self.given.trains[unit] for unit in units]
        times, owner = flat_trains(trains)
        alone = _alone(times, self.clear)
        kept = [self._kept(unit, alone[owner == k]) for k, unit in enumerate(units)]
        places = self._places(units[0], times, sum(round(self.add * len(train)) for train in trains))
        self.added[self.given.ids[units[0]]] = np.stack(self.given.axis.split(places), axis=1)
        return np.sort(np.concatenate([*kept, places]))

    def _kept(self, unit: int, alone: Bools) -> Ints:
        """Leave out some of a unit's spikes, of those that are alone, and move the others."""
        train, given = self.given.trains[unit], self.given
        may = np.flatnonzero(alone)
        count = min(round(self.miss * len(train)), len(may))
        out = np.sort(may[_Bits(self.seed, _Step.MISS, unit).some(count, len(may))])
        late = _Bits(self.seed, _Step.JITTER, unit).below(2 * self.jitter + 1, len(train)) - self.jitter
        segment, frame = given.axis.split(train)
        late = np.clip(frame + late, 0, np.array(given.axis.sizes)[segment] - 1) - frame
        late[out] = 0
        self.missed[given.ids[unit]], self.moved[given.ids[unit]] = out, late
        return np.delete(train + late, out)

    def _places(self, unit: int, times: Ints, count: int) -> Ints:
        """Draw places that are clear of spikes, and of one another."""
        axis, bits = self.given.axis, _Bits(self.seed, _Step.ADD, unit)
        places: Ints = np.empty(0, np.int64)
        for _ in range(ROUNDS):
            if len(places) >= count:
                break
            drawn = axis.joined(axis.cut(np.sort(bits.below(max(sum(axis.sizes), 1), count))))
            both = np.sort(np.concatenate([places, drawn[_away(drawn, times, self.clear)]]))
            places = both[np.diff(both, prepend=-self.clear - 1) > self.clear]
        if len(places) < count:
            expected, found = (
                f"room for {count} spikes more of unit {self.given.ids[unit]!r}",
                f"some for {len(places)}",
            )
            raise MockSessionError(Argument("add"), expected, found, "Add fewer.")
        return np.sort(places[bits.some(count, len(places))])

    def _halves(self, unit: int, times: Ints) -> tuple[Ints, Ints]:
        """Cut a cluster in two, the larger part first."""
        low, high = LARGER_PERCENT
        bits = _Bits(self.seed, _Step.SPLIT, unit)
        percent = low + int(bits.below(high - low + 1, 1)[0])
        large = bits.some(-(-len(times) * percent // 100), len(times))
        return np.sort(times[large]), np.delete(times, large)


def _alone(times: Ints, clear: int) -> Bools:
    """Return which of these ascending times have no other one so near."""
    gaps = np.diff(times, prepend=-clear - 1)
    later = np.append(gaps[1:], clear + 1)
    alone: Bools = (gaps > clear) & (later > clear)
    return alone


def _away(places: Ints, times: Ints, clear: int) -> Bools:
    """Return which places have none of these ascending times so near."""
    first = np.searchsorted(times, places - clear, side="left")
    away: Bools = np.searchsorted(times, places + clear, side="right") == first
    return away
