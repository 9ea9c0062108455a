"""A recording as the writers of rigs' files take it: counts, spikes and events, wherever they come from.

Times are seconds from `Recorded.start`. Counts are int16, ``count * gain + offset`` is in a channel's units. Nothing is
read before it is asked for, and no method gives more than it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Array, Floats, Ints

Counts = npt.NDArray[np.int16]
Texts = npt.NDArray[np.str_]
Window = Callable[[int, float | None, float | None], Array]  # of a segment, from a time to another, both included

BLOCK = 1 << 22  # samples of all channels read at a time, 8 MiB
MICROVOLTS = {"nV": 1e-3, "uV": 1.0, "µV": 1.0, "\u03bcV": 1.0, "mV": 1e3, "V": 1e6}  # by a channel's units


class RecordedSpan(NamedTuple):
    """What a segment of the recording, or of a stream, takes up."""

    t_start: float  # s
    t_stop: float  # s


class RecordedChannel(NamedTuple):
    """A channel of a stream."""

    id: str
    name: str
    units: str  # "uV", for most
    gain: float  # not 0
    offset: float


@dataclass(frozen=True)
class RecordedSignals:
    """A stream: channels that are sampled together."""

    id: str
    name: str
    rate: float  # Hz
    channels: tuple[RecordedChannel, ...]
    t_starts: tuple[float, ...]  # s, of each segment
    sizes: tuple[int, ...]  # samples of each segment
    read: Callable[[int, int, int], Counts]  # of a segment, from a sample to another: (samples, channels)
    positions: Floats | None = None  # (channels, 2 or 3), µm
    probe: dict[str, object] | None = None  # in ProbeInterface's JSON form
    at_once: bool = False  # known to be of one instant in all channels: converters take them one after another

    @property
    def gains(self) -> Floats:
        """Each channel's gain, float64 (channels,)."""
        return np.array([channel.gain for channel in self.channels])

    @property
    def offsets(self) -> Floats:
        """Each channel's offset, float64 (channels,)."""
        return np.array([channel.offset for channel in self.channels])

    def blocks(self, seg_index: int, multiple: int = 1) -> Iterator[tuple[int, Counts]]:
        """Yield the first sample of each block of a segment, and its samples, the next being read meanwhile.

        Blocks begin at multiples of `multiple` samples, and are C-contiguous little-endian.
        """
        size = self.sizes[seg_index]
        step = max(BLOCK // max(len(self.channels), 1) // multiple, 1) * multiple

        def block(first: int) -> Counts:
            return np.ascontiguousarray(self.read(seg_index, first, min(first + step, size)), "<i2")

        firsts = range(0, size, step)
        if len(firsts) < 2:
            yield from ((first, block(first)) for first in firsts)
            return
        with ThreadPoolExecutor(1) as reader:
            ahead = reader.submit(block, 0)
            for first in firsts:
                counts = ahead.result()
                if first + step < size:
                    ahead = reader.submit(block, first + step)
                yield first, counts


@dataclass(frozen=True)
class RecordedUnit:
    """A unit: its spikes, and their waveforms if there are any."""

    id: str
    name: str
    channel_id: str | None  # where its waveforms are from, a channel's id
    count: Callable[[int], int]  # of a segment
    times: Window  # s, float64 (spikes,), ascending
    waveforms: Window | None = None  # int16 (spikes, channels, samples)
    units: str = "uV"  # of the waveforms
    gain: float = 1.0
    offset: float = 0.0
    left_sweep: float = 0.0  # s from a waveform's first sample to its spike
    rate: float = 0.0  # Hz, of the waveforms
    n_samples: int = 0  # of a waveform
    multi: bool = False

    def within(self, seg_index: int, low: float | None, high: float | None, width: int) -> tuple[Floats, Counts]:
        """Return its spikes after `low` and up to `high` (s), and `width` samples of each one's first waveform."""
        times = self.times(seg_index, low, high)
        kept = slice(None) if low is None else times > low  # a window has both its ends
        shapes = np.zeros((len(times), width), "<i2")
        if width and self.waveforms is not None and len(times):
            shapes[:, : self.n_samples] = self.waveforms(seg_index, low, high)[:, 0]
        return times[kept], shapes[kept]


@dataclass(frozen=True)
class RecordedEvents:
    """An event or epoch channel."""

    id: str
    name: str
    is_epoch: bool
    count: Callable[[int], int]  # of a segment
    # of a segment, from a time to another: times and durations (s, float64; None for events), and labels
    read: Callable[[int, float | None, float | None], tuple[Floats, Floats | None, Texts]]


def by_electrode(units: Sequence[RecordedUnit]) -> list[list[RecordedUnit]]:
    """Return the units of each electrode: those of one channel, whose waveforms have one unit, gain and rate."""
    groups: dict[tuple[object, ...], list[RecordedUnit]] = {}
    for unit in units:
        groups.setdefault((unit.channel_id, unit.units, unit.gain, unit.rate), []).append(unit)
    return list(groups.values())


class MergedSpikes(NamedTuple):
    """Some spikes of several units, ascending."""

    times: Floats  # s
    units: Ints  # each one's place among the units
    waveforms: Counts  # (spikes, samples), on each unit's first channel; what is shorter ends with zeros


class MergedEvents(NamedTuple):
    """The events and epochs of several channels, ascending."""

    times: Floats  # s
    durations: Floats  # s, 0 of an event
    channels: Ints  # each one's place among the event channels
    labels: Texts


@dataclass(frozen=True)
class Recorded:
    """All of a recording."""

    start: datetime  # with a time zone: the instant of 0 s
    segments: tuple[RecordedSpan, ...]
    signals: tuple[RecordedSignals, ...]
    units: tuple[RecordedUnit, ...]
    events: tuple[RecordedEvents, ...]
    title: str  # a name for files: letters, digits, "_" and "-"
    about: str = ""  # what it was made of, a line of ASCII

    def spikes(self, seg_index: int, *, waveforms: bool = False, most: int = 1 << 18) -> Iterator[MergedSpikes]:
        """Yield the spikes of all units in a segment, in order of time, not many more than `most` at once.

        Of spikes at one time those of the first units come first. With `waveforms` each has its own, as long as the
        longest one; else none has a sample.
        """
        total = sum(unit.count(seg_index) for unit in self.units)
        if not total:
            return
        width = max(unit.n_samples for unit in self.units) if waveforms else 0
        begin, end = self.segments[seg_index]
        edges = np.linspace(begin, end, -(-total // most) + 1)[1:-1].tolist()
        for low, high in zip([None, *edges], [*edges, None], strict=True):
            some = [unit.within(seg_index, low, high, width) for unit in self.units]
            times, shapes = (np.concatenate(part) for part in zip(*some, strict=True))
            owners = np.repeat(np.arange(len(some)), [len(train) for train, _ in some])
            order = np.argsort(times, kind="stable")
            yield MergedSpikes(times[order], owners[order], shapes[order])

    def marks(self, seg_index: int) -> MergedEvents:
        """Return all events and epochs of a segment, in order of time; at one time those of the first channels."""
        nothing = np.zeros(0)
        parts = [(nothing, nothing, np.zeros(0, np.int64), np.zeros(0, "U1"))]
        for place, one in enumerate(self.events):
            times, durations, labels = one.read(seg_index, None, None)
            lasting = np.zeros(len(times)) if durations is None else durations
            parts.append((times, lasting, np.full(len(times), place), labels))
        whole = [np.concatenate(part) for part in zip(*parts, strict=True)]
        order = np.argsort(whole[0], kind="stable")
        return MergedEvents(*(column[order] for column in whole))

    def only(self, streams: Sequence[RecordedSignals]) -> Recorded:
        """Return the recording with these streams alone."""
        return replace(self, signals=tuple(streams))

    def part(self, seg_index: int) -> Recorded:
        """Return one of its segments as a recording of its own, at the same times."""

        def moved(read: Callable[..., Any]) -> Callable[..., Any]:  # which is asked for segment 0
            return lambda _, *args: read(seg_index, *args)

        signals = tuple(
            replace(one, t_starts=(one.t_starts[seg_index],), sizes=(one.sizes[seg_index],), read=moved(one.read))
            for one in self.signals
        )
        units = tuple(
            replace(
                one,
                count=moved(one.count),
                times=moved(one.times),
                waveforms=None if one.waveforms is None else moved(one.waveforms),
            )
            for one in self.units
        )
        events = tuple(replace(one, count=moved(one.count), read=moved(one.read)) for one in self.events)
        span = (self.segments[seg_index],)
        return replace(self, segments=span, signals=signals, units=units, events=events)
