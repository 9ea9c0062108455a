"""SpikeInterface's recording page on a mock session: what it does, in its order.

The page's `recording` is the session's here. Two of its names have gone from SpikeInterface
since: `load_extractor` comes from mockrawio.interop.spikeinterface, `channel_slice` is a method of
our recordings; and `set_probe` returns nothing there, but the recording here.
"""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from pprint import pformat

import matplotlib as mpl
import numpy as np
import pytest
import spikeinterface.extractors as se
from probeinterface import generate_linear_probe
from spikeinterface import ChannelSliceRecording
from spikeinterface.core.testing import check_recordings_equal

from mockrawio.interop.spikeinterface import load_extractor, read_mocksession

# SpikeInterface's own write_binary leaves the files that it wrote to be closed by the collector.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings(r"ignore:unclosed file .*\.raw:ResourceWarning")]


@pytest.fixture
def recording(two, tmp_path, monkeypatch):
    """The recording of a session of two segments; files are written where the test runs."""
    monkeypatch.chdir(tmp_path)
    return read_mocksession(two)


@pytest.fixture
def written(recording):
    """`recording2`: the recording, written and read back."""
    file_paths = ["traces0.raw", "traces1.raw"]
    se.BinaryRecordingExtractor.write_recording(recording, file_paths, progress_bar=False)
    return se.BinaryRecordingExtractor(
        file_paths=file_paths,
        sampling_frequency=recording.sampling_frequency,
        num_channels=recording.get_num_channels(),
        dtype=recording.dtype,
    )


def test_pretty_print(recording):
    """Printing a recording summarises its content, segment by segment."""
    lines = str(recording).splitlines()
    assert lines[0] == "MockSessionRecordingExtractor: 16 channels - 32.0kHz - 2 segments - 24,000 samples "
    assert lines[1].split() == ["0.75s", "(750.00", "ms)", "-", "int16", "dtype", "-", "750.00", "KiB"]
    assert lines[3].split() == ["Samples:", "16,000", "|", "8,000"]


def test_properties(recording):
    """What the page prints is what the session has."""
    assert len(recording.get_channel_ids()) == 16
    assert recording.get_sampling_frequency() == 32_000.0
    assert recording.get_num_segments() == 2
    assert recording.get_num_frames(segment_index=0) == 16_000
    assert recording.get_num_frames(segment_index=1) == 8000


@pytest.mark.parametrize("own", [False, True])
def test_probe(recording, own):
    """A linear probe is generated, wired, set and plotted; the session's own is plotted as well."""
    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from probeinterface.plotting import plot_probe

    probe = recording.get_probe()
    if not own:
        probe = generate_linear_probe(
            num_elec=16, ypitch=20, contact_shapes="circle", contact_shape_params={"radius": 6}
        )
        probe.set_device_channel_indices(np.arange(16))
        recording = recording.set_probe(probe)
        assert recording.get_probe() == probe
        np.testing.assert_array_equal(recording.get_channel_locations()[:, 1], 20 * np.arange(16))
    contacts, _ = plot_probe(probe)
    assert len(contacts.get_paths()) == 16
    plt.close("all")


def test_write_and_read(recording, written):
    """A binary copy, one file a segment, is read back lazily with the same samples."""
    assert str(written).startswith("BinaryRecordingExtractor: 16 channels - 32.0kHz - 2 segments - 24,000 samples")
    for segment in range(2):
        np.testing.assert_array_equal(written.get_traces(segment), recording.get_traces(segment))


def test_traces_on_demand(recording, written):
    """A whole segment and a part of one come out in the shapes that the page prints."""
    for one in (recording, written):
        assert one.get_traces(segment_index=0).shape == (16_000, 16)
        assert one.get_traces(segment_index=1, end_frame=50).shape == (50, 16)


def test_channel_ids(recording, two):
    """Ids are text, those of the session or others; they choose channels."""
    assert recording.get_channel_ids()[:3].tolist() == ["CSC1", "CSC2", "CSC3"]
    traces = [recording.get_traces(segment_index=k) for k in range(2)]
    renamed = se.NumpyRecording(traces_list=traces, sampling_frequency=32_000.0, channel_ids=list("abcdefghijklmnop"))
    part = recording.get_traces(segment_index=1, end_frame=50, channel_ids=["CSC1", "CSC4"])
    assert part.shape == (50, 2)
    np.testing.assert_array_equal(part, renamed.get_traces(segment_index=1, end_frame=50, channel_ids=["a", "d"]))


def test_channel_slice(recording):
    """A slice of channels is the same by the method and by the class, and by SpikeInterface's new method."""
    ids = ["CSC1", "CSC3", "CSC12"]
    sliced = recording.channel_slice(channel_ids=ids)
    assert str(sliced).startswith("ChannelSliceRecording: 3 channels - 32.0kHz - 2 segments")
    assert sliced.get_channel_ids().tolist() == ids
    for other in (ChannelSliceRecording(recording, channel_ids=ids), recording.select_channels(ids)):
        check_recordings_equal(sliced, other, check_annotations=True, check_properties=True)
    assert sliced.get_property("group").tolist() == [0, 0, 1]


def test_split_by_group(recording):
    """The recording splits into its bundles, and into groups that are set by hand."""
    recordings = recording.split_by(property="group")
    assert [recordings[k].get_channel_ids().tolist() for k in (0, 1)] == [
        [f"CSC{k}" for k in range(1, 9)],
        [f"CSC{k}" for k in range(9, 17)],
    ]
    assert "0: ChannelSliceRecording: 8 channels" in str(recordings)
    for k, part in recordings.items():
        assert part.get_probe().get_shank_count() == 1
        np.testing.assert_array_equal(
            part.get_channel_locations(), recording.get_channel_locations()[8 * k : 8 * k + 8]
        )
    recording.set_property("group", [0, 0, 0, 1, 1, 1, 2] + [3] * 9)
    assert [part.get_num_channels() for part in recording.split_by("group").values()] == [3, 3, 1, 9]


@pytest.mark.parametrize("which", ["recording", "written"])
def test_dump(which, request):
    """To a dict, to JSON and to a pickle, and back; none of them holds samples."""
    recording = request.getfixturevalue(which)
    d = recording.to_dict()
    assert recording.__class__.__name__ in pformat(d)
    check_recordings_equal(recording, load_extractor(d), return_in_uV=False)
    for name in ("my_recording.json", "my_recording.pkl"):
        recording.dump(name)
        assert os.path.getsize(name) < recording.get_total_memory_size() / 10
        check_recordings_equal(recording, load_extractor(name), return_in_uV=False)
    assert json.loads(Path("my_recording.json").read_text("utf-8"))["relative_paths"] is False
    check_recordings_equal(recording, pickle.loads(pickle.dumps(recording)), return_in_uV=False)


def test_save(recording, capfd):
    """Saving copies the samples, with a progress bar; the folder loads again."""
    recording.save(folder="./my_recording", progress_bar=True, n_jobs=1, chunk_size=4000, verbose=True)
    printed = capfd.readouterr()
    assert "write_binary" in printed.err
    assert "100%" in printed.err
    files = os.listdir("./my_recording")
    assert {"binary.json", "si_folder.json", "traces_cached_seg0.raw", "traces_cached_seg1.raw"} <= set(files)
    cached = load_extractor("./my_recording")
    check_recordings_equal(recording, cached, check_annotations=True, check_properties=True)
    assert cached.get_probe() == recording.get_probe()
