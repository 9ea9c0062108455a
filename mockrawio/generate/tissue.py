"""The layers of a session's field from its spec, and when it was marked by events of its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..ground.arrays import Floats
from . import stimulus
from .layers import Setting
from .parts.field import FieldPart, Nested
from .parts.field.layer import FieldLayer
from .parts.field.part import Tissue
from .plan import Plan
from .spec import SessionSpec

Marks = Callable[[int | None], tuple[Floats, ...]]


def field_layers(spec: SessionSpec, setting: Setting, marks: Marks) -> list[FieldLayer]:
    """Return the layers of a session's field, in the order of its parts; `marks` are :func:`marks_of` its plan."""
    parts = [part for part in spec.field if isinstance(part, FieldPart)]
    names = _names(parts)
    made: dict[str, FieldLayer] = {}
    # what rides on another part is made after it
    for name, part in sorted(zip(names, parts, strict=True), key=lambda pair: isinstance(pair[1], Nested)):
        made[name] = part.layer(f"field.{name}", setting, Tissue(made, marks))
    return [made[name] for name in names]


def marks_of(plan: Plan) -> Marks:
    """Return what gives the session's own events of a code, or all: when they are, in s of each segment."""
    stamps, codes = stimulus.events(plan).T

    def marks(code: int | None) -> tuple[Floats, ...]:
        some = stamps if code is None else stamps[codes == code]
        edges = np.searchsorted(some, [segment.start_ms for segment in plan.segments[1:]])
        return tuple(
            (part - segment.start_ms) / 1000 for part, segment in zip(np.split(some, edges), plan.segments, strict=True)
        )

    return marks


def _names(parts: list[FieldPart]) -> list[str]:
    """Return what the layers are called: a part's label, and its number from the second one of it on."""
    labels = [part.label for part in parts]
    counts = [labels[: k + 1].count(label) for k, label in enumerate(labels)]
    return [label if n == 1 else f"{label}.{n}" for label, n in zip(labels, counts, strict=True)]
