"""Blackrock files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from neo.core import NeoReadWriteError

from mockrawio import MockSessionError
from mockrawio.exporting import Exported
from mockrawio.exporting.door import write_rig
from mockrawio.formats.blackrock.layout import CountScale
from mockrawio.formats.recorded import (
    Recorded,
    RecordedChannel,
    RecordedEvents,
    RecordedSpan,
    RecordedUnit,
    by_electrode,
)
from mockrawio.formats.rig import rig_formats
from tests.exporting.drawn import START, events, recordings, signals, tried, unit
from tests.exporting.proof import Proof, reading

RESTART = "critical load restart"


def shown(times: np.ndarray, recorded: Recorded, k: int, resolution: float) -> np.ndarray:
    """Return which times Neo shows: those nearest to a sample of the fastest stream.

    Where there are several segments it takes the first tick of one to s and back, and misses what is there if that
    gives a little more.
    """
    stream = recorded.signals[0]
    frames = np.rint((times - stream.t_starts[k]) * stream.rate)
    first = np.rint(stream.t_starts[k] * resolution)
    begin = np.ceil(first / resolution * resolution) if len(recorded.segments) > 1 else 0
    return (frames >= 0) & (frames < stream.sizes[k]) & (np.rint(times * resolution) >= begin)


def is_words(events: RecordedEvents, n: int) -> bool:
    return all(label.isdigit() and len(label) < 5 for k in range(n) for label in events.read(k, None, None)[2])


def comments(recorded: Recorded, some: list[RecordedEvents], resolution: float) -> RecordedEvents:
    """Return the events of all channels as the comments of the file, with those that begin segments."""

    def read(k: int, low: Any, high: Any) -> Any:
        rows = [(recorded.signals[0].t_starts[k], RESTART)] if k else []
        for one in some:
            times, _, labels = one.read(k, None, None)
            rows += [(time, f"{one.name}: {label}") for time, label in zip(times, labels, strict=True)]
        times = np.array([time for time, _ in rows])
        order = np.argsort(times, kind="stable")
        order = order[shown(times[order], recorded, k, resolution)]
        return times[order], None, np.array([label for _, label in rows], "U")[order]

    return RecordedEvents("comments", "comments", False, lambda k: len(read(k, None, None)[0]), read)


def shown_unit(unit: RecordedUnit, recorded: Recorded, resolution: float) -> RecordedUnit:
    """Return a unit with those spikes alone that Neo shows."""

    def kept(k: int) -> np.ndarray:
        return shown(unit.times(k, None, None), recorded, k, resolution)

    return replace(
        unit,
        times=lambda k, low, high: unit.times(k, None, None)[kept(k)],
        waveforms=unit.waveforms and (lambda k, low, high: unit.waveforms(k, None, None)[kept(k)]),
    )


def shown_events(events: RecordedEvents, recorded: Recorded, resolution: float) -> RecordedEvents:
    """Return an event channel with those events alone that Neo shows."""

    def read(k: int, low: Any, high: Any) -> Any:
        times, _, labels = events.read(k, None, None)
        kept = shown(times, recorded, k, resolution)
        return times[kept], None, labels[kept]

    return replace(events, id="port", read=read)


def as_neo(recorded: Recorded, resolution: float) -> Recorded:
    """Return what Neo finds: the fastest stream first, units by electrode, one port, and comments."""
    n = len(recorded.segments)
    recorded = recorded.only(sorted(recorded.signals, key=lambda one: -one.rate))
    units = [unit for some in by_electrode(recorded.units) for unit in some if any(unit.count(k) for k in range(n))]
    port = next((one for one in recorded.events if is_words(one, n)), None)
    others = [one for one in recorded.events if one is not port]
    events = [shown_events(port, recorded, resolution)] if port else []
    if recorded.units or any(one.count(k) for one in recorded.events for k in range(n)):
        events.append(comments(recorded, others, resolution))
    return replace(
        recorded, units=tuple(shown_unit(unit, recorded, resolution) for unit in units), events=tuple(events)
    )


def proof(recorded: Recorded, version: str) -> Proof:
    """Times are ticks of 30 kHz; Neo has the slower stream first."""
    streams = {"broadband": "nsx6", "lfp": "nsx2"} if len(recorded.signals) > 1 else {}
    resolution = 1e9 if version == "3.0-ptp" else 3e4
    return Proof(
        "blackrock",
        streams=streams,
        events={"port": "digital_input_port"},
        tick=0.5 / resolution,
        ours=lambda given: as_neo(given, resolution),
        options={"version": version},
    )


def recording(n_channels: int = 2, rate: float = 30000.0, begin: float = 0.0, **more: Any) -> Recorded:
    """Return two blocks of 50 ms of a stream and its LFP, two units and two event channels."""
    t_starts, sizes = (begin, begin + 0.1), (1500, 1500)
    spans = tuple(RecordedSpan(t, t + 0.05) for t in t_starts)
    streams = [signals(5, "broadband", rate, n_channels, t_starts, sizes, **more)]
    streams += [signals(6, "lfp", 1000.0, n_channels, t_starts, (50, 50), gain=0.5)]
    units = tuple(unit(k, f"CSC{k}_SU1", f"CSC{k}", spans, rate, 10) for k in (1, 2))
    marks = (events(3, "Events", spans, rate, 4, is_epoch=False), events(4, "DAQ", spans, rate, 3, is_epoch=True))
    return Recorded(START, spans, tuple(streams), units, marks, "recording")


def written(source: Recorded, folder: Path, **options: Any) -> Exported:
    return write_rig(source, folder, rig_formats()["blackrock"], **options)


@pytest.mark.parametrize("version", ["2.3", "3.0", "3.0-ptp"])
def test_two_streams(version: str, tmp_path: Path) -> None:
    """A stream of 30 kHz and its LFP are an .ns6 and an .ns2, with two blocks each."""
    exported = proof(recording(), version)(recording(), tmp_path / "out")
    assert exported.files == ("recording.nev", "recording.ns2", "recording.ns6")


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Of every kind of session Neo reads the streams of a rate that the rig has, spikes and events."""
    exported = proof(sources[kind], "2.3")(sources[kind], tmp_path / "out")
    assert any(line.startswith("stream broadband:") for line in exported.left_out) == (kind != "epiphyte")


