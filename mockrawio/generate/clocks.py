"""The two clocks of a session: the amplifier's, and that of the computer which shows the stimulus.

Samples, spikes, LFP and events have the first; the logs of the computer the second. One is a straight line of the
other, in exact fractions, so that which sample sees an edge of the sync line does not depend on rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import ceil, floor

import numpy as np

from ..ground.arrays import Floats, Ints
from ..session import keys
from ..session.clock import Run
from ..session.content import stream_description
from ..session.files import Scale
from .layers import CHUNK, Int16s
from .parts.faults import ClockSkew
from .plan import Plan

VOLTS = 5.0  # of a line that is on


@dataclass(frozen=True)
class ComputerClock:
    """The computer's clock, in ms after the start of the recording by the amplifier's."""

    rate: Fraction  # how fast it runs by the amplifier's
    ahead_ms: Fraction  # when the recording starts

    @classmethod
    def of(cls, plan: Plan) -> ComputerClock:
        """Return that of a session."""
        rate, ahead = Fraction(1), Fraction(0)
        for fault in plan.spec.acquisition.faults:
            if isinstance(fault, ClockSkew):
                rate, ahead = rate * fault.rate, ahead + Fraction(repr(fault.offset_ms))
        return cls(rate, ahead)

    def stamps(self, plan: Plan, stamps_ms: Ints) -> Ints:
        """Return what it shows at stamps of the amplifier's clock, ms since the Unix epoch, int64 (n,); whole ms."""
        if self == EXACT:
            return stamps_ms
        late = (stamps_ms - plan.start_ms) * float(self.rate - 1) + float(self.ahead_ms)
        shown: Ints = stamps_ms + np.rint(late).astype(np.int64)
        return shown

    def amplifier_ms(self, shown_ms: Fraction) -> Fraction:
        """Return when it shows a time, in ms after the start by the amplifier's clock."""
        return (shown_ms - self.ahead_ms) / self.rate


EXACT = ComputerClock(Fraction(1), Fraction(0))


class SyncLine:
    """The square wave of a session: low at the computer's 0, and high for the second half of each period."""

    def __init__(self, plan: Plan) -> None:
        sync, rate = plan.spec.acquisition.sync, plan.spec.sampling_rate
        assert sync is not None
        assert rate is not None
        self._plan, self._clock = plan, ComputerClock.of(plan)
        self._half_ms = Fraction(repr(sync.period_ms)) / 2
        self._a_ms = rate / 1000
        self.lengths = tuple(int(segment.n_ms * self._a_ms) for segment in plan.segments)

    def chunks(self) -> Iterator[Int16s]:
        """Yield the samples of all segments, 0 or 1, in pieces of (n, 1)."""
        for seg_index, length in enumerate(self.lengths):
            for begin in range(0, length, CHUNK):
                yield self.levels(seg_index, begin, min(begin + CHUNK, length))

    def levels(self, seg_index: int, i_start: int, i_stop: int) -> Int16s:
        """Return samples of a segment, 0 or 1, int16 (i_stop - i_start, 1)."""
        number = floor(self._shown_ms(seg_index, i_start) / self._half_ms)  # of edges so far
        levels = np.empty((i_stop - i_start, 1), "<i2")
        begin = i_start
        while begin < i_stop:
            end = min(i_stop, self._sample(seg_index, number + 1))
            levels[begin - i_start : end - i_start] = number % 2
            begin, number = max(begin, end), number + 1
        return levels

    def log(self) -> Floats:
        """Return the computer's log: float64 (n, 2), its ms since the Unix epoch, and 1 for a rise or 0 for a fall.

        It has all edges between the start and the end, in gaps too.
        """
        first = floor(self._clock.ahead_ms / self._half_ms) + 1
        last = ceil((self._clock.ahead_ms + self._plan.length_ms * self._clock.rate) / self._half_ms)
        numbers = np.arange(first, last)
        half_ms = float(self._half_ms)
        return np.column_stack([self._plan.start_ms + numbers * half_ms, numbers % 2]).astype("<f8", copy=False)

    def description(self) -> dict[str, object]:
        """Return what the json of its stream says."""
        starts, stops = [segment.start_ms for segment in self._plan.segments], list(accumulate(self.lengths))
        known = {
            "period_ms": float(2 * self._half_ms),
            "clock": {"ppm": float((self._clock.rate - 1) * 1_000_000), "offset_ms": float(self._clock.ahead_ms)},
        }
        runs = map(Run, [0, *stops], stops, starts)
        scale, rate = Scale(VOLTS, 0.0, "V"), float(self._a_ms * 1000)
        return stream_description(rate, [scale], ["SYNC"], ["SYNC"], runs, {keys.GROUND_TRUTH: known})

    def _shown_ms(self, seg_index: int, i: int) -> Fraction:
        """Return what the computer's clock shows at a sample, ms after the start."""
        segment = self._plan.segments[seg_index]
        at_ms = segment.start_ms - self._plan.start_ms + i / self._a_ms
        return at_ms * self._clock.rate + self._clock.ahead_ms

    def _sample(self, seg_index: int, number: int) -> int:
        """Return the first sample of a segment, counted on beyond its ends, from an edge on."""
        segment = self._plan.segments[seg_index]
        at_ms = self._clock.amplifier_ms(number * self._half_ms)
        return ceil((at_ms - (segment.start_ms - self._plan.start_ms)) * self._a_ms)
