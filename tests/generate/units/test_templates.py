"""Cells with templates of the user's: what is planted, where they lie, how large they are, and how they move."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from mockrawio import MockSessionError, SessionSpec, generate_session, truth
from mockrawio.generate import Appearing, Days, Templates, Units, White, Zigzag
from mockrawio.generate.band import in_band
from mockrawio.generate.parts.units import TemplateCell
from mockrawio.generate.parts.units.resampled import Resampled
from mockrawio.generate.renewal import JITTER
from mockrawio.ground.errors import BadFileError

from . import floor, linear
from . import template_files as files

PLAIN = {"jitter": False, "amplitude_sd": 0.0, "rate_hz": (4, 8), "refractory_ms": 5.0}
AS_THEY_ARE = {"relocate": False, "rescale": False}


def session(units, **fields):
    """Return the spec of a second on the templates' own probe."""
    own = {"segments": (1.0,), "seed": 4, "sampling_rate": files.RATE, "probe": files.probe(), "noise": (White(3.0),)}
    return SessionSpec.broadband(**{"field": (), "units": units, **own, **fields})


def planted(known, waveforms_of):
    """Return the sum of spikes whose waveforms, µV, a function of unit and displacement gives."""
    summed = np.zeros((known.n_samples[0] + 400, known.n_channels), np.int64)
    for unit in known.units.values():
        for frame, moved in zip(unit.frames().tolist(), unit.displacements().tolist(), strict=True):
            counts = np.rint((waveforms_of(unit, moved) / known.gain_uV).astype(np.float32))
            first = 200 + frame - files.before()
            summed[first : first + len(counts)] += counts.astype(np.int64)
    return summed[200:-200]


def spikes(known):
    """Return the layer of the spikes."""
    return known.layer("spikes").read(0)


def number(unit):
    """Return which template a unit has: all sources begin their ids with it."""
    return int(unit.cell.template.id[0])


@pytest.fixture
def npz(tmp_path):
    """The templates as a file."""
    return files.npz(tmp_path).path


# -- what is planted ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", files.STILL)
def test_what_is_planted_is_the_rounded_template(tmp_path, name):
    """Of each source, spikes without jitter are the rounded quotient of template and gain, and nothing else."""
    pytest.importorskip(files.needs(name))
    made = files.STILL[name](tmp_path)
    known = truth(session(Units(4, templates=Templates(made.path, **made.fields, **AS_THEY_ARE), **PLAIN)))
    assert sum(unit.n_spikes for unit in known.units.values()) > 8
    assert sorted(map(number, known.units.values())) == [0, 1, 2, 3]
    expected = planted(known, lambda unit, moved: files.waveforms()[number(unit)])
    assert np.array_equal(spikes(known), expected) and np.abs(expected).max() > 300


def test_templates_that_drift_are_at_the_nearest_of_their_steps(tmp_path):
    """A spike of MEArec's drifting cells is the template of the step next to where its cell is, unchanged."""
    pytest.importorskip("h5py")
    made = files.mearec(tmp_path, drift=True)
    units = Units(4, templates=Templates(made.path, **AS_THEY_ARE), **PLAIN)
    known = truth(session(units, motion=(Zigzag(um=12.0, period_s=0.5),)))
    steps = set()

    def nearest(unit, moved):
        step = int(np.abs(np.array(files.STEPS_UM) - moved).argmin())
        steps.add(step)
        return files.drifting()[number(unit), step]

    assert np.array_equal(spikes(known), planted(known, nearest)) and steps == {0, 1, 2}


def test_a_drift_beyond_the_last_step_goes_on(tmp_path):
    """A contact's pitch beyond the last step of a drift, what that step has stands one contact farther."""
    pytest.importorskip("h5py")
    made = files.mearec(tmp_path, drift=True)
    unit = next(iter(truth(session(Units(4, templates=Templates(made.path, **AS_THEY_ARE), **PLAIN))).units.values()))
    last, beyond = (unit.bank_at(um, np.arange(files.N_CONTACTS)) for um in (6.0, 31.0))
    assert np.array_equal(beyond[..., 1:], last[..., :-1]) and last.any()


