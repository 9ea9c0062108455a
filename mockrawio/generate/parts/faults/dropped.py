"""Packets of samples that get lost on the way from the converter to the disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from ...incidents import HELD, ZEROS, FaultRow, Incident, Rig
from ..form import choice, real, span
from .bouts import LONGEST_MS, Bouts, check_bouts
from .part import Fault


@dataclass(frozen=True)
class DroppedPackets(Fault):
    """Stretches of time whose samples are lost on all channels, at random; the clock goes on.

    Attributes
    ----------
    rate_hz : float
        How many there are a second, on the mean.
    length_ms : tuple of float
        How long they are, the least and the most; a sample at least.
    fill : {"zeros", "held"}
        What stands there: zeros, or the last sample before it, over and over. Nothing comes before a segment.
    """

    name: ClassVar[str] = "dropped"

    rate_hz: float = real(0.05, 0.0, 1000.0)
    _: KW_ONLY
    length_ms: tuple[float, float] = span((0.5, 10.0), 0.001, LONGEST_MS)
    fill: str = choice(ZEROS, ZEROS, HELD)

    def __post_init__(self) -> None:
        """Check all fields, and that half of the time is left."""
        super().__post_init__()
        check_bouts(type(self).__name__, self.rate_hz, self.length_ms)

    def incident(self, name: str, rig: Rig) -> Incident:
        """Return what it comes to in a session."""
        return _Dropped(Bouts(name, rig.setting, self.rate_hz, self.length_ms), rig.channels, self.fill)


class _Dropped(Incident):
    def __init__(self, bouts: Bouts, channels: tuple[int, ...], fill: str) -> None:
        self._bouts, self._channels, self._fill = bouts, channels, fill

    def rows(self, seg_index: int, start: int, stop: int) -> Iterator[FaultRow]:
        """Yield the stretches that were lost."""
        for bout in self._bouts.within(seg_index, start, stop):
            yield FaultRow(DroppedPackets.name, seg_index, self._channels, bout.i_start, bout.i_stop, fill=self._fill)
