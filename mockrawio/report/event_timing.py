"""What a session's events say of its timing: event codes, DAQ pulses, and the movie."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Floats, Ints
from ..rawio.reader import MockSessionRawIO

_JUMP = 5.5  # frames; half a one more, for movie times are rounded
Texts = npt.NDArray[np.str_]


class ChannelEvents(NamedTuple):
    """The events of a channel, of all segments.

    Attributes
    ----------
    times_s, durations_s : ndarray of float64, shape (n,)
        Durations are 0 where the channel has none.
    labels : ndarray of str, shape (n,)
    segments : ndarray of int64, shape (n,)
        In which segment each is.
    """

    times_s: Floats
    durations_s: Floats
    labels: Texts
    segments: Ints


class EventTiming(NamedTuple):
    """When the events of a session come.

    Attributes
    ----------
    times_s : ndarray of float64, shape (n,)
    codes : dict of str to int
        How often each code was sent, ascending by code.
    interval_times_s : ndarray of float64, shape (m,)
        Of the later event of each interval.
    intervals_s : ndarray of float64, shape (m,)
        Between events of one segment.
    period_s : float
        The interval that is expected: the median. NaN without intervals.
    deviations_ms : ndarray of float64, shape (m,)
        By how much each interval is longer than that.
    """

    times_s: Floats
    codes: dict[str, int]
    interval_times_s: Floats
    intervals_s: Floats
    period_s: float
    deviations_ms: Floats


class DaqJitter(NamedTuple):
    """How well the DAQ's stamps are known: a row of the log is a pulse between two stamps.

    Attributes
    ----------
    starts_s : ndarray of float64, shape (n,)
        The earlier stamp of each row.
    durations_ms : ndarray of float64, shape (n,)
        From there to the later one.
    half_widths_ms : ndarray of float64, shape (n,)
        Half of it: the pulse came at the middle, plus or minus this.
    mean_ms, sd_ms : float
        Of the durations; NaN without rows.
    """

    starts_s: Floats
    durations_ms: Floats
    half_widths_ms: Floats
    mean_ms: float
    sd_ms: float


class MovieClock(NamedTuple):
    """Movie time against the session's clock.

    Attributes
    ----------
    clock_s, pts_s : ndarray of float64, shape (n,)
        When each frame was shown, and its movie time.
    pause_starts_s, pauses_s : ndarray of float64, shape (k,)
        When the movie stood still, and for how long.
    skips : ndarray of int64, shape (j,)
        The frames before which movie time runs back, or jumps by more than five frames: fewer may
        have been dropped in playing.
    offset_s : float
        When the first frame was shown by the straight line through all frames, the pauses taken
        out; NaN without frames.
    ms_per_frame : float
        How long a frame stands by that line; NaN with fewer than two frames.
    """

    clock_s: Floats
    pts_s: Floats
    pause_starts_s: Floats
    pauses_s: Floats
    skips: Ints
    offset_s: float
    ms_per_frame: float


def events_of(reader: MockSessionRawIO, channel: str) -> ChannelEvents:
    """Return the events of a channel; none if the session has no such channel.

    Parameters
    ----------
    reader : MockSessionRawIO
    channel : str
        Its name: "Events", "DAQ", "movie_frames", "movie_pauses", or an annotation's.
    """
    names = reader.header["event_channels"]["name"].tolist()
    nothing = np.empty(0)
    if channel not in names:
        return ChannelEvents(nothing, nothing, np.empty(0, "U1"), np.empty(0, np.int64))
    index = names.index(channel)
    tables = [reader.get_event_timestamps(0, k, index) for k in range(reader.segment_count(0))]
    start = np.concatenate([np.asarray(table[0], np.float64) for table in tables])
    length = [np.zeros(len(table[0])) if table[1] is None else np.asarray(table[1], np.float64) for table in tables]
    return ChannelEvents(
        reader.rescale_event_timestamp(start, "float64", index),
        np.concatenate(length) / 1000,
        np.concatenate([np.asarray(table[2]) for table in tables]),
        np.repeat(np.arange(len(tables)), [len(table[0]) for table in tables]),
    )


def event_timing(reader: MockSessionRawIO) -> EventTiming:
    """Measure the intervals between the session's events, and count their codes.

    Parameters
    ----------
    reader : MockSessionRawIO

    Returns
    -------
    EventTiming
        Of no events if the session has none.
    """
    events = events_of(reader, "Events")
    within = np.diff(events.segments) == 0
    intervals = np.diff(events.times_s)[within]
    period = float(np.median(intervals)) if intervals.size else np.nan
    codes, counts = np.unique(events.labels, return_counts=True)
    ordered = sorted(zip(codes.tolist(), counts.tolist(), strict=True), key=lambda code: float(code[0]))
    return EventTiming(
        events.times_s, dict(ordered), events.times_s[1:][within], intervals, period, (intervals - period) * 1000
    )


def daq_jitter(reader: MockSessionRawIO) -> DaqJitter:
    """Measure how far apart the two stamps of each DAQ row are.

    Parameters
    ----------
    reader : MockSessionRawIO

    Returns
    -------
    DaqJitter
        Of no rows if the session has no DAQ log.
    """
    rows = events_of(reader, "DAQ")
    durations = rows.durations_s * 1000
    mean, sd = (float(durations.mean()), float(durations.std())) if durations.size else (np.nan, np.nan)
    return DaqJitter(rows.times_s, durations, durations / 2, mean, sd)


def movie_clock(reader: MockSessionRawIO) -> MovieClock:
    """Measure how movie time runs against the session's clock.

    Parameters
    ----------
    reader : MockSessionRawIO

    Returns
    -------
    MovieClock
        Of no frames if the session has no watchlog.
    """
    frames, pauses = events_of(reader, "movie_frames"), events_of(reader, "movie_pauses")
    pts = frames.labels.astype(np.float64)
    step = np.diff(pts)
    usual = float(np.median(step)) if len(step) else 0.0
    skips = np.flatnonzero((step < 0) | (step > _JUMP * usual)) + 1
    # From the last frame before a pause to the first one after it the movie ran on by one frame.
    frame_s = float(np.median(np.diff(frames.times_s))) if len(step) else 0.0
    stood = np.concatenate([[0.0], np.cumsum(pauses.durations_s - frame_s)])
    played = frames.times_s - stood[np.searchsorted(pauses.times_s, frames.times_s, side="left")]
    offset, slope = _line(played)
    return MovieClock(
        frames.times_s, pts, pauses.times_s, pauses.durations_s, skips.astype(np.int64), offset, slope * 1000
    )


def _line(values: Floats) -> tuple[float, float]:
    """Return where the straight line through values begins and its slope, by least squares."""
    if len(values) < 2:
        return (float(values[0]) if len(values) else np.nan), np.nan
    place = np.arange(len(values)) - (len(values) - 1) / 2
    slope = float(place @ (values - values.mean()) / (place @ place))
    return float(values.mean() + place[0] * slope), slope
