"""The least and the greatest value under each pixel of a view, in µV."""

from __future__ import annotations

from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from ..ground.arrays import Array
from ..ground.errors import MockSessionError
from ..rawio import MockSessionRawIO
from .choose import choose_for_view
from .pipeline import Chunk
from .pyramid import Pyramid, bin_within
from .samples import Channels, Clock, check_window, choose_channels, segment_clock

MAX_BYTES = 256 << 20


class Zoom(NamedTuple):
    """Minimum and maximum per pixel, to be drawn as vertical lines.

    Attributes
    ----------
    low, high : ndarray of float32, (pixels, channels)
        Minimum and maximum in µV; NaN where the segment has no sample.
    edges : ndarray of float64, (pixels + 1,)
        Where pixels begin and end, seconds.
    """

    low: Array
    high: Array
    edges: Array


class Envelope:
    """Views of one stream, with a pyramid for repeated views.

    Parameters
    ----------
    reader : MockSessionRawIO
    stream_index : int, optional
        Optional if there is only one stream.
    device : str
        What computes the pyramid: "auto" is CUDA if torch or CuPy finds one, else the CPU.
    max_bytes : int
        Memory limit of the pyramid. Its finest level stands for 64 samples, or for as many as that needs: 256 MiB do
        for 4 GiB of int16 so, and beyond that twice the bin for twice the recording.

    Raises
    ------
    MockSessionError
        If the stream or the device does not exist.

    Examples
    --------
    >>> from mockrawio.device import Envelope
    >>> with MockSessionRawIO(folder) as reader:
    ...     view = Envelope(reader, stream_index=0, device="cpu").view(0.0, 1.5, width_px=300)
    >>> view.low.shape == view.high.shape, view.edges[[0, -1]].tolist()
    (True, [0.0, 1.5])
    """

    def __init__(
        self,
        reader: MockSessionRawIO,
        stream_index: int | None = 0,
        *,
        device: str = "auto",
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._reader = reader
        self._stream_index = reader.stream(stream_index).index
        self._engine = choose_for_view(device)
        self.device = self._engine.device
        self._pyramids = _Pyramids(reader, self._stream_index, max_bytes)

    @property
    def nbytes(self) -> int:
        """Bytes of the pyramids of the segments seen so far."""
        return sum(pyramid.nbytes for pyramid in self._pyramids.by_segment.values())

    def view(
        self,
        t_start: float | None,
        t_stop: float | None,
        width_px: int,
        *,
        channel_indexes: Any = None,
        block_index: int = 0,
        seg_index: int = 0,
    ) -> Zoom:
        """Return the envelope of a span of time; :func:`zoom` has the parameters."""
        reader, stream_index = self._reader, self._stream_index
        clock = segment_clock(reader, block_index, seg_index, stream_index)
        edges = _edges(clock, t_start, t_stop, width_px)
        first, stop, seen = _pixels(clock, edges)
        indexes = choose_channels(reader, stream_index, channel_indexes).indexes

        def read(chunk: Chunk, place: Array) -> None:
            reader.get_analogsignal_chunk(block_index, seg_index, *chunk, stream_index, out=place)

        pyramid = self._pyramids.get(seg_index, clock.size)
        found = pyramid.ranges(first[seen], stop[seen], read, self._engine)
        one, other = (_in_units(reader, stream_index, indexes, values, seen) for values in found)
        return Zoom(np.minimum(one, other), np.maximum(one, other), edges)  # a negative gain turns them round


def zoom(
    reader: MockSessionRawIO,
    t_start: float | None,
    t_stop: float | None,
    width_px: int,
    *,
    stream_index: int | None = 0,
    channel_indexes: Any = None,
    device: str = "auto",
    block_index: int = 0,
    seg_index: int = 0,
) -> Zoom:
    """Return the minimum and maximum in each pixel of a time span.

    The first view of a span streams its int16 samples to the device, and builds a pyramid of minima and maxima. Later
    views read the pyramid, and the samples of the bin in which each pixel's edge lies, so their time depends on the
    number of pixels, not on the span. The pyramid is kept as long as the reader, and takes at most 256 MiB per stream
    (:class:`Envelope` has another limit if asked).

    Parameters
    ----------
    reader : MockSessionRawIO
    t_start, t_stop : float or None
        Seconds, of the reader's time; None is the start and end of the segment's signal.
    width_px : int
    stream_index : int, optional
    channel_indexes : sequence of int, mask or slice, optional
        As for ``get_analogsignal_chunk()``.
    device : str
        As for :class:`Envelope`.
    block_index, seg_index : int

    Returns
    -------
    Zoom
        Exactly the minima and maxima of the scaled float32 samples. A pixel covers the samples with ``edges[k] <= t <
        edges[k + 1]``. One between two samples shows the earlier one, so that a view of fewer samples than pixels has
        steps. A pixel without samples is NaN, and so is one of a float source with a NaN among its samples.

    Raises
    ------
    MockSessionError
        If `t_stop` is not after `t_start`, `width_px` not positive, or there is no such stream,
        channel or device.

    Examples
    --------
    >>> from mockrawio.device import zoom
    >>> with MockSessionRawIO(folder) as reader:
    ...     low, high, edges = zoom(reader, 0.5, 1.5, 200, channel_indexes=[0], device="cpu")
    >>> low.shape, bool((low <= high).all())
    ((200, 1), True)
    """
    stream_index = reader.stream(stream_index).index
    view = Envelope(reader, stream_index, device=device)
    view._pyramids = _kept(reader, stream_index, view._pyramids)
    return view.view(
        t_start, t_stop, width_px, channel_indexes=channel_indexes, block_index=block_index, seg_index=seg_index
    )


class _Pyramids:
    """The pyramids of a stream's segments. It holds no reader, so that a reader can keep it."""

    def __init__(self, reader: MockSessionRawIO, stream_index: int, max_bytes: int) -> None:
        self.header = reader.header  # made anew by each parse_header()
        self._channels: Channels = choose_channels(reader, stream_index, None)
        sizes = (reader.get_signal_size(0, k, stream_index) for k in range(reader.segment_count(0)))
        self._bin = bin_within(max(1, max_bytes), sum(sizes), self._channels.width, self._channels.dtype)
        self.by_segment: dict[int, Pyramid] = {}

    def get(self, seg_index: int, size: int) -> Pyramid:
        if seg_index not in self.by_segment:  # if several threads make one, the first is kept
            new = Pyramid(size, self._channels.width, self._channels.dtype, self._bin)
            self.by_segment.setdefault(seg_index, new)
        return self.by_segment[seg_index]


_KEPT: WeakKeyDictionary[MockSessionRawIO, dict[int, _Pyramids]] = WeakKeyDictionary()


def _kept(reader: MockSessionRawIO, stream_index: int, new: _Pyramids) -> _Pyramids:
    """Return the pyramids kept for an opened reader, or keep the new ones."""
    kept = _KEPT.setdefault(reader, {})
    if stream_index not in kept or kept[stream_index].header is not reader.header:
        kept[stream_index] = new
    return kept[stream_index]


def _edges(clock: Clock, t_start: float | None, t_stop: float | None, width_px: int) -> Array:
    t_start = clock.t_start if t_start is None else t_start
    t_stop = clock.t_start + clock.size / clock.rate if t_stop is None else t_stop
    check_window(t_start, t_stop)
    if width_px < 1 or t_stop <= t_start:
        expected, found = "width_px of 1 or more, and t_start < t_stop", f"{width_px}, {t_start}, {t_stop}"
        raise MockSessionError("zoom", expected, found, "Request at least one pixel and a positive duration.")
    return np.linspace(t_start, t_stop, int(width_px) + 1)


def _pixels(clock: Clock, edges: Array) -> tuple[Array, Array, Array]:
    """Return each pixel's samples as a range, and which pixels have any."""
    from_edge = clock.first_from(edges)
    first, stop = from_edge[:-1], from_edge[1:]
    first = np.where(first == stop, first - 1, first)  # between two samples: the earlier one counts
    return np.maximum(first, 0), np.minimum(stop, clock.size), (first < clock.size) & (stop > 0)


def _in_units(reader: MockSessionRawIO, stream_index: int, indexes: list[int], values: Array, seen: Array) -> Array:
    """Return raw values of all channels, for the pixels that have any, as those of some channels for all pixels."""
    result = np.full((len(seen), len(indexes)), np.nan, np.float32)
    wanted = values[:, indexes]
    result[seen] = reader.rescale_signal_raw_to_float(wanted, "float32", stream_index, channel_indexes=indexes)
    return result
