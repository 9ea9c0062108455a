"""The gamma process."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ....ground.arrays import Floats
from ...renewal import Waits, exponential
from ..form import real
from .process import Process

_SIZE = 1 << 16  # of a table
_DIGITS = 6  # after the point, of what is in one; the last bits of a machine's ``exp`` are far behind


@dataclass(frozen=True)
class Gamma(Process):
    """A renewal process whose intervals, less the refractory period, have a gamma distribution.

    If the rate changes, the intervals are gamma-distributed in time rescaled by the rate.

    Attributes
    ----------
    shape : float
        1 is the Poisson process; more is more regular, less comes in heaps. The intervals' coefficient of variation,
        without the refractory period, is its root's inverse.
    """

    shape: float = real(2.0, 0.2, 100.0)

    def intervals(self) -> Waits:
        """Return the gamma distribution, and that of the wait for the next spike of a train that one comes upon."""
        return exponential() if self.shape == 1 else _tables(self.shape)


@lru_cache(maxsize=8)
def _tables(shape: float) -> Waits:
    later = _quantiles(shape)
    later /= math.fsum(later.tolist()) / _SIZE
    tables = Waits(later, _residual(later))
    for table in tables:
        table.flags.writeable = False
    return tables


def _quantiles(shape: float) -> Floats:
    """Return the quantiles of a gamma distribution of mean 1 at (i + 1/2) / 65536.

    Its density over the logarithm is smooth for every shape, and so are sums of it: they are good to 1e-7 and better.
    """
    least = (math.lgamma(shape + 1) - math.log(1e3 * _SIZE)) / shape  # below it is a thousandth of the first one
    logs = np.linspace(least, math.log(shape + 10 * math.sqrt(shape) + 20), 4 * _SIZE)
    density = np.exp(shape * logs - np.exp(logs) - math.lgamma(shape))
    sums = np.cumsum(density[1:] + density[:-1]) * (logs[1] - logs[0]) / 2
    shares = np.concatenate([[0.0], sums]) + 1e-3 / _SIZE
    middles = (np.arange(_SIZE) + 0.5) / _SIZE
    return np.round(np.exp(np.interp(middles, shares, logs)) / shape, _DIGITS)


def _residual(later: Floats) -> Floats:
    """Return the distribution of the time from any moment to the next spike, given the intervals, of mean 1.

    It is below x as often as the mean of the intervals, cut off at x, is of the mean interval; between two of the
    intervals that is a straight line.
    """
    left = np.arange(_SIZE - 1, -1, -1)
    shares = (np.cumsum(later) + left * later) / _SIZE
    middles = (np.arange(_SIZE) + 0.5) / _SIZE
    first: Floats = np.interp(middles, np.concatenate([[0.0], shares]), np.concatenate([[0.0], later]))
    return np.round(first, _DIGITS)
