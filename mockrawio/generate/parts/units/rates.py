"""How fast units fire: a distribution of their mean rates."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from statistics import NormalDist
from typing import Any

from ....ground.checks import is_real, require
from ....ground.shown import Argument
from ..form import Family, Part, real
from .numbers import between, digits

_LEAST_HZ, _MOST_HZ = 0.001, 1000.0


@dataclass(frozen=True)
class LogNormal(Part):
    """Log-normal rates: many units are slow, a few fire fast, as in most of the brain.

    Attributes
    ----------
    median_hz : float
        The median rate.
    sd : float
        Standard deviation of the natural logarithm; 0.9 is 0.39 decades.
    """

    median_hz: float = real(2.0, _LEAST_HZ, _MOST_HZ)
    _: KW_ONLY
    sd: float = real(0.9, 0.0, 3.0)

    def rate(self, share: float) -> float:
        """Return the rate that a share of all units, above 0 and below 1, does not reach, in Hz."""
        normal = round(NormalDist().inv_cdf(min(max(share, 1e-6), 1 - 1e-6)), 9)
        return digits(self.median_hz * math.exp(self.sd * normal))

    @property
    def typical_hz(self) -> float:
        """The rate that the refractory period must leave room for."""
        return self.median_hz


@dataclass(frozen=True)
class Uniform(Part):
    """Uniformly distributed rates.

    Attributes
    ----------
    low, high : float
        The lowest and the highest, Hz.
    """

    low: float = real(0.5, _LEAST_HZ, _MOST_HZ)
    high: float = real(10.0, _LEAST_HZ, _MOST_HZ)

    def __post_init__(self) -> None:
        """Check both."""
        super().__post_init__()
        name = Argument("high", of=type(self).__name__)
        require(self.low <= self.high, name, f"at least low, {self.low:g}", self.high)

    def rate(self, share: float) -> float:
        """Return the rate that a share of all units does not reach, in Hz."""
        return between((self.low, self.high), share)

    @property
    def typical_hz(self) -> float:
        """The rate that the refractory period must leave room for."""
        return self.high


RATES = Family("rates of units, a number, or the lowest and the highest", LogNormal, Uniform)


def rates(name: Argument, value: Any) -> Any:
    """Return a distribution of rates, from one, or from a rate or two in Hz."""
    if is_real(value):
        value = (value, value)
    if isinstance(value, (tuple, list)) and len(value) == 2:
        value = Uniform(*value)
    return RATES.one(name, value)
