"""A score as lines of text, and as the rows of a CSV file."""

from __future__ import annotations

from collections import Counter

from .score import Score
from .tables import cause_text, count_of, csv_of, flat_row, table_lines

_UNITS = ("n_true", "found_unit", "n_found", "n_matched", "accuracy", "recall", "precision", "n_elsewhere", "n_foreign")
_CAUSES = ("n_true", "n_missed", "miss_rate", "n_false")


def score_lines(score: Score) -> list[str]:
    """Return the tables of a score, and what the clusters are that stand for no unit."""
    clusters, units = count_of(len(score.clusters), "cluster"), count_of(len(score.units), "true unit")
    lines = [f"{score.sorting}: {clusters} against {units}, within ±{score.window_ms:g} ms", ""]
    rows = [[u.id, *(getattr(u, name) for name in _UNITS), cause_text(u.causes)] for u in score.units]
    lines += table_lines(["unit", *_UNITS, "missed for"], rows)
    lines += ["", ", ".join(f"{name} {value:.3f}" for name, value in score.totals.items()) + " on average"]
    lines += [", ".join(f"{name} {count}" for name, count in score.counts.items()), ""]
    lines += table_lines(
        ["cause", *_CAUSES], [[c.cause, *(getattr(c, name) for name in _CAUSES)] for c in score.causes]
    )
    kinds = Counter(cluster.kind for cluster in score.clusters)
    lines += ["", "clusters: " + (", ".join(f"{kinds[kind]} {kind}" for kind in sorted(kinds)) or "none")]
    left_out = score.n_unassigned
    return [*lines, *([f"{count_of(left_out, 'spike')} of no cluster left out"] if left_out else [])]


def score_csv(score: Score) -> bytes:
    """Return the rows of the true units as CSV, with a column for each cause of misses, and of false alarms."""
    rows = [flat_row(unit.as_row()) for unit in score.units]
    return csv_of([list(rows[0]) if rows else [], *(row.values() for row in rows)])
