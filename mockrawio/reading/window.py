"""A window of all that a reader has: signals of every stream, spikes and events between two times, on one clock.

What a window holds, of any reader of Neo's:

- it lies in one segment. A gap between segments is no data, so no window reaches into one, and none is filled with
  NaN: :func:`window` refuses it and says where the segments are, :func:`windows` gives a piece of each;
- it is half open: what is at `t_start` is in it, what is at `t_stop` is not, so that windows side by side share no
  sample, spike or event, and leave none out. An epoch is in every window that it reaches into, with its own ends. An
  end that is None leaves nothing out, not even an event of the segment that is before its first sample;
- times are the reader's seconds, float64, the same for signals, spikes and events. Streams keep the samples they have,
  each at its own rate; nothing is resampled;
- signals in volts of any kind are in µV, whatever the reader says them in;
- no more samples are read than are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from neo.rawio.baserawio import BaseRawIO

from ..formats.recorded import MICROVOLTS
from ..ground.arrays import Array, Floats
from ..ground.errors import BoundsError, MockSessionError
from ..ground.places import FolderLike
from ..ground.shown import Argument, Text
from ..rawio.arguments import checked_index, floating, time_limits
from ..rawio.in_seconds import Where, events_in_seconds, segment_ends, spikes_in_seconds
from .choosing import Choice, Some, channels_of, choose
from .opening import open as opened
from .time_window import TimeWindow, WindowEvents, WindowSignal

_NEAR_S = 1e-9  # a summed time may miss the end of a segment by that
_NEAR_SAMPLE = 1e-4  # and a sample by that
Source: TypeAlias = BaseRawIO | FolderLike


class _Segment(NamedTuple):
    """One segment of a reader, and when it begins and ends, s."""

    number: int
    t_start: float
    t_stop: float

    def __str__(self) -> str:
        return f"{self.number}, {self.t_start:.6g} to {self.t_stop:.6g} s"


def window(
    source: Source,
    t_start: float | None = None,
    t_stop: float | None = None,
    *,
    seg_index: int | None = None,
    block_index: int = 0,
    streams: Some = None,
    channels: Some = None,
    units: Some = None,
    events: Some = None,
    dtype: npt.DTypeLike = "float32",
) -> TimeWindow:
    """Return all data of a reader between two times.

    Parameters
    ----------
    source : BaseRawIO or path
        Any Neo reader with parsed header, or anything that :func:`mockrawio.open` opens.
    t_start, t_stop : float or Quantity, optional
        Seconds; `t_stop` is excluded. None is the segment's start and end.
    seg_index : int, optional
        The segment; by default determined by the times, if they are unambiguous.
    block_index : int
    streams, channels, units, events : str or iterable of str, optional
        Selection by id or name; all by default, none with ``()``. With `channels`, streams without any of them are
        omitted.
    dtype : dtype
        "float32" or "float64", of the signals.

    Returns
    -------
    TimeWindow

    Raises
    ------
    BoundsError
        If the window is not within one segment.
    MockSessionError
        If a requested name does not exist.

    Examples
    --------
    >>> import mockrawio
    >>> piece = mockrawio.window(folder, 2, 2.5)
    >>> lfp = piece.signals["lfp"]
    >>> lfp.values.shape, lfp.units, lfp.times[0]
    ((500, 1), 'uV', np.float64(2.0))
    """
    with _reader(source) as reader:
        choice = choose(reader, streams, channels, units, events)
        segments = _segments(reader, block_index, seg_index)
        ends = _ends(t_start, t_stop)
        chosen = _one(segments, *ends, seg_index is not None)
        return _cut(reader, block_index, chosen, ends, choice, dtype)


def windows(
    source: Source,
    t_start: float | None = None,
    t_stop: float | None = None,
    *,
    block_index: int = 0,
    streams: Some = None,
    channels: Some = None,
    units: Some = None,
    events: Some = None,
    dtype: npt.DTypeLike = "float32",
) -> list[TimeWindow]:
    """Return all data of a reader between two times, one window per segment.

    Parameters
    ----------
    source, t_start, t_stop, block_index, streams, channels, units, events, dtype
        As for :func:`window`; the times may be anywhere.

    Returns
    -------
    list of TimeWindow
        In the order of the segments, each cut to its segment; empty if no segment overlaps. Events between two
        segments, such as movie frames during a gap, are in the window of the earlier one, if there is one.

    Raises
    ------
    MockSessionError
        As for :func:`window`, except for the segments.
    """
    with _reader(source) as reader:
        choice = choose(reader, streams, channels, units, events)
        low, high = _ends(t_start, t_stop)
        pieces = []
        for segment in _segments(reader, block_index, None):
            if max(low, segment.t_start) < min(high, segment.t_stop):
                pieces.append(_cut(reader, block_index, segment, (low, high), choice, dtype))
        return pieces


@contextmanager
def _reader(source: Source) -> Iterator[BaseRawIO]:
    """Lend a reader, and close it if it was opened here."""
    if isinstance(source, BaseRawIO):
        if source.header is None:
            expected, remedy = "a reader that is open", "Call parse_header() first."
            raise MockSessionError(Argument("source"), expected, "one whose header is not parsed", remedy)
        yield source
        return
    reader = opened(source)
    try:
        yield reader
    finally:
        getattr(reader, "close", bool)()  # Neo's own have none


def _segments(reader: BaseRawIO, block_index: int, seg_index: int | None) -> list[_Segment]:
    """Return the segments of a block, or the one that is asked for."""
    where = str(getattr(reader, "dirname", "") or getattr(reader, "filename", "") or type(reader).__name__)
    checked_index(where, "block_index", block_index, reader.block_count(), "blocks")
    found: Iterable[int] = range(reader.segment_count(block_index))
    if seg_index is not None:
        found = [checked_index(where, "seg_index", seg_index, len(list(found)), "segments")]
    return [_Segment(k, *segment_ends(reader, (block_index, k))) for k in found]


def _ends(t_start: Any, t_stop: Any) -> tuple[float, float]:
    """Return both ends as numbers, infinite where they are the segment's."""
    low, high = time_limits(t_start, t_stop)
    ends = -math.inf if low is None else low, math.inf if high is None else high
    if ends[0] == ends[1]:
        raise BoundsError(Argument("t_stop"), f"a time after t_start, {low:g} s", f"{high:g} s", "Give a later one.")
    return ends


