"""Neuroscope files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from neo.rawio import NeuroScopeRawIO

from mockrawio.exporting.door import write_rig
from mockrawio.formats.neuroscope import FIRST_CLUSTER
from mockrawio.formats.recorded import Recorded
from mockrawio.formats.rig import rig_formats
from mockrawio.ground.errors import MockSessionError
from tests.exporting.drawn import recordings, tried
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny

FORMAT = rig_formats()["neuroscope"]


def fastest(recorded: Recorded) -> Recorded:
    """Neo reads one file of samples."""
    return recorded.only([max(recorded.signals, key=lambda one: one.rate)])


proof = Proof("neuroscope", unread=("units", "events"), ours=fastest)


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads the fastest stream of every kind of session count for count."""
    proof(sources[kind], tmp_path / "out")


@pytest.mark.at_length
@pytest.mark.slow
@settings(max_examples=tried(10))
@given(recordings(streams=2))
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width and number of segments comes back; an LFP of another gain is left out."""
    with tempfile.TemporaryDirectory() as folder:
        exported = proof(recorded, Path(folder) / "out")
        assert any(line.startswith("stream lfp:") for line in exported.left_out)


def test_lfp(sources: dict[str, Recorded], tmp_path: Path) -> None:
    """An LFP of the same channels is written too; Neo takes it to be of the other samples' rate."""
    source = sources["broadband"]
    exported = write_rig(source, tmp_path / "out", FORMAT)
    (lfp,) = exported.folder.glob("*.lfp")
    assert lfp.read_bytes() == source.signals[0].read(0, 0, 1000).tobytes()
    reader = NeuroScopeRawIO(exported.arguments()["filename"], lfp)
    reader.parse_header()
    assert reader.get_signal_size(0, 0, 0) == 1000
    assert reader.get_signal_sampling_rate(0) == 32_000  # not the 1000 Hz of lfpSamplingRate


def test_spikes(tmp_path: Path) -> None:
    """Each spike is a line of .res, its sample, and of .clu, its cluster, after the number of clusters."""
    source = tiny()
    exported = write_rig(source, tmp_path / "out", FORMAT)
    samples = np.loadtxt(exported.folder / "segment_1" / "recording.res.1", int)
    n_clusters, *clusters = np.loadtxt(exported.folder / "segment_1" / "recording.clu.1", int).tolist()
    assert n_clusters == 2
    assert (np.diff(samples) >= 0).all()
    for number, unit in enumerate(source.units, FIRST_CLUSTER):
        expected = np.rint((unit.times(1, None, None) - 0.1) * 32_000)
        np.testing.assert_array_equal(samples[np.equal(clusters, number)], expected)


def test_events(tmp_path: Path) -> None:
    """Each event is a line of its time in ms and its label; an epoch is two, one where it ends."""
    source = tiny()
    exported = write_rig(source, tmp_path / "out", FORMAT)
    lines = [_lines(exported.folder / "segment_1" / f"recording.{number}.evt") for number in ("001", "002")]
    times, _, labels = source.events[0].read(1, None, None)
    np.testing.assert_allclose([time for time, _ in lines[0]], (times - 0.1) * 1000, rtol=0, atol=1e-4)
    assert [label for _, label in lines[0]] == labels.tolist()
    times, durations, labels = source.events[1].read(1, None, None)
    both = np.sort(np.concatenate([times, times + durations]) - 0.1) * 1000
    np.testing.assert_allclose([time for time, _ in lines[1]], both, rtol=0, atol=1e-4)
    assert sorted(label for _, label in lines[1]) == sorted(
        [f"{text} {end}" for text in labels for end in ("start", "stop")]
    )


def _lines(path: Path) -> list[tuple[float, str]]:
    pairs = (line.split("\t") for line in path.read_text("utf-8").splitlines())
    return [(float(time), label) for time, label in pairs]


def test_scale(tmp_path: Path) -> None:
    """The range and the amplification are whole numbers, as NeuroScope reads them; two gains are refused."""
    source = tiny()
    exported = write_rig(source, tmp_path / "out", FORMAT)
    text = (exported.folder / "segment_0" / "recording.xml").read_text()
    volts, amplification = (int(text.split(f"<{name}>")[1].split("<")[0]) for name in ("voltageRange", "amplification"))
    assert volts * 1e6 / 65536 / amplification == pytest.approx(0.195, rel=1e-7)
    stream = source.signals[0]
    channels = tuple(one._replace(gain=0.195 * (k + 1)) for k, one in enumerate(stream.channels))
    mixed = source.only([replace(stream, channels=channels)])
    with pytest.raises(MockSessionError, match="requantise=True"):
        write_rig(mixed, tmp_path / "mixed", FORMAT)
    reader = write_rig(mixed, tmp_path / "mixed", FORMAT, requantise=True).open()
    counts = stream.read(0, 0, 1600).astype(float)
    expected = np.stack([np.rint(counts[:, k] * (k + 1) / 3) for k in range(3)], axis=1)
    np.testing.assert_allclose(reader.get_analogsignal_chunk(0, 0, 0, 1600, 0), expected, rtol=0, atol=0)


@pytest.mark.slow
def test_spikeinterface(tmp_path: Path) -> None:
    """SpikeInterface's extractor has the counts."""
    extractors = pytest.importorskip("spikeinterface.extractors")
    source = tiny().part(0)
    exported = write_rig(source, tmp_path / "out", FORMAT)
    recording = extractors.read_neuroscope_recording(exported.arguments()["binary_file"])
    np.testing.assert_array_equal(recording.get_traces(), source.signals[0].read(0, 0, 1600))


def _without(reader: Any) -> None:
    """The channel has no group in its name, and all its samples."""
    assert reader.header["signal_channels"]["name"].tolist() == ["ch0grpnone", "ch1grp0", "ch2grp0"]
    np.testing.assert_array_equal(reader.get_analogsignal_chunk(0, 0, 0, 1600, 0), tiny().signals[0].read(0, 0, 1600))


def _scrambled(reader: Any) -> None:
    """Samples of all channels are read as those of four."""
    expected = tiny().signals[0].read(0, 0, 1600).reshape(-1, 4)
    np.testing.assert_array_equal(reader.get_analogsignal_chunk(0, 0, 0, 1200, 0), expected)


NEO = {"ungrouped-channel": _without, "one-channel-more": _scrambled, "missing-xml": FileNotFoundError}


@pytest.mark.parametrize("fault", NEO)
def test_faults(fault: str, tmp_path: Path) -> None:
    """What Neo does with files that are broken."""
    assert set(NEO) == {one.name for one in FORMAT.faults}
    exported = write_rig(tiny(), tmp_path / "out", FORMAT, fault=fault)
    if isinstance(NEO[fault], type):
        with pytest.raises(NEO[fault]):
            exported.open()
    else:
        NEO[fault](exported.open())


@pytest.mark.parametrize("gain", [1e-6, 25.0, 1e6])
def test_gains_of_any_size(gain: float, tmp_path: Path) -> None:
    """A gain is a range by an amplification, both whole: large and small ones too."""
    stream = tiny().part(0).signals[0]
    channels = tuple(one._replace(gain=gain) for one in stream.channels)
    source = replace(tiny().part(0), signals=(replace(stream, channels=channels),))
    row = write_rig(source, tmp_path / "out", FORMAT).open().header["signal_channels"][0]
    assert row["gain"] * {"uV": 1, "mV": 1e3}[str(row["units"])] == pytest.approx(gain, rel=1e-6)
