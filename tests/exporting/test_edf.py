"""EDF+ and BDF+ files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio.exporting.door import write_rig
from mockrawio.formats.edf.kinds import EDF
from mockrawio.formats.edf.records import cut_records
from mockrawio.formats.recorded import Recorded, RecordedChannel, RecordedSpan
from mockrawio.formats.rig import rig_formats
from mockrawio.ground.errors import MockSessionError
from tests.exporting.drawn import START, recordings, signals, tried
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny

FORMAT = rig_formats()["edf"]
RATES = {"broadband": 1000.0, "lfp": 100.0}
UV = {"nV": 1e-3, "uV": 1.0, "mV": 1e3, "V": 1e6}


@pytest.fixture(autouse=True)
def _pyedflib() -> None:
    """Neo's reader needs it."""
    pytest.importorskip("pyedflib")


def fastest_first(recorded: Recorded) -> Recorded:
    return recorded.only(sorted(recorded.signals, key=lambda one: -one.rate))


def proof(bdf: bool) -> Proof:
    """Neo has one list of annotations, of which it miscounts those by kind, and scales of its own: test_neos_scale."""
    return Proof(
        "edf",
        unread=("events",),
        filled=True,
        values=False,
        but=("read_events",),
        ours=fastest_first,
        options={"bdf": bdf},
    )


