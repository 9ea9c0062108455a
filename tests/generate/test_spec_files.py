"""Specs as files: TOML, JSON and manifests give the spec they were made from, and the same bytes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio import MockSessionError, SessionSpec, generate_session
from mockrawio.generate import (
    Acquisition,
    Classes,
    EpiphyteUnits,
    Evoked,
    Exponential,
    FarUnits,
    Hum,
    LogNormal,
    Measured,
    Nested,
    NoiseFrom,
    Pink,
    Power,
    Rhythm,
    Ripples,
    Spatial,
    Uniform,
    Units,
    White,
)
from mockrawio.generate.parts.noise import NOISES
from mockrawio.generate.parts.units import LAWS, RATES, UNITS
from mockrawio.generate.probes import PROBES
from mockrawio.ground.errors import BadFileError
from mockrawio.ground.tomltext import read_toml, toml_document
from mockrawio.session.probe import ContactMap
from mockrawio.session.probe_form import make_probe
from tests.generate.folders import contents
from tests.length import rounds

MEASURED = Measured(sampling_rate=30_000.5, uV=(5.25, 0.0, 1e-6), correlation=((), (-7,), (300, 1000)), taps=(9, -3, 0))
CLASSES = Classes(broad=0.25, narrow=1e-3, triphasic=0.0, axonal=1.0, positive=0.5)
PARTS = [
    Acquisition(1 / 3, bits=9),
    CLASSES,
    EpiphyteUnits(7, rate_hz=(0.1, 1 / 3), refractory_ms=1e-3),
    EpiphyteUnits(spikes_per_unit=(0, 10**6)),
    Exponential((20.5, 31.7)),
    FarUnits(3, rate_hz=7, distance_um=(99.5, 100.25), amplitude_uV=1e-2, amplitude_sd=0, footprint=Exponential()),
    Hum(59.94, harmonics=64, uV=1e-3),
    LogNormal(1 / 3, sd=0.0),
    NoiseFrom(MEASURED),
    Power((12.5, 80.0), power=(1.1, 2.9)),
    Spatial(0.1, length_um=1e6),
    Uniform(0.002, 999.5),
    White(1000.0),
    Units(
        3,
        snr=(1 / 3, 9999.0),
        amplitude_uV=(0.011, 1e5),
        rate_hz=(0.5, 0.75),
        classes=CLASSES,
        footprint=Power(),
        distance_um=(1.5, 10_000.0),
        min_distance_um=0,
        multi=1,
        cells_per_multi=(2, 2),
        amplitude_sd=0.2,
        jitter=False,
        refractory_ms=0.125,
    ),
]


def two_probes() -> ContactMap:
    """Return two probes of two contacts each, crossed wires, one contact not recorded, with notes of all kinds."""
    square, notes = ("square", {"width": 12.5}), {"quality": ["good", "ü \"'\\"], "depth": [1.5, -2e-9]}
    first = make_probe([[0, 0.1], [1 / 3, 20]], square, ids="ab", shanks="xy", contact_annotations=notes, name="ø\n")
    second = make_probe([[500, 0], [500, 1e-7]], ("circle", {"radius": 5}), ids="cd", contour=[[0, 0], [1, 1], [2, 0]])
    wired = ({**first, "device_channel_indices": [2, 0]}, {**second, "device_channel_indices": [-1, 1]})
    return ContactMap.of_probes(*wired)


EVERY = SessionSpec(
    patient_id=0,
    session_nr=10**9,
    duration_s=1.75,
    segments=(1.0, 0.75),
    gap_s=0.001,
    seed=2**128 - 1,
    probe=two_probes(),
    n_channels=3,
    channel_names=("a b", "ü", '"c"'),
    sampling_rate="100000/3",
    acquisition=PARTS[0],
    units=PARTS[-1],
    noise=(White(3), Hum(), Spatial(), FarUnits(2), White(0.5)),
    n_lfp_channels=0,
    field=(Nested("gamma", 40.0), Rhythm(uV=1e-4), Pink(3), Evoked(code=4), Pink(), Ripples(frequency_hz=(90, 100))),
    encoding="float64",
    stimulus_len=0.0,
    start_ms=1_400_000_000_001,
    n_events=0,
    movie_pauses=False,
)
SPECS = {
    "default": SessionSpec(),
    "tiny": SessionSpec.tiny(duration_s=1.0, n_channels=4, seed=1),
    "broadband": SessionSpec.broadband(duration_s=1.0, n_channels=3, n_units=2, seed=2),
    "Epiphyte's": SessionSpec.epiphyte(duration_s=2.0, n_units=2, n_channels=2, seed=3),
    "Neuropixels": SessionSpec.neuropixels(),
    "a rate": SessionSpec.broadband(sampling_rate=30_000.1, seed=4),
    "every field": EVERY,
    "no noise": SessionSpec.broadband(noise=(), units=Units(2, amplitude_uV=(50, 60)), duration_s=1.0, seed=5),
    "of a file": SessionSpec.broadband(spikes="/data/ü \\ 'x'.h5", spikes_sha256="0" * 64),
    **{f"probe {name}": SessionSpec(probe=name) for name in PROBES},
}
each = pytest.mark.parametrize("name", SPECS)


def test_every_part_has_a_case():
    """The parts below are all that there are, so that a new one cannot be forgotten."""
    families = {*NOISES.values(), *UNITS.values(), *LAWS.values(), *RATES.values(), Acquisition, Classes}
    assert {type(part) for part in PARTS} == families


@each
def test_a_spec_goes_to_json_and_back(name):
    """A spec is the same after it was a JSON text, and so is its hash."""
    spec = SPECS[name]
    again = SessionSpec.from_dict(json.loads(json.dumps(spec.to_dict(), allow_nan=False)))
    assert again == spec
    assert hash(again) == hash(spec)
    assert again.to_dict() == spec.to_dict()


@each
def test_a_spec_goes_to_a_file_and_back(tmp_path, name):
    """A spec is the same after it was a TOML file, a JSON file, or the spec in a manifest."""
    spec = SPECS[name]
    (tmp_path / "a.TOML").write_text(spec.to_toml(), "utf-8")
    (tmp_path / "a.json").write_text(json.dumps(spec.to_dict()))
    (tmp_path / "manifest.json").write_text(json.dumps({"spec": spec.to_dict(), "spec_version": 2}))
    for path in tmp_path.iterdir():
        assert SessionSpec.from_file(path) == spec
    again = SessionSpec.from_file(tmp_path / "a.TOML")
    assert again.to_toml() == spec.to_toml()
    assert again.to_dict() == spec.to_dict()


@pytest.mark.parametrize("name", ["tiny", "broadband", "Epiphyte's", "every field", "no noise"])
def test_a_spec_from_a_file_makes_the_same_bytes(tmp_path, name):
    """Spec, TOML, spec, session: byte for byte the session of the spec itself, and of its manifest's."""
    spec = SPECS[name]
    made = generate_session(spec, tmp_path / "spec")
    (tmp_path / "a.toml").write_text(spec.to_toml(), "utf-8")
    for kind, path in (("toml", tmp_path / "a.toml"), ("manifest", made / "session_manifest.json")):
        again = generate_session(SessionSpec.from_file(path), tmp_path / kind)
        assert contents(again) == contents(made)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: type(part).__name__)
