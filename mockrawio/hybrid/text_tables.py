"""What a run made, and what a validation found, as lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..scoring.tables import cause_text, count_of, table_lines

if TYPE_CHECKING:
    from ..scoring.match import Confusion
    from .planned import HybridResult, UnitReport
    from .validate import Validation

MOST_COLUMNS = 12  # clusters of a confusion matrix in text


def generation_lines(result: HybridResult, *, dry_run: bool = False) -> list[str]:
    """Return what was made of each unit, or why not, and what was written."""
    units = [_unit_line(unit) for unit in result.units]
    made = sum(unit.made for unit in result.units)
    total = f"{made} of {count_of(len(result.units), 'unit')}, {count_of(result.n_events, 'event')}"
    seed = result.params.drawn_with
    if dry_run:
        return [*units, f"would make {total} ({seed}); nothing was written"]
    files = [f"wrote {path}" for path in result.files]
    return [*units, *files, f"made {total}, {count_of(result.n_clipped, 'sample')} clipped ({seed})"]


def _unit_line(unit: UnitReport) -> str:
    if not unit.made:
        return f"unit {unit.true_unit}: skipped: {unit.reason}"
    parts = [
        f"unit {unit.true_unit} -> {unit.new_unit}: {count_of(unit.n_events, 'event')} on "
        f"{count_of(len(unit.channels), 'channel')} around row {unit.center_channel}"
    ]
    reasons = {
        "at a file's edge": unit.n_edge,
        "too close to other spikes": unit.n_refractory,
        "over max_events": unit.n_over_cap,
        "of its spikes at a file's edge not used": unit.n_source_edge,
    }
    dropped = [f"{count} {reason}" for reason, count in reasons.items() if count]
    return "; ".join([*parts, *([f"left out: {', '.join(dropped)}"] if dropped else [])])


def _confusion_lines(confusion: Confusion) -> list[str]:
    """Return the counts; clusters that do not fit the terminal are added up."""
    labels, counts = [str(label) for label in confusion.hybrid_labels], confusion.counts.tolist()
    if len(labels) > MOST_COLUMNS + 1:
        labels = [*labels[:MOST_COLUMNS], "others"]
        counts = [[*row[:MOST_COLUMNS], sum(row[MOST_COLUMNS:-1]), row[-1]] for row in counts]
    rows = zip([*confusion.true_labels, "unmatched"], counts, strict=True)
    return table_lines(["true label", *labels, "unmatched"], [[label, *row] for label, row in rows])


_SCORES = ("n_true", "found_unit", "n_found", "n_matched", "accuracy", "recall", "precision", "best_unit")
_TEMPLATES = ("source_template", "found_template", "pearson", "frobenius", "best_pearson_template", "best_pearson")


def validation_lines(validation: Validation) -> list[str]:
    """Return the tables of a validation."""
    clusters, window = count_of(validation.n_clusters, "cluster"), f"within ±{validation.window_ms:g} ms"
    lines = [f"{validation.sorter}: {clusters} against {count_of(len(validation.units), 'true unit')}, {window}", ""]
    rows = [[unit.label, *(getattr(unit, name) for name in _SCORES), unit.best_agreement] for unit in validation.units]
    lines += table_lines(["true_unit", *_SCORES, "best_agreement"], rows)
    missed = [f"unit {unit.label}: missed {cause_text(unit.causes)}" for unit in validation.units if unit.causes]
    lines += ["", *missed] if missed else []
    lines += ["", "events of true units (rows) by hybrid label (columns):", *_confusion_lines(validation.confusion)]
    if validation.templates:
        scores = [[one.label, *(getattr(one, name) for name in _TEMPLATES)] for one in validation.templates]
        lines += ["", "templates:", *table_lines(["true_unit", *_TEMPLATES], scores)]
    left_out = validation.n_unassigned
    notes = [f"{count_of(left_out, 'event')} of no cluster left out"] if left_out else []
    return [*lines, *([""] if notes or validation.notes else []), *notes, *validation.notes]
