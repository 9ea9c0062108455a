"""Rates that rise and fall together."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from ....ground.arrays import Floats
from ...draws import Draws
from ..form import real
from .lock import Cues, Grid, Lock, LockPart, SameLock
from .some import Some

_CHUNK = 1 << 10  # knots
_PARTS, _WIDEST = 512, 6.0  # of the table: parts of a standard deviation, and how many of these


@dataclass(frozen=True)
class Common(LockPart):
    """Slow random fluctuations of the rate that units share.

    The logarithm of the common factor is normal. Mean rates do not change.

    Attributes
    ----------
    sd : float
        Its standard deviation.
    tau_s : float
        Correlation time: the lag at which the correlation is one half.
    of_units : float
        The share of the units that follow it.
    """

    name: ClassVar[str] = "common"

    sd: float = real(0.4, 0.0, 2.0)
    _: KW_ONLY
    tau_s: float = real(1.0, 0.001, 1e6)
    of_units: float = real(1.0, 0.0, 1.0)

    def lock(self, name: str, grid: Grid, cues: Cues) -> Lock:
        """Return what rates in a session follow."""

        def gain(seg_index: int, block: int) -> Floats:
            levels = _smooth(grid, name, seg_index, grid.seconds(block) / self.tau_s)
            rows = np.rint(np.clip(levels, -_WIDEST, _WIDEST) * _PARTS).astype(np.int64)
            factors: Floats = _log_normal(self.sd)[rows + int(_WIDEST * _PARTS)]
            return factors

        return SameLock(Some(grid.setting, f"{name}.units", self.of_units), gain)


def _smooth(grid: Grid, name: str, seg_index: int, places: Floats) -> Floats:
    """Return a smooth curve through normal values at whole places, of a standard deviation of 1 everywhere."""
    knots = np.floor(places).astype(np.int64)
    first = int(knots[0])
    normals = _normals(grid, name, seg_index, first, int(knots[-1]) + 4)
    x = places - knots
    y = 1 - x
    # a cubic B-spline, over the root of the sum of its weights' squares
    weights = [y * y * y, 4 - 3 * x * x * (1 + y), 4 - 3 * y * y * (1 + x), x * x * x]
    squares = sum((weight * weight for weight in weights), np.zeros(len(places)))
    heights = sum((w * normals[knots - first + k] for k, w in enumerate(weights)), np.zeros(len(places)))
    smooth: Floats = heights / np.sqrt(squares)
    return smooth


def _normals(grid: Grid, name: str, seg_index: int, first: int, stop: int) -> Floats:
    """Return the values of some knots."""
    chunks = range(first // _CHUNK, -(-stop // _CHUNK))
    drawn = [Draws.of(grid.setting.bits(name, seg_index, chunk)).normals(_CHUNK) for chunk in chunks]
    return np.concatenate(drawn)[first - chunks[0] * _CHUNK : stop - chunks[0] * _CHUNK]


@lru_cache(maxsize=8)
def _log_normal(sd: float) -> Floats:
    """Return the exponentials of a normal distribution of mean 1, over its standard deviation in 512 parts."""
    half = int(_WIDEST * _PARTS)
    return np.round([math.exp(sd * k / _PARTS - sd * sd / 2) for k in range(-half, half + 1)], 9)
