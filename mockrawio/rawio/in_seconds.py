"""Segments, spikes and events of any reader of Neo's, in seconds; what it stumbles over is an error that names it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from neo.rawio.baserawio import BaseRawIO
from neo.rawio.openephysrawio import OpenEphysRawIO

from ..ground.arrays import Floats
from ..ground.errors import MockSessionError
from ..ground.shown import one_line
from .reader import MockSessionRawIO

Where = tuple[int, int]  # block and segment
Limit = float | None
_FOREVER_S = 1e10


def segment_ends(reader: BaseRawIO, where: Where) -> tuple[float, float]:
    """Return when a segment begins and ends, s: as the reader says, and wherever its samples are.

    Of SpikeGLX Neo has all segments begin at 0 s, their signals when they did; where no sample is in what the reader
    says, that is left aside.
    """
    begin, end = float(reader.segment_t_start(*where)), float(reader.segment_t_stop(*where))
    streams = range(0 if isinstance(reader, MockSessionRawIO) else reader.signal_streams_count())  # ours is so
    sizes = [reader.get_signal_size(*where, k) for k in streams]
    starts = [float(reader.get_signal_t_start(*where, k)) for k in streams if sizes[k]]
    stops = [
        float(reader.get_signal_t_start(*where, k)) + sizes[k] / float(reader.get_signal_sampling_rate(k))
        for k in streams
        if sizes[k]
    ]
    if not starts:
        return begin, end
    first, last = min(starts), max(stops)
    return (first, last) if last <= begin or end <= first else (min(begin, first), max(end, last))


def spike_limits(reader: BaseRawIO, t_start: Limit, t_stop: Limit) -> tuple[Limit, Limit]:
    """Return limits of time by which a reader leaves out no spikes: that of Open Ephys needs both."""
    if not isinstance(reader, OpenEphysRawIO):
        return t_start, t_stop
    return 0.0 if t_start is None else t_start, _FOREVER_S if t_stop is None else t_stop


def spikes_in_seconds(
    reader: BaseRawIO, where: Where, index: int, t_start: Limit, t_stop: Limit, *, remedy: str
) -> Floats:
    """Return the times of a unit's spikes, s, float64; `remedy` is for one that the reader stumbles over."""
    with _stumbling(reader, "spike_channels", index, "spikes", remedy):
        stamps = reader.get_spike_timestamps(*where, index, *spike_limits(reader, t_start, t_stop))
        return np.asarray(reader.rescale_spike_timestamp(stamps, "float64"), np.float64)


def events_in_seconds(
    reader: BaseRawIO, where: Where, index: int, t_start: Limit, t_stop: Limit, *, remedy: str
) -> tuple[Floats, Floats | None, npt.NDArray[np.str_]]:
    """Return the times and durations of a channel's events, s, float64, and their labels.

    Durations are None for events, also where a reader has a None for each, as BCI2000's has; `remedy` is for a channel
    that the reader stumbles over.
    """
    with _stumbling(reader, "event_channels", index, "events", remedy):
        stamps, lasting, labels = reader.get_event_timestamps(*where, index, t_start, t_stop)
        times = np.asarray(reader.rescale_event_timestamp(stamps, "float64", index), np.float64)
        durations = None
        if lasting is not None and not any(one is None for one in _objects(lasting)):
            durations = np.asarray(reader.rescale_epoch_duration(lasting, "float64", index), np.float64)
        return times, durations, np.asarray(labels).astype(np.str_)


def _objects(values: Any) -> Any:
    """Return what may be None among values."""
    return values if np.asarray(values).dtype == object else ()


@contextmanager
def _stumbling(reader: BaseRawIO, table: str, index: int, what: str, remedy: str) -> Iterator[None]:
    """Say which unit or event channel a reader stumbles over: Neo's classes raise whatever comes of it."""
    try:
        yield
    except (MockSessionError, OSError, MemoryError, Warning):
        raise
    except Exception as error:
        row, kind = reader.header[table][index], type(reader).__name__
        subject = one_line(f"{kind}, {what} of {row['name'] or row['id']}")
        found = one_line(f"{type(error).__name__}: {error}")
        raise MockSessionError(subject, f"{what} that this class of Neo's can read", found, remedy) from error
