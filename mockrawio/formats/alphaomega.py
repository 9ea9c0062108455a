"""Alpha Omega: ``.mpx`` files of map version 4, one for each segment, in blocks that have their own length and type.

Blocks define channels and then have their data: continuous channels, called RAW, LFP or AI and their number, 1024
samples at once; a segmented channel, SEG, for each unit, with its waveforms; a port for each event channel, with a code
for each event. All count samples from 0 s. A count is worth the channel's resolution divided by its gain, in µV.

Neo multiplies by the gain where Alpha Omega divides, so what it calls µV is not: its gain is one divided by the right
one. It takes the rate of spikes for whole Hz, and files for one segment where the next begins within 1.5 samples, so
segments have a pause between them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from ..ground.arrays import Array
from ..ground.errors import MockSessionError
from .codes import Codes
from .limits import OTHER, require_channels
from .recorded import Counts, Recorded, RecordedSignals, RecordedUnit
from .rig import Below, Holds, Opening, RigFile, RigFolder, RigFormat, first_stream, register_rig
from .scaling import gains_uV

TITLE = "Alpha Omega"
MOST_CHANNELS, BLOCK_SAMPLES = 1024, 1024
_GAIN, _MOST_GAIN = 100, 327  # of an amplifier: whole numbers
_LEAST_RESOLUTION = 5.0  # µV: readers take less for a default
_LFP_HZ = 2500.0  # streams up to that rate are LFP
_PORTS, _SEGMENTED, _FIRST, _SECOND = 1, 2000, 10_000, 20_000  # the first channel number of each kind
_MOST_CODE, _MOST_SAMPLE, _MOST_NAME = 65535, (1 << 32) - 1, 30
_CONTINUOUS, _LEVEL = 0, 1  # modes


def _write(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    first_stream(recorded, TITLE)
    for stream in recorded.signals:
        require_channels(stream, MOST_CHANNELS, TITLE)
    codes = Codes(recorded, _MOST_CODE, out)
    _require_pauses(recorded)
    names = [f"{recorded.title}F{number:04d}.mpx" for number in range(1, len(recorded.segments) + 1)]
    for seg_index, name in enumerate(names):
        _File(recorded, seg_index, codes, out).write(name)
    out.write(f"{recorded.title}.lsx", ["".join(f"{name}\r\n" for name in names).encode("ascii")])
    return [{"dirname": Below(""), "prune_channels": False}]


def _require_pauses(recorded: Recorded) -> None:
    stream = max(recorded.signals, key=lambda one: one.rate)
    begins = np.array(stream.t_starts) * stream.rate
    if np.any(np.rint(np.diff(begins)) - stream.sizes[:-1] < 2):
        remedy = "Give a recording in which they are one segment."
        raise MockSessionError("source", f"segments with 2 samples between them, for {TITLE}", "less", remedy)
    if begins[0] < 0 or begins[-1] + stream.sizes[-1] > _MOST_SAMPLE:
        raise MockSessionError("source", f"times from 0 s up to 2**32 samples, for {TITLE}", "others", OTHER)


@dataclass(frozen=True)
class _Kind:
    """What the channels of a stream are called, and their first number."""

    name: str
    first: int


def _kinds(recorded: Recorded) -> list[_Kind]:
    """Return the kind of each stream: RAW and LFP, or LFP and AI where both are slow."""
    rates = [stream.rate for stream in recorded.signals]
    names = ("RAW", "LFP") if max(rates) > _LFP_HZ else ("LFP", "AI")
    fastest = int(np.argmax(rates))
    return [_Kind(names[k != fastest], _FIRST if k == fastest else _SECOND) for k in range(len(rates))]


class _File:
    """A file of one segment."""

    def __init__(self, recorded: Recorded, seg_index: int, codes: Codes, out: RigFolder) -> None:
        self._recorded, self._k, self._codes, self._out = recorded, seg_index, codes, out
        self._clock = max(recorded.signals, key=lambda one: one.rate)
        self._hz = 1000.0 * float(np.float32(self._clock.rate / 1000))  # as it is in the file

    def write(self, name: str) -> None:
        with self._out.file(name) as file:
            file.write(self._header())
            file.write(_chained(self._definitions(), file.tell()))
            for number, _ in enumerate(self._recorded.events):
                file.write(self._events(number))
            for number, unit in enumerate(self._recorded.units):
                for blocks in self._spikes(number, unit):
                    file.write(blocks)
            for stream, kind in zip(self._recorded.signals, _kinds(self._recorded), strict=True):
                self._samples(stream, kind.first, file)
            file.write(b"\xff\xff\0")

    def _header(self) -> bytes:
        begin = round(self._clock.t_starts[self._k] * self._clock.rate)
        low, high = begin / self._hz, (begin + self._clock.sizes[self._k]) / self._hz
        while low * self._hz > begin:  # else readers leave out an event at the first sample
            low = float(np.nextafter(low, 0))
        when = self._recorded.start + timedelta(seconds=self._clock.t_starts[self._k])
        clock = (when.hour, when.minute, when.second, when.microsecond // 10_000)
        date = (when.day, when.month, when.year, when.isoweekday() % 7)
        facts = (*clock, *date, low, high, 0, 4, b"ALab SNR", b"\0\1\0\0", 0)
        return _block(b"h", struct.pack("<xlhBBBBBBHBxddlB10s4sxl", 60, 1, *facts))

    def _definitions(self) -> Iterator[bytes]:
        """Yield a block for each channel and port."""
        for stream, kind in zip(self._recorded.signals, _kinds(self._recorded), strict=True):
            gains = gains_uV(stream, self._out)[0].tolist()
            width = max(len(str(len(gains))), 3)
            for number, gain in enumerate(gains):
                channel = _Analog(kind.first + number, gain, stream.rate, BLOCK_SAMPLES)
                yield channel.continuous(f"{kind.name} {number + 1:0{width}d}")
        for number, unit in enumerate(self._recorded.units):
            channel = _Analog(_SEGMENTED + number, self._gain(unit), self._clock.rate, unit.n_samples)
            yield channel.segmented(f"SEG {number + 1:03d}", unit)
        for number, events in enumerate(self._recorded.events):
            name = self._out.text(f"name of {events.name}", events.name, _MOST_NAME)
            yield _block(b"b", struct.pack("<xiifH", 1, _PORTS + number, self._clock.rate / 1000, 0) + name + b"\0")

    def _gain(self, unit: RecordedUnit) -> float:
        if unit.waveforms and not np.isclose(unit.rate, self._clock.rate, rtol=1e-6):
            self._out.leave(f"waveforms of {unit.name}", "their samples are taken for those of the fastest stream")
        return unit.gain * self._out.microvolts(unit.units) if unit.waveforms else 1.0

    def _begin(self, stream: RecordedSignals) -> int:
        return round(stream.t_starts[self._k] * stream.rate)

    def _samples(self, stream: RecordedSignals, first_channel: int, file: RigFile) -> None:
        """Write the samples of a stream, a block of each channel after another."""
        begin = self._begin(stream)
        for first, counts in stream.blocks(self._k, BLOCK_SAMPLES):
            whole = len(counts) // BLOCK_SAMPLES * BLOCK_SAMPLES
            for start, some, size in ((0, counts[:whole], BLOCK_SAMPLES), (whole, counts[whole:], len(counts) - whole)):
                if len(some):
                    file.write(_data(some, size, begin + first + start, first_channel))
            self._out.tick(counts.size)

    def _spikes(self, number: int, unit: RecordedUnit) -> Iterator[Array]:
        """Yield the blocks of a unit's spikes, each with its waveform."""
        begin = self._begin(self._clock)
        for some in replace(self._recorded, units=(unit,)).spikes(self._k, waveforms=True):
            frames, inside = self._out.frames(f"spikes of {unit.name}", some.times, self._clock, self._k)
            blocks = np.zeros(int(inside.sum()), _data_type(unit.n_samples))
            blocks["length"], blocks["type"], blocks["unit"] = blocks.itemsize, b"5", 1
            blocks["channel"], blocks["first"] = _SEGMENTED + number, begin + frames[inside]
            blocks["samples"] = some.waveforms[inside]
            yield blocks.view("u1")

    def _events(self, number: int) -> Array:
        """Return the blocks of a port, one for each event."""
        events = self._recorded.events[number]
        times, _, labels = events.read(self._k, None, None)
        frames, inside = self._out.frames(f"events of {events.name}", times, self._clock, self._k)
        blocks = np.zeros(int(inside.sum()), _PORT)
        blocks["length"], blocks["type"], blocks["channel"] = _PORT.itemsize, b"5", _PORTS + number
        blocks["value"], blocks["sample"] = self._codes.of(labels[inside]), self._begin(self._clock) + frames[inside]
        return blocks.view("u1")


