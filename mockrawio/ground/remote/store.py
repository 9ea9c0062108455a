"""What a store of files must say: bytes of a range, what a file is, what a folder holds.

What a store raises is final, but for :class:`Passing`: what failed may work when it is asked again.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from ..errors import BadFileError

DELAYS_S = 0.1, 0.4, 1.6, 6.4  # before each further try
MOST_WAIT_S = 15.0  # that a server can ask for

Answer = TypeVar("Answer")


class Passing(Exception):
    """A fault that may be gone when asked again; `found` has nothing in it that is secret."""

    def __init__(self, found: str, wait_s: float = 0.0) -> None:
        super().__init__(found)
        self.found, self.wait_s = found, wait_s


class Known(NamedTuple):
    """What a store says of a file."""

    size: int
    tag: str  # another one if its bytes are others: an ETag; "" if the store has none


class Listed(NamedTuple):
    """What a folder holds, by its own name."""

    name: str
    is_folder: bool


class RemoteStore(ABC):
    """Files by their names below a folder; from any thread."""

    @abstractmethod
    def read(self, name: str, start: int, stop: int) -> tuple[bytes, Known]:
        """Return the bytes of a range, fewer at the end of the file alone, and what the file is.

        OSError if there is none, or it may not be read.
        """

    @abstractmethod
    def listed(self, below: str) -> list[Listed]:
        """Return what the folder, or one in it, holds; OSError if that is not told."""

    def close(self) -> None:  # noqa: B027  # a store that keeps nothing open
        """Let go of connections."""


def patiently(place: str, ask: Callable[[], Answer]) -> Answer:
    """Ask, and ask again, later each time; BadFileError if it fails each time."""
    for delay in (*DELAYS_S, None):
        try:
            return ask()
        except Passing as fault:
            if delay is None:
                tries = len(DELAYS_S) + 1
                remedy = "Try again later; if it stays so, ask whoever runs the server."
                # what it came from may have the whole address in it
                raise BadFileError(place, "the bytes asked for", f"{fault.found}, {tries} times", remedy) from None
            time.sleep(max(delay, min(fault.wait_s, MOST_WAIT_S)))
    raise AssertionError("the last try returns or raises")
