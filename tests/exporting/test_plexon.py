"""Plexon files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from mockrawio import MockSessionError
from mockrawio.exporting import Exported
from mockrawio.exporting.door import write_rig
from mockrawio.formats.plexon.layout import BLOCK_HEAD, EVENT_HEAD, HEAD, SLOW_HEAD, SPIKE_HEAD, FullScale
from mockrawio.formats.recorded import Recorded, RecordedChannel, RecordedSpan, by_electrode
from mockrawio.formats.rig import rig_formats
from tests.exporting.drawn import START, events, recordings, signals, tried, unit
from tests.exporting.proof import Proof


def as_neo(recorded: Recorded) -> Recorded:
    """Return what Neo finds: units by electrode, none without spikes in a segment, as each is a file."""
    units = [unit for some in by_electrode(recorded.units) for unit in some]
    return replace(recorded, units=tuple(units))


def proof(recorded: Recorded) -> Proof:
    """Times are ticks of a clock that is at least as fast as samples; Neo does not say that it is mV."""
    ids = {"broadband": "WB", "lfp": "FP"} if len(recorded.signals) > 1 else {}
    return Proof("plexon", streams=ids, ours=as_neo, nameless=1e3, silent_units=False, stop=lambda size: size - 1)


def whole(size: int) -> int:
    """Return a size of which blocks can be parts."""
    return size - size % 64 or size


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads all streams of every kind of session count for count, its spikes and events."""
    proof(sources[kind])(sources[kind], tmp_path / "out")


@pytest.mark.at_length
@settings(max_examples=tried(12))
@given(recordings(rates=(1000.0, 30000.0, 32000.0, 44100.0)))
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width, number of segments and label comes back."""
    recorded = recorded.only([replace(one, sizes=tuple(map(whole, one.sizes))) for one in recorded.signals])
    with tempfile.TemporaryDirectory() as folder:
        proof(recorded)(recorded, Path(folder) / "out")


def recording(size: int = 1600, rate: float = 32000.0) -> Recorded:
    """Return a segment of a stream and its LFP, two units and two event channels."""
    span = (RecordedSpan(0.0, size / rate),)
    streams = signals(1, "broadband", rate, 2, (0.0,), (size,)), signals(2, "lfp", 1000.0, 2, (0.0,), (48,), gain=0.5)
    units = tuple(unit(k, f"CSC{k}_SU1", f"CSC{k}", span, rate, 10) for k in (1, 2))
    marks = (events(3, "Events", span, rate, 4, is_epoch=False), events(4, "DAQ", span, rate, 3, is_epoch=True))
    return Recorded(START, span, streams, units, marks, "recording")


def written(source: Recorded, folder: Path, fault: str | None = None) -> Exported:
    return write_rig(source, folder, rig_formats()["plexon"], fault=fault)


def parsed(path: Path) -> tuple[np.ndarray, list[tuple[np.void, bytes]]]:
    """Return a file's header and its blocks, read one by one."""
    data = path.read_bytes()
    head = np.frombuffer(data, HEAD, 1)[0]
    kinds = (SPIKE_HEAD, "spike_channels"), (EVENT_HEAD, "event_channels"), (SLOW_HEAD, "slow_channels")
    place = HEAD.itemsize + sum(int(kind.itemsize * head[count]) for kind, count in kinds)
    found = []
    while place < len(data):
        block = np.frombuffer(data, BLOCK_HEAD, 1, place)[0]
        size = 2 * int(block["waveforms"]) * int(block["words"])
        found.append((block, data[place + 16 : place + 16 + size]))
        place += 16 + size
    assert place == len(data)
    return head, found


@pytest.mark.parametrize("size", [1600, 1601])
def test_blocks(size: int, tmp_path: Path) -> None:
    """Blocks are in order of time, and a channel's are all its samples, whether or not they are of one size."""
    source = recording(size)
    head, found = parsed(written(source, tmp_path / "out").folder / "recording.plx")
    ticks = [int(block["upper"]) << 32 | int(block["stamp"]) for block, _ in found]
    assert ticks == sorted(ticks) and head["last"] == ticks[-1] == round(size / 32000 * head["rate"])
    first = b"".join(data for block, data in found if block["type"] == 5 and block["channel"] == 0)
    np.testing.assert_array_equal(np.frombuffer(first, "<i2"), source.signals[0].read(0, 0, size)[:, 0])
    assert head["counts"][300:305].tolist() == [size, size, 48, 48, 0]
    assert head["spike_counts"][1:3, 1].tolist() == [unit.count(0) for unit in source.units]