@pytest.mark.at_length
@pytest.mark.parametrize("version", ["2.3", "3.0-ptp"])
@settings(max_examples=tried(8))
@given(recorded=recordings(rates=(1000.0, 15000.0, 30000.0)))
def test_drawn(version: str, recorded: Recorded) -> None:
    """Any rate, width, number of segments and label comes back, but for what Neo takes for no segment at all."""
    stream = recorded.signals[0]
    assume(all(size > 1 for size in stream.sizes))
    ends = np.array(stream.t_starts) + np.array(stream.sizes) / stream.rate
    assume(version == "2.3" or (np.array(stream.t_starts[1:]) - ends[:-1] > 1.5 / stream.rate).all())
    with tempfile.TemporaryDirectory() as folder:
        proof(recorded, version)(recorded, Path(folder) / "out")


def test_packets(tmp_path: Path) -> None:
    """With precise times each sample is a packet: a 1, its time in ns, a 1, and its counts."""
    source = recording()
    folder = written(source, tmp_path / "out", version="3.0-ptp").folder
    (path,) = folder.rglob("*.ns6")
    stream, kind = source.signals[0], [("flag", "u1"), ("stamp", "<u8"), ("points", "<u4"), ("counts", "<i2", 2)]
    packets = np.frombuffer(path.read_bytes()[-sum(stream.sizes) * np.dtype(kind).itemsize :], kind)
    assert set(packets["flag"].tolist()) == set(packets["points"].tolist()) == {1}
    rows = [stream.read(k, 0, n) for k, n in enumerate(stream.sizes)]
    np.testing.assert_array_equal(packets["counts"], np.concatenate(rows))
    steps = np.diff(packets["stamp"][: stream.sizes[0]].astype(np.int64))
    assert set(steps.tolist()) <= {33_333, 33_334}


