"""A line that two clocks can be compared by."""

from __future__ import annotations

from dataclasses import dataclass

from .form import Part, real


@dataclass(frozen=True)
class Sync(Part):
    """A square wave that the stimulus computer sends to the amplifier, and logs.

    The amplifier has it as the stream ``sync``, 0 or 5 V in each of the broadband's samples; the computer's log, on the
    computer's clock, is ``event_file/Sync.npy``, and the reader's event channel ``Sync``: 1 where it rises, else 0.

    Parameters
    ----------
    period_ms : float
        Period of the square wave on the computer's clock.
    """

    period_ms: float = real(1000.0, 1.0, 1e6)
