"""Neo's header of a session: the tables that ``parse_header()`` leaves in ``reader.header``."""

from __future__ import annotations

from typing import Any

import numpy as np
from neo.rawio.baserawio import (
    _event_channel_dtype,
    _signal_buffer_dtype,
    _signal_channel_dtype,
    _signal_stream_dtype,
    _spike_channel_dtype,
)

from .open_session import OpenSession
from .spikes import Unit


def make_header(session: OpenSession) -> dict[str, Any]:
    """Return Neo 0.14's header of a session, with the ``unit_channels`` of Neo's RawIO page in it.

    These are the very array of the spike channels.
    """
    buffered = {stream.id for stream in session.streams if stream.buffer(0)}
    streams, channels = [], []
    for stream in session.streams:
        buffer_id = stream.id if stream.id in buffered else ""
        streams.append((stream.id, stream.id, buffer_id))
        for c in stream.channels:
            scale = (c.scale.units, c.scale.gain, c.scale.offset)
            channels.append((c.name, c.id, stream.sampling_rate, stream.dtype.name, *scale, stream.id, buffer_id))
    spikes = np.array([_spike_channel(unit) for unit in session.units.units], dtype=_spike_channel_dtype)
    return {
        "nb_block": 1,
        "nb_segment": [session.n_segments],
        "signal_buffers": np.array([(name, name) for name, _, b in streams if b], dtype=_signal_buffer_dtype),
        "signal_streams": np.array(streams, dtype=_signal_stream_dtype),
        "signal_channels": np.array(channels, dtype=_signal_channel_dtype),
        "spike_channels": spikes,
        "unit_channels": spikes,
        "event_channels": np.array([(e.id, e.id, e.type) for e in session.events], dtype=_event_channel_dtype),
    }


def _spike_channel(unit: Unit) -> tuple[str, str, str, float, float, int, float]:
    file, scale = unit.file, unit.scale
    rate = file.sampling_rate if file.waveforms is not None else 0.0  # Neo's sign for no waveforms
    return unit.name.id, unit.name.id, scale.units, scale.gain, scale.offset, file.left_sweep, rate
