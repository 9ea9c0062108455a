"""NIX: one HDF5 file, written by nixio, in the form that Neo's NixIO gives it.

A block has a group for each segment, with an array for each channel, and a tag for each unit and event channel. Arrays
hold int16 counts, which NIX turns into values by a polynomial of each array: so Neo reads values, as float64 with a
gain of 1, and says that they are int16. It counts no spikes, though it reads them; of several epoch channels it
reads the first; and segments without units end at 0 s.

nixio gives each thing a random id and the time at which it was made: here ids are numbers and times the recording's,
so that bytes are the same each time with the same versions of nixio and HDF5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import numpy as np

from ..ground.arrays import Array
from ..ground.extras import extra_module
from .recorded import Recorded, RecordedEvents, RecordedSignals, RecordedUnit
from .rig import Below, FileFault, Holds, Opening, RigFolder, RigFormat, register_rig

TITLE = "NIX"
_LONGEST = 1000  # bytes of a name or a label
_ONE_AT_A_TIME = Lock()


def _write(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    nixio = _library("nixio")
    name = f"{recorded.title}.nix"
    with out.library(name) as path, _numbered(recorded):
        file = nixio.File.open(str(path), nixio.FileMode.Overwrite)
        try:
            _Nix(file, recorded, out).write()
        finally:
            file.close()
    return [{"filename": Below(name)}]


def _library(name: str) -> Any:
    return extra_module(name, "NIX files", "nix")


@contextmanager
def _numbered(recorded: Recorded) -> Iterator[None]:
    """Context in which nixio's ids ascend from one that is the recording's, and its clock and HDF5's stand still."""
    from unittest.mock import patch  # which takes longer to import than all formats

    util, whole = _library("nixio.util"), _library("nixio.util.util")
    first = uuid5(NAMESPACE_OID, f"{recorded.title} {recorded.start.isoformat()}").int >> 64 << 64
    numbers = count(first)
    start = int(recorded.start.timestamp())
    properties = _library("h5py.h5p")
    create = properties.create

    def untimed(kind: Any) -> Any:
        made = create(kind)
        if hasattr(made, "set_obj_track_times"):
            made.set_obj_track_times(False)
        return made

    with (
        _ONE_AT_A_TIME,
        patch.object(properties, "create", untimed),
        patch.object(whole, "uuid4", lambda: UUID(int=next(numbers))),
        patch.object(util, "now_int", lambda: start),
        patch.object(whole, "now_int", lambda: start),
    ):
        yield


