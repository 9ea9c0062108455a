"""The parts of the field, a module each: one is a :class:`~.part.FieldPart`, and an entry in :data:`FIELDS`."""

from __future__ import annotations

from ..form import Family
from .evoked import Evoked
from .nested import Nested
from .part import FieldPart
from .pink import Pink
from .rhythm import Rhythm
from .ripples import Ripples
from .sine import Sine

__all__ = ["FIELDS", "Evoked", "FieldPart", "Nested", "Pink", "Rhythm", "Ripples", "Sine"]

FIELDS = Family("a part of the field", Pink, Rhythm, Nested, Ripples, Evoked, Sine)
