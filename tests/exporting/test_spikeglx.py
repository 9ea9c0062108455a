"""SpikeGLX runs."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from mockrawio import MockSessionError, MockSessionRawIO, SessionSpec, export, generate_session
from mockrawio.exporting import Exported
from mockrawio.exporting.door import write_rig
from mockrawio.exporting.readers import of_reader
from mockrawio.formats.recorded import Recorded, RecordedSignals, RecordedSpan
from mockrawio.formats.rig import rig_formats
from mockrawio.formats.spikeglx import read_meta
from mockrawio.formats.spikeglx.probe import PARTS, own_probe, tables
from tests.exporting.drawn import START, events, recordings, signals, tried
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny

# Neo counts the first line's events for every line
PROOF = Proof("spikeglx", streams={"broadband": "imec0.ap", "lfp": "imec0.lf"}, but=("read_events",))


def write(recorded: Recorded, folder: Path, fault: str | None = None) -> Exported:
    return write_rig(recorded, folder, rig_formats()["spikeglx"], fault=fault)


def rises(reader: Any, line: int) -> tuple[np.ndarray, np.ndarray]:
    """Return when a line rises and falls, as Neo has it: s from the first segment's beginning."""
    stamps, _, labels = reader.get_event_timestamps(0, 0, line, None, None)
    times = reader.rescale_event_timestamp(np.asarray(stamps), "float64", line)
    return times[np.char.endswith(labels, "ON")], times[np.char.endswith(labels, "OFF")]


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads ap and lf of every kind of session count for count, and the first segment's events on their lines."""
    source = sources[kind]
    streams = PROOF.streams if kind != "epiphyte" else {}
    reader = replace(PROOF, streams=streams)(source, tmp_path / "out").open()
    rate = source.signals[-1].rate
    for line, one in enumerate(source.events):
        times, durations, _ = one.read(0, None, None)
        times = times[times * rate < source.signals[-1].sizes[0] - 0.5]
        ons, offs = rises(reader, line)
        np.testing.assert_allclose(ons, np.maximum(times, 1 / rate), atol=0.5001 / rate)
        if durations is not None:
            n = len(offs)
            np.testing.assert_allclose(offs - ons[:n], np.maximum(durations[:n], 1 / rate), atol=1.001 / rate)
    ons, offs = rises(reader, 7)
    np.testing.assert_allclose(ons[0], 0.5, atol=1 / rate)


