"""WinEDR: an ``.EDR`` file of Strathclyde's electrophysiology data recorder.

A header of 2048 bytes has a line ``KEY=value`` for each thing; the samples follow, channels in turn. There is room for
16 channels, all in µV here.
"""

from __future__ import annotations

from collections.abc import Sequence

from .limits import require_channels
from .recorded import Recorded, RecordedSignals
from .rig import Below, Holds, Opening, RigFolder, RigFormat, each_segment, first_stream, register_rig
from .winwcp import FULL_SCALE, VOLTS, key_values, plain_name

TITLE = "WinEDR"
MOST_CHANNELS = 16
_HEADER = 2048


def _write(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    require_channels(first_stream(recorded, TITLE), MOST_CHANNELS, TITLE)
    return each_segment(recorded, lambda part, prefix: _one(part, f"{prefix}{part.title}.EDR", out))


def _one(recorded: Recorded, name: str, out: RigFolder) -> Opening:
    stream = recorded.signals[0]
    with out.file(name) as file:
        file.write(_header(stream, out))
        for _, counts in stream.blocks(0):
            file.write(counts)
            out.tick(counts.size)
    return {"filename": Below(name)}


def _header(stream: RecordedSignals, out: RigFolder) -> bytes:
    n = len(stream.channels)
    facts: dict[str, object] = {
        "VER": 6.4,
        "NC": n,
        "NP": n * stream.sizes[0],
        "NBH": _HEADER,
        "AD": VOLTS,
        "ADCMAX": FULL_SCALE,
        "DT": repr(1 / stream.rate),
        "TU": "s",
    }
    for k, channel in enumerate(stream.channels):
        gain = channel.gain * out.microvolts(channel.units)
        facts |= {
            f"YN{k}": plain_name(channel.name, out),
            f"YU{k}": "uV",
            f"YCF{k}": repr(VOLTS / ((FULL_SCALE + 1) * gain)),  # V a µV
            f"YAG{k}": 1,
            f"YZ{k}": 0,
            f"YO{k}": k,
            f"YR{k}": 0,
        }
    return key_values(facts, _HEADER)


register_rig(
    RigFormat(
        name="winedr",
        title=TITLE,
        files=".EDR",
        neo="WinEdrRawIO",
        holds=Holds("one stream", most_streams=1, names=True),
        write=_write,
        source="University of Strathclyde, WinEDR manual, EDR data file format",
    )
)
