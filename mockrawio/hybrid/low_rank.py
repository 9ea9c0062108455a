"""The events of a unit, rebuilt from the leading singular vectors of their derivatives.

Let M have a column for each event: its windows, without the straight line between the first
and the last sample, differenced along time. The rank-r truncated SVD of M, summed up again
along time, is the events less their noise, and 0 at both ends (docs/hybridfactory.rst, *Waveforms*).
Taking off the line before differencing is the same as taking off the mean afterwards, which is how it
is done here.

The vectors come from the smaller of the two Gram matrices, M·Mᵀ or Mᵀ·M (:mod:`.leading`): a full
SVD would make a p × p matrix of p events. M itself is never whole in memory unless it
is smaller than its Gram matrix, so that memory does not grow with the number of events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ..ground.arrays import Array, Floats, Ints
from ..planting import LowRankEvents
from .leading import leading_vectors
from .recording import RawRecording
from .units import UnitSkipped

CHUNK_ITEMS = 1 << 19  # float64 of M at a time: 4 MiB, and as much again to make them
KEPT_BYTES = 1 << 24  # windows of a unit that are kept, so as to be read once; more are read twice


def derivatives(windows: Array) -> Floats:
    """Return the columns of M for integer windows, (events, samples n, channels m), as rows, (p, (n - 1) * m).

    The channel changes fastest.
    """
    slope = np.subtract(windows[:, -1:], windows[:, :1], dtype=np.float64) / (windows.shape[1] - 1)
    steps = np.subtract(windows[:, 1:], windows[:, :-1], dtype=np.float64)
    steps -= slope
    return steps.reshape(len(windows), -1)


@dataclass(frozen=True, eq=False)
class RebuiltEvents:
    """Denoised events in full precision: weighted sums of a few waveforms.

    Attributes
    ----------
    basis : ndarray of float64, shape (r, n, m)
        The waveforms: samples, and the channels of a unit.
    weights : ndarray of float64, shape (K, r)
        How much of each an event has.
    """

    basis: Floats
    weights: Floats

    def __len__(self) -> int:
        return len(self.weights)

    def samples(self, start: int = 0, stop: int | None = None) -> Floats:
        """Return events `start` to `stop` (not included), float64 (k, n, m), in counts."""
        made: Floats = np.tensordot(self.weights[start:stop], self.basis, axes=1)
        return made

    def scaled(self, factors: Floats) -> RebuiltEvents:
        """Return the events times a factor each, (K,)."""
        return RebuiltEvents(self.basis, self.weights * factors[:, None])

    def rounded(self) -> LowRankEvents:
        """Return them in as many digits as make whole counts that are the same on every machine."""
        return LowRankEvents.rounded(self.basis, self.weights)


def rebuilt_events(
    recording: RawRecording, times: Ints, channels: Ints, extent: tuple[int, int], rank: int, chosen: Ints
) -> RebuiltEvents:
    """Rebuild a unit's events.

    Parameters
    ----------
    times : ndarray of int64, shape (p,)
        The unit's spikes; their windows lie inside the recording's files.
    channels : ndarray of int64, shape (m,)
        Its raw rows.
    extent : tuple of int
        Samples before and after a spike, both 1 or more.
    rank : int
        Number of singular values, r.
    chosen : ndarray of int64, shape (K,)
        Which spike each new event is made of, by index.

    Returns
    -------
    RebuiltEvents

    Raises
    ------
    UnitSkipped
        If there are fewer spikes, or steps in a window, than singular values wanted.
    """
    n, m = sum(extent) + 1, len(channels)
    size = (n - 1) * m
    if min(len(times), size) < rank:
        short = f"{len(times)} spikes" if len(times) < rank else f"{size} steps in a window"
        raise UnitSkipped(f"{short} are too few for {rank} singular values (num_singular_values)")

    few = len(times) * n * m * recording.dtype.itemsize <= KEPT_BYTES
    kept = recording.gather(times, *extent, channels) if few else None

    def rows(which: Ints) -> Iterator[Floats]:
        step = max(1, CHUNK_ITEMS // size)
        for part in (which[begin : begin + step] for begin in range(0, len(which), step)):
            yield derivatives(recording.gather(times[part], *extent, channels) if kept is None else kept[part])

    if len(times) <= size:
        table = np.concatenate(list(rows(np.arange(len(times)))))
        vectors = leading_vectors(table @ table.T, rank)
        steps, weights = vectors.T @ table, vectors[chosen]
    else:
        vectors = leading_vectors(_gram(rows(np.arange(len(times))), size), rank)
        used, which = np.unique(chosen, return_inverse=True)
        steps, weights = vectors.T, np.concatenate([part @ vectors for part in rows(used)])[which.ravel()]
    basis = np.zeros((rank, n, m))
    np.cumsum(steps.reshape(rank, n - 1, m), axis=1, out=basis[:, 1:])
    return RebuiltEvents(basis, weights)


def _gram(parts: Iterable[Floats], size: int) -> Floats:
    """Return M·Mᵀ, (d, d), from the rows of Mᵀ, some at a time."""
    total, product = np.zeros((size, size)), np.empty((size, size))
    for part in parts:
        total += np.matmul(part.T, part, out=product)
    return total
