"""Adding events to blocks of a recording.

- Events are whole counts (:meth:`Events.counts`), the same ones however the recording is cut
  into blocks: one that crosses a border is added to both sides in part.
- All events that fall on a sample are summed, whatever unit they are of, and the sum is
  added to the sample in a type that holds it. What is then beyond the raw type is set to its
  largest or smallest value and counted, once a sample (HYBRID.md D7).
- So ``hybrid == clip(source + planted)``, and where nothing was clipped ``hybrid - source ==
  planted``, which :func:`planted_counts` gives for any range of samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..ground.errors import MockSessionError
from .units import PlantedUnit

__all__ = ["Inserter", "planted_counts"]

BATCH_ITEMS = 1 << 16  # counts made at a time, so that their float64 stay in a core's cache

Array = npt.NDArray[Any]


class _Piece(NamedTuple):
    """Counts of one unit, and where in the flat block each is to be added."""

    where: npt.NDArray[np.intp]
    counts: npt.NDArray[np.int32]


class _Train:
    """The events of one unit, to be looked up by range of samples."""

    def __init__(self, unit: PlantedUnit, n_channels: int) -> None:
        self.unit = unit
        self.n = unit.n_samples
        self.n_channels = n_channels
        self.first = unit.times - unit.before
        self.offsets = (np.arange(self.n)[:, None] * n_channels + unit.channels).reshape(-1)
        reached = np.searchsorted(self.first, self.first + self.n)
        self.overlap = int((reached - np.arange(len(reached))).max())

    def within(self, start: int, stop: int) -> tuple[int, int]:
        """Return the events that have a sample in the range: first, and one past the last."""
        low, high = np.searchsorted(self.first, [start - self.n + 1, stop])
        return int(low), int(high)

    def pieces(self, start: int, stop: int) -> Iterator[_Piece]:
        """Yield what falls into the samples `start` to `stop`."""
        low, high = self.within(start, stop)
        step = max(1, BATCH_ITEMS // len(self.offsets))
        for begin in range(low, high, step):
            end = min(begin + step, high)
            counts: npt.NDArray[np.int32] = self.unit.events.counts(begin, end).reshape(-1)
            where: npt.NDArray[np.intp] = (
                (self.first[begin:end, None] - start) * self.n_channels + self.offsets
            ).reshape(-1)
            if self.first[begin] < start or self.first[end - 1] + self.n > stop:
                inside = (where >= 0) & (where < (stop - start) * self.n_channels)
                where, counts = where[inside], counts[inside]
            yield _Piece(where, counts)


class Inserter:
    """Adds the events of several units to blocks of a recording.

    Parameters
    ----------
    units : sequence of PlantedUnit
        What to add.
    n_channels : int
        Of the recording.
    dtype : numpy.dtype
        Of its samples: integers of at most 32 bits.

    Raises
    ------
    MockSessionError
        If `dtype` is another.
    """

    def __init__(self, units: Sequence[PlantedUnit], n_channels: int, dtype: npt.DTypeLike) -> None:
        self.dtype = np.dtype(dtype)
        if self.dtype.kind not in "iu" or self.dtype.itemsize > 4:
            expected, remedy = "integers of at most 32 bits", "Convert the recording to int16."
            raise MockSessionError("data_type", expected, self.dtype, remedy)
        self._trains = [_Train(unit, n_channels) for unit in units if len(unit.times)]
        self._limits = np.iinfo(self.dtype)
        self._wide = np.dtype(np.int32 if self.dtype.itemsize <= 2 else np.int64)

    def touches(self, start: int, stop: int) -> bool:
        """Return True if any event has a sample in the range."""
        return any(np.diff(train.within(start, stop))[0] > 0 for train in self._trains)

    def add(self, block: Array, start: int) -> int:
        """Add what falls into a block, in place.

        Parameters
        ----------
        block : ndarray of the recording's dtype, shape (length, C), C-contiguous
            Samples of the source.
        start : int
            Absolute sample of its first row.

        Returns
        -------
        int
            Number of samples that were clipped.
        """
        flat, pieces, low, high = block.reshape(-1), [], 0, 0
        for train in self._trains:
            own = list(train.pieces(start, start + len(block)))
            low += train.overlap * min((int(piece.counts.min(initial=0)) for piece in own), default=0)
            high += train.overlap * max((int(piece.counts.max(initial=0)) for piece in own), default=0)
            pieces += own
        if pieces and self._may_clip(flat, low, high):
            return self._add_clipped(flat, pieces)
        for where, counts in pieces:
            np.add.at(flat, where, counts.astype(self.dtype))
        return 0

    def _may_clip(self, flat: Array, low: int, high: int) -> bool:
        """Return True if a sum could be beyond the type; if not, it is right in the type itself."""
        return int(flat.min()) + low < self._limits.min or int(flat.max()) + high > self._limits.max

    def _add_clipped(self, flat: Array, pieces: Sequence[_Piece]) -> int:
        total = flat.astype(self._wide)
        for where, counts in pieces:
            np.add.at(total, where, counts.astype(self._wide))
        beyond = (total < self._limits.min) | (total > self._limits.max)
        flat[:] = np.clip(total, self._limits.min, self._limits.max).astype(self.dtype)
        return int(np.count_nonzero(beyond))


def planted_counts(units: Sequence[PlantedUnit], start: int, stop: int, n_channels: int) -> npt.NDArray[np.int64]:
    """Return what was added to the samples `start` to `stop`, before clipping.

    Parameters
    ----------
    units : sequence of PlantedUnit
    start, stop : int
        Absolute samples.
    n_channels : int
        Of the recording.

    Returns
    -------
    ndarray of int64, shape (stop - start, n_channels)
    """
    total = np.zeros((stop - start) * n_channels, np.int64)
    for unit in units:
        if len(unit.times):
            for where, counts in _Train(unit, n_channels).pieces(start, stop):
                np.add.at(total, where, counts.astype(np.int64))
    return total.reshape(stop - start, n_channels)
