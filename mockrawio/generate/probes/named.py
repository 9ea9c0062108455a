"""What a probe that has a name is: its geometry, for each number of channels that it can have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...ground.checks import is_whole, require
from ...ground.shown import Argument
from ...session.probe import ContactMap

MOST_CHANNELS = 100_000


@dataclass(frozen=True)
class NamedProbe:
    """A probe by name.

    Attributes
    ----------
    name : str
        Its name in a spec, such as "utah".
    what : str
        A short description.
    default : int
        Default number of channels.
    numbers : sequence of int
        Possible numbers of channels, ascending.
    make : callable
        Returns its contacts for a number of channels.
    """

    name: str
    what: str
    default: int
    numbers: Sequence[int]
    make: Callable[[int], ContactMap]

    def contacts(self, n_channels: int | None = None) -> ContactMap:
        """Return its contacts; None is its own number. MockSessionError if it cannot have so many channels."""
        if n_channels is None:
            return self.make(self.default)
        name, remedy = Argument("n_channels", of="SessionSpec"), "Change it, or leave it out."
        ok = is_whole(n_channels) and n_channels in self.numbers
        require(ok, name, f"{self.range} channels on the probe {self.name!r}", n_channels, remedy)
        return self.make(int(n_channels))

    @property
    def range(self) -> str:
        """How many channels it can have, in words."""
        some = self.numbers
        if len(some) < 4:
            return " or ".join(map(str, some))
        return f"{some[0]} to {some[-1]}" if some[1] - some[0] == 1 else f"{some[0]}, {some[1]}, ..., {some[-1]}"


def padded(numbers: Sequence[int]) -> list[str]:
    """Return numbers as ids, with zeros before them where some are longer, so that they sort as numbers do."""
    width = len(str(max(numbers)))
    return [f"{number:0{width}d}" for number in numbers]
