"""Alpha Omega's files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded, RecordedChannel, RecordedSignals, RecordedSpan, RecordedUnit
from mockrawio.formats.rig import rig_formats
from mockrawio.ground.arrays import Floats
from mockrawio.ground.errors import MockSessionError
from tests.exporting.drawn import START, recordings, signals, tried
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny

FORMAT = rig_formats()["alphaomega"]


def as_neo(recorded: Recorded) -> Recorded:
    """Return what Neo makes of gains, for it multiplies where Alpha Omega divides, and of spikes: a whole rate."""
    rate = max(one.rate for one in recorded.signals)

    def inverse(stream: RecordedSignals) -> RecordedSignals:
        return replace(stream, channels=tuple(one._replace(gain=1 / one.gain) for one in stream.channels))

    def inverse_unit(unit: RecordedUnit) -> RecordedUnit:
        def times(k: int, low: float | None, high: float | None) -> Floats:
            return np.rint(unit.times(k, low, high) * rate) / int(rate + 1e-3)

        return replace(unit, gain=1 / unit.gain, times=times)

    return replace(
        recorded, signals=tuple(map(inverse, recorded.signals)), units=tuple(map(inverse_unit, recorded.units))
    )


def proof(recorded: Recorded) -> Proof:
    """Streams are RAW and LFP, or LFP and AI if all are slow."""
    fast, *slow = sorted(recorded.signals, key=lambda one: -one.rate)
    names = ("RAW", "LFP") if fast.rate > 2500 else ("LFP", "AI")
    streams = {one.id: name for one, name in zip((fast, *slow), names, strict=False)}
    return Proof("alphaomega", streams=streams, ours=as_neo, tick=0.5 / fast.rate)


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads both streams of every kind of session count for count, spikes, waveforms and events."""
    proof(sources[kind])(sources[kind], tmp_path / "out")


@pytest.mark.parametrize(("rate", "name"), [(2500.0, "Local Field Potential"), (2500.5, "Raw Analog")])
def test_what_lfp_is(rate: float, name: str, tmp_path: Path) -> None:
    """A stream of up to 2.5 kHz is LFP, a faster one is not."""
    stream = signals(1, "broadband", rate, 2, (0.0,), (300,))
    source = Recorded(START, (RecordedSpan(0.0, 300 / rate),), (stream,), (), (), "recording")
    streams = write_rig(source, tmp_path / "out", FORMAT).open().header["signal_streams"]["name"].tolist()
    assert streams == [name]


def apart(recorded: Recorded) -> bool:
    """Say whether there are two samples or more between segments."""
    stream = recorded.signals[0]
    return bool(np.all(np.rint(np.diff(stream.t_starts) * stream.rate) - stream.sizes[:-1] >= 2))


@pytest.mark.at_length
@settings(max_examples=tried(12))
@given(recordings(streams=2, widths=(1, 2, 5, 32)).filter(apart))
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width and number of segments comes back."""
    with tempfile.TemporaryDirectory() as folder:
        proof(recorded)(recorded, Path(folder) / "out")


def test_gains(tmp_path: Path) -> None:
    """Alpha Omega's rule, resolution by gain, gives the right µV, whatever the gain."""
    stream = tiny().signals[0]
    rows = [(0.0005, "mV"), (0.02, "uV"), (300.0, "uV")]
    channels = tuple(
        RecordedChannel(one.id, one.name, unit, gain, 0.0)
        for one, (gain, unit) in zip(stream.channels, rows, strict=True)
    )
    reader = write_rig(tiny().only([replace(stream, channels=channels)]), tmp_path / "out", FORMAT).open()
    known = reader._segments[0]["streams"]["RAW"].values()
    np.testing.assert_allclose([one["bit_resolution"] / one["gain"] for one in known], [0.5, 0.02, 300], rtol=1e-6)
    assert reader.header["signal_channels"]["name"].tolist() == ["RAW 001", "RAW 002", "RAW 003"]


def test_codes_and_blocks(tmp_path: Path) -> None:
    """A port has the code of each event; each channel's definition says where the next block is."""
    source = tiny()
    exported = write_rig(source, tmp_path / "out", FORMAT)
    (told,) = (line for line in exported.left_out if line.startswith("texts of labels:"))
    reader = exported.open()
    for k in range(2):
        for index, events in enumerate(source.events):
            codes = reader.get_event_timestamps(0, k, index, None, None)[2]
            for code, label in zip(codes, events.read(k, None, None)[2].tolist(), strict=True):
                assert code == label or f"{label!r} is {code}" in told
    data = (exported.folder / "recordingF0001.mpx").read_bytes()
    place, kinds = 60, []
    while (kind := data[place + 2 : place + 3]) == b"2":
        after = int.from_bytes(data[place : place + 2], "little") + place
        assert int.from_bytes(data[place + 4 : place + 8], "little") == after
        place, kinds = after, [*kinds, kind]
    assert len(kinds) == 8  # channels of two streams, and units
    assert (exported.folder / "recording.lsx").read_bytes() == b"recordingF0001.mpx\r\nrecordingF0002.mpx\r\n"


def test_limits(tmp_path: Path) -> None:
    """Segments that would be taken for one, too many channels and gains too small are refused."""
    source = tiny()
    stream = source.signals[0]
    small = tuple(one._replace(gain=-0.195) for one in stream.channels)
    for wrong, said in (
        (replace(stream, t_starts=(0.0, 1601 / 32000)), "2 samples between"),
        (replace(stream, t_starts=(0.0, 1e6)), r"2\*\*32 samples"),
        (replace(stream, channels=stream.channels * 400), "1024 channels"),
        (replace(stream, channels=small), "gains above 0.015"),
    ):
        with pytest.raises(MockSessionError, match=said):
            write_rig(source.only([wrong]), tmp_path / "out", FORMAT)


def test_spikeinterface(tmp_path: Path) -> None:
    """SpikeInterface's extractor has the counts of each segment."""
    extractors = pytest.importorskip("spikeinterface.extractors")
    source = tiny()
    recording = extractors.read_alphaomega(write_rig(source, tmp_path / "out", FORMAT).folder, stream_id="RAW")
    for k in range(2):
        expected = source.signals[0].read(k, 0, source.signals[0].sizes[k])
        np.testing.assert_array_equal(recording.get_traces(segment_index=k), expected)