@pytest.mark.parametrize("bdf", [False, True])
@pytest.mark.parametrize("kind", ["broadband", "gaps"])
def test_sessions(kind: str, bdf: bool, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads all streams of every kind of session count for count, as many samples as there are."""
    exported = proof(bdf)(sources[kind], tmp_path / "out")
    assert not any(line.startswith("the end") for line in exported.left_out)


@pytest.mark.at_length
@pytest.mark.slow
@settings(max_examples=tried(10))
@given(recordings(streams=2), st.booleans())
def test_drawn(recorded: Recorded, bdf: bool) -> None:
    """Any rate, width and number of segments comes back."""
    with tempfile.TemporaryDirectory() as folder:
        proof(bdf)(recorded, Path(folder) / "out")


def with_gain(gain: float, units: str = "uV", offset: float = 0.0) -> Recorded:
    source = tiny().part(0)
    stream = source.signals[0]
    channels = tuple(RecordedChannel(one.id, one.name, units, gain, offset) for one in stream.channels)
    return source.only([replace(stream, channels=channels)])


def ranges(data: bytes) -> tuple[float, float, float, float]:
    """Return the physical and the digital ends of the first channel."""
    n = int(data[252:256])
    low, high, first, last = (float(data[256 + n * at : 264 + n * at]) for at in (104, 112, 120, 128))
    return low, high, first, last


@pytest.mark.parametrize("bdf", [False, True])
@pytest.mark.parametrize("units", ["uV", "V", "nV"])
@pytest.mark.parametrize("gain", [0.195, 1 / 3, 1.23456789, 30.51757, 3.3e-3])
def test_gains(gain: float, units: str, bdf: bool, tmp_path: Path) -> None:
    """By the format's own rule gains are right to 1e-6; offsets to 0.2 of a count in EDF+, and exact in BDF+."""
    exported = write_rig(with_gain(gain, units), tmp_path / "out", FORMAT, bdf=bdf)
    low, high, first, last = ranges((exported.folder / exported.files[0]).read_bytes())
    text = (exported.folder / exported.files[0]).read_bytes()
    n = int(text[252:256])
    wanted = gain * UV[units] / UV[text[256 + 96 * n :][:8].decode().strip()]
    found = (high - low) / (last - first)
    assert found == pytest.approx(wanted, rel=1e-8 if bdf else 5e-7)
    assert abs(low - first * found) <= (1e-6 if bdf else 0.2) * wanted
    assert (first, last) == (-32768, 32767) or bdf


@pytest.mark.parametrize("bdf", [False, True])
def test_neos_scale(bdf: bool, tmp_path: Path) -> None:
    """Neo counts a digital step too many: a gain too small by that, and half a count for an offset."""
    exported = write_rig(with_gain(0.195), tmp_path / "out", FORMAT, bdf=bdf)
    first, last = ranges((exported.folder / exported.files[0]).read_bytes())[2:]
    row = exported.open().header["signal_channels"][0]
    assert row["gain"] * (last - first + 1) / (last - first) == pytest.approx(0.195, rel=1e-8)
    assert row["offset"] == pytest.approx(-0.195 / 2, rel=1e-3)
    assert row["gain"] == pytest.approx(0.195, rel=1e-7 if bdf else 1.6e-5)


def test_offset(tmp_path: Path) -> None:
    """A channel's offset is in its physical range."""
    exported = write_rig(with_gain(0.25, offset=100.0), tmp_path / "out", FORMAT)
    assert ranges((exported.folder / exported.files[0]).read_bytes()) == (-8092, 8291.75, -32768, 32767)


@pytest.mark.parametrize(
    ("rate", "n", "samples", "duration"),
    [
        (29997.3, 2003, 2003, ".0667727"),  # off by 4e-7
        (30001.0, 2003, 15360, ".5119829"),  # .0667644 is off by 7e-7
    ],
)
def test_how_far_a_rate_may_be_off(rate: float, n: int, samples: int, duration: str) -> None:
    """Records that all samples fill are taken where their duration tells the rate to 5e-7, else longer ones."""
    stream = signals(1, "broadband", rate, 2, (0.0,), (n,))
    assert cut_records([stream], EDF) == ((samples,), 1, duration)


def test_records_of_a_byte_more_than_usual():
    """Two streams whose samples of 2.56 s take 61440 bytes, and what is lost in a sum, are cut into halves of that."""
    streams = [signals(1, "one", 5000.0, 1, (0.0,), (12_800,)), signals(1, "two", 1000.0, 7, (0.0,), (2560,))]
    assert cut_records(streams, EDF) == ((6400, 1280), 2, "1.28")


def test_events(tmp_path: Path) -> None:
    """Events and epochs are annotations by the time since the first sample; Neo has them by kind."""
    source = tiny().part(0)
    source = replace(source, start=source.start + timedelta(microseconds=538_000))
    reader = write_rig(source, tmp_path / "out", FORMAT).open()
    for index, one in enumerate(source.events):
        times, durations, labels = one.read(0, None, None)
        stamps, lasting, found = reader.get_event_timestamps(0, 0, index, None, None)
        np.testing.assert_allclose(stamps, times, rtol=0, atol=1e-7)
        assert found.tolist() == [f"{one.name}: {label}" for label in labels]
        if durations is not None:
            np.testing.assert_allclose(lasting, durations, rtol=0, atol=1e-7)


def test_one_channel_of_events(tmp_path: Path) -> None:
    """Labels stand alone where there is one event channel."""
    source = tiny().part(0)
    source = replace(source, events=source.events[:1])
    labels = write_rig(source, tmp_path / "out", FORMAT).open().get_event_timestamps(0, 0, 0, None, None)[2]
    assert labels.tolist() == source.events[0].read(0, None, None)[2].tolist()


def test_names(tmp_path: Path) -> None:
    """A name that is long or not in ASCII is cut, and named in what is left out."""
    source = with_gain(0.25)
    stream = source.signals[0]
    names = ("Électrode, 1", "a" * 20, "plain")
    channels = tuple(one._replace(name=name) for one, name in zip(stream.channels, names, strict=True))
    exported = write_rig(source.only([replace(stream, channels=channels)]), tmp_path / "out", FORMAT)
    assert exported.open().header["signal_channels"]["name"].tolist() == ["?lectrode, 1", "a" * 16, "plain"]
    assert sum(line.startswith("name ") for line in exported.left_out) == 2


def test_channels(tmp_path: Path) -> None:
    """A slower stream is left out if there would be more channels than readers take, and one of too many refused."""
    spans = (RecordedSpan(0.0, 0.1),)
    wide = [signals(k, name, rate, 400, (0.0,), (int(rate / 10),)) for k, (name, rate) in enumerate(RATES.items())]
    exported = write_rig(Recorded(START, spans, tuple(wide), (), (), "recording"), tmp_path / "out", FORMAT)
    assert [line.partition(":")[0] for line in exported.left_out if "639" in line] == ["stream lfp"]
    wider = signals(1, "broadband", 1000.0, 640, (0.0,), (100,))
    with pytest.raises(MockSessionError, match="639 channels"):
        write_rig(Recorded(START, spans, (wider,), (), (), "recording"), tmp_path / "other", FORMAT)


@pytest.mark.slow
def test_spikeinterface(tmp_path: Path) -> None:
    """SpikeInterface's extractor has the counts."""
    extractors = pytest.importorskip("spikeinterface.extractors")
    source = with_gain(0.25)
    exported = write_rig(source, tmp_path / "out", FORMAT)
    recording = extractors.read_edf(exported.arguments()["filename"])
    np.testing.assert_array_equal(recording.get_traces(), source.signals[0].read(0, 0, 1600))


NEO: dict[str, type[Exception]] = {
    "unknown-records": OSError,
    "cut-record": OSError,
    "discontinuous": ValueError,
    "no-range": OSError,
}


@pytest.mark.parametrize("fault", NEO)
def test_faults(fault: str, tmp_path: Path) -> None:
    """Neo opens none of the files that are broken."""
    assert set(NEO) == {one.name for one in FORMAT.faults}
    with pytest.raises(NEO[fault]):
        write_rig(tiny(), tmp_path / "out", FORMAT, fault=fault).open()
