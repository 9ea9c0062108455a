"""Steps of difficulty: each is harder than the one before, and gives way to what is given."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from mockrawio import MockSessionError, SessionSpec, truth
from mockrawio.cli import main
from mockrawio.generate import Firing, Units, White

STEPS = 1, 2, 3, 4, 5
SMALL = {"duration_s": 2, "n_channels": 4, "seed": 3}


def overlapping(known):
    """Return the share of spikes less than a millisecond from one of another unit within 100 µm."""
    units, hits = list(known.units.values()), []
    for unit in units:
        near = [
            one for one in units if one is not unit and np.linalg.norm(np.subtract(one.location, unit.location)) < 100
        ]
        others = np.sort(np.concatenate([[-(10**9), 10**9], *(one.frames() for one in near)]))
        after, frames = np.searchsorted(others, unit.frames()), unit.frames()
        hits.append(np.minimum(others[after] - frames, frames - others[after - 1]) < known.sampling_rate / 1000)
    return np.concatenate(hits).mean()


def nearest(known):
    """Return how far the cells of a session are from the nearest other one, µm, median."""
    cells = np.array([cell.location for unit in known.units.values() for cell in unit.cells])
    return np.median(np.sort(np.linalg.norm(cells[:, None] - cells, axis=2))[:, 1])


def hardness(known):
    """Return what makes a session hard to sort, each larger where it is harder."""
    units = list(known.units.values())
    return {
        "density": len(units) / known.n_channels,
        "nearness": 1 / nearest(known),
        "noise over peaks": 1 / np.median([unit.snr for unit in units]),
        "hash": known.layer("noise.far").read(0, 0, 16_000).std(),
        "overlaps": overlapping(known),
        "amplitudes": np.std(np.concatenate([unit.factors() for unit in units])),
        "motion": np.subtract(*known.motion.span_um[::-1]),
    }


@pytest.mark.slow
def test_each_step_is_harder_than_the_one_before():
    """What the truth says of density, SNR, hash, overlaps and amplitudes is ordered, and motion from the second on."""
    steps = [hardness(truth(SessionSpec.broadband(difficulty=step, duration_s=30, seed=1))) for step in STEPS]
    still, *moving = [step.pop("motion") for step in steps]
    assert still == moving[0] == 0
    assert (np.diff(moving) > 0).all()
    for name in steps[0]:
        assert (np.diff([step[name] for step in steps]) > 0).all(), (name, [step[name] for step in steps])


@pytest.mark.parametrize(("probe", "n_channels"), [("tetrodes", 8), ("bundles", 12), ("linear", 1)])
def test_any_probe_has_room(probe, n_channels):
    """The contacts say how many units there are, which have room around those of any kind, in the hardest step."""
    spec = SessionSpec.broadband(difficulty=5, duration_s=1, probe=probe, n_channels=n_channels, seed=1)
    assert len(truth(spec).units) == spec.units.n == max(1, round(1.5 * spec.n_channels))


def test_what_is_given_stays():
    """A part that is given is the session's, a shorthand changes what the step says, and the rest is the step's."""
    step = SessionSpec.broadband(difficulty=5, **SMALL)
    given = {"units": Units(2), "firing": Firing(), "noise": (White(3.0),), "motion": (), "sampling_rate": 25_000}
    for name, value in given.items():
        changed = SessionSpec.broadband(difficulty=5, **{name: value}, **SMALL)
        assert getattr(changed, name) == value
        assert {**changed.to_dict(), name: step.to_dict()[name]} == step.to_dict()
    short = SessionSpec.broadband(difficulty=5, n_units=3, snr=(8, 9), rate_hz=7, **SMALL).units
    assert (short.n, short.snr, short.rate_hz.low, short.multi) == (3, (8.0, 9.0), 7.0, step.units.multi)
    assert SessionSpec.broadband(difficulty=None, **SMALL) == SessionSpec.broadband(**SMALL)


def test_spikes_of_a_file_have_no_other_firing():
    """Where a file says when cells fire, a step leaves that to it."""
    spec = SessionSpec.broadband(difficulty=5, spikes="spikes.h5", **SMALL)
    assert (spec.firing, spec.units.n, spec.units.snr) == (Firing(), None, (3.0, 8.0))


def test_a_rig_has_any_difficulty():
    """A session of a rig keeps the rig, with as many units as its contacts make them."""
    spec = SessionSpec.neuropixels(difficulty=4)
    assert (spec.acquisition, spec.units.n) == (SessionSpec.neuropixels().acquisition, 384)
    assert spec.motion[0].depths_um == (spec.contacts.xyz[:, 1].min(), spec.contacts.xyz[:, 1].max())


@pytest.mark.parametrize("step", STEPS)
def test_a_spec_has_what_its_step_stands_for(step, tmp_path):
    """A spec does not know its step: it is the same by its parts, in files too, and makes the same bytes."""
    spec = SessionSpec.broadband(difficulty=step, **SMALL)
    assert "difficulty" not in spec.to_dict()
    again = SessionSpec.from_dict(spec.to_dict())
    assert again == spec
    assert (truth(again).recording(0) == truth(spec).recording(0)).all()
    path = tmp_path / "session.toml"
    path.write_text(
        f'difficulty = {step}\nprobe = "linear"\nsampling_rate = 32000\nduration_s = 2\nn_channels = 4\nseed = 3'
    )
    assert SessionSpec.from_file(path) == spec
    path.write_text(SessionSpec.broadband(difficulty=6 - step, **SMALL).to_toml())
    assert SessionSpec.from_file(path, difficulty=step) == spec


@pytest.mark.parametrize("step", [0, 6, -1, 2.5, True, "2", [3]])
def test_a_step_that_there_is_not_is_refused(step):
    """The error says which ones there are."""
    with pytest.raises(MockSessionError, match="SessionSpec.difficulty: .* from 1, the easiest, to 5, the hardest"):
        SessionSpec.broadband(difficulty=step)


def test_a_session_without_a_stream_has_no_step():
    """Nobody sorts it, and the error says what is missing."""
    with pytest.raises(MockSessionError, match=r"difficulty: expected None .* found 2. Give sampling_rate"):
        SessionSpec.from_dict({"difficulty": 2})


def run(*arguments):
    """Run ``mockrawio generate`` in this process."""
    return CliRunner().invoke(main, ["generate", *map(str, arguments)])


@pytest.mark.slow
def test_the_option(tmp_path):
    """``--difficulty`` makes what the constructor does: alone, with ``--broadband``, and on top of a manifest."""
    options = ("--duration", 2, "--channels", 4, "--seed", 3, "--virtual")
    made = []
    for how in ((), ("--broadband",), ("--spec", tmp_path / "0/patient_data/1/session_1/session_manifest.json")):
        step = 2 + len(made)
        result = run(tmp_path / str(len(made)), "--difficulty", step, *options, *how)
        made.append(truth(result.stdout.strip()).spec)
        assert made[-1] == SessionSpec.broadband(difficulty=step, **SMALL)
    assert "--difficulty: expected None, or a whole number from 1" in run(tmp_path / "new", "--difficulty", 6).stderr
    assert (
        "--epiphyte and --difficulty: give only one of them"
        in run(tmp_path / "new", "--difficulty", 2, "--epiphyte").stderr
    )
