"""Which column of a stream is which contact, and the form in which probes are written."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.session.content import csc_numbers
from mockrawio.session.probe import (
    ContactMap,
    assumed_contacts,
    contact_positions,
    microwire_numbers,
    microwires,
)
from mockrawio.session.probe_form import checked_form, make_probe

CIRCLE = ("circle", {"radius": 5.0})


def probe(n=4, x=0.0, **more):
    """Return a linear probe of `n` contacts, 10 µm apart."""
    return {**make_probe([[x, 10.0 * k] for k in range(n)], CIRCLE, ids=[f"e{k}" for k in range(n)]), **more}


def test_an_unwired_probe_is_wired_in_order():
    """Without wiring, contact k is column k; what comes back says so."""
    contacts = ContactMap.of_probes(probe())
    assert contacts.contact_ids == ("e0", "e1", "e2", "e3")
    assert contacts.positions.tolist() == [[0, 0], [0, 10], [0, 20], [0, 30]]
    assert contacts.to_dict()["probes"][0]["device_channel_indices"] == [0, 1, 2, 3]


def test_columns_follow_the_wiring():
    """The contact that is wired to channel c is column c; one that is wired to -1 is none."""
    contacts = ContactMap.of_probes(probe(device_channel_indices=[2, -1, 0, 1]))
    assert (contacts.n, contacts.contact_ids) == (3, ("e2", "e3", "e0"))
    assert contacts.positions[:, 1].tolist() == [20, 30, 0]
    assert contacts.to_dict()["probes"][0]["contact_ids"] == ["e0", "e1", "e2", "e3"]


def test_columns_of_several_probes():
    """Probes share the columns; a probe without wiring beside one that has it is not recorded."""
    first, second = probe(2, device_channel_indices=[3, 0]), probe(2, x=500.0, device_channel_indices=[1, 2])
    contacts = ContactMap.of_probes(first, second, probe(3, x=900.0))
    assert contacts.contact_ids == ("e1", "e0", "e1", "e0")
    assert contacts.probes == (0, 1, 1, 0)
    assert contacts.shanks.tolist() == [0, 1, 1, 0]
    wiring = [one["device_channel_indices"] for one in contacts.to_dict()["probes"]]
    assert wiring == [[3, 0], [1, 2], [-1, -1, -1]]


def test_the_order_of_a_group_is_that_of_its_columns():
    """Unwired probes whose contacts a group has in an order of its own are wired in that order."""
    content = {"probes": [probe(2), probe(1, x=500.0)], "global_contact_order": [2, 0, 1]}
    assert ContactMap.from_dict(content).positions.tolist() == [[500, 0], [0, 0], [0, 10]]


def test_shanks_are_numbered_by_probe_then_by_name():
    """A channel's shank is numbered as SpikeInterface numbers groups: by probe, then by the shank's name."""
    first = probe(4, shank_ids=["b", "a", "b", "a"])
    contacts = ContactMap.of_probes(first, probe(2, x=500.0))
    assert contacts.shank_ids == ("b", "a", "b", "a", "", "")
    assert contacts.shanks.tolist() == [1, 0, 1, 0, 2, 2]


@pytest.mark.parametrize(("units", "um"), [("um", 1), ("mm", 1000), ("m", 1_000_000)])
def test_units_of_length(units, um):
    """Positions and outlines are in µm, whatever the probe's unit."""
    contour = [[-1.0, -1.0], [1.0, -1.0], [0.0, 40.0]]
    contacts = ContactMap.of_probes(probe(2, si_units=units, probe_planar_contour=contour))
    assert contacts.positions.tolist() == [[0, 0], [0, 10 * um]]
    assert contacts.contours[0].tolist() == [[x * um, y * um] for x, y in contour]


def test_three_dimensions():
    """A probe in space keeps its three axes; one in a plane has z = 0 in `xyz`."""
    places = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    contacts = ContactMap.of_probes(make_probe(places, CIRCLE, ids="ab"))
    assert contacts.positions.tolist() == contacts.xyz.tolist() == places
    assert ContactMap.of_probes(probe(2)).xyz.tolist() == [[0, 0, 0], [0, 10, 0]]