def _one(segments: list[_Segment], low: float, high: float, is_given: bool) -> _Segment:
    """Return the segment that a window lies in; BoundsError if there is none, or more than one."""
    near = _NEAR_S
    fits = [s for s in segments if (s.t_start - near <= low or low == -math.inf) and low < s.t_stop]
    fits = [s for s in fits if (high <= s.t_stop + near or high == math.inf) and high > s.t_start]
    if len(fits) == 1:
        return fits[0]
    listed = "; ".join(map(str, segments[:8])) + ("; ..." if len(segments) > 8 else "")
    span = f"{low:.6g} to {high:.6g} s".replace("-inf", "the start").replace("inf s", "the end")
    if fits:
        expected, found = "which of several segments is meant", f"{span}, which is in {len(fits)} of them: {listed}"
        remedy = Text("Give ", Argument("seg_index", fits[0].number), ", or the one that you mean.")
        raise BoundsError(Argument("seg_index"), expected, found, remedy)
    expected = f"a window in segment {listed}" if is_given else f"a window in one segment: {listed}"
    move = "Move its ends, or take mockrawio.windows(), which gives a piece of each segment."
    raise BoundsError(Argument("t_start and t_stop"), expected, span, move)


def _cut(
    reader: BaseRawIO,
    block_index: int,
    segment: _Segment,
    ends: tuple[float, float],
    choice: Choice,
    dtype: npt.DTypeLike,
) -> TimeWindow:
    """Read a window of a segment: samples within the segment, and its spikes and events between `ends`."""
    where = block_index, segment.number
    low, high = max(ends[0], segment.t_start), min(ends[1], segment.t_stop)
    streams = choice.streams.items()
    return TimeWindow(
        low,
        high,
        *where,
        {name: _signal(reader, where, name, index, columns, (low, high), dtype) for name, (index, columns) in streams},
        {name: _spikes(reader, where, index, ends) for name, index in choice.units.items()},
        {name: _events(reader, where, index, ends) for name, index in choice.events.items()},
    )


Ends = tuple[float, float]


def _signal(
    reader: BaseRawIO,
    where: Where,
    name: str,
    stream_index: int,
    columns: list[int],
    ends: Ends,
    dtype: npt.DTypeLike,
) -> WindowSignal:
    """Read what a stream has between two times."""
    described = channels_of(reader.header, stream_index)
    all_of_it = columns == list(range(len(described)))
    described = described[columns]
    units, factors = _microvolts(list(map(str, described["units"].tolist())))
    rate = float(reader.get_signal_sampling_rate(stream_index))
    begin, size = float(reader.get_signal_t_start(*where, stream_index)), reader.get_signal_size(*where, stream_index)
    first, last = (min(max(0, math.ceil((end - begin) * rate - _NEAR_SAMPLE)), size) for end in ends)
    values: Array = np.empty((0, len(columns)), floating(dtype))
    if first < last:
        chosen = None if all_of_it else np.array(columns)
        raw = reader.get_analogsignal_chunk(*where, first, last, stream_index, chosen)
        values = reader.rescale_signal_raw_to_float(raw, floating(dtype), stream_index, chosen)
    if any(factor != 1 for factor in factors):
        values = values * np.array(factors, values.dtype)
    ids, names = (tuple(map(str, described[key].tolist())) for key in ("id", "name"))
    return WindowSignal(name, values, begin + first / rate, rate, ids, names, units)


def _microvolts(units: list[str]) -> tuple[tuple[str, ...], list[float]]:
    """Return the units that values are given in, µV for volts of any kind, and what brings each channel to them."""
    factors = [MICROVOLTS.get(unit, 1.0) for unit in units]
    return tuple("uV" if unit in MICROVOLTS else unit for unit in units), factors


def _spikes(reader: BaseRawIO, where: Where, index: int, ends: Ends) -> Floats:
    """Return the spikes of a unit between two times, s."""
    low, high = ends
    limits = (None if math.isinf(end) else end for end in ends)
    times = spikes_in_seconds(reader, where, index, *limits, remedy="Leave it out with units=.")
    return times[(times >= low) & (times < high)]


def _events(reader: BaseRawIO, where: Where, index: int, ends: Ends) -> WindowEvents:
    """Return the events of a channel between two times, and the epochs that reach in."""
    remedy = "Leave it out with events=."
    times, durations, labels = events_in_seconds(reader, where, index, None, None, remedy=remedy)
    stops = times if durations is None else times + durations
    inside = (times < ends[1]) & ((times >= ends[0]) | (stops > ends[0]))
    chosen = np.flatnonzero(inside)[np.argsort(times[inside], kind="stable")]
    return WindowEvents(times[chosen], None if durations is None else durations[chosen], labels[chosen])
