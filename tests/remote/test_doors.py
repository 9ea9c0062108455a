"""What else reads a session takes an address too: SpikeInterface, Dask, Neo's objects, commands, report and export."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from mockrawio import MockSessionIO, MockSessionRawIO
from mockrawio.cli import main
from mockrawio.describe import describe_session
from mockrawio.generate import generate_annotations
from mockrawio.verify import verify_session
from tests.remote.served import serving
from tests.remote.test_faults import SECRET
from tests.remote.test_http import address, same


def test_neo_objects(server, broadband):
    """Neo's objects of an address are those of the folder."""
    far, near = (
        MockSessionIO(place).read_block(lazy=False).segments[0] for place in (address(server, broadband), broadband)
    )
    np.testing.assert_array_equal(far.analogsignals[1], near.analogsignals[1])
    np.testing.assert_array_equal(far.spiketrains[0], near.spiketrains[0])


def test_another_file_system(broadband):
    """What fsspec knows by another name is read the same, such as its memory."""
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.put(str(broadband), "/kept/session_1", recursive=True)
    try:
        with MockSessionRawIO("memory://kept/session_1") as far, MockSessionRawIO(broadband) as near:
            same(far, near)
    finally:
        memory.rm("/kept", recursive=True)


@pytest.mark.slow
def test_a_virtual_session(mock_session):
    """A virtual session of an address is made where it is read; its manifest is all that is asked for."""
    folder = mock_session("broadband", virtual=True)
    with (
        serving(folder.parent) as server,
        MockSessionRawIO(address(server, folder)) as far,
        MockSessionRawIO(folder) as near,
    ):
        same(far, near)
        assert len(server.taken()) == 1


@pytest.mark.slow
def test_spikeinterface(server, broadband):
    """A recording and a sorting of an address are those of the folder; stored, they open again, and tell no secret."""
    interop = pytest.importorskip("mockrawio.interop.spikeinterface")
    place = f"{address(server, broadband)}?sig={SECRET}"
    how = {"storage_options": {"headers": {"X-Key": SECRET}}}
    far = interop.read_mocksession(place, load_sorting=True, **how)
    near = interop.read_mocksession(broadband, load_sorting=True)
    frames = {"start_frame": 100, "end_frame": 2000}
    np.testing.assert_array_equal(far[0].get_traces(**frames), near[0].get_traces(**frames))
    assert not far[0].is_binary_compatible()
    for unit in near[1].unit_ids:
        np.testing.assert_array_equal(far[1].get_unit_spike_train(unit), near[1].get_unit_spike_train(unit))
    stored = far[0].to_dict()
    assert SECRET not in json.dumps(stored, default=str)
    assert SECRET.encode() not in pickle.dumps(far[0])
    for again in (interop.load_extractor(stored), pickle.loads(pickle.dumps(far[0]))):
        np.testing.assert_array_equal(again.get_traces(**frames), near[0].get_traces(**frames))


@pytest.mark.slow
def test_dask(server, broadband):
    """A Dask array of an address is what the folder has, and so is one that was sent elsewhere."""
    pytest.importorskip("dask")
    from mockrawio.interop.dask import to_dask_array

    with MockSessionRawIO(address(server, broadband)) as far, MockSessionRawIO(broadband) as near:
        lazy = pickle.loads(pickle.dumps(to_dask_array(far, 1, chunks=(20_000, -1))))
        expected = near.get_analogsignal_chunk(stream_index=1)
        np.testing.assert_array_equal(lazy.compute(scheduler="threads", num_workers=2), expected)


def test_what_is_described(server, broadband):
    """A description of an address is that of the folder, but for the place."""
    far, near = describe_session(address(server, broadband)), describe_session(broadband)
    assert far.pop("folder") == address(server, broadband)
    near.pop("folder")
    assert far == near


@pytest.mark.slow
def test_the_commands(server, broadband, tmp_path):
    """``info``, ``verify``, ``report`` and ``export`` take an address."""
    place, run = address(server, broadband), CliRunner().invoke
    for command in (["info", place], ["verify", place], ["info", "--json", place], ["verify", "--json", place]):
        done = run(main, command)
        assert done.exit_code == 0, done.output
        assert place in done.output
    done = run(main, ["export", place, str(tmp_path / "rig"), "--to", "brainvision"])
    assert done.exit_code == 0, done.output
    done = run(main, ["info", f"{server.url}/nothing"])
    assert done.exit_code == 1
    assert "status 404" in done.output


