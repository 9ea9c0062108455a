"""Neo's own list of rules for a RawIO, applied to one reader."""

from __future__ import annotations

import sys
from typing import Any
from unittest import mock

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
    ):
        rule(reader)
    # With xarray Neo also tries an experiment of its own, which wants zarr 3; clients of ours still bring zarr 2.
    with mock.patch.dict(sys.modules, xarray=None):
        rules.check_buffer_api(reader)
