"""The LFP of a session: stamps, and samples of each channel."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np

from ..ground.arrays import Floats, Ints
from .layers import Int16s
from .plan import Plan
from .spool import Spool

_BLOCK = 1 << 16  # stamps


class Lfp(ABC):
    """The LFP of each channel."""

    gain_uV: float  # µV a count

    @abstractmethod
    def samples(self, channel: int, encoding: str) -> Iterator[Floats | Int16s]:
        """Yield the samples of a channel (from 1) in blocks: µV as "float64", or counts as "int16"."""


class SpooledLfp(Lfp):
    """An LFP that has been made row by row."""

    def __init__(self, spool: Spool, gain_uV: float) -> None:
        self._spool, self.gain_uV = spool, gain_uV

    def samples(self, channel: int, encoding: str) -> Iterator[Floats | Int16s]:
        """Yield the samples of a channel."""
        for block in self._spool.column(channel - 1):
            yield block if encoding == "int16" else block * np.float64(self.gain_uV)


def lfp_times(plan: Plan) -> Iterator[Ints]:
    """Yield the stamps of a channel's samples, ms since the Unix epoch, in blocks."""
    first = np.arange(_BLOCK, dtype="<i8")
    for segment in plan.segments:
        for begin in range(0, segment.n_ms, _BLOCK):
            yield first[: segment.n_ms - begin] + (segment.start_ms + begin)
