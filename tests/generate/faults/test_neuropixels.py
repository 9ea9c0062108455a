"""The chain of a Neuropixels rig in one line."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("spikeinterface")


from mockrawio import SessionSpec, generate_session, truth
from mockrawio.generate import Sync
from mockrawio.interop.spikeinterface import MockSessionEventExtractor, read_mocksession
from mockrawio.verify import verify_session


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return generate_session(
        SessionSpec.neuropixels(duration_s=1.5, seed=3), tmp_path_factory.mktemp("rig"), n_workers=2
    )


@pytest.mark.slow
def test_one_line_makes_the_rig(folder):
    """384 channels at 30 kHz in 10 bits, 13 turns to a sample, a sync line of a second's period; it all verifies."""
    recording = read_mocksession(folder)
    assert (recording.get_num_channels(), recording.sampling_frequency) == (384, 30_000.0)
    assert set(recording.get_channel_gains().tolist()) == {2.34375}
    traces = recording.get_traces(segment_index=0)
    assert (traces.min() >= -512, traces.max() <= 511, abs(traces).max() > 20) == (True, True, True)
    assert len(np.unique(recording.get_property("inter_sample_shift"))) == 12
    assert recording.get_probe().annotations["model_name"] == "NP1000"
    line = read_mocksession(folder, stream_id="sync").get_traces(segment_index=0)[:, 0]
    assert np.flatnonzero(np.diff(line)).tolist() == [14_999, 29_999]
    events = MockSessionEventExtractor(folder).get_events("Sync", 0)
    assert (events["label"].tolist(), events["time"].tolist()) == (["1", "0"], [0.5, 1.0])
    assert verify_session(folder).ok


def test_far_units_are_heard_along_the_whole_probe(folder):
    """In the band of spikes their hash is 2 to 2.8 µV on the mean, and 1 on all contacts but few."""
    far = truth(folder)._mix.layers["noise.far"]
    assert 2.0 < far.band_uV.mean() < 2.8
    assert np.quantile(far.band_uV, 0.05) > 1.0


def test_another_probe_is_sampled_in_its_own_turns():
    """Version 2.0 has 16 turns; a probe that says nothing of turns is sampled at once, beside the sync line."""
    turns = SessionSpec.neuropixels(probe="neuropixels-2.0").contacts.sample_shifts
    assert len(np.unique(turns)) == 16
    rig = SessionSpec.neuropixels(probe="linear", n_channels=16).acquisition
    assert (rig.sample_shift, rig.sync) == (False, Sync())
