"""BCI2000: a ``.dat`` file of version 1.1, a header in text and samples with the state vector beside them.

The layout is that of the *BCI2000 File Format*: a first line with the header's own length, a line for each state and a
line for each parameter; then for each sample the counts of all channels and the bits of the states. An event channel is
a state: the code of an event for the sample of an event, or as long as an epoch lasts, and 0 otherwise. ``Running``,
``Recording``, ``SourceTime`` and ``StimulusTime`` are there too, times in ms by blocks as BCI2000 has them.

Neo loses the last byte of a state that ends with a byte, so an event channel has 15 bits and one is left out. It reads
a number only up to its point, so a gain below 1 is written without the 0 before it (``.195``); one from 1 on that is
not whole has no decimals for Neo. It sees no event at the first sample, so a state begins at the second one, and it has
an event wherever a state is 0 again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import quote

import numpy as np

from ..ground.arrays import Array, Ints
from .codes import Codes
from .limits import whole_rate
from .pulses import Pulses, pulses
from .recorded import Recorded, RecordedSignals
from .rig import Below, Holds, Opening, RigFolder, RigFormat, each_segment, first_stream, register_rig
from .scaling import gains_uV

TITLE = "BCI2000"
_MOST_CODE, _MOST_RATE = 32767, 10**6
_TIMES = 4  # bytes of the two times; the byte of the flags follows
_EVENTS = _TIMES + 1  # the first byte of the event channels' states


class _State(NamedTuple):
    """A state that has the codes of an event channel."""

    name: str
    line: Pulses
    codes: Ints


def _write(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    whole_rate(first_stream(recorded, TITLE), _MOST_RATE, TITLE)
    codes = Codes(recorded, _MOST_CODE, out)
    return each_segment(recorded, lambda part, prefix: _one(part, f"{prefix}{part.title}.dat", codes, out))


def _one(recorded: Recorded, name: str, codes: Codes, out: RigFolder) -> Opening:
    stream, states = recorded.signals[0], _states(recorded, codes, out)
    row = np.dtype([("counts", "<i2", len(stream.channels)), ("states", "u1", _EVENTS + 2 * len(states))])
    with out.file(name) as file:
        file.write(_header(recorded, stream, states, out))
        for first, counts in stream.blocks(0):
            rows = np.zeros(len(counts), row)
            rows["counts"] = counts
            rows["states"] = _vector(np.arange(first, first + len(counts)), stream, states)
            file.write(rows.view("u1"))
            out.tick(counts.size)
    return {"filename": Below(name)}


def _states(recorded: Recorded, codes: Codes, out: RigFolder) -> list[_State]:
    """Return a state for each event channel, with a name that is a word and no other state's."""
    made, taken = [], {"SourceTime", "StimulusTime", "Running", "Recording"}
    for events in recorded.events:
        word = "".join(one if one.isascii() and one.isalnum() else "_" for one in events.name) or "_"
        while word in taken:
            word += "_"
        if word != events.name:
            out.leave(f"name of {events.name}", f"the state is called {word}")
        taken.add(word)
        line = pulses(events, 0, recorded.signals[0], out, levels=True)
        made.append(_State(word, line, codes.of(line.labels)))
    return made


def _vector(samples: Ints, stream: RecordedSignals, states: Sequence[_State]) -> Array:
    """Return the bytes of the states at samples, uint8 (samples, bytes)."""
    made = np.zeros((len(samples), _EVENTS + 2 * len(states)), "u1")
    block = _block(stream)
    ms = (samples // block * block * 1000 // round(stream.rate)) & 0xFFFF
    made[:, :_TIMES] = np.repeat(ms, 2).astype("<u2").view("u1").reshape(-1, _TIMES)
    made[:, _TIMES] = 0b11  # it runs and records
    for number, (_, line, codes) in enumerate(states):
        last = np.searchsorted(line.rises, samples, side="right") - 1
        values = np.where((last >= 0) & (samples < line.falls[last]), codes[last], 0) if len(codes) else 0 * samples
        at = _EVENTS + 2 * number
        made[:, at : at + 2] = values.astype("<u2").view("u1").reshape(-1, 2)
    return made


def _block(stream: RecordedSignals) -> int:
    """Return the samples that BCI2000 takes at once: of 40 ms."""
    return max(round(stream.rate / 25), 1)


def _header(recorded: Recorded, stream: RecordedSignals, states: Sequence[_State], out: RigFolder) -> bytes:
    n, gains = len(stream.channels), gains_uV(stream, out)[0].tolist()
    when = recorded.start + timedelta(seconds=stream.t_starts[0])
    if any(abs(gain) >= 1 and gain != int(gain) for gain in gains):
        out.leave("decimals of gains", "they are in the file, but Neo reads none of a gain from 1 on")
    names = " ".join(_name(channel.name) for channel in stream.channels)
    values = " ".join(map(_number, gains))
    lines = [
        "[ State Vector Definition ] ",
        "SourceTime 16 0 0 0 ",
        "StimulusTime 16 0 2 0 ",
        f"Running 1 0 {_TIMES} 0 ",
        f"Recording 1 0 {_TIMES} 1 ",
        *(f"{state.name} 15 0 {_EVENTS + 2 * number} 0 " for number, state in enumerate(states)),
        "[ Parameter Definition ] ",
        f"Source:Signal%20Properties:DataIOFilter int SourceCh= {n} 16 1 % // number of channels",
        f"Source:Signal%20Properties:DataIOFilter int SampleBlockSize= {_block(stream)} 32 1 % // samples at once",
        f"Source:Signal%20Properties:DataIOFilter int SamplingRate= {round(stream.rate)} 256 1 % // in Hz",
        f"Source:Signal%20Properties:DataIOFilter list ChannelNames= {n} {names} // names",
        f"Source:Signal%20Properties:DataIOFilter floatlist SourceChOffset= {n} {' '.join('0' * n)} // of zero",
        f"Source:Signal%20Properties:DataIOFilter floatlist SourceChGain= {n} {values} // in uV",
        f"Storage:Session:DataIOFilter string SubjectName= {recorded.title} Name % % // subject",
        "Storage:Session:DataIOFilter string SubjectSession= 001 001 % % // session",
        "Storage:Session:DataIOFilter string SubjectRun= 01 00 % % // run",
        f"Storage:Documentation:DataIOFilter string StorageTime= {when:%Y-%m-%dT%H:%M:%S} % % % // date",
        "",
        "",
    ]
    body = "\r\n".join(lines)
    of = f"SourceCh= {n} StatevectorLen= {_EVENTS + 2 * len(states)} DataFormat= int16 \r\n"
    size = len("BCI2000V= 1.1 HeaderLen= 000000 ") + len(of) + len(body)
    return f"BCI2000V= 1.1 HeaderLen= {size:6d} {of}{body}".encode("ascii")


def _name(name: str) -> str:
    """Return a name as a value: what would end one has a code, and nothing is a lone %."""
    coded = quote(name, safe="") or "%"
    return f"%30{coded[1:]}" if coded.lower().startswith("0x") else coded  # else it is a number


def _number(value: float) -> str:
    text = np.format_float_positional(value, trim="-")
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


register_rig(
    RigFormat(
        name="bci2000",
        title=TITLE,
        files=".dat",
        neo="BCI2000RawIO",
        holds=Holds("one stream", most_streams=1, names=True, events=True, durations=True, date=True),
        write=_write,
        source="BCI2000 wiki, Technical Reference: BCI2000 File Format",
    )
)
