"""NeuroExplorer files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded, RecordedEvents, RecordedSignals, RecordedSpan
from mockrawio.formats.rig import rig_formats
from mockrawio.ground.errors import MockSessionError
from tests.exporting.drawn import START, recordings, tried
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny

FORMAT = rig_formats()["neuroexplorer"]


def as_neo(recorded: Recorded) -> Recorded:
    """Return what Neo finds: a stream of each channel, a name once, no labels of epochs."""
    singles, taken = [], set()
    for stream in recorded.signals:
        for k, channel in enumerate(stream.channels):
            name = f"{channel.name}_{stream.name}" if channel.name in taken else channel.name
            taken.add(name)
            singles.append(single(stream, k, name))

    def unlabelled(events: RecordedEvents) -> RecordedEvents:
        def read(k: int, low: Any, high: Any) -> Any:
            times, durations, _ = events.read(k, low, high)
            return times, durations, np.full(len(times), "")

        return replace(events, read=read) if events.is_epoch else events

    return replace(recorded, signals=tuple(singles), events=tuple(map(unlabelled, recorded.events)))


def single(stream: RecordedSignals, k: int, name: str) -> RecordedSignals:
    return replace(
        stream,
        channels=(stream.channels[k]._replace(name=name),),
        read=lambda seg_index, first, stop: stream.read(seg_index, first, stop)[:, k : k + 1],
    )


def proof(recorded: Recorded) -> Proof:
    """Times are in ticks of the fastest stream's sample."""
    rate = max((one.rate for one in recorded.signals), default=1e6)
    ascii_ = lambda text: text.encode("ascii", "replace").decode()  # noqa: E731
    return Proof("neuroexplorer", ours=as_neo, tick=0.5 / rate, label=ascii_)


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads all streams of every kind of session count for count, spikes, waveforms, events and epochs."""
    proof(sources[kind])(sources[kind], tmp_path / "out")


@pytest.mark.at_length
@settings(max_examples=tried(12))
@given(recordings(streams=2, widths=(1, 2, 5, 32)))
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width, number of segments and label comes back."""
    with tempfile.TemporaryDirectory() as folder:
        proof(recorded)(recorded, Path(folder) / "out")


def test_fragments(tmp_path: Path) -> None:
    """A continuous variable has one fragment, which begins when the segment does."""
    exported = write_rig(tiny(), tmp_path / "out", FORMAT)
    for k, start in enumerate((0, 3200)):
        reader = exported.open(k)
        header = next(one for one in reader._entity_headers if one["type"] == 5)
        assert reader._memmap[header["offset"] :][:8].view("<i4").tolist() == [start, 0]
        assert header["n"] == 1


def test_channels_and_waveforms(tmp_path: Path) -> None:
    """Gains and offsets are in mV; a waveform begins its left sweep before the spike."""
    source = tiny().part(0)
    stream = source.signals[0]
    channels = tuple(
        one._replace(gain=gain, units=unit, offset=2.0)
        for one, gain, unit in zip(stream.channels, (-0.5, 1e-9, 12.0), ("mV", "V", "uV"), strict=True)
    )
    reader = write_rig(replace(source, signals=(replace(stream, channels=channels),)), tmp_path / "out", FORMAT).open()
    np.testing.assert_allclose(reader.header["signal_channels"]["gain"], [-0.5, 1e-6, 0.012], rtol=1e-12)
    np.testing.assert_allclose(reader.header["signal_channels"]["offset"], [2.0, 2000.0, 0.002], rtol=1e-12)
    header = next(one for one in reader._entity_headers if one["type"] == 3)
    assert header["PrethresholdTimeInSeconds"] == 8 / 32000


def test_odd_names(tmp_path: Path) -> None:
    """A name is ASCII of 63 letters, and a variable's own."""
    source = tiny().part(0)
    stream = source.signals[0]
    channels = tuple(
        one._replace(name=name) for one, name in zip(stream.channels, ("é" * 80, "é" * 90, "?" * 63), strict=True)
    )
    exported = write_rig(source.only([replace(stream, channels=channels)]), tmp_path / "out", FORMAT)
    names = exported.open().header["signal_channels"]["name"].tolist()
    assert names == ["?" * 63, "?" * 53 + "_broadband", "?" * 52 + "_broadband1"]


def test_limits(tmp_path: Path) -> None:
    """A file beyond 4 GiB and a time beyond 31 bits are refused."""
    stream = tiny().part(0).signals[0]
    for wrong, spans, said in (
        (replace(stream, sizes=(1 << 30,)), (RecordedSpan(0, 1),), "4 GiB"),
        (stream, (RecordedSpan(0, 1e5),), r"within 2\*\*31 samples"),
    ):
        with pytest.raises(MockSessionError, match=said):
            write_rig(Recorded(START, spans, (wrong,), (), (), "recording"), tmp_path / "out", FORMAT)


def test_spikeinterface(tmp_path: Path) -> None:
    """SpikeInterface's extractor has a channel's counts."""
    extractors = pytest.importorskip("spikeinterface.extractors")
    source = tiny().part(0)
    exported = write_rig(source, tmp_path / "out", FORMAT)
    recording = extractors.read_neuroexplorer(exported.arguments()["filename"], stream_id="1")
    np.testing.assert_array_equal(recording.get_traces()[:, 0], source.signals[0].read(0, 0, 1600)[:, 1])


def test_without_signals(tmp_path: Path) -> None:
    """Spikes and events alone are written, in ticks of 40 kHz."""
    source = replace(tiny().part(0), signals=())
    reader = write_rig(source, tmp_path / "out", FORMAT).open()
    assert reader.header["signal_channels"].size == 0
    for index, unit in enumerate(source.units):
        stamps = reader.get_spike_timestamps(0, 0, index, None, None)
        np.testing.assert_array_equal(stamps, np.rint(unit.times(0, None, None) * 40_000))