_PORT = np.dtype(
    [
        ("length", "<u2"),
        ("type", "S1"),
        ("unit", "u1"),
        ("channel", "<i2"),
        ("value", "<u2"),
        ("sample", "<u4"),
    ]
)


def _data_type(n_samples: int) -> np.dtype[np.void]:
    fields = [("length", "<u2"), ("type", "S1"), ("unit", "u1"), ("channel", "<i2")]
    return np.dtype([*fields, ("samples", "<i2", (n_samples,)), ("first", "<u4")])


def _data(counts: Counts, size: int, first: int, first_channel: int) -> Array:
    """Return samples in blocks of this size, those of all channels before the next ones; uint8."""
    n = counts.shape[1]
    blocks = np.zeros((len(counts) // size, n), _data_type(size))
    blocks["length"], blocks["type"] = blocks.itemsize, b"5"
    blocks["channel"] = first_channel + np.arange(n)
    blocks["samples"] = counts.reshape(-1, size, n).transpose(0, 2, 1)
    blocks["first"] = (first + size * np.arange(len(blocks)))[:, None]
    return blocks.view("u1")


@dataclass(frozen=True)
class _Analog:
    """A channel of samples."""

    number: int
    gain: float  # µV a count
    rate: float
    n_samples: int  # of a block

    def continuous(self, name: str) -> bytes:
        """Return the block that defines it as a continuous one."""
        return self._block(_CONTINUOUS, struct.pack("<fh", 0.0, 100 * self._amplifier), name)

    def segmented(self, name: str, unit: RecordedUnit) -> bytes:
        """Return the block that defines it as one of a unit's waveforms."""
        after = max(unit.n_samples / unit.rate - unit.left_sweep, 0.0) if unit.rate else 0.0
        times = 1000 * unit.left_sweep, 1000 * after
        return self._block(_LEVEL, struct.pack("<ffhhhh", *times, 0, 0, 0, 100 * self._amplifier), name)

    @property
    def _amplifier(self) -> int:
        amplifier = _GAIN if self.gain * _GAIN > _LEAST_RESOLUTION else _MOST_GAIN
        if self.gain * amplifier <= _LEAST_RESOLUTION:
            expected = f"gains above {_LEAST_RESOLUTION / _MOST_GAIN:.3f} µV a count, for {TITLE}"
            raise MockSessionError(f"channel {self.number}", expected, f"{self.gain:.6g} µV", OTHER)
        return amplifier

    def _block(self, mode: int, more: bytes, name: str) -> bytes:
        channel = struct.pack("<xlhhhxBBB", 0, 1, 1, self.number, 255, 255, 255)
        resolution = self.gain * self._amplifier
        analog = struct.pack("<hffhh", mode, resolution, self.rate / 1000, self.n_samples + 2, 0)
        return _block(b"2", channel + analog + more + name.encode("ascii") + b"\0")


def _block(kind: bytes, body: bytes) -> bytes:
    return struct.pack("<Hc", 3 + len(body), kind) + body


def _chained(blocks: Iterator[bytes], place: int) -> bytes:
    """Return blocks one after another, those of channels with the place of the next block."""
    made = bytearray()
    for block in blocks:
        at = len(made)
        made += block
        if block[2:3] == b"2":
            struct.pack_into("<l", made, at + 4, place + len(made))
    return bytes(made)


register_rig(
    RigFormat(
        name="alphaomega",
        title=TITLE,
        files=".mpx, .lsx",
        neo="AlphaOmegaRawIO",
        holds=Holds(
            "two streams",
            most_streams=2,
            t_start=True,
            segments=True,
            units=True,
            waveforms=True,
            events=True,
            date=True,
        ),
        write=_write,
        extractor="read_alphaomega",
        source="Alpha Omega, AlphaRS user manual, chapter 6: file format",
    )
)
