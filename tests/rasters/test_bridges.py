"""Rasters to and from sessions and Neo: the same spikes on both sides."""

from __future__ import annotations

import json
import sys

import h5py
import neo
import numpy as np
import pytest
import quantities as pq

from mockrawio import MockSessionRawIO, SessionSpec, generate_session, truth
from mockrawio.generate import EpiphyteUnits, Units
from mockrawio.ground.errors import BadFileError, MockSessionError, NotASessionError
from mockrawio.rasters import Raster, read_sonata, write_sonata
from mockrawio.rasters.bridges import from_spiketrains, session_raster, session_to_sonata, to_spiketrains
from mockrawio.session.layout import MANIFEST
from mockrawio.verify import verify_session

STAMP_MS = 2.0**-12  # how far apart float64 are at today's ms since the Unix epoch


def spaced(n_spikes=600, ids=range(3, 9), stop_ms=9000.0, seed=0):
    """Return a raster of spikes that leave each other 3 ms, well within `stop_ms`."""
    rng = np.random.default_rng(seed)
    times = 50 + np.arange(n_spikes) * (stop_ms - 100) / n_spikes + rng.uniform(0, 3, n_spikes)
    nodes = np.arange(n_spikes) % len(ids) + ids.start
    return Raster(times, nodes.astype(np.uint64), stop_ms, {"all": ids})


@pytest.fixture
def source(tmp_path):
    """A SONATA file and its raster."""
    raster = spaced()
    return write_sonata(tmp_path / "spikes.h5", raster), raster


def manifest(folder):
    """Return a session's manifest."""
    return json.loads((folder / MANIFEST).read_text())


def trains(folder):
    """Return what a session's units have, by the node ids in its manifest, ms from its first sample."""
    nodes = manifest(folder)["spikes"]["node_ids"]
    return {nodes[name]: times - session_start(folder) for name, times in stamps(folder).items()}


def stamps(folder):
    """Return the ms since the Unix epoch that every unit has, by its id."""
    with MockSessionRawIO(dirname=folder) as reader:
        reader.parse_header()
        n_segments = reader.segment_count(0)
        return {
            name: np.concatenate([reader.get_spike_timestamps(0, k, unit) for k in range(n_segments)])
            for unit, name in enumerate(reader.header["spike_channels"]["id"].tolist())
        }


def session_start(folder):
    """Return the ms since the Unix epoch of a session's first sample."""
    return float(np.load(folder / "lfp_data" / "CSC1_lfp.npy", allow_pickle=True).item()["ts"][0])


def test_a_file_as_the_spikes_of_a_session(source, tmp_path):
    """Each node is a unit and has its spikes, as near as stamps are to each other; the session is whole."""
    path, raster = source
    folder = generate_session(SessionSpec.tiny(spikes=path, seed=1), tmp_path)
    found = trains(folder)
    assert sorted(found) == list(range(3, 9))
    for node, times in found.items():
        np.testing.assert_allclose(times, raster.times_ms[raster.node_ids == node], rtol=0, atol=STAMP_MS / 2)
    assert verify_session(folder, False).ok


def test_the_manifest_says_which_file(source, tmp_path):
    """It has the file's path and SHA-256, and makes the same bytes again; with another file it does not."""
    path, _ = source
    folder = generate_session(SessionSpec.tiny(spikes=path, seed=1), tmp_path / "one")
    spec = SessionSpec.from_dict(manifest(folder)["spec"])
    assert spec.spikes == str(path)
    again = generate_session(spec, tmp_path / "two", n_workers=2)
    assert verify_session(again, False).ok
    assert manifest(again) == manifest(folder)
    write_sonata(path, spaced(seed=2), overwrite=True)
    with pytest.raises(BadFileError, match="SHA-256"):
        generate_session(spec, tmp_path / "three")
    path.unlink()
    with pytest.raises(BadFileError, match="SONATA"):
        generate_session(spec, tmp_path / "three")


def test_one_rule_for_times_before_0(tmp_path):
    """A spike before 0 is refused by whatever reads the file, as a raster or as the spikes of a session."""
    path, _ = source_of_times(tmp_path, [-2.5, 3.0])
    with pytest.raises(MockSessionError, match="times from 0"):
        read_sonata(path)
    with pytest.raises(MockSessionError, match="finite times from 0 in spikes.*-2.5.*Remove these spikes"):
        generate_session(SessionSpec.tiny(spikes=path, seed=1), tmp_path)


