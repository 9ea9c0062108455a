"""Neuralynx files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from mockrawio import MockSessionError
from mockrawio.exporting import Exported, export
from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded, RecordedChannel, RecordedEvents, RecordedSpan, RecordedUnit
from mockrawio.formats.rig import rig_formats
from tests.exporting.drawn import START, recordings, signals, tried
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny


def spans(recorded: Recorded) -> list[tuple[float, float]]:
    """Return what Neo shows of each segment: from the first sample to the last one, but before the first and after the
    last segment all."""
    if len(recorded.segments) == 1 or not recorded.signals:
        return [(-np.inf, np.inf)] * len(recorded.segments)
    begins = [min(starts) for starts in zip(*(one.t_starts for one in recorded.signals), strict=True)]
    ends = [max(one.t_starts[k] + one.sizes[k] / one.rate for one in recorded.signals) for k in range(len(begins))]
    return list(zip([-np.inf, *begins[1:]], [*ends[:-1], np.inf], strict=True))


def shown_unit(unit: RecordedUnit, shown: list[tuple[float, float]]) -> RecordedUnit:
    """Return a unit with those spikes alone that Neo shows, and with the samples that there is room for."""

    def kept(k: int) -> np.ndarray:
        times = unit.times(k, None, None)
        return (times >= shown[k][0] - 1e-9) & (times <= shown[k][1])

    first = max(min(round(unit.left_sweep * unit.rate) - 8, unit.n_samples - 32), 0)

    def waveforms(k: int, low: Any, high: Any) -> np.ndarray:
        return unit.waveforms(k, None, None)[kept(k)][:, :, first : first + 32]

    return replace(
        unit,
        times=lambda k, low, high: unit.times(k, None, None)[kept(k)],
        waveforms=unit.waveforms and waveforms,
    )


def shown_events(events: RecordedEvents, shown: list[tuple[float, float]]) -> RecordedEvents:
    """Return an event channel with those events alone that Neo shows."""

    def read(k: int, low: Any, high: Any) -> Any:
        times, _, labels = events.read(k, None, None)
        kept = (times >= shown[k][0] - 1e-9) & (times <= shown[k][1])
        return times[kept], None, labels[kept]

    return replace(events, read=read)


def as_neo(recorded: Recorded) -> Recorded:
    """Return what Neo finds: the fastest stream first, units by electrode, no unit without spikes."""
    shown, n = spans(recorded), len(recorded.segments)
    electrodes: dict[Any, list[RecordedUnit]] = {}
    for unit in recorded.units:
        electrodes.setdefault((unit.channel_id, unit.gain, unit.rate), []).append(unit)
    units = [unit for some in electrodes.values() for unit in some if any(unit.count(k) for k in range(n))]
    return replace(
        recorded,
        signals=tuple(sorted(recorded.signals, key=lambda one: -one.rate)),
        units=tuple(shown_unit(unit, shown) for unit in units),
        events=tuple(shown_events(one, shown) for one in recorded.events),
    )


def proof(recorded: Recorded) -> Proof:
    """Neo makes an event channel of each word of each id, and its text is ASCII."""
    names = {one.id: f"Events event_id={11 + k} " for k, one in enumerate(recorded.events)}
    return Proof("neuralynx", events=names, tick=0.5e-6, label=in_ascii, ours=as_neo)


def in_ascii(label: str) -> str:
    """Return what Neo makes of a label."""
    return label.encode("ascii", "replace").decode()


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads all streams of every kind of session count for count, its spikes and events."""
    proof(sources[kind])(sources[kind], tmp_path / "out")


@pytest.mark.at_length
@settings(max_examples=tried(12))
@given(recordings(widths=(1, 2, 5, 32)))
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width, number of segments and label comes back."""
    with tempfile.TemporaryDirectory() as folder:
        proof(recorded)(recorded, Path(folder) / "out")


def alone(n_channels: int, sizes: tuple[int, ...] = (600,), **more: Any) -> Recorded:
    """Return a recording of one stream alone, its segments 1 s apart."""
    t_starts = tuple(float(k) for k in range(len(sizes)))
    stream = signals(5, "broadband", 32000.0, n_channels, t_starts, sizes, **more)
    spans = tuple(RecordedSpan(t, t + n / 32000) for t, n in zip(t_starts, sizes, strict=True))
    return Recorded(START, spans, (stream,), (), (), "recording")


def test_many_channels(tmp_path: Path) -> None:
    """More channels than files may be open at once keep their order and their counts."""
    source = alone(140, (20,))
    reader = write_rig(source, tmp_path / "out", rig_formats()["neuralynx"]).open()
    assert reader.header["signal_channels"]["name"].tolist() == [one.name for one in source.signals[0].channels]
    np.testing.assert_array_equal(reader.get_analogsignal_chunk(0, 0, None, None, 0), source.signals[0].read(0, 0, 20))


def test_two_streams_of_one_rate_stay_apart(tmp_path: Path) -> None:
    """Streams of one rate and gain are two to Neo, by the ranges of their inputs; a negative one is inverted."""
    one = alone(2, gain=-0.195)
    other = replace(one.signals[0], id="other")
    reader = write_rig(replace(one, signals=(*one.signals, other)), tmp_path / "out", rig_formats()["neuralynx"]).open()
    assert reader.header["signal_channels"]["stream_id"].tolist() == ["0", "0", "1", "1"]
    np.testing.assert_allclose(reader.header["signal_channels"]["gain"], -0.195, rtol=1e-6)


def test_odd_names(tmp_path: Path) -> None:
    """A channel's name is words of Latin-1: what is changed is named, and samples are there all the same."""
    source = alone(4)
    names = ("Nucleus Ω", "µ, 1", "x" * 300, "a\r\n-ADBitVolts 1")
    channels = tuple(RecordedChannel(str(k), name, "a.u.", 0.5, 0.0) for k, name in enumerate(names))
    source = replace(source, signals=(replace(source.signals[0], channels=channels),))
    made = write_rig(source, tmp_path / "out", rig_formats()["neuralynx"])
    rows = made.open().header["signal_channels"]
    assert rows["name"].tolist() == ["Nucleus_?", "µ,_1", "x" * 60, "a??-ADBitVolts_1"]
    np.testing.assert_allclose(rows["gain"], 0.5)
    assert {line.partition(":")[0] for line in made.left_out} == {"names of channels", "unit 'a.u.'"}


