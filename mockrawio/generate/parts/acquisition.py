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
    """The converter of a rig.

    Parameters
    ----------
    gain_uV : float
        µV a count. 0.195 is that of Intan's amplifiers; a Neuropixels 1.0 probe has 2.34375 at a gain of 500.
    bits : int
        Of a count: it lies from ``-2**(bits - 1)`` to ``2**(bits - 1) - 1``, and what is beyond is cut off there.
    sample_shift : bool
        Whether each converter samples its channels one after another, in the order that the probe says, so that
        spikes, hum and artifacts come earlier on those that are sampled later. Noise that is white in time stays as
        it is: by its law nobody can tell when in a sample it was taken.
    faults : tuple of parts
        What fails: DeadChannel, NoisyChannel, OutOfBrain, StimulationArtifact, MovementArtifact, DroppedPackets,
        ClockSkew. Default: nothing.
    sync : Sync, optional
        The line by which the amplifier's clock and that of the stimulus computer can be compared. None: there is none.
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
