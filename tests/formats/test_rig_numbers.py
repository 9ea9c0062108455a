"""Numbers that formats of rigs make of others: scales, codes, sizes of blocks and records, clocks of headers."""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import datetime, timezone
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mockrawio.exporting import Exported
from mockrawio.exporting.door import write_rig
from mockrawio.formats import recorded
from mockrawio.formats.blackrock.events import RESTART
from mockrawio.formats.blackrock.layout import VERSIONS, CountScale, origin
from mockrawio.formats.edf import records
from mockrawio.formats.edf.kinds import BDF, EDF
from mockrawio.formats.edf.notes import Notes
from mockrawio.formats.edf.records import cut_records
from mockrawio.formats.openephys_binary.structure import channel_names, folder_name
from mockrawio.formats.plexon.layout import BLOCK_HEAD, EVENT_HEAD, HEAD, SLOW_HEAD, FullScale
from mockrawio.formats.recorded import Recorded, RecordedSpan
from mockrawio.formats.rig import rig_formats
from mockrawio.formats.spikeglx import read_meta
from mockrawio.formats.tdt import files as tdt_files
from mockrawio.formats.tdt.layout import SEV_HEAD, Store, sev_head
from mockrawio.ground.errors import MockSessionError
from tests.exporting.drawn import START, signals
from tests.exporting.odd import marks, unit


def one(rate: float = 30_000.0, size: int = 60, n_channels: int = 2, begin: float = 0.0, **more: Any) -> Recorded:
    """Return a segment of noise, with events and units if they are given."""
    stream = signals(1, "broadband", rate, n_channels, (begin,), (size,), gain=more.pop("gain", 0.195))
    span = RecordedSpan(begin, begin + size / rate)
    return Recorded(START, (span,), (stream,), more.pop("units", ()), more.pop("events", ()), "x", **more)


def write(name: str, source: Recorded, folder: Path, **how: Any) -> Exported:
    return write_rig(source, folder, rig_formats()[name], **how)


# -- Blackrock ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("microvolts", "scale"),
    [
        (0.25, (8191, 32764, "uV")),
        (1.0, (32767, 32767, "uV")),
        (4.0, (32764, 8191, "uV")),
        (-4.0, (-32764, 8191, "uV")),
        (0.195, (6357, 32600, "uV")),
        (1e5, (32700, 327, "mV")),
        (0.00025, (8, 32000, "uV")),
        (250_000.0, (32750, 131, "mV")),
    ],
)
def test_ratios(microvolts: float, scale: tuple[int, int, str]) -> None:
    """A gain is a ratio of whole numbers that are as large as they can be, in the unit that is nearest."""
    found = CountScale.of(microvolts)
    assert found == scale
    assert abs(found.error(microvolts)) < 1e-7


def test_versions() -> None:
    """Ticks have 32 bits in version 2.3, 63 later; a packet has a stamp, six bytes more, and its data."""
    assert [one.most for one in VERSIONS.values()] == [1 << 32, 1 << 63, 1 << 63]
    assert [one.resolution for one in VERSIONS.values()] == [30_000, 30_000, 10**9]
    assert [one.packet(104)["data"].shape for one in VERSIONS.values()] == [(96,), (92,), (92,)]
    assert [one.packet(104).itemsize for one in VERSIONS.values()] == [104] * 3
    sunday = datetime(2021, 3, 7, 8, 9, 10, 999_999, tzinfo=timezone.utc)
    assert origin(sunday) == [2021, 3, 0, 7, 8, 9, 10, 999]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_segment_of_nothing(version: str, tmp_path: Path) -> None:
    """Where a segment of spikes alone has none, its mark is where it begins."""
    spans = (RecordedSpan(0.0, 0.5), RecordedSpan(1.5, 2.0))
    source = replace(one(), signals=(), segments=spans, units=(unit(1, "a", "CSC1", [[0.1], []], 4),))
    made = write("blackrock", source, tmp_path / "out", version=version)
    data = (made.folder / "x.nev").read_bytes()
    (size,) = struct.unpack("<I", data[16:20])
    last = data[-size:]
    layout = VERSIONS[version]
    assert int.from_bytes(last[: np.dtype(layout.stamp).itemsize], "little") == 1.5 * layout.resolution
    assert RESTART in last


@pytest.mark.parametrize(
    ("gain", "noted"),
    [(0.195, False), (0.195 * (1 + 3e-6), False), (np.pi / 7, False), (32000.0, False), (1.00002, True)],
)
def test_gains_of_blackrock(gain: float, noted: bool, tmp_path: Path) -> None:
    """That a gain is off by more than a millionth is noted."""
    made = write("blackrock", one(gain=gain), tmp_path / "out")
    error = abs(CountScale.of(gain).error(gain))
    assert (error > 1e-6) is noted
    assert any(line.startswith("gains:") for line in made.left_out) is noted


