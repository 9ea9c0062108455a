"""How an amplifier makes counts of µV."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from ...ground.checks import require
from ...ground.shown import Argument
from ...session.probe import ContactMap
from .faults import FAULTS, Fault
from .form import Family, Part, checked, real, whole, yes
from .sync import Sync


@dataclass(frozen=True)
class Acquisition(Part):
    """The amplifier and analog-to-digital converter.

    Parameters
    ----------
    gain_uV : float
        µV per count. Intan's amplifiers have 0.195; a Neuropixels 1.0 probe has 2.34375 at a gain of 500.
    bits : int
        Number of bits: counts are from ``-2**(bits - 1)`` to ``2**(bits - 1) - 1``, and values beyond are clipped.
    sample_shift : bool
        Whether each converter samples its channels one after another, in the order given by the probe, so that spikes,
        hum and artifacts appear earlier on channels sampled later. White noise does not change, as its statistics do
        not depend on the time within a sample.
    faults : tuple of parts
        Acquisition faults: DeadChannel, NoisyChannel, OutOfBrain, StimulationArtifact, MovementArtifact,
        DroppedPackets, ClockSkew. Default: nothing.
    sync : Sync, optional
        A sync line between the amplifier and the stimulus computer. None: no line.
    """

    gain_uV: float = real(0.195, 1e-4, 1e3)
    _: KW_ONLY
    bits: int = whole(16, 8, 16)
    sample_shift: bool = yes(False)
    faults: tuple[Fault, ...] = checked((), FAULTS.several)
    sync: Sync | None = checked(None, Family("the sync line", Sync).one)

    def check(self, contacts: ContactMap) -> None:
        """Raise a MockSessionError unless the contacts are such that they can be recorded so."""
        known = not self.sample_shift or contacts.sample_shifts is not None
        expected = "False, for a probe that does not say in which order its channels are sampled"
        remedy = "Leave it out, or give probe='neuropixels-1.0'."
        require(known, Argument("sample_shift", of="Acquisition"), expected, True, remedy)
        for fault in self.faults:
            fault.check(contacts)
        left = contacts.n - len(self.outside(contacts))
        name, remedy = Argument("faults", of="Acquisition"), "Give fewer contacts outside the tissue."
        require(left > 0, name, "a contact in the tissue", "none", remedy)

    def outside(self, contacts: ContactMap) -> list[int]:
        """Return the columns that its faults leave outside the tissue, ascending."""
        return sorted({channel for fault in self.faults for channel in fault.outside(contacts)})
