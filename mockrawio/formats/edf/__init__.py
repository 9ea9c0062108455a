"""EDF+ and BDF+: an ASCII header, and records of a fixed duration with all channels' samples and annotations.

The layout is that of Kemp and Olivan's *European data format 'plus'* (2003), and of its 24-bit kin BDF+. Counts are
stored as they are. A header has 8 characters for each end of a range, so a channel's gain is right to 3e-7 and its
offset to 0.2 of a count in EDF+; in BDF+, whose digital range can be chosen, gains are right to 1e-8 and an offset of
0 is exact. Records are as long as it takes for the samples to fill them where such a record can be; else the last one
ends with counts of 0. Events are annotations of their label, after their channel's name if there are several, points of
a duration of 0; segments are files of their own, as most readers (Neo too) refuse EDF+D.

Neo divides a physical range by one digital step too many, so that its gains are 1.5e-5 too small in EDF+, and values
half a count too low. It leaves out events at 0 s, and for each kind of events has the number of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from ...ground.errors import MockSessionError
from ...ground.shown import Argument, Text
from ..recorded import Recorded, RecordedSignals
from ..rig import Below, Holds, Opening, RigFolder, RigFormat, each_segment, first_stream, register_rig
from .faults import FAULTS
from .header import edf_header
from .kinds import BDF, EDF, FileKind
from .notes import Notes, event_notes
from .records import Records, cut_records, record_blocks

_MOST_CHANNELS = 639  # that EDFlib takes, beside the annotations


def _write(recorded: Recorded, out: RigFolder, *, bdf: bool = False) -> Sequence[Opening]:
    first_stream(recorded, "EDF+")
    kind = BDF if bdf else EDF
    return each_segment(recorded, lambda part, prefix: _one(part, f"{prefix}{part.title}.{kind.ending}", kind, out))


def _one(recorded: Recorded, name: str, kind: FileKind, out: RigFolder) -> Opening:
    streams, records = _streams(recorded, kind, out)
    if any(n * records.number != one.sizes[0] for n, one in zip(records.samples, streams, strict=True)):
        out.leave("the end", "files have whole records: the last one is filled up with counts of 0")
    if np.ptp([one.t_starts[0] for one in streams]) * streams[0].rate > 0.5:
        out.leave("t_start of streams", "all channels begin with the first record")
    when = recorded.start + timedelta(seconds=streams[0].t_starts[0])
    zero = streams[0].t_starts[0] - when.microsecond / 1e6  # the header has whole seconds
    marks = [mark for events in recorded.events for mark in event_notes(events, zero, len(recorded.events) > 1, out)]
    notes = Notes(marks, records.number, records.duration, when, kind.n_bytes)
    channels = [(one, n) for stream, n in zip(streams, records.samples, strict=True) for one in stream.channels]
    with out.file(name) as file:
        file.write(edf_header(recorded.title, channels, records, notes.size // kind.n_bytes, when, kind, out))
        for block in record_blocks(streams, records, notes, kind):
            file.write(block)
            out.tick(block.size // kind.n_bytes)
    return {"filename": Below(name)}


def _streams(recorded: Recorded, kind: FileKind, out: RigFolder) -> tuple[list[RecordedSignals], Records]:
    """Return the streams that share records, and those; the slowest are left out until there are such records."""
    streams = sorted(recorded.signals, key=lambda one: -one.rate)
    while True:
        n = sum(len(one.channels) for one in streams)
        records = cut_records(streams, kind) if n <= _MOST_CHANNELS else None
        if records is not None:
            return streams, records
        if len(streams) == 1:
            expected = f"{_MOST_CHANNELS} channels at most, and a record of them of 10 MB at most"
            remedy = Text("Give other ", Argument("streams"), ", or another format.")
            raise MockSessionError(f"stream {streams[0].id}", expected, f"{n} at {streams[0].rate:.9g} Hz", remedy)
        why = "no record is of whole samples of it and of the others"
        more = f"readers take {_MOST_CHANNELS} channels at most"
        out.leave(f"stream {streams[-1].id}", why if n <= _MOST_CHANNELS else more)
        streams.pop()


register_rig(
    RigFormat(
        name="edf",
        title="EDF+ and BDF+",
        files=".edf, or .bdf",
        neo="EDFRawIO",
        holds=Holds(
            "those that share records; channels of one rate are one",
            gains="one a channel, in 8 characters",
            offsets=True,
            names=True,
            events=True,
            labels=True,
            durations=True,
            date=True,
        ),
        write=_write,
        faults=FAULTS,
        extractor="read_edf",
        source="Kemp and Olivan 2003, European data format 'plus'; edfplus.info; teuniz.net, BDF+",
    )
)