@pytest.mark.parametrize(("number", "connector", "pin"), [(1, 1, 1), (32, 1, 32), (33, 2, 1)])
def test_connectors(number: int, connector: int, pin: int, tmp_path: Path) -> None:
    """Thirty-two electrodes share a connector, of samples and of spikes."""
    source = one(n_channels=33, size=6, units=(unit(1, "a", f"CSC{number}", [[0.0001]], 4),))
    made = write("blackrock", source, tmp_path / "out")
    (name,) = (name for name in made.files if name.endswith(".ns6"))
    head = (made.folder / name).read_bytes()[314 + 66 * (number - 1) :][:66]
    assert (head[2], head[20], head[21]) == (number, connector, pin)
    events = (made.folder / "x.nev").read_bytes()[336:368]
    assert (events[:8], events[8], events[10], events[11]) == (b"NEUEVWAV", number, connector, pin)


def test_waveforms_in_whole_nanovolts(tmp_path: Path) -> None:
    """Waveforms of whole nV, to a millionth, are as they are; others are rounded to the next, cut at int16's ends."""
    times = [[0.001]]
    for gain, units, kept in (
        (0.195, "uV", True),
        (0.001, "uV", True),
        (0.195 * (1 + 9e-7), "uV", True),
        (0.195 * (1 + 2e-6), "uV", False),
        (65.535, "uV", True),
        (65.536, "uV", False),
        (0.065535, "mV", True),
        (-0.195, "uV", False),
        (0.0005, "uV", False),
    ):
        some = unit(1, "a", "CSC1", times, 4, gain=gain, units=units)
        made = write("blackrock", one(units=(some,)), tmp_path / f"{gain}{units}")
        assert any(line.startswith("gains of waveforms:") for line in made.left_out) is not kept
        data = (made.folder / "x.nev").read_bytes()
        packet = data[-int.from_bytes(data[16:20], "little") :]
        (factor,) = struct.unpack("<H", data[336 + 12 : 336 + 14])
        microvolts = gain * {"uV": 1.0, "mV": 1e3}[units]
        wanted = some.waveforms(0, None, None)[0, 0] * microvolts * 1000
        found = np.frombuffer(packet[8:16], "<i2") * float(factor)
        clipped = np.clip(wanted, -32768.0 * factor, 32767.0 * factor)
        assert np.abs(found - clipped).max() <= factor / 2 + 0.04


def test_electrodes_of_no_channel(tmp_path: Path) -> None:
    """A unit of no channel has an electrode after all channels."""
    made = write("blackrock", one(n_channels=3, units=(unit(1, "a", None, [[0.001]], 4),)), tmp_path / "out")
    assert (made.folder / "x.nev").read_bytes()[344:346] == b"\x04\0"


@pytest.mark.parametrize(("label", "word"), [("0", True), ("65535", True), ("65536", False), ("-1", False)])
def test_words_of_blackrock(label: str, word: bool, tmp_path: Path) -> None:
    """Labels that are all words of 16 bits are those of the digital port, others are comments."""
    made = write("blackrock", one(events=(marks("E", [[0.001]], (label,)),)), tmp_path / "out")
    data = (made.folder / "x.nev").read_bytes()
    packet = data[-int.from_bytes(data[16:20], "little") :]
    if word:
        assert (packet[4:7], packet[8:10]) == (b"\0\0\x01", int(label).to_bytes(2, "little"))
    else:
        assert (packet[4:6], packet[12:].rstrip(b"\0")) == (b"\xff\xff", f"E: {label}".encode())


@pytest.mark.parametrize("n", [1, 2])
def test_pauses_of_blackrock(n: int, tmp_path: Path) -> None:
    """Where every sample has a time stamp it is said how readers find the pauses, if there are any."""
    source = one(size=20) if n == 1 else one(size=20, n_channels=1)
    if n == 2:
        stream = signals(1, "broadband", 30_000.0, 1, (0.0, 0.5), (20, 20))
        source = replace(source, signals=(stream,), segments=(RecordedSpan(0.0, 0.001), RecordedSpan(0.5, 0.501)))
    for version in VERSIONS:
        (part,) = write("blackrock", source, tmp_path / version, version=version).parts
        assert part.get("gap_tolerance_ms") == (0.0 if n == 2 and version == "3.0-ptp" else None)