@pytest.mark.slow
def test_a_report(server, broadband, tmp_path):
    """The report of an address is that of the folder."""
    pytest.importorskip("plotly")
    pytest.importorskip("jinja2")
    from mockrawio.report.html import write_report

    far, near = (tmp_path / name for name in ("far.html", "near.html"))
    done = CliRunner().invoke(main, ["report", address(server, broadband), "-o", str(far), "--no-verify"])
    assert done.exit_code == 0, done.output
    write_report(broadband, near, verify=False)
    assert far.read_text("utf-8") == near.read_text("utf-8")


@pytest.fixture(scope="module")
def labelled(mock_session, tmp_path_factory):
    """A folder with a session that has a movie, and the movie's annotations."""
    root = tmp_path_factory.mktemp("labelled")
    folder = shutil.copytree(mock_session("tiny"), root / "session_1")
    generate_annotations(root / "labels", stimulus_len=0.05, seed=1)
    return root, folder


def channels(place, labels, **how):
    """Return the names and the times of all events."""
    with MockSessionRawIO(place, labels_dir=labels, **how) as reader:
        names = reader.header["event_channels"]["name"].tolist()
        return {name: reader.get_event_timestamps(0, 0, k)[0].tolist() for k, name in enumerate(names)}


def test_annotations_of_an_address(labelled):
    """A folder of annotations may be an address too; it is opened by the options of the session's own server alone."""
    root, folder = labelled
    how = {"storage_options": {"headers": {"X-Key": SECRET}}}
    with serving(root) as server, serving(root) as other:
        near = channels(folder, root / "labels")
        assert len(near) > 5
        assert channels(address(server, folder), f"{server.url}/labels", **how) == near
        assert {one.headers.get("X-Key") for one in server.taken()} == {SECRET}
        assert channels(address(server, folder), f"{other.url}/labels", **how) == near
        assert {one.headers.get("X-Key") for one in other.taken()} == {None}
        assert channels(folder, f"{other.url}/labels") == near
        done = CliRunner().invoke(main, ["info", str(folder), "--labels", f"{other.url}/labels", "--json"])
        assert len(json.loads(done.stdout)["event_channels"]) == len(near)


def test_stored_annotations_of_an_address(labelled):
    """SpikeInterface's events store the address of annotations, and nothing that is secret in it."""
    interop = pytest.importorskip("mockrawio.interop.spikeinterface")
    root, folder = labelled
    with serving(root) as server:
        events = interop.MockSessionEventExtractor(folder, labels_dir=f"{server.url}/labels?sig={SECRET}")
        stored = events.to_dict()
        assert SECRET not in json.dumps(stored, default=str)
        assert interop.load_extractor(stored).channel_ids.tolist() == events.channel_ids.tolist()


def test_verify_finds_what_is_wrong(broadband, tmp_path):
    """Damage, a file that is gone, and an index that is not what a file says are found in an address too."""
    folder = Path(shutil.copytree(broadband, tmp_path / "session_1"))
    manifest = folder / "session_manifest.json"
    said = json.loads(manifest.read_text("ascii"))
    said.pop("manifest_sha256")  # which tells any change
    said["index"]["lfp_data/CSC1_lfp.npy"]["values"]["gain"] = 3.0
    manifest.write_text(json.dumps(said), "ascii")
    array = folder / "raw_data" / "broadband.npy"
    array.write_bytes(array.read_bytes()[:-1] + b"\x07")
    (folder / "lfp_data" / "CSC2_lfp.npy").unlink()
    with serving(tmp_path) as server:
        found = [verify_session(place) for place in (address(server, folder), folder)]
    for one in found:
        assert one.corrupt == ("raw_data/broadband.npy",)
        assert any("an 'index' that says" in problem and "CSC1_lfp" in problem for problem in one.problems)
    assert any("CSC2_lfp" in problem for problem in found[0].problems + found[0].unreadable)
    assert found[1].missing == ("lfp_data/CSC2_lfp.npy",)
