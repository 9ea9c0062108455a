"""Neo's own rules for a reader, all of them in one call."""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import Any
from unittest import mock

from ..ground.extras import by_extra


def assert_rawio_compliant(reader: Any, *, but: Collection[str] = ()) -> None:
    """Check a reader against every rule of ``neo.test.rawiotest.rawio_compliance``.

    Parameters
    ----------
    reader : neo.rawio.baserawio.BaseRawIO
        Any reader; its header is parsed if necessary.
    but : collection of str
        Names of rules to skip, such as "has_annotations".

    Raises
    ------
    AssertionError
        For the first rule that it violates.

    Examples
    --------
    >>> from mockrawio.testing import assert_rawio_compliant
    >>> assert_rawio_compliant(MockSessionRawIO(folder))
    """
    with by_extra("Neo's rules for a reader", "test"):
        from neo.test.rawiotest import rawio_compliance as rules
    if reader.header is None:
        reader.parse_header()
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
        if rule.__name__ not in but:
            rule(reader)
    # With xarray Neo also tries an experiment of its own, which wants zarr 3; clients of ours still bring zarr 2.
    with mock.patch.dict(sys.modules, xarray=None):
        if "check_buffer_api" not in but and reader.has_buffer_description_api():
            rules.check_buffer_api(reader)
