"""Events that come at random, one after another: when each begins, and 64 bits to draw what it is like.

They are drawn in blocks of 1024 s, by :mod:`...renewal`, on a clock of their own: they come at the same times whatever
the sampling rate is. The process has run for a minute when a segment begins, so that one may be going on.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ....ground.arrays import Array, Floats
from ...draws import normal_table
from ...kept import kept
from ...layers import Setting
from ...renewal import BLOCK, STEPS, Renewal

_CLOCK_HZ = 1024
_BLOCK_S = BLOCK // _CLOCK_HZ
_LEAD_S = 64  # on that clock when a segment begins
_KEPT = 2  # blocks

Words = npt.NDArray[np.uint16]


class Begun(NamedTuple):
    """Some events of a segment, ascending."""

    onsets: Floats  # (n,): s from the first sample on; before it for one that is going on there
    words: Words  # (n, 4): what is drawn for each

    def real(self, k: int, span: tuple[float, float]) -> Floats:
        """Return numbers that are evenly drawn between two, by word `k` of each event."""
        low, high = span
        drawn: Floats = low + (high - low) * (self.words[:, k] / 65536)
        return drawn

    def factor(self, k: int, sd: float) -> Floats:
        """Return normal numbers around 1, none below a tenth, by word `k` of each event."""
        drawn: Floats = np.maximum(0.1, 1 + sd * normal_table()[self.words[:, k]])
        return drawn


def most_factor(sd: float) -> float:
    """Return what no :meth:`Begun.factor` is beyond."""
    return 1 + sd * float(normal_table()[-1])


class Onsets:
    """Events of a layer that last up to `longest_s`, and never overlap."""

    def __init__(self, setting: Setting, name: str, rate_hz: float, longest_s: float) -> None:
        self._clock = replace(setting, sampling_rate=Fraction(_CLOCK_HZ))
        self._name, self.longest_s = f"{name}.events", longest_s
        self._train = Renewal(rate_hz, Fraction(longest_s))
        self._blocks = kept(_KEPT, self._block)

    def within(self, seg_index: int, start_s: float, stop_s: float) -> Begun:
        """Return the events that begin before `stop_s`, and may last until after `start_s`."""
        low, high = max(0.0, start_s - self.longest_s + _LEAD_S), stop_s + _LEAD_S
        blocks = [self._blocks(seg_index, block) for block in range(int(low / _BLOCK_S), int(high / _BLOCK_S) + 1)]
        onsets, words = (np.concatenate(part) for part in zip(*blocks, strict=True))
        first, last = np.searchsorted(onsets, [low - _LEAD_S, high - _LEAD_S]).tolist()
        return Begun(onsets[first:last], words[first:last])

    def _block(self, seg_index: int, block: int) -> Begun:
        spikes = self._train.block(self._clock, self._name, 0, seg_index, block)
        onsets: Floats = (spikes.frames * STEPS + spikes.phases) / (STEPS * _CLOCK_HZ) - _LEAD_S
        words: Array = self._clock.bits(f"{self._name}.drawn", seg_index, block).random_raw(len(onsets))
        return Begun(onsets, words.astype("<u8", copy=False).view("<u2").reshape(-1, 4))
