"""Writing ``.plx`` files."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from operator import itemgetter

import numpy as np

from ...ground.arrays import Array, Ints
from ...ground.checks import require
from ..codes import is_whole_label
from ..queue import Due, Queue
from ..recorded import Recorded, RecordedEvents, RecordedSignals, RecordedUnit, by_electrode
from ..rig import Below, Opening, RigFile, RigFolder, each_segment
from ..ticks import Ticks
from .layout import (
    BEGIN,
    END,
    EVENT,
    EVENT_HEAD,
    HEAD,
    MAGIC,
    SAMPLES,
    SLOW_HEAD,
    SPIKE,
    SPIKE_HEAD,
    STROBED,
    FullScale,
    blocks,
    rows,
)

_LEAST_RATE = 40_000  # Hz, of the clock
_BLOCK = 512  # samples of a block at most
_FAST = 5000  # Hz: from where on a stream is wide band
_PREFIXES = {True: ("WB", "SPKC", "AI", "AIF", "FP"), False: ("FP", "AI", "AIF", "SPKC", "WB")}
_MOST_UNITS = 26  # of an electrode


def write_plexon(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    """Write each segment of a recording; see the package."""
    recorded = recorded.only(_whole_rates(recorded, out))
    out.leave_spikeless(recorded)
    return each_segment(recorded, lambda part, prefix: _PlxFile(part, out).write(f"{prefix}{recorded.title}.plx"))


def _whole_rates(recorded: Recorded, out: RigFolder) -> list[RecordedSignals]:
    """Return the streams whose rates are whole numbers, the fastest first."""
    kept = []
    for stream in sorted(recorded.signals, key=lambda one: -one.rate):
        if abs(stream.rate / max(round(stream.rate), 1) - 1) < 1e-6:
            kept.append(stream)
        else:
            out.leave(f"stream {stream.id}", "its rate is no whole number of Hz")
    rates = " and ".join(f"{one.rate:.12g} Hz" for one in recorded.signals)
    remedy = "Give a recording of another rate, or another format."
    require(bool(kept or not recorded.signals), "source", "a rate that is a whole number of Hz", rates, remedy)
    return kept


class _PlxFile:
    """One segment, on its way into a file."""

    def __init__(self, recorded: Recorded, out: RigFolder) -> None:
        self._recorded, self._out = recorded, out
        rate = round(max((one.rate for one in recorded.signals), default=_LEAST_RATE))
        self._clock = Ticks(rate * -(-_LEAST_RATE // rate), recorded.segments[0].t_start, out, 1 << 40)
        self._prefixes = _prefixes(recorded.signals)
        self._groups = self._kept_units()
        self._units = [unit for some in self._groups for unit in some]
        self._electrodes = np.array([k for k, some in enumerate(self._groups, 1) for _ in some], np.int64)
        self._classes = np.array([k for some in self._groups for k in range(1, len(some) + 1)], np.int64)
        self._points = max((unit.n_samples for unit in self._units if unit.waveforms), default=0)
        self._codes = [_codes(one) for one in recorded.events]
        self._ports = _ports(self._codes)

    def write(self, name: str) -> Opening:
        """Write the file."""
        head, scales = self._head(), self._scales()
        with self._out.file(name) as file:
            file.write(head.tobytes())
            file.write(self._spike_heads(head, scales[1]).tobytes())
            file.write(self._event_heads().tobytes())
            file.write(self._slow_heads(scales[0]).tobytes())
            head["slow_range"], head["spike_range"] = scales[0].range, scales[1].range
            head["bits"] = scales[0].bits
            self._data(file, head)
            file.rewrite(0, head.tobytes())
        return {"filename": Below(name), "progress_bar": False}

    def _kept_units(self) -> list[list[RecordedUnit]]:
        groups = by_electrode(self._recorded.units)
        for unit in (unit for some in groups for unit in some[_MOST_UNITS:]):
            self._out.leave(f"unit {unit.name}", f"an electrode has {_MOST_UNITS} units at most")
        return [some[:_MOST_UNITS] for some in groups]

    def _head(self) -> Array:
        """Return the file's header; what counts things is 0 yet."""
        recorded, head = self._recorded, np.zeros((), HEAD)
        when = recorded.start + timedelta(seconds=recorded.segments[0].t_start)
        rates = {unit.rate for unit in self._units if unit.rate} or {self._clock.rate}
        if len(rates) > 1 or any(rate != round(rate) for rate in rates):
            self._out.leave("rates of waveforms", "all have one, a whole number of Hz: that of the fastest")
        head["magic"], head["version"], head["comment"] = MAGIC, 106, recorded.title.encode()
        head["rate"], head["waveform_rate"] = self._clock.rate, round(max(rates))
        head["spike_channels"] = len(self._groups)
        head["event_channels"] = len(self._recorded.events) + 2
        head["slow_channels"] = sum(len(one.channels) for one in recorded.signals)
        head["points"] = self._points
        head["before"] = max((round(unit.left_sweep * unit.rate) for unit in self._units), default=0)
        head["date"] = (when.year, when.month, when.day, when.hour, when.minute, when.second)
        head["trodes"], head["spike_preamp"] = 1, 1
        head["software"] = [b"OmniPlex", b"OmniPlex"]
        return head

    def _scales(self) -> tuple[FullScale, FullScale]:
        """Return what counts of samples and of waveforms mean: of 16 bits, or of fewer if these do not."""
        of = self._out.microvolts
        slow = [one.gain * of(one.units) / 1e3 for stream in self._recorded.signals for one in stream.channels]
        spikes = [some[0].gain * of(some[0].units) / 1e3 for some in self._groups]
        pairs = [tuple(FullScale.of(np.array(gains), bits) for gains in (slow, spikes)) for bits in (16, 12, 8)]
        found = next((pair for pair in pairs if max(one.error for one in pair) < 5e-7), pairs[-1])
        if max(one.error for one in found) > 1e-6:
            self._out.leave("gains", "all are one range by whole numbers: some are off by more than 1e-6")
        return found[0], found[1]

    def _spike_heads(self, head: Array, scale: FullScale) -> Array:
        heads = np.zeros(len(self._groups), SPIKE_HEAD)
        for k, (one, units) in enumerate(zip(heads, self._groups, strict=True)):
            one["name"], one["channel"] = f"SPK{k + 1:03}".encode(), k + 1
            one["signal"] = self._out.text("ids of spikes' channels", str(units[0].channel_id), 31)
            one["rate"], one["number"] = min(round(units[0].rate / 10), 1 << 30), k + 1
            one["gain"], one["units"], one["source_channel"] = scale.factors[k], len(units), k + 1
        return heads

    def _event_heads(self) -> Array:
        heads = np.zeros(len(self._recorded.events) + 2, EVENT_HEAD)
        for one, events, port, codes in zip(heads, self._recorded.events, self._ports, self._codes, strict=False):
            one["name"] = self._out.text("names of events", events.name, 31)
            one["channel"], one["source_channel"] = port, port & 0xFF
            if any(str(code) != label for label, code in codes.items()):
                text = ", ".join(f"{code} {label}" for label, code in codes.items())
                one["comment"] = self._out.text("comments of event channels", text, 127)
        heads["name"][-2:], heads["channel"][-2:] = [b"Start", b"Stop"], [BEGIN, END]
        return heads

    def _slow_heads(self, scale: FullScale) -> Array:
        pairs = [(one, k) for one in self._recorded.signals for k in range(len(one.channels))]
        heads = np.zeros(len(pairs), SLOW_HEAD)
        for place, (one, (stream, k)) in enumerate(zip(heads, pairs, strict=True)):
            one["name"] = f"{self._prefixes[stream.id]}{k + 1:03}".encode()
            one["comment"] = self._out.text("names of channels", stream.channels[k].name, 127)
            one["channel"], one["rate"] = place, round(stream.rate)
            one["gain"], one["enabled"], one["preamp"] = scale.factors[place], 1, 1
            one["source_channel"] = (k + 1) & 0xFFFF
        return heads

    def _data(self, file: RigFile, head: Array) -> None:
        """Write all blocks in order of time, and count what is in them."""
        queue = Queue([self._spikes(head), iter([self._marks(head)])])
        first, streams = 0, []
        for stream in self._recorded.signals:
            streams.append(self._samples(stream, first))
            counted = slice(300 + first, min(300 + first + len(stream.channels), 512))
            head["counts"][counted] = stream.sizes[0]
            first += len(stream.channels)
        for tick, block in heapq.merge(*streams, key=itemgetter(0)):
            file.write(queue.until(tick))
            file.write(block)
        file.write(queue.until(None))
        head["last"] = self._end(file)

    def _samples(self, stream: RecordedSignals, first: int) -> Iterator[tuple[int, Array]]:
        """Yield a tick and the blocks of all channels from then on; `first` is the first channel's number."""
        channels, size = np.arange(first, first + len(stream.channels)), _block_size(stream.sizes[0])
        for sample, counts in stream.blocks(0, size):
            for low in range(0, len(counts), size):
                some = counts[low : low + size]
                tick = self._clock.one(stream.t_starts[0] + (sample + low) / stream.rate)
                yield tick, rows(blocks(SAMPLES, tick, channels, 0, len(some)), some.T)
                self._out.tick(some.size)

    def _spikes(self, head: Array) -> Iterator[tuple[Due, ...]]:
        """Yield spikes in order of time: those with waveforms, and those without."""
        recorded = Recorded(**{**vars(self._recorded), "units": tuple(self._units)})
        shaped = np.array([unit.waveforms is not None for unit in self._units])
        for some in recorded.spikes(0, waveforms=True):
            ticks, kept = self._clock.at(some.times, "some spikes")
            units = some.units[kept]
            electrodes, classes, full = self._electrodes[units], self._classes[units], shaped[units]
            head_of = partial(_counted, head, electrodes, classes)
            head_of("spike_counts", np.ones(len(units), bool))
            head_of("waveform_counts", full)
            long = blocks(SPIKE, ticks[full], electrodes[full], classes[full], self._points)
            bare = blocks(SPIKE, ticks[~full], electrodes[~full], classes[~full], 0)
            yield (ticks[full], rows(long, some.waveforms[kept][full][:, : self._points])), (ticks[~full], rows(bare))

    def _marks(self, head: Array) -> tuple[Due]:
        """Return the segment's events, in order of time."""
        marks = self._recorded.marks(0)
        ticks, kept = self._clock.at(marks.times, "some events")
        pairs = zip(marks.channels[kept].tolist(), marks.labels[kept].tolist(), strict=True)
        codes = np.array([self._codes[channel][label] for channel, label in pairs], np.int64)
        ports = np.array([*self._ports, 0], np.int64)[marks.channels[kept]]
        np.add.at(head["counts"], ports, 1)
        begin = self._clock.at(np.array([self._recorded.segments[0].t_start]), "samples")[0]
        heads = np.concatenate([blocks(EVENT, begin, [BEGIN], 0, 0), blocks(EVENT, ticks, ports, codes, 0)])
        return ((np.concatenate([begin, ticks]), rows(heads)),)

    def _end(self, file: RigFile) -> int:
        """Write where recording stops, after all samples, spikes and events, and return the tick."""
        stops = [one.t_starts[0] + one.sizes[0] / one.rate for one in self._recorded.signals]
        stops += [self._recorded.segments[0].t_stop, *self._recorded.marks(0).times[-1:].tolist()]
        tick = self._clock.one(max(stops))
        file.write(rows(blocks(EVENT, tick, [END], 0, 0)))
        return tick


