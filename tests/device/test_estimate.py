"""What SpikeInterface finds of the motion that is planted; its DREDge needs torch, as all that is tested here may."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio import SessionSpec, truth
from mockrawio.generate import Units, Zigzag

pytest.importorskip("torch")
pytest.importorskip("numba")
sortingcomponents = pytest.importorskip("spikeinterface.sortingcomponents.motion")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of SpikeInterface and its libraries, about themselves
def test_an_estimate_follows_the_truth():
    """DREDge finds a zigzag of 30 µm on a Neuropixels probe to within 1 µm, as a median; 5 are asked, 7 are no motion.

    Its peaks are those of the recording, nothing that the truth says; an estimate is of no certain height.
    """
    from spikeinterface.core import NumpyRecording
    from spikeinterface.preprocessing import bandpass_filter, common_reference
    from spikeinterface.sortingcomponents.peak_detection import detect_peaks
    from spikeinterface.sortingcomponents.peak_localization import localize_peaks

    spec = SessionSpec.neuropixels(
        duration_s=40.0, n_channels=48, units=Units(20, rate_hz=(2.0, 8.0)), motion=Zigzag(30.0, period_s=30), seed=1
    )
    made = truth(spec)
    recording = NumpyRecording([made.recording(0)], 30_000.0)
    recording.set_probe(made.to_spikeinterface().templates.probe)
    recording = common_reference(bandpass_filter(recording, dtype="float32"))
    how = {"n_jobs": 1, "progress_bar": False, "chunk_duration": "2s"}
    chosen = {"detect_threshold": 8, "radius_um": 75.0}
    peaks = detect_peaks(recording, method="locally_exclusive", method_kwargs=chosen, job_kwargs=how)
    fitted = {"radius_um": 75.0, "optimizer": "least_square"}
    places = localize_peaks(recording, peaks, method="monopolar_triangulation", method_kwargs=fitted, job_kwargs=how)
    found = sortingcomponents.estimate_motion(recording, peaks, places, method="dredge_ap", rigid=True)
    times = found.temporal_bins_s[0]
    known = made.motion.displacement(0, times)
    apart = found.displacement[0][:, 0] - known
    apart -= np.median(apart)
    assert np.median(np.abs(known - np.median(known))) > 7
    assert np.median(np.abs(apart)) <= 1
