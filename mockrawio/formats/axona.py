"""Axona: raw data of dacqUSB, samples in packets (``.bin``), the setup in text (``.set``), spikes of tetrodes (``.1``).

A packet has 32 bytes on itself, 3 samples of all 64 channels in the order of the boards, and 16 bytes at its end, so a
recording ends with up to two samples of 0. A tetrode that was collected shows four channels, so the last one may have
channels of zeros. The amplification of a channel is a number that gives its gain to seven digits; dacqUSB itself has
whole ones.

Where units have channels that are recorded, each tetrode has a file of its spikes, in ticks of 96 kHz, and a cut file
(``_1.cut``) with the number of each one's unit, from 1 on. A spike has 50 samples of 8 bits and 48 kHz on four
channels: the upper bits of a waveform of that rate, and zeros of others. Events lie in ``.inp``, which is not written.

Neo makes a unit of each tetrode, and reads no cut files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from ..ground.arrays import Array, Ints
from ..ground.errors import MockSessionError
from .limits import OTHER, require_channels, whole_rate
from .recorded import Counts, Recorded, RecordedSignals, RecordedUnit
from .rig import Below, Holds, Opening, RigFolder, RigFormat, each_segment, first_stream, register_rig
from .scaling import gains_uV

TITLE = "Axona"
MOST_CHANNELS, PER_PACKET, PER_TETRODE, SPIKE_SAMPLES = 64, 3, 4, 50
_SPIKE_HZ, _SPIKE_RATE = 96_000, 48_000  # of a spike's time, and of its samples
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

_SPIKE = np.dtype([("tick", ">i4"), ("samples", "i1", SPIKE_SAMPLES)])  # on each channel of a tetrode


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
    for tetrode, places in _sorted(recorded, out).items():
        _spikes(recorded, tetrode, places, name, out)
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


def _sorted(recorded: Recorded, out: RigFolder) -> dict[int, list[int]]:
    """Return the places of the units of each tetrode, counted from 1; nothing if no unit is of a channel of these."""
    channels = {channel.id: number for number, channel in enumerate(recorded.signals[0].channels)}
    made: dict[int, list[int]] = {}
    for place, unit in enumerate(recorded.units):
        if unit.channel_id in channels:
            made.setdefault(channels[unit.channel_id] // PER_TETRODE + 1, []).append(place)
        else:
            out.leave(f"spikes of {unit.name}", "its channel is of no tetrode")
    # readers look for a file of each tetrode up to the first that is not there
    return {number: made.get(number, []) for number in range(1, max(made, default=0) + 1)}


def _spikes(recorded: Recorded, tetrode: int, places: Sequence[int], name: str, out: RigFolder) -> None:
    """Write the spikes of a tetrode's units, and the number of each one's unit."""
    stream, units = recorded.signals[0], tuple(recorded.units[place] for place in places)
    columns = [_column(unit, stream, out) for unit in units]
    numbers = [np.zeros(0, np.int64)]
    with out.file(f"{name}.{tetrode}") as file:
        file.write(_spike_head(recorded, 0))
        for some in replace(recorded, units=units).spikes(0, waveforms=True):
            _, inside = out.frames("some spikes", some.times, stream, 0)
            ticks = np.rint((some.times[inside] - stream.t_starts[0]) * _SPIKE_HZ)
            if np.any(ticks >= 1 << 31):
                raise MockSessionError("source", "spikes within 2**31 ticks of 96 kHz, for Axona", "later ones", OTHER)
            owners = some.units[inside]
            records = np.zeros((len(owners), PER_TETRODE), _SPIKE)
            records["tick"] = np.maximum(ticks, 0)[:, None]
            for place, column in enumerate(columns):
                if column is not None:
                    shapes = some.waveforms[inside][owners == place, :SPIKE_SAMPLES] >> 8
                    records["samples"][owners == place, column, : shapes.shape[1]] = shapes
            file.write(records.view("u1"))
            numbers.append(owners + 1)
        found = np.concatenate(numbers)
        file.rewrite(0, _spike_head(recorded, len(found)))
        file.write(b"\r\ndata_end\r\n")
    out.write(f"{name}_{tetrode}.cut", ["".join(_cut(recorded.title, len(units), found)).encode("ascii")])


def _column(unit: RecordedUnit, stream: RecordedSignals, out: RigFolder) -> int | None:
    """Return which channel of its tetrode a unit's waveforms are of, None if they are not of 48 kHz."""
    if unit.waveforms is None or unit.rate != _SPIKE_RATE:
        out.leave(f"shape of {unit.name}", "there is one of 48 kHz alone: others are zeros")
        return None
    return [channel.id for channel in stream.channels].index(str(unit.channel_id)) % PER_TETRODE


def _spike_head(recorded: Recorded, n_spikes: int) -> bytes:
    """Return the header of a tetrode's spikes, as long whatever their number."""
    lines = [
        *_trial(recorded),
        f"num_chans {PER_TETRODE}",
        f"timebase {_SPIKE_HZ} hz",
        "bytes_per_timestamp 4",
        f"samples_per_spike {SPIKE_SAMPLES}",
        f"sample_rate {_SPIKE_RATE} hz",
        "bytes_per_sample 1",
        "spike_format t,ch1,t,ch2,t,ch3,t,ch4",
        f"num_spikes {n_spikes:<10}",
        "data_start",
    ]
    return "\r\n".join(lines).encode("ascii")


def _cut(title: str, n_units: int, numbers: Ints) -> Iterator[str]:
    """Yield the lines of a cut: nothing of each cluster but that it is there, then each spike's cluster."""
    yield f"n_clusters: {n_units + 1}\nn_channels: {PER_TETRODE}\nn_params: 2\n"
    yield f"times_used_in_Vt:{'    0' * PER_TETRODE}\n"
    nothing = "    0" * (2 * PER_TETRODE)
    for cluster in range(n_units + 1):
        yield f" cluster: {cluster} center:{nothing}\n                min:{nothing}\n                max:{nothing}\n"
    yield f"\nExact_cut_for: {title}    spikes: {len(numbers)}\n"
    for first in range(0, len(numbers), 25):
        yield "".join(f"{number:3d}" for number in numbers[first : first + 25].tolist()) + "\n"


def _trial(recorded: Recorded) -> Iterator[str]:
    """Yield what all headers begin with."""
    stream = recorded.signals[0]
    when = recorded.start + timedelta(seconds=stream.t_starts[0])
    yield f"trial_date {_DAYS[when.weekday()]}, {when.day} {_MONTHS[when.month - 1]} {when.year}"
    yield f"trial_time {when:%H:%M:%S}"
    yield "experimenter "
    yield f"comments {recorded.title}"
    yield f"duration {-(-stream.sizes[0] // round(stream.rate))}"
    yield "sw_version 1.2.2.14"


def _setup(recorded: Recorded, stream: RecordedSignals, out: RigFolder) -> Iterator[str]:
    """Yield the lines of the setup; the last one has no meaning, as readers leave out a last line."""
    n = len(stream.channels)
    gains = np.full(MOST_CHANNELS, 1.0)
    gains[:n] = gains_uV(stream, out)[0]
    yield from _trial(recorded)
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


register_rig(
    RigFormat(
        name="axona",
        title=TITLE,
        files=".set, .bin, .1, _1.cut, ...",
        neo="AxonaRawIO",
        holds=Holds("one stream", most_streams=1, units=True, date=True),
        write=_write,
        source="Axona, DacqUSB file formats (space-memory-navigation.org/DacqUSBFileFormats.pdf)",
    )
)
