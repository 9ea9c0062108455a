"""The templates of true units and of the clusters that stand for them, side by side."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ..formats.sorters import Sorting, formats, load_sorting, load_templates
from ..ground.arrays import Array, Ints
from ..ground.errors import MockSessionError
from ..ground.places import AnyPath
from ..scoring.found import Found
from .templates import compare_templates, move_template, raw_rows, score_events, shift_template
from .truth import AddedUnit, RunTruth


@dataclass(frozen=True, eq=False)
class TemplateScore:
    """How similar the sorter's templates are to that of a true unit. Templates are counted from 0.

    Attributes
    ----------
    label : str
        As of :class:`~mockrawio.hybrid.validate.AddedScore`.
    source_template : int
        The template that most spikes of the true unit have in the source's sorting.
    found_template : int or None
        The one that most events of the unit's cluster have; None without a cluster.
    pearson, frobenius : float or None
        Similarity of the second to the first, moved: correlation, and norm of the difference over the norm.
    best_pearson_template, best_frobenius_template : int
        The most similar of all; the lowest of several.
    best_pearson, best_frobenius : float
    n_near : int
        True events with any of the sorter's events in the window.
    n_best : int
        Those of them where the best correlated template in the window is `best_pearson_template`.
    source_samples, found_samples : ndarray or None
        The two templates, (samples, raw rows), the first moved to where the events are.
    """

    label: str
    source_template: int
    found_template: int | None
    pearson: float | None
    frobenius: float | None
    best_pearson_template: int
    best_pearson: float
    best_frobenius_template: int
    best_frobenius: float
    n_near: int
    n_best: int
    source_samples: Array
    found_samples: Array | None

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers, without the samples."""
        names = [field.name for field in fields(self) if not field.name.endswith("_samples")]
        return {name: getattr(self, name) for name in names}


class _Unfit(Exception):
    """Templates cannot be compared; the text says why."""


def compare_units(
    truth: RunTruth, found: Found, partners: Sequence[Any], source_directory: AnyPath | None, window: int, offset: int
) -> tuple[tuple[TemplateScore, ...], tuple[str, ...]]:
    """Compare the templates of every true unit with those of the sorter.

    `partners` are the labels of the clusters that stand for the true units, or None; `source_directory` has the
    sorting that the events were made from, which for None the manifest names; `window` and `offset` are samples.
    Returns the scores of the units for which it could be done, and why it could not be for others.
    """
    scores, notes = [], []
    try:
        comparison = _Comparison(truth, found, source_directory, window, offset)
    except _Unfit as reason:
        return (), (f"templates were not compared: {reason}",)
    except (MockSessionError, OSError) as error:
        if source_directory is not None:
            raise  # they were asked for
        return (), (f"templates were not compared: {error}",)
    for unit, partner in zip(truth.units, partners, strict=True):
        try:
            scores.append(comparison.score(unit, partner))
        except (MockSessionError, _Unfit) as error:
            notes.append(f"the template of unit {unit.label} was not compared: {error}")
    return tuple(scores), tuple(notes)


class _Comparison:
    """The two sortings' templates, columns being raw rows."""

    def __init__(
        self, truth: RunTruth, found: Found, source_directory: AnyPath | None, window: int, offset: int
    ) -> None:
        if found.sorting is None or found.directory is None:
            raise _Unfit("the sorting has no folder that holds them")
        if found.sorting.template is None:
            raise _Unfit(f"{formats()[found.sorting.kind].title} stores none")
        self.truth, self.window, self.offset = truth, window, offset
        self.sorting, self.found_of = found.sorting, found.sorting.template
        source, kind, base = _source(truth, source_directory)
        if source_directory is None and not os.path.isdir(source):
            raise _Unfit(f"{source}, the sorting that events were made from, is not there (source_directory)")
        self.source = load_sorting(source, kind, phy_base=base)
        if self.source.template is None:
            title = formats()[self.source.kind].title
            raise _Unfit(f"{title}, which the events were made from, stores none")
        self.true_templates = raw_rows(load_templates(source, self.source.kind), truth.probe, source)
        templates = load_templates(found.directory, found.sorting.kind)
        self.templates = raw_rows(templates, truth.probe, found.directory)
        self._check_template_numbers(self.found_of, self.templates, found.directory)
        self._check_template_numbers(self.source.template, self.true_templates, source)

    @staticmethod
    def _check_template_numbers(used: Ints, templates: Array, directory: str) -> None:
        if used.max(initial=-1) >= len(templates):
            found = f"events of template {used.max()}"
            raise MockSessionError(directory, f"templates 0 to {len(templates) - 1}", found, "Export it again.")

    def score(self, unit: AddedUnit, partner: Any) -> TemplateScore:
        """Compare the templates of one unit."""
        number = _most_used(self.source, unit.true_unit)
        if number is None:
            raise _Unfit("the source's sorting has no events of it")
        moved = self._moved(unit, self.true_templates[number])
        pearson = compare_templates(moved, self.templates, "pearson")
        frobenius = compare_templates(moved, self.templates, "frobenius")
        closest = int(pearson.argmax())
        times = self.sorting.timestep + self.offset
        best, _, _ = score_events(unit.times, times, self.found_of, pearson, self.window)
        mine = None if partner is None else _most_used(self.sorting, partner)
        return TemplateScore(
            label=unit.label,
            source_template=number,
            found_template=mine,
            pearson=None if mine is None else float(pearson[mine]),
            frobenius=None if mine is None else float(frobenius[mine]),
            best_pearson_template=closest,
            best_pearson=float(pearson[closest]),
            best_frobenius_template=int(frobenius.argmin()),
            best_frobenius=float(frobenius.min()),
            n_near=int((best >= 0).sum()),
            n_best=int((best == closest).sum()),
            source_samples=moved,
            found_samples=None if mine is None else self.templates[mine],
        )

    def _moved(self, unit: AddedUnit, template: Array) -> Array:
        """Move a template to where its events went: row by row if that is known, else by the centre."""
        rows = self.truth.moved(unit)
        return shift_template(template, unit.center) if rows is None else move_template(template, *rows)


def _source(truth: RunTruth, given: AnyPath | None) -> tuple[str, str | None, int | None]:
    """Return the folder of the source's sorting, its kind, and phy's base."""
    if given is not None:
        return os.fspath(given), None, None
    if not truth.manifest or truth.manifest["parameters"]["data_directory"] is None:
        raise _Unfit("the sorting that the events were made from is unknown (source_directory)")
    parameters = truth.manifest["parameters"]
    return str(parameters["data_directory"]), parameters.get("output_type"), parameters.get("phy_base")


def _most_used(sorting: Sorting, unit: int) -> int | None:
    """Return the template that most events of a unit have, the lowest of several."""
    assert sorting.template is not None
    used = sorting.template[sorting.cluster == unit]
    return int(np.bincount(used).argmax()) if len(used) else None
