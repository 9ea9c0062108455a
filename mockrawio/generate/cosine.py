"""A cosine that is the same on any machine: looked up in a table, in 65536ths of a turn."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..ground.arrays import Floats

TURN = 1 << 16  # steps of a turn


@lru_cache(maxsize=1)
def cosine_table() -> Floats:
    """Return one turn of a cosine, float64 (TURN,), read-only; rounded to 1e-9, so that a machine's does not matter."""
    table: Floats = np.round(np.cos(np.arange(TURN) * (2 * np.pi / TURN)), 9)
    table.flags.writeable = False
    return table


def cosine(turns: Floats) -> Floats:
    """Return the cosine at turns, to the nearest step of the table."""
    steps = np.rint(turns * TURN).astype(np.int64) & (TURN - 1)
    found: Floats = np.take(cosine_table(), steps)
    return found


def bump(places: Floats) -> Floats:
    """Return a raised cosine, which is 1 at 0, and 0 from -1 and 1 on."""
    inside = np.minimum(np.abs(places), 1.0)
    raised: Floats = 0.5 + 0.5 * cosine(inside * 0.5)
    return raised