def test_the_order_of_places_knows_no_wiring():
    """Other wiring permutes the columns and leaves the contacts as `order` has them."""
    places = [[30.0, 0.0], [0.0, 20.0], [0.0, 10.0], [30.0, -5.0], [15.0, 0.0]]
    one = make_probe(places, CIRCLE, ids="abcde")
    plain = ContactMap.of_probes(one)
    assert plain.order.tolist() == [2, 1, 4, 3, 0]
    for seed in range(5):
        wiring = np.random.default_rng(seed).permutation(5).tolist()
        other = ContactMap.of_probes({**one, "device_channel_indices": wiring})
        np.testing.assert_array_equal(other.xyz[other.order], plain.xyz[plain.order])
        assert [other.contact_ids[c] for c in other.order] == list("cbeda")


def test_some_of_the_columns():
    """Chosen columns are a map of their own, in their order; the other contacts stay on the probe."""
    contacts = ContactMap.of_probes(probe(device_channel_indices=[2, -1, 0, 1])).select([2, 0])
    assert contacts.contact_ids == ("e0", "e2")
    assert contacts.to_dict()["probes"][0]["device_channel_indices"] == [0, -1, 1, -1]


def test_it_is_a_value():
    """Maps of the same probes are equal and have one hash; what they give and are given is a copy."""
    content = {"probes": [probe()]}
    contacts, other = ContactMap.from_dict(content), ContactMap.of_probes(probe())
    assert contacts == other and hash(contacts) == hash(other)
    assert contacts != ContactMap.of_probes(probe(x=1.0)) and contacts != "linear"
    content["probes"][0]["contact_ids"][0] = "changed"
    contacts.to_dict()["probes"][0]["contact_ids"][0] = "changed"
    assert contacts == other == pickle.loads(pickle.dumps(contacts))
    for array in (contacts.positions, contacts.xyz):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    assert repr(contacts) == "ContactMap: channels 4, probes 1, shanks 1"


def test_what_it_says_can_be_read_again():
    """The form survives JSON, with keys of others and annotations, and is the same map."""
    noted = probe(annotations={"name": "mine", "depth": {"um": [1, 2.5, None]}}, contact_annotations={"bad": [0] * 4})
    contacts = ContactMap.from_dict({"probes": [noted], "version": "0.3.1", "later": {"key": 1}})
    again = ContactMap.of_json(json.loads(json.dumps(contacts.to_dict())))
    assert again == contacts
    assert again.to_dict()["later"] == {"key": 1}
    assert again.to_dict()["version"] == "0.3.1"
    assert again.to_dict()["probes"][0]["annotations"] == noted["annotations"]


def test_ids_of_older_files():
    """Ids that are numbers become text; ids that are all empty are none."""
    contacts = ContactMap.of_probes(probe(2, contact_ids=["", ""], shank_ids=[1, 0]))
    assert (contacts.contact_ids, contacts.shank_ids) == (("0", "1"), ("1", "0"))


BARE = {
    "ndim": 2,
    "si_units": "um",
    "contact_positions": [[0, 0], [0, 1]],
    "contact_shapes": ["circle", "square"],
    "contact_shape_params": [{"radius": 0}, {"width": 1e15}],
}


