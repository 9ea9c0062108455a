"""The LFP of Epiphyte's generator, which is no tissue's."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from ..form import Part, real


@dataclass(frozen=True)
class Sine(Part):
    """A sine of 8 Hz on every channel, at a phase of its own; for sessions as Epiphyte's generator makes them.

    It stands alone, in a session without a stream.

    Parameters
    ----------
    uV : float, default 100.0
        Its amplitude.
    noise_uV : float, default 0.0
        Standard deviation of 1/f noise on it.
    """

    uV: float = real(100.0, 0.0, 10_000.0)
    _: KW_ONLY
    noise_uV: float = real(0.0, 0.0, 10_000.0)
