"""Units placed in a stream, and their waveforms cut from it: 64 samples, 20 before the spike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..formats.npy import open_array
from ..formats.npy_out import Blocks
from ..ground.arrays import Array, Floats, Ints
from ..ground.errors import MockSessionError
from ..session.content import N_SAMPLES, UnitContent
from ..session.keys import LEFT_SWEEP
from ..session.layout import RAW, UnitName
from ..session.streams import open_stream
from .counts import Source
from .session_content import Stream

LOOKED_AT = 200  # spikes that decide which channel a unit is on
_AT_ONCE = 4096  # spikes cut at once, half a MiB
_ITEMS = 262_144  # samples of all channels looked at at once

Frames = Sequence[Ints]
Windows = Callable[[int, Array], Array]  # of a segment, around some frames: (spikes, 64, channels)


class UnitPlace(NamedTuple):
    """A unit that is to be written."""

    name: UnitName
    frames: Frames  # its spikes in each segment, ascending
    channel: int  # index of the channel that its waveforms are of
    origin: object = None  # its name in the source


def frames_to_ms(frames: Ints, start_ms: float, rate: float) -> Floats:
    """Return frames as ms since the Unix epoch, from which rounding gives back the same frames.

    MockSessionError if float64 does not have enough digits, as with rates above 1 MHz.
    """
    times = np.asarray(start_ms + frames * 1000.0 / rate, dtype=np.float64)
    back = np.rint((times - start_ms) * rate / 1000)
    if not np.array_equal(back, frames):
        wrong = int(frames[np.flatnonzero(back != frames)[0]])
        found, remedy = f"frame {wrong} at {rate:g} Hz, which they do not", "Resample, or give a start= nearer to 1970."
        raise MockSessionError("sorting", "frames that ms since the Unix epoch tell apart in float64", found, remedy)
    return times


class WrittenStream:
    """Context manager for a stream that is written in a folder, from which the waveforms of units are cut."""

    def __init__(self, folder: Path, stream: Stream) -> None:
        path = str(folder / RAW / f"{stream.name}.npy")
        self.stream, self.scales, self._mapped = stream, open_stream(path).scales, open_array(path)

    def __enter__(self) -> WrittenStream:
        return self

    def __exit__(self, *exception: object) -> None:
        self._mapped.release()

    def largest(self, frames: Frames) -> int:
        """Return the channel on which a unit's mean waveform is largest."""
        gains = np.array([scale.gain for scale in self.scales])
        return largest_channel(windows_of(self._mapped.view(), self.stream.sizes), frames, gains)

    def unit(self, place: UnitPlace, *, floats: bool = False) -> UnitContent:
        """Return a unit with its waveforms: counts, or with `floats` in physical units, as Epiphyte has them."""
        rate, scale = self.stream.source.rate, self.scales[place.channel]
        of_segments = zip(place.frames, self.stream.starts_ms, strict=True)
        times = np.concatenate([frames_to_ms(frames, start, rate) for frames, start in of_segments])
        counts = cut_waveforms(self._mapped.view(), self.stream.sizes, place.frames, place.channel)
        shape = (times.size, N_SAMPLES)
        if floats:
            physical = Blocks("<f8", shape, (block * scale.gain + scale.offset for block in counts))
            return UnitContent(place.name, times, physical, origin=place.origin)
        return UnitContent(place.name, times, Blocks("<i2", shape, counts), scale, rate, LEFT_SWEEP, place.origin)


def windows_of(samples: Array, sizes: Sequence[int]) -> Windows:
    """Return a function that cuts windows from an array that has all segments one after another."""
    bounds = _bounds(sizes)
    return lambda segment, frames: _windows(samples, *bounds[segment], frames, slice(None))


def source_windows(source: Source) -> Windows:
    """Return a function that reads windows from a source, one at a time."""

    def windows(segment: int, frames: Array) -> Array:
        piece = source.pieces[segment]
        cut = np.zeros((frames.size, N_SAMPLES, len(source.channels)), source.dtype)
        for window, begin in zip(cut, (frames - LEFT_SWEEP).tolist(), strict=True):
            start, stop = max(begin, 0), min(begin + N_SAMPLES, piece.n_samples)
            window[start - begin : stop - begin] = piece.read(start, stop)
        return cut

    return windows


def _windows(samples: Array, start: int, stop: int, frames: Array, channel: int | slice) -> Array:
    """Return (spikes, 64) counts, or (spikes, 64, channels); what lies outside the segment is 0."""
    index = start + frames[:, None] + np.arange(-LEFT_SWEEP, N_SAMPLES - LEFT_SWEEP)
    outside = (index < start) | (index >= stop)
    cut: Array = samples[np.clip(index, start, stop - 1), channel]
    cut[outside] = 0
    return cut


def cut_waveforms(samples: Array, sizes: Sequence[int], frames: Frames, channel: int) -> Iterator[Array]:
    """Yield a unit's waveforms, spike after spike, (some, 64) int16.

    Samples are int16 (samples, channels), all segments, of the sizes given, one after another; the frames are its
    spikes in each segment, each within it.
    """
    for (start, stop), of_segment in zip(_bounds(sizes), frames, strict=True):
        for first in range(0, of_segment.size, _AT_ONCE):
            yield _windows(samples, start, stop, of_segment[first : first + _AT_ONCE], channel)


def largest_channel(windows: Windows, frames: Frames, gains: Array) -> int:
    """Return the channel on which a unit's mean waveform has the largest peak-to-peak.

    `windows` gives the samples of a segment around some of its frames, (spikes, 64, channels); `gains` are float64, one
    per channel. At most 200 spikes, evenly spread, are used; 0 for a unit without spikes.
    """
    total = sum(of_segment.size for of_segment in frames)
    if not total:
        return 0
    step = -(-total // LOOKED_AT)
    at_once = max(1, _ITEMS // (N_SAMPLES * gains.size))
    mean = np.zeros((N_SAMPLES, gains.size))
    for segment, of_segment in enumerate(frames):
        some = of_segment[::step]
        for first in range(0, some.size, at_once):
            mean += windows(segment, some[first : first + at_once]).sum(axis=0, dtype=np.float64)
    return int(np.argmax(np.ptp(mean, axis=0) * np.abs(gains)))


def _bounds(sizes: Sequence[int]) -> list[tuple[int, int]]:
    edges = np.concatenate([[0], np.cumsum(sizes)]).tolist()
    return list(pairwise(edges))
