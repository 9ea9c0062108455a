"""The Poisson process."""

from __future__ import annotations

from dataclasses import dataclass

from ...renewal import Waits, exponential
from .process import Process


@dataclass(frozen=True)
class Poisson(Process):
    """A Poisson process with a refractory period."""

    def intervals(self) -> Waits:
        """Return the exponential distribution."""
        return exponential()
