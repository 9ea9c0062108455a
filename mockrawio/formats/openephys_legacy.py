"""The Open Ephys GUI's older format: ``.continuous`` for each channel, ``.spikes`` for each electrode, ``.events``.

The layout is that of the GUI's *Open Ephys format* page: headers of 1024 bytes of text, records of 1024 samples, the
last of which is filled with zeros; names of files and ``structure.openephys`` are those of version 0.6. A segment is an
experiment of its own: "_2" at the end of its files' names. Time stamps are numbers of samples, and go on between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np

from ..ground.arrays import Array
from .openephys_binary.structure import SOURCE, SOURCE_ID, SPIKES_ID, dated, folder_name
from .pulses import clock_of, pulses
from .recorded import MICROVOLTS, Counts, Recorded, RecordedSignals, RecordedUnit
from .rig import MOST_FILES, Below, FileFault, Holds, Opening, RigFolder, RigFormat, register_rig

HEADER, RECORD = 1024, 1024  # bytes, samples
_SAMPLES = np.dtype(
    [("stamp", "<i8"), ("n", "<u2"), ("recording", "<u2"), ("samples", ">i2", RECORD), ("mark", "u1", 10)]
)
_MARK = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 255], "u1")
_EVENT = np.dtype(
    [
        ("stamp", "<i8"),
        ("position", "<i2"),
        ("type", "u1"),
        ("processor", "u1"),
        ("on", "u1"),
        ("line", "u1"),
        ("recording", "<u2"),
    ]
)
_TTL, _SPIKE = 3, 4  # types of events
_MOST_LINES = 256


def _spike_dtype(width: int) -> np.dtype[Any]:
    return np.dtype(
        [
            ("type", "u1"),
            ("stamp", "<i8"),
            ("software_stamp", "<i8"),
            ("source", "<u2"),
            ("channels", "<u2"),
            ("n", "<u2"),
            ("sorted", "<u2"),
            ("electrode", "<u2"),
            ("channel", "<u2"),
            ("colour", "u1", 3),
            ("pca", "<f4", 2),
            ("rate", "<u2"),
            ("samples", "<u2", width),
            ("gain", "<f4"),
            ("threshold", "<u2"),
            ("recording", "<u2"),
        ]
    )


def _write(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    writer = _Writer(recorded, out)
    for seg_index in range(len(recorded.segments)):
        writer.experiment(seg_index)
    return [{"dirname": Below("")}]


class _Writer:
    """What is written, and under which names."""

    def __init__(self, recorded: Recorded, out: RigFolder) -> None:
        self._recorded, self._out = recorded, out
        self._stream = next(iter(recorded.signals), None)
        self._clock = clock_of(recorded, recorded.signals)
        self._name = folder_name(self._clock.name, set()).replace("_", "-")
        self._electrodes = _electrodes(recorded, out)
        if any(size % RECORD for size in self._clock.sizes):
            out.leave("ends of segments", f"the last record of {RECORD} samples is filled with zeros")
        for more in recorded.events[_MOST_LINES:]:
            out.leave(f"events of {more.name}", f"there are {_MOST_LINES} lines")
        for unit in recorded.units:
            if unit.offset:
                out.leave("offsets of waveforms", "counts are times bitVolts")

    def experiment(self, seg_index: int) -> None:
        """Write a segment."""
        end = f"_{seg_index + 1}" if seg_index else ""
        prefix, files = f"{SOURCE_ID}_{self._name}", list[str]()
        if self._stream is not None:
            files += self._samples(self._stream, seg_index, prefix, end)
        files.append(f"<EVENTS filename={quoteattr(f'{prefix}{end}.events')}/>")
        self._out.write(f"{prefix}{end}.events", self._events(seg_index))
        files.append(f"<TIMESTAMPS filename={quoteattr(f'{prefix}{end}.timestamps')}/>")
        self._out.write(f"{prefix}{end}.timestamps", [self._times(seg_index).tobytes()])
        for name, units in self._electrodes.items():
            file = f"{SPIKES_ID}_{self._name}_{name}{end}.spikes"
            files.append(
                f'<SPIKECHANNEL name={quoteattr(name)} num_channels="1" bitVolts="{_gain(units[0])!r}"'
                f" filename={quoteattr(file)}/>"
            )
            self._out.write(file, self._spikes(name, units, seg_index))
        self._out.write(f"structure{end}.openephys", [self._structure(files, seg_index)])
        self._out.write(f"messages{end}.events", [self._messages(seg_index)])

    def _first(self, seg_index: int) -> int:
        return round(self._clock.t_starts[seg_index] * self._clock.rate)

    def _header(self, seg_index: int, what: str, more: dict[str, object]) -> bytes:
        """Return a file's header; `more` is what it has besides."""
        began = self._recorded.start + timedelta(seconds=self._recorded.segments[seg_index].t_start)
        values = {
            "format": "'Open Ephys Data Format'",
            "version": "0.4",
            "header_bytes": HEADER,
            "description": f"'{what}'",
            "date_created": f"'{dated(began, '%d-{}-%Y %H%M%S')}'",
            **more,
        }
        text = "".join(f"header.{key} = {value};\n" for key, value in values.items())
        return text.encode("ascii", "replace").ljust(HEADER)

    def _samples(self, stream: RecordedSignals, seg_index: int, prefix: str, end: str) -> list[str]:
        """Write the channels' files, and return what the structure says of them."""
        numbers = list(range(len(stream.channels)))
        names = [f"{prefix}_CH{k + 1}{end}.continuous" for k in numbers]
        gains = [one.gain * self._out.microvolts(one.units) for one in stream.channels]
        for some in (numbers[a : a + MOST_FILES] for a in range(0, len(numbers), MOST_FILES)):
            with self._out.several([names[k] for k in some]) as files:
                for k, file in zip(some, files, strict=True):
                    file.write(self._channel_header(seg_index, k, gains[k], stream.rate))
                for start, counts in stream.blocks(seg_index, multiple=RECORD):
                    records = _records(counts, self._first(seg_index) + start)
                    for k, file in zip(some, files, strict=True):
                        _fill(records, counts[:, k])
                        file.write(records.tobytes())
                    self._out.tick(len(counts) * len(some))
        each = zip(numbers, names, gains, strict=True)
        return [
            f'<CHANNEL name="CH{k + 1}" bitVolts="{gain!r}" filename={quoteattr(name)} position="{HEADER}.0"/>'
            for k, name, gain in each
        ]

    def _channel_header(self, seg_index: int, k: int, gain: float, rate: float) -> bytes:
        what = (
            "each record contains one 64-bit timestamp, one 16-bit sample count (N), 1 uint16 recordingNumber, "
            "N 16-bit samples, one 10-byte record marker (0 1 2 3 4 5 6 7 8 255)"
        )
        more = {"blockLength": RECORD, "bufferSize": RECORD, "bitVolts": repr(gain)}
        kind = {"channel": f"'CH{k + 1}'", "channelType": "'Continuous'", "sampleRate": repr(rate)}
        return self._header(seg_index, what, kind | more)

    def _times(self, seg_index: int) -> Array:
        """Return when each record begins, in s."""
        starts = self._first(seg_index) + np.arange(0, self._clock.sizes[seg_index], RECORD)
        return (starts / self._clock.rate).astype("<f8")

    def _events(self, seg_index: int) -> Iterator[bytes]:
        """Yield the lines' edges, in order of time."""
        what = (
            "each record contains one 64-bit timestamp, one 16-bit sample position, one uint8 event type, "
            "one uint8 processor ID, one uint8 event ID, one uint8 event channel, one uint16 recordingNumber"
        )
        kind = {"channel": "'Events'", "channelType": "'Event'", "sampleRate": repr(self._clock.rate)}
        yield self._header(seg_index, what, kind | {"blockLength": RECORD, "bufferSize": RECORD, "bitVolts": 1})
        tables = []
        for line, one in enumerate(self._recorded.events[:_MOST_LINES]):
            found = pulses(one, seg_index, self._clock, self._out)
            table = np.zeros(2 * len(found.rises), _EVENT)
            table["stamp"] = self._first(seg_index) + np.stack([found.rises, found.falls], axis=1).ravel()
            table["on"], table["line"] = np.tile([1, 0], len(found.rises)), line
            tables.append(table)
        whole = np.concatenate([np.zeros(0, _EVENT), *tables])
        whole["type"], whole["processor"] = _TTL, SOURCE_ID
        yield whole[np.argsort(whole["stamp"], kind="stable")].tobytes()

    def _spikes(self, name: str, units: Sequence[RecordedUnit], seg_index: int) -> Iterator[bytes]:
        what = "each record contains 1 uint8 eventType, 1 int64 timestamp, 1 int64 software timestamp, ..."
        kind = {"electrode": f"'{name}'", "num_channels": 1, "sampleRate": repr(self._clock.rate)}
        yield self._header(seg_index, what, kind)
        dtype, gain = _spike_dtype(units[0].n_samples), _gain(units[0])
        for some in replace(self._recorded, units=tuple(units)).spikes(seg_index, waveforms=True):
            table = np.zeros(len(some.times), dtype)
            table["type"], table["source"], table["channels"] = _SPIKE, SPIKES_ID, 1
            table["stamp"] = np.rint(some.times * self._clock.rate)
            table["n"], table["rate"] = units[0].n_samples, min(round(self._clock.rate), 65535)
            table["sorted"], table["gain"] = some.units + 1, 1000 / gain
            table["samples"] = some.waveforms.astype(np.int32) + 32768
            yield table.tobytes()

    def _structure(self, files: Sequence[str], seg_index: int) -> bytes:
        lines = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<EXPERIMENT format_version="0.6" number="{seg_index + 1}">',
            '  <RECORDING number="1">',
            f'    <STREAM name={quoteattr(self._name)} source_node_id="{SOURCE_ID}" source_node_name="{SOURCE}"'
            f' sample_rate="{self._clock.rate!r}">',
            *(f"      {file}" for file in files),
            "    </STREAM>",
            "  </RECORDING>",
            "</EXPERIMENT>",
            "",
        ]
        return "\n".join(lines).encode()

    def _messages(self, seg_index: int) -> bytes:
        began = self._recorded.start + timedelta(seconds=self._recorded.segments[seg_index].t_start)
        origin = f"{SOURCE} ({SOURCE_ID}) - {self._name} @ {self._clock.rate:g} Hz"
        software = f"{round(began.timestamp() * 1000)}, Software Time (milliseconds since midnight Jan 1st 1970 UTC)"
        return f"{software}\n{self._first(seg_index)}, Start Time for {origin}\n".encode()


