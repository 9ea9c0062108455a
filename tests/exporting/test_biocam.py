"""3Brain's files."""

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

pytest.importorskip("h5py")
FORMAT = rig_formats()["biocam"]
proof = Proof("biocam", counts=lambda raw: (raw ^ 0x8000).view("i2"))


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


def test_spikeinterface(tmp_path: Path) -> None:
    """SpikeInterface's extractor has the counts, and electrodes of a row of the chip."""
    extractors = pytest.importorskip("spikeinterface.extractors")
    source = tiny().part(0)
    recording = extractors.read_biocam(write_rig(source, tmp_path / "out", FORMAT).arguments()["filename"])
    np.testing.assert_array_equal((recording.get_traces() ^ 0x8000).view("i2"), source.signals[0].read(0, 0, 1600))
    np.testing.assert_allclose(np.ptp(recording.get_probe().contact_positions, axis=0).max(), 84)
    np.testing.assert_allclose(recording.get_channel_offsets(), -32768 * 0.195)


def test_limits(tmp_path: Path) -> None:
    """More channels than the chip has electrodes, and several gains, are refused."""
    source = tiny().part(0)
    stream = source.signals[0]
    several = (stream.channels[0]._replace(gain=1.0), *stream.channels[1:])
    for channels, said in ((stream.channels * 1366, "4096 channels"), (several, "requantise=True")):
        with pytest.raises(MockSessionError, match=said):
            write_rig(source.only([replace(stream, channels=channels)]), tmp_path / "out", FORMAT)
