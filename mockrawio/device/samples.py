"""Which samples and channels of a stream are asked for, in terms of what is read and what is kept of it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..ground.arrays import Array
from ..ground.checks import is_whole, require
from ..ground.errors import MockSessionError
from ..rawio import MockSessionRawIO

SLACK = 1e-3  # of a sample: what a time in float64 seconds may be off, a year from the origin
SPARSE = 4  # at one wanted channel in this many, reading the others too is no longer worth it


class Channels(NamedTuple):
    """Channels of a stream."""

    read: Any  # what the reader is asked for: a list of int, or a slice
    keep: slice  # which of those are wanted; the device leaves out the rest
    gain: Array  # float64, of the wanted ones, as are the next three
    offset: Array
    indexes: list[int]  # within the stream
    ids: list[str]
    dtype: np.dtype[Any]  # of the raw values
    width: int  # how many are read


def choose_channels(reader: MockSessionRawIO, stream_index: int, channel_indexes: Any) -> Channels:
    """Return what to read for a selection of channels, and what to keep of it.

    Channels at an even distance are read with those between them, in one piece, where the stream is
    one array and the distance is short: the copy is contiguous, and the kernel steps over the rest.
    All others are picked by the reader, so that only they cross the bus.
    """
    # The reader checks the selection, and says what is wrong with it.
    reader.get_analogsignal_chunk(i_start=0, i_stop=0, stream_index=stream_index, channel_indexes=channel_indexes)
    stream = reader.header["signal_streams"][stream_index]
    channels = reader.header["signal_channels"]
    channels = channels[channels["stream_id"] == stream["id"]]
    raw = np.dtype(str(channels["dtype"][0]))
    chosen = _indexes(len(channels), channel_indexes)
    wanted = channels[chosen]
    scale = wanted["gain"].astype(np.float64), wanted["offset"].astype(np.float64)
    step = chosen[1] - chosen[0] if len(chosen) > 1 else 1
    even = chosen and 1 <= step <= SPARSE and chosen == list(range(chosen[0], chosen[-1] + 1, step))
    if even and stream["buffer_id"]:
        width = chosen[-1] + 1 - chosen[0]
        whole = slice(chosen[0], chosen[0] + width)
        return Channels(whole, slice(None, None, step), *scale, chosen, wanted["id"].tolist(), raw, width)
    return Channels(chosen, slice(None), *scale, chosen, wanted["id"].tolist(), raw, len(chosen))


def _indexes(count: int, channel_indexes: Any) -> list[int]:
    if channel_indexes is None:
        return list(range(count))
    given = channel_indexes if isinstance(channel_indexes, slice) else np.atleast_1d(np.asarray(channel_indexes))
    if not isinstance(given, slice) and given.size == 0:
        return []
    return np.arange(count)[given].tolist()  # type: ignore[no-any-return]  # of whole numbers


class Clock(NamedTuple):
    """When the samples of one segment of a stream were taken: `t_start` seconds, `rate` Hz, `size` samples."""

    t_start: float
    rate: float
    size: int

    def first_from(self, t: Any) -> Array:
        """Return the first sample at or after each time, counted on a little beyond both ends of the segment."""
        position = (np.asarray(t, np.float64) - self.t_start) * self.rate - SLACK
        return np.ceil(np.clip(position, -2, self.size + 2)).astype(np.int64)

    def window(self, t_start: float | None, t_stop: float | None) -> tuple[int, int]:
        """Return the samples with ``t_start <= t < t_stop`` that the segment has, as a range."""
        check_window(t_start, t_stop)
        ends = [
            outer if t is None else min(max(int(self.first_from(t)), 0), self.size)
            for t, outer in ((t_start, 0), (t_stop, self.size))
        ]
        return ends[0], max(ends)


def check_number(name: str, value: Any, of: str, remedy: str = "Give a whole number.") -> None:
    """Raise MockSessionError unless a number of things is whole, and 1 or more: 2.5 samples are not taken for 2."""
    require(is_whole(value) and value >= 1, name, f"1 {of} or more", value, remedy)


def segment_clock(reader: MockSessionRawIO, block_index: int, seg_index: int, stream_index: int) -> Clock:
    """Return the clock of a segment of a stream."""
    where = (block_index, seg_index, stream_index)
    rate = reader.get_signal_sampling_rate(stream_index)
    return Clock(reader.get_signal_t_start(*where), rate, reader.get_signal_size(*where))


def check_window(t_start: float | None, t_stop: float | None) -> None:
    """Raise MockSessionError unless the times, in seconds, make a window; None is no limit."""
    known = [t for t in (t_start, t_stop) if t is not None]
    if not all(math.isfinite(t) for t in known) or known != sorted(known):
        expected, remedy = "finite seconds, the first not after the second", "Leave one out for the segment's own."
        raise MockSessionError("t_start, t_stop", expected, f"{t_start}, {t_stop}", remedy)
