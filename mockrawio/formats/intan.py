"""Intan: ``.rhd`` files of RHX, in the three layouts that it offers.

The layout is that of Intan Technologies' *RHD2000 data file formats*, of header version 3.0: counts of 0.195 µV in the
channels of an RHD recording controller, time as a number of samples from 0. A traditional file has unsigned counts in
blocks of 128 samples, so the last block is filled up with 0 µV; the other layouts have signed counts, as many as there
are. Event channels are digital inputs, high for 5 ms at an event and throughout an epoch. The date is in the name, as
RHX puts it there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..ground.arrays import Array
from ..ground.errors import MockSessionError
from ..ground.shown import Argument, Text
from .pulses import Pulses, level, pulses
from .recorded import Recorded, RecordedSignals
from .rig import (
    MOST_FILES,
    Below,
    FileFault,
    Holds,
    Opening,
    RigFolder,
    RigFormat,
    each_segment,
    first_stream,
    register_rig,
)
from .scaling import with_gain

GAIN = 0.195  # µV, of an RHD2000 chip and its ADC
LAYOUTS = ("traditional", "file-per-signal", "file-per-channel")
_MAGIC, _VERSION, _BLOCK = 0xC6912702, (3, 0), 128
_PORTS, _PER_PORT, _PER_CHIP, _LINES = "ABCDEFGH", 128, 32, 16
_RECORDING_CONTROLLER = 13  # "board mode"
_AMPLIFIER, _DIGITAL_IN = 0, 4  # signal types


class _Line(NamedTuple):
    """A digital input."""

    name: str
    pulses: Pulses


def _write(
    recorded: Recorded, out: RigFolder, *, layout: str = "file-per-channel", requantise: bool = False
) -> Sequence[Opening]:
    if layout not in LAYOUTS:
        raise MockSessionError(Argument("layout"), f"one of {', '.join(LAYOUTS)}", repr(layout), "Give one of these.")
    stream = with_gain(first_stream(recorded, "Intan"), GAIN, out, "Intan", requantise)
    if len(stream.channels) > len(_PORTS) * _PER_PORT:
        found, remedy = f"{len(stream.channels)}", Text("Give another of the ", Argument("streams"), ".")
        raise MockSessionError(f"stream {stream.id}", "1024 channels at most, of 8 ports", found, remedy)
    write = {"traditional": _traditional, "file-per-signal": _by_signal, "file-per-channel": _by_channel}[layout]

    def one(part: Recorded, prefix: str) -> Opening:
        lines = _lines(part, out)
        when = part.start + timedelta(seconds=part.signals[0].t_starts[0])
        name = f"{prefix}{part.title}_{when:%y%m%d_%H%M%S}"
        return {"filename": Below(write(part.signals[0], lines, name, when, out))}

    return each_segment(recorded.only([stream]), one)


def _lines(recorded: Recorded, out: RigFolder) -> list[_Line]:
    for events in recorded.events[_LINES:]:
        out.leave(f"events of {events.name}", f"there are {_LINES} digital inputs")
    stream = recorded.signals[0]
    return [_Line(one.name, pulses(one, 0, stream, out, levels=True)) for one in recorded.events[:_LINES]]


def _words(lines: Sequence[_Line], first: int, stop: int) -> Array:
    """Return all inputs' levels from a sample up to another, uint16, the first input as the lowest bit."""
    made = np.zeros(stop - first, "<u2")
    for bit, line in enumerate(lines):
        made |= level(line.pulses, first, stop).astype("<u2") << np.uint16(bit)
    return made