@pytest.mark.at_length
@settings(max_examples=tried(10))
@given(recordings(streams=2))
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width and number of segments comes back, with an LF band beside it."""
    with tempfile.TemporaryDirectory() as folder:
        PROOF(recorded, Path(folder) / "out")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "n"), [("neuropixels-1.0", 24), ("neuropixels-2.0", 8)])
def test_probes(name: str, n: int, tmp_path: Path) -> None:
    """SpikeInterface has the traces and the probe of a Neuropixels session: contacts, shanks, order of sampling."""
    read_spikeglx = pytest.importorskip("spikeinterface.extractors").read_spikeglx
    spec = SessionSpec.neuropixels(duration_s=1, n_channels=n, n_units=1, seed=4, probe=name)
    reader = MockSessionRawIO(generate_session(spec, tmp_path / "session", virtual=True))
    source = of_reader(reader, None, lambda size: None)
    exported = write(source, tmp_path / "out")
    recording = read_spikeglx(exported.folder, stream_id="imec0.ap")
    stream = next(one for one in source.signals if one.id == "broadband")
    ours, probe = stream.probe["probes"][0], recording.get_probe()
    assert probe.contact_ids.tolist() == ours["contact_ids"]
    np.testing.assert_allclose(probe.contact_positions, ours["contact_positions"])
    orders = ours["contact_annotations"]["adc_sample_order"]
    assert probe.contact_annotations["adc_sample_order"].tolist() == orders
    assert probe.annotations["part_number"] == ours["annotations"]["model_name"]
    assert not any(line.startswith("probe") for line in exported.left_out)
    np.testing.assert_array_equal(recording.get_traces(end_frame=1000), stream.read(0, 0, 1000))
    np.testing.assert_allclose(recording.get_channel_gains(), stream.gains, rtol=1e-6)
    sync = read_spikeglx(exported.folder, stream_id="imec0.ap-SYNC").get_traces()[:, 0]
    known = next(one for one in source.signals if one.id == "sync")
    np.testing.assert_array_equal(sync, 64 * known.read(0, 0, known.sizes[0])[:, 0])


def test_a_gain_a_channel(tmp_path: Path) -> None:
    """Channels with gains of their own are a Neuropixels 1.0; gains that it has none for come to 1e-6 all the same."""
    source = signals(1, "broadband", 30000.0, 5, (0.0,), (50,))
    lfp = signals(2, "lfp", 2500.0, 5, (0.0,), (5,), gain=4.6875)
    usual = [0.6 / 512 / gain * 1e6 for gain in (500, 500, 1000, 250, 50)]
    for k, gains in enumerate((usual, [0.195, 0.2, np.pi, 1e-3, 7.0])):
        channels = tuple(one._replace(gain=g) for one, g in zip(source.channels, gains, strict=True))
        given = Recorded(START, (RecordedSpan(0, 0.1),), (replace(source, channels=channels), lfp), (), (), "r")
        exported = PROOF(given, tmp_path / str(k))
        meta = read_meta(exported.folder / "r_g0/r_g0_imec0/r_g0_t0.imec0.ap.meta")
        assert meta["imDatPrb_pn"] == "NP1000"
        assert (float(meta["imAiRangeMax"]) == 0.6) == (gains is usual)
    assert "(0 0 0 500 250 1)" in read_meta(tmp_path / "0/r_g0/r_g0_imec0/r_g0_t0.imec0.lf.meta")["~imroTbl"]


def test_nidq(tmp_path: Path) -> None:
    """A third stream is the analog channels of nidq, beside the digital word; a fourth one is left out."""
    span = (RecordedSpan(0.5, 0.6),)
    ap = signals(1, "broadband", 30000.0, 4, (0.5,), (3000,))
    analog = signals(2, "analog", 25000.0, 2, (0.5,), (2500,), gain=0.25)
    third = signals(3, "other", 1000.0, 2, (0.5,), (100,))
    marks = (events(1, "Events", span, 25000.0, 5, is_epoch=False),)
    reader = write(Recorded(START, span, (ap, analog, third), (), marks, "r"), tmp_path / "out")
    assert any(line.startswith("stream other:") for line in reader.left_out)
    reader = reader.open()
    index = reader.header["signal_streams"]["name"].tolist().index("nidq")
    raw = reader.get_analogsignal_chunk(0, 0, None, None, index)
    np.testing.assert_array_equal(raw[:, :2], analog.read(0, 0, 2500))
    assert reader.get_signal_t_start(0, 0, index) == 0.5
    rows = reader.header["signal_channels"]
    np.testing.assert_allclose(rows["gain"][rows["stream_id"] == "nidq"][:2], 0.25e-6, rtol=1e-9)
    times = marks[0].read(0, None, None)[0] - 0.5
    np.testing.assert_allclose(rises(reader, 0)[0], np.maximum(times, 1 / 25000), atol=1e-9)


def test_an_export_again(tmp_path: Path) -> None:
    """A run that Neo has read is written as it was, its sync channel included."""
    span = (RecordedSpan(0.5, 0.6),)
    ap = signals(1, "broadband", 30000.0, 4, (0.5,), (3000,))
    first = write(Recorded(START, span, (ap,), (), (), "recording"), tmp_path / "first")
    again = export(first.open(), tmp_path / "again", "spikeglx")
    name = next(name for name in first.files if name.endswith(".bin"))
    assert again.files == first.files
    assert (again.folder / name).read_bytes() == (first.folder / name).read_bytes()


def test_refused(tmp_path: Path) -> None:
    """Streams that no probe has are left out, and an export of nothing is refused."""
    span = (RecordedSpan(0, 0.1),)
    ap = signals(1, "broadband", 30000.0, 4, (0.0,), (3000,))
    wide = signals(1, "broadband", 30000.0, 1537, (0.0,), (2,))
    odd = replace(ap, channels=tuple(one._replace(units="mm") for one in ap.channels))
    negative = replace(ap, channels=tuple(one._replace(gain=-1.0) for one in ap.channels))
    for k, stream in enumerate((wide, odd, negative)):
        with pytest.raises(MockSessionError, match="openephys_binary"):
            write(Recorded(START, span, (stream,), (), (), "r"), tmp_path / str(k))


def data(exported: Exported) -> list[np.ndarray]:
    """Return what Neo reads of a run, a segment after another and a stream after another."""
    reader = exported.open()
    streams = range(len(reader.header["signal_streams"]))
    return [reader.get_analogsignal_chunk(0, k, None, None, i) for k in range(reader.segment_count(0)) for i in streams]


NEO = {
    "wrong-size": "reads what the file holds",
    "no-channel-counts": "raises KeyError",
    "catgt": "raises KeyError: takes nidq for a segment without a gate",
    "no-numbers": "reads it as a segment",
    "cut-sample": "raises ValueError",
    "no-first-sample": "reads it from 0 s, and warns",
}
RAISED: dict[str, tuple[type[Exception], str]] = {
    "no-channel-counts": (KeyError, "snsMnMaXaDw"),
    "catgt": (KeyError, "imec0"),
    "cut-sample": (ValueError, "not a multiple"),
}


@pytest.mark.filterwarnings("ignore:'firstSample' missing")
@pytest.mark.parametrize("fault", NEO)
def test_faults(fault: str, tmp_path: Path) -> None:
    """What Neo does with each fault is what the page says."""
    source = tiny()
    whole, broken = write(source, tmp_path / "whole"), write(source, tmp_path / "broken", fault)
    if NEO[fault].startswith("raises"):
        error, match = RAISED[fault]
        with pytest.raises(error, match=match):
            broken.open()
        return
    expected, found = data(whole), data(broken)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    if fault == "no-first-sample":
        assert broken.open().get_signal_t_start(0, 1, 0) == 0


def test_the_numbers_of_probes() -> None:
    """Shanks, channels, converters, gains and rows of each probe are those that ProbeInterface's table has."""
    probeinterface = pytest.importorskip("probeinterface")
    table = Path(probeinterface.__file__).parent / "resources" / "neuropixels_probe_features.json"
    if not table.exists():
        pytest.skip("an older ProbeInterface has no such table")
    known = json.loads(table.read_text())["neuropixels_probes"]
    for part in (part for part in PARTS if part.number in known):
        its = known[part.number]
        assert (part.n_shanks, part.channels) == (int(its["num_shanks"]), int(its["num_readout_channels"]))
        assert (part.max_int, part.z_um) == (1 << int(its["adc_bit_depth"]) - 1, float(its["electrode_pitch_vert_um"]))
        assert str(part.gain) == its["ap_gain_list"] or (part.gain is None and "," in its["ap_gain_list"])
        number = int(its["imro_table_format_type"].removeprefix("imro_np"))
        assert part.kind == {1000: 0, 2000: 21, 2010: 24}.get(number, number)
        assert part.slots == (12 if its["mux_table_format_type"] == "mux_np1000" else 16)


