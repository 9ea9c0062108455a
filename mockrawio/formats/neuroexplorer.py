"""NeuroExplorer: a ``.nex`` file of version 106, a variable for each channel, unit and event channel.

A header of each variable says where its data are: time stamps in ticks of the fastest stream's sample, and what belongs
to them. A continuous variable has its samples one after another, of a single fragment here; a unit with waveforms is
one variable, one without is a neuron; an event channel is a marker, with its labels as text, and epochs are intervals,
which have none. What is measured is in mV. A file ends below 4 GiB, as places are counted in 32 bits.

Neo makes a stream of each channel, and takes fragments for one, so each segment is a file. Neo 0.14.0 takes the time
from a waveform's first sample to its spike for text, and opens no file that has one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from ..ground.arrays import Array, Floats, Ints
from ..ground.errors import MockSessionError
from .limits import OTHER
from .recorded import Recorded, RecordedChannel, RecordedEvents, RecordedSignals, RecordedUnit
from .rig import Below, Holds, Opening, RigFile, RigFolder, RigFormat, each_segment, register_rig

TITLE = "NeuroExplorer"
MOST_BYTES = (1 << 32) - 1
_NEURON, _INTERVAL, _WAVEFORM, _CONTINUOUS, _MARKER = 0, 2, 3, 5, 6
_NAME, _LEAST_LABEL, _MOST_LABEL = 64, 6, 256
_FRAGMENT = 8  # bytes: its time, and its first sample
_DEFAULT_HZ = 40_000.0  # of ticks, where there are no signals
_VERSION, _VARIABLE_VERSION = 106, 102

_HEADER = np.dtype(
    [
        ("magic", "S4"),
        ("version", "<i4"),
        ("comment", "S256"),
        ("hz", "<f8"),
        ("begin", "<i4"),
        ("end", "<i4"),
        ("n_variables", "<i4"),
        ("rest", "V260"),
    ]
)
_ROW = np.dtype(
    [
        ("type", "<i4"),
        ("version", "<i4"),
        ("name", "S64"),
        ("place", "<u4"),
        ("n", "<i4"),
        ("wire", "<i4"),
        ("unit", "<i4"),
        ("gain", "<i4"),
        ("filter", "<i4"),
        ("x", "<f8"),
        ("y", "<f8"),
        ("rate", "<f8"),
        ("mV", "<f8"),
        ("n_points", "<i4"),
        ("n_fields", "<i4"),
        ("label_size", "<i4"),
        ("mV_offset", "<f8"),
        ("before_s", "<f8"),
        ("rest", "V52"),
    ]
)


@dataclass
class _Variable:
    """A variable: its row of the header, how many bytes it has, and their chunks if it is not continuous."""

    row: Array
    size: int
    chunks: Callable[[], Iterable[bytes | Array]] = tuple


def _write(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    return each_segment(recorded, lambda part, prefix: _File(part, out).write(f"{prefix}{part.title}.nex"))


class _File:
    """A file of one segment."""

    def __init__(self, recorded: Recorded, out: RigFolder) -> None:
        self._recorded, self._out = recorded, out
        self._hz = max((stream.rate for stream in recorded.signals), default=_DEFAULT_HZ)
        self._taken: set[bytes] = set()

    def write(self, name: str) -> Opening:
        events = [self._events(one) for one in self._recorded.events]
        units = [self._unit(one) for one in self._recorded.units]
        streams = [
            [self._channel(one, stream, number) for number, one in enumerate(stream.channels)]
            for stream in self._recorded.signals
        ]
        variables = [*events, *units, *(one for some in streams for one in some)]
        self._place(variables)
        with self._out.file(name) as file:
            file.write(self._header(len(variables)))
            file.write(b"".join(one.row.tobytes() for one in variables))
            for chunk in (chunk for one in variables for chunk in one.chunks()):
                file.write(chunk)
            for stream, some in zip(self._recorded.signals, streams, strict=True):
                self._samples(stream, some, file)
        return {"filename": Below(name)}

    def _place(self, variables: Sequence[_Variable]) -> None:
        place = _HEADER.itemsize + len(variables) * _ROW.itemsize
        for variable in variables:
            variable.row["place"] = place & MOST_BYTES
            place += variable.size
        if place > MOST_BYTES:
            raise MockSessionError("source", f"a segment below 4 GiB, for {TITLE}", f"{place} bytes", OTHER)

    def _header(self, n_variables: int) -> bytes:
        head = np.zeros((), _HEADER)
        begin, end = self._recorded.segments[0]
        head["magic"], head["version"], head["comment"] = b"NEX1", _VERSION, self._recorded.about.encode()[:255]
        head["hz"], head["n_variables"] = self._hz, n_variables
        head["begin"], head["end"] = self._ticks(np.array([begin, end]))
        return head.tobytes()

    def _ticks(self, times: Floats) -> Ints:
        ticks = np.rint(times * self._hz)
        if np.any(np.abs(ticks) >= 1 << 31):
            found = f"{float(np.abs(times).max()):.0f} s"
            raise MockSessionError("source", f"times within 2**31 samples, for {TITLE}", found, OTHER)
        return ticks.astype("<i4")

    def _row(self, kind: int, name: str, n: int, suffix: str = "") -> Array:
        """Return a row with a name that no other variable has: else the suffix follows it, and a number if need be."""
        row, given = np.zeros((), _ROW), self._out.text("names", name, _NAME - 1)
        text, tries = given, (f"_{suffix}{number or ''}".encode("ascii", "replace") for number in count())
        while text in self._taken:
            self._out.leave("names", "a second variable of a name has the stream's behind it")
            end = next(tries)
            text = given[: _NAME - 1 - len(end)] + end
        self._taken.add(text)
        row["type"], row["version"], row["name"], row["n"] = kind, _VARIABLE_VERSION, text, n
        return row

    def _channel(self, channel: RecordedChannel, stream: RecordedSignals, number: int) -> _Variable:
        row, scale = self._row(_CONTINUOUS, channel.name, 1, stream.name[:20]), self._mV(channel.units)
        row["wire"], row["rate"], row["n_points"] = number, stream.rate, stream.sizes[0]
        row["mV"], row["mV_offset"] = channel.gain * scale, channel.offset * scale
        return _Variable(row, _FRAGMENT + 2 * stream.sizes[0])

    def _mV(self, units: str) -> float:
        return self._out.microvolts(units) / 1000

    def _samples(self, stream: RecordedSignals, channels: Sequence[_Variable], file: RigFile) -> None:
        """Write each channel's fragment and its samples at its place, a block after another."""
        fragment = np.array([self._ticks(np.array(stream.t_starts))[0], 0], "<i4").tobytes()  # its time, and its place
        places = [int(one.row["place"]) for one in channels]
        for place in places:
            file.rewrite(place, fragment)
        for first, counts in stream.blocks(0):
            for place, column in zip(places, np.ascontiguousarray(counts.T), strict=True):
                file.rewrite(place + len(fragment) + 2 * first, column.tobytes())
            self._out.tick(counts.size)

    def _unit(self, unit: RecordedUnit) -> _Variable:
        n = unit.count(0)
        row = self._row(_WAVEFORM if unit.waveforms else _NEURON, unit.name, n)
        if unit.waveforms:
            scale = self._mV(unit.units)
            row["rate"], row["n_points"], row["before_s"] = unit.rate, unit.n_samples, unit.left_sweep
            row["mV"], row["mV_offset"] = unit.gain * scale, unit.offset * scale
        alone = replace(self._recorded, units=(unit,))

        def chunks() -> Iterator[Array]:
            yield from (self._ticks(some.times) for some in alone.spikes(0))
            if unit.waveforms:
                yield from (np.ascontiguousarray(some.waveforms) for some in alone.spikes(0, waveforms=True))

        return _Variable(row, n * (4 + 2 * unit.n_samples), chunks)

    def _events(self, events: RecordedEvents) -> _Variable:
        times, durations, labels = events.read(0, None, None)
        begins = self._ticks(times)
        if durations is not None:
            self._out.leave(f"labels of {events.name}", "an interval has none")
            data = begins.tobytes() + self._ticks(times + durations).tobytes()
            return _Variable(self._row(_INTERVAL, events.name, len(times)), len(data), lambda: [data])
        texts = [self._out.text(f"labels of {events.name}", str(label), _MOST_LABEL - 1) for label in labels]
        row = self._row(_MARKER, events.name, len(times))
        row["n_fields"], row["label_size"] = 1, max([len(text) + 1 for text in texts], default=0)
        row["label_size"] = max(int(row["label_size"]), _LEAST_LABEL)
        field = b"Label".ljust(_NAME, b"\0") + b"".join(text.ljust(int(row["label_size"]), b"\0") for text in texts)
        data = begins.tobytes() + field
        return _Variable(row, len(data), lambda: [data])


register_rig(
    RigFormat(
        name="neuroexplorer",
        title=TITLE,
        files=".nex",
        neo="NeuroExplorerRawIO",
        holds=Holds(
            "any",
            offsets=True,
            names=True,
            t_start=True,
            units=True,
            waveforms=True,
            events=True,
            labels=True,
            durations=True,
        ),
        write=_write,
        extractor="read_neuroexplorer",
        source="Nex Technologies, NexFile.h and the NEX file format",
    )
)
