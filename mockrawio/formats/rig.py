"""Files of recording rigs, one format a module of this package, all written from a :class:`~.recorded.Recorded`.

A further format is a further module here, whose last line is ``register_rig(RigFormat(...))``: it is found, offered,
listed and named in errors from there.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..ground.arrays import Bools, Floats, Ints
from ..ground.durable import naming
from ..ground.errors import MockSessionError
from ..ground.progress import Tick
from ..ground.regular import only_regular
from ..ground.whole_folder import WholeFolder
from ..ground.writing import SYNC_BYTES, Chunks, sync_now, write_all
from .recorded import MICROVOLTS, Recorded, RecordedSignals
from .registry import Registry

MOST_FILES = 128  # to be open at once: some systems let a process have 256

Opening = Mapping[str, object]
"""How Neo's class opens what was written: its arguments, paths below the folder as :class:`Below`."""


class Below(str):
    """A path below the folder that was written, with forward slashes; "" is the folder."""


@dataclass(frozen=True)
class Holds:
    """What a format holds of a recording, as the table of ``mockrawio formats`` has it.

    What it does not hold is left out of every export and named in ``Exported.left_out``.
    """

    streams: str  # which there can be, in a few words
    most_streams: int | None = None  # more are left out: those of the highest rates are kept
    one_rate: bool = False  # streams of other rates than the highest are left out
    gains: str = "one a channel"  # or "one a stream", "fixed", ...
    offsets: bool = False
    names: bool = False  # of channels, as they are
    t_start: bool = False  # of the recording's first sample
    segments: bool = False  # several in one file or folder; else each is a part of its own
    units: bool = False
    waveforms: bool = False
    events: bool = False
    labels: bool = False  # of events, as text
    durations: bool = False  # of epochs
    probe: bool = False
    date: bool = False


@dataclass(frozen=True)
class FileFault:
    """A way in which real files of a format are broken."""

    name: str
    what: str  # what is wrong with the file
    should: str  # what a reader should do
    seen: str  # where it was reported: "python-neo 1240"
    apply: Callable[[Path], None]  # changes the files in the folder that is being written


class RigFile:
    """A file of an export while it is written."""

    def __init__(self, file: BinaryIO, place: Path, folder: WholeFolder) -> None:
        self._file, self._place, self._folder, self._unsynced = file, place, folder, 0

    def write(self, data: bytes | memoryview | Any) -> None:
        """Write a block: bytes, or a C-contiguous array."""
        view = memoryview(data)
        write_all(self._file, view, self._place)
        self._unsynced += view.nbytes
        if self._unsynced >= SYNC_BYTES:
            self._folder.sync(self._file, self._place)
            self._unsynced = 0

    def rewrite(self, offset: int, data: bytes) -> None:
        """Replace bytes that were written before, as in a header that counts what follows it."""
        with naming(self._place):
            self._file.seek(offset)
            write_all(self._file, memoryview(data), self._place)
            self._file.seek(0, 2)

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._file.tell()


