"""Intan files."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neo.core import NeoReadWriteError

from mockrawio.exporting.door import write_rig
from mockrawio.formats.intan import GAIN, LAYOUTS
from mockrawio.formats.recorded import Recorded, RecordedSpan
from mockrawio.formats.rig import rig_formats
from mockrawio.ground.errors import MockSessionError
from tests.exporting.drawn import START, events, recordings, signals, tried
from tests.exporting.proof import Proof

FORMAT = rig_formats()["intan"]
SPANS = (RecordedSpan(0.0, 0.1),)


def proof(layout: str) -> Proof:
    """A traditional file has unsigned counts, and blocks of 128 samples that zeros fill up."""
    if layout != "traditional":
        return Proof("intan", options={"layout": layout})
    return Proof(
        "intan",
        counts=lambda raw: (raw.astype(np.int32) - 32768).astype(np.int16),
        filled=True,
        options={"layout": layout},
    )


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["broadband", "gaps"])
def test_sessions(kind: str, layout: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads the fastest stream of every kind of session count for count, in every layout."""
    proof(layout)(sources[kind], tmp_path / "out")


@pytest.mark.at_length
@pytest.mark.slow
@settings(max_examples=tried(10))
@given(recordings(), st.sampled_from(LAYOUTS))
def test_drawn(recorded: Recorded, layout: str) -> None:
    """Any rate, width and number of segments comes back."""
    with tempfile.TemporaryDirectory() as folder:
        proof(layout)(recorded, Path(folder) / "out")


def made(n_channels: int = 3, **more: float) -> Recorded:
    """Return a segment of 3000 samples with an event and an epoch channel."""
    stream = signals(1, "broadband", 30_000.0, n_channels, (0.0,), (3000,), **more)
    marks = tuple(events(k + 10, name, SPANS, 30_000.0, 9, k == 1) for k, name in enumerate(("Reiz, ü", "DAQ")))
    return Recorded(START, SPANS, (stream,), (), marks, "recording", "made")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_events(layout: str, tmp_path: Path) -> None:
    """Each event channel is a digital input of its name, which rises at each event and falls where an epoch ends."""
    source = made()
    reader = write_rig(source, tmp_path / "out", FORMAT, layout=layout).open()
    assert reader.header["signal_streams"]["name"].tolist()[1] == "USB board digital input channel"
    assert reader.header["signal_channels"]["name"].tolist()[3:] == ["Reiz, ü", "DAQ"]
    levels = reader.get_analogsignal_chunk(0, 0, 0, 3000, 1).astype(int)
    for column, one in zip(levels.T, source.events, strict=True):
        frames = np.rint(one.read(0, None, None)[0] * 30_000).astype(int)
        assert (np.diff(frames) > 2).all()
        np.testing.assert_array_equal(np.flatnonzero(np.diff(column) == 1) + 1, frames)
    np.testing.assert_array_equal(np.flatnonzero(np.diff(levels[:, 1]) == -1) + 1, frames + 2)


def test_other_gains(tmp_path: Path) -> None:
    """Samples of another gain are refused, and rounded to 0.195 µV and cut at int16's ends when that is asked for."""
    source = made(gain=0.5)
    with pytest.raises(MockSessionError, match=r"requantise=True"):
        write_rig(source, tmp_path / "out", FORMAT)
    reader = write_rig(source, tmp_path / "out", FORMAT, requantise=True).open()
    counts = source.signals[0].read(0, 0, 3000)
    expected = np.clip(np.rint(counts * (0.5 / GAIN)), -32768, 32767)
    np.testing.assert_array_equal(reader.get_analogsignal_chunk(0, 0, 0, 3000, 0), expected)


def test_limits(tmp_path: Path) -> None:
    """More channels than ports have, an unknown layout, and a fault of another layout are errors."""
    with pytest.raises(MockSessionError, match="1024 channels"):
        write_rig(made(1025), tmp_path / "out", FORMAT)
    with pytest.raises(MockSessionError, match="layout"):
        write_rig(made(), tmp_path / "out", FORMAT, layout="x")
    with pytest.raises(MockSessionError, match="another layout"):
        write_rig(made(), tmp_path / "out", FORMAT, layout="traditional", fault="missing-times")


@pytest.mark.slow
def test_spikeinterface(tmp_path: Path) -> None:
    """SpikeInterface's extractor has the counts."""
    extractors = pytest.importorskip("spikeinterface.extractors")
    source = made()
    exported = write_rig(source, tmp_path / "out", FORMAT)
    recording = extractors.read_intan(exported.arguments()["filename"], stream_id="0")
    np.testing.assert_array_equal(recording.get_traces(), source.signals[0].read(0, 0, 3000))
    assert recording.get_channel_gains().tolist() == [GAIN] * 3


def test_bytes(tmp_path: Path) -> None:
    """The header's size and first bytes are those of the format, and two exports are the same."""
    one, other = (write_rig(made(), tmp_path / name, FORMAT, layout="traditional") for name in "ab")
    assert one.files == ("recording_210304_050607.rhd",)
    first, second = ((exported.folder / one.files[0]).read_bytes() for exported in (one, other))
    assert first == second
    assert first[:12].hex() == "022791c6030000000060ea46"
    header = len(first) - 24 * 128 * (4 + 3 * 2 + 2)
    assert first[header : header + 8].hex() == "0000000001000000"


@pytest.mark.parametrize(("rate", "high"), [(30_000.0, 7500.0), (15_000.0, 7500.0), (10_000.0, 5000.0)])
def test_the_filters_that_are_said(rate: float, high: float, tmp_path: Path) -> None:
    """From 0.1 Hz to 7.5 kHz, or to half of a lower rate: as they are, and as they were asked for."""
    stream = signals(1, "broadband", rate, 1, (0.0,), (300,))
    exported = write_rig(Recorded(START, SPANS, (stream,), (), (), "recording", "made"), tmp_path / "out", FORMAT)
    (header,) = exported.folder.rglob("*.rhd")
    said = struct.unpack_from("<fhffffff", header.read_bytes(), 8)
    np.testing.assert_allclose(said, (rate, 1, 1.0, 0.1, high, 1.0, 0.1, high), rtol=1e-6)


NEO = {
    "time-jump": NeoReadWriteError,
    "missing-times": FileNotFoundError,
    "cut-file": ValueError,  # in a traditional file as it opens it, else as it reads to the end
}


@pytest.mark.parametrize("fault", NEO)
def test_faults(fault: str, tmp_path: Path) -> None:
    """What Neo does with files that are broken."""
    assert set(NEO) == {one.name for one in FORMAT.faults}
    with pytest.raises(NEO[fault]):
        write_rig(made(), tmp_path / "out", FORMAT, fault=fault).open().get_analogsignal_chunk(0, 0, 0, 3000, 0)


def test_cut_block(tmp_path: Path) -> None:
    """Neo opens no traditional file whose last block lacks its end."""
    exported = write_rig(made(), tmp_path / "out", FORMAT, layout="traditional", fault="cut-file")
    with pytest.raises(NEO["cut-file"]):
        exported.open()
