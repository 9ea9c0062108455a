"""What holds of every export: Neo's own reader gives back what was written, count for count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mockrawio.exporting import Exported
from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded, RecordedSignals
from mockrawio.formats.rig import Holds, rig_formats
from mockrawio.testing import assert_rawio_compliant

IN_UV = {"uV": 1.0, "mV": 1e3, "V": 1e6, "µV": 1.0, "nV": 1e-3}


def _inside(times: np.ndarray, stream: RecordedSignals, seg_index: int) -> np.ndarray:
    """Return which times are nearest to a sample of a segment, for what is counted in samples."""
    frames = np.rint((times - stream.t_starts[seg_index]) * stream.rate)
    return (frames >= 0) & (frames < stream.sizes[seg_index])


@contextmanager
def reading(exported: Exported, part: int = 0) -> Iterator[Any]:
    """Open an export with Neo and close the files that Neo leaves open."""
    reader = exported.open(part)
    try:
        yield reader
    finally:
        for file in getattr(reader, "_nsx_fids", {}).values():  # of BlackrockRawIO
            file.close()


HELD: Counter[str] = Counter()  # how many recordings were held against what Neo reads, by format


@dataclass
class Proof:
    """How one format's files are held against what was written.

    Without a mapping streams, units and event channels are matched by their place among those that are held.
    """

    format: str
    streams: Mapping[str, str] = field(default_factory=dict)  # our id: Neo's stream name or id
    # our id: Neo's name of the event channel, or what the names of several begin with, up to a space
    events: Mapping[str, str] = field(default_factory=dict)
    tick: float | None = None  # s: how exact times are; half a sample of the first stream if None
    event_shift: float = 0.0  # s by which Neo has events later than the format's own rules say
    counts: Callable[[np.ndarray], np.ndarray] = lambda raw: raw  # from Neo's raw samples to ours
    zero: int = 0  # Neo's count for 0 V, where it does not know that by an offset
    label: Callable[[str], str] = str  # what Neo makes of a label
    comply: bool = True
    but: tuple[str, ...] = ()  # rules of Neo's that its own reader breaks
    unread: Collection[str] = ()  # of "signals", "units", "events": what the format holds and Neo does not read
    stop: Callable[[int], int] = lambda size: size  # up to which sample Neo reads what is there
    scaled: bool = False  # the format has values, not counts
    nameless: float = 1.0  # µV of a unit that Neo has no name for
    silent_units: bool = True  # False where a unit is not in a file in which it has no spikes
    ours: Callable[[Recorded], Recorded] = lambda recorded: recorded  # what is expected of what was given
    filled: bool = False  # samples may end with zeros up to a whole block
    values: bool = True  # Neo's gains and offsets are those that the format's own rules give
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def holds(self) -> Holds:
        """What the format says that it holds."""
        return rig_formats()[self.format].holds

    def __call__(self, recorded: Recorded, folder: Path) -> Exported:
        """Write a recording and hold everything that Neo reads against it; return the export."""
        exported = write_rig(recorded, folder, rig_formats()[self.format], **self.options)
        self.check(exported, recorded)
        return exported

    def check(self, exported: Exported, recorded: Recorded) -> None:
        """Hold everything that Neo reads of an export against what was given."""
        HELD[self.format] += 1
        self._left_out(exported, recorded)
        self._some = lambda what: any(line.startswith(f"{what}:") for line in exported.left_out)
        ours = self.ours(self._kept(exported, recorded))
        n = len(ours.segments)
        assert len(exported.parts) == (1 if self.holds.segments else n)
        for part in range(len(exported.parts)):
            with reading(exported, part) as reader:
                self._part(ours, reader, part)

    def _part(self, ours: Recorded, reader: Any, part: int) -> None:
        """Hold all that Neo reads of one part against what was given."""
        if self.comply:
            assert_rawio_compliant(reader, but=self.but)
        segments = [(k, k) for k in range(len(ours.segments))] if self.holds.segments else [(part, 0)]
        assert reader.segment_count(0) == len(segments)
        for ours_at, neos_at in segments:
            for place, one in enumerate(() if "signals" in self.unread else ours.signals):
                self._signals(one, reader, ours_at, neos_at, place)
            if self.holds.units and "units" not in self.unread:
                self._units(ours, reader, ours_at, neos_at)
            if self.holds.events and "events" not in self.unread:
                self._events(ours, reader, ours_at, neos_at)

    def _kept(self, exported: Exported, recorded: Recorded) -> Recorded:
        left = " ".join(exported.left_out)
        return recorded.only([one for one in recorded.signals if f"stream {one.id}:" not in left])

    def _left_out(self, exported: Exported, recorded: Recorded) -> None:
        """Check that all that a format says it does not hold is named, if there was any."""
        holds, left = self.holds, [line.partition(":")[0] for line in exported.left_out]
        expected = {
            "units": not holds.units and recorded.units,
            "waveforms": holds.units and not holds.waveforms and any(one.waveforms for one in recorded.units),
            "events": not holds.events and recorded.events,
            "labels of events": holds.events and not holds.labels and recorded.events,
            "segments": not holds.segments and len(recorded.segments) > 1,
            "channel names": not holds.names and recorded.signals,
            "date": not holds.date,
        }
        for what, there in expected.items():
            assert (what in left) == bool(there), (what, exported.left_out)

    def _stream(self, reader: Any, one: RecordedSignals, place: int) -> int:
        streams, wanted = reader.header["signal_streams"], self.streams.get(one.id)
        if wanted is None:
            return place
        return next(k for k, row in enumerate(streams) if wanted in (row["name"], row["id"]))

    def _signals(self, one: RecordedSignals, reader: Any, ours_at: int, neos_at: int, place: int) -> None:
        index = self._stream(reader, one, place)
        rows = reader.header["signal_channels"]
        rows = rows[rows["stream_id"] == reader.header["signal_streams"]["id"][index]]
        assert len(rows) == len(one.channels)
        if self.holds.names:
            assert rows["name"].tolist() == [channel.name for channel in one.channels]
        np.testing.assert_allclose(reader.get_signal_sampling_rate(index), one.rate, rtol=1e-6)
        size, neos_size = one.sizes[ours_at], reader.get_signal_size(0, neos_at, index)
        assert neos_size == size or (self.filled and neos_size > size)
        stop = self.stop(size)
        raw = reader.get_analogsignal_chunk(0, neos_at, 0, None if self.filled else stop, index)
        if self.filled:
            assert not self.counts(raw[stop:]).any()
            raw = raw[:stop]
        counts = one.read(ours_at, 0, stop)
        found = np.rint((raw - one.offsets) / one.gains) if self.scaled else self.counts(raw)
        np.testing.assert_array_equal(found, counts)
        if self.values:
            self._values(one, raw, counts, rows)
        if self.holds.t_start:
            found = reader.get_signal_t_start(0, neos_at, index)
            np.testing.assert_allclose(found, one.t_starts[ours_at], atol=self._tick(one.rate))

    def _values(self, one: RecordedSignals, raw: np.ndarray, counts: np.ndarray, rows: Any) -> None:
        to_uV = np.array([self._microvolts(unit) for unit in rows["units"].tolist()])
        neos = (raw.astype(np.float64) - self.zero) * rows["gain"] + rows["offset"]
        offsets = one.offsets if self.holds.offsets else 0.0
        scale = np.abs(one.gains).max() * 32768
        np.testing.assert_allclose(neos * to_uV, counts * one.gains + offsets, rtol=1e-6, atol=scale * 1e-6)

    def _microvolts(self, unit: str) -> float:
        return IN_UV[unit] if unit else self.nameless

    def _tick(self, rate: float) -> float:
        return (0.5 / rate if self.tick is None else self.tick) * (1 + 1e-6) + 1e-9

    def _rate(self, recorded: Recorded) -> float:
        return recorded.signals[0].rate if recorded.signals else 1e6

    def _zero(self, recorded: Recorded, ours_at: int) -> float:
        """Return which of our times is 0 s in Neo's part."""
        if self.holds.t_start:
            return 0.0
        return recorded.segments[0 if self.holds.segments else ours_at].t_start

    def _units(self, recorded: Recorded, reader: Any, ours_at: int, neos_at: int) -> None:
        rows, tick, zero = (
            reader.header["spike_channels"],
            self._tick(self._rate(recorded)),
            self._zero(recorded, ours_at),
        )
        units = [one for one in recorded.units if self.silent_units or one.count(ours_at)]
        assert len(rows) == len(units)
        for index, unit in enumerate(units):
            times = unit.times(ours_at, None, None)
            kept = _inside(times, recorded.signals[0], ours_at) if self._some(f"spikes of {unit.name}") else slice(None)
            times = times[kept]
            stamps = reader.get_spike_timestamps(0, neos_at, index, None, None)
            found = reader.rescale_spike_timestamp(stamps, "float64")
            np.testing.assert_allclose(found, times - zero, rtol=0, atol=tick)
            if not (self.holds.waveforms and unit.waveforms and len(times)):
                continue
            raw = reader.get_spike_raw_waveforms(0, neos_at, index, None, None)
            shapes = unit.waveforms(ours_at, None, None)[kept]
            if not self.scaled:
                np.testing.assert_array_equal(raw[:, 0, : shapes.shape[2]], shapes[:, 0])
            neos = reader.rescale_waveforms_to_float(raw, "float64", index)[:, :, : shapes.shape[2]]
            neos = neos * self._microvolts(str(rows[index]["wf_units"]))
            np.testing.assert_allclose(neos, shapes * unit.gain, rtol=1e-6, atol=unit.gain * 0.01)

    def _events(self, recorded: Recorded, reader: Any, ours_at: int, neos_at: int) -> None:
        names = reader.header["event_channels"]["name"].tolist()
        tick, zero = self._tick(self._rate(recorded)), self._zero(recorded, ours_at) - self.event_shift
        for one in recorded.events:
            times, durations, labels = one.read(ours_at, None, None)
            if self._some(f"events of {one.name}"):
                kept = _inside(times, recorded.signals[0], ours_at)
                times, labels, durations = times[kept], labels[kept], None if durations is None else durations[kept]
            wanted = self.events.get(one.id, one.name)
            found_in = [k for k, name in enumerate(names) if name == wanted or (wanted[-1:] == " " and wanted in name)]
            if not found_in:
                assert not len(times) or not self.holds.labels, (wanted, names)
                continue
            found, neos_durations, neos_labels = self._neos_events(reader, neos_at, found_in)
            np.testing.assert_allclose(found, times - zero, rtol=0, atol=tick)
            if self.holds.labels:
                assert list(neos_labels) == [self.label(label) for label in labels.tolist()]
            if durations is not None and neos_durations is not None and self.holds.durations:
                got = reader.rescale_epoch_duration(neos_durations, "float64", found_in[0])
                np.testing.assert_allclose(got, durations, rtol=0, atol=2 * tick)

    def _neos_events(self, reader: Any, neos_at: int, indexes: list[int]) -> tuple[Any, Any, Any]:
        """Return the times (s), durations and labels of event channels that are one of ours, in order of time."""
        read = [reader.get_event_timestamps(0, neos_at, index, None, None) for index in indexes]
        seconds = [reader.rescale_event_timestamp(one[0], "float64", k) for k, one in zip(indexes, read, strict=True)]
        times, labels = np.concatenate(seconds), np.concatenate([one[2] for one in read])
        order = np.argsort(times, kind="stable")
        return times[order], read[0][1], labels[order]
