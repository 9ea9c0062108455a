"""Axona: raw data of dacqUSB, samples in packets (``.bin``) and the setup in text (``.set``).

A packet has 32 bytes on itself, 3 samples of all 64 channels in the order of the boards, and 16 bytes at its end, so a
recording ends with up to two samples of 0. A tetrode that was collected shows four channels, so the last one may have
channels of zeros. The amplification of a channel is a number that gives its gain to seven digits; dacqUSB itself has
whole ones. Spikes lie in files of a tetrode in counts of 8 bits, and inputs in ``.inp``: neither is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import numpy as np

from ..ground.arrays import Array, Ints
from .limits import require_channels, whole_rate
from .recorded import Counts, Recorded, RecordedSignals
from .rig import Below, Holds, Opening, RigFolder, RigFormat, each_segment, first_stream, register_rig
from .scaling import gains_uV

TITLE = "Axona"
MOST_CHANNELS, PER_PACKET, PER_TETRODE = 64, 3, 4
_FULL_SCALE_MV, _MOST_RATE, _STEPS = 1500, 96_000, 32768
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_PACKET = np.dtype(
    [
        ("name", "S4"),
        ("number", "<u4"),
        ("inputs", "<u2", 2),  # digital inputs, inputs for synchrony
        ("tracking", "V20"),
        ("samples", "<i2", (PER_PACKET, MOST_CHANNELS)),
        ("outputs", "V16"),
    ]
)


def slots(n_channels: int) -> Ints:
    """Return where a packet has each channel: boards of eight, those of the second half of the rack first."""
    channels = np.arange(n_channels)
    board, line = channels // 8, channels % 8
    return np.where(board % 2 == 0, 32, 0) + board // 2 * 8 + line


def _write(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    stream = first_stream(recorded, TITLE)
    require_channels(stream, MOST_CHANNELS, TITLE)
    whole_rate(stream, _MOST_RATE, TITLE)
    if len(stream.channels) % PER_TETRODE:
        out.leave("the last tetrode", "it has four channels: those that there are none of are 0")
    return each_segment(recorded, lambda part, prefix: _one(part, f"{prefix}{part.title}", out))


def _one(recorded: Recorded, name: str, out: RigFolder) -> Opening:
    stream = recorded.signals[0]
    if stream.sizes[0] % PER_PACKET:
        out.leave("the end", f"packets have {PER_PACKET} samples: the last ones are 0")
    out.write(f"{name}.set", ["".join(f"{line}\r\n" for line in _setup(recorded, stream, out)).encode("cp1252")])
    with out.file(f"{name}.bin") as file:
        for first, counts in stream.blocks(0, PER_PACKET):
            file.write(_packets(first // PER_PACKET, counts))
            out.tick(counts.size)
    return {"filename": Below(f"{name}.set")}


def _packets(first: int, counts: Counts) -> Array:
    """Return samples as packets, the first of them of this number; uint8."""
    counts = np.pad(counts, ((0, -len(counts) % PER_PACKET), (0, 0)))
    packets = np.zeros(len(counts) // PER_PACKET, _PACKET)
    packets["name"], packets["number"] = b"ADU1", np.arange(first, first + len(packets)) & 0xFFFFFFFF
    packets["samples"][:, :, slots(counts.shape[1])] = counts.reshape(-1, PER_PACKET, counts.shape[1])
    return packets.view("u1")


def _setup(recorded: Recorded, stream: RecordedSignals, out: RigFolder) -> Iterator[str]:
    """Yield the lines of the setup; the last one has no meaning, as readers leave out a last line."""
    n = len(stream.channels)
    gains = np.full(MOST_CHANNELS, 1.0)
    gains[:n] = gains_uV(stream, out)[0]
    yield f"trial_date {_date(recorded.start + timedelta(seconds=stream.t_starts[0]))}"
    yield f"trial_time {recorded.start + timedelta(seconds=stream.t_starts[0]):%H:%M:%S}"
    yield "experimenter "
    yield f"comments {recorded.title}"
    yield f"duration {-(-stream.sizes[0] // round(stream.rate))}"
    yield "sw_version 1.2.2.14"
    yield f"ADC_fullscale_mv {_FULL_SCALE_MV}"
    yield f"rawRate {round(stream.rate)}"
    for channel, gain in enumerate(gains.tolist()):
        yield f"gain_ch_{channel} {1000 * _FULL_SCALE_MV / (_STEPS * gain):.12g}"
    for tetrode in range(1, MOST_CHANNELS // PER_TETRODE + 1):
        yield f"collectMask_{tetrode} {int(PER_TETRODE * (tetrode - 1) < n)}"
    yield "pretrigSamps 10"
    yield "spikeLockout 40"
    yield "Spike2msMode 0"
    yield "data_start"


def _date(when: datetime) -> str:
    return f"{_DAYS[when.weekday()]}, {when.day} {_MONTHS[when.month - 1]} {when.year}"


register_rig(
    RigFormat(
        name="axona",
        title=TITLE,
        files=".set, .bin",
        neo="AxonaRawIO",
        holds=Holds("one stream", most_streams=1, date=True),
        write=_write,
        source="Axona, DacqUSB file formats (space-memory-navigation.org/DacqUSBFileFormats.pdf)",
    )
)
