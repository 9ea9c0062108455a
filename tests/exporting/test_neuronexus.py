"""NeuroNexus' files."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded
from mockrawio.formats.rig import rig_formats
from tests.exporting.drawn import recordings, tried
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny

FORMAT = rig_formats()["neuronexus"]
proof = Proof("neuronexus", scaled=True)


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads the fastest stream of every kind of session, to the count."""
    proof(sources[kind], tmp_path / "out")


@pytest.mark.at_length
@settings(max_examples=tried(12))
@given(recordings())
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width and number of segments comes back."""
    with tempfile.TemporaryDirectory() as folder:
        proof(recorded, Path(folder) / "out")


def test_inputs(tmp_path: Path) -> None:
    """Each event channel is a digital input: high for 5 ms at an event, and throughout an epoch."""
    source = tiny()
    exported = write_rig(source, tmp_path / "out", FORMAT)
    for k in range(2):
        reader = exported.open(k)
        assert reader.header["signal_streams"]["id"].tolist() == ["ai-pri", "din"]
        assert reader.header["signal_channels"]["name"].tolist()[3:] == ["Events", "DAQ"]
        levels = reader.get_analogsignal_chunk(0, 0, None, None, 1)
        assert set(np.unique(levels)) == {0, 1}
        for events, line in zip(source.events, levels.T, strict=True):
            times, durations, _ = events.read(k, None, None)
            frames = np.rint((times - source.signals[0].t_starts[k]) * 32000).astype(int)
            rises = np.flatnonzero(np.diff(line, prepend=0) > 0)
            np.testing.assert_array_equal(rises, frames)
            nexts = np.append(frames[1:] - 1, len(line))
            width = 160 if durations is None else 2
            falls = np.append(np.flatnonzero(np.diff(line) < 0) + 1, len(line))[: len(frames)]
            np.testing.assert_array_equal(falls, np.minimum(frames + width, nexts))


def test_values(tmp_path: Path) -> None:
    """A value is a count times its channel's gain, and its offset, in µV; stamps count samples from 0 s."""
    source = tiny().part(1)
    rows = [("ä, ,", -0.5, 3.5, "mV"), ("", 1e-9, 0.0, "V"), ("x" * 80, 3.25, -7.0, "uV")]
    channels = tuple(
        one._replace(name=name, gain=gain, offset=offset, units=units)
        for one, (name, gain, offset, units) in zip(source.signals[0].channels, rows, strict=True)
    )
    places = np.array([[0.0, 20.0], [1.5, 40.0], [3.0, 60.0]])
    stream = replace(source.signals[0], channels=channels, positions=places)
    exported = write_rig(replace(source, signals=(stream,)), tmp_path / "out", FORMAT)
    reader = exported.open()
    expected = stream.read(0, 0, 800) * np.array([-500, 1e-3, 3.25]) + np.array([3500, 0, -7])
    np.testing.assert_allclose(reader.get_analogsignal_chunk(0, 0, None, None, 0), expected, rtol=1e-6)
    assert reader.header["signal_channels"]["name"].tolist()[:3] == ["ä, ,", "", "x" * 64]
    stamps = np.fromfile(exported.folder / "recording_timestamp.xdat", "<i8")
    np.testing.assert_array_equal(stamps, np.arange(3200, 4000))
    known = json.loads((exported.folder / "recording.xdat.json").read_text())
    assert known["sapiens_base"]["biointerface_map"]["site_ctr_y"] == [20, 40, 60, None, None]
    assert known["status"]["start_time"] == "2021-03-04T05:06:07.100000+00:00"


def test_spikeinterface(tmp_path: Path) -> None:
    """SpikeInterface's extractor has the values."""
    extractors = pytest.importorskip("spikeinterface.extractors")
    source = tiny().part(0)
    exported = write_rig(source, tmp_path / "out", FORMAT)
    recording = extractors.read_neuronexus(exported.arguments()["filename"], stream_id="ai-pri")
    np.testing.assert_array_equal(np.rint(recording.get_traces() / 0.195), source.signals[0].read(0, 0, 1600))
