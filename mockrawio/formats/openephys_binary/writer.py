"""A recording in the Open Ephys GUI's binary format.

A segment is a recording of ``experiment1``: a folder with ``structure.oebin`` and a folder for each stream, each event
channel and each electrode. Samples have numbers, which go on counting between recordings, and time stamps. An event
channel is a line that is high while an event lasts; its labels are the events' metadata.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np

from ...ground.arrays import Array, Ints
from ..npy import header_bytes
from ..npy_out import Blocks, array_file
from ..pulses import clock_of, pulses
from ..recorded import BLOCK, MICROVOLTS, Recorded, RecordedEvents, RecordedSignals, RecordedUnit
from ..rig import Below, Holds, Opening, RigFolder, RigFormat, register_rig
from ..spikeglx.probe import Wired, own_probe
from . import structure
from .faults import FAULTS
from .settings import settings
from .structure import NODE, Electrode, NodeFolder


def _write(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    writer = _Writer(recorded, out)
    for seg_index in range(len(recorded.segments)):
        writer.recording(seg_index)
    date = structure.dated(recorded.start, "%d {} %Y %H:%M:%S")
    out.write(f"{NODE}/settings.xml", [settings(writer.streams, writer.probe, date)])
    return [{"dirname": Below("")}]


class _Writer:
    """What is written, and where."""

    def __init__(self, recorded: Recorded, out: RigFolder) -> None:
        self._recorded, self._out = recorded, out
        taken: set[str] = set()
        self.probe, bands = _neuropixels(recorded.signals)
        self.streams = [(structure.stream_source(one.name, taken, bands.get(one.id)), one) for one in recorded.signals]
        if self.probe is not None:
            out.leave_instants([one for one in recorded.signals if one.id in bands], self.probe.part.number)
        if any(one.positions is not None and one.id not in bands for one in recorded.signals):
            out.leave("probe", "settings.xml has where the contacts of one Neuropixels probe are, and of no other")
        self._clock = clock_of(recorded, recorded.signals)
        self._main = next((one.stream for one, signals in self.streams if signals is self._clock), "events")
        self._events = [(structure.event_source(k, one.name, self._main), one) for k, one in enumerate(recorded.events)]
        self._electrodes = _electrodes(recorded.units, self._main)
        for signals in recorded.signals:
            names = [one.name for one in signals.channels]
            if structure.channel_names(names) != names:
                out.leave(
                    f"names of {signals.name}", "readers want no two alike, and take ADC and SYNC for those channels"
                )
        for unit in recorded.units:
            if unit.offset:
                out.leave("offsets of waveforms", "counts are times bit_volts")

    def recording(self, seg_index: int) -> None:
        """Write a segment."""
        folder, rate = f"{NODE}/experiment1/recording{seg_index + 1}", self._clock.rate
        for source, signals in self.streams:
            self._samples(f"{folder}/continuous/{source.folder}", signals, seg_index)
        said = [self._ttl(f"{folder}/events", source, events, seg_index) for source, events in self._events]
        self._messages(f"{folder}/events/MessageCenter", seg_index)
        for electrode in self._electrodes:
            self._spikes(f"{folder}/spikes/{electrode.source.folder}", electrode, seg_index)
        continuous = [structure.continuous(*pair) for pair in self.streams]
        spikes = [structure.spikes(one, rate, _bit_volts(one.units[0])) for one in self._electrodes]
        events = [*said, structure.messages(rate, self._main)]
        self._out.write(f"{folder}/structure.oebin", [structure.oebin(continuous, events, spikes)])
        self._out.write(f"{folder}/sync_messages.txt", [self._sync_messages(seg_index)])

    def _samples(self, folder: str, signals: RecordedSignals, seg_index: int) -> None:
        with self._out.file(f"{folder}/continuous.dat") as file:
            for _, counts in signals.blocks(seg_index):
                file.write(counts)
                self._out.tick(counts.size)
        first, size = _number(signals, seg_index), signals.sizes[seg_index]
        numbers = Blocks("<i8", (size,), _numbers(first, size))
        times = Blocks("<f8", (size,), (some / signals.rate for some in _numbers(first, size)))
        self._out.write(f"{folder}/sample_numbers.npy", array_file(numbers))
        self._out.write(f"{folder}/timestamps.npy", array_file(times))

    def _ttl(self, folder: str, source: NodeFolder, events: RecordedEvents, seg_index: int) -> dict[str, Any]:
        line = pulses(events, seg_index, self._clock, self._out)
        n, first = len(line.rises), _number(self._clock, seg_index)
        states = np.tile(np.array([1, -1], "<i2"), n)
        numbers = first + np.stack([line.rises, line.falls], axis=1).ravel()
        labels = np.repeat(np.array([label.encode("utf-8") for label in line.labels.tolist()], dtype="S"), 2)
        arrays = {
            "sample_numbers": numbers.astype("<i8"),
            "timestamps": numbers / self._clock.rate,
            "states": states,
            "full_words": (states > 0).astype("<u8"),
            "channels": np.abs(states),  # of GUIs before 0.6; Neo 0.14.0 wants it beside metadata
        }
        for name, values in arrays.items():
            self._out.write(f"{folder}/{source.folder}/{name}.npy", array_file(values))
        width = max(labels.itemsize, 1)
        self._out.write(f"{folder}/{source.folder}/metadata.npy", _records(labels, width))
        return structure.ttl(source, self._clock.rate, width)

    def _messages(self, folder: str, seg_index: int) -> None:
        """Write the one message of a recording, at its first sample."""
        first = _number(self._clock, seg_index)
        text = np.array([f"Made of {self._recorded.about or self._recorded.title}".encode()])
        self._out.write(f"{folder}/sample_numbers.npy", array_file(np.array([first], "<i8")))
        self._out.write(f"{folder}/timestamps.npy", array_file(np.array([first / self._clock.rate])))
        self._out.write(f"{folder}/text.npy", array_file(text))

    def _spikes(self, folder: str, electrode: Electrode, seg_index: int) -> None:
        units, width = electrode.units, electrode.units[0].n_samples
        n = sum(unit.count(seg_index) for unit in units)
        kinds = {
            "sample_numbers": ("<i8", ()),
            "timestamps": ("<f8", ()),
            "electrode_indices": ("<u2", ()),
            "clusters": ("<u2", ()),
            "waveforms": ("<i2", (1, width)),
        }
        with ExitStack() as stack:
            files = {name: stack.enter_context(self._out.file(f"{folder}/{name}.npy")) for name in kinds}
            for name, (dtype, shape) in kinds.items():
                files[name].write(header_bytes(dtype, (n, *shape)))
            for some in replace(self._recorded, units=units).spikes(seg_index, waveforms=True):
                numbers = np.rint(some.times * self._clock.rate)
                blocks: dict[str, Array] = {
                    "sample_numbers": numbers,
                    "timestamps": numbers / self._clock.rate,
                    "electrode_indices": np.full(len(numbers), self._electrodes.index(electrode) + 1),
                    "clusters": some.units + 1,
                    "waveforms": some.waveforms,
                }
                for name, (dtype, _) in kinds.items():
                    files[name].write(np.ascontiguousarray(blocks[name], dtype))

    def _sync_messages(self, seg_index: int) -> bytes:
        began = self._recorded.start + timedelta(seconds=self._recorded.segments[seg_index].t_start)
        lines = [f"Software Time (milliseconds since midnight Jan 1st 1970 UTC): {round(began.timestamp() * 1000)}"]
        for source, signals in self.streams:
            origin, first = "{} ({})".format(*source.processor), _number(signals, seg_index)
            lines.append(f"Start Time for {origin} - {source.stream} @ {signals.rate:g} Hz: {first}")
        return ("\n".join(lines) + "\n").encode()


def _neuropixels(streams: Sequence[RecordedSignals]) -> tuple[Wired | None, dict[str, str]]:
    """Return the first Neuropixels probe of the fastest streams, if any, and the bands of its streams by their ids."""
    found = {one.id: own_probe(one) for one in sorted(streams, key=lambda one: -one.rate)}
    probe = next((probe for probe in found.values() if probe is not None), None)
    if probe is None:
        return None, {}
    same = [
        stream_id
        for stream_id, one in found.items()
        if one is not None and one.part == probe.part and np.array_equal(one.saved, probe.saved)
    ]
    return probe, dict(zip(same, ("AP", "LFP"), strict=False))


def _number(signals: RecordedSignals, seg_index: int) -> int:
    """Return the number of a segment's first sample."""
    return round(signals.t_starts[seg_index] * signals.rate)


