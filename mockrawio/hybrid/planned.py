"""What a run is to make, before any file is touched; and what it made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from ..ground.arrays import Array
from ..ground.writing import FileRecord
from ..planting import Planter
from .recipe import Recipe
from .source import HybridSource
from .store import Clipped, events_bytes
from .tables import FIRINGS, Tables, csv_bytes, firings_bytes, metadata_bytes, named, rate_bytes, run_tables
from .units import HybridUnit, UnitSkipped


@dataclass(frozen=True)
class UnitReport:
    """What was made of a requested unit, or why nothing.

    Attributes
    ----------
    true_unit : int
        The label asked for.
    new_unit : int or None
        The label of the new events; None if it was skipped.
    reason : str or None
        Why it was skipped.
    n_source : int
        Spikes of the unit that could be used.
    n_source_edge : int
        Spikes that could not, since their window leaves the file.
    source_channels, channels : tuple of int
        Raw rows that events were taken from, and added to, in the same order.
    center_channel : int or None
        Raw row on which the new events are centred.
    n_events : int
        Events added.
    n_edge, n_refractory, n_over_cap : int
        Events that were not, since their window would leave its file, since there was no room
        between other spikes, since there were more than ``max_events``.
    """

    true_unit: int
    new_unit: int | None = None
    reason: str | None = None
    n_source: int = 0
    n_source_edge: int = 0
    source_channels: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()
    center_channel: int | None = None
    n_events: int = 0
    n_edge: int = 0
    n_refractory: int = 0
    n_over_cap: int = 0

    @property
    def made(self) -> bool:
        """Whether any event was added."""
        return self.new_unit is not None

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON-serialisable values, ``made`` first."""
        return {"made": self.made, **asdict(self)}


def skipped(report: UnitReport, reason: UnitSkipped) -> UnitReport:
    """Return a report that says why the unit was skipped."""
    return replace(report, reason=reason.found, new_unit=None)


class Adder(Protocol):
    """Adds the events of a plan to blocks of its source."""

    def add(self, block: Array, start: int) -> int:
        """Add what falls into a block that begins at an absolute sample, in place; return how many samples clipped."""

    def counts(self, start: int, stop: int) -> Array:
        """Return what is added to these samples, before clipping."""


@dataclass(frozen=True, kw_only=True)
class _Run:
    """What a plan and a result both tell; :class:`HybridResult` says of each attribute what it is."""

    params: Recipe
    units: tuple[UnitReport, ...]
    planted: tuple[HybridUnit, ...]
    names: Mapping[int, Any] = field(default_factory=dict)

    @property
    def n_events(self) -> int:
        """Number of events added."""
        return sum(unit.n_events for unit in self.units)

    @property
    def skipped(self) -> tuple[UnitReport, ...]:
        """The units of which nothing is made."""
        return tuple(unit for unit in self.units if not unit.made)

    @property
    def ok(self) -> bool:
        """Whether every requested unit is made, or may be missing (``allow_skips``)."""
        return self.params.allow_skips or not self.skipped


@dataclass(frozen=True, kw_only=True)
class HybridPlan(_Run):
    """What a run is to make of its source; the rest as :class:`HybridResult` has it."""

    source: HybridSource

    def tables(self) -> Tables:
        """Return the tables of the run."""
        return run_tables(self.source.sorting, self.planted)

    def small_files(self, paths: Iterable[str], clipped: Clipped) -> dict[str, bytes]:
        """Return the tables, the probe, the sample rate, and the events: name to content.

        The table of files has of each file of the recording the path in `paths` that it becomes; `clipped` is what was
        when it was written.
        """
        recording, made = self.source.recording, self.tables()
        contents = {
            "metadata.csv": metadata_bytes(list(paths), recording.files),
            "annotations.csv": csv_bytes(made.annotations),
            "artificial_units.csv": csv_bytes(made.artificial),
            "dtype.npy": rate_bytes(recording.sample_rate, recording.dtype),
            "events.npz": events_bytes(self.planted, clipped),
            "probe.npz": self.source.probe.npz_bytes(),
        }
        own = {named(kind, self.params.session_name): content for kind, content in contents.items()}
        return {**own, FIRINGS: firings_bytes(made.artificial)}

    def adder(self) -> Adder:
        """Return the object that adds the events to blocks of the source."""
        return Planter(self.planted, self.source.recording.n_channels, self.source.recording.dtype)

    def result(self, folder: Path, targets: tuple[Path, ...], **written: Any) -> HybridResult:
        """Return the result of the plan, where it is to be or, with what was `written`, is."""
        facts = {"params": self.params, "units": self.units, "planted": self.planted, "names": self.names}
        return HybridResult(folder=folder, targets=targets, **{**facts, **written})


@dataclass(frozen=True, kw_only=True)
class HybridResult(_Run):
    """The result of a hybrid run, or of a dry run.

    Attributes
    ----------
    folder : Path
        The output folder.
    params : Recipe
        As the run used them: nothing left open. Of a run of files they are :class:`~mockrawio.hybrid.HybridParams`.
    units : tuple of UnitReport
        For every requested unit its result, or the reason for skipping it.
    planted : tuple of HybridUnit
        The units that were added, and their events.
    names : mapping of int to object
        Names of units by label, if the source has other names.
    targets : tuple of Path
        The results, one for each source file.
    files : tuple of Path
        All files that were written, the results included; empty if none was.
    sources, results : tuple of FileRecord
        Size and SHA-256 of each source file and of its result; empty if nothing was written.
    n_clipped : int
        Samples that were clipped.
    """

    folder: Path
    targets: tuple[Path, ...]
    files: tuple[Path, ...] = ()
    sources: tuple[FileRecord, ...] = ()
    results: tuple[FileRecord, ...] = ()
    n_clipped: int = 0
