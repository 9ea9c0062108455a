"""A pipeline of one's own, a threshold that finds spikes, held against what is true."""

import numpy as np
from spikeinterface.core import NumpySorting
from spikeinterface.preprocessing import bandpass_filter

from mockrawio import score


def detect(recording, sd=6.0):
    """Return the frames of troughs below so many SD of a channel's noise, one in a millisecond at most."""
    traces = bandpass_filter(recording, 300, 6000, dtype="float32").get_traces()
    deepest = (traces / np.median(np.abs(traces), axis=0)).min(axis=1)
    below = np.flatnonzero(deepest < -sd / 0.6745)
    first = np.r_[True, np.diff(below) > recording.sampling_frequency / 1000][: len(below)]
    return below[first]


def test_loud_spikes_are_found(mock_session, mock_recording):
    """Of one unit of fifteen times the noise, nine spikes in ten are found within a ms."""
    loud = {"n_units": 1, "snr": (15, 15), "duration_s": 10.0, "seed": 1}
    recording = mock_recording(**loud)
    found = NumpySorting.from_unit_dict({"found": detect(recording)}, recording.sampling_frequency)
    (unit,) = score(mock_session(**loud), found, window_ms=1.0).units
    assert unit.recall > 0.9
