"""Multi Channel Systems: ``.raw`` files as MC_DataTool writes them, a header in text and unsigned counts.

The header has a line for the rate, the count that is 0 V, the gain of all channels and their names; it ends with
"EOH". Samples are uint16, channels in turn, with 32768 for 0 V.

Neo looks for the end of the header in its first 5000 bytes, so a channel has a number for a name where names are longer
than that together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .recorded import Recorded, RecordedSignals
from .rig import Below, Holds, Opening, RigFolder, RigFormat, each_segment, first_stream, register_rig
from .scaling import gains_uV, with_gain

TITLE = "Raw MCS"
MOST_HEADER = 5000  # bytes
_ZERO = 0x8000
_TAKEN = str.maketrans({"=": "-", ";": "_", " ": "_"})  # what separates names, and what readers skip


def _write(recorded: Recorded, out: RigFolder, *, requantise: bool = False) -> Sequence[Opening]:
    stream = with_gain(first_stream(recorded, TITLE), None, out, TITLE, requantise)
    return each_segment(recorded.only([stream]), lambda part, prefix: _one(part, f"{prefix}{part.title}.raw", out))


def _one(recorded: Recorded, name: str, out: RigFolder) -> Opening:
    stream = recorded.signals[0]
    with out.file(name) as file:
        file.write(_header(recorded.title, stream, out))
        for _, counts in stream.blocks(0):
            file.write(counts.view("<u2") ^ np.uint16(_ZERO))
            out.tick(counts.size)
    return {"filename": Below(name)}


def _header(title: str, stream: RecordedSignals, out: RigFolder) -> bytes:
    gain = float(gains_uV(stream, out)[0][0])
    names = [out.text("channel names", one.name.translate(_TAKEN), 64, "cp1252") for one in stream.channels]
    if any(set(one.name) & set("=; ") for one in stream.channels):
        out.leave("channel names", 'what separates them is written as "_" or "-"')
    head = _lines(title, stream.rate, gain, names)
    if len(head) > MOST_HEADER:
        out.leave("channel names", f"they are numbers, as the header has {MOST_HEADER} bytes at most")
        head = _lines(title, stream.rate, gain, [str(number).encode() for number in range(1, len(names) + 1)])
    return head


def _lines(title: str, rate: float, gain: float, names: Sequence[bytes]) -> bytes:
    lines = [
        b"MC_DataTool binary conversion",
        b"Version 2.6.15",
        b'MC_REC file = "' + title.encode() + b'.mcd"',
        b"Sample rate = " + np.format_float_positional(rate, trim="-").encode(),
        f"ADC zero = {_ZERO}".encode(),
        f"El = {np.format_float_positional(gain, trim='-')}µV/AD".encode("cp1252"),
        b"Streams = " + b";".join(names),
        b"EOH",
        b"",
    ]
    return b"\r\n".join(lines)


register_rig(
    RigFormat(
        name="rawmcs",
        title=TITLE,
        files=".raw",
        neo="RawMCSRawIO",
        holds=Holds("one stream", most_streams=1, gains="one of all channels", names=True),
        write=_write,
        extractor="read_mcsraw",
        source="Multi Channel Systems, MC_DataTool manual, binary conversion with a header",
    )
)
