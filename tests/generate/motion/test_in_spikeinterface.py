"""Motion from and to SpikeInterface, and the rest of the truth as its objects."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from mockrawio import MockSessionError, SessionSpec, generate_session, truth
from mockrawio.generate import ByDepth, Given, Jump, RandomWalk, Units, White, Zigzag
from mockrawio.generate.parts.motion import STEP_UM

Motion = pytest.importorskip("spikeinterface.core.motion").Motion

SPEC = SessionSpec.broadband(
    segments=(5.0, 3.0), gap_s=1.0, n_channels=16, noise=White(), n_events=0, seed=6, sampling_rate=25_000,
    units=Units(8, rate_hz=(10.0, 30.0), multi=0.3),
    motion=(
        Zigzag(30.0, period_s=3),
        ByDepth(RandomWalk(10.0, fastest_s=0.5), depths_um=(0, 100, 400), factors=(0, 1, 2)),
    ),
)  # fmt: skip


@lru_cache
def made_from(spec):
    """Return the truth about a spec."""
    return truth(spec)


def known(**fields):
    """Return the truth about the spec with other fields."""
    return made_from(replace(SPEC, **fields))


def test_motion_goes_there_and_comes_back():
    """A session made from the Motion of another one moves as that at its times and depths, to the last bit."""
    there = known().motion.to_spikeinterface(bin_s=0.25)
    assert [moved.shape for moved in there.displacement] == [(20, 3), (12, 3)]
    back = known(motion=(there,)).motion
    assert [type(part) for part in back.parts] == [Given, Given]
    again = back.to_spikeinterface(bin_s=0.25)
    for k in (0, 1):
        assert np.array_equal(again.displacement[k], there.displacement[k])
        assert np.array_equal(again.temporal_bins_s[k], there.temporal_bins_s[k])
        times, depths = there.temporal_bins_s[k][:, None], there.spatial_bins_um
        assert np.array_equal(back.displacement(k, times, depths), known().motion.displacement(k, times, depths))
    assert np.array_equal(again.spatial_bins_um, there.spatial_bins_um)


def test_cells_are_where_the_motion_says():
    """Between its times, too, cells are within half a step of the Motion that they are made from."""
    rng = np.random.default_rng(1)
    motion = Motion(rng.normal(0, 20, (6, 3)), np.arange(6.0), np.array([0.0, 150.0, 375.0]))
    made = known(segments=(5.0,), motion=motion)
    times, depths = rng.uniform(-1, 8, 500), rng.uniform(-100, 500, 500)
    expected = motion.get_displacement_at_time_and_depth(times, depths)
    found = made.motion.displacement(0, times, depths)
    assert np.abs(found - expected).max() <= STEP_UM / 2 + 1e-9
    assert np.all(found % STEP_UM == 0)
    for unit in made.units.values():
        depths = np.array([cell.location[1] for cell in unit.cells])[unit.cell_indexes()]
        assert np.array_equal(unit.displacements(), made.motion.displacement(0, unit.frames() / 25_000, depths))


def test_a_motion_is_a_part_among_others():
    """It may stand beside other parts, and the spec holds plain numbers, which JSON takes."""
    motion = Motion(np.array([[1.5], [2.5]]), np.array([0.0, 1.0]), np.array([100.0]))
    spec = SessionSpec.broadband(motion=[Jump(1.0, 5.0), motion])
    assert spec.motion == (Jump(1.0, 5.0), Given((0.0, 1.0), (1.5, 2.5), depths_um=(100.0,), segment=0))
    assert SessionSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


@pytest.mark.parametrize(
    "motion",
    [
        Motion(np.zeros((2, 1)), np.arange(2.0), np.zeros(1), direction="x"),
        Motion(np.zeros((2, 1)), np.arange(2.0), np.zeros(1), interpolation_method="nearest"),
        Motion(np.full((2, 1), np.nan), np.arange(2.0), np.zeros(1)),
    ],
)
def test_a_motion_that_is_not_along_y_is_refused(motion):
    """Neither is one that is not straight between its bins, or that is no number."""
    with pytest.raises(MockSessionError):
        SessionSpec.broadband(motion=motion)


def test_rigid_motion_has_one_depth():
    """Where all cells move alike, the Motion has the middle of the contacts, and a time for each second."""
    motion = known(motion=(Zigzag(),)).motion.to_spikeinterface()
    assert motion.spatial_bins_um.tolist() == [187.5]
    assert [times.tolist() for times in motion.temporal_bins_s] == [[0.5, 1.5, 2.5, 3.5, 4.5], [0.5, 1.5, 2.5]]
    assert not any(moved.any() for moved in known(motion=()).motion.to_spikeinterface().displacement)
    with pytest.raises(MockSessionError, match="bin_s: expected a number above 0"):
        known().motion.to_spikeinterface(0.0)
    with pytest.raises(MockSessionError, match="seg_index: expected 0 to 1; found 2"):
        known().motion.displacement(2, 0.0)


@pytest.mark.slow
def test_the_truth_is_what_spikeinterface_reads(tmp_path):
    """The sorting has the spikes that the session's own extractor finds, and says what the units are."""
    from mockrawio.interop.spikeinterface import MockSessionRecordingExtractor, MockSessionSortingExtractor

    folder = generate_session(SPEC, tmp_path)
    found, read = truth(folder).to_spikeinterface(), MockSessionSortingExtractor(folder)
    recording = MockSessionRecordingExtractor(folder, stream_name="broadband")
    assert set(found.sorting.unit_ids) == set(read.unit_ids)
    for unit_id in read.unit_ids:
        for seg_index in (0, 1):
            trains = (one.get_unit_spike_train(unit_id, segment_index=seg_index) for one in (found.sorting, read))
            assert np.array_equal(*trains)
    order = [read.unit_ids.tolist().index(unit_id) for unit_id in found.sorting.unit_ids]
    for name in ("gt_unit_location", "channel_id", "unit_type"):
        assert np.array_equal(found.sorting.get_property(name), read.get_property(name)[order])
    units = truth(folder).units
    assert found.sorting.get_property("snr").tolist() == [units[one].snr for one in found.sorting.unit_ids]
    assert np.array_equal(found.templates.channel_ids, recording.channel_ids)
    assert np.array_equal(found.templates.get_channel_locations(), recording.get_channel_locations())


def test_templates_are_the_mean_spikes_at_home():
    """A template is what the spikes of a still session have on the mean, within the scatter of their amplitudes."""
    made = known(motion=())
    templates = made.to_spikeinterface().templates
    assert templates.is_in_uV and templates.templates_array.dtype == np.float32
    for k, unit in enumerate(made.units.values()):
        means = unit.templates().mean(axis=0) * made.gain_uV
        found = templates.templates_array[k][:, unit.channels]
        # 80 spikes and more of each, with amplitudes of 10 % SD and phases within half a sample: 5 SD of the mean
        assert np.abs(found - means).max() <= 0.2 * np.abs(found).max()
        assert templates.nbefore == unit.before
        assert found[:, unit.channels.tolist().index(unit.peak_channel)].argmin() in range(
            unit.before - 1, unit.before + 2
        )
        assert not np.delete(templates.templates_array[k], unit.channels, axis=1).any()


def test_a_session_without_units_has_empty_objects():
    """Nothing is made of nothing."""
    found = known(units=Units(0)).to_spikeinterface()
    assert found.sorting.get_num_units() == found.templates.num_units == 0
    assert (found.templates.nbefore, found.templates.templates_array.shape) == (0, (0, 0, 16))
    assert found.sorting.get_num_segments() == 2