def test_a_part_goes_through_both_forms(tmp_path, part):
    """A part with odd values is the same after it was a mapping in JSON, and a table in TOML."""
    (tmp_path / "a.toml").write_text(toml_document({"it": part.to_dict()}))
    for form in (json.loads(json.dumps(part.to_dict())), read_toml(tmp_path / "a.toml")["it"]):
        assert form.pop("part") == type(part).__name__
        assert type(part)(**form) == part


def test_a_file_may_say_little(tmp_path):
    """What a file leaves out has its default; the shorthands may be given, and a part that is alone needs no name."""
    (tmp_path / "a.toml").write_text("n_units = 3\nsnr = [5, 6]\nsampling_rate = 25000\nnoise = [{ uV = 3 }]\n")
    spec = SessionSpec.from_file(tmp_path / "a.toml")
    assert spec == SessionSpec(units=Units(3, snr=(5, 6)), sampling_rate=25_000, noise=White(3.0))
    (tmp_path / "b.toml").write_text("")
    assert SessionSpec.from_file(tmp_path / "b.toml") == SessionSpec()


def test_fields_come_on_top_of_a_file(tmp_path):
    """A field that is given replaces the file's; those that go with it, the file's too, and none else."""
    path = tmp_path / "a.toml"
    path.write_text(EVERY.to_toml(), "utf-8")
    assert SessionSpec.from_file(path, seed=4, n_units=9) == replace(EVERY, seed=4, n_units=9)
    longer = SessionSpec.from_file(path, duration_s=90)
    assert longer == replace(EVERY, duration_s=90, segments=None, stimulus_len=None)
    other = SessionSpec.from_file(path, probe="utah")
    assert other == replace(EVERY, probe="utah", n_channels=96, channel_names=None)
    path.write_text(SPECS["of a file"].to_toml(), "utf-8")
    assert SessionSpec.from_file(path, spikes="b.h5").spikes_sha256 is None
    with pytest.raises(MockSessionError, match=r"^SessionSpec.gap_s: expected"):
        SessionSpec.from_file(path, gap_s=0)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.toml", "a = ", "a.toml: expected a TOML file; found Invalid value"),
        ("a.toml", "duration_s = 0.5", "a.toml: SessionSpec.duration_s: expected None, or a number from 1"),
        ("a.toml", "units = { n = 2, part = 'Unit' }", "a.toml: SessionSpec.units: expected 'part' as one of Units"),
        ("a.toml", "[units]\nsnr = 3", "a.toml: Units.snr: expected the lowest and the highest"),
        ("a.toml", "[[noise]]\nuV = -1", "a.toml: White.uV: expected a number from 0"),
        ("a.toml", "[probe]\nprobes = 3", "a.toml: SessionSpec.probe: 'probes': expected a list"),
        ("a.json", "[]", "a.json: expected a spec"),
        ("a.json", '{"n_unitz": 3}', "a.json: SessionSpec: expected the fields .*; found n_unitz. Remove it."),
        (
            "a.json",
            '{"spec": {"noise": {"part": "White", "db": 3}}}',
            "White: expected the fields uV; found db",
        ),
    ],
)
def test_a_file_that_is_no_spec_is_refused(tmp_path, name, text, words):
    """The error names the file, the field, what it may be and what to do."""
    (tmp_path / name).write_text(text)
    with pytest.raises(BadFileError, match=words):
        SessionSpec.from_file(tmp_path / name)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    """So is a file that cannot be read."""
    for name in ("none.toml", "none.json"):
        with pytest.raises(BadFileError, match="a readable file"):
            SessionSpec.from_file(tmp_path / name)


PLAIN = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=9,
)


@pytest.mark.at_length
@settings(max_examples=rounds(35, 100))
@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), st.none() | VALUES, max_size=5))
def test_whatever_json_holds_is_the_same_in_toml(tmp_path_factory, values):
    """A document of any values reads back as them, those that are None left out, whatever its keys are."""
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(toml_document(values), "utf-8", newline="\n")
    assert read_toml(path) == {key: value for key, value in values.items() if value is not None}