def test_scales() -> None:
    """Two whole numbers of 16 bits give any usual gain to 1e-7, and others in larger or smaller units."""
    gains = np.concatenate([np.geomspace(1e-4, 1e4, 499), [0.195, 0.25, 1 / 3, 1000.0, -0.195]])
    scales = [CountScale.of(gain) for gain in gains.tolist()]
    assert max(abs(one.error(gain)) for one, gain in zip(scales, gains.tolist(), strict=True)) < 1e-6
    assert max(max(abs(one.analog), one.digital) for one in scales) < 1 << 15
    assert CountScale.of(0.195).units == "uV" and CountScale.of(70000.0).units == "mV"


def test_odd_channels(tmp_path: Path) -> None:
    """Names are 15 characters of ASCII; units that are no voltage stay, and a gain may be negative."""
    source = recording(3).part(0)
    named = [("Nucleus Ω, 1", "mV", -0.2), ("x" * 40, "a.u.", 1e-5), ("", "V", 1e-6)]
    channels = tuple(RecordedChannel(f"CSC{k}", *one, 0.0) for k, one in enumerate(named))
    stream = replace(source.signals[0], channels=channels)
    exported = written(replace(source, signals=(stream,)), tmp_path / "out")
    with reading(exported) as reader:
        rows = reader.header["signal_channels"]
    assert rows["name"].tolist() == ["Nucleus ?, 1", "x" * 15, ""]
    assert rows["units"].tolist() == ["uV", "1e-3 a.u.", "uV"]
    np.testing.assert_allclose(rows["gain"], [-200, 1e-2, 1], rtol=1e-6)
    assert any(line.startswith("names of channels:") for line in exported.left_out)


def test_units_beyond_the_limits(tmp_path: Path) -> None:
    """An electrode has 16 units, and units without spikes are in no list; both are named."""
    span = (RecordedSpan(0.0, 0.05),)
    units = tuple(unit(k, f"SU{k}", "CSC1", span, 30000.0, 3 if k else 0) for k in range(18))
    exported = written(replace(recording().part(0), units=units), tmp_path / "out")
    left = [line.partition(":")[0] for line in exported.left_out if line.startswith("unit ")]
    assert left == ["unit SU16", "unit SU17", "unit SU0"]
    with reading(exported) as reader:
        assert reader.header["spike_channels"]["name"].tolist() == [f"ch1#{k}" for k in range(2, 17)]


def test_other_gains_of_one_electrode(tmp_path: Path) -> None:
    """Units whose waveforms have another gain get an electrode of their own; those of no whole nV are rounded."""
    source = recording().part(0)
    one, other = source.units[0], replace(source.units[1], channel_id="CSC1", gain=0.0034536)
    exported = written(replace(source, units=(one, other)), tmp_path / "out")
    with reading(exported) as reader:
        rows = reader.header["spike_channels"]
        shapes = reader.rescale_waveforms_to_float(reader.get_spike_raw_waveforms(0, 0, 1, None, None), "float64", 1)
    assert rows["name"].tolist() == ["ch1#1", "ch3#1"] and rows["wf_gain"].tolist() == [0.195, 0.004]
    wanted = 0.0034536 * other.waveforms(0, None, None)
    assert abs(shapes[:, :, : wanted.shape[2]] - wanted).max() <= 0.002 + 1e-9
    assert any(line.startswith("gains of waveforms:") for line in exported.left_out)


def test_what_is_not_held_of_waveforms(tmp_path: Path) -> None:
    """Waveforms of two rates, of more samples than a packet has room for, or none at all are each said."""
    source = recording().part(0)
    one, other = source.units
    waves = one.waveforms
    assert waves is not None
    most, long = (
        replace(one, n_samples=n, waveforms=lambda *at, n=n: np.pad(waves(*at), ((0, 0), (0, 0), (0, n - 32))))
        for n in (124, 125)
    )
    for units, said in (
        ((most, other), []),
        ((one, replace(other, rate=15000.0)), ["rates of waveforms: all have one: that of the fastest"]),
        ((long, other), ["long waveforms: their first 124 samples are kept"]),
        ((one, replace(other, waveforms=None)), ["shapes of spikes: units without waveforms have zeros"]),
    ):
        out = tmp_path / str(len(list(tmp_path.iterdir())))
        left = written(replace(source, units=units), out).left_out
        assert [line for line in left if "waveforms:" in line or "shapes" in line] == said


