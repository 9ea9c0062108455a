"""Waveforms cut from a stream that is written: 64 samples, 20 before the spike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from ..session.files import LEFT_SWEEP

__all__ = ["N_SAMPLES", "largest_channel", "waveforms"]

N_SAMPLES = 64  # document 000: waveforms of 64 samples
LOOKED_AT = 200  # spikes that decide on which channel a unit is
_AT_ONCE = 4096  # spikes cut at once, half a MiB

Array = npt.NDArray[Any]
Frames = Sequence[npt.NDArray[np.int64]]


def _windows(samples: Array, start: int, stop: int, frames: Array, channel: int | slice) -> Array:
    """Return (spikes, 64) counts, or (spikes, 64, channels); what lies outside the segment is 0."""
    index = start + frames[:, None] + np.arange(-LEFT_SWEEP, N_SAMPLES - LEFT_SWEEP)
    outside = (index < start) | (index >= stop)
    cut: Array = samples[np.clip(index, start, stop - 1), channel]
    cut[outside] = 0
    return cut


def waveforms(samples: Array, sizes: Sequence[int], frames: Frames, channel: int) -> Iterator[Array]:
    """Yield a unit's waveforms, spike after spike, (some, 64) int16.

    Parameters
    ----------
    samples : ndarray of int16, (samples, channels)
        All segments one after another.
    sizes : sequence of int
        Samples in each segment.
    frames : sequence of ndarray
        Its spikes in each segment, each within it.
    channel : int
        Index.
    """
    for (start, stop), of_segment in zip(_bounds(sizes), frames, strict=True):
        for first in range(0, of_segment.size, _AT_ONCE):
            yield _windows(samples, start, stop, of_segment[first : first + _AT_ONCE], channel)


def largest_channel(samples: Array, sizes: Sequence[int], frames: Frames, gains: Array) -> int:
    """Return the channel on which a unit's mean waveform has the largest peak-to-peak.

    At most 200 of its spikes are looked at, evenly out of all; 0 for a unit without spikes.
    """
    total = sum(of_segment.size for of_segment in frames)
    if not total:
        return 0
    step = -(-total // LOOKED_AT)
    wide = samples.shape[1]
    at_once = max(1, (1 << 18) // (N_SAMPLES * wide))
    mean = np.zeros((N_SAMPLES, wide))
    for (start, stop), of_segment in zip(_bounds(sizes), frames, strict=True):
        some = of_segment[::step]
        for first in range(0, some.size, at_once):
            cut = _windows(samples, start, stop, some[first : first + at_once], slice(None))
            mean += cut.sum(axis=0, dtype=np.float64)
    return int(np.argmax(np.ptp(mean, axis=0) * gains))


def _bounds(sizes: Sequence[int]) -> list[tuple[int, int]]:
    edges = np.concatenate([[0], np.cumsum(sizes)]).tolist()
    return list(pairwise(edges))
