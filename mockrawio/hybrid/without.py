"""A recording without the events of a run, and the check that what comes out is the run's source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..ground.arrays import Array
from ..ground.errors import BadFileError
from ..ground.progress import Tick
from ..ground.writing import FileRecord
from ..planting import Planter
from .recording import RawFile, RawRecording
from .store import load_clipped, load_events

BLOCK_BYTES = 1 << 22
AGAIN = "Restore the run's files, or run the generation again."


@dataclass(frozen=True)
class Undone:
    """The restored source of a run.

    Attributes
    ----------
    folder : Path
        Where it is now.
    files : tuple of Path
        The recording's files; of a session its stream.
    records : tuple of FileRecord
        Size and SHA-256 of each: those that the run's manifest has of its source.
    n_events : int
        Number of events removed.
    """

    folder: Path
    files: tuple[Path, ...]
    records: tuple[FileRecord, ...]
    n_events: int


class WithoutEvents:
    """A recording without the events of a run."""

    def __init__(self, recording: RawRecording, events: Path) -> None:
        units = load_events(events)
        self.recording, self.clipped = recording, load_clipped(events)
        self.n_events = sum(len(unit.times) for unit in units)
        self.planter = Planter(units, recording.n_channels, recording.dtype)

    def read(self, start: int, stop: int) -> Array:
        """Return its samples from `start` to `stop` (not included), of the axis of the recording."""
        block = np.array(self.recording.read(start, stop), order="C")
        if self.planter.touches(start, stop):
            block -= self.planter.counts(start, stop).astype(block.dtype)  # as it wraps round for compat
            wide, at = self.recording.n_channels, self.clipped.at
            low, high = np.searchsorted(at, [start * wide, stop * wide])
            block.reshape(-1)[at[low:high] - start * wide] = self.clipped.was[low:high]
        return block

    def blocks(self, file: RawFile, tick: Tick) -> Iterator[memoryview]:
        """Yield the samples of a file."""
        step = max(1, BLOCK_BYTES // (self.recording.n_channels * self.recording.dtype.itemsize))
        for start in range(file.start, file.stop, step):
            block = self.read(start, min(start + step, file.stop))
            yield block.data
            self.recording.release()
            tick(block.nbytes)


def check_source(path: Path, made: FileRecord, source: FileRecord) -> None:
    """Raise a BadFileError of a run's result unless what was made of it is the source."""
    expected = f"the result of the run, which is {source.sha256[:12]}... without its events"
    if made != source:
        raise BadFileError(path, expected, f"another, {made.sha256[:12]}...", AGAIN)
