"""What a process is: how regular the spikes of cells are at a steady rate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from ...renewal import Waits
from ..form import Part


@dataclass(frozen=True)
class Process(Part, ABC):
    """How the intervals between spikes are distributed, without the refractory period in them."""

    @abstractmethod
    def intervals(self) -> Waits:
        """Return that distribution, at a mean of 1."""