@pytest.mark.parametrize("shifts", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_session_of_templates_that_move_is_made_of_its_spikes(npz, shifts):
    """The layer of moving cells is the sum of what the truth says of each spike, with contacts read in turn or not."""
    units = Units(5, templates=npz, snr=(8, 15), rate_hz=(5, 10))
    own = {} if not shifts else {"probe": "neuropixels-1.0", "acquisition": SessionSpec.neuropixels().acquisition}
    known = truth(session(units, motion=(Zigzag(um=12.0, period_s=0.5), Appearing(0.3)), segments=(0.5, 0.5), **own))
    summed = np.zeros((known.n_samples[0] + 400, known.n_channels), np.int64)
    for unit in known.units.values():
        here = unit.segments() == 0
        for frame, counts in zip(unit.frames()[here].tolist(), unit.templates()[here], strict=True):
            first = 200 + frame - unit.before
            summed[first : first + len(counts), unit.channels] += counts
    assert np.array_equal(spikes(known), summed[200:-200]) and summed.any()
    pieces = [known.layer("spikes").read(0, *piece) for piece in ((0, 4000), (4000, 4001), (4001, known.n_samples[0]))]
    assert np.array_equal(np.concatenate(pieces), spikes(known))
    assert np.abs(spikes(known)).max() <= known._mix.layers["spikes"].most


# -- where they lie, and how large they are ----------------------------------------------------


def test_a_relocated_template_has_its_shape_on_a_contact_that_is_drawn(npz):
    """At its own rate, its peak's contact has the template's shape, and its neighbours those of the template's."""
    known = truth(session(Units(8, templates=npz, multi=0, jitter=False), probe="linear", n_channels=32))
    peaks = set()
    for unit in known.units.values():
        given = files.waveforms()[number(unit)].astype(float)
        peak = int(np.abs(given).max(axis=0).argmax())
        made = unit.bank_at(0.0, np.arange(32))[0, 0]
        for away in (-1, 0, 1):
            ours, theirs = unit.peak_channel + away, peak + away
            if 0 <= ours < 32 and 0 <= theirs < files.N_CONTACTS and made[:, ours].any():
                assert np.corrcoef(made[:, ours], given[:, theirs])[0, 1] > 0.9999
        peaks.add(unit.peak_channel)
        assert unit.kind == "template"
    assert len(peaks) >= 7


def test_templates_are_taken_in_turn(npz):
    """No template comes again until all have been there, each round has an order of its own, and n changes nothing."""
    of = lambda n: [cell.template.id for cell in cells_of(Units(n, templates=npz, multi=0))]  # noqa: E731
    ids = of(12)
    assert all(sorted(ids[k : k + 4]) == ["0", "1", "2", "3"] for k in (0, 4, 8)) and of(5) == ids[:5]
    assert len({tuple(ids[k : k + 4]) for k in (0, 4, 8)}) > 1


def cells_of(units, n=32, rate=files.RATE, seed=7):
    """Return the cells of a linear probe."""
    probe = linear(seed, n, rate)
    return units.cells(probe, floor(probe))


def test_multi_units_have_several_templates_side_by_side(npz):
    """The cells of a multi-unit stand on neighbouring contacts; 15 µm lie between any two cells while there is room."""
    cells = cells_of(Units(5, templates=npz, multi=1.0), n=64)
    for label in range(5):
        own = [cell for cell in cells if cell.label == label]
        assert 3 <= len(own) <= 5 and max(abs(cell.peak_contact - own[0].peak_contact) for cell in own) <= 5
    places = np.array([cell.location for cell in cells])
    apart = np.linalg.norm(places[:, None] - places, axis=2) + 1e3 * np.eye(len(places))
    assert apart.min() >= 15
    crowded = cells_of(Units(20, templates=npz, multi=0), n=4)
    assert len(crowded) == 20


def test_the_snr_is_what_was_asked_for(npz):
    """In its band, each unit's peak over the noise is between the lowest and the highest."""
    known = truth(session(Units(8, templates=npz, snr=(6, 12), multi=0, jitter=False), probe="linear"))
    found = []
    for unit in known.units.values():
        own = unit.bank_at(0.0, np.array([unit.peak_channel]))[0, 0, :, 0].astype(float) * known.gain_uV
        snr = np.abs(in_band(own, Fraction(files.RATE))).max() / known.band_uV[unit.peak_channel]
        assert snr == pytest.approx(unit.snr, rel=1e-4) and unit.snr == pytest.approx(unit.cell.snr, rel=1e-3)
        found.append(snr)
    assert 6 <= min(found) < 7.5 and 10 < max(found) <= 12.001
    cells = cells_of(Units(8, templates=npz, amplitude_uV=(50, 60), multi=0))
    assert all(50 <= abs(cell.amplitude_uV) <= 60 for cell in cells)


def test_between_its_contacts_a_template_is_near_what_the_cell_has_there():
    """Moved by half of the contacts' distance, the peak has the cell's shape there; its size is a tenth off at most."""
    probe, cells = files.library()
    known = truth(session(Units(4, templates=_array(), multi=0, jitter=False)))
    by_id = {unit.cell.template.id: unit.cell.template for unit in known.units.values()}
    for k, cell in enumerate(cells):
        template, moved = by_id[str(k)], np.array([0.0, 12.5, 0.0])
        there = cell.waveforms(probe, 0.0, moved)
        found = template.at(template.positions, 12.5)
        peak = int(np.abs(there).max(axis=0).argmax())
        assert np.corrcoef(found[:, peak], there[:, peak])[0, 1] > 0.98
        assert np.abs(found[:, peak]).max() == pytest.approx(np.abs(there[:, peak]).max(), rel=0.1)


def _array():
    about = {"sampling_rate": files.RATE, "before": files.before(), "positions_um": files.positions()}
    return Templates(files.waveforms(), **about)


# -- other rates -------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "wanted"), [(30_000, 32_000), (30_000, Fraction(48828125, 2000)), (32_000, 30_000)])
def test_to_another_rate_and_back_is_where_it_began(given, wanted):
    """A spike at another rate and back differs from what it was by less than a hundredth of its peak."""
    spike = files.waveforms()[:, :, 5].T.astype(float)
    there = Resampled(files.before(), len(spike), Fraction(given), Fraction(wanted))
    window = there.window
    back = Resampled(window.before, window.n, Fraction(wanted), Fraction(given))
    again = back.at(there.at(spike, 0.0), 0.0)
    first = files.before() - back.window.before
    inner = spike[first : first + len(again)]
    error = np.abs(again - inner)[8:-8].max(axis=0) / np.abs(spike).max(axis=0)
    assert error.max() < 0.01


def test_a_spike_between_samples_is_the_cells_own():
    """A template that comes a part of a sample later is what its cell has then, within a hundredth of its peak."""
    probe, cells = files.library()
    how = Resampled(files.before(), files.waveforms().shape[1], Fraction(files.RATE), Fraction(files.RATE))
    for cell, own in zip(cells, files.waveforms(), strict=True):
        for late in (-0.4375, 0.0625, 0.25):
            true = cell.waveforms(probe, late)
            assert np.abs(how.at(own, late) - true).max() < 0.01 * np.abs(own).max()


def test_a_spike_may_come_a_whole_sample_earlier():
    """Where a contact's turn and the jitter come to a sample, it is moved by one, though the rate is its own."""
    how = Resampled(2, 5, Fraction(30000), Fraction(30000))
    moved = how.at(np.arange(1.0, 6.0)[:, None], JITTER[0], np.array([1 + JITTER[0]]))
    assert moved[:4, 0].tolist() == [2, 3, 4, 5]


@pytest.mark.parametrize("fields", [{"sampling_rate": 24414.0625}, {"sampling_rate": None}])
def test_sessions_at_other_rates_and_without_a_stream_have_them_too(tmp_path, npz, fields):
    """At a rate that is no fraction of the templates', and in files of units alone, the peaks are at the frames."""
    spec = session(Units(4, templates=npz, multi=0, snr=(10, 20)), probe="linear", **fields)
    if fields["sampling_rate"] is None:
        folder = generate_session(replace(spec, n_lfp_channels=1), tmp_path)
        assert len(list((folder / "spiking_data").iterdir())) == 4
        return
    for unit in truth(spec).units.values():
        own = unit.bank_at(0.0, np.array([unit.peak_channel]))[0].mean(axis=0)[:, 0]
        assert abs(int(np.abs(own).argmax()) - unit.before) <= 1


# -- files, manifests and memory ---------------------------------------------------------------


def test_a_session_is_made_again_from_its_manifest_and_no_other_file(tmp_path, npz):
    """The manifest has the file's SHA-256; with it the same bytes are made, with another file an error has both."""
    spec = session(Units(3, templates=npz), seed=None)
    folder = generate_session(spec, tmp_path / "a")
    manifest = json.loads((folder / "session_manifest.json").read_text())
    again = SessionSpec.from_file(folder / "session_manifest.json")
    assert again.units.templates.sha256 == manifest["spec"]["units"]["templates"]["sha256"]
    stream = (folder / "raw_data/broadband.npy").read_bytes()
    assert (generate_session(again, tmp_path / "b") / "raw_data/broadband.npy").read_bytes() == stream
    units = json.loads((folder / "raw_data/broadband.json").read_text())["ground_truth"]["units"]
    assert {cell["template"] for unit in units.values() for cell in unit["cells"]} <= {"0", "1", "2", "3"}
    npz.write_bytes(npz.read_bytes() + b" ")
    for make in (lambda: generate_session(again, tmp_path / "c"), lambda: truth(folder)):
        with pytest.raises(BadFileError) as error:
            make()
        assert again.units.templates.sha256 in error.value.expected and len(error.value.found) == 64
    with pytest.raises(MockSessionError, match="virtual"):
        generate_session(spec, tmp_path / "d", virtual=True)
    (folder / "a.npz").write_bytes(npz.read_bytes())
    with pytest.raises(MockSessionError, match="apart from the source"):
        generate_session(session(Units(3, templates=folder / "a.npz")), tmp_path / "a", overwrite=True)


def test_templates_in_memory_are_to_be_given_again(tmp_path):
    """The manifest of a session from an array has a SHA-256 of it; the array makes the session again, no other does."""
    spec = session(Units(3, templates=_array()))
    folder = generate_session(spec, tmp_path)
    again = SessionSpec.from_file(folder / "session_manifest.json")
    assert again.units.templates.source is None
    with pytest.raises(MockSessionError, match="Give those it was made from") as error:
        truth(again)
    assert again.units.templates.sha256 in error.value.expected

    def given(array):
        return replace(again, units=replace(again.units, templates=replace(again.units.templates, source=array)))

    assert np.array_equal(truth(given(files.waveforms())).recording(0), truth(spec).recording(0))
    with pytest.raises(BadFileError, match="SHA-256"):
        truth(given(2 * files.waveforms()))


def test_a_spec_with_templates_is_the_same_as_toml(tmp_path, npz):
    """In TOML a path alone will do; what is written is read again as the same spec."""
    spec = session(Units(3, templates=Templates(npz, positions_um=files.positions(), rescale=False)))
    (tmp_path / "a.toml").write_text(spec.to_toml())
    assert SessionSpec.from_file(tmp_path / "a.toml") == spec
    (tmp_path / "b.toml").write_text(f'[units]\nn = 2\ntemplates = "{npz}"\n')
    assert SessionSpec.from_file(tmp_path / "b.toml").units == Units(2, templates=npz)
    assert SessionSpec.broadband(templates=npz).units == Units(10, templates=npz)
    assert "templates" not in SessionSpec.tiny().to_dict()["units"]


def test_days_move_cells_with_templates(npz):
    """On a later day the same cells lie farther along the probe, with the templates that they had."""
    one, two = (
        truth(session(Units(6, templates=npz), days=Days(10.0, lost=0.0, new=0.0), session_nr=k, probe="linear"))
        for k in (1, 3)
    )
    homes = [{unit.number: unit.cell for unit in known.units.values()} for known in (one, two)]
    both = homes[0].keys() & homes[1].keys()
    assert len(both) == 6
    for k in both:
        assert isinstance(homes[1][k], TemplateCell) and homes[0][k].template.id == homes[1][k].template.id
        assert homes[0][k].location[1] != homes[1][k].location[1]


REFUSED = [
    (lambda p: Templates(), "Templates.source: expected templates"),
    (lambda p: Templates(files.waveforms()), "Templates.sampling_rate: expected the rate"),
    (lambda p: Templates(files.waveforms(), sampling_rate=30_000), "Templates.positions_um: expected where"),
    (lambda p: Templates(3), "Templates.source: expected a path"),
    (lambda p: Units(templates=3), "Units.templates: expected a path"),
    (lambda p: replace(_array(), positions_um=[[0, 0]] * 12), "contacts at different places"),
    (lambda p: replace(_array(), positions_um=[[0, 0]]), "12 positions of contacts"),
    (lambda p: replace(_array(), before=5000), "Templates.before: expected a sample"),
    (
        lambda p: cells_of(Units(5, templates=replace(_array(), relocate=False))),
        "Give Units.n=4, or Templates.relocate",
    ),
    (lambda p: cells_of(Units(1, templates=p / "nothing.npz")), "found"),
    (lambda p: truth(session(Units(1, templates=p / "nothing"))), "found no such file or folder"),
]


@pytest.mark.parametrize(("make", "says"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_templates_is_refused(tmp_path, make, says):
    """What is missing, or does not go together, is an error that says so."""
    with pytest.raises(MockSessionError) as error:
        make(tmp_path)
    assert says in str(error.value)


def test_templates_that_no_contact_sees_are_refused():
    """Where they lie, far from all contacts, they cannot be planted."""
    far = replace(_array(), relocate=False, positions_um=np.add(files.positions(), [0.0, 5000.0]))
    with pytest.raises(MockSessionError, match=r"Units\.templates: expected templates that the contacts see"):
        cells_of(Units(1, templates=far))


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ({"source": np.ones((60, 4))}, "Give an array of these axes"),
        ({"source": np.zeros((0, 60, 4))}, "Give an array of these axes"),
        ({"positions_um": [(0, 0), (0, 20)]}, "Give 4 positions of contacts"),
        ({"positions_um": [(0, 0)] * 4}, "Give others"),
        ({"source": np.full((2, 60, 4), np.nan)}, "Give values that are finite"),
    ],
)
def test_what_to_do_about_templates_in_memory(given, remedy):
    """What is given from memory is to be given otherwise: there is no file to export again."""
    places = [(0, 20 * k) for k in range(4)]
    with pytest.raises(MockSessionError, match=remedy):
        Templates(**{"source": -np.ones((2, 60, 4)), "sampling_rate": 30000, "positions_um": places, **given})


def test_templates_whose_unit_is_given():
    """Templates in another unit are as many µV as `gain_uV` says; without it they are µV, their sizes being drawn."""
    array = np.zeros((1, 40, 2), np.float32)
    array[0, 10:13, 0] = -1.0, -3.0, 2.0
    how = {"sampling_rate": 30_000.0, "positions_um": ((0.0, 0.0), (0.0, 20.0)), "before": 11}
    plain, (scaled,) = Templates(array, **how).library()[0], Templates(array, **how, gain_uV=0.5).library()
    assert np.array_equal(scaled.waveforms, 0.5 * plain.waveforms)
    assert plain.waveforms.min() == -3.0
    assert (scaled.sampling_rate, scaled.before) == (30_000, 11)