def test_what_a_form_does_not_say():
    """Ids of probes and contacts are their numbers, contacts lie in the first two axes; null is as nothing."""
    deep = {**BARE, "ndim": 3, "contact_positions": [[0, 0, -1e15], [0, 1, 1e15]], "shank_ids": None}
    expected = {
        "specification": "probeinterface",
        "version": "0.4.0",
        "probes": [
            {
                **BARE,
                "contact_plane_axes": [[[1.0, 0.0], [0.0, 1.0]]] * 2,
                "contact_ids": ["0", "1"],
                "annotations": {},
                "contact_annotations": {},
            },
            {
                **{key: value for key, value in deep.items() if value is not None},
                "contact_plane_axes": [[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]] * 2,
                "contact_ids": ["0", "1"],
                "annotations": {},
                "contact_annotations": {},
            },
        ],
        "probe_ids": ["0"],
    }
    flat, deep_one = expected["probes"]
    assert checked_form({"probes": [BARE], "note": None}) == {**expected, "probes": [flat]}
    assert checked_form({"probes": [deep]}) == {**expected, "probes": [deep_one]}


@pytest.mark.parametrize(
    "more",
    [
        {"contact_ids": ["a" * 64, "b"]},
        {"contact_ids": [7, 8], "shank_ids": ["", "1"]},
        {"contact_positions": [[1, 1], [1, 1]], "contact_sides": ["front", "back"]},
        {"contact_plane_axes": [[[0, 1], [1, 0]]] * 2},
        {"contact_annotations": {"bad": [True, 0.5], "name": ["a", 3]}},
        {"device_channel_indices": [-1, 0]},
        {"probe_planar_contour": []},
        {"contact_shapes": ["rect"] * 2, "contact_shape_params": [{"width": 0, "height": 1e15}] * 2},
    ],
)
def test_what_a_form_may_say(more):
    """Long ids, whole numbers for them, two contacts on both sides of a place, and the ends of all limits."""
    (found,) = checked_form({"probes": [{**BARE, **more}]})["probes"]
    assert found == {**found, **{key: list(map(str, v)) if key.endswith("_ids") else v for key, v in more.items()}}


def test_ids_and_order_of_a_group():
    """Ids of probes and the order of all contacts are kept if there is one of each."""
    said = {"probe_ids": ["left", ""], "global_contact_order": [3, 0, 2, 1], "version": ""}
    form = checked_form({"probes": [BARE, BARE], **said})
    assert {key: form[key] for key in said} == said
    with pytest.raises(MockSessionError, match="'version': expected text; found 5"):
        checked_form({"probes": [BARE], "version": 5})
    for wrong in (["a", "a"], ["a"], ["a", 1], "ab"):
        with pytest.raises(MockSessionError, match="'probe_ids': expected 2 different texts"):
            checked_form({"probes": [BARE, BARE], "probe_ids": wrong})
    for order in ([0, 1, 2], [0, 1, 2, 4], [0, 1, 2, 3.0], {}):
        with pytest.raises(MockSessionError, match="'global_contact_order': expected 0 to 3, each once"):
            checked_form({"probes": [BARE, BARE], "global_contact_order": order})


@pytest.mark.parametrize(
    ("wiring", "at"), [([0, 0, 1, 2], 1), ([1, 2, 3, 4], 0), ([0, 1, 2, 4], 3), ([-1, 2, 0, 3], 1)]
)
def test_where_wiring_is_wrong_is_told(wiring, at):
    """The first channel that is missing or comes twice is named, and how many contacts are wired."""
    n = sum(channel >= 0 for channel in wiring)
    with pytest.raises(MockSessionError, match=f"found {n} contacts wired to others than that, the first at {at}\\."):
        ContactMap.of_probes(probe(device_channel_indices=wiring))


def test_sizes_of_contacts():
    """Circles are as wide and as high as two radii, squares as their width, in µm."""
    shapes = ["circle", "square", "rect"]
    params = [{"radius": 1.5}, {"width": 4.0, "height": 9.0}, {"width": 4.0, "height": 9.0}]
    contacts = ContactMap.of_probes(probe(3, contact_shapes=shapes, contact_shape_params=params, si_units="mm"))
    assert contacts.shapes == ("circle", "square", "rect")
    assert contacts.sizes.tolist() == [[3000, 3000], [4000, 4000], [4000, 9000]]


