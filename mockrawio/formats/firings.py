"""``firings_true.npy``: the true events of a hybrid run, as hybridfactory writes them."""

from __future__ import annotations

import os

from ..ground.arrays import Ints
from ..ground.errors import BadFileError
from .npy import open_array
from .sorters.sorting import whole_numbers


def load_firings(path: str | os.PathLike[str]) -> Ints:
    """Read ``firings_true.npy``.

    Returns
    -------
    (3, K) int64
        Row 0 the centre channel, row 1 the sample (from 0), row 2 the true unit.

    Raises
    ------
    BadFileError
        If it is not an array of whole numbers with three rows.
    """
    path = os.fspath(path)
    stored = open_array(path).view()
    if stored.ndim != 2 or stored.shape[0] != 3:
        raise BadFileError(path, "three rows: channel, sample, unit", f"shape {stored.shape}", "Give firings_true.npy.")
    return whole_numbers(path, "the array", stored)
