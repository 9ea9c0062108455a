"""Rows of an annotation that overlap: the later row holds, as in Epiphyte's database.

That database paints the rows one after another on the frames of the movie, each from its start to its stop, both
included, so that a later row hides what it covers of earlier ones. Here the same is done on as few places as tell
the rows apart: every start or stop is a place, and so is what lies between two neighbours of these.
"""

from __future__ import annotations

import numpy as np

from ..ground.arrays import Array, Ints


def seen_pieces(starts: Array, stops: Array) -> tuple[Array, Array, Array]:
    """Return what is seen of rows when a later one hides what it covers of earlier ones.

    `starts` and `stops`, float64 (n,), are where each row begins and ends, in any order; no stop is before its start,
    and both belong to the row. Returned are three arrays (k,): which row each piece is of (a row may be seen in one
    piece, in several, or not at all), int64, and where the piece begins and ends, float64; pieces ascend, and no two
    have more than an instant in common.
    """
    edges, places = np.unique(np.concatenate([starts, stops]), return_inverse=True)
    first, last = np.split(2 * places, 2)
    owner = _painted(first.tolist(), last.tolist(), max(0, 2 * edges.size - 1))
    heads = np.flatnonzero(np.diff(owner, prepend=-2))
    tails = np.append(heads[1:], owner.size)[: heads.size] - 1
    seen = owner[heads] >= 0
    heads, tails = heads[seen], tails[seen]
    return owner[heads], edges[heads // 2], edges[(tails + 1) // 2]


def _painted(first: list[int], last: list[int], n: int) -> Ints:
    """Return which row is seen in each of `n` places, or -1; a row covers places first to last."""
    owner = np.full(n, -1, np.int64)
    free = list(range(n + 1))  # where to look for the next place that no later row has taken
    for row in reversed(range(len(first))):
        place = _free(free, first[row])
        while place <= last[row]:
            owner[place] = row
            free[place] = place + 1
            place = _free(free, place + 1)
    return owner


def _free(free: list[int], place: int) -> int:
    """Return the first free place from `place` on, and make the way there shorter."""
    while free[place] != place:
        free[place] = free[free[place]]
        place = free[place]
    return place
