"""Channels that are dead, noisy or outside the tissue."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("spikeinterface")

from spikeinterface.preprocessing import detect_bad_channels

from mockrawio import SessionSpec, generate_session, truth
from mockrawio.generate import Acquisition, DeadChannel, FarUnits, Hum, NoisyChannel, OutOfBrain, Spatial, White
from mockrawio.interop.spikeinterface import MockSessionRecordingExtractor
from tests.generate.faults.sessions import spec

COUNT_UV = 0.195
ALL_NOISE = (White(4.0), Spatial(), FarUnits(60), Hum(50.0, uV=10.0))


@pytest.fixture(scope="module")
def out():
    """The truth about a session whose eight topmost contacts are outside, and about one where all are inside."""
    parts = {"noise": ALL_NOISE, "segments": (2.0,)}
    return truth(spec(OutOfBrain(150.0), **parts)), truth(spec(**parts))


def test_a_dead_channel_is_flat():
    """Every sample of it is 0, though the layers have something there; the others are as they were."""
    dead, alive = truth(spec(DeadChannel(3))), truth(spec())
    recorded, before = dead.recording(0), alive.recording(0)
    assert not recorded[:, 3].any()
    assert before[:, 3].any()
    assert np.array_equal(np.delete(recorded, 3, axis=1), np.delete(before, 3, axis=1))
    assert [(row.kind, row.channels, row.i_start, row.i_stop) for row in dead.faults] == [
        ("dead", (3,), 0, 90_000),
        ("dead", (3,), 0, 60_000),
    ]


def test_a_noisy_channel_has_as_much_as_it_is_asked_for():
    """What it has more is white noise of that standard deviation, within 1 %, on these channels, each its own."""
    made = truth(spec(NoisyChannel((2, 7), uV=40.0)))
    layer = made.layer("fault.noisy").read(0) * COUNT_UV
    assert layer[:, [2, 7]].std(axis=0) == pytest.approx([40, 40], rel=0.01)
    assert not np.delete(layer, [2, 7], axis=1).any()
    assert abs(np.corrcoef(layer[:, [2, 7]].T)[0, 1]) < 0.02
    assert abs(np.corrcoef(layer[1:, 2], layer[:-1, 2])[0, 1]) < 0.02
    more = made.noise_uV**2 - truth(spec()).noise_uV ** 2
    assert np.sqrt(more[[2, 7]]) == pytest.approx([40, 40], rel=1e-3)
    assert np.flatnonzero(more > 1).tolist() == [2, 7]


def test_contacts_outside_hear_nothing_of_the_tissue(out):
    """No spike, no far unit and no noise of the tissue is there; the rig's own noise and hum are as they were."""
    made, inside = out
    high = np.flatnonzero(made.probe.positions[:, 1] > 150.0)
    assert made.faults.labels.tolist() == ["out" if k in high else "good" for k in range(24)]
    for name in ("spikes", "noise.far", "noise.spatial"):
        assert not made.layer(name).read(0)[:, high].any()
        assert inside.layer(name).read(0)[:, high].any()
    for name in ("noise.white", "noise.hum"):
        assert np.array_equal(made.layer(name).read(0), inside.layer(name).read(0))
    low = np.delete(np.arange(24), high)
    assert np.array_equal(made.layer("noise.spatial").read(0)[:, low], inside.layer("noise.spatial").read(0)[:, low])
    assert (made.noise_uV[high] ** 2).tolist() == pytest.approx([4.0**2 + 10.0**2 + 3.0**2] * len(high), rel=0.01)


def test_no_cell_lies_outside(out):
    """Every unit is largest on a contact inside; those that were so anyway are the same cells as before."""
    made, inside = out
    high = set(np.flatnonzero(made.probe.positions[:, 1] > 150.0).tolist())
    assert not high & {unit.peak_channel for unit in made.units.values()}
    assert not high & {channel for unit in made.units.values() for channel in unit.channels.tolist()}
    cells = {cell for unit in made.units.values() for cell in unit.cells}
    before = [cell for unit in inside.units.values() for cell in unit.cells]
    kept = [cell for cell in before if int(inside.probe.order[cell.peak_contact]) not in high]
    assert 0 < len(kept) < len(before)
    assert {(cell.index, cell.location, cell.shape) for cell in kept} <= {
        (cell.index, cell.location, cell.shape) for cell in cells
    }


def test_where_a_channel_is_several_things_the_label_is_spikeinterfaces():
    """Outside comes before noisy, and noisy before dead; the recording of a dead one is flat all the same."""
    faults = DeadChannel((1, 2)), NoisyChannel((2, 22)), OutOfBrain(channels=(22, 23))
    made = truth(spec(*faults))
    assert made.faults.labels[[1, 2, 22, 23, 0]].tolist() == ["dead", "noise", "out", "out", "good"]
    assert not made.recording(0)[:, [1, 2]].any()


@pytest.mark.slow
@pytest.mark.at_length(only=True)
def test_spikeinterface_finds_them(tmp_path):
    """detect_bad_channels, with its defaults, calls every channel of a Neuropixels session what the truth calls it."""
    rig = Acquisition(
        2.34375,
        bits=10,
        sample_shift=True,
        faults=(DeadChannel((17, 120)), NoisyChannel((60, 200)), OutOfBrain(3300.0)),
    )
    made = SessionSpec.neuropixels(duration_s=2.0, seed=1, acquisition=rig)
    folder = generate_session(made, tmp_path)
    recording = MockSessionRecordingExtractor(folder, "broadband")
    ids, labels = detect_bad_channels(recording, num_random_chunks=3, seed=0)
    assert labels.tolist() == truth(folder).faults.labels.tolist()
    assert (labels == "out").sum() == 52
    assert len(ids) == 56
