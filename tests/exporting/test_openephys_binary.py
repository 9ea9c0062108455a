"""The Open Ephys GUI's binary format."""

from __future__ import annotations

import json
import tempfile
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from mockrawio import MockSessionRawIO, SessionSpec, generate_session
from mockrawio.exporting import Exported
from mockrawio.exporting.door import write_rig
from mockrawio.exporting.readers import of_reader
from mockrawio.formats.recorded import Recorded, RecordedSpan
from mockrawio.formats.rig import rig_formats
from tests.exporting.drawn import START, events, recordings, signals, tried, unit
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny

NODE = "Record Node 101"
STREAMS = {name: f"{NODE}#Acquisition_Board-100.{name}" for name in ("broadband", "lfp")}
PROOF = Proof("openephys_binary", streams=STREAMS, label=lambda text: f"label={text}", unread=("units",))


def write(recorded: Recorded, folder: Path, fault: str | None = None) -> Exported:
    return write_rig(recorded, folder, rig_formats()["openephys_binary"], fault=fault)


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads every stream of every kind of session count for count, and its events with labels and durations."""
    PROOF(sources[kind], tmp_path / "out")


@pytest.mark.at_length
@settings(max_examples=tried(8))
@given(recordings(streams=2))
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width, number of segments and label comes back."""
    with tempfile.TemporaryDirectory() as folder:
        PROOF(recorded, Path(folder) / "out")


def test_spikes(tmp_path: Path) -> None:
    """Spikes of a channel's units are an electrode's: numbers of samples, which unit, and waveforms, by time."""
    rate, spans = 30000.0, (RecordedSpan(0.0, 1.0), RecordedSpan(1.5, 2.5))
    ap = signals(1, "broadband", rate, 2, (0.0, 1.5), (300, 300))
    units = (
        unit(1, "a", "CSC1", spans, rate, 30),
        unit(2, "b", "CSC1", spans, rate, 20),
        unit(3, "c", "CSC2", spans, rate, 0),
    )
    exported = write(Recorded(START, spans, (ap,), units, (), "r"), tmp_path / "out")
    for k, folder in enumerate(sorted((exported.folder / NODE / "experiment1").iterdir())):
        root = folder / "spikes"
        assert sorted(path.name for path in root.iterdir()) == [f"Spike_Detector-102.broadband.CSC{n}" for n in (1, 2)]
        first, second = (
            {path.stem: np.load(path) for path in (root / f"Spike_Detector-102.broadband.CSC{n}").iterdir()}
            for n in (1, 2)
        )
        for number, one in enumerate(units[:2], 1):
            mine = first["clusters"] == number
            np.testing.assert_array_equal(first["sample_numbers"][mine], np.rint(one.times(k, None, None) * rate))
            np.testing.assert_array_equal(first["waveforms"][mine], one.waveforms(k, None, None))
        assert np.all(np.diff(first["sample_numbers"]) >= 0)
        assert second["waveforms"].shape == (0, 1, 32)
        said = json.loads((folder / "structure.oebin").read_text())["spikes"][0]
        assert (said["pre_peak_samples"], said["post_peak_samples"]) == (8, 24)
        assert said["source_channels"][0]["bit_volts"] == 0.195


def test_odd_names(tmp_path: Path) -> None:
    """Names with slashes, of two streams alike but for them, and in any script, are written; channels' come back."""
    span = (RecordedSpan(0.0, 0.1),)
    streams = [signals(k, name, 1000.0 * (k + 1), 2, (0.0,), (50,)) for k, name in enumerate(("a/b", "a b", "Straße"))]
    channels = tuple(
        one._replace(name=name) for one, name in zip(streams[0].channels, ("Ω, 1", "x" * 300), strict=True)
    )
    streams[0] = replace(streams[0], channels=channels)
    marks = (events(1, "../x", span, 3000.0, 0, is_epoch=False),)
    reader = write(Recorded(START, span, tuple(streams), (), marks, "r"), tmp_path / "out").open()
    names = [name.rpartition(".")[2] for name in reader.header["signal_streams"]["name"]]
    for stream, name in zip(streams, ("a_b", "a_b_2", "Stra_e"), strict=True):
        raw = reader.get_analogsignal_chunk(0, 0, None, None, names.index(name))
        np.testing.assert_array_equal(raw, stream.read(0, 0, 50))
    assert {"Ω, 1", "x" * 300} - {name[:100] for name in reader.header["signal_channels"]["name"]} == {"x" * 300}


NEO = {
    "no-events-entry": "raises KeyError",
    "no-event-in-stream": "reads it as a channel of epochs without any, whose durations are None",
    "no-timestamps": "reads the samples, and has all events at -1 s",
    "timestamps-run-back": "takes times from sample numbers",
    "missing-event-folder": "reads the rest, and warns",
    "cut-sample": "reads the whole samples",
}


