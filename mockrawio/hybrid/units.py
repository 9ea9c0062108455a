"""What the steps of a hybrid run hand to one another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["Events", "FixedEvents", "LowRankEvents", "PlantedUnit", "Source", "SourceFile", "UnitSkipped"]

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]


class SourceFile(Protocol):
    """One file of a source, as :class:`~mockrawio.hybrid.recording.RawFile` has it."""

    @property
    def path(self) -> str:
        """Where it is, or what it is to be called."""

    @property
    def start(self) -> int:
        """Its first sample on the absolute axis."""

    @property
    def n_frames(self) -> int:
        """How many samples, of all channels, it holds."""


class Source(Protocol):
    """What a recording must offer to have events taken from it and added to a copy of it.

    :class:`~mockrawio.hybrid.recording.RawRecording` is one.
    """

    @property
    def sample_rate(self) -> float:
        """Hz."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the samples: integers."""

    @property
    def n_channels(self) -> int:
        """Rows of the raw data, C."""

    @property
    def files(self) -> Sequence[SourceFile]:
        """Ascending by start, without overlap."""

    @property
    def stop(self) -> int:
        """One past the last sample of the last file."""

    def read(self, start: int, stop: int, channels: Any = None) -> Array:
        """Return samples, (stop - start, C)."""

    def holds_many(self, starts: npt.ArrayLike, stops: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Tell which ranges lie wholly inside one file."""

    def gather(self, centers: npt.ArrayLike, before: int, after: int, channels: Any) -> Array:
        """Return a window around every centre, (p, before + after + 1, m)."""


class UnitSkipped(Exception):
    """A unit cannot be made; the text says why."""


class Events(Protocol):
    """Events as whole counts, made when asked for."""

    def __len__(self) -> int:
        """Return how many there are."""

    def counts(self, start: int, stop: int) -> npt.NDArray[np.int32]:
        """Return events `start` to `stop` (not included), (k, n, m)."""

    def arrays(self) -> dict[str, Array]:
        """Return what a file must hold to make them again."""


@dataclass(frozen=True)
class LowRankEvents:
    """Events as sums of a few waveforms: small, and the same counts on every machine.

    Both arrays are whole multiples of a power of two with so few digits (:func:`few_digits`)
    that every product and every sum of products is exact in float64. So it does not matter in
    which order, in what batches or by which library they are summed; there is one rounding,
    of the sum, half to even.

    Attributes
    ----------
    basis : ndarray of float64, shape (r, n, m)
        Waveforms, in counts: samples and channels.
    weights : ndarray of float64, shape (K, r)
        How much of each an event has, its amplitude factor included.
    """

    basis: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]

    @classmethod
    def rounded(cls, basis: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> LowRankEvents:
        """Return the events that these make when they are rounded to as many digits as are exact."""
        digits = (52 - math.ceil(math.log2(len(basis)))) // 2
        return cls(few_digits(basis, digits), few_digits(weights, digits))

    def __len__(self) -> int:
        return len(self.weights)

    def counts(self, start: int, stop: int) -> npt.NDArray[np.int32]:
        """Return events `start` to `stop` (not included), (k, n, m) int32."""
        total = self.weights[start:stop] @ self.basis.reshape(len(self.basis), -1)
        np.rint(total, out=total)
        counts: npt.NDArray[np.int32] = total.astype(np.int32).reshape(len(total), *self.basis.shape[1:])
        return counts

    def arrays(self) -> dict[str, Array]:
        """Return ``basis`` and ``weights``."""
        return {"basis": self.basis, "weights": self.weights}


def few_digits(values: npt.NDArray[np.float64], digits: int) -> npt.NDArray[np.float64]:
    """Round to whole multiples of one power of two, the largest being below 2**`digits` of it in size."""
    largest = float(np.abs(values).max(initial=0.0))
    step = 2.0 ** (math.frexp(largest)[1] - digits)
    rounded: npt.NDArray[np.float64] = np.rint(values / step) * step
    return rounded


@dataclass(frozen=True)
class FixedEvents:
    """Events as they are, (K, n, m) integers."""

    samples: Array

    def __len__(self) -> int:
        return len(self.samples)

    def counts(self, start: int, stop: int) -> npt.NDArray[np.int32]:
        """Return events `start` to `stop` (not included), (k, n, m) int32."""
        return self.samples[start:stop].astype(np.int32)

    def arrays(self) -> dict[str, Array]:
        """Return ``samples``."""
        return {"samples": self.samples}


@dataclass(frozen=True)
class PlantedUnit:
    """A new unit: which events were added where and when.

    Attributes
    ----------
    true_unit : int
        Label of the unit that its events come from.
    new_unit : int
        Its own label.
    channels : ndarray of int64, shape (m,)
        Raw rows that the events were added to.
    times : ndarray of int64, shape (K,)
        Ascending, absolute samples; an event begins `before` samples earlier.
    before : int
        Samples of an event before its time.
    center : int
        Raw row on which the unit is centred.
    events : Events
        One for each time.
    """

    true_unit: int
    new_unit: int
    channels: Ints
    times: Ints
    before: int
    center: int
    events: Events

    @property
    def n_samples(self) -> int:
        """Length of an event, n."""
        return int(self.events.counts(0, 1).shape[1])
