"""Rates that answer events."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from ....ground.arrays import Floats
from ..form import real, whole, word
from .lock import Cues, Grid, Lock, LockPart, SameLock
from .some import Some

_PEAK = 1 / 3  # of the kernel, as a part of its duration


@dataclass(frozen=True)
class EventLocked(LockPart):
    """Rates that increase or decrease after each of the session's events.

    Between responses a unit has its baseline rate. Overlapping responses add up; rates are never below 0. The times of
    events depend on the session's duration, and so do the spikes.

    Attributes
    ----------
    events : str
        The channel of the events.
    code : int or None
        Code of the events; None for all.
    gain : float
        Factor of the rate at the peak of a response; below 1 rates decrease.
    latency_ms : float
        Delay of the response after its event.
    duration_ms : float
        Duration of the response. It rises to its peak within a third of it, see :func:`kernel`.
    of_units : float
        The share of the units that respond.
    """

    name: ClassVar[str] = "event"

    events: str = word("Events")
    _: KW_ONLY
    code: int | None = whole(None, -(2**31), 2**31)
    gain: float = real(4.0, 0.0, 1000.0)
    latency_ms: float = real(80.0, 0.0, 1e6)
    duration_ms: float = real(300.0, 1.0, 1e6)
    of_units: float = real(1.0, 0.0, 1.0)

    def lock(self, name: str, grid: Grid, cues: Cues) -> Lock:
        """Return what rates in a session follow."""
        events, rate = cues.events(self.events, self.code), float(grid.setting.sampling_rate)
        late, length = self.latency_ms / 1000 * rate, self.duration_ms / 1000 * rate

        def gain(seg_index: int, block: int) -> Floats:
            middles = grid.middles(block)
            begins = events[seg_index] * rate + late
            begins = begins[(begins + length > middles[0]) & (begins < middles[-1])]
            first = np.searchsorted(middles, begins)
            parts = first[:, None] + np.arange(int(length / grid.width) + 2)
            added = kernel((middles[0] + parts * grid.width - begins[:, None]) / length) * (self.gain - 1)
            inside = parts < grid.n
            factors = np.ones(grid.n)
            np.add.at(factors, parts[inside], added[inside])
            return np.maximum(factors, 0.0)

        return SameLock(Some(grid.setting, name, self.of_units), gain)


def kernel(times: Floats) -> Floats:
    """Return how far a response is, from 0 to 1 at its peak, at times that are parts of its duration.

    It is t^2 (1 - t)^4, made 1 at its largest: whole powers, so that it is the same on every machine.
    """
    inside = np.clip(times, 0.0, 1.0)
    rise, fall = inside / _PEAK, (1 - inside) / (1 - _PEAK)
    falls: Floats = fall * fall
    response: Floats = rise * rise * (falls * falls)
    return response