# -- Plexon -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "codes", "port"),
    [
        (("0", "65535"), [0, 65535], 257),
        (("0", "65536"), [1, 2], 1),
        (("7", "07"), [2, 1], 1),
        (("b", "a"), [2, 1], 1),
        (("1", "2"), [1, 2], 257),
    ],
)
def test_codes_of_plexon(labels: tuple[str, str], codes: list[int], port: int, tmp_path: Path) -> None:
    """Labels that are all numbers of 16 bits are words of the port; others are numbered from 1, by their text."""
    made = write("plexon", one(events=(marks("E", [[0.0002, 0.0004]], labels),)), tmp_path / "out")
    reader = made.open()
    assert [int(label) for label in reader.get_event_timestamps(0, 0, 0, None, None)[2]] == codes
    assert reader.header["event_channels"]["id"].tolist()[0] == str(port)


def test_ports_of_plexon(tmp_path: Path) -> None:
    """The first channel with words is the port of words, others are channels from 1 on."""
    channels = [("a", ("x",)), ("b", ("3",)), ("c", ("4",))]
    events = tuple(marks(name, [[0.0002]], labels) for name, labels in channels)
    made = write("plexon", one(events=events), tmp_path / "out")
    data = (made.folder / "x.plx").read_bytes()
    heads = np.frombuffer(data, EVENT_HEAD, 5, HEAD.itemsize)
    assert heads["channel"].tolist() == [1, 257, 3, 258, 259]
    assert heads["source_channel"].tolist()[:3] == [1, 1, 3]
    assert heads["comment"].tolist()[:3] == [b"1 x", b"", b""]


