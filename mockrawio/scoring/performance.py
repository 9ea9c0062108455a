"""How well each true unit was found, in SpikeInterface's names, and how many clusters are of which kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from ..ground.arrays import Ints
from .match import Agreement

WELL_DETECTED, REDUNDANT, OVERMERGED, CHANCE = 0.8, 0.2, 0.2, 0.1  # SpikeInterface's scores of those names


@dataclass(frozen=True, kw_only=True)
class Performance:
    """How well one true unit was found.

    Attributes
    ----------
    n_true : int
        Its spikes.
    found_unit : int, str or None
        The cluster that stands for it; None if none agrees with it as `match_score` asks.
    n_found, n_matched : int
        Spikes of that cluster, and how many of them are true ones; 0 without a cluster.
    accuracy, recall, precision : float
        matched / (true + found - matched), matched / true, matched / found; 0 if nothing matched.
    miss_rate, false_discovery_rate : float
        missed / true, 0 of no spikes; and (found - matched) / found, 0 without a cluster.
    best_unit : int, str or None
        The cluster that agrees best, whatever the score; None if nothing matches.
    best_agreement : float
        Its accuracy.
    """

    n_true: int
    found_unit: Any
    n_found: int
    n_matched: int
    accuracy: float
    recall: float
    precision: float
    miss_rate: float
    false_discovery_rate: float
    best_unit: Any
    best_agreement: float

    @classmethod
    def columns(cls) -> list[str]:
        """Return the names of what a row has: what a subclass adds, then the rest; counts by cause come last."""
        common = [field.name for field in fields(Performance)]
        own = [field.name for field in fields(cls) if field.name not in common]
        last = [name for name in own if name.endswith("causes")]
        return [*(name for name in own if name not in last), *common, *last]

    def as_row(self) -> dict[str, Any]:
        """Return all of it by name."""
        values = asdict(self)
        return {name: values[name] for name in self.columns()}


def performance(agreement: Agreement, row: int, labels: Sequence[Any]) -> dict[str, Any]:
    """Return the fields of a unit's :class:`Performance`; `labels` are those of the clusters."""
    scores, column, n_true = agreement.scores[row], int(agreement.partner[row]), int(agreement.n_true[row])
    n_found, n_matched = 0, 0
    if column >= 0:
        n_found, n_matched = int(agreement.n_found[column]), int(agreement.n_matched[row, column])
    some = bool(scores.size) and float(scores.max()) > 0
    return {
        "n_true": n_true,
        "found_unit": labels[column] if column >= 0 else None,
        "n_found": n_found,
        "n_matched": n_matched,
        "accuracy": _share(n_matched, n_true + n_found - n_matched),
        "recall": _share(n_matched, n_true),
        "precision": _share(n_matched, n_found),
        "miss_rate": _share(n_true - n_matched, n_true),
        "false_discovery_rate": _share(n_found - n_matched, n_found),
        "best_unit": labels[int(scores.argmax())] if some else None,
        "best_agreement": float(scores.max()) if some else 0.0,
    }


def _share(part: int, whole: int) -> float:
    return part / whole if part else 0.0


def unit_counts(agreement: Agreement) -> dict[str, int]:
    """Return SpikeInterface's ``count_units_categories`` of an exhaustive ground truth, by its names."""
    scores, partner = agreement.scores, agreement.partner
    paired = np.flatnonzero(partner >= 0)
    bad = np.setdiff1d(np.arange(scores.shape[1]), partner)
    over = int(((scores > OVERMERGED).sum(axis=0) > 1).sum())
    well = int((scores[paired, partner[paired]] >= WELL_DETECTED).sum())
    redundant, false_positive = _kinds_of(bad, agreement)
    return {
        "num_gt": scores.shape[0],
        "num_sorter": scores.shape[1],
        "num_well_detected": well,
        "num_overmerged": over,
        "num_redundant": redundant,
        "num_false_positive": false_positive,
        "num_bad": len(bad),
    }


def _kinds_of(bad: Ints, agreement: Agreement) -> tuple[int, int]:
    """Count, of clusters that stand for no unit, those that have a unit's spikes once more, and those with none's."""
    scores = agreement.scores
    if not scores.size or not len(bad):
        return 0, len(bad)
    unit = scores[:, bad].argmax(axis=0)
    best = scores[unit, bad]
    first = scores[unit].argmax(axis=1)  # each such unit's best cluster; that of `best` reaches CHANCE if `bad` does
    redundant = (best >= max(CHANCE, REDUNDANT)) & (first != bad)
    return int(redundant.sum()), int((best < max(CHANCE, REDUNDANT)).sum())