def _block_size(size: int) -> int:
    """Return the samples of a block: such that all blocks are of one size, if that can be.

    Neo takes a block to begin where the one before would end if it were as long, and it reads zeros in place of the
    last one when it is asked for samples to the very end; so that is short.
    """
    most = max(min(_BLOCK, size // 8), 1)
    found = next(one for one in range(most, 0, -1) if size % one == 0)
    return found if found >= 16 or size <= _BLOCK else _BLOCK


def _prefixes(streams: Sequence[RecordedSignals]) -> dict[str, str]:
    """Return what the names of each stream's channels begin with."""
    found: dict[str, str] = {}
    for stream in streams:
        found[stream.id] = next(one for one in _PREFIXES[stream.rate >= _FAST] if one not in found.values())
    return found


def _codes(events: RecordedEvents) -> dict[str, int]:
    """Return the number of each label of an event channel: its own if all are whole numbers, or from 1 on."""
    labels = np.unique(events.read(0, None, None)[2]).tolist()
    if all(is_whole_label(one, 0, 0xFFFF) for one in labels):
        return {one: int(one) for one in labels}
    return {label: code & 0xFFFF for code, label in enumerate(labels, 1)}


def _ports(codes: Sequence[dict[str, int]]) -> list[int]:
    """Return the channel of each event channel: the first with numbers is that of strobed words."""
    strobed = next((k for k, one in enumerate(codes) if all(str(code) == label for label, code in one.items())), -1)
    return [STROBED if k == strobed else k + 1 for k in range(len(codes))]


def _counted(head: Array, electrodes: Ints, classes: Ints, what: str, which: Array) -> None:
    """Count spikes in a table of the header, which has room for 129 channels and 4 units."""
    fits = which & (electrodes < 130) & (classes < 5)
    np.add.at(head[what], (electrodes[fits], classes[fits]), 1)
