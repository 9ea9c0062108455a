"""Writing tanks."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import itemgetter

import numpy as np

from ...ground.arrays import Array, Floats
from ..queue import Due, Queue
from ..recorded import MICROVOLTS, Recorded, RecordedSignals, RecordedUnit, by_electrode
from ..rig import MOST_FILES, Below, Opening, RigFile, RigFolder
from .layout import (
    APART,
    INDEX,
    SEV_HEAD,
    SNIPPET,
    STREAM,
    STROBE_OFF,
    STROBE_ON,
    Store,
    block_notes,
    bytes_of,
    mark,
    sev_head,
)

_POINTS = 512  # samples of a chunk at most
_MOST_UNITS = 30  # of a channel
_Chunk = tuple[float, Store, int, Array | None]  # its time, its place in each .sev, or its samples
_Placed = tuple[RecordedUnit, int, int, int]  # a unit, its store's place, its channel and its sort code


def write_tdt(recorded: Recorded, out: RigFolder, *, sev: bool = False) -> Sequence[Opening]:
    """Write a recording as a tank, a block a segment, `sev` for a file a channel; see the package."""
    out.leave_spikeless(recorded)
    tank = _Tank(recorded, out, sev)
    for seg_index in range(len(recorded.segments)):
        tank.write(seg_index)
    return [{"dirname": Below(recorded.title)}]


class _Tank:
    """A recording on its way into a tank."""

    def __init__(self, recorded: Recorded, out: RigFolder, sev: bool) -> None:
        self._out, self._sev = out, sev
        self._epoch = recorded.start.timestamp()
        kind = STREAM | APART if sev else STREAM
        self._streams = [_stream_store(k, kind, one, out) for k, one in enumerate(recorded.signals, 1)]
        rate = max((one.rate for one in recorded.signals), default=1e4)
        self._stores, self._units = _snippet_stores(recorded.units, rate, out)
        self._strobes = [
            Store(f"Ev{k:02}", STROBE_ON, buddy=f"Eo{k:02}" if one.is_epoch else "")
            for k, one in enumerate(recorded.events, 1)
        ]
        self._recorded = replace(recorded, units=tuple(unit for unit, *_ in self._units))
        self._codes = [_numbers(recorded, k) for k in range(len(recorded.events))]
        self._notes = self._listed_labels()

    def write(self, seg_index: int) -> None:
        """Write a block."""
        recorded, name = self._recorded, f"Block-{seg_index + 1}"
        stem = f"{recorded.title}/{name}/{recorded.title}_{name}"
        self._out.write(f"{stem}.Tdx", [])  # an index of the index, which is not public
        self._out.write(f"{stem}.Tbk", [block_notes([*self._streams, *self._stores, *self._strobes], self._notes)])
        span = recorded.segments[seg_index]
        begin = min(span.t_start, 0.0) if seg_index == 0 else span.t_start
        with self._out.several([f"{stem}.tsq", f"{stem}.tev"]) as (index, data):
            index.write(np.zeros(1, INDEX))
            index.write(mark(1, self._epoch + begin))
            queue = Queue([self._spikes(seg_index, data), iter([(self._events(seg_index),)])])
            for time, store, place, values in heapq.merge(*self._chunks(seg_index), key=itemgetter(0)):
                index.write(queue.until(time))
                channels = np.arange(store.channels)
                offsets = data.tell() + 4 * store.points * channels if values is not None else place + 0 * channels
                index.write(store.records(np.full(store.channels, time), channels + 1, offsets))
                if values is not None:
                    data.write(values)
            index.write(queue.until(None))
            index.write(mark(2, self._epoch + self._end(seg_index)))
            index.rewrite(8, index.tell().to_bytes(8, "little"))
            if not data.tell():
                data.write(bytes(4))  # Neo opens no .tev that is empty
        for stream, store in zip(recorded.signals, self._streams, strict=True):
            for low in range(0, store.channels if self._sev else 0, MOST_FILES):
                self._write_sev(stream, store, slice(low, low + MOST_FILES), seg_index, stem)

    def _chunks(self, seg_index: int) -> list[Iterator[_Chunk]]:
        """Return what yields the chunks of each stream, in order of time."""

        def chunks(stream: RecordedSignals, store: Store) -> Iterator[_Chunk]:
            begin = self._epoch + stream.t_starts[seg_index]
            if self._sev:
                for k in range(-(-stream.sizes[seg_index] // store.points)):
                    place = SEV_HEAD.itemsize + 4 * store.points * k
                    yield begin + k * store.points / stream.rate, store, place, None
                return
            for sample, values in self._values(stream, store, slice(None), seg_index):
                for k, chunk in enumerate(values):
                    yield begin + (sample + k * store.points) / stream.rate, store, 0, chunk

        return [chunks(*pair) for pair in zip(self._recorded.signals, self._streams, strict=True)]

    def _write_sev(self, stream: RecordedSignals, store: Store, some: slice, seg_index: int, stem: str) -> None:
        """Write the files of some channels of a stream."""
        channels = range(1, store.channels + 1)[some]
        samples = -(-stream.sizes[seg_index] // store.points) * store.points
        with self._out.several([f"{stem}_{store.name}_Ch{channel}.sev" for channel in channels]) as files:
            for file, channel in zip(files, channels, strict=True):
                file.write(sev_head(store, channel, samples))
            for _, values in self._values(stream, store, some, seg_index):
                for file, samples_of_one in zip(files, np.ascontiguousarray(values.transpose(1, 0, 2)), strict=True):
                    file.write(samples_of_one)

    def _end(self, seg_index: int) -> float:
        ends = (one.t_starts[seg_index] + one.sizes[seg_index] / one.rate for one in self._recorded.signals)
        return max(self._recorded.segments[seg_index].t_stop, *ends, -math.inf)

    def _values(
        self, stream: RecordedSignals, store: Store, some: slice, seg_index: int
    ) -> Iterator[tuple[int, Array]]:
        """Yield the first sample of some chunks, and their samples: float32 (chunks, channels, samples)."""
        gains, offsets = ((column * _factors(stream)).astype("<f4")[some] for column in (stream.gains, stream.offsets))
        for sample, counts in stream.blocks(seg_index, store.points):
            n = -(-len(counts) // store.points)
            whole = np.zeros((n * store.points, len(gains)), "<i2")
            whole[: len(counts)] = counts[:, some]
            values = np.ascontiguousarray(whole.reshape(n, store.points, -1).transpose(0, 2, 1)) * gains[:, None]
            if offsets.any():
                values += offsets[:, None]
                values[-1, :, len(counts) - (n - 1) * store.points :] = 0
            self._out.tick(len(counts) * len(gains))
            yield sample, values

    def _spikes(self, seg_index: int, data: RigFile) -> Iterator[tuple[Due]]:
        """Write the snippets of some spikes, each store's in order of time, and yield their times and records."""
        if not self._units:
            return
        scales, shifts = (np.array(column) * 1e-6 for column in zip(*map(self._microvolts, self._units), strict=True))
        stores, channels, sorts = (np.array(column) for column in list(zip(*self._units, strict=True))[1:])
        for some in self._recorded.spikes(seg_index, waveforms=True):
            units, times = some.units, self._epoch + some.times
            records = np.zeros(len(times), INDEX)
            for place in np.unique(stores[units]).tolist():
                mine, store = stores[units] == place, self._stores[place]
                begin = data.tell()
                if store.points:
                    volts = some.waveforms[mine][:, : store.points] * scales[units[mine], None]
                    data.write(np.ascontiguousarray(volts + shifts[units[mine], None], "<f4"))
                offsets = begin + 4 * store.points * np.arange(int(mine.sum()))
                records[mine] = store.records(times[mine], channels[units[mine]], offsets)
            records["sort"] = sorts[units]
            yield ((times, bytes_of(records)),)

    def _microvolts(self, placed: _Placed) -> tuple[float, float]:
        unit = placed[0]
        factor = self._out.microvolts(unit.units)
        return unit.gain * factor, unit.offset * factor

    def _events(self, seg_index: int) -> Due:
        """Return the times and records of a segment's strobes, and of the ends of its epochs."""
        marks = self._recorded.marks(seg_index)
        labels = zip(marks.channels.tolist(), marks.labels.tolist(), strict=True)
        values = np.array([self._codes[channel][label] for channel, label in labels], "<f8")
        parts = [np.zeros(0, INDEX)]
        for place, store in enumerate(self._strobes):
            mine = marks.channels == place
            times = self._epoch + marks.times[mine]
            parts.append(store.records(times, 0, values[mine].view("<i8")))
            if store.buddy:
                end = Store(store.buddy, STROBE_OFF).records(times + marks.durations[mine], 0, parts[-1]["offset"])
                end["channel"], end["sort"] = np.frombuffer(store.name.encode(), "<u2")  # whose ends they are
                parts.append(end)
        records = np.concatenate(parts)
        records = records[np.argsort(records["time"], kind="stable")]
        return records["time"], bytes_of(records)

    def _listed_labels(self) -> str:
        """Return a line for each store of events: its name, and the labels of its numbers if they have others."""
        lines = []
        for store, events, codes in zip(self._strobes, self._recorded.events, self._codes, strict=True):
            labels = [f"{code:g} {label}" for label, code in codes.items() if f"{code:g}" != label]
            text = ", ".join([f"{store.name} {events.name}", *labels]).translate(str.maketrans("[];", "()/"))
            lines.append(self._out.text("labels in the notes", text, 4000).decode())
        return "\r\n".join(lines)


