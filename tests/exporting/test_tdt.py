"""TDT tanks."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from mockrawio.exporting import Exported
from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded, RecordedChannel, RecordedSpan, by_electrode
from mockrawio.formats.rig import rig_formats
from mockrawio.formats.tdt.layout import INDEX
from tests.exporting.drawn import START, recordings, signals, tried, unit
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny


def as_neo(recorded: Recorded) -> Recorded:
    """Return what Neo finds: units by the length of their snippets and by electrode, none without spikes."""
    kinds: dict[tuple[int, float], list] = {}
    for some in by_electrode(recorded.units):
        kinds.setdefault((some[0].n_samples, some[0].rate), []).extend(some)
    units = [unit for some in kinds.values() for unit in some]
    n = len(recorded.segments)
    return replace(recorded, units=tuple(unit for unit in units if any(unit.count(k) for k in range(n))))


def proof(recorded: Recorded, sev: bool = False) -> Proof:
    """Times are float64 s since 1970, which are 0.24 µs apart."""
    names = {one.id: f"Ev{k:02}" for k, one in enumerate(recorded.events, 1)}
    return Proof("tdt", events=names, tick=5e-7, scaled=True, ours=as_neo, options={"sev": sev})


def whole(size: int) -> int:
    """Return a size of which chunks can be parts."""
    return max(size - size % 64, 64)


@pytest.mark.parametrize("sev", [False, True])
@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sev: bool, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads all streams of every kind of session to the count, its spikes and events."""
    proof(sources[kind], sev)(sources[kind], tmp_path / "out")


@pytest.mark.at_length
@settings(max_examples=tried(10))
@given(recordings(widths=(1, 2, 5, 32)))
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width and number of segments comes back."""
    streams = [
        replace(one, sizes=tuple(map(whole, one.sizes)), read=lambda k, a, b, one=one: padded(one.read(k, a, b), b - a))
        for one in recorded.signals
    ]
    with tempfile.TemporaryDirectory() as folder:
        proof(recorded)(recorded.only(streams), Path(folder) / "out")


def padded(counts: np.ndarray, size: int) -> np.ndarray:
    return np.concatenate([counts, np.zeros((size - len(counts), counts.shape[1]), np.int16)])


def written(source: Recorded, folder: Path, fault: str | None = None) -> Exported:
    return write_rig(source, folder, rig_formats()["tdt"], fault=fault)


def index(exported: Exported, block: int = 1) -> np.ndarray:
    """Return a block's index as the vendor lays it out."""
    return np.fromfile(exported.folder / f"recording/Block-{block}/recording_Block-{block}.tsq", INDEX)


def test_index(tmp_path: Path) -> None:
    """The index is in order of time between its two marks, and the places of a store's data ascend."""
    rows = index(written(tiny(), tmp_path / "out"))
    assert np.frombuffer(rows[:1].tobytes(), "<i8")[1] == rows.nbytes
    assert rows["store"][[1, -1]].tolist() == [b"\x01", b"\x02"]
    assert (np.diff(rows["time"][1:]) >= 0).all()
    for store in (b"Wav1", b"Wav2", b"Sn01"):
        assert (np.diff(rows["offset"][rows["store"] == store]) > 0).all()
    assert rows["size"][rows["store"] == b"Sn01"].tolist() == [10 + 32] * 24


def test_strobes(tmp_path: Path) -> None:
    """A strobe has its number as float64, and the end of an epoch the name of the store whose end it is."""
    source = tiny()
    rows = index(written(source, tmp_path / "out"))
    ends = rows[rows["store"] == b"Eo02"]
    times, durations, _ = source.events[1].read(0, None, None)
    np.testing.assert_allclose(ends["time"] - START.timestamp(), times + durations, atol=5e-7)
    assert {row.tobytes()[12:16] for row in ends} == {b"Ev02"}
    numbers = replace(source.events[0], read=lambda *_: (times, None, np.array(["7", "0.04", "1e9"])))
    rows = index(written(replace(source, events=(numbers,)), tmp_path / "numbers"))
    assert rows["offset"][rows["store"] == b"Ev01"].view("<f8").tolist() == [7, 0.04, 1e9]
    notes = (tmp_path / "out" / "recording/Block-1/recording_Block-1.Tbk").read_text()
    assert "1 1, " not in notes and "a, b" in notes


