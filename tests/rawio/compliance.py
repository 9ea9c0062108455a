"""Neo's own list of rules for a RawIO, applied to one reader."""

from __future__ import annotations

from typing import Any

from neo.test.rawiotest import rawio_compliance as rules


def comply(reader: Any) -> None:
    """Apply every rule of ``neo.test.rawiotest.rawio_compliance``."""
    for rule in (
        rules.header_is_total,
        rules.check_signal_stream_buffer_hierachy,
        rules.count_element,
        rules.read_analogsignals,
        rules.read_spike_times,
        rules.read_spike_waveforms,
        rules.read_events,
        rules.has_annotations,
        rules.check_buffer_api,
    ):
        rule(reader)
