"""pynapple's EphysReader finds a session by itself and serves what our reader serves."""

from __future__ import annotations

import numpy as np
import pynapple as nap
import pytest

from mockrawio import MockSessionRawIO

# Pulses of the DAQ overlap, and pynapple's intervals may not: it says that it joins them.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Some (epochs|starts|ends):UserWarning"),
    pytest.mark.filterwarnings("ignore:epochs have changed:UserWarning"),
]


def test_everything_is_there(session):
    """Signals, units, events and epochs of a session have a key each, and each loads."""
    data = nap.EphysReader(session)
    kinds = {key: type(data[key]).__name__ for key in data}
    assert kinds == {
        "0:lfp": "TsdFrame",
        "TsGroup": "TsGroup",
        "0:DAQ": "IntervalSet",
        "1:movie_pauses": "IntervalSet",
        "0:Events": "Ts",
        "1:movie_frames": "Ts",
    }


def test_units_keep_times_and_annotations(session):
    """Spike times in seconds are the reader's, and a unit can be chosen by its region."""
    units = nap.EphysReader(session)["TsGroup"]
    with MockSessionRawIO(session) as reader:
        for index in range(reader.unit_channels_count()):
            stamps = reader.get_spike_timestamps(0, 0, index)
            np.testing.assert_allclose(units[index].t, reader.rescale_spike_timestamp(stamps), atol=1e-9)
    assert set(units["region"]) == {"LA", "LAH"}
    assert set(units["unit_type"]) <= {"SU", "MU"}


def test_signals_are_scaled(gaps):
    """Signals of all recordings come in µV, at the reader's times, with no sample in the gap."""
    data = nap.EphysReader(gaps)
    frame = data["1:broadband"]
    with MockSessionRawIO(gaps) as reader:
        sizes = [reader.get_signal_size(0, segment, 1) for segment in (0, 1)]
        second = reader.get_signal_t_start(0, 1, 1)
        raw = reader.get_analogsignal_chunk(0, 1, 0, 10, stream_index=1)
        scaled = reader.rescale_signal_raw_to_float(raw, dtype="float64", stream_index=1)
    assert frame.shape == (sum(sizes), 16)
    np.testing.assert_allclose(frame.values[sizes[0] : sizes[0] + 10], scaled, rtol=1e-6)
    assert frame.t[sizes[0]] == pytest.approx(second)
    assert np.diff(frame.t).max() == pytest.approx(second - frame.t[sizes[0] - 1])
