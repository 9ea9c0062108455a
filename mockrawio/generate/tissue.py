"""The layers of a session's field from its spec."""

from __future__ import annotations

from collections.abc import Mapping

from .layers import Setting
from .parts.field import FieldPart, Nested, Rhythm
from .parts.field.layer import FieldLayer
from .parts.field.part import Marks, Tissue
from .parts.field.wave import WaveLayer
from .parts.form import numbered
from .spec import SessionSpec


def field_layers(spec: SessionSpec, setting: Setting, marks: Marks) -> list[FieldLayer]:
    """Return the layers of a session's field, in the order of its parts."""
    return list(_made(_named(spec), setting, marks).values())


def waves(spec: SessionSpec, setting: Setting) -> dict[str, WaveLayer]:
    """Return the rhythms of a session's field, and those that ride on them, by their names."""
    parts = {name: part for name, part in _named(spec).items() if isinstance(part, (Rhythm, Nested))}
    made = _made(parts, setting, lambda code: ())
    return {name: layer for name, layer in made.items() if isinstance(layer, WaveLayer)}


def _made(parts: Mapping[str, FieldPart], setting: Setting, marks: Marks) -> dict[str, FieldLayer]:
    made: dict[str, FieldLayer] = {}
    # what rides on another part is made after it
    for name in sorted(parts, key=lambda name: isinstance(parts[name], Nested)):
        made[name] = parts[name].layer(f"field.{name}", setting, Tissue(made, marks))
    return {name: made[name] for name in parts}


def _named(spec: SessionSpec) -> dict[str, FieldPart]:
    """Return the parts of the field by what their layers are called: a label, and from the second on its number."""
    parts = [part for part in spec.field if isinstance(part, FieldPart)]
    return dict(zip(numbered(part.label for part in parts), parts, strict=True))