def test_offsets_and_odd_names(tmp_path: Path) -> None:
    """An offset is part of the values; what would end a field of the notes is not in them."""
    source = tiny().part(0)
    channels = (RecordedChannel("a", "[USERNOTEDELIMITER]", "mV", 0.5, 100.0),) * 3
    stream = replace(source.signals[0], channels=channels)
    labels = np.array(["[STOREHDRITEM];\r\n"])
    odd = replace(source.events[0], name="Ω", read=lambda *_: (np.array([0.01]), None, labels))
    exported = written(replace(source, signals=(stream,), events=(odd,)), tmp_path / "out")
    raw = exported.open().get_analogsignal_chunk(0, 0, None, None, 0)
    np.testing.assert_allclose(raw, (stream.read(0, 0, 1600) * 0.5 + 100) * 1000, rtol=1e-6)
    assert any(line.startswith("labels in the notes:") for line in exported.left_out)


def test_samples_that_fill_no_chunk(tmp_path: Path) -> None:
    """A long segment whose samples are no whole chunks ends with zeros, and that is named; a short one does not."""
    stream = signals(1, "broadband", 24414.0625, 2, (0.0,), (4999,))
    source = Recorded(START, (RecordedSpan(0.0, 4999 / 24414.0625),), (stream,), (), (), "recording")
    exported = written(source, tmp_path / "long")
    raw = exported.open().get_analogsignal_chunk(0, 0, None, None, 0)
    assert len(raw) == 20 * 256 and not raw[4999:].any()
    np.testing.assert_array_equal(np.rint(raw[:4999] / 0.195), stream.read(0, 0, 4999))
    assert any(line.startswith("ends of broadband:") for line in exported.left_out)
    apart = write_rig(source, tmp_path / "apart", rig_formats()["tdt"], sev=True)
    np.testing.assert_array_equal(apart.open().get_analogsignal_chunk(0, 0, None, None, 0), raw)
    short = source.only([replace(stream, sizes=(1,))])
    assert written(short, tmp_path / "short").open().get_signal_size(0, 0, 0) == 1


def test_events_alone(tmp_path: Path) -> None:
    """Neo opens a tank that holds events alone."""
    exported = written(replace(tiny(), signals=(), units=()), tmp_path / "out")
    assert exported.open().event_count(0, 0, 0) == 4


def test_many_units(tmp_path: Path) -> None:
    """A channel has 30 sort codes; units without waveforms have snippets of no samples."""
    span = (RecordedSpan(0.0, 0.05),)
    units = [unit(k, f"SU{k}", "CSC1", span, 32000.0, 3) for k in range(31)]
    bare = replace(units[0], id="bare", name="bare", waveforms=None, n_samples=0, rate=0.0)
    exported = written(replace(tiny().part(0), units=(*units, bare)), tmp_path / "out")
    assert "unit SU30: a channel has 30 sort codes" in exported.left_out
    assert exported.open().header["spike_channels"]["name"].tolist() == [f"ch1#{k}" for k in (*range(1, 31), 1)]


def test_spikeinterface(tmp_path: Path) -> None:
    """SpikeInterface's extractor has the values and the rate of the recording."""
    from spikeinterface.extractors import read_tdt

    exported = written(tiny(), tmp_path / "out")
    extractor = read_tdt(exported.folder / "recording", stream_id="0")
    expected = tiny().signals[0].read(1, 0, 800) * 0.195
    np.testing.assert_allclose(extractor.get_traces(1), expected, rtol=1e-6)
    assert extractor.get_sampling_frequency() == 32000


NEO = {
    "short-tev": "gives zeros for samples that are not there",
    "no-stop": "prints that there is no stop, and the segment ends at nan",
    "no-tdx": "warns that it finds no block, and raises IndexError",
}


def test_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What Neo does with each fault is what the page says."""
    reader = written(tiny(), tmp_path / "short", "short-tev").open()
    assert reader.get_signal_size(0, 0, 0) == 1600
    values = reader.get_analogsignal_chunk(0, 0, None, None, 0)
    assert values[:640].any() and not values[-320:].any()
    reader = written(tiny(), tmp_path / "stop", "no-stop").open()
    assert np.isnan(reader.segment_t_stop(0, 0))
    assert "segment stop time not found" in capsys.readouterr().out
    with pytest.raises(IndexError), pytest.warns(UserWarning, match="Could not find any data set"):
        written(tiny(), tmp_path / "tdx", "no-tdx").open()
