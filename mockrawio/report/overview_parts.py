"""Which parts of a session are there to be drawn, and which are not."""

from __future__ import annotations

from ..rawio.reader import MockSessionRawIO
from .peri_event import chosen_event_channel
from .probe_view import probe_view
from .snippets import placed_stream
from .waveform_stats import waveform_width

_NAMED = ("signals", "units", "waveforms", "contacts", "events", "DAQ log", "movie")


def there(reader: MockSessionRawIO, stream_index: int | None = None) -> set[str]:
    """Return what a session has of the parts that figures are of."""
    segments, header = range(reader.segment_count(0)), reader.header
    counted = {str(name): k for k, name in enumerate(header["event_channels"]["name"])}
    some = {name for name, k in counted.items() if any(reader.event_count(0, segment, k) for segment in segments)}
    units = range(len(header["spike_channels"]))
    waveforms = any(_has_waveforms(reader, unit) for unit in units)
    footprints = len(units) > 0 and placed_stream(reader, stream_index) is not None
    found = {
        "signals": len(header["signal_streams"]) > 0,
        "units": len(units) > 0,
        "waveforms": waveforms,
        "contacts": probe_view(reader, stream_index) is not None,
        "footprints": footprints,
        "events": "Events" in some,
        "psth": len(units) > 0 and chosen_event_channel(reader) in some,
        "DAQ log": "DAQ" in some,
        "movie": "movie_frames" in some,
    }
    return {name for name, is_there in found.items() if is_there}


def _has_waveforms(reader: MockSessionRawIO, unit: int) -> bool:
    """Return True if spikes of a unit have waveforms of some samples."""
    counts = [reader.spike_count(0, k, unit) for k in range(reader.segment_count(0))]
    return sum(counts) > 0 and waveform_width(reader, unit) > 0


def absent(reader: MockSessionRawIO) -> list[str]:
    """Return the names of what a session lacks."""
    has = there(reader)
    return [name for name in _NAMED if name not in has]
