r"""BrainVision: a header in text (``.vhdr``), markers in text (``.vmrk``) and int16 samples (``.eeg``).

The layout is that of Brain Products' *BrainVision Core Data Format 1.0*: names with "\1" for a comma, resolution and
unit of each channel, marker positions counted from 1. pybv writes such files too, from arrays of volts that it scales
itself; ours are written count for count, in blocks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np

from .recorded import Recorded, RecordedChannel, RecordedSignals
from .rig import Below, FileFault, Holds, Opening, RigFolder, RigFormat, each_segment, first_stream, register_rig

TITLE = "BrainVision"
_UNITS = {"uV": "µV"}
_MOST_TEXT = 200  # characters of a name or a label


def _write(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    first_stream(recorded, TITLE)
    return each_segment(recorded, lambda part, prefix: _one(part, prefix, out))


def _one(recorded: Recorded, prefix: str, out: RigFolder) -> Opening:
    stream, name = recorded.signals[0], f"{prefix}{recorded.title}"
    out.write(f"{name}.vhdr", [_header(recorded.title, stream).encode("utf-8")])
    out.write(f"{name}.vmrk", ["".join(_markers(recorded, out)).encode("utf-8")])
    with out.file(f"{name}.eeg") as file:
        for _, counts in stream.blocks(0):
            file.write(counts)
            out.tick(counts.size)
    return {"filename": Below(f"{name}.vhdr")}


def _header(title: str, stream: RecordedSignals) -> str:
    lines = [
        "Brain Vision Data Exchange Header File Version 1.0",
        "",
        "[Common Infos]",
        "Codepage=UTF-8",
        f"DataFile={title}.eeg",
        f"MarkerFile={title}.vmrk",
        "DataFormat=BINARY",
        "DataOrientation=MULTIPLEXED",
        f"NumberOfChannels={len(stream.channels)}",
        f"SamplingInterval={1e6 / stream.rate!r}",
        "",
        "[Binary Infos]",
        "BinaryFormat=INT_16",
        "",
        "[Channel Infos]",
        *(_channel(number, channel) for number, channel in enumerate(stream.channels, 1)),
        "",
    ]
    return "\r\n".join(lines)


def _channel(number: int, channel: RecordedChannel) -> str:
    return f"Ch{number}={_text(channel.name)},,{channel.gain!r},{_UNITS.get(channel.units, channel.units)}"


def _markers(recorded: Recorded, out: RigFolder) -> Iterator[str]:
    """Yield the marker file in pieces: the date, then every event in order of its channel and time."""
    stream, began = recorded.signals[0], recorded.signals[0].t_starts[0]
    when = recorded.start + timedelta(seconds=began)
    yield "Brain Vision Data Exchange Marker File, Version 1.0\r\n\r\n[Common Infos]\r\nCodepage=UTF-8\r\n"
    yield f"DataFile={recorded.title}.eeg\r\n\r\n[Marker Infos]\r\n"
    yield f"Mk1=New Segment,,1,1,0,{when:%Y%m%d%H%M%S%f}\r\n"
    number = 2
    for events in recorded.events:
        times, durations, labels = events.read(0, None, None)
        samples, inside = out.frames(f"events of {events.name}", times, stream, 0)
        if any("=" in label for label in labels):
            out.leave(f"labels of {events.name}", "an equals sign is written as -, since readers take it for a key's")
        points = np.ones(len(times)) if durations is None else np.maximum(np.rint(durations * stream.rate), 1)
        for sample, label, size in zip(samples[inside], labels[inside], points[inside].astype(np.int64), strict=True):
            yield f"Mk{number}={_text(events.name)},{_text(str(label))},{sample + 1},{size},0\r\n"
            number += 1


def _text(text: str) -> str:
    """Return a name as a field of a line: a comma has a code, and what would end a line is a space."""
    line = "".join(character if character.isprintable() else " " for character in text[:_MOST_TEXT])
    return line.replace(",", "\\1").replace("=", "-")


def _without_markers(folder: Path) -> None:
    for path in folder.rglob("*.vmrk"):
        path.unlink()


def _renamed(folder: Path) -> None:
    """Give the files another name, and leave that in the header as it was."""
    for path in sorted(folder.rglob("*.*")):
        path.rename(path.with_name(f"renamed{path.suffix}"))


def _without_units(folder: Path) -> None:
    """End the line of each channel after its name."""
    for path in folder.rglob("*.vhdr"):
        lines = path.read_text("utf-8").splitlines()
        lines = [line.partition(",")[0] + "," if line.startswith("Ch") else line for line in lines]
        path.write_text("\r\n".join(lines) + "\r\n", "utf-8", newline="")


def _cut(folder: Path) -> None:
    for path in folder.rglob("*.eeg"):
        os.truncate(path, path.stat().st_size - 1)


register_rig(
    RigFormat(
        name="brainvision",
        title=TITLE,
        files=".vhdr, .vmrk, .eeg",
        neo="BrainVisionRawIO",
        holds=Holds("one stream", most_streams=1, names=True, events=True, labels=True, durations=True, date=True),
        write=_write,
        faults=(
            FileFault(
                "missing-markers",
                "the marker file that the header names is not there",
                "read the samples, and say that there are no markers",
                "fieldtrip PR 1248",
                _without_markers,
            ),
            FileFault(
                "renamed",
                "all three files have another name than the header and the markers say",
                "take the files beside the header that have its name, and say so",
                "python-neo PR 1780",
                _renamed,
            ),
            FileFault(
                "no-units",
                "the header has neither resolution nor unit of a channel, as EEGLAB writes it",
                "take a count for 1 µV, and say so",
                "mne-python PR 1921",
                _without_units,
            ),
            FileFault(
                "cut-sample",
                "the samples end within a number",
                "leave the last sample out, and say so",
                "no report known to us",
                _cut,
            ),
        ),
        source="Brain Products, BrainVision Core Data Format 1.0",
    )
)
