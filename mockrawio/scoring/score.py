"""A sorting held against the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from ..ground.arrays import Ints
from ..ground.checks import is_real, require
from ..ground.once import once
from ..ground.shown import Argument
from .axis import Axis
from .causes import cause_names, causes_of
from .found import Found
from .match import Agreement, Confusion, coincidences, compare_trains, confusion_matrix, match_times, share_out
from .performance import Performance, performance, unit_counts
from .scene import TrueMoments, TrueScene, TrueTrain

HALF = 0.5  # of a cluster's or a unit's spikes: what most of them are

Kind = Literal["matched", "merged", "split", "duplicate", "other"]


@dataclass(frozen=True, kw_only=True)
class UnitScore(Performance):
    """How well one true unit was found, and why its spikes were missed.

    Attributes
    ----------
    id : str
        The true unit's.
    n_elsewhere : int
        Missed spikes that another cluster has.
    n_foreign : int
        False positives at a spike of another true unit.
    causes, false_causes : dict of str to int
        Numbers of misses, and of false positives, by cause. They add up to ``n_true - n_matched`` and ``n_found -
        n_matched``; causes with none are omitted.
    """

    id: str
    n_elsewhere: int
    n_foreign: int
    causes: dict[str, int]
    false_causes: dict[str, int]


@dataclass(frozen=True)
class ClusterScore:
    """The classification of one cluster.

    Attributes
    ----------
    id : int or str
    n_found : int
        Its spikes.
    unit : str or None
        The true unit that it is matched to.
    kind : {"merged", "matched", "duplicate", "split", "other"}
        The first that applies: it has at least half of the spikes of two or more units; it is matched to a unit; at
        least half of its spikes are one unit's, and at least half of these are also in the cluster matched to that
        unit; the same, but they are not; none of these.
    best_unit : str or None
        The unit with most of its spikes; None if there is none.
    n_best : int
        The number of these spikes.
    """

    id: Any
    n_found: int
    unit: str | None
    kind: Kind
    best_unit: str | None
    n_best: int


@dataclass(frozen=True)
class CauseScore:
    """Counts of true spikes, and of missed ones, for one cause.

    Attributes
    ----------
    cause : str
    n_true : int
        Spikes to which it would apply if they were missed.
    n_missed, n_false : int
        Misses and false positives with this cause, over all units.
    miss_rate : float
        missed / true, 0 without spikes: compare it with that of other causes.
    """

    cause: str
    n_true: int
    n_missed: int
    n_false: int
    miss_rate: float


@dataclass(frozen=True, eq=False)
class TruePlace:
    """Single misses or false positives of a unit.

    Attributes
    ----------
    segments, frames : ndarray of int64, shape (n,)
        Their positions, ascending.
    causes : tuple of str
        The cause of each.
    """

    segments: Ints
    frames: Ints
    causes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Score:
    """The score of a sorting of a recording with ground truth.

    Attributes
    ----------
    truth, sorting : str
        What was compared.
    sampling_rate : float
        Hz.
    window_ms : float
        Largest distance between a true and a found spike; SpikeInterface's ``delta_time``.
    window : int
        The same in samples.
    match_score : float
        Lowest accuracy for a cluster to match a unit.
    n_unassigned : int
        Found spikes that belong to no cluster, which are ignored.
    """

    truth: str
    sorting: str
    sampling_rate: float
    window_ms: float
    window: int
    match_score: float
    n_unassigned: int
    _scene: TrueScene
    _found: Found
    _agreement: Agreement
    _axis: Axis

    @once
    def units(self) -> tuple[UnitScore, ...]:
        """A row for each true unit, in the order of the truth."""
        return tuple(map(self._unit_score, range(len(self._scene.units))))

    @once
    def clusters(self) -> tuple[ClusterScore, ...]:
        """A row for each cluster, in the order of the sorting."""
        return tuple(map(self._cluster_score, range(len(self._found.labels))))

    @once
    def causes(self) -> tuple[CauseScore, ...]:
        """A row for each cause, those of all units together."""
        missed = Counter[str]()
        false = Counter[str]()
        for unit in self.units:
            missed.update(unit.causes)
            false.update(unit.false_causes)
        trains = [unit.times for unit in self._scene.units]
        true = [TrueMoments(self._scene, k, times, np.arange(len(times))) for k, times in enumerate(trains)]
        every = np.concatenate([*map(causes_of, true), np.empty(0, np.int64)])
        n_true = np.bincount(every, minlength=len(cause_names())).tolist()
        return tuple(
            CauseScore(name, n, missed[name], false[name], missed[name] / n if n else 0.0)
            for name, n in zip(cause_names(), n_true, strict=True)
        )

    @once
    def counts(self) -> dict[str, int]:
        """How many units and clusters are of which kind, as SpikeInterface's ``count_units_categories`` has it."""
        return unit_counts(self._agreement)

    @property
    def totals(self) -> dict[str, float]:
        """Means over the true units, as SpikeInterface's ``get_performance("pooled_with_average")`` has them."""
        names = ("accuracy", "recall", "precision", "miss_rate", "false_discovery_rate")
        return {name: float(np.mean([getattr(u, name) for u in self.units])) if self.units else 0.0 for name in names}

    @once
    def confusion(self) -> Confusion:
        """Which clusters the true spikes are in; see :class:`~mockrawio.scoring.match.Confusion`."""
        rows = np.repeat(np.arange(len(self._shares)), [len(has) for has in self._shares])
        columns = np.concatenate([*self._shares, np.empty(0, np.int64)])
        order, counts = confusion_matrix(rows, columns, len(self._shares), self._agreement.n_found)
        ids = tuple(unit.id for unit in self._scene.units)
        return Confusion(ids, tuple(self._found.labels[k] for k in order.tolist()), counts)

    @property
    def snr(self) -> tuple[float, ...]:
        """The signal-to-noise ratio of each true unit; NaN where it is not known."""
        return tuple(float("nan") if unit.snr is None else unit.snr for unit in self._scene.units)

    def missed(self, unit_id: str) -> TruePlace:
        """Return the spikes of a true unit that were missed, each with its cause."""
        return self._spot(self._missed(self._index(unit_id)))

    def false_alarms(self, unit_id: str) -> TruePlace:
        """Return the spikes of a true unit's cluster that are none of the unit's, each with its cause."""
        return self._spot(self._false(self._index(unit_id)))

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as JSON-serialisable values."""
        return {
            "truth": self.truth,
            "sorting": self.sorting,
            "sampling_rate": self.sampling_rate,
            "window_ms": self.window_ms,
            "window_samples": self.window,
            "match_score": self.match_score,
            "n_unassigned": self.n_unassigned,
            "counts": self.counts,
            "totals": self.totals,
            "units": [unit.as_row() for unit in self.units],
            "clusters": [asdict(cluster) for cluster in self.clusters],
            "causes": [asdict(cause) for cause in self.causes],
        }

    def _index(self, unit_id: str) -> int:
        ids = [unit.id for unit in self._scene.units]
        expected = f"a true unit, {', '.join(ids[:12])}{', ...' if len(ids) > 12 else ''}"
        require(unit_id in ids, Argument("unit_id"), expected, unit_id, "Choose some of them.")
        return ids.index(unit_id)

    def _spot(self, moments: TrueMoments) -> TruePlace:
        names = cause_names()
        return TruePlace(*self._axis.split(moments.times), tuple(names[k] for k in causes_of(moments).tolist()))

    @once
    def _matched(self) -> list[tuple[Ints, Ints]]:
        """Which spikes of each unit are found, and which of its cluster are the unit's."""
        return [match_times(unit.times, self._of(row), self.window) for row, unit in enumerate(self._scene.units)]

    def _of(self, row: int) -> Ints:
        """Return the spikes of the cluster that stands for a unit."""
        column = int(self._agreement.partner[row])
        return self._found.trains[column] if column >= 0 else np.empty(0, np.int64)

    @once
    def _shares(self) -> tuple[Ints, ...]:
        trains = [unit.times for unit in self._scene.units]
        return share_out(trains, self._found.trains, self._agreement.partner, self._matched, self.window)

    def _missed(self, row: int) -> TrueMoments:
        times = self._scene.units[row].times
        out = np.delete(np.arange(len(times)), self._matched[row][0])
        return TrueMoments(self._scene, row, times[out], out, self._shares[row][out] >= 0)

    def _false(self, row: int) -> TrueMoments:
        return TrueMoments(self._scene, row, np.delete(self._of(row), self._matched[row][1]))

    def _unit_score(self, row: int) -> UnitScore:
        missed, false = self._missed(row), self._false(row)
        return UnitScore(
            id=self._scene.units[row].id,
            n_elsewhere=int((self._shares[row][missed.spikes] >= 0).sum()),
            n_foreign=int((false.n_others() > 0).sum()),
            causes=_tally(causes_of(missed)),
            false_causes=_tally(causes_of(false)),
            **performance(self._agreement, row, self._found.labels),
        )

    def _cluster_score(self, column: int) -> ClusterScore:
        matched, ids = self._agreement.n_matched[:, column], [unit.id for unit in self._scene.units]
        best = int(matched.argmax()) if matched.any() else None
        row = np.flatnonzero(self._agreement.partner == column)
        return ClusterScore(
            self._found.labels[column],
            int(self._agreement.n_found[column]),
            ids[row[0]] if len(row) else None,
            self._kind(column, best),
            None if best is None else ids[best],
            0 if best is None else int(matched[best]),
        )

    def _kind(self, column: int, best: int | None) -> Kind:
        a = self._agreement
        if (a.n_matched[:, column] >= HALF * np.maximum(a.n_true, 1)).sum() > 1:
            return "merged"
        if column in a.partner:
            return "matched"
        if best is None or a.n_matched[best, column] < HALF * a.n_found[column]:
            return "other"
        partner, train = int(a.partner[best]), self._found.trains[column]
        if partner >= 0:
            twice, _ = coincidences(train, self._found.trains[partner], self.window)
            if len(np.unique(twice)) >= HALF * len(train):
                return "duplicate"
        return "split"


