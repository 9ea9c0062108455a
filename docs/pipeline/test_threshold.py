"""Compare a threshold detector with the ground truth."""

import numpy as np
from spikeinterface.core import NumpySorting
from spikeinterface.preprocessing import bandpass_filter

from mockrawio import score


def detect(recording, sd=6.0):
    """Return the frames of troughs below `sd` SD of noise, at most one per ms."""
    traces = bandpass_filter(recording, 300, 6000, dtype="float32").get_traces()
    deepest = (traces / np.median(np.abs(traces), axis=0)).min(axis=1)
    below = np.flatnonzero(deepest < -sd / 0.6745)
    apart = np.diff(below) > recording.sampling_frequency / 1000
    return below[np.r_[True, apart][: len(below)]]


def test_loud_spikes_are_found(mock_session, mock_recording):
    """Nine in ten spikes of a unit with an SNR of 15 are found."""
    loud = {"n_units": 1, "snr": (15, 15), "duration_s": 10.0, "seed": 1}
    recording = mock_recording(**loud)
    trains = {"found": detect(recording)}
    found = NumpySorting.from_unit_dict(trains, recording.sampling_frequency)
    (unit,) = score(mock_session(**loud), found, window_ms=1.0).units
    assert unit.recall > 0.9
