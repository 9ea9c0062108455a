"""Validation: how well a sorter found the events that a hybrid run added."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ..ground.errors import BadFileError, SessionExistsError
from ..ground.extras import extra_module
from ..ground.places import AnyPath
from ..ground.regular import only_regular
from ..ground.writing import write_file
from ..scoring.axis import Axis
from ..scoring.found import load_found
from ..scoring.match import Confusion
from ..scoring.performance import Performance
from ..scoring.scene import TrueTrain
from ..scoring.score import UnitScore, score_trains
from ..scoring.tables import csv_of, flat_row
from .pairs import TemplateScore, compare_units
from .truth import AddedUnit, load_truth

TABLES = ("units.csv", "confusion.csv", "templates.csv")


@dataclass(frozen=True, kw_only=True)
class AddedScore(Performance):
    """How well the events of one added unit were found.

    Attributes
    ----------
    label : str
        The true unit's; with ``/`` and the new unit's if there are several of that true unit.
    true_unit, new_unit, center_channel
        As in ``artificial_units-<session>.csv``; `new_unit` is None if there is no such file.
    causes : dict of str to int
        Numbers of misses by cause, as in :func:`mockrawio.score`; causes with none are omitted. The only other units it
        knows are added ones.
    """

    label: str
    true_unit: int
    new_unit: int | None
    center_channel: int
    causes: dict[str, int]


_HEAD = list(flat_row({name: {} if name == "causes" else None for name in AddedScore.columns()}))


@dataclass(frozen=True, eq=False)
class Validation:
    """The validation of a sorting of hybrid data.

    Attributes
    ----------
    hybrid, sorter : str
        What was compared.
    sample_rate : float
        Hz.
    window_ms : float
        Largest distance between a true and a found event.
    window : int
        The same in samples.
    match_score : float
        Lowest accuracy for a cluster to match a unit.
    units : tuple of AddedScore
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
    units: tuple[AddedScore, ...]
    confusion: Confusion
    templates: tuple[TemplateScore, ...]
    n_clusters: int
    n_unassigned: int
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as JSON-serialisable values, but for the templates' samples."""
        return {
            "hybrid": self.hybrid,
            "sorter": self.sorter,
            "sample_rate": self.sample_rate,
            "window_ms": self.window_ms,
            "window_samples": self.window,
            "match_score": self.match_score,
            "n_clusters": self.n_clusters,
            "n_unassigned": self.n_unassigned,
            "units": [unit.as_row() for unit in self.units],
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
            TABLES[0]: _table([flat_row(unit.as_row()) for unit in self.units]),
            TABLES[1]: [head, *([label, *row] for label, row in counts)],
        }
        if self.templates:
            tables[TABLES[2]] = _table([one.as_dict() for one in self.templates])
        for name, rows in tables.items():
            write_file(target / name, [csv_of(rows)])
        return list(tables)


def check_matplotlib() -> None:
    """Raise a MissingExtraError unless matplotlib is installed."""
    extra_module("matplotlib", "figures, which are optional", "plot")


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
    """Return rows below their names."""
    head = list(rows[0]) if rows else _HEAD
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
        Number of the first sample in phy's files. None infers it.
    window_ms : float
        Largest distance between a true and a found event.
    match_score : float
        Lowest accuracy, above 0, for a cluster to match a unit.
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
    truth = load_truth(hybrid_directory, session_name)
    how: dict[str, Any] = {"output_type": output_type, "phy_base": phy_base, "offset": offset}
    found = load_found(sorter_directory, truth.sample_rate, Axis(), argument="sorter_directory", **how)
    true = [TrueTrain(unit.label, unit.times, location=truth.place(unit)) for unit in truth.units]
    score = score_trains(true, found, truth.sample_rate, window_ms=window_ms, match_score=match_score)
    partners = [unit.found_unit for unit in score.units]
    templates, notes = compare_units(truth, found, partners, source_directory, score.window, offset)
    return Validation(
        str(truth.folder),
        found.name,
        truth.sample_rate,
        score.window_ms,
        score.window,
        score.match_score,
        tuple(_added_score(*both) for both in zip(truth.units, score.units, strict=True)),
        score.confusion,
        templates,
        len(found.labels),
        found.n_unassigned,
        notes,
    )


def _added_score(unit: AddedUnit, score: UnitScore) -> AddedScore:
    return AddedScore(
        label=unit.label,
        true_unit=unit.true_unit,
        new_unit=unit.new_unit,
        center_channel=unit.center,
        causes=score.causes,
        **{field.name: getattr(score, field.name) for field in fields(Performance)},
    )
