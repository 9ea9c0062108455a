"""Probes by name, beside ProbeInterface's own; and all that a probe may be given as."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("probeinterface")


from mockrawio import MockSessionError
from mockrawio.generate.probes import PROBES, probe_of, probe_value
from mockrawio.ground.shown import Argument
from mockrawio.interop.probe import probegroup_of
from mockrawio.session.probe import ContactMap, microwires
from mockrawio.session.probe_form import make_probe

pi = pytest.importorskip("probeinterface")
build_neuropixels_probe = pytest.importorskip("probeinterface.neuropixels_tools").build_neuropixels_probe
NAME = Argument("probe", of="SessionSpec")


def built(name, n_channels=None):
    """Return a named probe as ProbeInterface's object."""
    (probe,) = probegroup_of(probe_of(name, n_channels)).probes
    return probe


def assert_same_geometry(ours, theirs):
    """Hold that contacts, planes, shapes, sizes and ids of two probes are equal, to the bit."""
    np.testing.assert_array_equal(ours.contact_positions, theirs.contact_positions)
    np.testing.assert_array_equal(ours.contact_plane_axes, theirs.contact_plane_axes)
    assert ours.contact_shapes.tolist() == theirs.contact_shapes.tolist()
    assert ours.contact_shape_params.tolist() == theirs.contact_shape_params.tolist()
    assert ours.contact_ids.tolist() == theirs.contact_ids.tolist()
    assert ours.si_units == theirs.si_units and ours.ndim == theirs.ndim


def test_bundles():
    """Bundles are the microwires of sessions that have no probe: 80 of them, or as many as asked for."""
    assert probe_of("bundles") == microwires(range(1, 81))
    assert probe_of("bundles", 13).shanks.tolist() == [0] * 8 + [1] * 5


@pytest.mark.parametrize("n", [1, 2, 32, 100])
def test_linear(n):
    """A linear probe is ``generate_linear_probe()``'s, outline and all, with a pitch of 25 µm."""
    theirs = pi.generate_linear_probe(n, ypitch=25)
    assert_same_geometry(built("linear", n), theirs)
    np.testing.assert_array_equal(built("linear", n).probe_planar_contour, theirs.probe_planar_contour)


def test_tetrodes():
    """Each tetrode is ``generate_tetrode()``'s, 300 µm from the one before, and a shank."""
    probe, theirs = built("tetrodes", 48), pi.generate_tetrode()
    for k in range(12):
        mine = probe.get_slice(np.arange(4 * k, 4 * k + 4))
        np.testing.assert_allclose(mine.contact_positions - [300 * k, 0], theirs.contact_positions, atol=1e-12)
        assert mine.contact_shape_params.tolist() == theirs.contact_shape_params.tolist()
    assert probe_of("tetrodes", 48).shanks.tolist() == np.repeat(np.arange(12), 4).tolist()
    assert built("tetrodes").get_contact_count() == 16


def test_utah():
    """A Utah array is a grid of 10 x 10, 400 µm apart, without its corners."""
    grid = pi.generate_multi_columns_probe(10, 10, 400, 400).contact_positions
    inner = [tuple(place) for place in grid.tolist() if not set(place) <= {0.0, 3600.0}]
    assert list(map(tuple, built("utah").contact_positions.tolist())) == inner
    assert len(inner) == 96


@pytest.mark.parametrize("n", [1, 4, 64, 1024])
def test_mea(n):
    """An MEA is ``generate_multi_columns_probe()``'s square."""
    side = round(n**0.5)
    theirs = pi.generate_multi_columns_probe(side, side, 100, 100, contact_shape_params={"radius": 5.0})
    assert_same_geometry(built("mea", n), theirs)


def adc_slots(table):
    """Return the converter and the slot of each channel, as ProbeInterface's table has them."""
    head, *rows = re.findall(r"\(([^)]*)\)", table)
    channels = np.array([row.split() for row in rows], dtype=int)
    assert head == f"{channels.shape[1]},{channels.shape[0]}"
    slots, adcs = np.indices(channels.shape)
    order = np.argsort(channels.ravel())
    return adcs.ravel()[order], slots.ravel()[order]


