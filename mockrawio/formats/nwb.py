"""NWB: one HDF5 file, written by pynwb.

The layout is that of *Neurodata Without Borders*. Each stream of each segment is an ElectricalSeries of int16 counts
in ``/processing/ecephys``, with a factor for each channel, and a TimeSeries in ``/acquisition`` that links to its data:
Neo reads the latter, as it cannot load a series with electrodes. Neo has no factors for channels: its values are the
counts, called µV. Segments are named as Neo does, by comments and columns: a unit is a row for each segment, an epoch
channel's name ends with the segment's number if there are several.

Bytes are the same each time with the same versions of pynwb, hdmf and HDF5.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import numpy as np

from ..ground.arrays import Floats
from ..ground.extras import extra_module
from .recorded import Recorded, RecordedSignals
from .rig import Below, FileFault, Holds, Opening, RigFolder, RigFormat, register_rig
from .scaling import gains_uV

TITLE = "NWB"
_UNKNOWN = "unknown"
_LONGEST = 1000  # bytes of a name or a label
_ANY_SPECIES = "http://purl.obolibrary.org/obo/NCBITaxon_1"  # the root of all


def _write(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    pynwb = _library("pynwb")
    name = f"{recorded.title}.nwb"
    made = _Nwb(recorded, out)
    made.identify()
    with out.library(name) as path, pynwb.NWBHDF5IO(str(path), "w") as io:
        io.write(made.file)
        for (stream, seg_index), series in made.series:
            for first, counts in stream.blocks(seg_index):
                series.data.dataset[first : first + len(counts)] = counts
                out.tick(counts.size)
    return [{"filename": Below(name)}]


class _Nwb:
    """A recording as pynwb's objects, the samples of which are written afterwards."""

    def __init__(self, recorded: Recorded, out: RigFolder) -> None:
        pynwb = _library("pynwb")
        self._recorded, self._out, self._pynwb = recorded, out, pynwb
        self._taken: set[str] = set()
        self.series: list[tuple[tuple[RecordedSignals, int], Any]] = []
        self.file: Any = pynwb.NWBFile(
            session_description=recorded.about or recorded.title,
            identifier=str(uuid5(NAMESPACE_OID, f"{recorded.title} {recorded.start.isoformat()}")),
            session_start_time=recorded.start,
            file_create_date=recorded.start,
        )
        self.file.subject = pynwb.file.Subject(
            subject_id=recorded.title, description="not known", species=_ANY_SPECIES, sex="U", age="P0D/"
        )
        if recorded.signals:
            self._signals()
        epochs = []
        for seg_index in range(len(recorded.segments)):
            self._units(seg_index)
            epochs += self._events(seg_index)
        if epochs:
            self._epochs(epochs)

    def identify(self) -> None:
        """Give each object an id that is the same each time; pynwb's own are random."""
        for number, one in enumerate(self.file.all_children()):
            one._AbstractContainer__object_id = str(uuid5(NAMESPACE_OID, f"{self.file.identifier} {number}"))

    def _segment(self, seg_index: int) -> dict[str, str]:
        return {"block": self._recorded.title, "segment": f"segment {seg_index}"}

    def _plain(self, what: str, text: str) -> str:
        return self._out.text(what, text, _LONGEST, "utf-8").decode()

    def _about(self, what: str, name: str) -> str:
        return f"{what} {self._plain(f'name {name!r}', name)}"

    def _name(self, name: str, seg_index: int) -> str:
        """Return a name for a segment's object, that no other one has."""
        text = self._plain(f"name {name!r}", name).replace("/", "_").replace(":", "_") or _UNKNOWN
        if "/" in name or ":" in name:
            self._out.leave(f"name {name!r}", "a name has neither / nor :")
        text = text if len(self._recorded.segments) == 1 else f"{text} {seg_index}"
        while text in self._taken:
            text += "_"
        self._taken.add(text)
        return text

    def _signals(self) -> None:
        device = self.file.create_device(name="device", description="The device of the recording")
        module = self.file.create_processing_module(name="ecephys", description="Signals, with their electrodes")
        self.file.add_electrode_column(name="channel_name", description="The channel's name")
        self.file.add_electrode_column(name="offset", description="What to add to a channel's scaled counts (V)")
        for stream in self._recorded.signals:
            region, gains = self._electrodes(stream, device), gains_uV(stream, self._out)[0]
            for seg_index in range(len(self._recorded.segments)):
                series = self._one(stream, seg_index, region, gains.tolist())
                module.add(series)
                self.series.append(((stream, seg_index), series))

    def _electrodes(self, stream: RecordedSignals, device: Any) -> Any:
        group = self.file.create_electrode_group(
            name=f"group {len(self.file.electrode_groups)}",
            description=self._about("The electrodes of", stream.name),
            location=_UNKNOWN,
            device=device,
        )
        offsets = gains_uV(stream, self._out)[1] * 1e-6
        first, places = 0 if self.file.electrodes is None else len(self.file.electrodes), self._places(stream)
        for k, (channel, offset) in enumerate(zip(stream.channels, offsets.tolist(), strict=True)):
            where = {} if places is None else dict(zip(("rel_x", "rel_y"), places[k].tolist(), strict=True))
            self.file.add_electrode(
                location=_UNKNOWN,
                group=group,
                channel_name=self._plain(f"name {channel.name!r}", channel.name),
                offset=offset,
                **where,
            )
        rows = list(range(first, first + len(stream.channels)))
        return self.file.create_electrode_table_region(
            region=rows, description=self._about("The electrodes of", stream.name)
        )

    def _places(self, stream: RecordedSignals) -> Floats | None:
        """Return where a stream's channels are in a plane; not a number if only those of others are known."""
        if stream.positions is not None:
            return stream.positions[:, :2]
        others = any(one.positions is not None for one in self._recorded.signals)
        return np.full((len(stream.channels), 2), np.nan) if others else None

    def _one(self, stream: RecordedSignals, seg_index: int, region: Any, gains: list[float]) -> Any:
        """Return a segment of a stream, whose samples are not there yet; what links to it is in the file."""
        times = {"rate": stream.rate, "starting_time": stream.t_starts[seg_index]}
        name, about = self._name(stream.name, seg_index), self._about(f"Segment {seg_index} of", stream.name)
        shape = (stream.sizes[seg_index], len(stream.channels))
        more = {"name": name, "conversion": 1e-6, "description": about, **times}
        data = _library("hdmf.backends.hdf5").H5DataIO(shape=shape, dtype=np.dtype("<i2"))
        series = self._pynwb.ecephys.ElectricalSeries(data=data, electrodes=region, channel_conversion=gains, **more)
        comments = json.dumps(self._segment(seg_index))
        link = self._pynwb.TimeSeries(data=series, unit="volts", comments=comments, **more)
        self.file.add_acquisition(link)
        return series

    def _units(self, seg_index: int) -> None:
        units = self._recorded.units
        if units and self.file.units is None:
            rate = max((one.rate for one in self._recorded.signals), default=0.0)
            table = self._pynwb.misc.Units(
                name="units", description="Units, a row for each segment", **_resolution(rate)
            )
            self.file.units = table
            for name, what in (("_name", "The unit's name"), ("segment", "Its segment"), ("block", "Its block")):
                self.file.add_unit_column(name=name, description=what)
        for unit in units:
            self.file.add_unit(
                spike_times=np.asarray(unit.times(seg_index, None, None), "<f8"),
                obs_intervals=[list(self._recorded.segments[seg_index])],
                _name=self._plain(f"name {unit.name!r}", unit.name),
                **self._segment(seg_index),
            )

    def _events(self, seg_index: int) -> list[tuple[float, float, str, str, int]]:
        """Add the events of a segment; return its epochs."""
        epochs: list[tuple[float, float, str, str, int]] = []
        for events in self._recorded.events:
            times, durations, found = events.read(seg_index, None, None)
            if not len(times):
                continue
            labels = [self._plain(f"labels of {events.name}", label) for label in found.tolist()]
            name = self._name(events.name, seg_index)
            if durations is not None:
                columns = zip(times.tolist(), durations.tolist(), labels, strict=True)
                epochs += [(*one, name, seg_index) for one in columns]
                continue
            self.file.add_acquisition(self._annotations(name, events.name, seg_index, times, labels))
        return epochs

    def _annotations(self, name: str, about: str, seg_index: int, times: Floats, labels: list[str]) -> Any:
        with warnings.catch_warnings():
            # pynwb has tables of events now, which Neo does not read
            warnings.filterwarnings("ignore", "AnnotationSeries is deprecated")
            return self._pynwb.misc.AnnotationSeries(
                name=name,
                data=labels,
                timestamps=np.asarray(times, "<f8"),
                description=self._about("Events of", about),
                comments=json.dumps(self._segment(seg_index)),
            )

    def _epochs(self, epochs: Sequence[tuple[float, float, str, str, int]]) -> None:
        """Add epochs, each with its start, duration, label, name and segment, in order of time."""
        for column, what in (("_name", "The channel's name"), ("segment", "Its segment"), ("block", "Its block")):
            self.file.add_epoch_column(name=column, description=what)
        for start, duration, label, name, seg_index in sorted(epochs, key=lambda one: one[:2]):
            more = {"_name": name, **self._segment(seg_index)}
            self.file.add_epoch(start_time=start, stop_time=start + duration, tags=[label], **more)


