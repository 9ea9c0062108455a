"""The files of a broadband session that differ from those of another: the stream and the units.

The stream is written first, chunk by chunk, by any number of threads; the units'
waveforms are then cut out of what was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np

from ..formats.npy import open_array
from ..formats.npy_out import Blocks, array_file
from ..ground.regular import only_regular
from ..session import layout
from ..session.content import UnitContent, description_bytes
from ..session.files import Scale
from .cast import CastUnit, Spiked
from .chunks import Chunk, made_ahead
from .files import Chunks
from .layers import Int16s
from .plan import PlannedUnit
from .timing import PEAK, WAVEFORM
from .truth import Truth

ARRAY, DESCRIPTION = (f"{layout.RAW}/{layout.BROADBAND}.{ending}" for ending in ("npy", "json"))
_SPIKES_A_BLOCK = 4096

ReadRows = Callable[[int, int], Int16s]  # returns rows of a stream, counted through all segments
OpenRows = AbstractContextManager[ReadRows]


class BroadbandFiles:
    """The stream's two files, made while they are written: the array first, then its description.

    `n_workers` threads make chunks, and `follow` is called with each, in their order. `nbytes` is the array's;
    `clipped` counts the values cut off in what has been written.
    """

    def __init__(self, truth: Truth, n_workers: int, follow: Callable[[Chunk], None]) -> None:
        self.truth = truth
        self.shape = (sum(truth.n_samples), truth.n_channels)
        self.nbytes = self.shape[0] * self.shape[1] * 2
        self.clipped = 0
        self._n_workers, self._follow = n_workers, follow

    def array(self) -> Chunks:
        """Yield the bytes of the ``.npy``; each piece may be reused when the next is asked for."""
        self.clipped = 0
        return array_file(Blocks("<i2", self.shape, self._chunks()))

    def description(self) -> Chunks:
        """Return the bytes of the ``.json``; the array must have been written."""
        return [description_bytes(self.truth.description(self.clipped))]

    def _chunks(self) -> Iterator[Int16s]:
        truth = self.truth
        for chunk in made_ahead(truth.fill, truth.n_samples, truth.n_channels, self._n_workers):
            self.clipped += chunk.clipped
            self._follow(chunk)
            yield chunk.samples


def cut_content(truth: Truth, rows: Callable[[], OpenRows], unit: PlannedUnit) -> UnitContent:
    """Return what the file of a unit holds, its waveforms what the stream has at the spikes; `rows` opens it."""
    assert isinstance(unit, CastUnit)
    spikes = unit.spikes()
    shape, times = (len(spikes.frames), WAVEFORM), unit.times_ms()
    snippets = cut_snippets(truth, rows(), unit.name.channel - 1, spikes)
    if truth.spec.encoding == "float64":
        physical = Blocks("<f8", shape, (block * np.float64(truth.gain_uV) for block in snippets))
        return UnitContent(unit.name, times, physical)
    counts = Blocks("<i2", shape, snippets)
    return UnitContent(unit.name, times, counts, Scale(truth.gain_uV), truth.sampling_rate, PEAK)


@contextmanager
def written_rows(array: Path, width: int) -> Iterator[ReadRows]:
    """Open the array of a stream that has been written; yield a function that reads rows of it, until the next call.

    They are read, not mapped: pages of a map would count as memory, in the end those of the whole stream.
    """
    data = open_array(str(array)).offset
    rows: Int16s = np.empty((WAVEFORM, width), "<i2")
    with open(array, "rb", buffering=0, opener=only_regular) as file:

        def read(start: int, stop: int) -> Int16s:
            file.seek(data + start * width * 2)
            file.readinto(rows[: stop - start])  # type: ignore[arg-type]  # an ndarray is a buffer
            return rows[: stop - start]

        yield read


def cut_snippets(truth: Truth, opened: OpenRows, column: int, spikes: Spiked) -> Iterator[Int16s]:
    """Yield the 64 samples of a column around each spike, in blocks of spikes, with zeros beyond a segment's ends."""
    begins = np.cumsum([0, *truth.n_samples])
    firsts = begins[spikes.segments] + spikes.frames - PEAK
    lows = np.maximum(firsts, begins[spikes.segments])
    highs = np.minimum(firsts + WAVEFORM, begins[spikes.segments + 1])
    with opened as read:
        for begin in range(0, len(firsts), _SPIKES_A_BLOCK):
            some = slice(begin, begin + _SPIKES_A_BLOCK)
            places = zip(*(rows[some].tolist() for rows in (firsts, lows, highs)), strict=True)
            block = np.zeros((len(firsts[some]), WAVEFORM), "<i2")
            for row, (first, low, high) in zip(block, places, strict=True):
                row[low - first : high - first] = read(low, high)[:, column]
            yield block
