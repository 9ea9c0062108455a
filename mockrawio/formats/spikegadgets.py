"""SpikeGadgets: a ``.rec`` file of Trodes, XML and then a packet for each sample.

The layout is that of the Trodes wiki's *Configuration* and *Recording format*: a packet is 0x55, the bytes of the
devices, a sample's number as uint32, and a count of each channel in the order in which a controller of Intan chips
sends them, all chips' first channels first. Channels are nTrodes of one, in the recording's order, each with its gain.
Event channels are the digital inputs of an ECU, high for 5 ms at an event and throughout an epoch. Numbers of samples
go on from segment to segment, as the controller's clock does. Trodes has whole rates; others are written as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np

from .pulses import Pulses, level, pulses
from .recorded import Recorded, RecordedSignals
from .rig import Below, FileFault, Holds, Opening, RigFolder, RigFormat, each_segment, first_stream, register_rig
from .scaling import gains_uV

TITLE = "SpikeGadgets"
_SYNC, _PER_CHIP, _INPUTS = 0x55, 32, 32
_ECU_BYTES = 2 * _INPUTS // 8  # inputs, then outputs
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_END = b"</Configuration>\n"


def _write(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    first_stream(recorded, TITLE)
    return each_segment(recorded, lambda part, prefix: _one(part, f"{prefix}{part.title}.rec", out))


def _one(recorded: Recorded, name: str, out: RigFolder) -> Opening:
    stream, lines = recorded.signals[0], _inputs(recorded, out)
    zero = round(stream.t_starts[0] * stream.rate)
    ecu = [("ecu", "u1", _ECU_BYTES)] if lines else []
    kind = np.dtype([("sync", "u1"), *ecu, ("time", "<u4"), ("counts", "<i2", len(stream.channels))])
    with out.file(name) as file:
        file.write(_configuration(recorded, len(lines), zero, out).encode("utf-8"))
        for first, counts in stream.blocks(0):
            packets = np.zeros(len(counts), kind)
            packets["sync"] = _SYNC
            packets["time"] = (np.arange(first, first + len(counts)) + zero) & 0xFFFFFFFF  # it wraps round
            packets["counts"] = counts
            for number, line in enumerate(lines):
                packets["ecu"][:, number // 8] |= level(line, first, first + len(counts)).astype("u1") << number % 8
            file.write(packets.view("u1"))
            out.tick(counts.size)
    return {"filename": Below(name)}


def _inputs(recorded: Recorded, out: RigFolder) -> list[Pulses]:
    if recorded.events:
        out.leave("names of event channels", "digital inputs have numbers: ECU_Din1, ...")
    for events in recorded.events[_INPUTS:]:
        out.leave(f"events of {events.name}", f"there are {_INPUTS} digital inputs")
    stream = recorded.signals[0]
    return [pulses(events, 0, stream, out, levels=True) for events in recorded.events[:_INPUTS]]


def _per_chip(n: int) -> int:
    """Return how many channels a chip has: what is no number of whole chips is taken to be one."""
    return n if n % _PER_CHIP else _PER_CHIP


def _hardware_channels(n: int) -> list[int]:
    """Return the hardware channel of each place in a packet."""
    size = _per_chip(n)
    return [local + first for local in range(size) for first in range(0, n, size)]


def _configuration(recorded: Recorded, n_inputs: int, zero: int, out: RigFolder) -> str:
    stream = recorded.signals[0]
    when = recorded.start + timedelta(seconds=stream.t_starts[0])
    created = (when - _EPOCH) // timedelta(milliseconds=1)
    rate = f"{stream.rate:.0f}" if stream.rate == int(stream.rate) else repr(stream.rate)
    n = len(stream.channels)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Configuration>
 <GlobalConfiguration realtimeMode="0" saveDisplayedChanOnly="1" filePath="" filePrefix={quoteattr(recorded.title)} \
trodesVersion="2.4.0" timestampAtCreation="{zero & 0xFFFFFFFF}" systemTimeAtCreation="{created}"/>
 <HardwareConfiguration samplingRate="{rate}" numChannels="{n}">
{_ecu(n_inputs)} </HardwareConfiguration>
 <ModuleConfiguration/>
 <StreamDisplay columns="2" pages="1" backgroundColor="#030303"/>
 <AuxDisplayConfiguration/>
 <SpikeConfiguration device="intan" chanPerChip="{_per_chip(n)}" categories="">
{_trodes(stream, out)} </SpikeConfiguration>
{_END.decode()}"""


