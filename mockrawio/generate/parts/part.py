"""What a part of the noise is, and what all parts of a session have in common.

- A part is a value, of which a spec holds one; :meth:`NoisePart.at` makes it a :class:`Noise` of a session.
- A noise is made in chunks of :data:`CHUNK` samples, each of which can be made alone, in any order, by any thread.
- It is whole numbers, 32nds of a count, in int16: what leaves int16 on the way comes back when all are added, as
  it does in arithmetic modulo 2**16, since the sum of all parts is within +-:data:`BOUND` counts.
- A part takes its bits from a child of the seed of its own (:meth:`Chunk.child`). The first three, white, pink
  and common, share one: its first bits are pink's, then the common part's, then, sample by sample, the white noise's.

The bits are SFC64's, which like PCG64's never change, and come faster.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from ...ground.arrays import Floats
from ..draws import Draws, Kind
from ..gain import fitting_gain

KNOT = 32  # samples that a part is asked for at once, and 32nds of a count
STEP = 4  # samples for which all but the white noise is held: a line's steps are a hundredth of that noise
CHUNK = KNOT << 9  # samples
BOUND = 1023  # counts: what lies in int16 when counts are held in 32nds
SPREAD = 0.2  # how far a channel's level may be from that of the session, as a fraction

Int16s = npt.NDArray[np.int16]
# Makes knots `begin` to `end` (not included) of a chunk: int16 (n, 32, n_channels), or values held for STEP
# samples, (n, 8, n_channels) or (n, 8, 1). The caller overwrites the first and leaves the others as they are.
Make = Callable[[int, int], Int16s]


def limited(default: float, low: float, high: float) -> Any:
    """Return a field of a part, with its least and its most value."""
    return field(default=default, metadata={"limits": (low, high)})


class Chunk:
    """The bits of a chunk: `bits` and `following`, the next chunk's, are those that the first three parts share."""

    def __init__(self, seed: int, seg_index: int, number: int) -> None:
        self._seed, self._place = seed, (seg_index, number)
        self.bits = self._sfc64(int(Kind.NOISE), seg_index, number)
        self.following = self._sfc64(int(Kind.NOISE), seg_index, number + 1)

    def child(self, name: str) -> np.random.SFC64:
        """Return the bits of one part alone, by its name."""
        return self._sfc64(int.from_bytes(name.encode(), "little"), *self._place)

    def _sfc64(self, *key: int) -> np.random.SFC64:
        return np.random.SFC64(np.random.SeedSequence(self._seed, spawn_key=key))


class Claim(NamedTuple):
    """How much noise a part has: a share of the variance of a channel's own or of the mean one, or beside both."""

    own: float = 0.0
    mean: float = 0.0
    beside_uV: float = 0.0  # its largest value where it adds to `noise_uV`


class Mixture(NamedTuple):
    """How much noise there is for the parts to share."""

    seed: int
    gain: float  # µV a count, a power of two: the noise has between 50 and 105 counts
    mean: float  # standard deviation of a channel's noise, in counts, on the mean
    own: Floats  # that of what each channel has for itself, in counts, (n_channels,)
    rest: float  # how much of the variance of `own` no part says that it has

    @classmethod
    def of(cls, parts: Sequence[NoisePart], noise_uV: float, n_channels: int, seed: int) -> Mixture:
        """Draw the levels of a session's channels, and find the gain at which no mixture leaves the bound."""
        own, shared, beside_uV = (sum(some) for some in zip(*(part.claim() for part in parts), strict=True))
        peak = sqrt(sum(part.peak**2 for part in parts)) * (1 + SPREAD)
        gain = fitting_gain((noise_uV * 32767 * peak + 32767 * beside_uV) / (BOUND - 8))  # 8: for what is rounded
        mean = noise_uV / gain
        drawn = Draws(seed, Kind.NOISE_LEVEL).uniform(n_channels)
        levels = np.sqrt((mean * (1 + SPREAD * (2 * drawn - 1))) ** 2 - mean**2 * shared)
        return cls(seed, gain, mean, levels, 1 - own)


class Noise(ABC):
    """A part of the noise at its level in a session; holds no more than that."""

    sd_uV: Floats | float  # standard deviation on each channel, (n_channels,), or the one on all of them, µV
    bias: Int16s | int = 0  # what is added to all its values, in 32nds of a count, (n_channels,)

    @abstractmethod
    def begin(self, chunk: Chunk) -> Make:
        """Take what a chunk begins with from its bits, and return what makes the rest, to be called in order."""


@dataclass(frozen=True, kw_only=True)
class NoisePart(ABC):
    """A part of the noise, as a spec has it: its fields, and what the sum of all parts must know of it."""

    name: ClassVar[str]  # by which the truth and the spec's fields call it
    # its largest value in its own standard deviations, where it shares the variance of `noise_uV`
    peak: ClassVar[float] = 0.0

    def claim(self) -> Claim:
        """Return how much it has; nothing but what the others leave of a channel's own noise."""
        return Claim()

    @abstractmethod
    def at(self, mixture: Mixture) -> Noise:
        """Return the part at its level in a session."""
