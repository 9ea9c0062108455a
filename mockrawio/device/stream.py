"""Scaled samples, chunk by chunk."""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator
from typing import Any

from ..ground.arrays import Array
from ..rawio import MockSessionRawIO
from .choose import check_dtype, choose_engine
from .engine import Engine, make_scale
from .pipeline import Chunk, Pipeline, readers_for
from .samples import Channels, check_number, choose_channels, segment_clock


class ScaledStream(Iterator[Any]):
    """Scaled arrays (samples, channels), one per chunk: what :func:`stream_scaled` returns.

    An iterator, and a context manager that closes itself. If not exhausted, it is closed by ``close()``, at the end of
    its ``with`` block, or when it is garbage collected.

    Attributes
    ----------
    device : str
        Where the arrays are: "cpu", "cuda:0" and so on.
    library : str
        Library of the arrays.
    shape : tuple of int
        (samples, channels) of all chunks together.
    i_start, i_stop : int
        The samples of the segment that are streamed; every `decimate`-th of them is kept.
    channel_ids : list of str
    """

    def __init__(
        self,
        engine: Engine,
        read: Any,
        chunks: _Chunks,
        channels: Channels,
        dtype: str,
        depth: int,
        readers: int,
        reuse: bool,
    ) -> None:
        self._engine, self._chunks, self._keep, self._dtype = engine, chunks, channels.keep, dtype
        self.device, self.library = engine.device, engine.library
        self.i_start, self.i_stop = chunks.start, chunks.stop
        self.channel_ids = channels.ids
        self.shape = len(range(chunks.start, chunks.stop, chunks.decimate)), len(channels.ids)
        self._scale = make_scale(engine, channels.gain, channels.offset, dtype)
        rows, slots = max(1, self._rows((0, chunks.longest))), depth if reuse or engine.copies else 0
        self._results = [engine.empty((rows, self.shape[1]), dtype) for _ in range(slots)]
        self._users = [engine.current()] * slots  # the streams in which the slots were handed out last
        shape = (max(1, chunks.longest), channels.width)
        # Its copies come after all that was made and put on the device above, and its kernels after those.
        self._pipeline = Pipeline(engine, read, chunks, shape, channels.dtype, depth, readers)
        weakref.finalize(self, self._pipeline.end)  # before results and gains go, which kernels may be at

    def __len__(self) -> int:
        """Return the number of chunks, those already given included."""
        return sum(1 for _ in self._chunks)

    def __next__(self) -> Any:
        return self._pipeline.take(self._use)

    def _rows(self, chunk: Chunk) -> int:
        return math.ceil((chunk[1] - chunk[0]) / self._chunks.decimate)

    def _use(self, index: int, raw: Any, chunk: Chunk) -> Any:
        out = self._place(index, self._rows(chunk))
        self._engine.scale(raw[:: self._chunks.decimate, self._keep], self._scale, out)
        return self._engine.hand_over(out)

    def _place(self, index: int, rows: int) -> Any:
        """Return where the next result goes: memory of its own, or a slot that its last consumer is through with."""
        if not self._results:
            return self._engine.empty((rows, self.shape[1]), self._dtype)
        stream = self._engine.current()
        self._engine.follow(stream, self._users[index])
        self._users[index] = stream
        return self._results[index][:rows, ...]

    def close(self) -> None:
        """Stop reading and release the slots; arrays yielded before stay valid."""
        self._pipeline.close()

    def __enter__(self) -> ScaledStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Chunks:
    """The chunks of a window, each beginning with a sample that decimation keeps; none without one."""

    def __init__(self, start: int, stop: int, size: int, decimate: int) -> None:
        for name, value in (("chunk_size", size), ("decimate", decimate)):
            check_number(name, value, "sample")
        self.start, self.stop, self.size, self.decimate = start, stop, int(size), int(decimate)
        self.longest = min(self.size, stop - start)

    def __iter__(self) -> Iterator[Chunk]:
        for first in range(self.start, self.stop, self.size):
            kept = first + (self.start - first) % self.decimate
            last = min(first + self.size, self.stop)
            if kept < last:
                yield kept, last