def source_of_times(tmp_path, times):
    """Write spikes at these times, which a raster of ours could not hold."""
    path, raster = tmp_path / "spikes.h5", Raster(np.abs(times), np.arange(len(times)), 10.0)
    write_sonata(path, raster, sorting="none")
    with h5py.File(path, "r+") as file:
        file["spikes/default/timestamps"][...] = times
    return path, raster


def test_sessions_that_draw_their_spikes_say_nothing_of_files(tmp_path):
    """Their manifest says nothing of dropped spikes and nodes, and their spec names no file."""
    said = manifest(generate_session(SessionSpec.tiny(seed=0), tmp_path))
    assert "spikes" not in said
    assert said["spec"]["spikes"] is said["spec"]["spikes_sha256"] is None


@pytest.mark.parametrize("jitter", [True, False])
def test_broadband(source, tmp_path, jitter):
    """The spikes stand in the stream, count for count, within half a step of the jitter, or of a sample."""
    path, raster = source
    spec = SessionSpec.broadband(spikes=path, duration_s=9.0, units=Units(jitter=jitter), seed=1)
    folder = generate_session(spec, tmp_path)
    known = truth(folder)
    nodes = manifest(folder)["spikes"]["node_ids"]
    assert sorted(nodes.values()) == list(range(3, 9))
    for name, unit in known.units.items():
        times = raster.times_ms[raster.node_ids == nodes[name]]
        off = unit.times_ms() - known.plan.start_ms - times
        assert abs(off).max() <= (1 / 512 if jitter else 1 / 64) + STAMP_MS
        assert abs(off).max() > (1 / 1024 if jitter else 1 / 128)
    with MockSessionRawIO(dirname=folder) as reader:
        reader.parse_header()
        recording = reader.get_analogsignal_chunk(0, 0, stream_index=1)
        left = recording.astype(np.int32) - known.background(0)
        assert np.array_equal(left, known.layer("spikes").read(0))
        assert left.any()
    assert verify_session(folder, False).ok


def test_overlapping_spikes_of_one_unit_do_not_wrap(tmp_path):
    """A hundred spikes of one unit on top of each other saturate the stream where they leave int16."""
    times = np.repeat(500.0, 100)
    path = write_sonata(tmp_path / "burst.h5", Raster(times, np.zeros(100, np.uint64), 1000.0))
    units = Units(snr=(100.0, 100.0), refractory_ms=0.0)
    folder = generate_session(SessionSpec.broadband(spikes=path, duration_s=1.0, units=units, seed=1), tmp_path)
    known = truth(folder)
    sums = known.summed(known.layers, 0)
    assert abs(sums).max() > 32767
    assert manifest(folder)["clipped"] == np.count_nonzero((sums > 32767) | (sums < -32768))
    with MockSessionRawIO(dirname=folder) as reader:
        reader.parse_header()
        recording = reader.get_analogsignal_chunk(0, 0, stream_index=1)
    assert np.array_equal(recording, np.clip(sums, -32768, 32767))


def test_spikes_without_room_are_left_out(tmp_path):
    """Those in gaps and past the end are, with a warning and a count; a node that keeps none is a unit still."""
    times = [0.0, 999.0, 1000.0, 1500.0, 2000.0, 2999.0, 3000.0, 1e9]
    path = write_sonata(tmp_path / "a.h5", Raster(times, np.arange(8, dtype=np.uint64), 4000.0))
    spec = SessionSpec.tiny(spikes=path, segments=(1.0, 1.0), gap_s=1.0, seed=1)
    with pytest.warns(UserWarning, match="in no recorded segment: 4$"):
        folder = generate_session(spec, tmp_path)
    assert manifest(folder)["spikes"]["dropped"] == 4
    found = trains(folder)
    assert {node: times.tolist() for node, times in found.items() if len(times)} == {
        0: [0.0],
        1: [999.0],
        4: [2000.0],
        5: [2999.0],
    }
    assert sorted(found) == list(range(8))


