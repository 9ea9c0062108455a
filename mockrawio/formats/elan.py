"""ELAN: big-endian samples (``.eeg``), a header in text (``.eeg.ent``) and events in text (``.eeg.pos``).

The layout is that of the ELAN software of INSERM Lyon: a header of a line for each thing, then a line for each channel
of one kind of thing after another. Each channel has the counts and the values of its range's ends, so an offset is
held. Two more channels follow those of the recording, as ELAN has them: the sample's number, which begins anew after
32767, and the code of an event at the sample. An event is a line of its sample, its code and a code for a rejection,
0 for none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import numpy as np

from ..ground.arrays import Ints
from .codes import Codes, coded_frames
from .recorded import Counts, Recorded, RecordedSignals
from .rig import Below, Holds, Opening, RigFolder, RigFormat, each_segment, first_stream, register_rig

_MOST_CODE, _MOST_NAME = 32767, 60
_LOW, _HIGH = -32768, 32767


def _write(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    first_stream(recorded, "ELAN")
    codes = Codes(recorded, _MOST_CODE, out)
    return each_segment(recorded, lambda part, prefix: _one(part, f"{prefix}{part.title}.eeg", codes, out))


def _one(recorded: Recorded, name: str, codes: Codes, out: RigFolder) -> Opening:
    stream = recorded.signals[0]
    frames, numbers = coded_frames(recorded, stream, codes, out)
    out.write(f"{name}.ent", [_header(recorded, stream, out)])
    lines = (f"{frame} {number} 0\n" for frame, number in zip(frames.tolist(), numbers.tolist(), strict=True))
    out.write(f"{name}.pos", ["".join(lines).encode()])
    with out.file(name) as file:
        for first, counts in stream.blocks(0):
            file.write(_samples(first, counts, frames, numbers))
            out.tick(counts.size)
    return {"filename": Below(name), "entfile": Below(f"{name}.ent"), "posfile": Below(f"{name}.pos")}


def _samples(first: int, counts: Counts, frames: Ints, numbers: Ints) -> Counts:
    """Return samples with the two channels that follow them, big-endian."""
    n, n_channels = counts.shape
    made = np.zeros((n, n_channels + 2), ">i2")
    made[:, :n_channels] = counts
    made[:, -2] = np.arange(first, first + n) & 0x7FFF
    low, high = np.searchsorted(frames, [first, first + n])
    made[frames[low:high] - first, -1] = numbers[low:high]
    return made


def _header(recorded: Recorded, stream: RecordedSignals, out: RigFolder) -> bytes:
    when = f"{recorded.start + timedelta(seconds=stream.t_starts[0]):%d-%m-%Y %H:%M:%S}"
    head = ["V3", recorded.title, recorded.about, when, when, "-1", "reserved", "-1"]
    lines = [*head, repr(1 / stream.rate), str(len(stream.channels) + 2), *_by_kind(stream, out)]
    return "".join(f"{line}\n" for line in lines).encode("ascii", "replace")


def _by_kind(stream: RecordedSignals, out: RigFolder) -> Iterator[str]:
    """Yield a line for each channel of the first kind of thing, then of the next."""
    kinds: list[tuple[Sequence[object], object, object]] = [
        ([out.text("channel names", one.name, _MOST_NAME).decode() for one in stream.channels], "Num1", "Num2"),
        (["Electrode"] * len(stream.channels), "dateur echantillon", "type evenement"),
        ([out.text("units", one.units, _MOST_NAME).decode() for one in stream.channels], "sans", "sans"),
        ([repr(_LOW * one.gain + one.offset) for one in stream.channels], _LOW, _LOW),
        ([repr(_HIGH * one.gain + one.offset) for one in stream.channels], _HIGH, _HIGH),
        ([_LOW] * len(stream.channels), _LOW, _LOW),
        ([_HIGH] * len(stream.channels), _HIGH, _HIGH),
        (["passe-haut ? Hz passe-bas ? Hz"] * len(stream.channels), "sans", "sans"),
        ([1] * len(stream.channels), 1, 1),
        (["reserved"] * len(stream.channels), "reserved", "reserved"),
    ]
    for each, counter, event in kinds:
        yield from (str(one) for one in (*each, counter, event))


register_rig(
    RigFormat(
        name="elan",
        title="ELAN",
        files=".eeg, .eeg.ent, .eeg.pos",
        neo="ElanRawIO",
        holds=Holds("one stream", most_streams=1, offsets=True, names=True, events=True, date=True),
        write=_write,
        source="INSERM Lyon, ELAN software (elan.lyon.inserm.fr), formats of .eeg, .ent and .pos",
    )
)
