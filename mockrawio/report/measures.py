"""What a session's figures and its report are made of: numbers, no drawing.

Every function takes as `reader` a :class:`~mockrawio.MockSessionRawIO` whose header is parsed, and gives a small
tuple of arrays. Signals are read in blocks and spikes in batches, so that memory grows with the result
alone; only that of :func:`spike_trains` and of events is as long as the data. Times are seconds
on the session's clock; amplitudes are in the units of the files, µV.
"""

from __future__ import annotations

from .envelopes import SignalEnvelope, envelope, sampled, stream_channels
from .event_timing import (
    ChannelEvents,
    DaqJitter,
    EventTiming,
    MovieClock,
    daq_jitter,
    event_timing,
    events_of,
    movie_clock,
)
from .spiking import FiringRate, Intervals, RegionTrains, firing_rates, isi, listened, spike_trains, unit_index
from .waveform_stats import WaveformStats, waveform_stats

__all__ = [
    "ChannelEvents",
    "DaqJitter",
    "EventTiming",
    "FiringRate",
    "Intervals",
    "MovieClock",
    "RegionTrains",
    "SignalEnvelope",
    "WaveformStats",
    "daq_jitter",
    "envelope",
    "event_timing",
    "events_of",
    "firing_rates",
    "isi",
    "listened",
    "movie_clock",
    "sampled",
    "spike_trains",
    "stream_channels",
    "unit_index",
    "waveform_stats",
]
