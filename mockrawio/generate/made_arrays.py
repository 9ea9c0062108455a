"""The arrays of a virtual session, any piece of which is made at the cost of that piece."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import lru_cache
from itertools import accumulate, pairwise

import numpy as np

from ..ground.arrays import Array, Floats
from ..session.lowpass import Lowpass
from .broadband_files import OpenRows
from .cast import CastUnit, Spiked
from .chunks import Fill
from .clocks import SyncLine
from .layers import CHUNK, Int16s
from .lfp import Lfp
from .plan import PlannedUnit
from .renewal import BLOCK
from .sine import SineLfp
from .timing import WAVEFORM

_KEPT_BYTES = 1 << 26  # of chunks of a stream
_COUNTED = 1 << 12  # answers that a train keeps
_LFP_AT_ONCE = 256  # samples, for each of which some 30 of a stream are needed
_FILE_BYTES = 1 << 22  # of the rows that are made at once for the file of a channel


class SegmentRows(ABC):
    """Samples, int16 (n, width), of all segments one after another, of which each has so many of `lengths`."""

    def __init__(self, lengths: Sequence[int], width: int) -> None:
        self.lengths, self.width = lengths, width
        self._begins = [0, *accumulate(lengths)]

    def fill(self, out: Array, start: int) -> None:
        """Write samples `start`, ... into `out`, int16 (k, width) in C order."""
        stop = start + len(out)
        for seg_index, (begin, end) in enumerate(pairwise(self._begins)):
            low, high = max(start, begin), min(stop, end)
            if low < high:
                self.make(out[low - start : high - start], seg_index, low - begin)

    @abstractmethod
    def make(self, out: Array, seg_index: int, i_start: int) -> None:
        """Write samples `i_start`, ... of a segment into `out`."""

    def read(self, start: int, stop: int) -> Int16s:
        """Return some samples, int16 (stop - start, width)."""
        rows: Int16s = np.empty((stop - start, self.width), "<i2")
        self.fill(rows, start)
        return rows


class ChunkRows(SegmentRows):
    """Samples that are made in chunks, by what makes any samples of a segment.

    Chunks of :data:`~.layers.CHUNK` samples of which only a part was asked for are kept, a few of them: who goes
    through the recording makes each but once.
    """

    def __init__(self, fill: Fill, lengths: Sequence[int], width: int) -> None:
        super().__init__(lengths, width)
        self._fill = fill
        self._chunk = lru_cache(max(2, _KEPT_BYTES // (CHUNK * width * 2)))(self._made)

    def make(self, out: Array, seg_index: int, i_start: int) -> None:
        """Write samples `i_start`, ... of a segment into `out`."""
        stop, n = i_start + len(out), self.lengths[seg_index]
        for chunk in range(i_start // CHUNK, -(-stop // CHUNK)):
            first, last = chunk * CHUNK, min((chunk + 1) * CHUNK, n)
            low, high = max(first, i_start), min(last, stop)
            part = out[low - i_start : high - i_start]
            if (low, high) == (first, last):
                self._fill(part, seg_index, low)
            else:
                part[...] = self._chunk(seg_index, chunk)[low - first : high - first]

    def _made(self, seg_index: int, chunk: int) -> Int16s:
        first = chunk * CHUNK
        made: Int16s = np.empty((min(CHUNK, self.lengths[seg_index] - first), self.width), "<i2")
        self._fill(made, seg_index, first)
        return made

    def opened(self) -> OpenRows:
        """Return what reads them, as from a file that is opened for it."""
        return nullcontext(self.read)


class LfpOfRows(SegmentRows):
    """The LFP that a stream stands for, of its first channels; `n_ms` has the samples of each segment."""

    def __init__(self, stream: SegmentRows, lowpass: Lowpass, n_ms: Sequence[int], width: int) -> None:
        super().__init__(n_ms, width)
        self._stream, self._lowpass = stream, lowpass

    def make(self, out: Array, seg_index: int, i_start: int) -> None:
        """Write samples `i_start`, ... of a segment into `out`."""
        for begin in range(0, len(out), _LFP_AT_ONCE):
            part = out[begin : begin + _LFP_AT_ONCE]
            part[...] = self._samples(seg_index, i_start + begin, i_start + begin + len(part))

    def _samples(self, seg_index: int, i_start: int, i_stop: int) -> Int16s:
        lowpass, last = self._lowpass, self._stream.lengths[seg_index] - 1
        first, final = (lowpass.middles(i_start, i_stop)[[0, -1]] + [-lowpass.half, lowpass.half]).tolist()
        inside = np.clip(np.arange(first, final + 1), 0, last)
        rows: Int16s = np.empty((int(inside[-1] - inside[0]) + 1, self._stream.width), "<i2")
        self._stream.make(rows, seg_index, int(inside[0]))
        return lowpass.samples(rows[:, : self.width][inside - inside[0]], first, i_start, i_stop)


class SyncRows(SegmentRows):
    """The samples of a sync line."""

    def __init__(self, line: SyncLine) -> None:
        super().__init__(line.lengths, 1)
        self._line = line

    def make(self, out: Array, seg_index: int, i_start: int) -> None:
        """Write samples `i_start`, ... of a segment into `out`."""
        out[...] = self._line.levels(seg_index, i_start, i_start + len(out))


class SineRows:
    """The samples of an LFP that is a sine on each channel."""

    def __init__(self, lfp: SineLfp) -> None:
        self._lfp = lfp

    def fill(self, out: Array, start: int) -> None:
        """Write samples `start`, ... into `out`, int16 (k, n_lfp_channels) in C order."""
        for column in range(out.shape[1]):
            row = 0
            for part in self._lfp.part(column + 1, "int16", start, start + len(out)):
                out[row : row + len(part), column] = part
                row += len(part)


class RowsLfp(Lfp):
    """An LFP for the files of channels, of which each makes the rows of all."""

    def __init__(self, rows: Callable[[], SegmentRows], gain_uV: float) -> None:
        self._rows, self.gain_uV = rows, gain_uV

    def samples(self, channel: int, encoding: str) -> Iterator[Int16s]:
        """Yield the samples of a channel (from 1) in blocks of counts."""
        rows = self._rows()
        n, step = sum(rows.lengths), max(1, _FILE_BYTES // (2 * max(1, rows.width)))
        for begin in range(0, n, step):
            yield rows.read(begin, min(begin + step, n))[:, channel - 1].copy()


class BlockTrain:
    """The spikes of a unit, found in the blocks of time that they are drawn in; its waveforms are drawn in a row."""

    def __init__(self, unit: CastUnit) -> None:
        self._unit = unit
        self.count = lru_cache(_COUNTED)(self._count)
        self.ends_ms = lru_cache(_COUNTED)(self._ends_ms)

    def times_ms(self, start_ms: float, stop_ms: float) -> Floats:
        """Return when they are, from `start_ms` to `stop_ms` (not included), ms since the Unix epoch."""
        return np.concatenate([np.empty(0), *(times for _, times in self._pieces(start_ms, stop_ms))])

    def _count(self, start_ms: float, stop_ms: float) -> int:
        """Return how many there are."""
        return sum(len(times) for _, times in self._pieces(start_ms, stop_ms))

    def _ends_ms(self, start_ms: float, stop_ms: float) -> tuple[float, float] | None:
        """Return when the first and the last one are."""
        first = next((times[0] for _, times in self._pieces(start_ms, stop_ms) if len(times)), None)
        if first is None:
            return None
        last = next(times[-1] for _, times in self._pieces(start_ms, stop_ms, backwards=True) if len(times))
        return float(first), float(last)

    def waveforms(self, start_ms: float, stop_ms: float) -> Int16s:
        """Return their waveforms, int16 (n, 64)."""
        first = self.count(-math.inf, start_ms)
        return _drawn_waveforms(self._unit, first, first + self.count(start_ms, stop_ms))

    def _pieces(self, start_ms: float, stop_ms: float, backwards: bool = False) -> Iterator[tuple[Spiked, Floats]]:
        """Yield the spikes between two instants, and their times, block by block."""
        places = self._places(start_ms, stop_ms)
        for place in reversed(places) if backwards else places:
            spikes = self._unit.within(*place)
            times = spikes.times_ms(self._unit.cast)
            low, high = np.searchsorted(times, [start_ms, stop_ms]).tolist()
            yield spikes.part(low, high), times[low:high]

    def _places(self, start_ms: float, stop_ms: float) -> list[tuple[int, int, int]]:
        """Return segment, first frame, and one past the last frame of each block that may have such spikes."""
        setting = self._unit.cast.setting
        a_ms, places = float(setting.sampling_rate / 1000), []
        for seg_index, (segment, n) in enumerate(zip(self._unit.cast.segments, setting.lengths, strict=True)):
            around = (start_ms - segment.start_ms) * a_ms - 2, (stop_ms - segment.start_ms) * a_ms + 2
            low, high = (math.floor(min(max(frame, 0), n)) for frame in around)
            edges = [low, *range((low // BLOCK + 1) * BLOCK, high, BLOCK), high]
            places += [(seg_index, *pair) for pair in pairwise(edges)] if low < high else []
        return places


class StreamTrain(BlockTrain):
    """The spikes of a unit that a stream has; `cut` gives the waveforms of some of them, block by block."""

    def __init__(self, unit: CastUnit, cut: Callable[[Spiked], Iterator[Int16s]]) -> None:
        super().__init__(unit)
        self._cut = cut

    def waveforms(self, start_ms: float, stop_ms: float) -> Int16s:
        """Return their waveforms, int16 (n, 64)."""
        none: Int16s = np.empty((0, WAVEFORM), np.int16)
        parts = [none]
        for spikes, _ in self._pieces(start_ms, stop_ms):
            parts += self._cut(spikes)
        return np.concatenate(parts)


class WholeTrain:
    """The spikes of a unit as Epiphyte's generator draws it: a few thousand, all at once."""

    def __init__(self, unit: PlannedUnit) -> None:
        self._unit = unit

    def _window(self, start_ms: float, stop_ms: float) -> tuple[Floats, slice]:
        times = self._unit.times_ms()
        return times, slice(*np.searchsorted(times, [start_ms, stop_ms]).tolist())

    def times_ms(self, start_ms: float, stop_ms: float) -> Floats:
        """Return when they are, from `start_ms` to `stop_ms` (not included), ms since the Unix epoch."""
        times, some = self._window(start_ms, stop_ms)
        return times[some]

    def count(self, start_ms: float, stop_ms: float) -> int:
        """Return how many there are."""
        return len(self.times_ms(start_ms, stop_ms))

    def ends_ms(self, start_ms: float, stop_ms: float) -> tuple[float, float] | None:
        """Return when the first and the last one are."""
        times = self.times_ms(start_ms, stop_ms)
        return (float(times[0]), float(times[-1])) if len(times) else None

    def waveforms(self, start_ms: float, stop_ms: float) -> Int16s:
        """Return their waveforms, int16 (n, 64)."""
        _, some = self._window(start_ms, stop_ms)
        return _drawn_waveforms(self._unit, some.start, some.stop)


def _drawn_waveforms(unit: PlannedUnit, start: int, stop: int) -> Int16s:
    """Return the waveforms of some spikes of a unit, by their numbers; those before them are drawn too."""
    blocks = unit.content("int16").waveforms
    assert blocks is not None
    parts: list[Array] = [np.empty((0, WAVEFORM), np.int16)]
    first = 0
    for block in blocks.blocks:
        parts.append(block[max(0, start - first) : max(0, stop - first)].copy())
        first += len(block)
        if first >= stop:
            break
    return np.concatenate(parts)