class _Nix:
    """A file that is being written."""

    def __init__(self, file: Any, recorded: Recorded, out: RigFolder) -> None:
        self._recorded, self._out, self._numbers = recorded, out, count()
        self._block = file.create_block("neo.block.0", "neo.block")
        self._block.metadata = self._about(file, "neo.block.0", "block", recorded.title)

    def write(self) -> None:
        """Write all segments."""
        for seg_index in range(len(self._recorded.segments)):
            name = f"neo.segment.{seg_index}"
            group = self._block.create_group(name, "neo.segment")
            group.metadata = self._about(self._block.metadata, name, "segment", f"segment {seg_index}")
            for stream in self._recorded.signals:
                self._signals(stream, seg_index, group)
            for unit in self._recorded.units:
                self._unit(unit, seg_index, group)
            # Neo reads what comes before an epoch channel, and the first of those
            for events in sorted(self._recorded.events, key=lambda one: one.is_epoch):
                self._events(events, seg_index, group)

    def _plain(self, what: str, text: str) -> str:
        return self._out.text(what, text, _LONGEST, "utf-8").decode()

    def _about(self, parent: Any, name: str, kind: str, neo_name: str, **facts: float) -> Any:
        section = parent.create_section(name, f"neo.{kind}.metadata")
        section["neo_name"] = self._plain(f"name {neo_name!r}", neo_name)
        for key, value in facts.items():
            section[key] = value
            section.props[key].unit = "s"
        return section

    def _array(self, name: str, kind: str, values: Array, unit: str = "s") -> Any:
        made = self._block.create_data_array(name, kind, data=values)
        made.unit = unit
        return made

    def _signals(self, stream: RecordedSignals, seg_index: int, group: Any) -> None:
        name, arrays = f"neo.analogsignal.{next(self._numbers)}", []
        t_start, size = stream.t_starts[seg_index], stream.sizes[seg_index]
        for k, channel in enumerate(stream.channels):
            array = self._block.create_data_array(f"{name}.{k}", "neo.analogsignal", dtype="int16", shape=(size,))
            array.unit = channel.units
            array.polynom_coefficients = (channel.offset, channel.gain)
            array.append_sampled_dimension(1 / stream.rate, label="time", unit="s", offset=t_start)
            array.metadata = self._about(group.metadata, f"{name}.{k}", "analogsignal", channel.name, t_start=t_start)
            group.data_arrays.append(array)
            arrays.append(array)
        for first, counts in stream.blocks(seg_index):
            for array, column in zip(arrays, np.ascontiguousarray(counts.T), strict=True):
                array[first : first + len(column)] = column
            self._out.tick(counts.size)

    def _unit(self, unit: RecordedUnit, seg_index: int, group: Any) -> None:
        name, span = f"neo.spiketrain.{next(self._numbers)}", self._recorded.segments[seg_index]
        times = np.asarray(unit.times(seg_index, None, None), "<f8")
        tag = self._block.create_multi_tag(
            name, "neo.spiketrain", self._array(f"{name}.times", "neo.spiketrain.times", times)
        )
        tag.metadata = self._about(
            group.metadata, name, "spiketrain", unit.name, t_start=span.t_start, t_stop=span.t_stop
        )
        group.multi_tags.append(tag)

    def _events(self, events: RecordedEvents, seg_index: int, group: Any) -> None:
        times, durations, labels = events.read(seg_index, None, None)
        kind = "event" if durations is None else "epoch"
        name = f"neo.{kind}.{next(self._numbers)}"
        positions = self._array(f"{name}.times", f"neo.{kind}.times", np.asarray(times, "<f8"))
        positions.append_set_dimension([self._plain(f"labels of {events.name}", label) for label in labels.tolist()])
        tag = self._block.create_multi_tag(name, f"neo.{kind}", positions)
        if durations is not None:
            lasting = np.asarray(durations, "<f8")
            tag.extents = self._array(f"{name}.durations", "neo.epoch.durations", lasting)
        tag.metadata = self._about(group.metadata, name, kind, events.name)
        group.multi_tags.append(tag)


def _changed(folder: Path, change: Callable[[Any], None]) -> None:
    for path in folder.rglob("*.nix"):
        with _library("h5py").File(path, "r+") as file:
            change(file)


def _nameless(folder: Path) -> None:
    def change(file: Any) -> None:
        segment = next(iter(next(iter(file["metadata"].values()))["sections"].values()))
        for section in segment["sections"].values():
            del section["properties"]["neo_name"]

    _changed(folder, change)


def _one_less(folder: Path) -> None:
    def change(file: Any) -> None:
        groups = next(iter(file["data"].values()))["groups"]
        arrays = groups[max(groups)]["data_arrays"]
        del arrays[max(arrays)]

    _changed(folder, change)


def _newer(folder: Path) -> None:
    _changed(folder, lambda file: file.attrs.__setitem__("version", np.array([99, 0, 0])))


register_rig(
    RigFormat(
        name="nix",
        title=TITLE,
        files=".nix",
        neo="NIXRawIO",
        holds=Holds(
            "any number",
            offsets=True,
            names=True,
            t_start=True,
            segments=True,
            units=True,
            events=True,
            labels=True,
            durations=True,
            date=True,
        ),
        write=_write,
        faults=(
            FileFault(
                "nameless",
                "things in the first segment have no neo_name, as in files that another version wrote",
                "take them to be without a name",
                "python-neo 778",
                _nameless,
            ),
            FileFault(
                "one-channel-less",
                "the last segment lacks a channel that the others have",
                "say that segments are not alike, and read those that are",
                "python-neo PR 1250",
                _one_less,
            ),
            FileFault(
                "newer-version",
                "the file is of a later version of NIX",
                "say which version it is, and which can be read",
                "python-neo PR 576",
                _newer,
            ),
        ),
        extractor="read_nix",
        source="G-Node, NIX data model; Neo's NixIO",
        extras=("nix",),
    )
)
