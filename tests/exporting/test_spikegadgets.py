"""SpikeGadgets files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded, RecordedSpan
from mockrawio.formats.rig import rig_formats
from tests.exporting.drawn import START, recordings, signals, tried
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny

FORMAT = rig_formats()["spikegadgets"]
proof = Proof("spikegadgets")


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads the fastest stream of every kind of session count for count."""
    proof(sources[kind], tmp_path / "out")


@pytest.mark.at_length
@pytest.mark.slow
@settings(max_examples=tried(10))
@given(recordings())
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width and number of segments comes back."""
    with tempfile.TemporaryDirectory() as folder:
        proof(recorded, Path(folder) / "out")


def test_chips(tmp_path: Path) -> None:
    """Channels of whole chips are in the order in which a controller sends them: all first ones, all second ones."""
    stream = signals(1, "broadband", 30_000.0, 64, (0.0,), (100,))
    channels = tuple(one._replace(gain=0.1 * (k + 1)) for k, one in enumerate(stream.channels))
    source = Recorded(START, (RecordedSpan(0.0, 0.01),), (replace(stream, channels=channels),), (), (), "wide")
    rows = proof(source, tmp_path / "out").open().header["signal_channels"]
    assert rows["id"].tolist()[:4] == ["0", "32", "1", "33"]
    assert rows["name"].tolist()[:2] == ["trode1chan0", "trode2chan32"]
    np.testing.assert_allclose(rows["gain"], [one.gain for one in channels])


def packets(path: Path) -> np.ndarray:
    """Return the packets of three channels and an ECU."""
    data = path.read_bytes()
    kind = [("sync", "u1"), ("inputs", "<u4"), ("outputs", "<u4"), ("time", "<u4"), ("counts", "<i2", 3)]
    return np.frombuffer(data[data.index(b"</Configuration>\n") + 17 :], kind)


def test_packets(tmp_path: Path) -> None:
    """Each sample has its number on the controller's clock, and each event channel a bit that rises at its events."""
    source = tiny()
    exported = write_rig(source, tmp_path / "out", FORMAT)
    for k, zero in enumerate((0, 3200)):
        found = packets(exported.folder / f"segment_{k}" / "recording.rec")
        assert (found["sync"] == 0x55).all()
        np.testing.assert_array_equal(found["time"], np.arange(len(found)) + zero)
        for bit, events in enumerate(source.events):
            frames = np.rint((events.read(k, None, None)[0] - source.segments[k].t_start) * 32_000).astype(int)
            levels = (found["inputs"] >> bit & 1).astype(int)
            np.testing.assert_array_equal(np.flatnonzero(np.diff(levels) == 1) + 1, frames)


@pytest.mark.slow
def test_spikeinterface(tmp_path: Path) -> None:
    """SpikeInterface's extractor has the counts and the gains."""
    extractors = pytest.importorskip("spikeinterface.extractors")
    source = tiny().part(0)
    exported = write_rig(source, tmp_path / "out", FORMAT)
    recording = extractors.read_spikegadgets(exported.arguments()["filename"], stream_id="trodes")
    np.testing.assert_array_equal(recording.get_traces(), source.signals[0].read(0, 0, 1600))
    assert recording.get_channel_gains().tolist() == [0.195] * 3


def _all(reader: Any) -> None:
    """Reads all of it."""
    np.testing.assert_array_equal(reader.get_analogsignal_chunk(0, 0, 0, 1600, 0), tiny().signals[0].read(0, 0, 1600))


def _closed_up(reader: Any) -> None:
    """Reads what there is as if there were no gap."""
    expected = tiny().signals[0].read(0, 0, 1600)
    expected = np.concatenate([expected[:700], expected[800:]])
    np.testing.assert_array_equal(reader.get_analogsignal_chunk(0, 0, 0, 1500, 0), expected)


def _counts(reader: Any) -> None:
    """Reads counts without a unit, and warns."""
    _all(reader)
    assert {(row["gain"], str(row["units"])) for row in reader.header["signal_channels"]} == {(1.0, "")}


NEO = {"no-chips": _all, "lost-packets": _closed_up, "no-scaling": _counts}


@pytest.mark.parametrize("fault", NEO)
def test_faults(fault: str, tmp_path: Path) -> None:
    """What Neo does with files that are broken."""
    assert set(NEO) == {one.name for one in FORMAT.faults}
    NEO[fault](write_rig(tiny(), tmp_path / "out", FORMAT, fault=fault).open())