def _records(counts: Counts, stamp: int) -> Array:
    """Return records for a channel's samples of a block, without the samples."""
    records = np.zeros(-(-len(counts) // RECORD), _SAMPLES)
    records["stamp"] = stamp + RECORD * np.arange(len(records))
    records["n"], records["mark"] = RECORD, _MARK
    return records


def _fill(records: Array, samples: Counts) -> None:
    whole = len(samples) // RECORD
    records["samples"][:whole] = samples[: whole * RECORD].reshape(whole, RECORD)
    if whole < len(records):
        rest = samples[whole * RECORD :]
        records["samples"][whole, : len(rest)], records["samples"][whole, len(rest) :] = rest, 0


def _gain(unit: RecordedUnit) -> float:
    return unit.gain * MICROVOLTS.get(unit.units, 1.0)


def _electrodes(recorded: Recorded, out: RigFolder) -> dict[str, list[RecordedUnit]]:
    """Return the units of each electrode that is written: those of a channel whose waveforms are alike.

    An electrode without spikes in a segment would be a file of a header alone, with which Neo opens nothing.
    """
    groups: dict[tuple[object, ...], list[RecordedUnit]] = {}
    for unit in recorded.units:
        alike = (unit.gain, unit.units, unit.n_samples)
        groups.setdefault((unit.channel_id or unit.name, *alike), []).append(unit)
    taken: set[str] = set()
    named = {f"E{folder_name(str(key[0]), taken).replace('_', '-')}": group for key, group in groups.items()}
    kept = {}
    for name, units in named.items():
        if all(any(unit.count(k) for unit in units) for k in range(len(recorded.segments))):
            kept[name] = units
            silent = [unit for unit in units if not any(unit.count(k) for k in range(len(recorded.segments)))]
        else:
            silent = units
        for unit in silent:
            out.leave(f"unit {unit.name}", "readers find no file or number of it where there are no spikes")
    return kept


def _headers_alone(folder: Path) -> None:
    for path in folder.rglob("*.spikes"):
        path.write_bytes(path.read_bytes()[:HEADER])


def _without_a_record(folder: Path) -> None:
    for path in folder.rglob("*.continuous"):
        whole, size = path.read_bytes(), _SAMPLES.itemsize
        middle = HEADER + (len(whole) - HEADER) // size // 2 * size
        path.write_bytes(whole[:middle] + whole[middle + size :])


def _cut(folder: Path) -> None:
    for path in folder.rglob("*_CH1.continuous"):
        path.write_bytes(path.read_bytes()[:-RECORD])


def _no_stamps(folder: Path) -> None:
    for path in folder.rglob("*_CH1.continuous"):
        whole = bytearray(path.read_bytes())
        for at in range(HEADER, len(whole), _SAMPLES.itemsize):
            whole[at : at + 8] = bytes(8)
        path.write_bytes(whole)


register_rig(
    RigFormat(
        name="openephys_legacy",
        title="Open Ephys legacy",
        files=".continuous of each channel, .events, .timestamps, .spikes of each electrode, structure.openephys",
        neo="OpenEphysRawIO",
        holds=Holds(
            "one stream",
            most_streams=1,
            one_rate=True,
            t_start=True,
            segments=True,
            units=True,
            waveforms=True,
            events=True,
            durations=True,
            date=True,
        ),
        write=_write,
        faults=(
            FileFault(
                "spikes-header-alone",
                "the .spikes files are headers alone",
                "read electrodes without spikes",
                "spikeinterface 329",
                _headers_alone,
            ),
            FileFault(
                "lost-record",
                "a record in the middle is not there, as after a loss on USB",
                "give two segments, or fill the gap and say so",
                "python-neo 1387",
                _without_a_record,
            ),
            FileFault(
                "cut-record",
                "the first channel's last record is cut off",
                "read the records that all channels have",
                "no report known to us",
                _cut,
            ),
            FileFault(
                "no-stamps",
                "all time stamps of the first channel are 0",
                "take the other channels' stamps, or name the file",
                "a check of Neo's own",
                _no_stamps,
            ),
        ),
        extractor="read_openephys",
        source="Open Ephys, GUI documentation, Open Ephys format",
        rank=21,
    )
)
