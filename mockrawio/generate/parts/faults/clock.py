"""The clock of the computer that shows the stimulus, which is not the amplifier's."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from fractions import Fraction
from typing import ClassVar

from ...incidents import Incident, Rig, Standing
from ..form import real
from .part import Fault


@dataclass(frozen=True)
class ClockSkew(Fault):
    """The clock of the stimulus computer runs faster or slower than the amplifier's.

    The DAQ log, the watchlog and the log of a :class:`~mockrawio.generate.Sync` line have its stamps; samples, spikes,
    LFP and events have the amplifier's. Several of these faults add up.

    Attributes
    ----------
    ppm : float
        By how many parts in a million it is faster.
    offset_ms : float
        By how much it is ahead when the recording starts.
    """

    name: ClassVar[str] = "clock"
    in_stream: ClassVar[bool] = False

    ppm: float = real(20.0, -10_000.0, 10_000.0)
    _: KW_ONLY
    offset_ms: float = real(0.0, -1e6, 1e6)

    def incident(self, name: str, rig: Rig) -> Incident:
        """Return what it comes to in a session: nothing in its samples."""
        return Standing(rig, self.name, ())

    @property
    def rate(self) -> Fraction:
        """How fast it runs, exactly."""
        return 1 + Fraction(repr(self.ppm)) / 1_000_000
