"""Axon: an ``.abf`` file of version 2, as pCLAMP 10 and later write it.

The file has sections of whole 512-byte blocks: the protocol, what is known of each channel, strings, samples, tags and
the synch array. The mode is gap-free; the beginning of each segment is in the synch array. Tags and beginnings are
counted in samples, as the unit of both is the sampling interval. An event is a tag, with its label as the comment; tags
are of the whole file. There is room for 16 channels, and for 2**31 - 1 samples of all channels.

Neo shows all tags in each segment, and the kind of a tag (1) for its label.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..ground.arrays import Array
from ..ground.errors import MockSessionError
from .limits import OTHER, require_channels
from .recorded import Recorded, RecordedSignals
from .rig import Below, FileFault, Holds, Opening, RigFile, RigFolder, RigFormat, first_stream, register_rig

TITLE = "Axon ABF2"
MOST_CHANNELS, MOST_VALUES = 16, (1 << 31) - 1
_BLOCK, _GAP_FREE, _COMMENT = 512, 3, 1
_VERSION, _CREATOR = (0, 0, 6, 2), 0x0A070003  # 2.6.0.0, of Clampex 10.7.0.3
_FIRST_NAME = 2  # the number of the first channel's string
_RANGE, _RESOLUTION = 10.0, 32768  # V, and the count for it
# The sections in the order of the header, and the bytes of an entry of those that are written; strings are one entry.
_SECTIONS = (
    *("protocol", "adc", "dac", "epoch", "adc_per_dac", "epoch_per_dac", "user_list", "stats_region", "math"),
    *("strings", "data", "tag", "scope", "delta", "voice_tag", "synch", "annotation", "stats"),
)
_ENTRIES = {"protocol": 512, "adc": 128, "data": 2, "tag": 64, "synch": 8}


def _packed(size: int, **fields: tuple[int, str]) -> np.dtype[np.void]:
    """Return a record of some of its fields, each with its place and type."""
    places, types = zip(*fields.values(), strict=True)
    return np.dtype({"names": list(fields), "formats": list(types), "offsets": list(places), "itemsize": size})


_PROTOCOL = _packed(
    512,
    mode=(0, "<i2"),
    interval=(2, "<f4"),  # µs, of all channels
    ratio=(10, "<u4"),
    synch_unit=(14, "<f4"),  # µs, of tags and of beginnings
    seconds=(18, "<f4"),
    samples=(22, "<i4"),
    episodes=(30, "<i4"),
    runs=(34, "<i4"),
    trials=(38, "<i4"),
    adc_range=(110, "<f4"),
    dac_range=(114, "<f4"),
    adc_resolution=(118, "<i4"),
    dac_resolution=(122, "<i4"),
)
_ADC = _packed(
    128,
    number=(0, "<i2"),
    additional_gain=(6, "<f4"),
    physical=(24, "<i2"),
    order=(26, "<i2"),
    programmable_gain=(28, "<f4"),
    amplification=(32, "<f4"),
    scale=(40, "<f4"),  # V a unit
    offset=(44, "<f4"),
    gain=(48, "<f4"),
    name=(74, "<i4"),  # of its string
    units=(78, "<i4"),
)
_TAG = np.dtype([("sample", "<i4"), ("text", "S56"), ("kind", "<i2"), ("voice", "<i2")])


def _write(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    stream = first_stream(recorded, TITLE)
    require_channels(stream, MOST_CHANNELS, TITLE)
    n_values = sum(stream.sizes) * len(stream.channels)
    if n_values > MOST_VALUES:
        raise MockSessionError(
            f"stream {stream.id}", f"{MOST_VALUES} samples at most, for {TITLE}", str(n_values), OTHER
        )
    sections = {
        "protocol": _protocol(stream).tobytes(),
        "adc": _channels(stream).tobytes(),
        "strings": _strings(stream, out),
        "data": b"",
        "tag": _tags(recorded, out).tobytes(),
        "synch": _synch(stream).tobytes(),
    }
    sizes = {section: len(data) for section, data in sections.items()} | {"data": 2 * n_values}
    name = f"{recorded.title}.abf"
    with out.file(name) as file:
        file.write(_header(recorded, sizes))
        for section, data in sections.items():
            file.write(data)
            if section == "data":
                _samples(stream, file, out)
            file.write(bytes(-sizes[section] % _BLOCK))
    return [{"filename": Below(name)}]


def _samples(stream: RecordedSignals, file: RigFile, out: RigFolder) -> None:
    for seg_index in range(len(stream.sizes)):
        for _, counts in stream.blocks(seg_index):
            file.write(counts)
            out.tick(counts.size)


def _header(recorded: Recorded, sizes: Mapping[str, int]) -> bytes:
    """Return the first block: the date, and where each section is and how many entries it has."""
    start, n = recorded.start, len(recorded.segments)
    ms = ((start.hour * 60 + start.minute) * 60 + start.second) * 1000 + start.microsecond // 1000
    of = f"{recorded.title} {start.isoformat()} {recorded.about}"
    guid = hashlib.sha256(of.encode()).digest()[:16]
    date = start.year * 10000 + start.month * 100 + start.day
    facts = struct.pack("<4s4sIIIIIHHHHI16s", b"ABF2", bytes(_VERSION), _BLOCK, n, date, ms, 0, 1, 0, 1, 0, 0, guid)
    names = struct.pack("<IIIII", _CREATOR, 1, 0, 0, 0)  # Clampex is the first string; no modifier, no path
    starts = np.cumsum([1, *(-(-size // _BLOCK) for size in sizes.values())]).tolist()
    places = dict(zip(sizes, starts, strict=False))
    index = b""
    for section in _SECTIONS:
        size = sizes.get(section, 0)
        entry = _ENTRIES.get(section, size)
        index += struct.pack("<IIq", places[section], entry, size // entry) if size else bytes(16)
    return (facts + names + index).ljust(_BLOCK, b"\0")


def _protocol(stream: RecordedSignals) -> Array:
    row = np.zeros((), _PROTOCOL)
    row["mode"], row["ratio"], row["seconds"] = _GAP_FREE, 1, sum(stream.sizes) / stream.rate
    row["interval"] = row["synch_unit"] = 1e6 / stream.rate
    row["samples"] = sum(stream.sizes) * len(stream.channels)
    row["episodes"], row["runs"], row["trials"] = len(stream.sizes), 1, 1
    row["adc_range"] = row["dac_range"] = _RANGE
    row["adc_resolution"] = row["dac_resolution"] = _RESOLUTION
    return row


def _channels(stream: RecordedSignals) -> Array:
    rows = np.zeros(len(stream.channels), _ADC)
    rows["number"] = rows["physical"] = rows["order"] = np.arange(len(rows))
    rows["additional_gain"] = rows["programmable_gain"] = rows["amplification"] = rows["gain"] = 1
    rows["scale"], rows["offset"] = _RANGE / _RESOLUTION / stream.gains, stream.offsets
    rows["name"] = _FIRST_NAME + 2 * np.arange(len(rows))
    rows["units"] = rows["name"] + 1
    return rows


def _strings(stream: RecordedSignals, out: RigFolder) -> bytes:
    """Return the strings, counted from 1: the program, then each channel's name and unit.

    None is empty, as readers take two zeros for the beginning of the strings.
    """
    texts = [b"Clampex"]
    for number, channel in enumerate(stream.channels):
        if not channel.name.strip():
            out.leave("channel names", "one that is empty is called IN and its number")
        texts.append(out.text("channel names", channel.name.strip() or f"IN {number}", 32))
        texts.append(out.text("units", channel.units or "?", 8))
    head = struct.pack("<4sIIII", b"SSCH", 1, len(texts), max(map(len, texts)), sum(map(len, texts)) + len(texts))
    return head.ljust(44, b"\0") + b"".join(text + b"\0" for text in texts)


def _tags(recorded: Recorded, out: RigFolder) -> Array:
    """Return the events of all segments, in samples from 0 s."""
    rate, rows = recorded.signals[0].rate, []
    for seg_index in range(len(recorded.segments)):
        marks = recorded.marks(seg_index)
        some = np.zeros(len(marks.times), _TAG)
        frames = np.rint(marks.times * rate)
        some["sample"] = np.clip(frames, 0, MOST_VALUES)
        if np.any(frames != some["sample"]):
            out.leave("times of events", "those before 0 s or beyond 2**31 samples are at the ends")
        some["text"] = [out.text("labels of events", str(one), 56, "cp1252").ljust(56) for one in marks.labels]
        some["kind"] = _COMMENT
        rows.append(some)
    return np.concatenate(rows)


def _synch(stream: RecordedSignals) -> Array:
    """Return the beginning of each segment in samples, and how many samples of all channels it has."""
    starts = [round(start * stream.rate) for start in stream.t_starts]
    if not all(0 <= start <= MOST_VALUES for start in starts):
        raise MockSessionError("source", f"segments that begin within 2**31 samples, for {TITLE}", str(starts), OTHER)
    return np.array([starts, np.multiply(stream.sizes, len(stream.channels))], "<i4").T


def _no_date(folder: Path) -> None:
    for path in folder.rglob("*.abf"):
        data = bytearray(path.read_bytes())
        data[16:20] = b"\xff" * 4
        path.write_bytes(data)


def _cut(folder: Path) -> None:
    for path in folder.rglob("*.abf"):
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2])


register_rig(
    RigFormat(
        name="axon",
        title=TITLE,
        files=".abf",
        neo="AxonRawIO",
        holds=Holds(
            "one stream",
            most_streams=1,
            offsets=True,
            names=True,
            t_start=True,
            segments=True,
            events=True,
            labels=True,
            date=True,
        ),
        write=_write,
        faults=(
            FileFault(
                "no-date",
                "the date has all bits set, as if it was never given",
                "read all else, and say that there is no date",
                "python-neo, axonrawio.py",
                _no_date,
            ),
            FileFault(
                "cut-file",
                "the file ends in the middle, before the tags and the synch array",
                "say that it lacks its end, and read what there is on request",
                "python-neo, axonrawio.py",
                _cut,
            ),
        ),
        extractor="read_axon",
        source="Molecular Devices, ABF file support pack; the ABF2 pages of pyABF",
    )
)
