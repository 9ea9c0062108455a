"""The files of a broadband session that differ from those of another: the stream and the units.

The stream is written first, chunk by chunk, by any number of threads; the units'
waveforms are then cut out of what was written.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..formats.npy import open_array
from ..formats.npy_out import Blocks, array_file
from ..ground.arrays import Array
from ..ground.regular import only_regular
from ..session import layout
from ..session.content import UnitContent, description_bytes
from ..session.files import Scale
from .cast import CastUnit, Spiked
from .files import Chunks
from .layers import CHUNK
from .plan import PlannedUnit
from .timing import PEAK, WAVEFORM
from .truth import STREAM, Truth

ARRAY, DESCRIPTION = (f"{layout.RAW}/{STREAM}.{ending}" for ending in ("npy", "json"))
_SPIKES_A_BLOCK = 4096

Int16s = npt.NDArray[np.int16]


class BroadbandFiles:
    """The stream's two files, made while they are written: the array first, then its description.

    `n_workers` threads make chunks; what is made ahead of the writing is one chunk more than that. `nbytes` is
    the array's; `clipped` counts the values clipped in what has been written.
    """

    def __init__(self, truth: Truth, n_workers: int) -> None:
        self.truth = truth
        self.n_workers = n_workers
        self.shape = (sum(truth.n_samples), truth.n_channels)
        self.nbytes = self.shape[0] * self.shape[1] * 2
        self.clipped = 0

    def array(self) -> Chunks:
        """Yield the bytes of the ``.npy``; each piece may be reused when the next is asked for."""
        self.clipped = 0
        return array_file(Blocks("<i2", self.shape, self._chunks()))

    def description(self) -> Chunks:
        """Return the bytes of the ``.json``; the array must have been written."""
        return [description_bytes(self.truth.description(self.clipped))]

    def _chunks(self) -> Iterator[Int16s]:
        """Yield the chunks in order, while those that follow are being made."""
        n_ahead = self.n_workers + 1
        longest = min(CHUNK, max(self.truth.n_samples))
        buffers = [np.empty((longest, self.truth.n_channels), "<i2") for _ in range(n_ahead)]
        making: list[Future[tuple[Int16s, int]]] = []
        stop = threading.Event()
        with ThreadPoolExecutor(self.n_workers) as pool:
            try:
                for number, (seg_index, chunk, n) in enumerate(self._places()):
                    if len(making) == n_ahead:
                        yield self._next(making)
                    out = buffers[number % n_ahead][:n]
                    making.append(pool.submit(self._make, stop, out, seg_index, chunk))
                while making:
                    yield self._next(making)
            finally:
                stop.set()

    def _places(self) -> Iterator[tuple[int, int, int]]:
        """Yield segment, chunk and number of samples of every chunk."""
        for seg_index, n_samples in enumerate(self.truth.n_samples):
            for chunk, begin in enumerate(range(0, n_samples, CHUNK)):
                yield seg_index, chunk, min(CHUNK, n_samples - begin)

    def _make(self, stop: threading.Event, out: Int16s, seg_index: int, chunk: int) -> tuple[Int16s, int]:
        """Make one chunk, unless it is no longer wanted."""
        return out, 0 if stop.is_set() else self.truth.fill(out, seg_index, chunk * CHUNK)

    def _next(self, making: list[Future[tuple[Int16s, int]]]) -> Int16s:
        out, clipped = making.pop(0).result()
        self.clipped += clipped
        return out


def cut_content(truth: Truth, array: Path, unit: PlannedUnit) -> UnitContent:
    """Return what the file of a unit holds, its waveforms what the stream's array, written, has at the spikes."""
    assert isinstance(unit, CastUnit)
    spikes = unit.spikes()
    shape, times = (len(spikes.frames), WAVEFORM), unit.times_ms()
    snippets = _snippets(truth, array, unit.name.channel - 1, spikes)
    if truth.spec.encoding == "float64":
        physical = Blocks("<f8", shape, (block * np.float64(truth.gain_uV) for block in snippets))
        return UnitContent(unit.name, times, physical)
    counts = Blocks("<i2", shape, snippets)
    return UnitContent(unit.name, times, counts, Scale(truth.gain_uV), truth.sampling_rate, PEAK)


def _snippets(truth: Truth, array: Path, column: int, spikes: Spiked) -> Iterator[Int16s]:
    """Yield the 64 samples of a column around each spike, in blocks of spikes, with zeros beyond a segment's ends.

    They are read, not mapped: pages of a map would count as memory, in the end those of the whole stream.
    """
    begins = np.cumsum([0, *truth.n_samples])
    firsts = begins[spikes.segments] + spikes.frames - PEAK
    lows = np.maximum(firsts, begins[spikes.segments])
    highs = np.minimum(firsts + WAVEFORM, begins[spikes.segments + 1])
    width, data = truth.n_channels, open_array(str(array)).offset
    around: Array = np.empty((WAVEFORM, width), "<i2")
    with open(array, "rb", buffering=0, opener=only_regular) as file:
        for begin in range(0, len(firsts), _SPIKES_A_BLOCK):
            some = slice(begin, begin + _SPIKES_A_BLOCK)
            places = zip(*(rows[some].tolist() for rows in (firsts, lows, highs)), strict=True)
            block = np.zeros((len(firsts[some]), WAVEFORM), "<i2")
            for row, (first, low, high) in zip(block, places, strict=True):
                file.seek(data + low * width * 2)
                file.readinto(around[: high - low])  # type: ignore[arg-type]  # an ndarray is a buffer
                row[low - first : high - first] = around[: high - low, column]
            yield block
