"""Axon's ABF2 files."""

from __future__ import annotations

import struct
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded, RecordedEvents, RecordedSpan
from mockrawio.formats.rig import rig_formats
from mockrawio.ground.errors import MockSessionError
from tests.exporting.drawn import recordings, tried
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny

FORMAT = rig_formats()["axon"]


def as_neo(recorded: Recorded) -> Recorded:
    """Return what Neo finds: all events in each segment, in one channel."""

    def read(k: int, low: Any, high: Any) -> Any:
        parts = [recorded.marks(k) for k in range(len(recorded.segments))]
        return np.concatenate([one.times for one in parts]), None, np.concatenate([one.labels for one in parts])

    return replace(recorded, events=(RecordedEvents("Tag", "Tag", False, lambda k: 0, read),))


proof = Proof("axon", ours=as_neo, label=lambda text: "1")


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads the fastest stream of every kind of session count for count, its segments and tags."""
    proof(sources[kind], tmp_path / "out")


@pytest.mark.at_length
@settings(max_examples=tried(12))
@given(recordings(widths=(1, 2, 5, 16)))
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width, number of segments and label comes back."""
    with tempfile.TemporaryDirectory() as folder:
        proof(recorded, Path(folder) / "out")


def test_labels(tmp_path: Path) -> None:
    """The labels are the tags' comments, in order of the segments and of time."""
    source = tiny()
    info = write_rig(source, tmp_path / "out", FORMAT).open()._axon_info
    found = [tag["sComment"].rstrip(b" ").decode("cp1252") for tag in info["listTag"]]
    assert found == [*source.marks(0).labels, *source.marks(1).labels]
    assert str(info["rec_datetime"]) == "2021-03-04 05:06:07"


def test_channels_of_their_own(tmp_path: Path) -> None:
    """Each channel has its gain, offset, unit and name; an empty name would hide the other strings."""
    stream = tiny().part(0).signals[0]
    rows = [("µ 1", -0.5, 3.5, "mV"), ("", 1e-9, 0.0, "V"), ("a\0\0b", 3.25, -7.0, "pA")]
    channels = tuple(
        one._replace(name=name, gain=gain, offset=offset, units=units)
        for one, (name, gain, offset, units) in zip(stream.channels, rows, strict=True)
    )
    exported = write_rig(tiny().part(0).only([replace(stream, channels=channels)]), tmp_path / "out", FORMAT)
    found = exported.open().header["signal_channels"]
    assert found["name"].tolist() == ["? 1", "IN 1", "a??b"]
    assert found["units"].tolist() == ["mV", "V", "pA"]
    np.testing.assert_allclose(found["gain"], [-0.5, 1e-9, 3.25], rtol=1e-6)
    np.testing.assert_allclose(found["offset"], [3.5, 0.0, -7.0], rtol=1e-6)
    assert sum(line.startswith("channel names:") for line in exported.left_out) == 2


def test_limits(tmp_path: Path) -> None:
    """More channels or samples than there is room for are refused, and a segment too late."""
    source = tiny().part(0)
    stream = source.signals[0]
    for wrong, said in (
        (replace(stream, channels=stream.channels * 6), "16 channels at most"),
        (replace(stream, sizes=(1 << 30,)), "2147483647 samples"),
        (replace(stream, t_starts=(1e6,)), r"within 2\*\*31 samples"),
    ):
        with pytest.raises(MockSessionError, match=said):
            write_rig(source.only([wrong]), tmp_path / "out", FORMAT)


def test_events_out_of_range(tmp_path: Path) -> None:
    """An event before 0 s is at 0 s, which is noted."""
    source = tiny().part(0)
    early = replace(source.events[0], read=lambda k, a, b: (np.array([-1.0]), None, np.array(["x"])))
    exported = write_rig(
        replace(source, events=(early,), segments=(RecordedSpan(-1.0, 0.05),)), tmp_path / "out", FORMAT
    )
    assert exported.open().get_event_timestamps(0, 0, 0, None, None)[0].tolist() == [0]
    assert any(line.startswith("times of events:") for line in exported.left_out)


def test_spikeinterface(tmp_path: Path) -> None:
    """SpikeInterface's extractor has the counts of each segment."""
    extractors = pytest.importorskip("spikeinterface.extractors")
    source = tiny()
    recording = extractors.read_axon(write_rig(source, tmp_path / "out", FORMAT).arguments()["filename"])
    for k in range(2):
        expected = source.signals[0].read(k, 0, source.signals[0].sizes[k])
        np.testing.assert_array_equal(recording.get_traces(segment_index=k), expected)


NEO = {"no-date": "reads it, with no date", "cut-file": "raises struct.error, as its tags are beyond the end"}


def test_faults(tmp_path: Path) -> None:
    """What Neo does with each fault is what the page says."""
    source = tiny().part(0)
    reader = write_rig(source, tmp_path / "a", FORMAT, fault="no-date").open()
    assert reader.raw_annotations["blocks"][0]["rec_datetime"] is None
    np.testing.assert_array_equal(
        reader.get_analogsignal_chunk(0, 0, None, None, 0), source.signals[0].read(0, 0, 1600)
    )
    with pytest.raises(struct.error):
        write_rig(source, tmp_path / "b", FORMAT, fault="cut-file").open()