def on(number: str, *contacts: str, **more: object) -> RecordedSignals:
    """Return a stream of a channel for each of these contacts of one of IMEC's probes."""
    columns = list(range(len(contacts)))
    probe = {"annotations": {"model_name": number}, "contact_ids": list(contacts), "device_channel_indices": columns}
    stream = signals(1, "broadband", 30000.0, len(contacts), (0.0,), (5,))
    return replace(stream, probe={"probes": [{**probe, **more}]})


@pytest.mark.parametrize(
    ("number", "contacts", "one_gain", "saved"),
    [
        ("NP1000", ("e0", "e1", "e2"), False, [0, 1, 2]),
        ("NP1000", ("e384", "e1"), False, [0, 1]),
        ("NP1000", ("e0", "e2"), True, [0, 2]),
        ("NP1000", ("e0", "e2"), False, None),  # of gains of their own readers take the first rows
        ("NP1000", ("e1", "e0"), True, None),
        ("NP1000", ("e0", "e384"), True, None),  # both are read by channel 0
        ("NP1000", ("e0", "x1"), True, None),
        ("NP2000", ("e0", "e1"), True, None),  # which channels read them is not said
        ("NP2000", ("e0", "e1"), False, None),
        ("NP9999", ("e0", "e1"), True, None),
    ],
)
def test_the_channels_of_a_probe(
    number: str, contacts: tuple[str, ...], one_gain: bool, saved: list[int] | None
) -> None:
    """A probe is written as it is if each channel reads one contact, in the order of channels, and readers agree."""
    found = own_probe(on(number, *contacts), one_gain=one_gain)
    assert (None if found is None else found.saved.tolist()) == saved
    if found is not None:
        assert found.electrodes[found.saved].tolist() == [int(one[1:]) for one in contacts]