def _factors(stream: RecordedSignals) -> Floats:
    return np.array([MICROVOLTS.get(one.units, 1.0) for one in stream.channels])


def _stream_store(number: int, kind: int, stream: RecordedSignals, out: RigFolder) -> Store:
    """Return a stream's store, its chunks such that they are whole in every segment if that can be."""
    for channel in stream.channels:
        out.microvolts(channel.units)
    common = math.gcd(*stream.sizes) or 1
    points = next(one for one in range(min(_POINTS, common), 0, -1) if common % one == 0)
    if points < 16 and sum(stream.sizes) > 8 * _POINTS:
        points = _POINTS // 2
        out.leave(f"ends of {stream.name}", f"chunks are of {points} samples: zeros fill the last of each segment")
    return Store(f"Wav{number}", kind, len(stream.channels), points, stream.rate)


def _snippet_stores(units: Sequence[RecordedUnit], rate: float, out: RigFolder) -> tuple[list[Store], list[_Placed]]:
    """Return the stores of snippets, one of a length and a rate, and where each unit is; `rate` is of no waveforms."""
    kinds: dict[tuple[int, float], list[list[RecordedUnit]]] = {}
    for some in by_electrode(units):
        points = max(unit.n_samples if unit.waveforms else 0 for unit in some)
        kinds.setdefault((points, some[0].rate or rate), []).append(some)
        for unit in some[_MOST_UNITS:]:
            out.leave(f"unit {unit.name}", f"a channel has {_MOST_UNITS} sort codes")
    stores: list[Store] = []
    placed: list[_Placed] = []
    for place, ((points, rate), groups) in enumerate(kinds.items()):
        stores.append(Store(f"Sn{place + 1:02}", SNIPPET, len(groups), points, rate))
        for channel, some in enumerate(groups, 1):
            placed += [(unit, place, channel, sort) for sort, unit in enumerate(some[:_MOST_UNITS], 1)]
    return stores, placed


def _numbers(recorded: Recorded, place: int) -> dict[str, float]:
    """Return the number of each label of an event channel: its own if all are numbers, or from 1 on."""
    read = recorded.events[place].read
    labels = sorted({label for k in range(len(recorded.segments)) for label in read(k, None, None)[2].tolist()})
    try:
        return {label: float(label) for label in labels}
    except ValueError:
        return {label: float(number) for number, label in enumerate(labels, 1)}