def test_sides_are_shanks_of_their_own():
    """Contacts of a shank on its two sides are in two groups, as SpikeInterface has them; probes come first."""
    sides = ["front", "back", "front", "back"]
    contacts = ContactMap.of_probes(probe(4, contact_sides=sides), probe(2, x=50.0, contact_sides=["front", "back"]))
    assert contacts.shanks.tolist() == [1, 0, 1, 0, 3, 2]


TURNS = {"num_channels_per_adc": 3, "ap_sample_frequency_hz": 30_000.0}


@pytest.mark.parametrize(
    ("said", "order", "shifts"),
    [
        (TURNS, [0, 1, 2, 0], [0, 1 / 3, 2 / 3, 0]),
        ({**TURNS, "lf_sample_frequency_hz": 0}, [0, 1, 2, 0], [0, 1 / 3, 2 / 3, 0]),
        ({**TURNS, "lf_sample_frequency_hz": 2500.0}, [0, 1, 2, 0], [0, 1 / 3, 2 / 3, 0]),
        ({**TURNS, "lf_sample_frequency_hz": 30_000.0}, [0, 1, 2, 5], [0, 1 / 6, 2 / 6, 5 / 6]),
        (TURNS, [0, 1, 2, 3], None),
        (TURNS, [0, 1, 2, -1], None),
        (TURNS, [0, 1, 2, "0"], None),
        (TURNS, None, None),
        ({**TURNS, "lf_sample_frequency_hz": -1}, [0, 1, 2, 0], None),
        ({"num_channels_per_adc": 3}, [0, 1, 2, 0], None),
        ({"ap_sample_frequency_hz": 30_000.0}, [0, 1, 2, 0], None),
        ({**TURNS, "num_channels_per_adc": 0.4}, [0, 0, 0, 0], None),
        ({**TURNS, "num_channels_per_adc": 1}, [0, 0, 0, 0], [0, 0, 0, 0]),
    ],
)
def test_when_in_a_sample_each_channel_is_sampled(said, order, shifts):
    """A converter's channels share a sample with those of the LFP; a probe that does not say enough has no shifts."""
    noted = {} if order is None else {"adc_sample_order": order}
    found = ContactMap.of_probes(probe(4, annotations=said, contact_annotations=noted)).sample_shifts
    assert (None if found is None else found.tolist()) == shifts
    beside = ContactMap.of_probes(probe(4, annotations=said, contact_annotations=noted), probe(1, x=90.0))
    assert beside.sample_shifts is None


def test_one_probe_in_the_form():
    """A probe that is made has its parts in ProbeInterface's form, and those alone that are given."""
    made = make_probe(
        [[0, 1]], ("rect", {"width": 1.0, "height": 2.0}), ids="a", shanks=["s"], contour=[[0, 0]], name="x"
    )
    assert made == {
        "ndim": 2,
        "si_units": "um",
        "annotations": {"name": "x"},
        "contact_annotations": {},
        "contact_positions": [[0.0, 1.0]],
        "contact_shapes": ["rect"],
        "contact_shape_params": [{"width": 1.0, "height": 2.0}],
        "contact_ids": ["a"],
        "probe_planar_contour": [[0.0, 0.0]],
        "shank_ids": ["s"],
    }
    assert make_probe([[0, 1, 2]], CIRCLE, ids="a").keys() == made.keys() - {"probe_planar_contour", "shank_ids"}
    assert ContactMap.of_probes(make_probe([[0, 1]], CIRCLE, ids="a")).contours == []


def test_arrays_are_lists_in_the_form():
    """NumPy's arrays and numbers are Python's, tuples are lists."""
    form = {
        "probes": [{**BARE, "contact_positions": np.array([[0, 0.5], [1, 2]]), "ndim": np.int64(2), "note": (1, 2)}]
    }
    (found,) = ContactMap.from_dict(form).to_dict()["probes"]
    assert found["contact_positions"] == [[0.0, 0.5], [1.0, 2.0]]
    assert (type(found["ndim"]), found["note"]) == (int, [1, 2])


