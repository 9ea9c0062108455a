"""Writing the ``.nev`` of a Blackrock file set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...ground.arrays import Array, Bools, Floats, Ints
from ..codes import is_whole_label
from ..recorded import Counts, MergedSpikes, Recorded, RecordedEvents, RecordedUnit, by_electrode
from ..rig import RigFile, RigFolder
from ..ticks import Ticks
from .layout import EVENT_HEAD, LABEL_HEAD, PORT_HEAD, RATE, WAVEFORM_HEAD, Version, origin

_MOST_NV = 65535  # of a count of a waveform
_LEAST_WIDTH = 48  # samples of a waveform, as the rig has them
_MOST_BYTES = 256  # of a packet
_MOST_UNITS = 16  # of an electrode
_MOST_ELECTRODES = 2048
_COMMENT = 0xFFFF  # a packet's id
RESTART = b"critical load restart"


class EventFile:
    """The events of a recording, on their way into a file."""

    def __init__(
        self, recorded: Recorded, layout: Version, clock: Ticks, electrodes: dict[str | None, int], out: RigFolder
    ) -> None:
        self._layout, self._clock, self._out = layout, clock, out
        self._electrodes = dict(electrodes)
        self._names = {channel.id: channel.name for one in recorded.signals for channel in one.channels}
        self._groups = self._numbered(replace(recorded, units=tuple(map(self._in_whole_nanovolts, recorded.units))))
        units = [unit for _, some in self._groups for unit in some]
        self._ids = np.array([number for number, some in self._groups for _ in some], np.uint16)
        self._classes = np.array([k for _, some in self._groups for k in range(1, len(some) + 1)], np.uint8)
        self._recorded = replace(recorded, units=tuple(units))
        self._head_bytes = np.dtype(layout.stamp).itemsize + 4
        self._width = self._widest(units)
        self._packet = layout.packet(self._head_bytes + 2 * self._width)
        self._port = next((k for k, one in enumerate(recorded.events) if self._is_words(one)), -1)
        self._last = 0  # tick

    def write(self, name: str) -> None:
        """Write the file."""
        self._out.leave_spikeless(self._recorded)
        with self._out.file(name) as file:
            file.write(self._head())
            for seg_index in range(len(self._recorded.segments)):
                self._segment(seg_index, file)

    def _in_whole_nanovolts(self, unit: RecordedUnit) -> RecordedUnit:
        """Return a unit whose waveforms have a gain of whole nV; of another one samples are rounded to the next."""
        read, nanovolts = unit.waveforms, unit.gain * self._out.microvolts(unit.units) * 1000
        if read is None or (nanovolts > 0 and abs(np.clip(np.rint(nanovolts), 1, _MOST_NV) / nanovolts - 1) <= 1e-6):
            return unit
        self._out.leave("gains of waveforms", "they are whole nV: samples are rounded to them")
        factor = min(int(np.ceil(abs(nanovolts))), _MOST_NV)

        def rounded(*asked: Any) -> Counts:
            counts = np.rint(read(*asked) * (nanovolts / factor))
            return np.clip(counts, -32768, 32767).astype("<i2")

        return replace(unit, waveforms=rounded, units="uV", gain=factor / 1000)

    def _numbered(self, recorded: Recorded) -> list[tuple[int, list[RecordedUnit]]]:
        """Return the units of each electrode with its number; those of a further gain have a number of their own."""
        groups, used = [], set[int]()
        for units in by_electrode(recorded.units):
            number = self._electrodes.get(units[0].channel_id, 0)
            if number in used or not number:
                number = max([*self._electrodes.values(), *used, 0]) + 1
            used.add(number)
            for unit in units[_MOST_UNITS:] if number <= _MOST_ELECTRODES else units:
                self._out.leave(f"unit {unit.name}", f"{_MOST_ELECTRODES} electrodes of {_MOST_UNITS} units at most")
            if number <= _MOST_ELECTRODES:
                groups.append((number, units[:_MOST_UNITS]))
        return groups

    def _widest(self, units: Sequence[RecordedUnit]) -> int:
        """Return how many samples a waveform has: an even number, the same of all."""
        most = (_MOST_BYTES - self._head_bytes) // 4 * 2
        if any(unit.waveforms is None for unit in units):
            self._out.leave("shapes of spikes", "units without waveforms have zeros")
        longest = max((unit.n_samples for unit in units), default=0)
        if longest > most:
            self._out.leave("long waveforms", f"their first {most} samples are kept")
        return min(max(_LEAST_WIDTH, longest + longest % 2), most)

    def _is_words(self, events: RecordedEvents) -> bool:
        """Return True if all labels of an event channel are words of the digital port."""
        for seg_index in range(len(self._recorded.segments)):
            for label in np.unique(events.read(seg_index, None, None)[2]).tolist():
                if not is_whole_label(label, 0, 0xFFFF):
                    return False
        return True

    def _head(self) -> bytes:
        """Return the file's header: the file's own, and those of electrodes and of the port."""
        more = [self._electrode(number, units) for number, units in self._groups]
        port = np.zeros((), PORT_HEAD)
        port["kind"], port["label"], port["mode"] = b"DIGLABEL", b"digin", 1
        extensions = b"".join([*more, port.tobytes()])
        rates = {unit.rate for _, units in self._groups for unit in units if unit.rate}
        if len(rates) > 1:
            self._out.leave("rates of waveforms", "all have one: that of the fastest")
        head = np.zeros((), EVENT_HEAD)
        head["kind"], head["version"] = self._layout.events, (self._layout.major, self._layout.minor)
        head["flags"], head["bytes"] = 1, EVENT_HEAD.itemsize + len(extensions)
        head["packet"], head["resolution"] = self._packet.itemsize, self._layout.resolution
        head["sample_rate"], head["origin"] = round(max(rates, default=RATE)), origin(self._recorded.start)
        head["application"], head["extensions"] = b"Central", len(extensions) // 32
        return head.tobytes() + extensions

    def _electrode(self, number: int, units: Sequence[RecordedUnit]) -> bytes:
        nanovolts = units[0].gain * self._out.microvolts(units[0].units) * 1000
        factor = int(np.clip(np.rint(nanovolts), 1, _MOST_NV))
        head, label = np.zeros((), WAVEFORM_HEAD), np.zeros((), LABEL_HEAD)
        head["kind"], head["electrode"], head["factor"] = b"NEUEVWAV", number, factor
        head["connector"], head["pin"] = min((number - 1) // 32 + 1, 255), (number - 1) % 32 + 1
        head["units"], head["bytes"], head["width"] = len(units), 2, self._width
        label["kind"], label["electrode"] = b"NEUEVLBL", number
        name = self._names.get(str(units[0].channel_id), f"elec{number}")
        label["label"] = self._out.text("names of channels", name, 15)
        return head.tobytes() + label.tobytes()

    def _segment(self, seg_index: int, file: RigFile) -> None:
        """Write a segment's packets in order of time."""
        events = self._events(seg_index)
        spikes = (self._spikes(some, seg_index) for some in self._recorded.spikes(seg_index, waveforms=True))
        begun = seg_index == 0
        for packets in _merged(events, spikes):
            if not begun:
                file.write(self._restart(seg_index, [int(packets["stamp"][0])]))
                begun = True
            file.write(packets)
            self._last = int(packets["stamp"][-1])
        if not begun:
            file.write(self._restart(seg_index, []))

    def _restart(self, seg_index: int, firsts: Sequence[int]) -> bytes:
        """Return the comment that a segment begins with; `firsts` has the first tick of its packets, if there are any.

        It is where the segment begins, if there are neither signals nor packets.
        """
        begins = [self._clock.one(one.t_starts[seg_index]) for one in self._recorded.signals]
        known = [*firsts, *begins] or [self._clock.one(self._recorded.segments[seg_index].t_start)]
        comment = np.zeros(1, self._packet)
        comment["stamp"] = max(min(known), self._last)
        comment["id"] = _COMMENT
        comment["data"][:, 4 : 4 + len(RESTART)] = np.frombuffer(RESTART, "u1")
        return comment.tobytes()

    def _inside(self, what: Sequence[str], places: Ints, times: Floats, seg_index: int) -> Bools:
        """Return which times are those of samples of the fastest stream; of what the others are is noted."""
        if not self._recorded.signals:
            return np.ones(len(times), bool)
        stream = self._recorded.signals[0]
        whole: Bools = np.ones(len(times), bool)
        for place in np.unique(places).tolist():
            mine = places == place
            whole[mine] = self._out.frames(what[place], times[mine], stream, seg_index)[1]
        return whole

    def _spikes(self, some: MergedSpikes, seg_index: int) -> Array:
        """Return the packets of spikes."""
        names = [f"spikes of {unit.name}" for unit in self._recorded.units]
        inside = self._inside(names, some.units, some.times, seg_index)
        stamps, kept = self._clock.at(some.times[inside], "some spikes")
        places = some.units[inside][kept]
        packets = np.zeros(len(stamps), self._packet)
        packets["stamp"], packets["id"], packets["kind"] = stamps, self._ids[places], self._classes[places]
        shapes = some.waveforms[inside][kept][:, : self._width]
        packets["data"][:, : 2 * shapes.shape[1]] = np.ascontiguousarray(shapes, "<i2").view("u1")
        return packets[np.argsort(packets["stamp"], kind="stable")]

    def _events(self, seg_index: int) -> Array:
        """Return the packets of a segment's events."""
        marks = self._recorded.marks(seg_index)
        names = [f"events of {one.name}" for one in self._recorded.events]
        inside = self._inside(names, marks.channels, marks.times, seg_index)
        stamps, kept = self._clock.at(marks.times[inside], "some events")
        channels, labels = marks.channels[inside][kept], marks.labels[inside][kept]
        packets = np.zeros(len(stamps), self._packet)
        packets["stamp"] = stamps
        words = channels == self._port
        packets["kind"][words] = 1  # the digital port changed
        packets["data"][words, :2] = labels[words].astype("<u2")[:, None].view("u1")
        packets["id"][~words] = _COMMENT
        packets["data"][~words, 4:] = self._comments(channels[~words], labels[~words])
        return packets

    def _comments(self, channels: Ints, labels: Array) -> Array:
        """Return the texts of comments, uint8 (comments, bytes)."""
        room = self._packet["data"].itemsize - 4
        pairs = zip(channels.tolist(), labels.tolist(), strict=True)
        texts = {pair: f"{self._recorded.events[pair[0]].name}: {pair[1]}" for pair in set(pairs)}
        data = {pair: self._out.text("comments", text, room - 1, "latin-1") for pair, text in texts.items()}
        rows = [data[pair] for pair in zip(channels.tolist(), labels.tolist(), strict=True)]
        return np.array(rows, f"S{room}").view("u1").reshape(len(rows), room)


def _merged(events: Array, spikes: Iterator[Array]) -> Iterator[Array]:
    """Yield packets of events and spikes in order of time, all events that are due with some spikes; none empty."""
    done = 0
    for some in spikes:
        if len(some):
            due = int(np.searchsorted(events["stamp"], some["stamp"][-1], "right"))
            whole = np.concatenate([events[done:due], some])
            done = max(done, due)
            yield whole[np.argsort(whole["stamp"], kind="stable")]
    if done < len(events):
        yield events[done:]
