"""The files that a spec names, pinned down by their SHA-256, as a manifest records them."""

from __future__ import annotations

from dataclasses import replace

from .parts.units import Templates, Units
from .spec import SessionSpec


def templates_of_spec(spec: SessionSpec) -> Templates | None:
    """Return the templates that the cells of a session have; None where they are drawn."""
    return spec.units.templates if isinstance(spec.units, Units) else None


def pinned(spec: SessionSpec) -> SessionSpec:
    """Return a spec whose templates have their SHA-256.

    BadFileError if that is another one than the spec has, or they cannot be read.
    """
    units = spec.units
    if not isinstance(units, Units) or units.templates is None:
        return spec
    return replace(spec, units=replace(units, templates=units.templates.pinned()))
