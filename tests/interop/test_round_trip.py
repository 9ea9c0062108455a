"""SpikeInterface to a session folder and back again."""

from __future__ import annotations

import numpy as np
import spikeinterface as si

from mockrawio import write_session
from mockrawio.interop.spikeinterface import read_mocksession
from tests.interop.conftest import RATE


def test_foreign_recording(tmp_path):
    """A recording and a sorting of SpikeInterface's own come back: samples, frames, and where the channels are."""
    there = si.generate_ground_truth_recording(durations=[3.0, 2.0], num_channels=8, num_units=5, seed=0)
    folder = write_session(recording=there[0], sorting=there[1], folder=tmp_path / "session_1")
    recording, sorting = read_mocksession(folder, load_sorting=True)
    np.testing.assert_array_equal(recording.get_channel_locations(), there[0].get_channel_locations())
    for segment in range(2):
        traces = [r.get_traces(segment, return_in_uV=True) for r in (recording, there[0])]
        np.testing.assert_allclose(*traces, rtol=0, atol=1.001 * recording.get_channel_gains().max() / 2)
        trains = [sorted(s.get_unit_spike_train(u, segment).tolist() for u in s.unit_ids) for s in (sorting, there[1])]
        assert trains[0] == trains[1]


def test_our_own(two, tmp_path):
    """A session written from the extractors of another is that session: counts, times, frames and bundles."""
    there = read_mocksession(two, load_sorting=True)
    folder = write_session(recording=there[0], sorting=there[1], folder=tmp_path / "session_2")
    recording, sorting = read_mocksession(folder, load_sorting=True)
    assert sorting.unit_ids.tolist() == there[1].unit_ids.tolist()
    assert recording.sampling_frequency == RATE
    assert recording.get_probe() == there[0].get_probe()
    assert recording.get_property("group").tolist() == [0] * 8 + [1] * 8
    assert sorting.get_property("group").tolist() == [0, 0, 1]
    for segment in range(2):
        assert recording.get_start_time(segment) == there[0].get_start_time(segment)
        np.testing.assert_array_equal(recording.get_traces(segment), there[0].get_traces(segment))
        for unit_id in sorting.unit_ids:
            trains = [s.get_unit_spike_train(unit_id, segment) for s in (sorting, there[1])]
            np.testing.assert_array_equal(*trains)
