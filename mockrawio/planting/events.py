"""Events as whole counts, in three forms: as they are, as sums of a few waveforms, or as templates times a factor.

- An event is (n, m): samples, and the channels of its unit.
- Its counts are the same on every machine, whichever events they are asked for with.
- `most` bounds every count of every event, in size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Array, Floats

Int32s = npt.NDArray[np.int32]
Floats32 = npt.NDArray[np.float32]


class Events(Protocol):
    """Events as whole counts, made when asked for."""

    def __len__(self) -> int:
        """Return how many there are."""

    @property
    def most(self) -> float:
        """A bound on the size of every count."""

    def counts(self, start: int, stop: int) -> Int32s:
        """Return events `start` to `stop` (not included), (k, n, m)."""


@dataclass(frozen=True)
class LowRankEvents:
    """Events as sums of a few waveforms: small, and the same counts on every machine.

    Both arrays are whole multiples of a power of two with so few digits (:func:`few_digits`)
    that every product and every sum of products is exact in float64. So it does not matter in
    which order, in what batches or by which library they are summed; there is one rounding,
    of the sum, half to even.
    """

    basis: Floats  # (r, n, m): waveforms, in counts
    weights: Floats  # (K, r): how much of each an event has, its amplitude factor included

    @classmethod
    def rounded(cls, basis: Floats, weights: Floats) -> LowRankEvents:
        """Return the events that these make when they are rounded to as many digits as are exact."""
        digits = (52 - math.ceil(math.log2(len(basis)))) // 2
        return cls(few_digits(basis, digits), few_digits(weights, digits))

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def most(self) -> float:
        """A bound on the size of every count."""
        largest = np.abs(self.basis).max(axis=(1, 2), initial=0.0)
        return float((np.abs(self.weights) @ largest).max(initial=0.0)) + 1

    def counts(self, start: int, stop: int) -> Int32s:
        """Return events `start` to `stop` (not included), (k, n, m) int32."""
        total = self.weights[start:stop] @ self.basis.reshape(len(self.basis), -1)
        np.rint(total, out=total)
        counts: Int32s = total.astype(np.int32).reshape(len(total), *self.basis.shape[1:])
        return counts

    def arrays(self) -> dict[str, Array]:
        """Return the arrays that a file must hold to make them again: ``basis`` and ``weights``."""
        return {"basis": self.basis, "weights": self.weights}


def few_digits(values: Floats, digits: int) -> Floats:
    """Round to whole multiples of one power of two, the largest being below 2**`digits` of it in size."""
    largest = float(np.abs(values).max(initial=0.0))
    step = 2.0 ** (math.frexp(largest)[1] - digits)
    rounded: Floats = np.rint(values / step) * step
    return rounded


@dataclass(frozen=True)
class FixedEvents:
    """Events as they are, (K, n, m) integers."""

    samples: Array

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def most(self) -> float:
        """A bound on the size of every count."""
        return float(max(int(self.samples.max(initial=0)), -int(self.samples.min(initial=0))))

    def counts(self, start: int, stop: int) -> Int32s:
        """Return events `start` to `stop` (not included), (k, n, m) int32."""
        return self.samples[start:stop].astype(np.int32)

    def arrays(self) -> dict[str, Array]:
        """Return the arrays that a file must hold to make them again: ``samples``."""
        return {"samples": self.samples}


@dataclass(frozen=True)
class ScaledEvents:
    """Events as templates times a factor each: a product in float32, rounded half to even."""

    bank: Floats32  # (p, n, m): templates, in counts
    rows: npt.NDArray[np.integer[Any]]  # (K,): which of them an event is
    factors: Floats32  # (K,): how many times as large

    @classmethod
    def joined(cls, several: Sequence[ScaledEvents]) -> ScaledEvents:
        """Return the events of several, one after another, with channels of zeros where some have fewer."""
        width = max(some.bank.shape[2] for some in several)
        banks = [np.pad(some.bank, ((0, 0), (0, 0), (0, width - some.bank.shape[2]))) for some in several]
        before = np.cumsum([0, *map(len, banks)])[:-1].tolist()
        rows = [some.rows.astype(np.int32) + begin for some, begin in zip(several, before, strict=True)]
        return cls(np.concatenate(banks), np.concatenate(rows), np.concatenate([some.factors for some in several]))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def most(self) -> float:
        """A bound on the size of every count."""
        return float(np.abs(self.bank).max(initial=0)) * float(np.abs(self.factors).max(initial=0)) + 1

    def chosen(self, indexes: Any) -> ScaledEvents:
        """Return some of the events, by a slice, a mask or an array of their numbers."""
        return ScaledEvents(self.bank, self.rows[indexes], self.factors[indexes])

    def counts(self, start: int, stop: int) -> Int32s:
        """Return events `start` to `stop` (not included), (k, n, m) int32."""
        means = self.bank[self.rows[start:stop]]
        means *= self.factors[start:stop, None, None]
        counts: Int32s = np.rint(means, out=means).astype(np.int32)
        return counts
