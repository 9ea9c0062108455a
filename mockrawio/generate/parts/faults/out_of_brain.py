"""Contacts that are not in the brain: those above its surface, in the fluid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from ....ground.checks import require
from ....ground.shown import Argument
from ....session.probe import ContactMap
from ...incidents import Incident, Rig, Standing
from ...masked import Confined
from ..form import real
from ..noise.white import WhiteLayer
from .part import Fault, channels_field, check_channels


@dataclass(frozen=True)
class OutOfBrain(Fault):
    """Contacts outside the tissue: no cell lies there or is seen there, and what noise the tissue makes is not heard.

    What comes from the rig is heard as everywhere: white noise, hum, artifacts. In place of the tissue's noise there is
    some of their own, which they do not share. Cells elsewhere stay where they are.

    Attributes
    ----------
    above_um : float or None
        Contacts whose second coordinate, y, is greater are outside.
    channels : int or tuple of int
        In place of that: which ones, by their columns in the stream, from 0.
    uV : float
        Standard deviation of the noise of their own.
    """

    name: ClassVar[str] = "out"

    above_um: float | None = real(None, -1e9, 1e9)
    _: KW_ONLY
    channels: tuple[int, ...] = channels_field(())
    uV: float = real(3.0, 0.0, 1000.0)

    def __post_init__(self) -> None:
        """Check all fields, and that it says once which contacts they are."""
        super().__post_init__()
        once = (self.above_um is None) == bool(self.channels)
        found = f"above_um={self.above_um} and channels={self.channels}"
        remedy = "Give one of them."
        require(once, Argument("above_um", of="OutOfBrain"), "either a depth or channels", found, remedy)

    def check(self, contacts: ContactMap) -> None:
        """Raise a MockSessionError unless it is so of some of the contacts, and not of all."""
        check_channels(self, self.channels, contacts)
        name = "above_um" if self.above_um is not None else "channels"
        n, expected = len(self.outside(contacts)), f"some of {contacts.n} contacts outside the tissue, not all"
        require(0 < n < contacts.n, Argument(name, of="OutOfBrain"), expected, n)

    def outside(self, contacts: ContactMap) -> Sequence[int]:
        """Return the columns that are outside."""
        if self.above_um is None:
            return self.channels
        above: list[int] = np.flatnonzero(contacts.positions[:, 1] > self.above_um).tolist()
        return above

    def incident(self, name: str, rig: Rig) -> Incident:
        """Return what it comes to in a session."""
        channels = self.outside(rig.probe)
        contacts = rig.contacts(channels)
        noise = WhiteLayer(name, rig.only(contacts), self.uV)
        return Standing(rig, self.name, channels, Confined(noise, contacts, rig.setting.n_contacts))
