"""What a lock is: a part that makes rates follow something, and what there is to follow."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, NamedTuple

import numpy as np

from ....ground.arrays import Floats, Ints
from ....ground.errors import MockSessionError
from ....ground.shown import Argument
from ...layers import Setting
from ...renewal import BLOCK
from ..form import Part
from .some import Some

_PARTS_HZ = 2000
_KEPT = 4  # blocks

# Returns the phase of a rhythm in rad, float64 (n,), NaN where there is none: of a segment, at frames, int64 (n,).
# It must be the same on every machine, and may be asked for beyond the segment's end.
Phase = Callable[[int, Ints], Floats]


class Grid(NamedTuple):
    """The parts of a block in each of which a rate does not change."""

    setting: Setting
    width: int  # frames, a power of two: half a ms or less, or a frame

    @classmethod
    def of(cls, setting: Setting) -> Grid:
        """Return that of a session."""
        return cls(setting, 1 << max(0, int(setting.sampling_rate / _PARTS_HZ).bit_length() - 1))

    @property
    def n(self) -> int:
        """How many parts a block has."""
        return BLOCK // self.width

    def middles(self, block: int) -> Ints:
        """Return the frames in the middle of the parts, int64 (n,)."""
        return block * BLOCK + self.width // 2 + np.arange(self.n) * self.width

    def seconds(self, block: int) -> Floats:
        """Return when they are, float64 (n,), s since the segment's beginning."""
        return self.middles(block) / float(self.setting.sampling_rate)


class Cues:
    """What the cells of a session can follow; here it is nothing but the time.

    Attributes
    ----------
    starts_s : sequence of float
        When each segment begins, s since the first one did.
    """

    def __init__(self, starts_s: Sequence[float] = (0.0,)) -> None:
        self.starts_s = starts_s

    def events(self, name: str, code: int | None) -> Sequence[Floats]:
        """Return when the events of a channel are that have a code: of each segment float64 (n,), s since it began.

        Those before it and after its end may be among them.

        Raises
        ------
        MockSessionError
            If there is no such channel.
        """
        raise MockSessionError(Argument("events", of="EventLocked"), "a channel of events", name, "Leave it out.")

    def movie(self, seg_index: int, frames: Ints) -> Floats:
        """Return the movie's own time at frames of a segment, float64 (n,), s; NaN where it is not running."""
        return np.full(len(frames), np.nan)

    def phase(self, name: str) -> Phase:
        """Return the phase of a rhythm of the field.

        Raises
        ------
        MockSessionError
            If there is no such rhythm.
        """
        raise MockSessionError(Argument("rhythm", of="PhaseLocked"), "a rhythm of the field", name, "Leave it out.")


class Lock(ABC):
    """What rates in a session follow."""

    @abstractmethod
    def gain(self, index: int, seg_index: int, block: int) -> Floats | None:
        """Return how many times as high a cell's rate is in each part of a block, float64 (n,); None if it is not."""


class SameLock(Lock):
    """What some cells follow all alike.

    Parameters
    ----------
    cells : Some
        Those that do.
    gain : callable
        Returns it, of a segment and a block.
    """

    def __init__(self, cells: Some, gain: Callable[[int, int], Floats]) -> None:
        self._cells, self._gain = cells, lru_cache(_KEPT)(gain)

    def gain(self, index: int, seg_index: int, block: int) -> Floats | None:
        """Return how many times as high a cell's rate is."""
        return self._gain(seg_index, block) if index in self._cells else None


@dataclass(frozen=True)
class LockPart(Part, ABC):
    """A part that makes rates follow something.

    `name` is by what its children of the seed are known, after ``spikes.``.
    """

    name: ClassVar[str]

    @abstractmethod
    def lock(self, name: str, grid: Grid, cues: Cues) -> Lock:
        """Return what rates in a session follow; all its bits come from `grid`'s setting, by that name."""