HOSTILE = {
    "nothing": (None, "probe: expected a JSON object"),
    "a list": ([], "probe: expected a JSON object"),
    "no probes": ({"probes": []}, "'probes': expected a list of 1 to 1024"),
    "many probes": ({"probes": [probe()] * 1025}, "'probes': expected a list of 1 to 1024"),
    "another specification": ({"specification": "swc", "probes": [probe()]}, "'specification'"),
    "a probe that is text": ({"probes": ["probe"]}, r"probes\[0\]: expected a JSON object"),
    "dimensions": (probe(ndim=4), "'ndim'"),
    "dimensions as a float": (probe(ndim=2.0), "'ndim'"),
    "units": (probe(si_units="furlong"), "'si_units'"),
    "other dimensions": ({"probes": [probe(), make_probe([[0, 0, 0]], CIRCLE, ids="a")]}, "one number of dimensions"),
    "no contacts": (probe(contact_positions=[]), "'contact_positions'"),
    "ragged positions": (probe(contact_positions=[[0, 0], [0], [0, 1], [0, 2]]), "'contact_positions'"),
    "a position beyond float64": (probe(1, contact_positions=[[0, 10**400]]), "'contact_positions'"),
    "two contacts at a place": (probe(contact_positions=[[0, 0]] * 4), "a place of its own"),
    "sides": (probe(contact_sides=["left"] * 4), "'contact_sides'"),
    "axes": (probe(contact_plane_axes=[[[1, 0]]] * 4), "'contact_plane_axes'"),
    "an outline": (probe(probe_planar_contour=[[1]]), "'probe_planar_contour'"),
    "shapes": (probe(contact_shapes=["star"] * 4), "'contact_shapes'"),
    "shapes that are lists": (probe(contact_shapes=[[]] * 4), "'contact_shapes'"),
    "sizes": (probe(contact_shape_params=[{"width": 1}] * 4), "radius of a circle"),
    "a size below 0": (probe(contact_shape_params=[{"radius": -1}] * 4), "radius of a circle"),
    "ids": (probe(contact_ids=["a", "a", "b", "c"]), "ids that differ"),
    "ids for a terminal": (probe(contact_ids=["\x1b[2J", "a", "b", "c"]), "printable"),
    "long ids": (probe(contact_ids=["a" * 65, "a", "b", "c"]), "printable"),
    "shanks": (probe(shank_ids=["0"]), "'shank_ids'"),
    "units that are none": (probe(si_units=["um"]), "'si_units'"),
    "positions that are none": (probe(contact_positions=5), "'contact_positions'"),
    "positions of text": (probe(contact_positions=["ab"] * 4), "'contact_positions'"),
    "sizes that are none": (probe(contact_shape_params=[1] * 4), "the sizes of 4 contacts"),
    "few sizes": (probe(contact_shape_params=[{"radius": 1}] * 3), "the sizes of 4 contacts"),
    "few shapes": (probe(contact_shapes=["circle"] * 3), "4 of circle, square, rect"),
    "annotations of contacts that are none": (probe(contact_annotations=[1]), "'contact_annotations'"),
    "axes of one number": (probe(contact_plane_axes=[[[1], [0]]] * 4), "'contact_plane_axes'"),
    "wiring below none": (probe(device_channel_indices=[0, 1, 2, -2]), "'device_channel_indices'"),
    "a place too far": (probe(1, contact_positions=[[0, 1.1e15]]), "'contact_positions'"),
    "a contact too large": (probe(1, contact_shape_params=[{"radius": 1.1e15}]), "radius of a circle"),
    "wiring of other length": (probe(device_channel_indices=[0]), "'device_channel_indices'"),
    "wiring that is no number": (probe(device_channel_indices=[0, 1, 2, True]), "'device_channel_indices'"),
    "wiring to one channel": (probe(device_channel_indices=[0, 0, 1, 2]), "each of one contact"),
    "wiring with a gap": (probe(device_channel_indices=[0, 1, 2, 4]), "each of one contact"),
    "wiring to nothing": (probe(device_channel_indices=[-1] * 4), "each of one contact"),
    "annotations": (probe(annotations=[1]), "'annotations'"),
    "annotations of few contacts": (probe(contact_annotations={"a": [1]}), "'contact_annotations'"),
    "nested annotations": (probe(contact_annotations={"a": [[1]] * 4}), "'contact_annotations'"),
    "ids of probes": ({"probes": [probe()], "probe_ids": ["a", "b"]}, "'probe_ids'"),
    "an order": ({"probes": [probe()], "global_contact_order": [0, 1, 2, 2]}, "'global_contact_order'"),
}


