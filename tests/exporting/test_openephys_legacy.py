"""The Open Ephys GUI's older format."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from neo.core import NeoReadWriteError

from mockrawio.exporting import Exported
from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded, RecordedSignals, RecordedSpan
from mockrawio.formats.rig import rig_formats
from tests.exporting.drawn import START, recordings, signals, tried, unit
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny


def padded(stream: RecordedSignals) -> RecordedSignals:
    """Return a stream whose segments end with zeros up to a multiple of 1024 samples."""

    def read(k: int, start: int, stop: int) -> np.ndarray:
        whole = np.zeros((sizes[k], len(stream.channels)), np.int16)
        whole[: stream.sizes[k]] = stream.read(k, 0, stream.sizes[k])
        return whole[start:stop]

    sizes = tuple(-(-size // 1024) * 1024 for size in stream.sizes)
    return replace(stream, sizes=sizes, read=read)


def as_neo_has_it(recorded: Recorded) -> Recorded:
    return recorded.only([padded(one) for one in recorded.signals])


# Neo looks for spikes only from the first one's sample number on, as if it were in s; it counts events that it drops
PROOF = Proof("openephys_legacy", ours=as_neo_has_it, unread=("units",), but=("read_events",))


def write(recorded: Recorded, folder: Path, fault: str | None = None) -> Exported:
    return write_rig(recorded, folder, rig_formats()["openephys_legacy"], fault=fault)


def check_events(recorded: Recorded, reader: Any) -> None:
    """Hold the lines' edges against the events that are where there are samples."""
    stream = padded(recorded.signals[0])
    for k in range(len(recorded.segments)):
        stamps, _, labels = reader.get_event_timestamps(0, k, 0, None, None)
        first = round(stream.t_starts[k] * stream.rate)
        for line, one in enumerate(recorded.events):
            mine = stamps[labels == f"3#100#{line}"]
            frames = np.rint(one.read(k, None, None)[0] * stream.rate)
            frames = np.unique(frames[(frames >= first) & (frames <= first + stream.sizes[k])])
            assert np.isin(frames, mine).all()
            assert len(frames) <= len(mine) <= 2 * len(frames) + 1


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads the fastest stream of every kind of session count for count, and the edges of events."""
    source = sources[kind]
    reader = PROOF(source, tmp_path / "out").open()
    check_events(source.only(source.signals[-1:]), reader)


@pytest.mark.at_length
@settings(max_examples=tried(8))
@given(recordings(widths=(1, 2, 32)))
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width and number of segments comes back."""
    with tempfile.TemporaryDirectory() as folder:
        PROOF(recorded, Path(folder) / "out")


def test_wide(tmp_path: Path) -> None:
    """More channels than files may be open at once come back, in their order, from each segment."""
    stream = signals(1, "a", 30000.0, 150, (0.0, 1.0), (3, 2))
    spans = (RecordedSpan(0.0, 0.1), RecordedSpan(1.0, 1.1))
    replace(PROOF, comply=False)(Recorded(START, spans, (stream,), (), (), "r"), tmp_path / "out")


def test_spikes(tmp_path: Path) -> None:
    """Asked for a time, Neo has each unit's spikes with their waveforms; what it cannot read is left out and named."""
    rate, spans = 30000.0, (RecordedSpan(0.0, 1.0), RecordedSpan(1.5, 2.5))
    ap = signals(1, "broadband", rate, 2, (0.0, 1.5), (30000, 30000))
    units = tuple(unit(k, name, channel, spans, rate, n) for k, (name, channel, n) in enumerate(SPIKING))
    exported = write(Recorded(START, spans, (ap,), units, (), "r"), tmp_path / "out")
    assert [line.partition(":")[0] for line in exported.left_out if line.startswith("unit")] == ["unit c", "unit d"]
    reader = exported.open()
    assert reader.header["spike_channels"]["name"].tolist() == ["102_broadband_ECSC1#1", "102_broadband_ECSC1#2"]
    for k in range(2):
        for index, one in enumerate(units[:2]):
            assert reader.get_spike_timestamps(0, k, index, None, None).size in (0, one.count(k))
            stamps = reader.get_spike_timestamps(0, k, index, 0.0, 9.0)
            np.testing.assert_array_equal(stamps, np.rint(one.times(k, None, None) * rate))
            raw = reader.get_spike_raw_waveforms(0, k, index, 0.0, 9.0)
            shapes = one.waveforms(k, None, None)
            np.testing.assert_array_equal(raw.astype(np.int32) - 32768, shapes)
            np.testing.assert_allclose(
                reader.rescale_waveforms_to_float(raw, "float64", index), shapes * 0.195, atol=0.002
            )


SPIKING = (("a", "CSC1", 30), ("b", "CSC1", 20), ("c", "CSC1", 0), ("d", "CSC2", 0))


def test_spikeinterface(sources: dict[str, Recorded], tmp_path: Path) -> None:
    """SpikeInterface has the traces of each segment, and their gains."""
    read_openephys = pytest.importorskip("spikeinterface.extractors").read_openephys
    stream = sources["gaps"].signals[1]
    recording = read_openephys(write(sources["gaps"].only([stream]), tmp_path / "out").folder)
    for k in range(2):
        np.testing.assert_array_equal(
            recording.get_traces(segment_index=k)[: stream.sizes[k]], stream.read(k, 0, stream.sizes[k])
        )
    np.testing.assert_allclose(recording.get_channel_gains(), stream.gains)


NEO = {
    "spikes-header-alone": "raises IndexError, or ValueError with NumPy 1",
    "lost-record": "fills the gap with zeros",
    "cut-record": "reads the records that all channels have",
    "no-stamps": "raises NeoReadWriteError that names the channel",
}


def test_faults(tmp_path: Path) -> None:
    """What Neo does with each fault is what the page says."""
    whole = np.random.default_rng(1).integers(-9, 9, (5 * 1024, 2), dtype=np.int16)
    stream = replace(signals(1, "a", 1000.0, 2, (0.0,), (5 * 1024,)), read=lambda k, a, b: whole[a:b])
    source = replace(tiny(), segments=(RecordedSpan(0.0, 5.12),), signals=(stream,), events=())
    with pytest.raises((IndexError, ValueError)):
        write(source, tmp_path / "1", "spikes-header-alone").open()
    source = replace(source, units=())
    lost = write(source, tmp_path / "2", "lost-record").open().get_analogsignal_chunk(0, 0, None, None, 0)
    expected = whole.copy()
    expected[2048:3072] = 0
    np.testing.assert_array_equal(lost, expected)
    cut = write(source, tmp_path / "3", "cut-record").open().get_analogsignal_chunk(0, 0, None, None, 0)
    np.testing.assert_array_equal(cut, whole[:4096])
    with pytest.raises(NeoReadWriteError, match="channel 1"):
        write(source, tmp_path / "4", "no-stamps").open()
