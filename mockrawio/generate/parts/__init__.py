"""The parts that a session's signals are the sum of, a module each: here those of the broadband noise.

A noise is a :class:`~.part.NoisePart` in a module of its own, and an entry in :data:`NOISES`. Its fields are
fields of :class:`~mockrawio.generate.SessionSpec` under its name: ``share`` of ``pink`` is ``pink_share``.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from .common import Common
from .part import NoisePart
from .pink import Pink
from .white import White

__all__ = ["NOISES", "NOISE_FIELDS", "noise_parts"]

# In the order in which they take from the bits that they share; white noise, the remainder, takes last of all.
NOISES: tuple[type[NoisePart], ...] = (White, Pink, Common)

# The least and the most that each field of a spec may be which is a part's.
NOISE_FIELDS: dict[str, tuple[float, float]] = {
    f"{part.name}_{field.name}": field.metadata["limits"] for part in NOISES for field in fields(part)
}


def noise_parts(spec: Any) -> tuple[NoisePart, ...]:
    """Return the parts of a session's noise, from the fields of its spec that are theirs."""
    return tuple(
        part(**{field.name: getattr(spec, f"{part.name}_{field.name}") for field in fields(part)}) for part in NOISES
    )