def test_segments_without_a_pause_are_refused(tmp_path: Path) -> None:
    """A record that is not full in the middle of a section would be misread, so such segments are refused."""
    source = alone(1, (32000, 600))
    with pytest.raises(MockSessionError, match="segments with a pause after each"):
        write_rig(source, tmp_path / "out", rig_formats()["neuralynx"])
    write_rig(source.part(1), tmp_path / "out", rig_formats()["neuralynx"])


def test_left_out(sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Spikes, events and labels that the files or Neo do not show are named."""
    made = write_rig(sources["gaps"], tmp_path / "gaps", rig_formats()["neuralynx"])
    assert "what lies in pauses" in " ".join(made.left_out)
    early = replace(alone(1), segments=(RecordedSpan(-0.5, 0.1),))
    made = write_rig(early, tmp_path / "early", rig_formats()["neuralynx"])
    assert "t_start: times are not below 0: all are later by whole seconds" in made.left_out
    assert made.open().get_signal_t_start(0, 0, 0) == 1.0


@pytest.mark.filterwarnings("ignore:.*strict_gap_mode")  # which SpikeInterface gives Neo
def test_spikeinterface(sessions: dict[str, Path], tmp_path: Path) -> None:
    """SpikeInterface's extractor has the counts, rate and gains of the session."""
    from spikeinterface.extractors import read_neuralynx

    made = export(sessions["broadband"], tmp_path / "out", "neuralynx")
    recording = read_neuralynx(made.folder, stream_id="0")
    reader = made.open()
    np.testing.assert_array_equal(recording.get_traces(), reader.get_analogsignal_chunk(0, 0, None, None, 0))
    np.testing.assert_allclose(recording.get_channel_gains(), 0.195, rtol=1e-6)
    assert recording.get_sampling_frequency() == 32000


NEO = {
    "not-closed": "reads it, and warns",
    "dropped-record": "raises OSError, naming no channel, once `gap_tolerance_ms` lets it have gaps",
    "slow-clock": "makes a segment of each record",
    "filter-delay": "reads two streams, each at its own time",
}


def broken(fault: str, tmp_path: Path, source: Recorded | None = None) -> Exported:
    return write_rig(source or tiny(), tmp_path / fault, rig_formats()["neuralynx"], fault=fault)


def test_faults(tmp_path: Path) -> None:
    """What Neo does with each fault is what the page says."""
    with pytest.warns(UserWarning, match="not closed properly"):
        reader = broken("not-closed", tmp_path).open()
    np.testing.assert_array_equal(
        reader.get_analogsignal_chunk(0, 0, None, None, 0), tiny().signals[0].read(0, 0, 1600)
    )
    with pytest.raises(OSError, match="different sections"):
        broken("dropped-record", tmp_path).open()
    assert broken("slow-clock", tmp_path, alone(2, (1600,))).open().segment_count(0) == 4
    reader = broken("filter-delay", tmp_path).open()
    starts = [reader.get_signal_t_start(0, 0, k) for k in range(len(reader.header["signal_streams"]))]
    np.testing.assert_allclose(sorted(starts), [0, 0, 484e-6, 484e-6])


@pytest.mark.parametrize(("gain", "microvolts"), [(100 / 32767, 100), (0.195, 6390), (1e-5, 1), (-0.195, 6390)])
def test_the_range_of_spikes(gain: float, microvolts: int, tmp_path: Path) -> None:
    """A header's range is that of the counts in whole µV, rounded up but for what floats are off, and 1 at least."""
    source = replace(tiny(), units=tuple(replace(one, gain=gain) for one in tiny().units))
    folder = write_rig(source, tmp_path / "out", rig_formats()["neuralynx"]).folder
    for path in folder.rglob("*.nse"):
        assert f"-InputRange {microvolts}\r\n".encode() in path.read_bytes()[:16384]
    assert list(folder.rglob("*.nse"))