def stream_scaled(
    reader: MockSessionRawIO,
    *,
    stream_index: int,
    chunk_size: int,
    channel_indexes: Any = None,
    device: str = "cuda",
    dtype: str = "float32",
    out: str = "torch",
    decimate: int | None = None,
    depth: int = 3,
    readers: int | None = None,
    reuse: bool = False,
    block_index: int = 0,
    seg_index: int = 0,
    t_start: float | None = None,
    t_stop: float | None = None,
) -> ScaledStream:
    """Return an iterator over the scaled samples of a segment, or of a window of it.

    A thread reads int16 directly into one of `depth` page-locked slots, the copy engine transfers it in a separate
    stream, and one kernel scales it on the device, into an array that belongs to the caller.

    Parameters
    ----------
    reader : MockSessionRawIO
    stream_index : int
    chunk_size : int
        Samples per chunk. A chunk should have several MB: 65536 of 64 channels are 8 MiB.
    channel_indexes : sequence of int, mask or slice, optional
        As for ``get_analogsignal_chunk()``.
    device : str
        "cuda", "cuda:1", "cpu", or "auto": CUDA if `out` finds one, else the CPU; the iterator's `device` is the one in
        use, which the logger `mockrawio.device` reports at INFO. torch's ROCm is "cuda" too; its "xpu", "xpu:1" and
        "mps" have to be given by name (docs/gpu.rst, *Other devices*).
    dtype : {"float32", "float64"}
    out : {"torch", "cupy", "jax", "numpy"}
        Library of the arrays to yield. On CUDA torch moves the data for JAX. On the CPU "array_api_strict" too, to try
        code against the standard.
    decimate : int, optional
        Keep every n-th sample of the window, across chunks, without an anti-aliasing filter.
    depth : int
        Number of slots: how far the thread reads ahead and, with `reuse`, how long an array is valid.
    readers : int, optional
        Threads that fill a slot together, if it has a MB for each. Default: 1 on the CPU; for a device, which is faster
        than one thread can copy, 8 or the number of cores.
    reuse : bool
        Yield `depth` arrays in turn without allocating memory: an array is valid until `depth` more have been
        requested, and is then overwritten, so do not collect them (``list(chunks)``). This is faster where new memory
        is expensive, as in NumPy. JAX arrays are always copies.
    block_index, seg_index : int
    t_start, t_stop : float, optional
        Seconds, of the reader's time: samples with ``t_start <= t < t_stop`` that the segment has.

    Returns
    -------
    ScaledStream
        Yields arrays of `dtype`, (samples, channels), in the header's units, which are µV. Without an
        offset the values are those of ``rescale_signal_raw_to_float()``, with one its float64 values
        rounded once.

    Raises
    ------
    MockSessionError
        If an argument is invalid, or there is no such device. Read errors are raised by the iterator.
    ImportError
        If the library is not installed.

    Notes
    -----
    On CUDA an array belongs to the stream that is current when it is yielded, as any array made there:
    work in another stream is the consumer's own to order. With `reuse`, work that is queued in that
    stream is waited for before the array is written over.

    Examples
    --------
    >>> from mockrawio.device import stream_scaled
    >>> with MockSessionRawIO(folder) as reader:
    ...     with stream_scaled(reader, stream_index=0, chunk_size=4096, device="cpu", out="numpy") as chunks:
    ...         peak = max(abs(chunk).max() for chunk in chunks)
    >>> peak.dtype, chunks.device
    (dtype('float32'), 'cpu')

    What is yielded may be kept:

    >>> with MockSessionRawIO(folder) as reader:
    ...     kept = list(stream_scaled(reader, stream_index=0, chunk_size=4096, device="cpu", out="numpy"))
    ...     whole = reader.rescale_signal_raw_to_float(reader.get_analogsignal_chunk(stream_index=0), "float32", 0)
    >>> import numpy as np
    >>> np.array_equal(np.concatenate(kept), whole)
    True
    """
    engine = choose_engine(device, out)
    dtype = check_dtype(dtype, engine)
    stream_index = reader.stream(stream_index).index
    channels = choose_channels(reader, stream_index, channel_indexes)
    window = segment_clock(reader, block_index, seg_index, stream_index).window(t_start, t_stop)
    chunks = _Chunks(*window, chunk_size, 1 if decimate is None else decimate)

    def read(chunk: Chunk, place: Array) -> None:
        reader.get_analogsignal_chunk(block_index, seg_index, *chunk, stream_index, channels.read, out=place)

    readers = readers_for(engine) if readers is None else readers
    return ScaledStream(engine, read, chunks, channels, dtype, depth, readers, reuse)