def test_broadband_spikes_may_be_anywhere_in_a_segment(tmp_path):
    """The first sample and the last may have one, with a waveform that is 0 beyond; half a sample later none does."""
    ticks = np.array([0, 3, 31_999, 31_999.51])
    path = write_sonata(tmp_path / "a.h5", Raster(ticks / 32, np.zeros(4, np.uint64), 1000.0))
    spec = SessionSpec.broadband(spikes=path, duration_s=1.0, units=Units(refractory_ms=0.0), seed=1)
    with pytest.warns(UserWarning, match="in no recorded segment: 1$"):
        folder = generate_session(spec, tmp_path)
    known = truth(folder)
    (unit,) = known.units.values()
    assert unit.frames().tolist() == [0, 3, 31_999]
    recorded = known.recording(0)[:, unit.peak_channel]
    waveforms = np.load(folder / f"spiking_data/{unit.id}.npy", allow_pickle=True).item()["spike_amps"]
    around = np.concatenate([np.zeros(19, np.int16), recorded, np.zeros(44, np.int16)])
    assert np.array_equal(waveforms, [around[frame : frame + 64] for frame in (0, 3, 31_999)])
    assert not waveforms[0, :19].any()
    assert not waveforms[2, 20:].any()


@pytest.mark.parametrize(
    "units", [Units(refractory_ms=0.0), EpiphyteUnits(refractory_ms=0.0)], ids=["ours", "Epiphyte's"]
)
def test_the_last_moment_of_a_session_without_a_stream(tmp_path, units):
    """A spike less than half a sample before the end keeps its stamp, and has a waveform as any other."""
    times = [0.0, 0.01, 999.99]
    path = write_sonata(tmp_path / "a.h5", Raster(times, np.zeros(3, np.uint64), 1000.0))
    folder = generate_session(SessionSpec.tiny(spikes=path, duration_s=1.0, units=units, seed=1), tmp_path)
    (file,) = (folder / "spiking_data").iterdir()
    assert np.load(file, allow_pickle=True).item()["spike_amps"].shape == (3, 64)
    np.testing.assert_allclose(trains(folder)[0], times, rtol=0, atol=STAMP_MS / 2)


def test_spikes_too_close(tmp_path):
    """They are kept; a warning counts those of one unit that are, unless refractory_ms expects them."""
    times, nodes = [100.0, 102.0, 101.0, 105.0], np.array([1, 1, 2, 1], np.uint64)
    path = write_sonata(tmp_path / "a.h5", Raster(times, nodes, 1000.0))
    says = "closer than 3 ms to the one before of their unit: 1; they are kept, and Units.refractory_ms=0 expects them"
    with pytest.warns(UserWarning, match=says):
        folder = generate_session(SessionSpec.tiny(spikes=path, seed=1), tmp_path / "one")
    assert manifest(folder)["spikes"]["closer_than_refractory"] == 1
    assert trains(folder)[1].tolist() == [100.0, 102.0, 105.0]
    generate_session(SessionSpec.tiny(spikes=path, units=Units(refractory_ms=0.0), seed=1), tmp_path / "two")


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"spikes": 3}, "spikes"),
        ({"n_units": 7, "spikes": "a.h5"}, "n_units"),
        ({"rate_hz": (1.0, 2.0), "spikes": "a.h5"}, "rate_hz"),
        ({"spikes_sha256": "0" * 64}, "spikes_sha256"),
        ({"spikes": "a.h5", "spikes_sha256": "0"}, "spikes_sha256"),
    ],
    ids=str,
)
def test_fields_that_do_not_go_together(fields, word):
    """What a file decides cannot be given beside it."""
    with pytest.raises(MockSessionError, match=f"SessionSpec.{word}: "):
        SessionSpec(**fields)


def broken(path, **datasets):
    """Write an HDF5 file with datasets of one population, and units where the key says so."""
    with h5py.File(path, "w") as file:
        group = file.create_group("spikes/default")
        for name, values in datasets.items():
            if name == "units":
                group["timestamps"].attrs["units"] = values
            else:
                group[name] = values
    return path


@pytest.mark.parametrize(
    ("datasets", "words"),
    [
        ({}, "timestamps"),
        ({"timestamps": [1.0]}, "node_ids"),
        ({"timestamps": [1.0], "node_ids": [1, 2]}, "as many"),
        ({"timestamps": [[1.0]], "node_ids": [[1]]}, "one dimension"),
        ({"timestamps": [np.nan], "node_ids": [1]}, "finite"),
        ({"timestamps": [1.0], "node_ids": [-1]}, "ids from 0"),
        ({"timestamps": [1.0], "node_ids": [0.5]}, "node_ids"),
        ({"timestamps": [1.0], "node_ids": [1], "units": "fortnights"}, "fortnights"),
    ],
    ids=str,
)
def test_files_that_are_no_source(datasets, words, tmp_path):
    """What is not as SONATA has it is an error that names the file."""
    path = broken(tmp_path / "a.h5", **datasets)
    with pytest.raises(BadFileError, match=words) as caught:
        generate_session(SessionSpec.tiny(spikes=path, seed=1), tmp_path)
    assert str(path) in str(caught.value)