def _numbers(first: int, size: int) -> Iterator[Ints]:
    for start in range(0, size, BLOCK):
        yield np.arange(first + start, first + min(start + BLOCK, size), dtype="<i8")


def _records(labels: Array, width: int) -> Iterator[bytes]:
    """Yield the ``.npy`` of a structured array with one field of text, as the GUI writes metadata."""
    table = np.zeros(len(labels), [("label", f"S{width}")])
    table["label"] = labels
    yield _structured_header(width, len(labels))
    yield table.tobytes()


def _structured_header(width: int, n: int) -> bytes:
    text = f"{{'descr': [('label', '|S{width}')], 'fortran_order': False, 'shape': ({n},), }}"
    pad = -(len(text) + 11) % 64
    return b"\x93NUMPY\x01\x00" + (len(text) + pad + 1).to_bytes(2, "little") + (text + " " * pad + "\n").encode()


def _electrodes(units: Sequence[RecordedUnit], stream: str) -> list[Electrode]:
    """Return the electrodes: the units of a channel whose waveforms are alike are one."""
    groups: dict[tuple[object, ...], list[RecordedUnit]] = {}
    for unit in units:
        alike = (unit.gain, unit.units, unit.n_samples, unit.left_sweep, unit.rate)
        groups.setdefault((unit.channel_id or unit.name, *alike), []).append(unit)
    taken: set[str] = set()
    return [
        Electrode(structure.electrode_source(str(key[0]), stream, taken), tuple(group)) for key, group in groups.items()
    ]


def _bit_volts(unit: RecordedUnit) -> float:
    return unit.gain * MICROVOLTS.get(unit.units, 1.0)


register_rig(
    RigFormat(
        name="openephys_binary",
        title="Open Ephys binary",
        files="Record Node 101/experiment1/recording1/: structure.oebin, continuous.dat, sample_numbers.npy, ...",
        neo="OpenEphysBinaryRawIO",
        holds=Holds(
            "any number, of any rates",
            names=True,
            t_start=True,
            segments=True,
            units=True,
            waveforms=True,
            events=True,
            labels=True,
            durations=True,
            probe=True,
            date=True,
        ),
        write=_write,
        faults=FAULTS,
        extractor="read_openephys",
        source="Open Ephys, GUI documentation, Binary format",
        rank=20,
    )
)
