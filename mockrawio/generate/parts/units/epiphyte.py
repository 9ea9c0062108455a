"""The units that Epiphyte's generator draws (docs/epiphyte.rst)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from fractions import Fraction

from ....ground.checks import require
from ....ground.shown import Argument, Clause, Text
from ... import timing
from ..form import Part, real, span, whole, whole_span


@dataclass(frozen=True)
class EpiphyteUnits(Part):
    """Units with positive peaks and even rates, each on a channel drawn evenly, as Epiphyte's generator draws them.

    Parameters
    ----------
    n : int, optional
        How many. None: 20 to 100.
    rate_hz : tuple of two floats, optional
        Lowest and highest firing rate. None: 50 to 5000 spikes a unit, fewer below 90 minutes.
    spikes_per_unit : tuple of two ints, optional
        Lowest and highest number of spikes, in place of `rate_hz`.
    refractory_ms : float
        Least time between two spikes of a unit; the spike clock ticks 32 times a ms.
    """

    n: int | None = whole(None, 0, 100_000)
    _: KW_ONLY
    rate_hz: tuple[float, float] | None = span(None, 0.0, 1e9)
    spikes_per_unit: tuple[int, int] | None = whole_span(None, 0, 10**9)
    refractory_ms: float = real(3.0, 0.0, 1e4)

    @property
    def refractory_ticks(self) -> int:
        """The refractory period on the spike clock, rounded up; at least one tick."""
        return max(1, math.ceil(self.refractory_ms * timing.SPIKE_CLOCK))

    def spike_range(self, recorded_ms: int) -> tuple[int, int]:
        """Return the lowest and highest number of spikes a unit may have in that many ms."""
        if self.spikes_per_unit is not None:
            return self.spikes_per_unit
        if self.rate_hz is None:
            return timing.scaled_range(timing.SPIKES, timing.share(recorded_ms))
        low, high = (rate * recorded_ms / 1000 for rate in self.rate_hz)
        return math.ceil(low), max(math.ceil(low), math.floor(high))

    def check(self, sampling_rate: Fraction | None, lengths_ms: Sequence[int]) -> None:
        """Refuse them where they do not fit into a session."""
        name = Argument("sampling_rate", of="SessionSpec")
        others = Clause(", or give ", Argument("units", "Units(...)", of="SessionSpec"), ", which are in a stream")
        expected = "None with units as Epiphyte's, which are in no stream"
        found = f"{float(sampling_rate or 0):g} Hz"
        require(sampling_rate is None, name, expected, found, Text("Leave it out", others, "."))
        recorded = sum(lengths_ms)
        most = self.spike_range(recorded)[1]
        field = "rate_hz" if self.spikes_per_unit is None else "spikes_per_unit"
        seconds, apart = recorded / 1000, self.refractory_ms
        expected = f"spikes that leave a tenth of {seconds:g} s free with {apart} ms between them"
        fits = most * self.refractory_ticks <= 0.9 * recorded * timing.SPIKE_CLOCK
        remedy = "Give fewer spikes or a shorter refractory_ms."
        require(fits, Argument(field, of="EpiphyteUnits"), expected, f"up to {most} a unit", remedy)
