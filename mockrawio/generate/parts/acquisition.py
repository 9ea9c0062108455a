"""How an amplifier makes counts of µV."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from .form import Part, real, whole


@dataclass(frozen=True)
class Acquisition(Part):
    """The converter of a rig.

    Parameters
    ----------
    gain_uV : float
        µV a count. 0.195 is that of Intan's amplifiers; a Neuropixels 1.0 probe has 2.34375 at a gain of 500.
    bits : int
        Of a count: it lies from ``-2**(bits - 1)`` to ``2**(bits - 1) - 1``, and what is beyond is cut off there.
    """

    gain_uV: float = real(0.195, 1e-4, 1e3)
    _: KW_ONLY
    bits: int = whole(16, 8, 16)
