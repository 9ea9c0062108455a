"""WinWCP: a ``.wcp`` file of Strathclyde's whole-cell program, of version 9.

A header of 1024 bytes has a line ``KEY=value`` for each thing; a record follows: 1024 bytes on what was analysed, and
its samples, channels in turn. A record has whole sectors, so it ends with zeros up to a multiple of 256 samples. There
is room for 8 channels, all in µV here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np

from .limits import require_channels
from .recorded import Recorded, RecordedSignals
from .rig import Below, Holds, Opening, RigFolder, RigFormat, each_segment, first_stream, register_rig

TITLE = "WinWCP"
MOST_CHANNELS = 8
FULL_SCALE, VOLTS = 32767, 10.0  # a count of 32767 is 10 V
_HEADER, _SECTOR, _MOST_NAME = 1024, 512, 16
_SAMPLES = _SECTOR // 2  # of a channel, in as many sectors as there are channels

_ANALYSIS = np.dtype(
    [
        ("status", "S8"),
        ("kind", "S4"),
        ("group", "<f4"),
        ("recorded", "<f4"),
        ("interval", "<f4"),
        ("range", "<f4", MOST_CHANNELS),
        ("rest", "V968"),
    ]
)


def _write(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    require_channels(first_stream(recorded, TITLE), MOST_CHANNELS, TITLE)
    return each_segment(recorded, lambda part, prefix: _one(part, f"{prefix}{part.title}.wcp", out))


def _one(recorded: Recorded, name: str, out: RigFolder) -> Opening:
    stream = recorded.signals[0]
    n, missing = len(stream.channels), -stream.sizes[0] % _SAMPLES
    if missing:
        out.leave("the end", f"a record has multiples of {_SAMPLES} samples: the last ones are 0")
    analysis = np.zeros((), _ANALYSIS)
    analysis["status"], analysis["kind"], analysis["group"] = b"ACCEPTED", b"TEST", 1
    analysis["interval"], analysis["range"] = 1 / stream.rate, VOLTS
    with out.file(name) as file:
        file.write(_header(recorded, stream, out))
        file.write(analysis.tobytes())
        for _, counts in stream.blocks(0):
            file.write(counts)
            out.tick(counts.size)
        file.write(bytes(2 * n * missing))
    return {"filename": Below(name)}


def _header(recorded: Recorded, stream: RecordedSignals, out: RigFolder) -> bytes:
    n, when = len(stream.channels), recorded.start + timedelta(seconds=stream.t_starts[0])
    facts: dict[str, object] = {
        "VER": 9,
        "RTIME": f"{when:%d/%m/%Y %H:%M:%S}",
        "NC": n,
        "NR": 1,
        "NBH": _HEADER // _SECTOR,
        "NBA": _ANALYSIS.itemsize // _SECTOR,
        "NBD": n * -(-stream.sizes[0] // _SAMPLES),
        "AD": VOLTS,
        "ADCMAX": FULL_SCALE,
        "NZ": 20,
        "DT": repr(1 / stream.rate),
    }
    for k, channel in enumerate(stream.channels):
        gain = channel.gain * out.microvolts(channel.units)
        facts |= {
            f"YN{k}": plain_name(channel.name, out),
            f"YU{k}": "uV",
            f"YG{k}": repr(VOLTS / (FULL_SCALE * gain)),
            f"YZ{k}": 0,
            f"YO{k}": k,
            f"YR{k}": 0,
        }
    return key_values(facts, _HEADER)


def plain_name(name: str, out: RigFolder) -> str:
    """Return a channel's name as the value of a key: ASCII and short, without the sign between the two."""
    if "=" in name:
        out.leave("channel names", 'an equals sign is written as "-"')
    return out.text("channel names", name.replace("=", "-"), _MOST_NAME).decode()


def key_values(facts: Mapping[str, object], size: int) -> bytes:
    """Return the lines of a header, filled up with zeros."""
    return "".join(f"{key}={value}\r\n" for key, value in facts.items()).encode("ascii").ljust(size, b"\0")


register_rig(
    RigFormat(
        name="winwcp",
        title=TITLE,
        files=".wcp",
        neo="WinWcpRawIO",
        holds=Holds("one stream", most_streams=1, names=True, date=True),
        write=_write,
        source="University of Strathclyde, WinWCP manual, WCP data file format",
    )
)
