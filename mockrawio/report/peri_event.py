"""Spikes around events: when they come from each of them, and how many a second in the mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..ground.arrays import Floats, Ints
from ..ground.checks import require
from ..ground.errors import MockSessionError
from ..ground.shown import Argument
from ..rawio.reader import MockSessionRawIO
from .choosing import unit_index
from .event_timing import ChannelEvents, events_of
from .spiking import listened

_OTHERS = ("DAQ", "movie_frames", "movie_pauses")


class PeriEvent(NamedTuple):
    """The spikes of a unit around events.

    Attributes
    ----------
    edges_s : ndarray of float64, shape (bins + 1,)
        Seconds from the event.
    counts : ndarray of int64, shape (bins,)
        Spikes of all trials in each bin.
    rate_hz : ndarray of float64, shape (bins,)
        Spikes a second in the mean of the trials; NaN without trials.
    times_s : ndarray of float64, shape (n,)
        When each spike came, from its event; one near two events is there twice.
    trials : ndarray of int64, shape (n,)
        Around which event, in the order of time.
    n_trials : int
        Events around which all of the window was recorded.
    """

    edges_s: Floats
    counts: Ints
    rate_hz: Floats
    times_s: Floats
    trials: Ints
    n_trials: int


def chosen_event_channel(reader: MockSessionRawIO, channel: str | None = None) -> str | None:
    """Return the channel of events that is meant: by its name, else the codes, else the first with events of a person.

    Raises
    ------
    MockSessionError
        If there is no channel of that name.
    """
    names = [str(name) for name in reader.header["event_channels"]["name"]]
    if channel is not None:
        if channel in names:
            return channel
        found = ", ".join(names) or "none: the session has no events"
        raise MockSessionError(Argument("event_channel"), f"one of {found}", repr(channel), "Give its name.")
    return next((name for name in ["Events", *names] if name in names and name not in _OTHERS), None)


def peri_event(
    reader: MockSessionRawIO,
    unit: int | str,
    event_channel: str | None = None,
    labels: Sequence[str | int] | None = None,
    *,
    t_before: float = 0.5,
    t_after: float = 1.0,
    bin_s: float = 0.025,
) -> PeriEvent:
    """Gather a unit's spikes around events: a peri-stimulus time histogram and the raster that it is of.

    Parameters
    ----------
    reader : MockSessionRawIO
    unit : int or str
        Index or id.
    event_channel : str, optional
        None: "Events", else the first channel that is neither the DAQ's nor the movie's.
    labels : sequence of str or int, optional
        Which events, by their code or text. None: all.
    t_before, t_after : float
        The window in seconds; `t_after` is cut to a whole number of bins.
    bin_s : float

    Returns
    -------
    PeriEvent

    Raises
    ------
    MockSessionError
        If the unit or the channel is unknown, no event has these labels, or the window holds no bin.
    """
    wide = t_before + t_after
    require(0 < bin_s <= wide + 1e-12, Argument("bin_s"), f"a width above 0, up to {wide:g} s", bin_s)
    index, name = unit_index(reader, unit), chosen_event_channel(reader, event_channel)
    bins = int(wide / bin_s + 1e-9)
    edges: Floats = np.arange(bins + 1, dtype=np.float64) * bin_s - t_before
    times, trials, n = [np.empty(0)], [np.empty(0, np.int64)], 0
    events = None if name is None else _labelled(events_of(reader, name), labels)
    for segment in range(reader.segment_count(0)) if events is not None else ():
        start, stop = listened(reader, segment)
        here = np.sort(events.times_s[events.segments == segment])  # type: ignore[union-attr]  # there, or no segments
        here = here[(here + edges[0] >= start) & (here + edges[-1] <= stop)]
        spikes = reader.rescale_spike_timestamp(reader.get_spike_timestamps(0, segment, index), "float64")
        first, last = np.searchsorted(spikes, here + edges[0]), np.searchsorted(spikes, here + edges[-1])
        each = last - first
        picks = np.repeat(first - np.cumsum(each) + each, each) + np.arange(each.sum())
        times.append(spikes[picks] - np.repeat(here, each))
        trials.append(np.repeat(n + np.arange(len(here)), each))
        n += len(here)
    late = np.concatenate(times)
    counts = np.histogram(late, edges)[0].astype(np.int64)
    rate = counts / (n * bin_s) if n else np.full(bins, np.nan)
    return PeriEvent(edges, counts, rate, late, np.concatenate(trials), n)


def _labelled(events: ChannelEvents, labels: Sequence[str | int] | None) -> ChannelEvents:
    """Return the events with some labels."""
    if labels is None:
        return events
    kept = np.isin(events.labels, [str(label) for label in labels])
    known = ", ".join(sorted(set(events.labels.tolist()))[:20])
    require(bool(kept.any()), Argument("labels"), f"some of {known}", list(labels))
    return ChannelEvents(events.times_s[kept], events.durations_s[kept], events.labels[kept], events.segments[kept])