def _tally(causes: Ints) -> dict[str, int]:
    counts = np.bincount(causes, minlength=len(cause_names())).tolist()
    return {name: count for name, count in zip(cause_names(), counts, strict=True) if count}


def score_trains(
    true: Sequence[TrueTrain],
    found: Found,
    rate: float,
    *,
    window_ms: float,
    match_score: float,
    axis: Axis | None = None,
    name: str = "the truth",
) -> Score:
    """Hold clusters against true units, whose spikes are on one axis of `rate` samples a second.

    MockSessionError if `window_ms` is no time, or `match_score` not above 0 and up to 1.
    """
    require(is_real(window_ms) and 0 <= window_ms < np.inf, Argument("window_ms"), "milliseconds, 0 or more", window_ms)
    some = is_real(match_score) and 0 < match_score <= 1
    require(some, Argument("match_score"), "a number above 0, up to 1", match_score)
    window = int(window_ms * rate / 1000)
    agreement = compare_trains([unit.times for unit in true], found.trains, window, match_score=match_score)
    scene = TrueScene(true, rate, window)
    return Score(
        name,
        found.name,
        rate,
        float(window_ms),
        window,
        float(match_score),
        found.n_unassigned,
        scene,
        found,
        agreement,
        axis or Axis(),
    )