@pytest.mark.parametrize("name", ["neuropixels-1.0", "neuropixels-2.0"])
def test_neuropixels(name):
    """A Neuropixels probe is the part of ProbeInterface's that has its contacts: outline and annotations too."""
    part, ids = {
        "neuropixels-1.0": ("NP1000", [f"e{k}" for k in range(384)]),
        "neuropixels-2.0": ("NP2014", [f"s{s}e{k}" for s in range(4) for k in range(96)]),
    }[name]
    ours, whole = built(name), build_neuropixels_probe(part)
    assert set(ours.contact_ids) == set(ids) and whole.get_contact_count() in (960, 5120)
    rows = {contact: k for k, contact in enumerate(whole.contact_ids)}
    theirs = whole.get_slice(np.array([rows[contact] for contact in ours.contact_ids]))
    assert_same_geometry(ours, theirs)
    np.testing.assert_array_equal(ours.probe_planar_contour, theirs.probe_planar_contour)
    assert (ours.shank_ids is None) == (theirs.shank_ids is None)
    assert ours.shank_ids is None or ours.shank_ids.tolist() == theirs.shank_ids.tolist()
    assert ours.annotations.items() >= theirs.annotations.items()
    assert ours.annotations.keys() - theirs.annotations.keys() == {"num_adcs", "num_channels_per_adc"}
    adcs, slots = adc_slots(theirs.annotations["adc_sampling_table"])
    assert ours.contact_annotations["adc_group"].tolist() == adcs.tolist()
    assert ours.contact_annotations["adc_sample_order"].tolist() == slots.tolist()
    assert (adcs.max() + 1, slots.max() + 1) == (
        ours.annotations["num_adcs"],
        ours.annotations["num_channels_per_adc"],
    )


def test_four_shanks_are_read_out_as_imec_wires_them():
    """The two lowest blocks of 48 sites of shanks 0 to 3 go to channel blocks 0 and 2, 1 and 3, 4 and 6, 5 and 7."""
    contacts = probe_of("neuropixels-2.0")
    blocks = [contacts.contact_ids[48 * k] for k in range(8)]
    assert blocks == ["s0e0", "s1e0", "s0e48", "s1e48", "s2e0", "s3e0", "s2e48", "s3e48"]
    assert np.bincount(contacts.shanks).tolist() == [96] * 4


def test_fewer_channels_of_neuropixels():
    """With fewer channels the lowest sites stay, on every shank as many, with the converters that they have."""
    few, whole = probe_of("neuropixels-2.0", 200), probe_of("neuropixels-2.0")
    assert np.bincount(few.shanks).tolist() == [50] * 4
    rows = {contact: k for k, contact in enumerate(whole.contact_ids)}
    kept = [rows[contact] for contact in few.contact_ids]
    assert kept == sorted(kept)
    np.testing.assert_array_equal(few.positions, whole.positions[kept])
    orders = [probe["contact_annotations"]["adc_sample_order"] for c in (few, whole) for probe in c.to_dict()["probes"]]
    assert orders[0] == [orders[1][k] for k in kept]
    assert probe_of("neuropixels-1.0", 5).contact_ids == ("e0", "e1", "e2", "e3", "e4")


