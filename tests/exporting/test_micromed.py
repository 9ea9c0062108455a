"""Micromed files."""

from __future__ import annotations

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
from tests.exporting.drawn import START, recordings, signals, tried
from tests.exporting.merged import merged
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny

FORMAT = rig_formats()["micromed"]
NUMBER = np.vectorize(lambda label: label.isascii() and label.isdigit() and 0 < int(label) < 65536, otypes=[bool])


def as_neo(recorded: Recorded) -> Recorded:
    """Return what Neo finds: numbers as triggers, texts as notes, none at sample 0."""
    triggers = merged(recorded, "Trigger", lambda marks, frames, k: NUMBER(marks.labels) & (frames > 0))
    notes = merged(recorded, "Note", lambda marks, frames, k: ~NUMBER(marks.labels) & (frames > 0))
    return replace(recorded, events=triggers.events + notes.events)


proof = Proof(
    "micromed",
    counts=lambda raw: (raw ^ 0x8000).view("i2"),
    ours=as_neo,
    label=lambda text: text.encode("cp1252", "replace").decode("cp1252"),
)


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads the fastest stream of every kind of session count for count, its triggers and its notes."""
    source = sources[kind]
    few = replace(source, events=source.events[:2] + source.events[3:])  # without 204 times of frames
    proof(source if kind != "epiphyte" else few, tmp_path / "out")


@pytest.mark.at_length
@settings(max_examples=tried(12))
@given(recordings(rates=(1000.0, 30000.0, 32000.0), widths=(1, 2, 5, 32, 256)))
def test_drawn(recorded: Recorded) -> None:
    """Any width, number of segments and label comes back."""
    with tempfile.TemporaryDirectory() as folder:
        proof(recorded, Path(folder) / "out")


def of(n_channels: int, rate: float = 1000.0, **more: Any) -> Recorded:
    """Return a recording of 60 samples."""
    stream = signals(1, "broadband", rate, n_channels, (0.0,), (60,), gain=more.get("gain", 0.195))
    return Recorded(START, (RecordedSpan(0, 60 / rate),), (stream,), (), more.get("events", ()), "recording")


def test_limits(tmp_path: Path) -> None:
    """More channels, other rates and other gains than there is room for are refused, before a file is there."""
    for source, said in (
        (of(257), "256 channels"),
        (of(1, 24414.0625), "whole Hz"),
        (of(1, 100_000.0), "whole Hz"),
        (of(1, gain=1e-4), "0.01 to 65000"),
        (of(1, gain=1e6), "0.01 to 65000"),
    ):
        with pytest.raises(MockSessionError, match=said):
            write_rig(source, tmp_path / "out", FORMAT)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("gain", [0.0123457, -0.195, 1000 / 3, 60_000.0])
def test_gains(gain: float, tmp_path: Path) -> None:
    """A gain is held to a millionth."""
    rows = write_rig(of(1, gain=gain), tmp_path / "out", FORMAT).open().header["signal_channels"]
    in_uV = {"nV": 1e-3, "uV": 1.0}[rows["units"][0]]
    np.testing.assert_allclose(rows["gain"] * in_uV, gain, rtol=1e-6)


def test_room(tmp_path: Path) -> None:
    """What there is no room for is named: notes beyond 200, an event at the first sample, letters of names."""
    times, labels = np.arange(250) / 10_000, np.array(["ä" * 50] * 249 + ["7"])
    marks = RecordedEvents("e", "e", False, lambda k: 250, lambda k, low, high: (times, None, labels))
    source = of(2, 10_000.0, events=(marks,))
    stream = replace(source.signals[0], sizes=(600,), read=lambda k, a, b: np.zeros((b - a, 2), "<i2"))
    stream = replace(stream, channels=tuple(one._replace(name="Hippocämpus") for one in stream.channels))
    exported = write_rig(source.only([stream]), tmp_path / "out", FORMAT)
    left = {line.partition(":")[0] for line in exported.left_out}
    assert {"an event at the first sample", "events at the end", "texts of labels", "channel names"} <= left
    reader = exported.open()
    assert [reader.event_count(0, 0, k) for k in range(4)] == [1, 200, 0, 0]
    assert reader.get_event_timestamps(0, 0, 1, None, None)[2][0] == "ä" * 40
    assert reader.header["signal_channels"]["name"].tolist() == ["Hippoc"] * 2


def test_labels_that_are_triggers(tmp_path: Path) -> None:
    """Numbers from 1 to 65535 are triggers; 0, which ends their list, larger ones and texts are notes."""
    times, labels = np.arange(1, 7) / 1000, np.array(["0", "1", "65535", "65536", "a", "-1"])
    marks = RecordedEvents("e", "e", False, lambda k: 6, lambda k, low, high: (times, None, labels))
    reader = write_rig(of(1, events=(marks,)), tmp_path / "out", FORMAT).open()
    found = [reader.get_event_timestamps(0, 0, k, None, None)[2].tolist() for k in range(2)]
    assert found == [["1", "65535"], ["0", "65536", "a", "-1"]]


def test_places(tmp_path: Path) -> None:
    """The header's fixed places are Micromed's own."""
    exported = write_rig(tiny(), tmp_path / "out", FORMAT)
    data = (exported.folder / exported.files[0]).read_bytes()
    assert data[128:134] == bytes([4, 3, 121, 5, 6, 7])
    assert data[175] == 4
    order, names = (int.from_bytes(data[at + 8 : at + 12], "little") for at in (176, 192))
    assert (order, names) == (640, 1152)
    assert data[names + 2 : names + 8] == b"br1\0\0\0"
    assert int.from_bytes(data[138:142], "little") == len(data) - 1600 * 3 * 2
