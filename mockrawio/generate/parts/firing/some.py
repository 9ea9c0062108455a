"""Some of the cells, drawn one by one."""

from __future__ import annotations

from typing import NamedTuple

from ...draws import Draws
from ...layers import Setting


class Some(NamedTuple):
    """A share of the cells: the same ones of the first, however many there are."""

    setting: Setting
    name: str  # by which the children of the seed are known
    share: float

    def __contains__(self, index: object) -> bool:
        """Return True if a cell is among them, by its number."""
        assert isinstance(index, int)
        if self.share in (0.0, 1.0):
            return bool(self.share)
        return float(Draws.of(self.setting.bits(self.name, index)).uniform(1)[0]) < self.share
