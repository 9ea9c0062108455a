"""Samples of any type become a session's int16 counts, block by block.

The contract of :func:`encode`:

- whole numbers that int16 holds stay as they are, count for count; uint16 moves down by
  32768, its offset up by as many gains;
- everything else is quantised: the largest magnitude of a channel is 32767 counts, so that
  nothing clips and no sample is off by more than half a gain;
- a source is read in blocks, twice where the first pass must find the gains; memory does not
  grow with its length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..ground.arrays import Array, Floats
from ..ground.errors import MockSessionError
from ..ground.progress import Tick

FULL_SCALE = 32767
LOWEST = -32768
BLOCK = 1 << 20  # samples read at once, 2 MiB as counts
Convert = Callable[[int, int, Array], Array]  # of a segment, from a sample on: what was read, as int16
MOST = 16  # blocks at most, for sources that make their samples a second at a time


class Piece(NamedTuple):
    """One segment's samples."""

    n_samples: int
    read: Callable[[int, int], Array]  # takes the first sample and one past the last, gives (samples, channels)


@dataclass(frozen=True)
class Source:
    """Samples that are to be written, and how they become physical: ``sample * gain + offset``."""

    label: str  # what it is, for messages
    channels: tuple[str, ...]  # each channel's name in the source
    dtype: np.dtype[Any]  # of the samples
    # gains, offsets: one per channel
    gains: Floats
    offsets: Floats
    rate: float  # sampling rate, Hz
    pieces: tuple[Piece, ...]  # one per segment

    @property
    def n_samples(self) -> int:
        """Samples of all segments."""
        return sum(piece.n_samples for piece in self.pieces)

    def place(self, segment: int, sample: int, channel: int) -> str:
        """Say where a sample is, for messages."""
        return f"channel {self.channels[channel]!r}, segment {segment}, frame {sample}"

    def blocks(self) -> Iterator[tuple[int, int, Array]]:
        """Yield (segment, first sample, samples) in order."""
        wide = len(self.channels)
        step = max(1, BLOCK // wide, min(int(self.rate), MOST * BLOCK // wide))
        for segment, piece in enumerate(self.pieces):
            for first in range(0, piece.n_samples, step):
                stop = min(first + step, piece.n_samples)
                block = np.asarray(piece.read(first, stop))
                if block.shape != (stop - first, wide):
                    expected = f"samples {first} to {stop} of segment {segment} as {(stop - first, wide)}"
                    raise MockSessionError(self.label, expected, f"shape {block.shape}", "Check what gives them.")
                yield segment, first, block


@dataclass(frozen=True)
class Counts:
    """A source as int16."""

    # gains, offsets: one per channel; ``count * gain + offset`` is physical
    gains: Floats
    offsets: Floats
    # starts a pass over the counts, C-contiguous little-endian int16 (samples, channels)
    blocks: Callable[[], Iterator[Array]]


def passes(dtype: np.dtype[Any]) -> int:
    """Return how often samples of a dtype are read: once where they are counts already, else twice."""
    return 1 if dtype.kind in "iu" and dtype.itemsize <= 2 else 2


def encode(source: Source, tick: Tick = lambda size: None) -> Counts:
    """Return a source as counts, its gains found by a first pass where they must be.

    `tick` is called with the number of samples done, in each pass. MockSessionError as of :func:`conversion`; in the
    second pass too, if a sample is NaN or infinite.
    """
    gains, offsets, convert = conversion(source, tick)

    def blocks() -> Iterator[Array]:
        for segment, first, block in source.blocks():
            yield convert(segment, first, block)
            tick(block.size)

    return Counts(gains, offsets, blocks)


def conversion(source: Source, tick: Tick = lambda size: None) -> tuple[Floats, Floats, Convert]:
    """Return the gains and offsets of a source's counts, and what makes them of its samples.

    MockSessionError if the dtype is no real number, a gain 0, NaN or infinite, an offset not finite, or a sample NaN or
    infinite; the message has its place.
    """
    _check_scale(source)
    dtype, gains, offsets = source.dtype, source.gains, source.offsets
    if dtype.kind not in "iuf":
        raise MockSessionError(source.label, "real numbers", dtype, "Convert the samples first.")
    if dtype.kind == "u" and dtype.itemsize == 2:
        return gains, offsets - LOWEST * gains, _shifted
    if passes(dtype) == 1:
        return gains, offsets, _same
    steps = _steps(source, *_extremes(source, tick))
    with np.errstate(over="ignore"):
        gains = steps * source.gains
    if not np.isfinite(gains).all():
        raise MockSessionError(source.label, "values that float64 holds", "larger ones", "Set other gains.")
    return gains, offsets, partial(_quantised, source, steps)


def _check_scale(source: Source) -> None:
    for channel, gain, offset in zip(source.channels, source.gains.tolist(), source.offsets.tolist(), strict=True):
        if not 0 < abs(gain) < np.inf:  # a negative one turns the signal round
            found = f"{gain} on channel {channel!r}"
            raise MockSessionError(source.label, "gains that are finite, and not 0", found, "Set gains other than 0.")
        if not np.isfinite(offset):
            raise MockSessionError(source.label, "finite offsets", f"{offset} on channel {channel!r}", "Set another.")


def _same(segment: int, first: int, block: Array) -> Array:
    return np.ascontiguousarray(block, "<i2")


def _shifted(segment: int, first: int, block: Array) -> Array:
    return (block.astype("<u2") ^ np.uint16(0x8000)).view("<i2")


def _extremes(source: Source, tick: Tick) -> tuple[Array, Array]:
    """Return the lowest and the highest sample of each channel, float64."""
    low, high = (np.full(len(source.channels), fill) for fill in (np.inf, -np.inf))
    for segment, first, block in source.blocks():
        bottom, top = block.min(axis=0).astype(np.float64), block.max(axis=0).astype(np.float64)
        if not (np.isfinite(bottom) & np.isfinite(top)).all():
            raise _not_finite(source, segment, first, block)
        np.minimum(low, bottom, out=low)
        np.maximum(high, top, out=high)
        tick(block.size)
    return low, high


def _not_finite(source: Source, segment: int, first: int, block: Array) -> MockSessionError:
    sample, channel = np.argwhere(~np.isfinite(block))[0].tolist()
    found = f"{block[sample, channel]} on {source.place(segment, first + sample, channel)}"
    return MockSessionError(source.label, "finite samples", found, "Replace it, or take the channel out.")


def _steps(source: Source, low: Array, high: Array) -> Floats:
    """Return the size of a count of each channel, in the source's own numbers."""
    largest = np.maximum(np.abs(low), np.abs(high))
    steps = np.where((largest > 0) & np.isfinite(largest), largest / FULL_SCALE, 1.0)
    if source.dtype.kind in "iu":
        steps[(low >= LOWEST) & (high <= FULL_SCALE)] = 1.0
    tiny = np.finfo(np.float64).tiny  # below it a step has few digits, and largest / step may not fit
    large_enough: Floats = np.maximum(steps, tiny / np.minimum(np.abs(source.gains), 1.0))
    return large_enough


def _quantised(source: Source, steps: Floats, segment: int, first: int, block: Array) -> Array:
    scaled = block / steps
    np.rint(scaled, out=scaled)
    if not (scaled.min(initial=0) >= LOWEST and scaled.max(initial=0) <= FULL_SCALE):
        if not np.isfinite(block).all():
            raise _not_finite(source, segment, first, block)
        expected = "the same samples in both passes"
        found = f"larger ones in the second, in segment {segment} from frame {first}"
        raise MockSessionError(source.label, expected, found, "Save the signal first, and write what was saved.")
    return scaled.astype("<i2")