def _ecu(n_inputs: int) -> str:
    if not n_inputs:
        return ""
    ends = (("Din", 1, 0), ("Dout", 0, _INPUTS // 8))
    channels = "".join(
        f'   <Channel id="ECU_{name}{k + 1}" dataType="digital" startByte="{first + k // 8}" bit="{k % 8}"'
        f' input="{is_input}"/>\n'
        for name, is_input, first in ends
        for k in range(_INPUTS)
    )
    begin = f'  <Device name="ECU" available="1" numBytes="{_ECU_BYTES}" packetOrderPreference="10">\n'
    return f"{begin}{channels}  </Device>\n"


def _trodes(stream: RecordedSignals, out: RigFolder) -> str:
    gains = gains_uV(stream, out)[0].tolist()
    return "".join(
        f'  <SpikeNTrode id="{k}" rawScalingToUv="{gain!r}" spikeScalingToUv="{gain!r}" lfpScalingToUv="{gain!r}"'
        ' refOn="0" refNTrodeID="1" refChan="1" filterOn="1" lowFilter="600" highFilter="6000" lfpChan="1">\n'
        f'   <SpikeChannel hwChan="{channel}" maxDisp="200" thresh="30" triggerOn="1"/>\n  </SpikeNTrode>\n'
        for k, (gain, channel) in enumerate(zip(gains, _hardware_channels(len(gains)), strict=True), 1)
    )


def _changed(folder: Path, pattern: bytes, new: bytes) -> None:
    for path in folder.rglob("*.rec"):
        header, end, packets = path.read_bytes().partition(_END)
        path.write_bytes(re.sub(pattern, new, header) + end + packets)


def _no_chips(folder: Path) -> None:
    _changed(folder, rb'chanPerChip="\d+"', b'chanPerChip="0"')


def _no_scaling(folder: Path) -> None:
    _changed(folder, rb' (raw|spike|lfp)ScalingToUv="[^"]*"', b"")


def _lost(folder: Path) -> None:
    for path in folder.rglob("*.rec"):
        header, end, packets = path.read_bytes().partition(_END)
        n = len(re.findall(rb"<SpikeChannel ", header))
        size = 1 + 4 + 2 * n + (_ECU_BYTES if b'name="ECU"' in header else 0)
        middle = len(packets) // size // 2 * size
        path.write_bytes(header + end + packets[: middle - 100 * size] + packets[middle:])


register_rig(
    RigFormat(
        name="spikegadgets",
        title=TITLE,
        files=".rec",
        neo="SpikeGadgetsRawIO",
        holds=Holds("one stream", most_streams=1, events=True, durations=True, date=True),
        write=_write,
        faults=(
            FileFault(
                "no-chips",
                "chanPerChip is 0, as Trodes writes it where there is no Intan chip",
                "take channels to be in the order of their hardware channels",
                "python-neo PR 1830, PR 1847",
                _no_chips,
            ),
            FileFault(
                "lost-packets",
                "100 packets in the middle are not there: the numbers of samples jump",
                "tell of the gap",
                "python-neo 1856",
                _lost,
            ),
            FileFault(
                "no-scaling",
                "no nTrode has spikeScalingToUv, as in older files",
                "read counts without a unit",
                "python-neo 1215",
                _no_scaling,
            ),
        ),
        extractor="read_spikegadgets",
        source="SpikeGadgets, Trodes wiki: Configuration",
    )
)