@pytest.mark.parametrize(("n", "width"), [(51, 52), (64, 64)])
def test_widths_are_even(n: int, width: int, tmp_path: Path) -> None:
    """Waveforms of an odd number of samples have a zero more."""
    source = recording().part(0)
    one = source.units[0]
    shapes = np.random.default_rng(0).integers(-9, 9, (one.count(0), 1, n), dtype=np.int16)
    some = replace(one, n_samples=n, waveforms=lambda *_: shapes)
    with reading(written(replace(source, units=(some,)), tmp_path / "out")) as reader:
        read = reader.get_spike_raw_waveforms(0, 0, 0, None, None)
    np.testing.assert_array_equal(read, np.pad(shapes, ((0, 0), (0, 0), (0, width - n))))


def test_gains_that_it_does_not_hold(tmp_path: Path) -> None:
    """A gain that would be farther off than a hundredth is refused."""
    source = recording().part(0)
    small = tuple(channel._replace(gain=1e-9) for channel in source.signals[0].channels)
    with pytest.raises(MockSessionError, match="ratio of whole numbers below 32768"):
        written(source.only([replace(source.signals[0], channels=small)]), tmp_path / "out")


@pytest.mark.parametrize("units", [0, 1])
def test_nothing_happened(units: int, tmp_path: Path) -> None:
    """Without a spike or an event the samples are read all the same."""
    source = recording().part(0)
    quiet = unit(1, "SU1", "CSC1", source.segments, 30000.0, 0)
    exported = written(replace(source, units=(quiet,) * units, events=()), tmp_path / "out")
    with reading(exported) as reader:
        assert reader.get_analogsignal_chunk(0, 0, None, None, 0).shape == (50, 2)


def test_refused(tmp_path: Path) -> None:
    """Rates that the rig does not have, a version that there is not, and times beyond the clock are errors."""
    alone = recording(rate=32000.0)
    with pytest.raises(MockSessionError, match="a rate of 30000 Hz by a whole number"):
        written(alone.only(alone.signals[:1]), tmp_path / "out")
    with pytest.raises(MockSessionError, match=r"one of 2.3, 3.0, 3.0-ptp"):
        written(recording(), tmp_path / "out", version="2.2")
    with pytest.raises(MockSessionError, match="less than 143166 s"):
        written(recording(begin=150000.0), tmp_path / "out")
    with reading(written(recording(begin=150000.0), tmp_path / "out", version="3.0")) as reader:
        assert reader.get_signal_t_start(0, 0, 0) == 150000


def test_spikeinterface(tmp_path: Path) -> None:
    """SpikeInterface's extractor has the counts, rate and gains of the recording."""
    from spikeinterface.extractors import read_blackrock

    source = recording()
    made = written(source, tmp_path / "out")
    extractor = read_blackrock(made.folder / "recording.ns6")
    np.testing.assert_array_equal(extractor.get_traces(1), source.signals[0].read(1, 0, 1500))
    np.testing.assert_allclose(extractor.get_channel_gains(), 0.195, rtol=1e-6)
    assert extractor.get_sampling_frequency() == 30000
    for segment in extractor.neo_reader._nsx_fids.values():
        segment.close()


NEO = {
    "foreign-segment": "raises NeoReadWriteError",
    "out-of-order": "warns of a further segment, and raises NeoReadWriteError",
    "unmarked-pause": "raises NeoReadWriteError where both spikes and comments follow a pause",
    "one-sample-block": "passes over the block; of a set with two .nsX raises KeyError",
}


@pytest.mark.filterwarnings("ignore:Detected .* undocumented segments", "ignore:Spikes outside any segment")
@pytest.mark.parametrize("fault", NEO)
def test_faults(fault: str, tmp_path: Path) -> None:
    """What Neo does with each fault is what the page says."""
    made = written(recording(), tmp_path / "out", fault=fault)
    if fault != "one-sample-block":
        with pytest.raises(NeoReadWriteError, match="Inconsistent"):
            made.open()
        return
    with pytest.raises(KeyError):
        made.open()
    source = recording().only(recording().signals[:1])
    with reading(written(source, tmp_path / "one", fault=fault)) as reader:
        assert reader.segment_count(0) == 2
        assert [reader.spike_count(0, k, 0) for k in range(2)] == [source.units[0].count(k) for k in range(2)]