@pytest.mark.parametrize("name", PROBES)
def test_every_number_that_a_probe_can_have(name):
    """A named probe has the channels that are asked for, at places of their own; its default is one of the numbers."""
    probe = PROBES[name]
    assert probe.default in probe.numbers and probe_of(name).n == probe.default
    for n in {probe.numbers[0], probe.numbers[len(probe.numbers) // 2] if len(probe.numbers) < 5000 else 1000}:
        contacts = probe_of(name, n)
        assert contacts.n == n == len(np.unique(contacts.positions, axis=0))


@pytest.mark.parametrize(
    ("name", "n", "said"),
    [
        ("bundles", 0, "1 to 100000 channels"),
        ("tetrodes", 6, "4, 8, ..., 100000 channels"),
        ("linear", 5000, "1 to 4096 channels"),
        ("utah", 100, "96 channels"),
        ("mea", 60, "1, 4, ..., 4096 channels"),
        ("neuropixels-1.0", 960, "1 to 384 channels"),
        ("neuropixels-2.0", 383, "4, 8, ..., 384 channels"),
        ("linear", 32.0, "1 to 4096 channels"),
        ("linear", True, "1 to 4096 channels"),
    ],
)
def test_numbers_that_a_probe_cannot_have(name, n, said):
    """A number that there is no such probe of is an error that says which there are."""
    with pytest.raises(MockSessionError, match=rf"SessionSpec\.n_channels: expected {said} on the probe '{name}'"):
        probe_of(name, n)


def a_group():
    """Return two probes that are wired out of order."""
    group, other = pi.ProbeGroup(), pi.generate_tetrode()
    other.move([500, 0])
    group.add_probe(pi.generate_linear_probe(4))
    group.add_probe(other)
    group.set_global_device_channel_indices([3, 0, 1, 2, 7, 6, 5, 4])
    return group


def test_objects_files_and_forms(tmp_path, monkeypatch):
    """A group, its file by any path, its form and its contacts are one probe; a probe alone is a group of itself."""
    group = a_group()
    pi.write_probeinterface(tmp_path / "probe.json", group)
    (tmp_path / "probe.txt").write_bytes((tmp_path / "probe.json").read_bytes())
    monkeypatch.chdir(tmp_path)
    contacts = probe_of(group)
    form = json.loads(Path("probe.json").read_text())
    for same in (
        tmp_path / "probe.json",
        str(tmp_path / "probe.txt"),
        "probe.json",
        form,
        contacts.to_dict(),
        contacts,
    ):
        assert probe_of(same).positions.tolist() == contacts.positions.tolist()
        assert probe_of(same).to_dict()["probes"] == contacts.to_dict()["probes"]
    alone = pi.generate_linear_probe(4)
    assert probe_of(alone) == probe_of(alone.to_dict()) == probe_of({"probes": [alone.to_dict()]})


def test_an_object_is_left_as_it_is():
    """Nothing of an object changes that is given, annotations of contacts among it."""
    probe = pi.generate_linear_probe(4)
    probe.annotate_contacts(quality=np.arange(4.0))
    before = probe.copy()
    probe_of(probe)
    assert probe == before
    assert isinstance(probe.contact_annotations["quality"], np.ndarray)


@pytest.mark.parametrize("name", PROBES)
def test_the_value_of_a_spec(name):
    """A spec holds a name as it is, and of all else the contacts, whose form makes them again."""
    assert probe_value(NAME, name) == name
    contacts = probe_value(NAME, built(name))
    assert probe_value(NAME, json.loads(json.dumps(contacts.to_dict()))) == contacts == probe_value(NAME, contacts)
    assert contacts == probe_of(name)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("neuropixels", r"SessionSpec\.probe: expected one of 'bundles', 'tetrodes', .*; found 'neuropixels'"),
        ("nowhere.json", r"nowhere\.json: expected a readable file; found No such file"),
        (
            17,
            r"SessionSpec\.probe: expected one of 'bundles', .*, or a Probe or ProbeGroup of ProbeInterface; found 17",
        ),
        (None, r"SessionSpec\.probe: expected one of"),
        ({}, r"SessionSpec\.probe: 'probes': expected a list"),
        ({"probes": [{"ndim": 5}]}, r"SessionSpec\.probe: probes\[0\]\['ndim'\]: expected 2 or 3"),
    ],
    ids=str,
)
def test_what_is_no_probe(value, message):
    """Anything else is an error that says what a probe may be, or what is wrong within it."""
    with pytest.raises(MockSessionError, match=message):
        probe_of(value)


@pytest.mark.parametrize("text", ["[1]", "{", '{"probes": [{"ndim": 2}]}', '{"probes": NaN}', "\x00"])
def test_files_that_are_no_probe(text, tmp_path):
    """A file that holds something else is an error that names it."""
    path = tmp_path / "probe.json"
    path.write_text(text)
    with pytest.raises(MockSessionError, match=re.escape(str(path))):
        probe_of(path)


def test_large_files_are_not_read(tmp_path):
    """A file beyond 64 MiB is refused by its size."""
    with open(tmp_path / "probe.json", "wb") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(MockSessionError, match="at most 64 MiB"):
        probe_of(tmp_path / "probe.json")


def test_a_number_of_channels_beside_a_probe():
    """A probe that is given has the channels it has: another number is an error."""
    probe = pi.generate_linear_probe(4)
    assert probe_of(probe, 4).n == 4
    with pytest.raises(
        MockSessionError, match=r"SessionSpec\.n_channels: expected 4, the channels of the probe; found 5"
    ):
        probe_of(probe, 5)


def test_a_form_can_be_made_without_any_probe_library():
    """What `make_probe` makes is a probe to ProbeInterface, for contacts in a plane and in space."""
    for places in ([[0, 0], [0, 1]], [[0, 0, 0], [0, 0, 1]]):
        form = make_probe(places, ("rect", {"width": 2, "height": 3}), ids="ab", shanks="01", name="n")
        (probe,) = probegroup_of(ContactMap.of_probes(form)).probes
        assert (probe.ndim, probe.name, probe.get_shank_count()) == (len(places[0]), "n", 2)
