"""Raw MCS files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded, RecordedSpan
from mockrawio.formats.rig import rig_formats
from mockrawio.ground.errors import MockSessionError
from tests.exporting.drawn import START, recordings, signals, tried
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny

FORMAT = rig_formats()["rawmcs"]
proof = Proof("rawmcs", counts=lambda raw: (raw ^ 0x8000).view("i2"))


def of(names: list[str], **more: float) -> Recorded:
    """Return a recording of 60 samples, with channels of these names."""
    stream = signals(1, "broadband", 25_000.0, len(names), (0.0,), (60,), **more)
    channels = tuple(one._replace(name=name) for one, name in zip(stream.channels, names, strict=True))
    return Recorded(START, (RecordedSpan(0, 0.0024),), (replace(stream, channels=channels),), (), (), "recording")


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads the fastest stream of every kind of session count for count."""
    proof(sources[kind], tmp_path / "out")


@pytest.mark.at_length
@settings(max_examples=tried(12))
@given(recordings())
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width and number of segments comes back."""
    with tempfile.TemporaryDirectory() as folder:
        proof(recorded, Path(folder) / "out")


def test_names(tmp_path: Path) -> None:
    """What separates names and what Windows' alphabet lacks is replaced, and noted."""
    exported = write_rig(of(["Öl", "a;b", "El = 7", "日本", ""]), tmp_path / "out", FORMAT)
    assert exported.open().header["signal_channels"]["name"].tolist() == ["Öl", "a_b", "El_-_7", "??", ""]
    assert sum(line.startswith("channel names:") for line in exported.left_out) == 2


def test_long_headers(tmp_path: Path) -> None:
    """A header that would be longer than Neo looks for its end has numbers for names."""
    exported = write_rig(of(["x" * 60] * 100), tmp_path / "out", FORMAT)
    assert exported.open().header["signal_channels"]["name"].tolist() == [str(k) for k in range(1, 101)]
    assert any("5000 bytes" in line for line in exported.left_out)


@pytest.mark.parametrize("gain", [2.5e-7, 0.1, 1250.0])
def test_gains(gain: float, tmp_path: Path) -> None:
    """Gains are written without an exponent, which readers take for a unit."""
    rows = write_rig(of(["a", "b"], gain=gain), tmp_path / "out", FORMAT).open().header["signal_channels"]
    np.testing.assert_allclose(rows["gain"], gain, rtol=1e-12)
    np.testing.assert_allclose(rows["offset"], -gain * 32768, rtol=1e-12)
    assert set(rows["units"]) == {"uV"}


def test_two_gains(tmp_path: Path) -> None:
    """Channels of several gains are refused, and rounded to the largest one on request."""
    source = of(["a", "b"], gain=0.5)
    stream = source.signals[0]
    mixed = source.only([replace(stream, channels=(stream.channels[0], stream.channels[1]._replace(gain=-0.25)))])
    with pytest.raises(MockSessionError, match="requantise=True"):
        write_rig(mixed, tmp_path / "out", FORMAT)
    reader = write_rig(mixed, tmp_path / "out", FORMAT, requantise=True).open()
    found = reader.get_analogsignal_chunk(0, 0, None, None, 0).astype(int) - 32768
    np.testing.assert_array_equal(found[:, 0], stream.read(0, 0, 60)[:, 0])
    np.testing.assert_array_equal(found[:, 1], np.rint(stream.read(0, 0, 60)[:, 1] * -0.5))


def test_spikeinterface(tmp_path: Path) -> None:
    """SpikeInterface's extractor has the counts."""
    extractors = pytest.importorskip("spikeinterface.extractors")
    source = tiny().part(0)
    exported = write_rig(source, tmp_path / "out", FORMAT)
    recording = extractors.read_mcsraw(exported.arguments()["filename"])
    np.testing.assert_array_equal((recording.get_traces() ^ 0x8000).view("i2"), source.signals[0].read(0, 0, 1600))
    assert recording.get_channel_gains().tolist() == [0.195] * 3
