"""How well a sorter found the events that a hybrid run added."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from ..ground.checks import is_real, require
from ..ground.durable import make_folder
from ..ground.errors import BadFileError, SessionExistsError
from ..ground.extras import extra_module
from ..ground.places import AnyPath
from ..ground.regular import only_regular
from ..ground.shown import Argument
from ..ground.writing import write_file
from .found import Found, load_found
from .match import Agreement, Confusion, compare_trains, confusion_matrix, match_times, nearest_left
from .pairs import TemplateScore, compare_units
from .truth import HybridTruth, load_truth

TABLES = ("units.csv", "confusion.csv", "templates.csv")


@dataclass(frozen=True)
class UnitScore:
    """How well one true unit was found.

    Attributes
    ----------
    label : str
        The true unit's; with ``/`` and the new unit's if there are several of that true unit.
    true_unit, new_unit, center_channel
        As in ``artificial_units-<session>.csv``; `new_unit` is None if there is no such file.
    n_true : int
        Events added.
    found_unit : int, str or None
        The cluster that stands for it; None if none agrees with it as `match_score` asks.
    n_found, n_matched : int
        Events of that cluster, and how many of them are true ones; 0 without a cluster.
    accuracy, recall, precision : float
        matched / (true + found - matched), matched / true, matched / found; 0 if nothing matched.
    best_unit : int, str or None
        The cluster that agrees best, whatever the score; None if nothing matches.
    best_agreement : float
        Its accuracy.
    """

    label: str
    true_unit: int
    new_unit: int | None
    center_channel: int
    n_true: int
    found_unit: Any
    n_found: int
    n_matched: int
    accuracy: float
    recall: float
    precision: float
    best_unit: Any
    best_agreement: float


@dataclass(frozen=True, eq=False)
class Validation:
    """What a sorter made of hybrid data.

    Attributes
    ----------
    hybrid, sorter : str
        What was compared.
    sample_rate : float
        Hz.
    window_ms : float
        How far apart a true and a found event may be, before or after.
    window : int
        The same in samples, whole ones.
    match_score : float
        The least accuracy of a cluster that stands for a unit.
    units : tuple of UnitScore
        Ascending by true unit.
    confusion : Confusion
        Which clusters the true events are in: of the cluster that stands for their unit as many
        as match it, else that of the nearest event in the window that is no one else's.
    templates : tuple of TemplateScore
        Empty if templates cannot be compared; `notes` then say why.
    n_clusters, n_unassigned : int
        Clusters found, and events that belong to none, which are left out.
    notes : tuple of str
        What could not be done.
    """

    hybrid: str
    sorter: str
    sample_rate: float
    window_ms: float
    window: int
    match_score: float
    units: tuple[UnitScore, ...]
    confusion: Confusion
    templates: tuple[TemplateScore, ...]
    n_clusters: int
    n_unassigned: int
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it, but for the templates' samples."""
        return {
            "hybrid": self.hybrid,
            "sorter": self.sorter,
            "sample_rate": self.sample_rate,
            "window_ms": self.window_ms,
            "window_samples": self.window,
            "match_score": self.match_score,
            "n_clusters": self.n_clusters,
            "n_unassigned": self.n_unassigned,
            "units": [asdict(unit) for unit in self.units],
            "confusion": {
                "true_labels": list(self.confusion.true_labels),
                "hybrid_labels": list(self.confusion.hybrid_labels),
                "counts": self.confusion.counts.tolist(),
            },
            "templates": [template.as_dict() for template in self.templates],
            "notes": list(self.notes),
        }

    def save(self, folder: AnyPath, *, figures: bool = True) -> tuple[Path, ...]:
        """Write the tables and figures.

        Parameters
        ----------
        folder : str or PathLike
            Where to; made if it is not there. Files of an earlier validation are replaced.
        figures : bool
            Whether to draw figures, which needs matplotlib.

        Returns
        -------
        tuple of Path
            ``units.csv``, ``confusion.csv``, with templates ``templates.csv``, and the figures.

        Raises
        ------
        MockSessionError
            If matplotlib is needed and not installed, or a table there is none of an earlier
            validation; nothing is written then.
        """
        if figures:
            check_matplotlib()
        target = Path(folder)
        _refuse_foreign_tables(target)
        make_folder(target.absolute())
        written = [target / name for name in self._write_tables(target)]
        if figures:
            from .figures import save_figures  # matplotlib takes a second to import

            written += save_figures(self, target)
        return tuple(written)

    def _write_tables(self, target: Path) -> list[str]:
        labels, columns = self.confusion.true_labels, self.confusion.hybrid_labels
        head = [r"true label\hybrid label", *columns, "unmatched"]
        counts = zip([*labels, "unmatched"], self.confusion.counts.tolist(), strict=True)
        tables = {
            TABLES[0]: _table([asdict(unit) for unit in self.units]),
            TABLES[1]: [head, *([label, *row] for label, row in counts)],
        }
        if self.templates:
            tables[TABLES[2]] = _table([one.as_dict() for one in self.templates])
        for name, rows in tables.items():
            text = io.StringIO(newline="")
            csv.writer(text, lineterminator="\n").writerows(rows)
            write_file(target / name, [text.getvalue().encode()])
        return list(tables)


