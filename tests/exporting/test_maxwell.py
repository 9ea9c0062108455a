"""MaxWell's files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded
from mockrawio.formats.rig import rig_formats
from mockrawio.ground.errors import MockSessionError
from tests.exporting.drawn import recordings, tried
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny

h5py = pytest.importorskip("h5py")
FORMAT = rig_formats()["maxwell"]
proof = Proof("maxwell", counts=lambda raw: (raw ^ 0x8000).view("i2"), zero=32768)


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads the fastest stream of every kind of session count for count."""
    proof(sources[kind], tmp_path / "out")


@pytest.mark.at_length
@settings(max_examples=tried(10))
@given(recordings())
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width and number of segments comes back."""
    with tempfile.TemporaryDirectory() as folder:
        proof(recorded, Path(folder) / "out")


def test_settings(tmp_path: Path) -> None:
    """The file has the gain in V, the date in ms, and the run under both its paths."""
    exported = write_rig(tiny(), tmp_path / "out", FORMAT)
    with h5py.File(exported.arguments(1)["filename"]) as file:
        run = file["recordings/rec0000/well000"]
        assert run == file["wells/well000/rec0000"]
        assert run["settings/lsb"][0] == pytest.approx(0.195e-6, rel=1e-12)
        assert run["start_time"][0] == 1614834367100  # 2021-03-04 05:06:07.1 UTC
        assert run["stop_time"][0] - run["start_time"][0] == 25
        assert run["settings/mapping"]["x"].tolist() == [0, 17.5, 35]


def test_spikeinterface(tmp_path: Path) -> None:
    """SpikeInterface's extractor has the counts and the places of the contacts."""
    extractors = pytest.importorskip("spikeinterface.extractors")
    source = tiny().part(0)
    places = np.array([[0.0, 17.5, 0], [35.0, 0.0, 0], [52.5, 70.0, 1]])
    source = source.only([replace(source.signals[0], positions=places)])
    exported = write_rig(source, tmp_path / "out", FORMAT)
    recording = extractors.read_maxwell(exported.arguments()["filename"], install_maxwell_plugin=False)
    np.testing.assert_array_equal((recording.get_traces() ^ 0x8000).view("i2"), source.signals[0].read(0, 0, 1600))
    np.testing.assert_array_equal(recording.get_probe().contact_positions, places[:, :2])
    assert any(line.startswith("depths of contacts:") for line in exported.left_out)


def test_limits(tmp_path: Path) -> None:
    """More channels than there are amplifiers, and several gains, are refused."""
    source = tiny().part(0)
    stream = source.signals[0]
    several = (stream.channels[0]._replace(gain=1.0), *stream.channels[1:])
    for channels, said in ((stream.channels * 400, "1024 channels"), (several, "requantise=True")):
        with pytest.raises(MockSessionError, match=said):
            write_rig(source.only([replace(stream, channels=channels)]), tmp_path / "out", FORMAT)