@pytest.mark.parametrize(("rate", "name"), [(5000.0, b"WB001"), (4999.0, b"FP001")])
def test_wide_band_of_plexon(rate: float, name: bytes, tmp_path: Path) -> None:
    """Streams from 5 kHz on are wide band."""
    made = write("plexon", one(rate), tmp_path / "out")
    data = (made.folder / "x.plx").read_bytes()
    head = np.frombuffer(data, HEAD, 1)[0]
    place = HEAD.itemsize + EVENT_HEAD.itemsize * int(head["event_channels"])
    assert np.frombuffer(data, SLOW_HEAD, 1, place)["name"][0] == name
    assert head["rate"] == -(-40_000 // rate) * rate


@pytest.mark.parametrize(
    ("size", "block"),
    [
        (7, 1),
        (16, 2),
        (512, 64),
        (511, 7),
        (513, 57),
        (521, 512),
        (1600, 200),
        (1601, 512),
        (8 * 509, 509),
        (8336, 16),
        (7815, 512),
    ],
)
def test_blocks_of_plexon(size: int, block: int, tmp_path: Path) -> None:
    """Blocks are of one size, an eighth of the samples at most, where one of 16 or more is; else of 512."""
    made = write("plexon", one(size=size, n_channels=1), tmp_path / "out")
    data = (made.folder / "x.plx").read_bytes()
    head = np.frombuffer(data, HEAD, 1)[0]
    place = HEAD.itemsize + EVENT_HEAD.itemsize * int(head["event_channels"]) + SLOW_HEAD.itemsize
    words = []
    while place < len(data):
        kind, n = struct.unpack("<H12xH", data[place : place + 16])
        words += [n] if kind == 5 else []
        place += 16 + 2 * n
    assert words == [block] * (size // block) + [size % block] * (size % block > 0)


def test_the_smallest_gains_of_plexon() -> None:
    """Factors are whole numbers of 31 bits at most, one at least; the range is the first that is as near as can be."""
    assert FullScale.of(np.array([1e-15]), 16).factors.tolist() == [2**31 - 1]
    assert FullScale.of(np.array([10.0]), 16).factors.tolist() == [1]
    found = FullScale.of(np.array([0.5, -0.25, 0.5]), 16)
    assert (found.range, found.bits, found.factors.tolist(), found.error) == (16384, 16, [1, -2, 1], 0.0)
    assert FullScale.of(np.array([1.0]), 12)[:2] == (2048, 12)


@pytest.mark.parametrize(("gains", "noted"), [([0.195, 0.2, 0.5], False), (1000 * np.sqrt([2, 3, 5, 7]), True)])
def test_gains_of_plexon(gains: list[float], noted: bool, tmp_path: Path) -> None:
    """That gains are off by more than a millionth is noted."""
    source = one(n_channels=len(gains))
    stream = source.signals[0]
    rows = tuple(row._replace(gain=gain) for row, gain in zip(stream.channels, gains, strict=True))
    made = write("plexon", source.only([replace(stream, channels=rows)]), tmp_path / "out")
    assert any(line.startswith("gains:") for line in made.left_out) is noted
    assert np.frombuffer((made.folder / "x.plx").read_bytes(), HEAD, 1)["bits"][0].tolist() == [8 if noted else 16] * 2


def test_rates_of_waveforms_of_plexon(tmp_path: Path) -> None:
    """That waveforms are of two rates, or of no whole number of Hz, is noted, and not of one that is whole."""
    for rates, noted in (
        ((30_000.0, 30_000.0), False),
        ((30_000.0, 0.0), False),
        ((30_000.0, 1e4), True),
        ((24414.06,), True),
    ):
        units = tuple(unit(k, f"u{k}", f"CSC{k + 1}", [[0.001]], 4, rate=rate) for k, rate in enumerate(rates))
        made = write("plexon", one(units=units), tmp_path / str(rates))
        assert any(line.startswith("rates of waveforms:") for line in made.left_out) is noted
        head = np.frombuffer((made.folder / "x.plx").read_bytes(), HEAD, 1)[0]
        assert head["waveform_rate"] == round(max(rates))


def test_late_ticks_of_plexon(tmp_path: Path) -> None:
    """Ticks have forty bits, the upper eight of which are apart."""
    ticks = [(1 << 32) + 5, (3 << 32) + 7]
    spikes = unit(1, "a", None, [[tick / 40_000 for tick in ticks]], 0)
    span = RecordedSpan(0.0, (ticks[1] + 9) / 40_000)
    source = Recorded(START, (span,), (), (spikes,), (), "x")
    data = (write("plexon", source, tmp_path / "out").folder / "x.plx").read_bytes()
    found = np.frombuffer(data[-64:], BLOCK_HEAD)
    assert found["type"].tolist() == [4, 1, 1, 4]
    assert found["upper"].tolist() == [0, 1, 3, 3]
    assert found["stamp"].tolist() == [0, 5, 7, 16]


# -- EDF ----------------------------------------------------------------------------------------


def test_records_that_samples_fill() -> None:
    """The longest record of up to 61,440 bytes that samples fill is taken, of one of 32 bytes at least."""
    stream = signals(1, "broadband", 1000.0, 2, (0.0,), (3000,))
    assert cut_records([stream], EDF) == ((3000,), 1, "3")
    long = replace(stream, sizes=(40_000,))
    assert cut_records([long], EDF) == ((10_000,), 4, "10")
    assert cut_records([long], BDF) == ((10_000,), 4, "10")
    assert cut_records([replace(stream, sizes=(30_000,))], BDF) == ((10_000,), 3, "10")
    prime = replace(stream, sizes=(40_009,))
    assert cut_records([prime], EDF) == ((40_009,), 1, "40.009")
    assert cut_records([replace(stream, sizes=(7,))], EDF) == ((7,), 1, "0.007")
    slow = signals(2, "lfp", 100.0, 2, (0.0,), (300,))
    assert cut_records([stream, slow], EDF) == ((3000, 300), 1, "3")
    assert cut_records([stream, replace(slow, sizes=(299,))], EDF) == ((13_960, 1396), 1, "13.96")
    none = signals(3, "odd", 1000.0 / np.sqrt(2), 2, (0.0,), (300,))
    assert cut_records([stream, none], EDF) is None


def test_records_of_long_recordings() -> None:
    """A record may be as long as the samples; its duration has the digits that eight characters hold."""
    stream = signals(1, "broadband", 1000.0, 1, (0.0,), (3,))
    assert cut_records([replace(stream, sizes=(131_101,))], EDF) == ((131_101,), 1, "131.101")
    assert cut_records([replace(stream, sizes=(122_880,))], EDF) == ((30_720,), 4, "30.72")
    assert cut_records([replace(stream, rate=7.77, sizes=(1000,))], EDF) == ((1000,), 1, "128.7001")


def test_the_shortest_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records that samples fill are of 32 bytes at least: of those that are shorter annotations would be most."""
    monkeypatch.setattr(records, "_USUAL", 100)
    stream = signals(1, "broadband", 1000.0, 1, (0.0,), (16 * 53,))
    assert cut_records([stream], EDF) == ((16,), 53, "0.016")
    assert cut_records([replace(stream, sizes=(15 * 53,))], EDF) == ((795,), 1, "0.795")


def test_records_of_two_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each record has its samples of the one stream, then those of the other, in blocks of any size."""
    monkeypatch.setattr(recorded, "BLOCK", 1)
    source = one(1000.0, size=40_000)
    slow = signals(2, "lfp", 100.0, 3, (0.0,), (4000,), gain=0.195)
    made = write("edf", source.only([slow, *source.signals]), tmp_path / "out")
    data = (made.folder / "x.edf").read_bytes()
    size, number = int(data[184:192]), int(data[236:244])
    rows = np.frombuffer(data[size:], "<i2").reshape(number, -1)
    fast, other = source.signals[0].read(0, 0, 40_000), slow.read(0, 0, 4000)
    step = 40_000 // number
    for k in range(number):
        wanted = [*fast[k * step : (k + 1) * step].T, *other[k * step // 10 : (k + 1) * step // 10].T]
        np.testing.assert_array_equal(rows[k, : 2 * step + 3 * step // 10], np.concatenate(wanted))
    assert number > 1


def test_notes_of_records() -> None:
    """Every record says when it begins, and has what begins in its share of the annotations, in order."""
    when = datetime(2021, 1, 1, 0, 0, 0, 250_000, tzinfo=timezone.utc)
    some = [b"a" * 10, b"b" * 20, b"c" * 3, b"d" * 7]
    notes = Notes(some, 4, "1.5", when, 2)
    parts = [bytes(row).rstrip(b"\0") for row in notes(0, 4)]
    # a share is 10 bytes: the first begins at 0, the second at 10, the third at 30, the fourth at 33
    clocks = [b"+0.25\x14\x14", b"+1.75\x14\x14", b"+3.25\x14\x14", b"+4.75\x14\x14"]
    assert parts == [
        clocks[0] + b"\0" + some[0],
        clocks[1] + b"\0" + some[1],
        clocks[2],
        clocks[3] + b"\0" + some[2] + some[3],
    ]
    assert notes(1, 3).tobytes() == notes(0, 4)[1:3].tobytes()
    assert notes.size == len(b"+7.1234567\x14\x14\0") + 10 + 20 + 1
    assert Notes([], 3, "1", when, 3).size == 15
    assert bytes(Notes([], 1, "1", when.replace(microsecond=0), 2)(0, 1)[0]).rstrip(b"\0") == b"+0\x14\x14"
    assert Fraction("1.5") == 1.5


@pytest.mark.parametrize(
    ("label", "duration", "text"),
    [("on", 0.0, b"+0.0015\x150\x14on\x14"), ("", 0.25, b"+0.0015\x150.25\x14E\x14"), ("a\nb", 0.0, b"\x14a b\x14")],
)
def test_annotations(label: str, duration: float, text: bytes, tmp_path: Path) -> None:
    """An annotation has its time from the first sample, its duration and its label, or its channel's name."""
    events = (marks("E", [[2.0015]], (label,), (duration,) if duration else ()),)
    made = write("edf", one(1000.0, begin=2.0, events=events), tmp_path / "out")
    assert text in (made.folder / "x.edf").read_bytes()


@pytest.mark.parametrize(("label", "cut"), [("l" * 200, False), ("l" * 201, True), ("l" * 199 + "µ", True)])
def test_long_annotations(label: str, cut: bool, tmp_path: Path) -> None:
    """An annotation has up to 200 bytes of text, and no half of a character."""
    made = write("edf", one(1000.0, events=(marks("E", [[0.0015]], (label,)),)), tmp_path / "out")
    assert any("cut at 200 bytes" in line for line in made.left_out) is cut
    kept = label[:199] if "µ" in label else label[:200]
    assert f"\x14{kept}\x14\0".encode() in (made.folder / "x.edf").read_bytes()


# -- TDT ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "power", "divisor"),
    [
        (24414.0625, 2, 1),
        (25e6 / 4096, 0, 1),
        (25e6, 12, 1),
        (1017.2526041666666, 0, 6),
        (25e6 / 255, 12, 255),
        (30_000.0, 12, 255),
    ],
)
def test_rates_of_sev(rate: float, power: int, divisor: int) -> None:
    """A rate is 25 MHz by a number, times a power of two: the nearest, with the smallest power."""
    head = np.frombuffer(sev_head(Store("Wav1", 0x8111, 3, 64, rate), 2, 128), SEV_HEAD)[0]
    errors = [abs(25e6 / d * 2.0 ** (p - 12) / rate - 1) for p in range(13) for d in range(1, 256)]
    found = 25e6 / head["decimate"] * 2.0 ** (int(head["rate"]) - 12)
    assert abs(found / rate - 1) == pytest.approx(min(errors), abs=1e-12)
    if rate != 30_000.0:
        assert (head["rate"], head["decimate"]) == (power, divisor)
    assert (head["size"], head["channel"], head["channels"], head["width"], head["version"]) == (40 + 512, 2, 3, 4, 3)


@pytest.mark.parametrize(
    ("sizes", "points", "noted"),
    [
        ((96, 64), 32, False),
        ((7, 14), 7, False),
        ((160, 144), 16, False),
        ((150, 165), 16, True),
        ((128, 129), 16, True),
        ((129, 127), 1, False),
    ],
)
def test_chunks_of_tdt(
    sizes: tuple[int, int], points: int, noted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks are whole in all segments, of so many samples at most; of long ones half of that if none of 16 is."""
    monkeypatch.setattr(tdt_files, "_POINTS", 32)
    stream = signals(1, "w", 1000.0, 1, (0.0, 10.0), sizes)
    spans = (RecordedSpan(0.0, 3.0), RecordedSpan(10.0, 13.0))
    made = write("tdt", Recorded(START, spans, (stream,), (), (), "x"), tmp_path / "out")
    notes = next(made.folder.rglob("*_Block-1.Tbk")).read_text("ascii")
    assert f"NAME=NumPoints;TYPE=L;VALUE={points};" in notes
    said = f"ends of w: chunks are of {points} samples: zeros fill the last of each segment"
    assert (said in made.left_out) is noted


# -- others -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gain", "ends", "code"),
    [
        (0.195, (-6389760, 6389760), -1),
        (65.5, (-2146304000, 2146304000), -1),
        (65.536, (-2147484, 2147483), 0),
        (0.0153, (-501350, 501351), -1),
        (1000.0, (-32768000, 32768000), 0),
    ],
)
def test_ranges_of_micromed(gain: float, ends: tuple[int, int], code: int, tmp_path: Path) -> None:
    """A range is of whole nV where 32 bits hold it, else of µV."""
    made = write("micromed", one(1000.0, gain=gain), tmp_path / "out")
    row = (made.folder / "x.TRC").read_bytes()[640 + 512 :][:128]
    low, high, unit_code = struct.unpack("<iih", row[26:36])
    wanted = gain * (1000 if code else 1) * 65536
    assert unit_code == code
    assert high - low == round(wanted)
    assert low == -(round(wanted) // 2)
    assert ends[1] - ends[0] == pytest.approx(high - low, rel=1e-5)


@pytest.mark.parametrize(
    ("steps", "fits"), [(600_000.4, True), (-600_000.4, True), (400_000.5, False), (100_000.5, False)]
)
def test_how_well_ranges_of_micromed_fit(steps: float, fits: bool, tmp_path: Path) -> None:
    """A range (nV) that is off by up to a millionth as a whole number is taken, another one refused."""
    source = one(1000.0, gain=steps / 65_536_000)
    if fits:
        assert write("micromed", source, tmp_path / "out").files
        return
    with pytest.raises(MockSessionError, match="a gain that a range of whole nV or µV holds to a millionth"):
        write("micromed", source, tmp_path / "out")


@pytest.mark.parametrize(("labels", "longest"), [(("a", "bb"), 6), (("12345", "1"), 6), (("123456", "1"), 7), ((), 6)])
def test_labels_of_neuroexplorer(labels: tuple[str, ...], longest: int, tmp_path: Path) -> None:
    """A marker has room for its longest label and a zero, for six bytes at least."""
    times = [[0.001 * (k + 1) for k in range(len(labels))]]
    made = write("neuroexplorer", one(1000.0, events=(marks("E", times, labels or ("x",)),)), tmp_path / "out")
    row = (made.folder / "x.nex").read_bytes()[544:752]
    kind, n, fields, size = (
        struct.unpack("<i", row[:4]) + struct.unpack("<i", row[76:80]) + struct.unpack("<ii", row[132:140])
    )
    assert (kind, n, fields, size) == (6, len(labels), 1, longest)


@pytest.mark.parametrize(("first", "second"), [("ab", "ab"), ("n" * 63, "n" * 63)])
def test_names_of_neuroexplorer(first: str, second: str, tmp_path: Path) -> None:
    """A name that another variable has is followed by the stream's, and by a number if that is taken, too."""
    source = one(1000.0, n_channels=4)
    stream = source.signals[0]
    rows = tuple(
        row._replace(name=name) for row, name in zip(stream.channels, (first, second, first, "c"), strict=True)
    )
    made = write("neuroexplorer", source.only([replace(stream, channels=rows)]), tmp_path / "out")
    data = (made.folder / "x.nex").read_bytes()
    names = [data[544 + 208 * k + 8 :][:64].rstrip(b"\0").decode() for k in range(4)]
    assert names == [first, first[:53] + "_broadband", first[:52] + "_broadband1", "c"]


def test_shapes_of_axona(tmp_path: Path) -> None:
    """Waveforms of 48 kHz have the upper bits of their first 50 samples, on their channel; a line has 25 clusters."""
    times = [[0.001 * (k + 1) for k in range(30)]]
    units = (unit(1, "a", "CSC3", times, 55, rate=48_000.0), unit(2, "b", "CSC4", times, 20, rate=48_000.0))
    made = write("axona", one(48_000.0, size=2000, n_channels=4, units=units), tmp_path / "out")
    data = (made.folder / "x.1").read_bytes()
    head = data.index(b"data_start") + 10
    records = np.frombuffer(data, [("tick", ">i4"), ("samples", "i1", 50)], 4 * 60, head).reshape(60, 4)
    shapes = [one.waveforms(0, None, None)[:, 0] >> 8 for one in units]
    np.testing.assert_array_equal(records["samples"][::2, 2], shapes[0][:, :50])
    np.testing.assert_array_equal(records["samples"][1::2, 3, :20], shapes[1])
    assert not records["samples"][::2, [0, 1, 3]].any() and not records["samples"][1::2, 3, 20:].any()
    assert records["tick"][:4, 0].tolist() == [96, 96, 192, 192]
    cut = (made.folder / "x_1.cut").read_text()
    lines = cut[cut.index("spikes: 60\n") + 11 :].splitlines()
    assert [len(line) for line in lines] == [75, 75, 30]
    assert lines[0].split()[:4] == ["1", "2", "1", "2"]


def test_spikes_before_the_first_sample_of_axona(tmp_path: Path) -> None:
    """A spike half a sample before the first one is at tick 0."""
    made = write("axona", one(1000.0, units=(unit(1, "a", "CSC1", [[-0.0004]], 0),)), tmp_path / "out")
    data = (made.folder / "x.1").read_bytes()
    assert data[data.index(b"data_start") + 10 :][:4] == bytes(4)


def test_subsets_of_spikeglx(tmp_path: Path) -> None:
    """Channels are listed by runs; the sync channel is the last."""
    made = write("spikeglx", one(n_channels=5), tmp_path / "out")
    (name,) = (name for name in made.files if name.endswith("ap.meta"))
    meta = read_meta(made.folder / name)
    assert (meta["snsSaveChanSubset"], meta["nSavedChans"], meta["snsApLfSy"]) == ("0:4,384", "6", "5,0,1")


def test_a_sync_wave_that_begins_later(tmp_path: Path) -> None:
    """Before the first sample of the sync wave, and after its last, its level is that one."""
    source = one(1000.0, size=10, n_channels=1)
    wave = replace(signals(2, "sync", 500.0, 1, (0.004,), (2,)), id="sync", name="sync")
    levels = np.array([[1], [0]], "<i2")
    wave = replace(wave, read=lambda k, start, stop: levels[start:stop])
    made = write("spikeglx", source.only([*source.signals, wave]), tmp_path / "out")
    (name,) = (name for name in made.files if name.endswith("ap.bin"))
    words = np.fromfile(made.folder / name, "<i2").reshape(10, 2)
    assert words[:, 1].tolist() == [64] * 6 + [0] * 4


@pytest.mark.parametrize("size", [81, 82, 83, 200])
def test_templates_of_phy(size: int, tmp_path: Path) -> None:
    """A template is the mean of up to fifty windows, evenly spread, of those that lie within the samples."""
    times = [[frame / 1000 for frame in range(29, size)]]
    source = one(1000.0, size=size, n_channels=2, gain=0.5, units=(unit(1, "a1", "CSC1", times, 0),))
    made = write("phy", source, tmp_path / "out")
    found = np.load(made.folder / "templates.npy")
    samples = source.signals[0].read(0, 0, size).astype(np.int64)
    firsts = [first for first in range(size) if first + 82 <= size]
    chosen = [firsts[int(k)] for k in np.linspace(0, len(firsts) - 1, min(50, len(firsts)))]
    assert len(firsts) == max(size - 81, 0)
    total = sum((samples[first : first + 82] for first in chosen), np.zeros((82, 2)))
    np.testing.assert_allclose(found[0], 0.5 * total / max(len(chosen), 1), rtol=1e-5)


@pytest.mark.parametrize(("name", "shown"), [("a1", "a1"), ("1a", "unit 1a"), ("", "unit "), ('a"', "a'")])
def test_names_of_phy(name: str, shown: str, tmp_path: Path) -> None:
    """A name that does not begin with a letter comes after a word, so that no reader takes it for a number."""
    source = one(1000.0, size=200, units=(unit(1, name, "CSC1", [[0.1]], 0),))
    made = write("phy", source, tmp_path / "out")
    assert (made.folder / "cluster_name.tsv").read_text() == f"cluster_id\tname\n0\t{shown}\n"


@pytest.mark.parametrize(("depths", "noted"), [((3.0, 3.0), False), ((3.0, 4.0), True)])
def test_depths_of_maxwell(depths: tuple[float, float], noted: bool, tmp_path: Path) -> None:
    """That contacts lie at several depths is noted."""
    pytest.importorskip("h5py")
    source = one(1000.0, size=9)
    places = np.array([[0.0, 5.0, depths[0]], [1.0, 9.0, depths[1]]])
    made = write("maxwell", source.only([replace(source.signals[0], positions=places)]), tmp_path / "out")
    assert any(line.startswith("depths of contacts:") for line in made.left_out) is noted


@pytest.mark.parametrize(
    ("gain", "volts", "amplification"),
    [(4.7677, 444, 1421), (19.6133, 23426, 18225), (1e6 / 65536, 1, 1), (2e6 / 65536, 2, 1)],
)
def test_ranges_of_neuroscope(gain: float, volts: int, amplification: int, tmp_path: Path) -> None:
    """A gain is a range by an amplification, of as few digits as hold it to 1e-7."""
    made = write("neuroscope", one(1000.0, gain=gain), tmp_path / "out")
    text = (made.folder / "x.xml").read_text()
    assert f"<voltageRange>{volts}</voltageRange>" in text
    assert f"<amplification>{amplification}</amplification>" in text
    assert abs(volts / amplification * 1e6 / 65536 / gain - 1) < 1e-7


@pytest.mark.parametrize(("rate", "block"), [(1.0, 1), (12.0, 1), (38.0, 2), (1000.0, 40)])
def test_times_of_bci2000(rate: float, block: int, tmp_path: Path) -> None:
    """Samples have the time of their block of 40 ms, of one sample at least; it begins anew after 65,535 ms."""
    size = int(70 * min(rate, 40.0))
    made = write("bci2000", one(rate, size=size, n_channels=1), tmp_path / "out")
    data = (made.folder / "x.dat").read_bytes()
    assert f"SampleBlockSize= {block} 32 1 %".encode() in data
    rows = np.frombuffer(data[-7 * size :], [("count", "<i2"), ("ms", "<u2", 2), ("flags", "u1")])
    wanted = [(k // block * block * 1000 // int(rate)) % 65_536 for k in range(size)]
    assert rows["ms"][:, 0].tolist() == rows["ms"][:, 1].tolist() == wanted
    assert set(rows["flags"].tolist()) == {3}


@pytest.mark.parametrize("inputs", [0, 1])
def test_packets_that_spikegadgets_lost(inputs: int, tmp_path: Path) -> None:
    """A hundred packets before the middle are not there, with digital inputs or without."""
    source = one(1000.0, size=400, events=(marks("E", [[0.1]], ("1",)),) * inputs)
    whole = (write("spikegadgets", source, tmp_path / "a").folder / "x.rec").read_bytes()
    broken = (write("spikegadgets", source, tmp_path / "b", fault="lost-packets").folder / "x.rec").read_bytes()
    packet = 1 + 8 * inputs + 4 + 2 * 2
    begin = len(whole) - 400 * packet
    assert broken == whole[: begin + 100 * packet] + whole[begin + 200 * packet :]


def test_a_stream_without_channels_in_spikeglx(tmp_path: Path) -> None:
    """A stream that has no channels is left out."""
    source = one(1000.0)
    none = replace(source.signals[0], id="none", name="none", rate=500.0, channels=())
    made = write("spikeglx", source.only([*source.signals, none]), tmp_path / "out")
    assert "stream none: it has no channels" in made.left_out


def test_long_texts_of_neuroexplorer(tmp_path: Path) -> None:
    """A comment has 255 letters at most, and a stream's name behind a channel's twenty."""
    source = one(1000.0, about="a" * 300)
    stream = source.signals[0]
    rows = tuple(row._replace(name="c") for row in stream.channels)
    made = write("neuroexplorer", source.only([replace(stream, name="s" * 25, channels=rows)]), tmp_path / "out")
    data = (made.folder / "x.nex").read_bytes()
    assert data[8:264] == b"a" * 255 + b"\0"
    assert data[544 + 208 + 8 :][:64].rstrip(b"\0") == b"c_" + b"s" * 20


def test_names_of_openephys() -> None:
    """Folders have a hundred letters at most; a channel alone may be called SYNC, and none ADC."""
    taken: set[str] = set()
    assert [folder_name("a" * 101, taken), folder_name("A" * 100, taken)] == ["a" * 100, "A" * 100 + "_2"]
    assert channel_names(["SYNC"]) == ["SYNC"]
    assert channel_names(["SYNC", "ADC1", "Adc1"]) == ["Sync", "Adc1", "Adc1_2"]


def test_the_sync_wave_of_a_rate_that_is_not_whole(tmp_path: Path) -> None:
    """The wave of SpikeGLX has half a second of each level, by the rate as it is."""
    made = write("spikeglx", one(100.9, size=120, n_channels=1), tmp_path / "out")
    (name,) = (name for name in made.files if name.endswith("ap.bin"))
    words = np.fromfile(made.folder / name, "<i2").reshape(120, 2)
    assert words[:, 1].tolist() == [64 * (int(k / 100.9 / 0.5) % 2) for k in range(120)]
