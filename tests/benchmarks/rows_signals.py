"""Rows of signals: views, chosen channels, copies, scaling, and channels that each have a file."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from neo.rawio import RawBinarySignalRawIO
from neo.rawio.baserawio import BaseRawIO

from mockrawio.formats.npy import MappedArray
from mockrawio.rawio import MockSessionRawIO, StreamView

from .inputs import opened
from .race import Act, Contest, same

Array = npt.NDArray[Any]
CHUNK = 1024  # samples of a view
ULP = 2.0**-23  # of float32, relative
SCATTERED = (3, 17, 40, 63)
NO_SPIKEINTERFACE = "not installed; pip install 'mockrawio[spikeinterface]'"


class OneFile:
    """The same array of (samples, channels) read by us and by those who read flat binary files."""

    def __init__(self, folder: Path) -> None:
        self.reader = opened(folder)
        self.index, self.about = _buffered(self.reader)
        self.size, self.n_channels = self.about["shape"]
        self.rate = self.reader.get_signal_sampling_rate(self.index)
        path, start = self.about["file_path"], self.about["file_offset"]
        self.bare = np.memmap(path, self.about["dtype"], "r", start, self.about["shape"])

    def neo(self) -> RawBinarySignalRawIO:
        """Return Neo's reader of flat binary files on it."""
        reader = RawBinarySignalRawIO(
            self.about["file_path"],
            dtype=np.dtype(self.about["dtype"]).name,
            sampling_rate=self.rate,
            nb_channel=self.n_channels,
            bytesoffset=self.about["file_offset"],
        )
        reader.parse_header()
        return reader

    def spikeinterface(self) -> Any:
        """Return SpikeInterface's, or None if it is not installed."""
        try:
            from spikeinterface.core import BinaryRecordingExtractor
        except ImportError:
            return None
        return BinaryRecordingExtractor(
            [self.about["file_path"]],
            self.rate,
            self.about["dtype"],
            num_channels=self.n_channels,
            file_offset=self.about["file_offset"],
        )

    def contest(self, make: Callable[[Callable[[int, int], Array]], Act], length: int, inner: int = 1) -> Contest:
        """Return a contest of `make`, which is given what reads samples from one index to another."""
        neo, spikeinterface = self.neo(), self.spikeinterface()

        def ours(i: int, j: int) -> Array:
            return self.reader.get_analogsignal_chunk(0, 0, i, j, self.index)

        def bare(i: int, j: int) -> Array:
            return self.bare[i:j]

        def neos(i: int, j: int) -> Array:
            chunk: Array = neo.get_analogsignal_chunk(0, 0, i, j, 0)
            return chunk

        def theirs(i: int, j: int) -> Array:
            traces: Array = spikeinterface.get_traces(start_frame=i, end_frame=j)
            return traces

        readers = {"numpy.memmap": bare, "Neo RawBinarySignal": neos}
        if spikeinterface is not None:
            readers["SpikeInterface"] = theirs

        def check() -> None:
            for name, read in readers.items():
                same(ours(5, 5 + length), read(5, 5 + length), f"samples of {name}")

        missing = {} if spikeinterface is not None else {"SpikeInterface": NO_SPIKEINTERFACE}
        return Contest(make(ours), {name: make(read) for name, read in readers.items()}, check, missing, inner)


def _buffered(reader: MockSessionRawIO) -> tuple[int, dict[str, Any]]:
    """Return the first stream that is a file of its own, and where it lies."""
    buffers = reader.header["signal_streams"]["buffer_id"].tolist()
    index = next(index for index, name in enumerate(buffers) if name and reader.stream(index).kind == "raw")
    return index, reader.get_analogsignal_buffer_description(0, 0, buffers[index])


def view(folder: Path) -> Contest:
    """Take a view of 1024 samples of all channels, at random places."""
    scene = OneFile(folder)
    starts = np.random.default_rng(1).integers(0, scene.size - CHUNK, 100).tolist()

    def make(read: Callable[[int, int], Array]) -> Act:
        places = cycle(starts)

        def act() -> None:
            i = next(places)
            read(i, i + CHUNK)

        return act

    return scene.contest(make, CHUNK, inner=200)