def _library(name: str) -> Any:
    return extra_module(name, "NWB files", "nwb")


def _resolution(rate: float) -> dict[str, float]:
    return {"resolution": 1 / rate} if rate else {}


def _changed(folder: Path, change: Callable[[Any], None]) -> None:
    for path in folder.rglob("*.nwb"):
        with _library("h5py").File(path, "r+") as file:
            change(file)


def _two_rows(folder: Path) -> None:
    def change(file: Any) -> None:
        for series in file["acquisition"].values():
            if "timestamps" in series:
                times, facts = series["timestamps"][:], dict(series["timestamps"].attrs)
                del series["timestamps"]
                series["timestamps"] = np.stack([times, times])
                series["timestamps"].attrs.update(facts)

    _changed(folder, change)


def _no_version(folder: Path) -> None:
    _changed(folder, lambda file: file.attrs.__delitem__("nwb_version"))


def _cut(folder: Path) -> None:
    for path in folder.rglob("*.nwb"):
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size * 3 // 4)


register_rig(
    RigFormat(
        name="nwb",
        title=TITLE,
        files=".nwb",
        neo="NWBIO",
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
            probe=True,
            date=True,
        ),
        write=_write,
        faults=(
            FileFault(
                "two-rows-of-times",
                "time stamps of events are an array of two rows",
                "say which series is not as the format has it, and read the others",
                "AllenSDK 1410",
                _two_rows,
            ),
            FileFault(
                "no-version",
                "the file does not say of which version of NWB it is",
                "say so, and read it on request",
                "pynwb 1675",
                _no_version,
            ),
            FileFault(
                "cut-file",
                "the file ends early, as after a download that broke off",
                "say that it is not whole",
                "AllenSDK 22",
                _cut,
            ),
        ),
        extractor="read_nwb",
        source="Neurodata Without Borders, NWB format specification",
        extras=("nwb",),
    )
)