def test_files_that_are_not_hdf5(tmp_path):
    """Nor is a file of another kind, or one of two populations."""
    path = tmp_path / "a.h5"
    path.write_text("spikes")
    with pytest.raises(BadFileError, match="SONATA"):
        generate_session(SessionSpec.tiny(spikes=path, seed=1), tmp_path)
    with h5py.File(path, "w") as file:
        file.create_group("spikes/a")
        file.create_group("spikes/b")
    with pytest.raises(BadFileError, match="2: a, b"):
        generate_session(SessionSpec.tiny(spikes=path, seed=1), tmp_path)


@pytest.mark.parametrize("make", [SessionSpec, SessionSpec.tiny, SessionSpec.broadband, SessionSpec.epiphyte])
def test_what_the_file_says_is_not_given(make, source):
    """Units and rates are refused with spikes of a file, also those that are the defaults without one."""
    default = make(seed=1).units
    for field, value in (("n_units", default.n or 10), ("rate_hz", default.rate_hz or (1.0, 2.0))):
        with pytest.raises(MockSessionError, match=f"SessionSpec.{field}: expected None where spikes come from a file"):
            make(spikes=source[0], seed=1, **{field: value})


def test_links_to_other_files(source, tmp_path):
    """Spikes that lie in another file are none that the SHA-256 of this one proves."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["spikes/default"] = h5py.ExternalLink(source[0], "/spikes/default")
    with pytest.raises(BadFileError, match="link to another file"):
        generate_session(SessionSpec.tiny(spikes=path, seed=1), tmp_path)


def test_without_h5py(source, tmp_path, monkeypatch):
    """Without h5py the error says what to install."""
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MockSessionError, match=r"pip install .*\[sonata\]'"):
        generate_session(SessionSpec.tiny(spikes=source[0], seed=1), tmp_path)


def test_seconds(tmp_path):
    """Files whose times are in seconds are taken as such."""
    path = broken(tmp_path / "a.h5", timestamps=[0.25, 1.5], node_ids=[1, 1], units="s")
    assert trains(generate_session(SessionSpec.tiny(spikes=path, seed=1), tmp_path))[1].tolist() == [250.0, 1500.0]


def test_a_session_as_sonata(tmp_path):
    """Node k is unit k, its times are those of the unit's file, gaps included; its name is a group's."""
    folder = generate_session(SessionSpec.tiny(segments=(6.0, 4.0), seed=3), tmp_path)
    raster = read_sonata(session_to_sonata(folder, tmp_path / "units.h5"))
    assert raster.duration_ms == 12_000.0
    found = stamps(folder)
    assert list(raster.groups) == list(found)
    for node, times in enumerate(found.values()):
        assert np.array_equal(raster.times_ms[raster.node_ids == node], times - session_start(folder))
    assert (np.diff(raster.times_ms) >= 0).all()


def test_there_and_back(source, tmp_path):
    """A file's spikes come back out of the session that was made of it."""
    path, raster = source
    folder = generate_session(SessionSpec.tiny(spikes=path, duration_s=9.0, seed=1), tmp_path)
    back = read_sonata(session_to_sonata(folder, tmp_path / "back.h5"))
    np.testing.assert_allclose(back.times_ms, raster.times_ms, rtol=0, atol=STAMP_MS / 2)
    names, nodes = list(back.groups), manifest(folder)["spikes"]["node_ids"]
    assert [nodes[names[node]] for node in back.node_ids.tolist()] == raster.node_ids.tolist()
    assert back.duration_ms == raster.duration_ms


def test_a_broadband_session_as_sonata(source, tmp_path):
    """The start is that of the stream where there is no LFP."""
    path, raster = source
    spec = SessionSpec.broadband(spikes=path, duration_s=9.0, n_lfp_channels=0, seed=1)
    found = session_raster(generate_session(spec, tmp_path))
    np.testing.assert_allclose(found.times_ms, raster.times_ms, rtol=0, atol=1 / 512 + STAMP_MS)


