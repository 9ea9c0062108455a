"""Stretches of time at random, drawn in blocks, so that those of any second of a day are found alone."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from ....ground.checks import require
from ....ground.shown import Argument
from ...draws import Draws
from ...layers import Setting
from ...renewal import BLOCK, Renewal

_KEPT = 4  # blocks
_MOST = 0.5  # of the time
LONGEST_MS = 1e4  # a block of frames is longer at any sampling rate


class Bout(NamedTuple):
    """A stretch of a segment."""

    i_start: int
    i_stop: int  # within the segment
    n: int  # samples, those beyond the segment's end too
    shares: tuple[float, ...]  # numbers drawn for it, evenly spread from 0 to 1


class Bouts:
    """Stretches of a session, which come at a rate on the mean; between two there is a sample at least.

    `length_ms` has their least and their most length, `n_shares` is how many numbers are drawn for each.
    """

    def __init__(
        self, name: str, setting: Setting, rate_hz: float, length_ms: tuple[float, float], n_shares: int = 0
    ) -> None:
        self._name, self._setting, self._n_shares = name, setting, n_shares
        self._least, self.longest = (max(1, round(ms * float(setting.sampling_rate) / 1000)) for ms in length_ms)
        self._train = Renewal(rate_hz, Fraction(self.longest + 1) / setting.sampling_rate)
        self._block = lru_cache(_KEPT)(self._drawn)

    def within(self, seg_index: int, start: int, stop: int) -> Iterator[Bout]:
        """Yield those that have a sample from `start` to `stop` (not included) of a segment, in order."""
        end = self._setting.lengths[seg_index]
        if not self._train.rate_hz or start >= stop:
            return
        for block in range(max(0, start - self.longest) // BLOCK, -(-min(stop, end) // BLOCK)):
            for bout in self._block(seg_index, block):
                if bout.i_start < min(stop, end) and bout.i_start + bout.n > start:
                    yield bout._replace(i_stop=min(bout.i_start + bout.n, end))

    def _drawn(self, seg_index: int, block: int) -> list[Bout]:
        first = self._train.block(self._setting, self._name, 0, seg_index, block).frames.tolist()
        shares = Draws.of(self._setting.bits(self._name, 1, seg_index, block)).uniform(
            len(first) * (1 + self._n_shares)
        )
        rows = shares.reshape(len(first), 1 + self._n_shares).tolist()
        return [self._bout(i, *row) for i, row in zip(first, rows, strict=True)]

    def _bout(self, i_start: int, length: float, *shares: float) -> Bout:
        n = self._least + int(length * (self.longest - self._least + 1))
        return Bout(i_start, i_start + n, n, shares)


def check_bouts(of: str, rate_hz: float, length_ms: tuple[float, float]) -> None:
    """Raise a MockSessionError unless stretches leave half of the time free."""
    expected = f"a rate that leaves half of the time free with {length_ms[1]:g} ms each"
    remedy = "Give a lower rate or a shorter length_ms."
    fits = rate_hz * length_ms[1] <= _MOST * 1000
    require(fits, Argument("rate_hz", of=of), expected, f"{rate_hz:g} Hz", remedy)
