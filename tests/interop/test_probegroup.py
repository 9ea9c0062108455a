"""Probes through a session: from ProbeInterface into the stream's description, to Neo, and back to SpikeInterface."""

from __future__ import annotations

import json

import numpy as np
import pytest
from probeinterface import Probe, ProbeGroup, generate_linear_probe, generate_multi_shank, generate_tetrode
from spikeinterface.core import NumpyRecording, aggregate_channels
from spikeinterface.core import load as load_extractor

from mockrawio import MockSessionError, MockSessionIO, MockSessionRawIO, write_session
from mockrawio.hybrid.session_source import open_session
from mockrawio.interop.probe import probegroup_of, session_probe
from mockrawio.interop.spikeinterface import MockSessionRecordingExtractor, MockSessionSortingExtractor
from mockrawio.session.probe import ContactMap
from tests.handmade import T0, Handmade


def group_of(*probes, wiring=None):
    """Return probes as a group, wired in order if not said otherwise."""
    group = ProbeGroup()
    for probe in probes:
        group.add_probe(probe)
    n = group.get_contact_count()
    group.set_global_device_channel_indices(np.arange(n) if wiring is None else wiring)
    return group


def one_probe():
    """A column of 8 contacts with everything that a probe can say."""
    probe = generate_linear_probe(8, ypitch=25)
    probe.name, probe.manufacturer, probe.model_name, probe.serial_number = "mine", "me", "M1", "007"
    probe.annotate(depth_um=1500, tips=[[0.0, -80.5]], note={"drawn": True})
    probe.annotate_contacts(impedance=np.linspace(0.1, 0.8, 8), good=np.arange(8) % 2 == 0, label=list("abcdefgh"))
    return group_of(probe)


def four_shanks():
    """Four shanks of two columns."""
    return group_of(generate_multi_shank(4, [250, 0], num_columns=2, num_contact_per_column=4))


def two_probes():
    """A tetrode beside a column of squares, which have the same contact ids."""
    other = generate_linear_probe(6, contact_shapes="square", contact_shape_params={"width": 12})
    other.move([400, 0])
    return group_of(generate_tetrode(), other)


def interleaved():
    """Two probes whose contacts alternate in the columns."""
    group = two_probes()
    group.set_global_device_channel_indices([0, 3, 5, 9, 1, 2, 4, 6, 7, 8])
    return group


def in_space():
    """Contacts on the wall of a cylinder, each facing outwards."""
    angles = np.arange(8) * np.pi / 4
    out = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    probe = Probe(ndim=3, si_units="um")
    axes = np.stack([np.stack([-out[:, 1], out[:, 0], out[:, 2]], axis=1), np.tile([0.0, 0.0, 1.0], (8, 1))], axis=1)
    places = out * 100 + np.arange(8)[:, None] * [0, 0, 50]
    probe.set_contacts(places, shapes="rect", shape_params={"width": 8, "height": 20}, plane_axes=axes)
    return group_of(probe)


def permuted():
    """One probe, wired out of order."""
    return group_of(generate_linear_probe(8), wiring=[3, 0, 7, 1, 2, 6, 5, 4])


def partly_connected():
    """One probe, five of whose eight contacts are recorded."""
    return group_of(generate_linear_probe(8), wiring=[3, -1, 0, 1, -1, 2, 4, -1])


def two_sides():
    """A probe with contacts on both of its sides."""
    probe = Probe(ndim=2)
    places = np.tile([[0.0, 0.0], [0.0, 30.0], [0.0, 60.0]], (2, 1))
    probe.set_contacts(places, shapes="circle", shape_params={"radius": 6}, contact_sides=["front"] * 3 + ["back"] * 3)
    return group_of(probe)


GROUPS = [one_probe, four_shanks, two_probes, interleaved, in_space, permuted, partly_connected, two_sides]


def recording_of(group):
    """Return a recording that has the probes of a group."""
    n = int((group.get_global_device_channel_indices()["device_channel_indices"] >= 0).sum())
    traces = np.arange(100 * n, dtype=np.int16).reshape(100, n)
    recording = NumpyRecording([traces], sampling_frequency=30000.0, channel_ids=[f"AP{k}" for k in range(n)])
    recording.set_channel_gains(1.0)
    recording.set_channel_offsets(0.0)
    recording.set_probegroup(group)
    return recording


def plain(group):
    """Return a group as plain values, which can be compared."""
    return ContactMap.from_dict(group.to_dict()).to_dict()


def assert_equal(group, other):
    """Hold that two groups are equal: probe by probe as ProbeInterface compares them, and in all that they say."""
    assert group.probe_ids == other.probe_ids
    assert len(group.probes) == len(other.probes)
    assert all(one == two for one, two in zip(group.probes, other.probes, strict=True))
    np.testing.assert_array_equal(group.get_global_contact_positions(), other.get_global_contact_positions())
    np.testing.assert_array_equal(group.to_numpy(complete=True), other.to_numpy(complete=True))
    assert plain(group) == plain(other)