def test_a_probe_that_says_too_little() -> None:
    """One without ids of contacts, or with fewer than channels, is not written as what it is called."""
    for ids in ([], ["e0"]):
        assert own_probe(on("NP1000", "e0", "e1", contact_ids=ids)) is None


def test_the_converters_of_a_probe() -> None:
    """Channels of NP2010 are told by converter and turn; the contacts of those that are not saved are others."""
    notes = {"adc_group": [0, 1, 0, 3], "adc_sample_order": [0, 0, 1, 15]}
    found = own_probe(on("NP2010", "s0e0", "s1e5", "s3e7", "s2e1279", contact_annotations=notes))
    assert found is not None
    assert found.saved.tolist() == [0, 1, 2, 63]
    assert found.shanks[found.saved].tolist() == [0, 1, 3, 2]
    assert found.electrodes[found.saved].tolist() == [0, 5, 7, 1279]
    rest = np.delete(np.arange(384), found.saved)
    assert not found.shanks[rest].any()
    assert found.electrodes[rest].tolist() == (384 + rest).tolist()
    said = tables(found, ())
    assert said["~imroTbl"].startswith("(24,384)(0 0 0 0 0)(1 1 0 0 5)(2 3 0 0 7)(3 0 1 0 387)")
    assert "(63 2 3 0 1279)" in said["~imroTbl"]
    assert said["~snsGeomMap"].startswith("(NP2010,4,250,70)(0:27:0:1)(1:59:30:1)(3:59:45:1)(2:59:9585:1)")
    assert said["~snsShankMap"] == "(4,2,640)(0:0:0:1)(1:1:2:1)(3:1:3:1)(2:1:639:1)"


def test_a_converter_that_a_probe_has_not() -> None:
    """A contact that would be read by a channel after the last one is none of that probe."""
    last, beyond = ({"adc_group": [group], "adc_sample_order": [slot]} for group, slot in ((23, 15), (24, 0)))
    assert own_probe(on("NP2010", "s0e0", contact_annotations=last)) is not None
    assert own_probe(on("NP2010", "s0e0", contact_annotations=beyond)) is None


def test_the_tables_of_probes_of_one_shank() -> None:
    """NP2000 has a mask of banks for each channel; NP1000 a bank, two gains and a filter, else the first's."""
    notes = {"adc_group": [0, 1], "adc_sample_order": [0, 0]}
    found = own_probe(on("NP2000", "e0", "e769", contact_annotations=notes))
    assert found is not None
    assert tables(found, ())["~imroTbl"].startswith("(21,384)(0 1 0 0)(1 4 0 769)(2 1 0 2)")
    found = own_probe(on("NP1000", "e0", "e385"), one_gain=False)
    assert found is not None
    said = tables(found, (np.array([500, 1000]), np.array([250, 125])))
    assert said["~imroTbl"].startswith("(0,384)(0 0 0 500 250 1)(1 1 0 1000 125 1)(2 0 0 500 250 1)")
    assert said["~snsShankMap"] == "(1,2,480)(0:0:0:1)(0:1:192:1)"
    assert said["~snsGeomMap"].startswith("(NP1000,1,0,70)(0:27:0:1)(0:")
