"""Dead channels: broken wires and contacts that lead to nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ....session.probe import ContactMap
from ...incidents import ZEROS, Incident, Rig, Standing
from .part import Fault, channels_field, check_channels


@dataclass(frozen=True)
class DeadChannel(Fault):
    """Channels that hear nothing: all their samples are 0, whatever the layers have there.

    Attributes
    ----------
    channels : int or tuple of int
        Which ones, by their columns in the stream, from 0.
    """

    name: ClassVar[str] = "dead"

    channels: tuple[int, ...] = channels_field()

    def check(self, contacts: ContactMap) -> None:
        """Raise a MockSessionError unless there are such channels."""
        check_channels(self, self.channels, contacts)

    def incident(self, name: str, rig: Rig) -> Incident:
        """Return what it comes to in a session."""
        return Standing(rig, self.name, self.channels, fill=ZEROS)
