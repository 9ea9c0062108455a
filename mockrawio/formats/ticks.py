"""Clocks of rigs: whole ticks from an instant."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..ground.arrays import Bools, Floats, Ints
from ..ground.checks import require
from .recorded import Recorded
from .rig import RigFolder


@dataclass(frozen=True)
class Ticks:
    """A clock that counts ticks from `origin`, and never below 0."""

    rate: float  # Hz
    origin: float  # s
    out: RigFolder
    most: int = 1 << 63  # it shows less than this

    @classmethod
    def of(cls, recorded: Recorded, out: RigFolder, rate: float, most: int = 1 << 63) -> Ticks:
        """Return a clock that shows 0 at 0 s, or, where a recording begins before that, at an earlier whole second."""
        begins = [recorded.segments[0].t_start, *(one.t_starts[0] for one in recorded.signals)]
        first = min(*begins, 0.0)
        if first < 0:
            out.leave("t_start", "times are not below 0: all are later by whole seconds")
        return cls(rate, float(math.floor(first)), out, most)

    def at(self, times: Floats, what: str) -> tuple[Ints, Bools]:
        """Return what it shows at times (s), and which of them it shows; `what` is noted if it does not show all."""
        shown = np.rint((times - self.origin) * self.rate)
        kept = shown >= 0
        if not kept.all():
            self.out.leave(what, "some are before the clock's 0")
        ticks = shown[kept].astype(np.int64)
        last = int(ticks.max(initial=0))
        remedy = "Export shorter recordings, or in a format whose clock has more bits."
        require(last < self.most, what, f"times of less than {self.most / self.rate:.0f} s", last / self.rate, remedy)
        return ticks, kept

    def one(self, time: float) -> int:
        """Return what it shows at a time (s) that is not before its 0."""
        return int(self.at(np.array([time]), "samples")[0][0])
