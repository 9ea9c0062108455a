"""Test a threshold detector; replace it with your own pipeline."""

import numpy as np
from scipy.signal import find_peaks
from spikeinterface.preprocessing import bandpass_filter


def test_spikes_are_found(mock_recording, mock_sorting):
    """The number of detected spikes of a unit with high SNR is right within 5 %."""
    loud = {"n_units": 1, "snr": (15, 15), "duration_s": 10.0, "seed": 1}
    traces = bandpass_filter(mock_recording(**loud), dtype="float32").get_traces()
    noise = np.median(np.abs(traces)) / 0.6745
    found, _ = find_peaks(-traces.min(axis=1), height=7 * noise, distance=32)
    n_true = mock_sorting(**loud).count_total_num_spikes()
    assert abs(len(found) - n_true) < 0.05 * n_true