def test_names_that_neo_takes_for_others(tmp_path: Path) -> None:
    """Channels called alike, or like an ADC or a sync line, get names with which Neo has them in one stream."""
    stream = signals(1, "broadband", 1000.0, 4, (0.0,), (50,))
    names = ("ADC1", "a", "a", "SYNC")
    stream = replace(stream, channels=tuple(map(lambda one, name: one._replace(name=name), stream.channels, names)))
    exported = write(Recorded(START, (RecordedSpan(0.0, 0.05),), (stream,), (), (), "r"), tmp_path / "out")
    assert any(line.startswith("names of broadband:") for line in exported.left_out)
    reader = exported.open()
    assert reader.header["signal_channels"]["name"].tolist() == ["Adc1", "a", "a_2", "Sync"]
    np.testing.assert_array_equal(reader.get_analogsignal_chunk(0, 0, None, None, 0), stream.read(0, 0, 50))


@pytest.mark.parametrize("fault", NEO)
def test_faults(fault: str, tmp_path: Path) -> None:
    """What Neo does with each fault is what the page says."""
    source = tiny()
    whole, broken = write(source, tmp_path / "whole"), write(source, tmp_path / "broken", fault)
    if fault == "no-events-entry":
        with pytest.raises(KeyError, match="events"):
            broken.open()
        return
    warned = pytest.warns(UserWarning, match="is missing") if fault == "missing-event-folder" else nullcontext()
    with warned:
        reader = broken.open()
    cut = 1 if fault == "cut-sample" else 0
    for k in range(2):
        for index, stream in enumerate(source.signals):
            counts = stream.read(k, 0, stream.sizes[k] - cut)
            np.testing.assert_array_equal(reader.get_analogsignal_chunk(0, k, None, None, index), counts)
            assert reader.get_signal_t_start(0, k, index) == stream.t_starts[k]
    names = reader.header["event_channels"]["name"].tolist()
    assert names == (["Messages"] if fault == "missing-event-folder" else ["Events", "DAQ", "Messages"])
    if fault == "missing-event-folder":
        return
    times, durations, _ = reader.get_event_timestamps(0, 1, 0, None, None)
    expected, *_ = whole.open().get_event_timestamps(0, 1, 0, None, None)
    if fault == "no-event-in-stream":
        assert (len(times), durations) == (0, None)
    else:
        np.testing.assert_array_equal(times, np.full(4, -1.0) if fault == "no-timestamps" else expected)


def test_spikeinterface(sources: dict[str, Recorded], tmp_path: Path) -> None:
    """SpikeInterface has the traces of each stream and recording, and their gains."""
    read_openephys = pytest.importorskip("spikeinterface.extractors").read_openephys
    source = sources["gaps"]
    exported = write(source, tmp_path / "out")
    for stream in source.signals:
        recording = read_openephys(exported.folder, stream_name=STREAMS[stream.id])
        for k in range(2):
            np.testing.assert_array_equal(recording.get_traces(segment_index=k), stream.read(k, 0, stream.sizes[k]))
        np.testing.assert_allclose(recording.get_channel_gains(), stream.gains)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Unable to compute saturation")  # Neuropixels 2.0 has no LF band of its own
@pytest.mark.parametrize(("name", "n"), [("neuropixels-1.0", 24), ("neuropixels-2.0", 8)])
def test_probes(name: str, n: int, tmp_path: Path) -> None:
    """SpikeInterface has the probe of a Neuropixels session, whose streams have the GUI's names."""
    read_openephys = pytest.importorskip("spikeinterface.extractors").read_openephys
    spec = SessionSpec.neuropixels(duration_s=1, n_channels=n, n_units=1, seed=4, probe=name)
    reader = MockSessionRawIO(generate_session(spec, tmp_path / "session", virtual=True))
    source = of_reader(reader, None, lambda size: None)
    exported = write(source, tmp_path / "out")
    for band, stream in zip(("LFP", "AP"), source.signals[:2], strict=True):
        recording = read_openephys(exported.folder, stream_name=f"{NODE}#Neuropix-PXI-103.ProbeA-{band}")
        ours, probe = stream.probe["probes"][0], recording.get_probe()
        assert probe.contact_ids.tolist() == ours["contact_ids"]
        np.testing.assert_allclose(probe.contact_positions, ours["contact_positions"])
        orders = ours["contact_annotations"]["adc_sample_order"]
        assert probe.contact_annotations["adc_sample_order"].tolist() == orders
        np.testing.assert_array_equal(recording.get_traces(end_frame=500), stream.read(0, 0, 500))