@pytest.fixture(params=GROUPS, ids=lambda make: make.__name__)
def written(request, tmp_path):
    """A recording with one of the groups, and the session that it was written into."""
    recording = recording_of(request.param())
    return recording, write_session(recording=recording, folder=tmp_path / "session_1")


def test_the_group_comes_back(written):
    """What ``get_probegroup()`` was, it is again: ids, shapes, shanks, sides, wiring, outlines, annotations."""
    recording, folder = written
    again = MockSessionRecordingExtractor(folder)
    assert_equal(again.get_probegroup(), recording.get_probegroup())
    assert again.get_property("group").tolist() == recording.get_property("group").tolist()
    np.testing.assert_array_equal(again.get_channel_locations(), recording.get_channel_locations())
    np.testing.assert_array_equal(again.get_traces(), recording.get_traces())


def test_the_group_comes_back_from_json_and_on_again(written, tmp_path):
    """So it does through SpikeInterface's own files, and through a second session."""
    recording, folder = written
    first = MockSessionRecordingExtractor(folder)
    first.dump(tmp_path / "recording.json")
    loaded = load_extractor(tmp_path / "recording.json")
    assert_equal(loaded.get_probegroup(), recording.get_probegroup())
    second = MockSessionRecordingExtractor(write_session(recording=first, folder=tmp_path / "session_2"))
    assert_equal(second.get_probegroup(), recording.get_probegroup())


def test_the_reader_says_where_channels_are(written):
    """The reader's contacts, locations and array annotations are those of the group, channel by channel."""
    recording, folder = written
    table = recording.get_probegroup().to_numpy()
    axes = [axis for axis in "xyz" if axis in table.dtype.names]
    places = np.stack([table[axis] for axis in axes], axis=1)
    with MockSessionRawIO(folder) as reader:
        stream, noted = reader.stream(0), reader.raw_annotations["blocks"][0]["segments"][0]["signals"][0]
        contacts, arrays = stream.probe(), noted["__array_annotations__"]
    np.testing.assert_array_equal(contacts.positions, places)
    np.testing.assert_array_equal(stream.locations(), places)
    assert contacts.contact_ids == tuple(table["contact_ids"])
    for axis in range(len(axes)):
        np.testing.assert_array_equal(arrays[f"channel_location_{axis}"], places[:, axis])
    assert arrays["contact_ids"].tolist() == table["contact_ids"].tolist()
    assert arrays["bundles"].tolist() == contacts.shanks.tolist() == recording.get_property("group").tolist()
    shanks = table["shank_ids"] if "shank_ids" in table.dtype.names else [""] * len(table)
    assert arrays["shank_ids"].tolist() == list(shanks)


def test_neo_objects_have_the_annotations(tmp_path):
    """An AnalogSignal, and a slice of its channels, say where each of them is."""
    folder = write_session(recording=recording_of(four_shanks()), folder=tmp_path / "session_1")
    (signal,) = MockSessionIO(folder).read_block().segments[0].analogsignals
    some = signal[:, 8:12].array_annotations
    assert some["shank_ids"].tolist() == ["1"] * 4
    assert some["channel_location_0"].tolist() == [250.0] * 4


def test_contacts_that_are_not_recorded(tmp_path):
    """A description may have contacts without a column; SpikeInterface has the others in the order of columns."""
    group = partly_connected()
    contacts = ContactMap.from_dict(group.to_dict())
    made = Handmade(tmp_path / "session_1")
    made.stream(samples=np.zeros((50, 5), np.int16), **contacts.description())
    recording = MockSessionRecordingExtractor(made.folder)
    assert_equal(recording.get_probegroup(), recording_of(group).get_probegroup())
    with MockSessionRawIO(made.folder) as reader:
        assert_equal(probegroup_of(reader.stream(0).probe()), group)


def test_lfp_is_of_the_same_contacts(tmp_path):
    """LFP channels are at the contacts that the stream with the probe has under their ids."""
    made = Handmade(tmp_path / "session_1")
    contacts = ContactMap.from_dict(permuted().to_dict())
    made.stream(samples=np.zeros((50, 8), np.int16), **contacts.description())
    for channel in (2, 7):
        made.lfp(channel)
    recording = MockSessionRecordingExtractor(made.folder, stream_id="lfp")
    np.testing.assert_array_equal(recording.get_channel_locations(), contacts.positions[[1, 6]])
    assert recording.get_probe().contact_ids.tolist() == [contacts.contact_ids[1], contacts.contact_ids[6]]
    with MockSessionRawIO(made.folder) as reader:
        arrays = reader.raw_annotations["blocks"][0]["segments"][0]["signals"][0]["__array_annotations__"]
        assert reader.stream(0).locations() is None
    assert arrays["channel_location_1"].tolist() == contacts.positions[[1, 6], 1].tolist()


