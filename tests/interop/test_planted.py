"""What was planted in a broadband session is found again, by frame and by SpikeInterface's matching."""

from __future__ import annotations

import numpy as np
import pytest
import spikeinterface as si
from spikeinterface.comparison import compare_sorter_to_ground_truth
from spikeinterface.preprocessing import bandpass_filter
from spikeinterface.sortingcomponents.matching import find_spikes_from_templates

from mockrawio import SessionSpec, generate_session, truth
from mockrawio.generate import Units
from mockrawio.interop.spikeinterface import read_mocksession
from tests.length import rounds

JOB = {"n_jobs": 1, "progress_bar": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """20 or 60 s of 16 channels and 8 units of one cell each, none of them small, slow or close to another one."""
    units = Units(8, multi=0.0, snr=(8.0, 20.0), rate_hz=(4.0, 12.0), min_distance_um=30.0)
    spec = SessionSpec.broadband(duration_s=rounds(20.0, 60.0), n_channels=16, units=units, seed=3)
    return generate_session(spec, tmp_path_factory.mktemp("planted"))


@pytest.mark.slow
@pytest.mark.parametrize("segments", [(), (3.0, 2.0, 1.5)], ids=["one", "three"])
def test_frames(segments, folder, tmp_path):
    """Every frame of the sorting is the sample where the generator put the peak, segment by segment."""
    if segments:
        folder = generate_session(SessionSpec.broadband(segments=segments, n_units=12, seed=5), tmp_path)
    sorting = read_mocksession(folder, load_recording=False, load_sorting=True)
    known = truth(folder)
    assert sorting.unit_ids.tolist() == list(known.units)
    places = [unit.location for unit in known.units.values()]
    np.testing.assert_allclose(sorting.get_property("gt_unit_location"), places)
    for unit_id, unit in known.units.items():
        for segment in range(max(1, len(segments))):
            frames = sorting.get_unit_spike_train(unit_id, segment)
            np.testing.assert_array_equal(frames, unit.frames()[unit.segments() == segment])


def test_samples(folder):
    """The recording's samples are the generator's, made again: background and templates, count for count."""
    recording = read_mocksession(folder)
    np.testing.assert_array_equal(
        recording.get_traces(start_frame=50_000, end_frame=90_000), truth(folder).recording(0, 50_000, 90_000)
    )


@pytest.mark.at_length
@pytest.mark.slow
def test_templates_are_found(folder):
    """SpikeInterface's template matching recovers all 8 units in 300 to 6000 Hz, most of them to the last spike."""
    recording, sorting = read_mocksession(folder, load_sorting=True)
    recording = bandpass_filter(recording, dtype="float32")
    analyzer = si.create_sorting_analyzer(sorting, recording, sparse=False, return_in_uV=False, job_kwargs=JOB)
    analyzer.compute("random_spikes", max_spikes_per_unit=200, seed=0)
    analyzer.compute("templates", ms_before=0.6, ms_after=1.4, **JOB)
    templates = analyzer.get_extension("templates").get_data(outputs="Templates")
    spikes = find_spikes_from_templates(recording, templates, method="wobble", job_kwargs=JOB)
    found = si.NumpySorting.from_samples_and_labels(
        [spikes["sample_index"]], [sorting.unit_ids[spikes["cluster_index"]]], recording.sampling_frequency
    )
    comparison = compare_sorter_to_ground_truth(sorting, found, exhaustive_gt=True)
    accuracy = comparison.get_performance()["accuracy"].astype(float)
    assert comparison.count_well_detected_units(0.85) == 8, accuracy  # the least has 0.90, at length 0.88
    assert accuracy.median() > 0.95, accuracy
