"""What a fault is: a value that an acquisition holds, which comes to something in a session."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import MISSING, dataclass
from typing import Any, ClassVar

from ....ground.checks import require
from ....ground.shown import Argument, Text
from ....session.probe import ContactMap
from ...incidents import Incident, Rig
from ..form import Part, wholes

MOST_CHANNELS = 100_000


@dataclass(frozen=True)
class Fault(Part, ABC):
    """A fault of a rig.

    `name` is what the truth calls it, and its layer after ``fault.``; `in_stream` is False if a session without a
    broadband stream may have it.
    """

    name: ClassVar[str]
    in_stream: ClassVar[bool] = True

    @abstractmethod
    def incident(self, name: str, rig: Rig) -> Incident:
        """Return what it comes to in a session; its layer, if it has one, is called by that name."""

    def check(self, contacts: ContactMap) -> None:
        """Raise a MockSessionError unless these contacts can have it."""

    def outside(self, contacts: ContactMap) -> Sequence[int]:
        """Return the columns that it leaves outside the tissue."""
        return ()


def check_most(of: str, most: int) -> None:
    """Raise a MockSessionError if a fault adds more counts than 32 bits hold beside those of the other layers."""
    remedy = Text("Give less, or a larger ", Argument("gain_uV", of="Acquisition"), ".")
    require(most < 1 << 30, Argument("uV", of=of), f"an artifact of less than {1 << 30} counts", most, remedy)


def channels_field(default: Any = MISSING) -> Any:
    """Return a field that is the columns of a stream which have a fault."""
    return wholes(default, 0, MOST_CHANNELS - 1)


def check_channels(fault: Fault, channels: Sequence[int], contacts: ContactMap) -> None:
    """Raise a MockSessionError unless there are such channels."""
    name = Argument("channels", of=type(fault).__name__)
    require(max(channels, default=0) < contacts.n, name, f"columns of the stream, 0 to {contacts.n - 1}", channels)