def test_units_are_in_the_groups_of_their_channels(tmp_path):
    """A unit's group, and its Neo annotation `bundle`, are the shank of its channel."""
    made = Handmade(tmp_path / "session_1")
    contacts = ContactMap.from_dict(four_shanks().to_dict())
    made.stream(samples=np.zeros((1600, 32), np.int16), **contacts.description())
    for channel in (3, 12, 30):
        made.unit(f"CSC{channel}_SU1", times=np.array([T0 + 1.0]))
    sorting, recording = MockSessionSortingExtractor(made.folder), MockSessionRecordingExtractor(made.folder)
    assert sorting.get_property("group").tolist() == recording.get_property("group")[[2, 11, 29]].tolist() == [0, 1, 3]
    with MockSessionRawIO(made.folder) as reader:
        facts = reader.raw_annotations["blocks"][0]["segments"][0]["spikes"]
    assert [unit["bundle"] for unit in facts] == [0, 1, 3]


def test_a_hybrid_run_takes_the_streams_own_places(tmp_path):
    """A session as the source of a hybrid run has its contacts where its probe has them, in the columns' order."""
    made = Handmade(tmp_path / "session_1")
    contacts = ContactMap.from_dict(permuted().to_dict())
    made.stream(samples=np.zeros((1600, 8), np.int16), probe=contacts.to_dict())
    made.unit("CSC3_SU1", times=np.array([T0 + 1.0]))
    np.testing.assert_array_equal(open_session(made.folder).probe.channel_positions, contacts.positions)


def test_the_probe_of_a_session(tmp_path):
    """`session_probe` is the probe that was written; of several it says how to have them."""
    folder = write_session(recording=recording_of(one_probe()), folder=tmp_path / "session_1")
    assert session_probe(folder) == one_probe().probes[0]
    folder = write_session(recording=recording_of(two_probes()), folder=tmp_path / "session_2")
    with pytest.raises(MockSessionError, match=r"one probe; found 2 of them. Take get_probegroup\(\) of"):
        session_probe(folder)


def test_probes_that_overlap(tmp_path):
    """Recordings put side by side from one probe, whose probes overlap, are written and read."""
    halves = recording_of(one_probe()).split_by("label" if False else "group")
    recording = aggregate_channels(
        [recording_of(one_probe()).select_channels(ids) for ids in (["AP0", "AP7"], ["AP3"])]
    )
    assert len(halves) == 1
    again = MockSessionRecordingExtractor(write_session(recording=recording, folder=tmp_path / "session_1"))
    assert_equal(again.get_probegroup(), recording.get_probegroup())


def test_annotations_that_json_cannot_hold(tmp_path):
    """They are left out, which a warning says, and the probe is written."""
    group = one_probe()
    group.probes[0].annotate(when=np.datetime64("2022-07-01"))
    group.probes[0].annotate_contacts(impedance=np.full(8, np.nan))
    recording = recording_of(group)
    with pytest.warns(UserWarning, match="JSON cannot hold are left out: (when|impedance)"):
        folder = write_session(recording=recording, folder=tmp_path / "session_1")
    (again,) = MockSessionRecordingExtractor(folder).get_probegroup().probes
    assert again.annotations.keys() == group.probes[0].annotations.keys() - {"when"}
    assert again.contact_annotations.keys() == {"good", "label"}


def test_annotations_that_probeinterface_refuses(tmp_path):
    """What only ProbeInterface finds wrong is an error that says where it stands."""
    content = ContactMap.from_dict(one_probe().to_dict()).to_dict()
    content["probes"][0]["annotations"]["first_index"] = 5
    made = Handmade(tmp_path / "session_1")
    made.stream(samples=np.zeros((50, 8), np.int16), probe=content)
    with pytest.raises(MockSessionError, match="one that ProbeInterface takes"):
        MockSessionRecordingExtractor(made.folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probe": []}, "'probe' as a dict"),
        ({"probe": {"probes": [{"ndim": 7}]}}, r"'probe' in ProbeInterface's form, probes\[0\]\['ndim'\] as 2 or 3"),
        ({"probe": ContactMap.from_dict(one_probe().to_dict()).to_dict()}, "'probe' with a contact for each of 3 ch"),
        ({"locations": [[0, 0], [0, 20], [0, 41]]}, "'locations' that are those of 'probe'"),
        ({"locations": [[0, 0, 0]] * 3}, "'locations' that are those of 'probe'"),
    ],
)
def test_descriptions_that_are_wrong(change, message, tmp_path):
    """A probe that is none, is of other channels, or is elsewhere than `locations` is an error of that file."""
    made = Handmade(tmp_path / "session_1")
    path = made.stream(**ContactMap.from_dict(group_of(generate_linear_probe(3)).to_dict()).description())
    json_path = path.with_suffix(".json")
    json_path.write_text(json.dumps({**json.loads(json_path.read_text()), **change}))
    with pytest.raises(MockSessionError, match=rf"broadband\.json: expected {message}"):
        MockSessionRawIO(made.folder).parse_header()