def test_units_alone(tmp_path, source):
    """Without samples the start is the session's clock, and the end just after the last spike."""
    folder = generate_session(
        SessionSpec.tiny(spikes=source[0], start_ms=1_400_000_000_000, n_lfp_channels=1, seed=1), tmp_path
    )
    (folder / "lfp_data" / "CSC1_lfp.npy").unlink()
    found = session_raster(folder)
    np.testing.assert_allclose(found.times_ms, source[1].times_ms, rtol=0, atol=STAMP_MS / 2)
    assert 0 < found.stop_ms - found.times_ms[-1] <= STAMP_MS
    (folder / "session_info.npy").unlink()
    assert session_raster(folder).times_ms[0] == 0


def test_no_session(tmp_path):
    """A folder that is no session is an error."""
    with pytest.raises(NotASessionError):
        session_raster(tmp_path)


def test_a_spike_before_the_first_sample(tmp_path):
    """It has no place in SONATA, and is an error that names its file."""
    folder = generate_session(SessionSpec.tiny(seed=3), tmp_path)
    path = next((folder / "spiking_data").iterdir())
    values = np.load(path, allow_pickle=True).item()
    values["spike_times"][0] -= 1e6
    np.save(path, np.array(values, dtype=object), allow_pickle=True)
    with pytest.raises(MockSessionError, match=path.name):
        session_raster(folder)


def test_spike_trains_and_back():
    """Neo's trains have the raster's times to the last bit, and give the same raster."""
    raster = Raster(
        [1 / 3, 0.1, 7.7, 2.5], np.array([5, 2, 2, 3], np.uint64), 10.0, {"a": range(2, 5), "b": range(5, 7)}
    )
    neos = to_spiketrains(raster)
    assert [train.annotations for train in neos] == [
        *({"node_id": node, "group": "a"} for node in (2, 3, 4)),
        *({"node_id": node, "group": "b"} for node in (5, 6)),
    ]
    assert [train.magnitude.tolist() for train in neos] == [[0.1, 7.7], [2.5], [], [1 / 3], []]
    assert all(isinstance(train, neo.SpikeTrain) and train.units == pq.ms and train.t_stop == 10 for train in neos)
    back = from_spiketrains(neos)
    expected = raster.sorted_by("time")
    assert np.array_equal(back.times_ms, expected.times_ms)
    assert np.array_equal(back.node_ids, expected.node_ids)
    assert (back.duration_ms, back.start_ms, back.groups) == (10.0, 0.0, raster.groups)


def test_spike_trains_without_groups():
    """Without groups the units that fired have trains; a later stretch keeps its start."""
    raster = Raster([6.0, 7.0], np.array([9, 4], np.uint64), 5.0, start_ms=5.0)
    neos = to_spiketrains(raster)
    assert [(train.annotations["node_id"], float(train.t_start), float(train.t_stop)) for train in neos] == [
        (4, 5.0, 10.0),
        (9, 5.0, 10.0),
    ]
    back = from_spiketrains(neos)
    assert (back.start_ms, back.duration_ms, back.groups) == (5.0, 5.0, {})
    assert to_spiketrains(Raster([], [], 1.0)) == []
    assert len(from_spiketrains([])) == 0


def test_trains_of_others():
    """Trains without ids are numbered in their order, and any unit of time becomes ms."""
    trains = [neo.SpikeTrain([1.0, 0.5] * pq.s, t_stop=2.0), neo.SpikeTrain([700.0] * pq.ms, t_stop=3000.0)]
    raster = from_spiketrains(trains)
    assert raster.times_ms.tolist() == [500.0, 700.0, 1000.0]
    assert raster.node_ids.tolist() == [0, 1, 0]
    assert raster.duration_ms == 3000.0


def test_groups_that_are_not_in_a_row():
    """A group with another's id between its own cannot be said by a range; there are no groups then."""
    trains = [neo.SpikeTrain([1.0] * pq.ms, t_stop=2.0, node_id=k, group="ab"[k % 2]) for k in range(3)]
    assert from_spiketrains(trains).groups == {}


@pytest.mark.parametrize(
    ("trains", "words"),
    [
        ([[1.0, 2.0]], "neo.SpikeTrain"),
        ([neo.SpikeTrain([1.0] * pq.ms, t_stop=2.0, node_id=3)] * 2, "twice"),
        ([neo.SpikeTrain([-1.0] * pq.ms, t_start=-2.0, t_stop=2.0)], "from 0"),
    ],
    ids=["a list", "an id twice", "before 0"],
)
def test_trains_that_make_no_raster(trains, words):
    """What is no train, an id that is there twice, and a spike before 0 are errors."""
    with pytest.raises(MockSessionError, match=words):
        from_spiketrains(trains)
