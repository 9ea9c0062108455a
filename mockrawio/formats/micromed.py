"""Micromed: a ``.TRC`` file of System 98, header type 4.

A header of fixed places names areas, each with its beginning and its size: the order of the channels, what is known of
each, notes, triggers and more. Samples are uint16 with 32768 for 0 V. What channels are worth is said in whole numbers,
the range of the counts and that of the values, in nV or µV: gains are held to a millionth where the range is of more
than 500 µV. There is room for 256 channels with names of 6 letters, for rates of whole Hz, for 8192 triggers, an event
whose label is a number up to 65535, and for 200 notes, an event with a label of 40 letters.

Neo, as the format, takes sample 0 for the end of triggers and notes, so no event is there. The areas "EVENT A" and
"EVENT B", which Micromed describes as a text and its selections and Neo reads as records of three numbers, are empty:
an epoch is an event where it begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from ..ground.arrays import Array, Ints
from ..ground.errors import MockSessionError
from ..ground.shown import Argument, Text
from .codes import is_whole_label
from .limits import require_channels, whole_rate
from .recorded import Recorded, RecordedChannel, RecordedSignals, Texts
from .rig import Below, Holds, Opening, RigFolder, RigFormat, each_segment, first_stream, register_rig
from .scaling import TOLERANCE, gains_uV

TITLE = "Micromed"
MOST_CHANNELS, MOST_NOTES, MOST_TRIGGERS, MOST_NAME = 256, 200, 8192, 6
_STEPS = 1 << 16  # counts of the range
_MOST_LABEL = 65535

_LABEL = np.dtype(
    [
        ("status", "u1"),
        ("type", "u1"),
        ("name", "S6"),
        ("reference", "S6"),
        ("logical", "<i4", 3),  # minimum, maximum, ground
        ("physical", "<i4", 2),  # minimum, maximum
        ("unit", "<i2"),  # -1 nV, 0 µV
        ("filters", "<u2", 4),  # limit and kind of the high-pass, of the low-pass
        ("rate", "<u2"),  # a multiple of the file's
        ("rest", "V82"),
    ]
)
_TRIGGER = np.dtype([("sample", "<u4"), ("value", "<u2")])
_NOTE = np.dtype([("sample", "<u4"), ("text", "S40")])
# The areas in the order of the header, each with its bytes.
_AREAS = {
    "ORDER": 2 * MOST_CHANNELS,
    "LABCOD": 640 * _LABEL.itemsize,
    "NOTE": MOST_NOTES * _NOTE.itemsize,
    "FLAGS": 100 * 8,
    "TRONCA": 100 * 8,
    "IMPED_B": 2 * MOST_CHANNELS,
    "IMPED_E": 2 * MOST_CHANNELS,
    "MONTAGE": 30 * 4096,
    "COMPRESS": 10,
    "AVERAGE": 30 * 6,
    "HISTORY": 4096 + 30 * 4,
    "DVIDEO": 1024 * 4,
    "EVENT A": 64 + 100 * 8,
    "EVENT B": 64 + 100 * 8,
    "TRIGGER": MOST_TRIGGERS * _TRIGGER.itemsize,
}
_FIRST_AREA = 640
_STARTS = dict(zip(_AREAS, np.cumsum([_FIRST_AREA, *_AREAS.values()]).tolist(), strict=False))
_DATA = _FIRST_AREA + sum(_AREAS.values())
_HEADER = np.dtype(
    [
        ("title", "S32"),
        ("laboratory", "S32"),
        ("surname", "S22"),
        ("name", "S20"),
        ("born", "u1", 3),  # month, day, year
        ("reserved", "V19"),
        ("date", "u1", 3),  # day, month, year since 1900
        ("time", "u1", 3),
        ("unit", "<u2"),
        ("kind", "<u2"),
        ("data", "<u4"),
        ("channels", "<u2"),
        ("multiplexer", "<u2"),  # bytes of a sample of all channels
        ("rate", "<u2"),
        ("bytes", "<u2"),
        ("compressed", "<u2"),
        ("montages", "<u2"),
        ("video", "<u4"),
        ("delay", "<u2"),
        ("reserved_2", "V15"),
        ("version", "u1"),
        ("areas", [("name", "S8"), ("start", "<u4"), ("size", "<u4")], len(_AREAS)),
    ]
)
_SAM32, _C128 = 8, 40  # a headbox, and its kind of file


def _write(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    stream = first_stream(recorded, TITLE)
    require_channels(stream, MOST_CHANNELS, TITLE)
    whole_rate(stream, _MOST_LABEL, TITLE)
    return each_segment(recorded, lambda part, prefix: _one(part, f"{prefix}{part.title}.TRC", out))


def _one(recorded: Recorded, name: str, out: RigFolder) -> Opening:
    stream, marks = recorded.signals[0], recorded.marks(0)
    frames, inside = out.frames("some events", marks.times, stream, 0)
    inside &= frames > 0
    if np.any(frames == 0):
        out.leave("an event at the first sample", "sample 0 stands for no event")
    triggers, notes = _events(frames[inside], marks.labels[inside], out)
    areas = {
        "ORDER": np.arange(len(stream.channels), dtype="<u2").tobytes(),
        "LABCOD": _labels(stream, out).tobytes(),
        "NOTE": notes.tobytes(),
        "TRIGGER": triggers.tobytes(),
    }
    with out.file(name) as file:
        file.write(_header(recorded, stream).tobytes().ljust(_FIRST_AREA, b"\0"))
        for area, size in _AREAS.items():
            file.write(areas.get(area, b"").ljust(size, b"\0"))
        for _, counts in stream.blocks(0):
            file.write(counts.view("<u2") ^ np.uint16(_STEPS // 2))
            out.tick(counts.size)
    return {"filename": Below(name)}


def _events(frames: Ints, labels: Texts, out: RigFolder) -> tuple[Array, Array]:
    """Return the triggers, of events whose labels are numbers, and the notes, of the others."""
    numeric = np.array([is_whole_label(str(one), 1, _MOST_LABEL) for one in labels], bool)
    numbers, texts = labels[numeric][:MOST_TRIGGERS], labels[~numeric][:MOST_NOTES]
    if len(numbers) + len(texts) < len(labels):
        out.leave("events at the end", f"there is room for {MOST_TRIGGERS} triggers and {MOST_NOTES} notes")
    triggers, notes = np.zeros(len(numbers), _TRIGGER), np.zeros(len(texts), _NOTE)
    triggers["sample"], triggers["value"] = frames[numeric][: len(numbers)], numbers.astype(int)
    notes["sample"] = frames[~numeric][: len(texts)]
    notes["text"] = [out.text("texts of labels", str(one), 40, "cp1252") for one in texts]
    return triggers, notes


def _labels(stream: RecordedSignals, out: RigFolder) -> Array:
    """Return what is known of each channel."""
    rows = np.zeros(len(stream.channels), _LABEL)
    for row, channel, gain in zip(rows, stream.channels, gains_uV(stream, out)[0].tolist(), strict=True):
        row["status"] = 1
        row["name"], row["reference"] = out.text("channel names", channel.name, MOST_NAME), b"G2"
        row["logical"] = 0, _STEPS - 1, _STEPS // 2
        row["physical"], row["unit"] = _range(channel, gain)
        row["rate"] = 1
    return rows


def _range(channel: RecordedChannel, gain: float) -> tuple[tuple[int, int], int]:
    """Return the ends of a channel's range as whole numbers, and the code of their unit; MockSessionError if none fit.

    `gain` is in µV a count.
    """
    for unit, factor in ((-1, 1000.0), (0, 1.0)):
        wanted = gain * factor * _STEPS
        width = round(wanted)
        if 0 < abs(width) < 1 << 32 and abs(width / wanted - 1) <= TOLERANCE:
            low = -(width // 2)
            return (low, low + width), unit
    expected = "a gain that a range of whole nV or µV holds to a millionth: about 0.01 to 65000 µV"
    remedy = Text("Give other ", Argument("streams"), ", or another format.")
    raise MockSessionError(f"channel {channel.id}", expected, f"{gain:.6g} µV", remedy)


def _header(recorded: Recorded, stream: RecordedSignals) -> Array:
    when = recorded.start + timedelta(seconds=stream.t_starts[0])
    head = np.zeros((), _HEADER)
    head["title"] = b"* MICROMED  Brain-Quick file *"
    head["laboratory"], head["surname"], head["name"] = b"".ljust(32), recorded.title.encode().ljust(22), b"".ljust(20)
    head["date"], head["time"] = (when.day, when.month, when.year - 1900), (when.hour, when.minute, when.second)
    head["unit"], head["kind"], head["data"] = _SAM32, _C128, _DATA
    head["channels"], head["multiplexer"] = len(stream.channels), 2 * len(stream.channels)
    head["rate"], head["bytes"], head["version"] = round(stream.rate), 2, 4
    names = [name.encode().ljust(8) for name in _AREAS]
    head["areas"] = list(zip(names, _STARTS.values(), _AREAS.values(), strict=True))
    return head


register_rig(
    RigFormat(
        name="micromed",
        title=TITLE,
        files=".TRC",
        neo="MicromedRawIO",
        holds=Holds(
            "one stream", most_streams=1, gains="whole nV a range", names=True, events=True, labels=True, date=True
        ),
        write=_write,
        source="Micromed, System 98 trace file format, header type 4",
    )
)