def seconds_in_turn(folder: Path) -> Contest:
    """Read the recording from beginning to end, a second at a time, each copied out."""
    scene = OneFile(folder)
    step = int(scene.rate)

    def make(read: Callable[[int, int], Array]) -> Act:
        buffer = np.empty((step, scene.n_channels), scene.bare.dtype)

        def act() -> None:
            for i in range(0, scene.size - step + 1, step):
                np.copyto(buffer, read(i, i + step))

        return act

    return scene.contest(make, step)


def four_channels(folder: Path, how: str) -> Contest:
    """Read four scattered channels of 1024 samples, by index or by id."""
    scene = OneFile(folder)
    reader, neo, index = scene.reader, scene.neo(), scene.index
    chosen = [k * scene.n_channels // 64 for k in SCATTERED]
    start, stop = scene.size // 3, scene.size // 3 + CHUNK
    stream_id = reader.header["signal_streams"]["id"][index]
    channels = reader.header["signal_channels"]
    ids = channels["id"][channels["stream_id"] == stream_id][chosen].tolist()
    theirs = neo.header["signal_channels"]["id"][chosen].tolist()
    ours_how: Any = {how: ids if how == "channel_ids" else chosen}
    neos_how: Any = {how: theirs if how == "channel_ids" else chosen}

    def ours() -> Array:
        return reader.get_analogsignal_chunk(0, 0, start, stop, index, **ours_how)

    def bare() -> Array:
        return scene.bare[start:stop][:, chosen]

    def neos() -> Array:
        chunk: Array = neo.get_analogsignal_chunk(0, 0, start, stop, 0, **neos_how)
        return chunk

    def check() -> None:
        same(ours(), bare(), "four channels of numpy.memmap")
        same(ours(), neos(), "four channels of Neo")

    return Contest(ours, {"numpy.memmap": bare, "Neo RawBinarySignal": neos}, check, inner=50)


def rescale(folder: Path, n_samples: int = 30_000) -> Contest:
    """Turn stored values into float32 in physical units, against Neo's base class and a plain cast."""
    reader = opened(folder)
    index = max(range(reader.signal_streams_count()), key=lambda k: reader.signal_channels_count(k))
    size = min(n_samples, reader.get_signal_size(0, 0, index))
    raw = np.ascontiguousarray(reader.get_analogsignal_chunk(i_stop=size, stream_index=index))

    def ours() -> Array:
        return reader.rescale_signal_raw_to_float(raw, stream_index=index)

    def neos() -> Array:
        scaled: Array = BaseRawIO.rescale_signal_raw_to_float(reader, raw, stream_index=index)
        return scaled

    def check() -> None:
        same(ours(), neos(), "scaled samples of Neo", rtol=ULP)

    return Contest(ours, {"Neo": neos, "a plain cast": lambda: raw.astype(np.float32)}, check)


def files_of_channels(folder: Path) -> Contest:
    """Read a second of all channels, each of which has a file, against maps of the same files."""
    reader = opened(folder)
    stream = next(s for s in map(reader.stream, range(reader.signal_streams_count())) if s.kind == "lfp")
    index = stream.index
    n, start = int(stream.sampling_rate), stream.runs[0].start
    first = max(0, (stream.sizes[0] - n) // 2)
    stop = min(first + n, stream.sizes[0])
    maps = list(_maps(stream))

    def ours() -> Array:
        return reader.get_analogsignal_chunk(0, 0, first, stop, index)

    def bare() -> Array:
        if len(maps) == 1:  # of which we give a view too
            return maps[0][start + first : start + stop, None]
        chunk = np.empty((stop - first, len(maps)), stream.dtype, order="F")
        for column, samples in enumerate(maps):
            chunk[:, column] = samples[start + first : start + stop]
        return chunk

    return Contest(ours, {"numpy.memmap": bare}, lambda: same(ours(), bare(), "channels of numpy.memmap"))


def _maps(stream: StreamView) -> list[Array]:
    arrays = (source for source in stream.sources if isinstance(source, MappedArray))
    return [np.memmap(s.file.path, s.dtype, "r", s.offset, s.shape) for s in arrays]
