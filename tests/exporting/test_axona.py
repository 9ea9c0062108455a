"""Axona's raw files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from mockrawio.exporting.door import write_rig
from mockrawio.formats.axona import slots
from mockrawio.formats.recorded import Recorded, RecordedChannel, RecordedSignals, RecordedUnit
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


def tetrodes(recorded: Recorded) -> tuple[RecordedUnit, ...]:
    """Return a unit of each tetrode up to the last one that has any: spikes of its units where there are samples."""
    stream = recorded.signals[0]
    ids = [channel.id for channel in stream.channels]
    owners = [ids.index(unit.channel_id) // 4 if unit.channel_id in ids else -1 for unit in recorded.units]

    def unit(tetrode: int) -> RecordedUnit:
        def times(k: int, low: Any, high: Any) -> np.ndarray:
            some = [u.times(k, None, None) for u, own in zip(recorded.units, owners, strict=True) if own == tetrode]
            whole = np.sort(np.concatenate([np.zeros(0), *some]))
            frames = np.rint((whole - stream.t_starts[k]) * stream.rate)
            return whole[(frames >= 0) & (frames < stream.sizes[k])]

        return RecordedUnit(f"tetrode {tetrode}", "", None, lambda k: len(times(k, None, None)), times)

    return tuple(map(unit, range(max(owners, default=-1) + 1)))


def as_neo(recorded: Recorded) -> Recorded:
    """Return what Neo finds: whole packets, whole tetrodes, and a unit of each of these."""
    return replace(recorded, signals=tuple(map(filled, recorded.signals)), units=tetrodes(recorded))


# Neo's rule asks for the second spike of a unit, 1 ms before and after it: tetrodes have several units' spikes there.
proof = Proof("axona", ours=as_neo, tick=0.5 / 96_000, but=("read_spike_times",))


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads the fastest stream of every kind of session count for count."""
    proof(sources[kind], tmp_path / "out")


@pytest.mark.at_length
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


def test_spikes(tmp_path: Path) -> None:
    """A cut has each spike's unit; a waveform of 48 kHz has its upper bits on its channel, others are zeros."""
    source = tiny().part(0)
    first, second = source.units
    source = replace(source, units=(replace(first, rate=48_000.0), second, replace(second, name="x", channel_id="?")))
    exported = write_rig(source, tmp_path / "out", FORMAT)
    assert exported.files == tuple(f"recording{end}" for end in (".1", ".bin", ".set", "_1.cut"))
    text = (exported.folder / "recording_1.cut").read_text()
    numbers = np.array(text.partition(f"spikes: {first.count(0) + second.count(0)}\n")[2].split(), int)
    times = np.concatenate([first.times(0, None, None), second.times(0, None, None)])
    owners = np.repeat([1, 2], [first.count(0), second.count(0)])
    np.testing.assert_array_equal(numbers, owners[np.argsort(times, kind="stable")])
    shapes = exported.open().get_spike_raw_waveforms(0, 0, 0, None, None)
    np.testing.assert_array_equal(shapes[numbers == 1][:, 0, :32], first.waveforms(0, None, None)[:, 0] >> 8)
    assert not shapes[numbers == 1][:, 1:].any()
    assert not shapes[numbers == 2].any()
    left = {line.partition(":")[0] for line in exported.left_out}
    assert {"spikes of x", "shape of CSC2_SU1"} <= left


def test_late_spikes(tmp_path: Path) -> None:
    """A spike after 2**31 ticks of 96 kHz is refused."""
    source = tiny().part(0)
    stream = replace(source.signals[0], rate=1.0, sizes=(30_000,), read=lambda k, a, b: np.zeros((b - a, 3), "<i2"))
    late = replace(source.units[0], times=lambda k, low, high: np.array([25_000.0]), count=lambda k: 1, waveforms=None)
    with pytest.raises(MockSessionError, match=r"2\*\*31 ticks"):
        write_rig(replace(source, signals=(stream,), units=(late,)), tmp_path / "out", FORMAT)


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