def check_matplotlib() -> None:
    """Raise a MissingExtraError unless matplotlib is installed."""
    extra_module("matplotlib", "figures, which may be left out", "plot")


def _refuse_foreign_tables(folder: Path) -> None:
    """Refuse to replace tables and figures in a folder that has no table of an earlier validation."""
    there = next((path for name in TABLES if os.path.lexists(path := folder / name)), None)
    if there is None:
        return
    head = ",".join(_table([])[0]).encode()
    try:
        with open(folder / TABLES[0], "rb", opener=only_regular) as file:
            ours = file.readline(len(head) + 2).rstrip(b"\r\n") == head
    except (OSError, BadFileError):
        ours = False
    if not ours:
        remedy = "Choose another folder, or move what is there away."
        raise SessionExistsError(there, "nothing there, or tables of an earlier validation", "another file", remedy)


def _table(rows: list[dict[str, Any]]) -> list[list[Any]]:
    """Return rows below their names; what is not known, None, becomes an empty cell."""
    head = list(rows[0]) if rows else [field.name for field in fields(UnitScore)]
    return [head, *(list(row.values()) for row in rows)]


def validate(
    hybrid_directory: AnyPath,
    sorter_directory: Any,
    *,
    output_type: str | None = None,
    phy_base: int | None = None,
    window_ms: float = 1.0,
    match_score: float = 0.5,
    offset: int = 0,
    session_name: str | None = None,
    source_directory: AnyPath | None = None,
) -> Validation:
    """Compare what a sorter found in hybrid data with what was added to it.

    The numbers are those of SpikeInterface's ``compare_sorter_to_ground_truth`` with
    ``delta_time=window_ms``; where three events of one true unit lie within twice the window,
    that may count a found event twice, and this does not.

    Parameters
    ----------
    hybrid_directory : path
        The output folder of a hybrid run, ours or the original's, or the session that a run made.
    sorter_directory : path, Sorting or SpikeInterface sorting
        What a sorter made of the result: a folder of one of :func:`mockrawio.formats.sorters.formats`, or an object.
    output_type : str, optional
        Format of the folder. None infers it.
    phy_base : {0, 1}, optional
        What phy's files call the first sample. None infers it.
    window_ms : float
        How far apart a true and a found event may be, before or after.
    match_score : float
        The least accuracy, above 0, of a cluster that stands for a unit.
    offset : int
        Samples to add to the sorter's times, where it counts them from the start of a file that
        does not start at 0.
    session_name : str, optional
        Which run, if the folder holds several.
    source_directory : path, optional
        The sorting that the events were made from, for its templates. None: where the manifest says.

    Returns
    -------
    Validation

    Raises
    ------
    MockSessionError
        If an input is not as it must be.
    """
    require(is_real(window_ms) and 0 <= window_ms < np.inf, Argument("window_ms"), "milliseconds, 0 or more", window_ms)
    require(is_real(match_score) and 0 < match_score <= 1, "match_score", "above 0, up to 1", match_score)
    truth = load_truth(hybrid_directory, session_name)
    found = load_found(sorter_directory, output_type, phy_base, truth.sample_rate, offset)
    return _compared(truth, found, float(window_ms), float(match_score), source_directory, offset)


