"""The numbers behind a session's figures and report, without drawing.

Every function takes as `reader` a :class:`~mockrawio.MockSessionRawIO` with parsed header, and returns a named tuple of
arrays. Signals are read in blocks and spikes in batches, so memory is proportional to the result; only that of
:func:`spike_trains` and of events grows with the data. Times are seconds on the session's clock; amplitudes are in the
units of the files, µV.
"""

from __future__ import annotations

from .choosing import channel_indexes, stream_channels, unit_index
from .correlograms import Correlogram, correlogram
from .envelopes import SignalEnvelope, envelope, sampled
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
from .peri_event import PeriEvent, peri_event
from .snippets import SpikeDepths, UnitFootprint, footprint, spike_depths
from .spectra import PowerSpectrum, Spectrogram, power_spectrum, spectrogram
from .spiking import FiringRate, Intervals, RegionTrains, firing_rates, isi, listened, spike_trains
from .unit_table import UnitRow, presence_ratio, unit_table
from .waveform_stats import SpikeAmplitudes, WaveformStats, spike_amplitudes, waveform_stats

__all__ = [
    "ChannelEvents",
    "Correlogram",
    "DaqJitter",
    "EventTiming",
    "FiringRate",
    "Intervals",
    "MovieClock",
    "PeriEvent",
    "PowerSpectrum",
    "RegionTrains",
    "SignalEnvelope",
    "Spectrogram",
    "SpikeAmplitudes",
    "SpikeDepths",
    "UnitFootprint",
    "UnitRow",
    "WaveformStats",
    "channel_indexes",
    "correlogram",
    "daq_jitter",
    "envelope",
    "event_timing",
    "events_of",
    "firing_rates",
    "footprint",
    "isi",
    "listened",
    "movie_clock",
    "peri_event",
    "power_spectrum",
    "presence_ratio",
    "sampled",
    "spectrogram",
    "spike_amplitudes",
    "spike_depths",
    "spike_trains",
    "stream_channels",
    "unit_index",
    "unit_table",
    "waveform_stats",
]