class RigFolder(WholeFolder):
    """The folder that an export writes; there completely or not at all."""

    def __init__(self, target: Path, *, overwrite: bool = False, tick: Tick = lambda size: None) -> None:
        super().__init__(target, overwrite=overwrite)
        self.tick = tick  # to be called with the samples that were written
        self.left_out: list[str] = []

    def leave(self, what: str, why: str) -> None:
        """Note a thing that the format does not hold, once."""
        line = f"{what}: {why}"
        if line not in self.left_out:
            self.left_out.append(line)

    def frames(self, what: str, times: Floats, stream: RecordedSignals, seg_index: int) -> tuple[Ints, Bools]:
        """Return the sample of a segment that is nearest to each time (s), and which of them there are.

        Where some lie outside the samples `what` is noted: the format counts them in samples.
        """
        frames = np.rint((times - stream.t_starts[seg_index]) * stream.rate).astype(np.int64)
        inside = (frames >= 0) & (frames < stream.sizes[seg_index])
        if not inside.all():
            self.leave(what, "some are where there are no samples")
        return frames, inside

    def microvolts(self, units: str) -> float:
        """Return how many µV a unit of measure is; one that is no voltage is noted, and is as if it were µV."""
        if units not in MICROVOLTS:
            self.leave(f"unit {units!r}", "values are written as if they were in uV")
        return MICROVOLTS.get(units, 1.0)

    def text(self, what: str, text: str, most: int, encoding: str = "ascii") -> bytes:
        """Return a text in a field of `most` bytes, "?" for what the encoding lacks; `what` is noted if it changes."""
        plain = "".join(one if one.isprintable() else "?" for one in text)
        kept = plain.encode(encoding, "replace")[:most].decode(encoding, "ignore")
        if kept != text:
            self.leave(what, f"at most {most} characters of {encoding.upper()}")
        return kept.encode(encoding)

    def leave_instants(self, streams: Iterable[RecordedSignals], part: str) -> None:
        """Note that readers take the channels of a Neuropixels part for sampled one after another, if they are not."""
        if any(stream.at_once for stream in streams):
            self.leave("instants of samples", f"all channels have one: readers shift those of a {part}")

    def leave_spikeless(self, recorded: Recorded) -> None:
        """Note the units that have no spikes, where spikes alone tell which units there are."""
        for unit in recorded.units:
            if not any(unit.count(k) for k in range(len(recorded.segments))):
                self.leave(f"unit {unit.name}", "it has no spikes, and there is no list of units")

    def names(self) -> tuple[str, ...]:
        """Return the files that were written, by their paths below the folder, sorted."""
        files = (path for path in self.staging.rglob("*") if path.is_file())
        return tuple(sorted(path.relative_to(self.staging).as_posix() for path in files))

    @contextmanager
    def file(self, name: str) -> Iterator[RigFile]:
        """Open a file to write to, by its path below the folder with forward slashes."""
        path, place = self.path(name), self.target / name
        with naming(place):
            file: BinaryIO = open(path, "w+b", buffering=0)  # type: ignore[assignment]  # noqa: SIM115  # FileIO is one
        with file:
            yield RigFile(file, place, self)
            self.sync(file, place)

    @contextmanager
    def several(self, names: Sequence[str]) -> Iterator[list[RigFile]]:
        """Open files to write to, not more than `MOST_FILES`."""
        with ExitStack() as stack:
            yield [stack.enter_context(self.file(name)) for name in names]

    def write(self, name: str, chunks: Chunks) -> None:
        """Write a whole file."""
        with self.file(name) as file:
            for chunk in chunks:
                file.write(chunk)

    @contextmanager
    def library(self, name: str) -> Iterator[Path]:
        """Give a library the path of a file that it writes itself; it is put onto the disk afterwards."""
        path, place = self.path(name), self.target / name
        with naming(place):
            yield path
        with open(path, "r+b", buffering=0, opener=only_regular) as file:
            sync_now(file, place)  # type: ignore[arg-type]  # FileIO is one


Write = Callable[..., Sequence[Opening]]
"""Takes a :class:`~.recorded.Recorded`, the :class:`RigFolder` to write to and the format's options by name; returns
an opening for each part: one, or where `Holds.segments` is false one for each segment."""


@dataclass(frozen=True)
class RigFormat:
    """One format."""

    name: str  # what ``format`` and ``--to`` call it: that of its module
    title: str  # what it is called in a text
    files: str  # what is written: "{run}.ap.bin, .ap.meta, ..."
    neo: str  # Neo's class that reads it: "SpikeGLXRawIO"
    holds: Holds
    write: Write
    faults: tuple[FileFault, ...] = ()
    extractor: str | None = None  # SpikeInterface's function that reads it, "read_spikeglx"
    source: str = ""  # where the layout is described, for docs
    rank: int = 100
    extras: tuple[str, ...] = field(default=())  # extras of ours that writing needs

    @property
    def options(self) -> dict[str, Any]:
        """What an export may be asked for besides: its defaults by name."""
        known = inspect.signature(self.write).parameters.values()
        return {one.name: one.default for one in known if one.kind is one.KEYWORD_ONLY}

    def fault(self, name: str) -> FileFault | None:
        """Return a fault by its name."""
        return next((fault for fault in self.faults if fault.name == name), None)


_RIGS: Registry[RigFormat] = Registry(__package__)
register_rig, rig_formats = _RIGS.register, _RIGS.all


def first_stream(recorded: Recorded, title: str) -> RecordedSignals:
    """Return the first stream; MockSessionError if there is none, and a format counts time in its samples."""
    if not recorded.signals:
        remedy = "Give a recording with signals, or take another format."
        raise MockSessionError("source", f"signals, in whose samples {title} counts time", "none", remedy)
    return recorded.signals[0]


def each_segment(recorded: Recorded, write: Callable[[Recorded, str], Opening]) -> list[Opening]:
    """Write each segment as a recording of its own, into a folder of its own if there are several.

    `write` is given the segment's recording, and what the names of its files begin with: "" or "segment_0/".
    """
    n = len(recorded.segments)
    if n == 1:
        return [write(recorded, "")]
    return [write(recorded.part(k), f"segment_{k}/") for k in range(n)]
