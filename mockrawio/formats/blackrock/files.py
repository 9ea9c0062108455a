"""Writing Blackrock's file sets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...ground.arrays import Array
from ...ground.checks import require
from ...ground.errors import MockSessionError
from ...ground.shown import Argument
from ..limits import OTHER
from ..recorded import MICROVOLTS, Counts, Recorded, RecordedChannel, RecordedSignals
from ..rig import Below, Opening, RigFile, RigFolder
from ..ticks import Ticks
from .events import EventFile
from .layout import CHANNEL_HEAD, RATE, SIGNAL_HEAD, VERSIONS, CountScale, Version, origin

_WRONG = 1e-2  # relative: a gain that is farther off is not written
_USUAL = {6: 30_000, 5: 30_000, 4: 10_000, 3: 2_000, 2: 1_000, 1: 500}  # Hz, by the number of a file


def write_blackrock(recorded: Recorded, out: RigFolder, *, version: str = "2.3") -> Sequence[Opening]:
    """Write a recording as a file set of version "2.3", "3.0" or "3.0-ptp"; see the package."""
    require(version in VERSIONS, Argument("version"), f"one of {', '.join(VERSIONS)}", version)
    layout = VERSIONS[version]
    recorded = recorded.only(_of_30_khz(recorded, out))
    clock = Ticks.of(recorded, out, layout.resolution, layout.most)
    electrodes = _electrodes(recorded)
    for number, stream in zip(_numbers(recorded.signals), recorded.signals, strict=True):
        with out.file(f"{recorded.title}.ns{number}") as file:
            file.write(_signal_head(recorded, stream, electrodes, layout, out))
            for seg_index in range(len(recorded.segments)):
                _samples(stream, seg_index, file, layout, clock, out)
    if recorded.units or any(one.count(k) for one in recorded.events for k in range(len(recorded.segments))):
        EventFile(recorded, layout, clock, electrodes, out).write(f"{recorded.title}.nev")
    opening: dict[str, object] = {"filename": Below(recorded.title)}
    if layout.each and len(recorded.segments) > 1:
        opening["gap_tolerance_ms"] = 0.0
    return [opening]


def _of_30_khz(recorded: Recorded, out: RigFolder) -> list[RecordedSignals]:
    """Return the streams whose samples are whole periods apart, the fastest first."""
    kept = []
    for stream in sorted(recorded.signals, key=lambda one: -one.rate):
        period = RATE / stream.rate
        if period > 0.5 and abs(period / round(period) - 1) < 1e-6:
            kept.append(stream)
        else:
            out.leave(f"stream {stream.id}", f"its rate is not {RATE} Hz by a whole number")
    rates = " and ".join(f"{one.rate:.12g} Hz" for one in recorded.signals)
    remedy = f"Give a recording of {RATE} Hz, or another format."
    require(bool(kept or not recorded.signals), "source", f"a rate of {RATE} Hz by a whole number", rates, remedy)
    return kept


def _numbers(streams: Sequence[RecordedSignals]) -> list[int]:
    """Return the number of each stream's file: of those left the one whose usual rate is nearest."""
    free = dict(_USUAL)
    numbers = []
    for stream in streams:
        numbers.append(min(free, key=lambda one: (abs(np.log(free[one] / stream.rate)), -one)))
        del free[numbers[-1]]
    return numbers


def _electrodes(recorded: Recorded) -> dict[str | None, int]:
    """Return the number of each channel, from 1: channels of one id are of one electrode."""
    ids = [channel.id for stream in recorded.signals for channel in stream.channels]
    numbers: dict[str | None, int] = {}
    for channel_id in ids:
        numbers.setdefault(channel_id, len(numbers) + 1)
    return numbers


def _signal_head(
    recorded: Recorded,
    stream: RecordedSignals,
    electrodes: dict[str | None, int],
    layout: Version,
    out: RigFolder,
) -> bytes:
    """Return a file's header: the stream's, and one for each channel."""
    channels = np.zeros(len(stream.channels), CHANNEL_HEAD)
    for head, channel in zip(channels, stream.channels, strict=True):
        electrode = electrodes[channel.id]
        scale, units = _scale(channel, out)
        head["kind"], head["electrode"] = b"CC", electrode
        head["label"] = out.text("names of channels", channel.name, 15)
        head["connector"], head["pin"] = min((electrode - 1) // 32 + 1, 255), (electrode - 1) % 32 + 1
        head["digital"] = -scale.digital, scale.digital
        head["analog"] = -scale.analog, scale.analog
        head["units"] = units
    basic = np.zeros((), SIGNAL_HEAD)
    basic["kind"], basic["version"] = layout.signals, (layout.major, layout.minor)
    basic["bytes"] = SIGNAL_HEAD.itemsize + channels.nbytes
    basic["label"] = f"{stream.rate / 1000:g} kS/s".encode()
    basic["period"], basic["resolution"] = round(RATE / stream.rate), layout.resolution
    basic["origin"], basic["channels"] = origin(recorded.start), len(channels)
    return basic.tobytes() + channels.tobytes()


def _scale(channel: RecordedChannel, out: RigFolder) -> tuple[CountScale, bytes]:
    """Return what a channel's counts mean, and the unit's name; what is no voltage keeps its own."""
    gain = channel.gain * MICROVOLTS.get(channel.units, 1.0)
    scale = CountScale.of(gain)
    if abs(scale.error(gain)) > _WRONG:
        expected = f"a gain that a ratio of whole numbers below 32768 holds to {_WRONG:g}"
        raise MockSessionError(f"channel {channel.id}", expected, f"{gain:.3g} µV", OTHER)
    if abs(scale.error(gain)) > 1e-6:
        out.leave("gains", "they are ratios of whole numbers below 32768: some are off by more than 1e-6")
    if channel.units in MICROVOLTS:
        return scale, scale.units.encode()
    prefix = {"uV": "", "mV": "1e3 ", "nV": "1e-3 "}[scale.units]
    return scale, out.text("units of channels", prefix + channel.units, 15)


def _samples(
    stream: RecordedSignals, seg_index: int, file: RigFile, layout: Version, clock: Ticks, out: RigFolder
) -> None:
    """Write a segment: one block, or a packet a sample."""
    size, begin = stream.sizes[seg_index], clock.one(stream.t_starts[seg_index])
    if not layout.each:
        head = np.zeros((), [("flag", "u1"), ("stamp", layout.stamp), ("points", "<u4")])
        head["flag"], head["stamp"], head["points"] = 1, begin, size
        file.write(head.tobytes())
    for sample, counts in stream.blocks(seg_index):
        file.write(_packets(counts, begin, sample, stream.rate) if layout.each else counts)
        out.tick(counts.size)


def _packets(counts: Counts, begin: int, sample: int, rate: float) -> Array:
    """Return a packet for each sample, the first of which is `sample`; `begin` is the segment's first time stamp."""
    size, n_channels = counts.shape
    heads = np.zeros(size, [("flag", "u1"), ("stamp", "<u8"), ("points", "<u4")])
    heads["flag"], heads["points"] = 1, 1
    heads["stamp"] = begin + np.rint(np.arange(sample, sample + size) * (1e9 / rate)).astype(np.uint64)
    start = heads.dtype.itemsize
    packets = np.empty((size, start + 2 * n_channels), np.uint8)  # rows of bytes are copied faster than odd records
    packets[:, :start] = heads.view(np.uint8).reshape(size, start)
    packets[:, start:] = counts.view(np.uint8).reshape(size, 2 * n_channels)
    return packets