def _traditional(stream: RecordedSignals, lines: Sequence[_Line], name: str, when: datetime, out: RigFolder) -> str:
    rest = stream.sizes[0] % _BLOCK
    if rest:
        out.leave("the end", f"files have blocks of {_BLOCK} samples: the last one is filled up with 0 µV")
    fields = [("time", "<i4", _BLOCK), ("amplifier", "<u2", (len(stream.channels), _BLOCK))]
    kind = np.dtype([*fields, *([("digital", "<u2", _BLOCK)] if lines else [])])
    with out.file(f"{name}.rhd") as file:
        file.write(_header(stream, lines, when))
        for first, counts in stream.blocks(0, _BLOCK):
            padded = np.pad(counts, ((0, -len(counts) % _BLOCK), (0, 0)))
            blocks = np.empty(len(padded) // _BLOCK, kind)
            blocks["time"] = np.arange(first, first + len(padded)).reshape(-1, _BLOCK)
            blocks["amplifier"] = padded.view("<u2").reshape(-1, _BLOCK, counts.shape[1]).transpose(0, 2, 1)
            blocks["amplifier"] ^= 0x8000  # 32768 is 0 µV
            if lines:
                blocks["digital"] = _words(lines, first, first + len(padded)).reshape(-1, _BLOCK)
            file.write(blocks.view("u1"))
            out.tick(counts.size)
    return f"{name}.rhd"


def _by_signal(stream: RecordedSignals, lines: Sequence[_Line], name: str, when: datetime, out: RigFolder) -> str:
    out.write(f"{name}/info.rhd", [_header(stream, lines, when)])
    _times(f"{name}/time.dat", stream.sizes[0], out)
    if lines:
        with out.file(f"{name}/digitalin.dat") as file:
            for span in _spans(stream.sizes[0]):
                file.write(_words(lines, *span))
    with out.file(f"{name}/amplifier.dat") as file:
        for _, counts in stream.blocks(0):
            file.write(counts)
            out.tick(counts.size)
    return f"{name}/info.rhd"


def _by_channel(stream: RecordedSignals, lines: Sequence[_Line], name: str, when: datetime, out: RigFolder) -> str:
    out.write(f"{name}/info.rhd", [_header(stream, lines, when)])
    _times(f"{name}/time.dat", stream.sizes[0], out)
    for number, line in enumerate(lines):
        with out.file(f"{name}/board-{_input(number)}.dat") as file:
            for span in _spans(stream.sizes[0]):
                file.write(level(line.pulses, *span).astype("<u2"))
    n = len(stream.channels)
    for first in range(0, n, MOST_FILES):
        _channels(stream, range(first, min(first + MOST_FILES, n)), name, out)
    return f"{name}/info.rhd"


def _channels(stream: RecordedSignals, numbers: range, name: str, out: RigFolder) -> None:
    """Write the files of some channels, all open at once."""
    with out.several([f"{name}/amp-{_native(number)}.dat" for number in numbers]) as files:
        for _, counts in stream.blocks(0):
            columns = np.ascontiguousarray(counts[:, numbers.start : numbers.stop].T)
            for file, column in zip(files, columns, strict=True):
                file.write(column)
            out.tick(columns.size)


def _spans(size: int) -> Iterator[tuple[int, int]]:
    step = 1 << 20
    return ((first, min(first + step, size)) for first in range(0, size, step))


def _times(name: str, size: int, out: RigFolder) -> None:
    with out.file(name) as file:
        for span in _spans(size):
            file.write(np.arange(*span, dtype="<i4"))


def _native(number: int) -> str:
    """Return the name that the controller has for a channel, by its port."""
    return f"{_PORTS[number // _PER_PORT]}-{number % _PER_PORT:03d}"


def _input(number: int) -> str:
    """Return the name that the controller has for a digital input: counted from 1."""
    return f"DIGITAL-IN-{number + 1:02d}"


def _header(stream: RecordedSignals, lines: Sequence[_Line], when: datetime) -> bytes:
    """Return the header, the same in all layouts; filters are those that RHX begins with."""
    rate = stream.rate
    high = min(7500.0, rate / 2)
    parts = [
        struct.pack("<Ihhfhffffffhff", _MAGIC, *_VERSION, rate, 1, 1.0, 0.1, high, 1.0, 0.1, high, 0, 1000.0, 1000.0),
        *(_text(note) for note in (f"{when:%Y-%m-%d %H:%M:%S.%f%z}", "", "")),
        struct.pack("<hh", 0, _RECORDING_CONTROLLER),  # no temperature sensors
        _text("n/a"),  # the reference: the chip's own
    ]
    n, names = len(stream.channels), [channel.name for channel in stream.channels]
    ports = [range(first, min(first + _PER_PORT, n)) for first in range(0, n, _PER_PORT)]
    parts.append(struct.pack("<h", len(ports) + bool(lines)))
    for port, numbers in zip(_PORTS, ports, strict=False):
        parts += [_text(f"Port {port}"), _text(port), struct.pack("<hhh", 1, len(numbers), len(numbers))]
        for order, number in enumerate(numbers):
            parts.append(_channel(_native(number), names[number], order, _AMPLIFIER, number))
    if lines:
        parts += [_text("Digital In Ports"), _text("DIN"), struct.pack("<hhh", 1, len(lines), 0)]
        parts += [_channel(_input(k), line.name, k, _DIGITAL_IN, k) for k, line in enumerate(lines)]
    return b"".join(parts)


def _channel(native: str, name: str, order: int, kind: int, number: int) -> bytes:
    chip, stream = (number % _PER_CHIP, number // _PER_CHIP) if kind == _AMPLIFIER else (order, 0)
    # enabled; no trigger, threshold, digital trigger or edge of a spike scope; impedance not measured
    facts = struct.pack("<hhhhhhhhhhff", order, order, kind, 1, chip, stream, 1, 0, 0, 0, 0.0, 0.0)
    return _text(native) + _text(name) + facts


def _text(text: str) -> bytes:
    """Return Qt's QString: the size in bytes, and UTF-16."""
    data = text.encode("utf-16-le", "replace")
    return struct.pack("<I", len(data)) + data


def _files(folder: Path, pattern: str) -> list[Path]:
    """Return files to break; MockSessionError if the layout has none."""
    found = sorted(folder.rglob(pattern))
    if not found:
        remedy = Text("Leave out ", Argument("layout"), ", or give another fault.")
        raise MockSessionError(Argument("fault"), f"one of a layout with {pattern}", "another layout", remedy)
    return found


def _jump(folder: Path) -> None:
    for path in _files(folder, "time.dat"):
        times = np.fromfile(path, "<i4")
        times[len(times) // 2 :] += 1000
        times.tofile(path)


def _cut(folder: Path) -> None:
    for info in _files(folder, "*.rhd"):
        path = max(info.parent.glob("amp*.dat"), default=info)  # the last channel, if each has a file
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size - 100)


def _without_times(folder: Path) -> None:
    for path in _files(folder, "time.dat"):
        path.unlink()


register_rig(
    RigFormat(
        name="intan",
        title="Intan RHD",
        files="info.rhd, time.dat and a .dat of each channel, or of all; or one .rhd",
        neo="IntanRawIO",
        holds=Holds(
            "one stream",
            most_streams=1,
            gains="0.195 µV",
            names=True,
            events=True,
            durations=True,
            date=True,
        ),
        write=_write,
        faults=(
            FileFault(
                "time-jump",
                "the numbers of samples jump by 1000 in the middle, as after lost packets",
                "tell of the gap, and read the samples on request",
                "python-neo PR 1470, PR 1484",
                _jump,
            ),
            FileFault(
                "missing-times",
                "time.dat is not there",
                "read the samples, which are all there",
                "python-neo 1693",
                _without_times,
            ),
            FileFault(
                "cut-file",
                "a file lacks its last 100 bytes: the last channel's, or what has all of them",
                "read what there is of all channels, and say that some is not",
                "spikeinterface 2620, 2332",
                _cut,
            ),
        ),
        extractor="read_intan",
        source="Intan Technologies, RHD2000 data file formats",
    )
)