@pytest.mark.parametrize(("content", "message"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_probe_is_an_error(content, message):
    """Anything else than the form is an error that names the key, never one of NumPy's or Python's."""
    content = {"probes": [content]} if isinstance(content, dict) and "contact_positions" in content else content
    with pytest.raises(MockSessionError, match=message):
        ContactMap.from_dict(content)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}], ids=["nan", "inf", "object", "set"])
def test_what_json_cannot_hold_is_an_error(value):
    """So is a value that JSON has no form for, wherever it stands."""
    with pytest.raises(MockSessionError, match="values that JSON can hold"):
        ContactMap.from_dict({"probes": [probe(annotations={"a": value})]})


def test_a_form_within_itself_is_an_error():
    """A dict that holds itself ends, in an error."""
    noted = probe(annotations={})
    noted["annotations"]["self"] = noted
    with pytest.raises(MockSessionError, match="values that JSON can hold"):
        ContactMap.from_dict({"probes": [noted]})


def test_microwires():
    """Microwires lie where `contact_positions` says, a shank a bundle, each called by its channel."""
    contacts = microwires([9, 3, 12])
    np.testing.assert_array_equal(contacts.positions, contact_positions([9, 3, 12]))
    assert contacts.contact_ids == ("CSC9", "CSC3", "CSC12")
    assert contacts.shank_ids == ("01", "00", "01")
    assert microwires([900]).shank_ids == ("112",)
    places = [[40, 0], [28.284, 28.284], [0, 40], [1040, 0], [1000, 40], [112_000, 40]]  # bundles are 1 mm apart
    assert contact_positions([1, 2, 3, 9, 11, 899]).tolist() == places
    assert contacts.to_dict()["probes"][0]["contact_shape_params"] == [{"radius": 10.0}] * 3


def test_numbers_of_channels():
    """Channels called CSCk have numbers if all are called so, each by one of its own; no channels have none."""
    assert csc_numbers(["CSC3", "CSC12"]) == [3, 12]
    for ids in (["CSC3", "CSC3"], ["CSC3", "AP1"], ["AP1"], ["CSC0x1"]):
        assert not csc_numbers(ids)


def test_which_contacts_are_microwires():
    """Those that lie where microwires do, each called by its channel; others that are called so are none."""
    assert microwire_numbers(microwires([9, 3, 12])) == [9, 3, 12]
    for ids, places in ((["CSC1", "CSC2"], [[0, 0], [0, 20]]), (["a", "b"], contact_positions([1, 2]).tolist())):
        assert (
            microwire_numbers(ContactMap.of_probes(make_probe(places, ("circle", {"radius": 10.0}), ids=ids))) is None
        )


def test_what_is_assumed_of_channels():
    """Channels at locations are on no shank; CSCk without any are microwires; of others nothing is known."""
    places = np.array([[0.0, 0.0], [0.0, 25.0]])
    assert assumed_contacts(["a", "b"], places).shank_ids == ("", "")
    assert assumed_contacts(["CSC2", "CSC1"]) == microwires([2, 1])
    assert assumed_contacts(["CSC2", "CSC1"], contact_positions([2, 1])) == microwires([2, 1])
    assert assumed_contacts(["a", "b"]) is None
    assert assumed_contacts(["a", "b"], places * 0) is None