def _compared(
    truth: HybridTruth,
    found: Found,
    window_ms: float,
    match_score: float,
    source_directory: AnyPath | None,
    offset: int,
) -> Validation:
    """Compare what was found with the truth, both as loaded."""
    window = int(window_ms * truth.sample_rate / 1000)
    agreement = compare_trains([unit.times for unit in truth.units], found.trains, window, match_score=match_score)
    partners = [None if k < 0 else found.labels[k] for k in agreement.partner.tolist()]
    templates, notes = compare_units(truth, found, partners, source_directory, window, offset)
    return Validation(
        str(truth.folder),
        found.name,
        truth.sample_rate,
        window_ms,
        window,
        match_score,
        tuple(_unit_score(truth, found, agreement, row) for row in range(len(truth.units))),
        _confusion(truth, found, agreement, window),
        templates,
        len(found.labels),
        found.n_unassigned,
        notes,
    )


def _unit_score(truth: HybridTruth, found: Found, agreement: Agreement, row: int) -> UnitScore:
    unit, scores, column = truth.units[row], agreement.scores[row], int(agreement.partner[row])
    n_true = len(unit.times)
    n_found, n_matched = 0, 0
    if column >= 0:
        n_found, n_matched = int(agreement.n_found[column]), int(agreement.n_matched[row, column])
    some = bool(scores.size) and float(scores.max()) > 0
    return UnitScore(
        label=unit.label,
        true_unit=unit.true_unit,
        new_unit=unit.new_unit,
        center_channel=unit.center,
        n_true=n_true,
        found_unit=found.labels[column] if column >= 0 else None,
        n_found=n_found,
        n_matched=n_matched,
        accuracy=_share(n_matched, n_true + n_found - n_matched),
        recall=_share(n_matched, n_true),
        precision=_share(n_matched, n_found),
        best_unit=found.labels[int(scores.argmax())] if some else None,
        best_agreement=float(scores.max()) if some else 0.0,
    )


def _share(part: int, whole: int) -> float:
    return part / whole if part else 0.0


def _confusion(truth: HybridTruth, found: Found, agreement: Agreement, window: int) -> Confusion:
    """Say for each true event which cluster has it, and count."""
    times, clusters = found.flat()
    taken = np.zeros(len(times), np.bool_)
    rows = np.repeat(np.arange(len(truth.units)), [len(unit.times) for unit in truth.units])
    columns = np.full(len(rows), -1, np.int64)
    for row, column in enumerate(agreement.partner.tolist()):
        if column >= 0:
            event, spike = match_times(truth.units[row].times, found.trains[column], window)
            columns[np.flatnonzero(rows == row)[event]] = column
            taken[np.flatnonzero(clusters == column)[spike]] = True
    missed = np.flatnonzero(columns < 0)
    every = np.concatenate([*(unit.times for unit in truth.units), np.empty(0, np.int64)])
    event, spike = nearest_left(every[missed], times, window, taken)
    columns[missed[event]] = clusters[spike]
    order, counts = confusion_matrix(rows, columns, len(truth.units), agreement.n_found)
    labels = tuple(unit.label for unit in truth.units)
    return Confusion(labels, tuple(found.labels[k] for k in order.tolist()), counts)