def test_scales() -> None:
    """One range and whole factors give the gains of most recordings to 1e-6, those of several streams too."""
    for gains in ([0.195], [0.195, 0.5], [0.19512345], [0.25, 0.1, 4.6875], [-0.195], [1000.0]):
        millivolts = np.array(gains) / 1e3
        scale = next(one for one in (FullScale.of(millivolts, bits) for bits in (16, 12, 8)) if one.error < 1e-6)
        np.testing.assert_allclose(scale.range / (2 ** (scale.bits - 1) * scale.factors), millivolts, rtol=1e-6)


def test_labels(tmp_path: Path) -> None:
    """Labels that are numbers are an event's number; of others there is a list in the header."""
    source = recording()
    times, none = np.array([0.001, 0.002]), None
    numbers = replace(source.events[0], read=lambda *_: (times, none, np.array(["7", "65535"])))
    words = replace(source.events[1], read=lambda *_: (times, none, np.array(["on", "Straße"])))
    exported = written(replace(source, events=(numbers, words)), tmp_path / "out")
    reader = exported.open()
    assert reader.header["event_channels"]["id"].tolist() == ["257", "2", "258", "259"]
    assert [reader.get_event_timestamps(0, 0, k)[2].tolist() for k in range(2)] == [["7", "65535"], ["2", "1"]]
    assert b"1 Stra?e, 2 on" in (exported.folder / "recording.plx").read_bytes()


def test_odd_recordings(tmp_path: Path) -> None:
    """Rates that are no whole number are left out or refused, and names of channels are comments."""
    odd = recording(rate=24414.0625)
    exported = written(odd, tmp_path / "odd")
    assert "stream broadband: its rate is no whole number of Hz" in exported.left_out
    assert exported.open().header["signal_streams"]["id"].tolist() == ["FP"]
    with pytest.raises(MockSessionError, match="a rate that is a whole number"):
        written(odd.only(odd.signals[:1]), tmp_path / "none")
    named = replace(odd.signals[1], channels=(RecordedChannel("a", "Ω" * 200, "mV", 1e-3, 0.0),) * 2)
    exported = written(odd.only([named]), tmp_path / "named")
    assert "names of channels: at most 127 characters of ASCII" in exported.left_out
    assert exported.open().header["signal_channels"]["name"].tolist() == ["FP001", "FP002"]


def test_spikeinterface(tmp_path: Path) -> None:
    """SpikeInterface's extractor has the counts and the rate of the recording, but for the last block."""
    from spikeinterface.extractors import read_plexon

    source = recording()
    extractor = read_plexon(written(source, tmp_path / "out").folder / "recording.plx", stream_id="WB")
    np.testing.assert_array_equal(extractor.get_traces(end_frame=1599), source.signals[0].read(0, 0, 1599))
    assert extractor.get_sampling_frequency() == 32000
    assert not extractor.get_traces()[1400:].any()


NEO = {
    "uncounted-units": "shows all units that the blocks have",
    "uncounted-events": "shows all events that the blocks have",
    "cut-off": "counts samples that are not there, and gives zeros for them",
}


def test_faults(tmp_path: Path) -> None:
    """What Neo does with each fault is what the page says."""
    source = recording()
    reader = written(source, tmp_path / "units", "uncounted-units").open()
    assert [reader.spike_count(0, 0, k) for k in range(2)] == [one.count(0) for one in source.units]
    reader = written(source, tmp_path / "events", "uncounted-events").open()
    assert [reader.event_count(0, 0, k) for k in range(2)] == [one.count(0) for one in source.events]
    reader = written(source, tmp_path / "cut", "cut-off").open()
    assert reader.get_signal_size(0, 0, 1) == 1600
    raw = reader.get_analogsignal_chunk(0, 0, 0, 1599, 1)
    np.testing.assert_array_equal(raw[:, 0], source.signals[0].read(0, 0, 1599)[:, 0])
    assert raw[:1400, 1].any() and not raw[-99:, 1].any()


def test_the_range_fits_its_field() -> None:
    """The range of any gains is in mV what 16 bits hold, and counts are right to the error that is told."""
    random = np.random.default_rng(0)
    for _ in range(6):
        millivolts = random.uniform(1e-5, 1e-2, 3) * random.choice([-1, 1], 3)
        scale = FullScale.of(millivolts, 16)
        assert 0 < scale.range < 1 << 16
        found = scale.range / (2.0**15 * scale.factors)
        assert np.abs(found / millivolts - 1).max() == pytest.approx(scale.error, abs=1e-12)
        assert scale.error < 1e-3
    assert FullScale.of(np.array([5000 / 2**15]), 16)[:2] == (5000, 16)
    assert FullScale.of(np.zeros(0), 12)[:2] == (5000, 12)
