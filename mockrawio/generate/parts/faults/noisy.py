"""Noisy channels: contacts of too high an impedance, bad solder joints."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from ....session.probe import ContactMap
from ...incidents import Incident, Rig, Standing
from ...masked import Confined
from ..form import real
from ..noise.white import WhiteLayer
from .part import Fault, channels_field, check_channels


@dataclass(frozen=True)
class NoisyChannel(Fault):
    """Channels with white noise on top of what they hear.

    Attributes
    ----------
    channels : int or tuple of int
        Which ones, by their columns in the stream, from 0.
    uV : float
        Its standard deviation. From 20 on SpikeInterface's ``detect_bad_channels`` finds it at 30 kHz.
    """

    name: ClassVar[str] = "noisy"

    channels: tuple[int, ...] = channels_field()
    _: KW_ONLY
    uV: float = real(40.0, 0.0, 10_000.0)

    def check(self, contacts: ContactMap) -> None:
        """Raise a MockSessionError unless there are such channels."""
        check_channels(self, self.channels, contacts)

    def incident(self, name: str, rig: Rig) -> Incident:
        """Return what it comes to in a session."""
        contacts = rig.contacts(self.channels)
        noise = WhiteLayer(name, rig.only(contacts), self.uV)
        return Standing(rig, self.name, self.channels, Confined(noise, contacts, rig.setting.n_contacts))
