"""Axona's raw files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from mockrawio.exporting.door import write_rig
from mockrawio.formats.axona import slots
from mockrawio.formats.recorded import Recorded, RecordedChannel, RecordedSignals
from mockrawio.formats.rig import rig_formats
from mockrawio.ground.errors import MockSessionError
from tests.exporting.drawn import recordings, tried
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny

FORMAT = rig_formats()["axona"]


def filled(stream: RecordedSignals) -> RecordedSignals:
    """Return a stream with zeros up to whole packets and whole tetrodes."""
    missing = -len(stream.channels) % 4

    def read(k: int, first: int, stop: int) -> np.ndarray:
        counts = stream.read(k, first, min(stop, stream.sizes[k]))
        return np.pad(counts, ((0, stop - first - len(counts)), (0, missing)))

    channels = (*stream.channels, *[RecordedChannel("", "", "uV", 1.0, 0.0)] * missing)
    return replace(stream, channels=channels, sizes=tuple(-(-size // 3) * 3 for size in stream.sizes), read=read)


proof = Proof("axona", ours=lambda recorded: recorded.only([filled(one) for one in recorded.signals]))


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads the fastest stream of every kind of session count for count."""
    proof(sources[kind], tmp_path / "out")


@settings(max_examples=tried(12))
@given(recordings(rates=(1000.0, 30000.0, 48000.0), widths=(1, 2, 5, 32, 64)))
def test_drawn(recorded: Recorded) -> None:
    """Any width and number of segments comes back."""
    with tempfile.TemporaryDirectory() as folder:
        proof(recorded, Path(folder) / "out")


def test_places() -> None:
    """Every place of a packet is a channel's; the boards alternate between its halves."""
    places = slots(64)
    assert sorted(places.tolist()) == list(range(64))
    assert places[[0, 7, 8, 16, 63]].tolist() == [32, 39, 0, 40, 31]


def test_channels_and_date(tmp_path: Path) -> None:
    """Each channel has its gain in µV; the date is there in English."""
    stream = tiny().part(1).signals[0]
    channels = tuple(
        one._replace(gain=gain, units=unit)
        for one, gain, unit in zip(stream.channels, (-0.5, 1e-9, 12.0), ("mV", "V", "uV"), strict=True)
    )
    reader = write_rig(tiny().part(1).only([replace(stream, channels=channels)]), tmp_path / "out", FORMAT).open()
    rows = reader.header["signal_channels"]
    np.testing.assert_allclose(rows["gain"][:3], [-500, 1e-3, 12.0], rtol=1e-6)
    assert rows["name"].tolist() == ["1a", "1b", "1c", "1d"]
    assert str(reader.raw_annotations["blocks"][0]["segments"][0]["rec_datetime"]) == "2021-03-04 05:06:07"


def test_limits(tmp_path: Path) -> None:
    """More channels than dacqUSB has, and a rate that is not whole, are refused."""
    source = tiny().part(0)
    stream = source.signals[0]
    for wrong, said in (
        (replace(stream, channels=stream.channels * 22), "64 channels"),
        (replace(stream, rate=24414.0625), "whole Hz"),
    ):
        with pytest.raises(MockSessionError, match=said):
            write_rig(source.only([wrong]), tmp_path / "out", FORMAT)
