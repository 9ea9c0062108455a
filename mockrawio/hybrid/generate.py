"""A hybrid run: from parameters to the result, its tables, and a manifest of all that was done."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from os import PathLike
from pathlib import Path
from typing import Any

from ..formats.sorters import Sorting, load_sorting
from ..ground.errors import MockSessionError
from ..ground.progress import Tick, progress_bar
from ..ground.writing import FileRecord, file_record, write_file, write_plain
from ..planting import Planter
from ..session.own import refuse_own
from .original.run import run_legacy
from .output import FIRINGS, Tables, csv_bytes, firings_bytes, manifest_bytes, metadata_bytes, named, rate_bytes, tables
from .params import HybridParams
from .plan import Plan, UnitReport, plan_units
from .probe import Probe
from .recording import open_raw
from .run_manifest import listed_files
from .store import events_bytes, load_events
from .target import Staging, mend, refuse_foreign_files, reset, run_files, target_names, write_target
from .units import HybridUnit, Source, SourceFile

__all__ = [
    "HybridResult",
    "generate_hybrid",
    "generate_hybrid_from",
    "manifest_content",
    "planted_events",
    "small_files",
]


# What files, and how they are read and written: says nothing of a source that has no such files.
_OF_FILES = {"data_directory", "raw_source_file", "output_directory", "output_type", "phy_base", "start_time", "copy"}


@dataclass(frozen=True)
class HybridResult:
    """What a run made.

    Attributes
    ----------
    folder : Path
        The output folder.
    params : HybridParams
        As the run used them: nothing left open.
    units : tuple of UnitReport
        For every requested unit what was made, or why nothing.
    planted : tuple of HybridUnit
        The units that were made, and their events.
    targets : tuple of Path
        The results, one for each source file.
    files : tuple of Path
        All files that were written, the results included; empty for a dry run.
    sources, results : tuple of FileRecord
        Size and SHA-256 of each source file and of its result; empty for a dry run.
    n_clipped : int
        Samples that were clipped.
    names : mapping of int to object
        What units are called beside their labels, where the source calls them otherwise.
    """

    folder: Path
    params: HybridParams
    units: tuple[UnitReport, ...]
    planted: tuple[HybridUnit, ...]
    targets: tuple[Path, ...]
    files: tuple[Path, ...] = ()
    sources: tuple[FileRecord, ...] = ()
    results: tuple[FileRecord, ...] = ()
    n_clipped: int = 0
    names: Mapping[int, Any] = field(default_factory=dict)

    @property
    def n_events(self) -> int:
        """Number of events added."""
        return sum(unit.n_events for unit in self.units)

    @property
    def skipped(self) -> tuple[UnitReport, ...]:
        """The units of which nothing was made."""
        return tuple(unit for unit in self.units if not unit.made)

    @property
    def ok(self) -> bool:
        """Whether every requested unit was made, or may be missing (``allow_skips``)."""
        return self.params.allow_skips or not self.skipped


def planted_events(source: HybridResult | str | PathLike[str]) -> tuple[HybridUnit, ...]:
    """Return the events of a run, exactly as they were added.

    Parameters
    ----------
    source : HybridResult or path
        A result, an ``events-<session>.npz``, or a folder that a run made, with exactly one.

    Raises
    ------
    MockSessionError
        If a folder has none of them, or several, or the file is not such a file.
    """
    if isinstance(source, HybridResult):
        return source.planted
    path = Path(source)
    if path.is_dir():
        found = sorted([*path.glob("events-*.npz"), *path.glob("hybrid*/events-*.npz")])
        if len(found) != 1:
            names = ", ".join(file.name for file in found) or "none"
            raise MockSessionError(path, "one events-*.npz", names, "Give the path of one, or a folder with one.")
        path = found[0]
    return tuple(load_events(path))


def generate_hybrid(
    params: HybridParams, *, progress: bool = False, dry_run: bool = False, n_workers: int = 1
) -> HybridResult:
    """Make hybrid data from raw files and a sorter's output.

    The same parameters and seed give the same bytes, for any number of workers. With ``compat``
    they are the original's.

    Parameters
    ----------
    params : HybridParams
        What to make, from what, and where to put it.
    progress : bool
        Whether to show a progress bar on stderr.
    dry_run : bool
        Whether to write nothing, and only find out what would be made.
    n_workers : int
        Number of threads that plan units.

    Returns
    -------
    HybridResult

    Raises
    ------
    MockSessionError
        If the inputs are not as they must be. A unit that cannot be made is none: see
        :attr:`HybridResult.units`.
    SessionExistsError
        If a file that is to be written is there, and no manifest lists it as this session's run's.
    NotWrittenError
        If the file system does not let it be (also an OSError); the output folder is then as it was before.
    """
    recording = open_raw(
        params.raw_source_file,
        n_channels=params.probe.n_channels,
        dtype=params.data_type,
        sample_rate=params.sample_rate,
        start_time=params.start_time,
    )
    sorting = load_sorting(params.data_directory, params.output_type, phy_base=params.phy_base)
    if sorting.phy_base is not None:
        params = replace(params, phy_base=sorting.phy_base)
    return generate_hybrid_from(
        recording, sorting, params.probe, params, progress=progress, dry_run=dry_run, n_workers=n_workers
    )


def generate_hybrid_from(
    recording: Source,
    sorting: Sorting,
    probe: Probe,
    params: HybridParams,
    *,
    progress: bool = False,
    dry_run: bool = False,
    n_workers: int = 1,
    origin: Mapping[str, Any] | None = None,
) -> HybridResult:
    """Make hybrid data from a recording and a sorting that are open already.

    Parameters
    ----------
    recording : RawRecording, or an object with its interface
        The source, which is only read.
    sorting : Sorting
    probe : Probe
        Of as many channels as the recording.
    params : HybridParams
        The rest; what it says of the source's files is only written down.
    progress, dry_run, n_workers, and the result
        As for :func:`generate_hybrid`.
    origin : mapping, optional
        What the manifest is to say of a source that is not files of document 001, as JSON can
        hold it. There is no ``hfparams`` then: such a file could not repeat the run.

    Raises
    ------
    MockSessionError, OSError
        As for :func:`generate_hybrid`.
    """
    if probe.n_channels != recording.n_channels:
        found = f"{probe.n_channels} of the probe and {recording.n_channels} of the recording"
        raise MockSessionError("probe", "as many channels as the recording has", found, "Correct it.")
    if not len(sorting):
        raise MockSessionError("sorting", "events to take", "none", "Give a sorting of the source that found some.")
    Planter((), recording.n_channels, recording.dtype)  # refuses a dtype before any work is done
    params = replace(params, probe=probe, output_type=params.output_type or sorting.kind).resolved()
    run = _Run(recording, sorting, probe, params, n_workers, origin)
    total = sum(file.n_frames for file in recording.files) * recording.n_channels * recording.dtype.itemsize
    with progress_bar(progress and not dry_run, "hybrid", total) as tick:
        return run.dry() if dry_run else run.make(tick)


class _Run:
    """One run: its inputs, and the steps that use them."""

    def __init__(
        self,
        recording: Source,
        sorting: Sorting,
        probe: Probe,
        params: HybridParams,
        n_workers: int,
        origin: Mapping[str, Any] | None,
    ) -> None:
        self.recording, self.sorting, self.probe, self.params = recording, sorting, probe, params
        self.n_workers, self.origin = n_workers, origin
        self.folder = params.output_directory
        self.names = target_names(recording.files)

    def plan(self) -> Plan:
        """Plan the units, by the algorithms of section 11."""
        return plan_units(self.recording, self.sorting, self.probe, self.params, n_workers=self.n_workers)

    def dry(self) -> HybridResult:
        """Find out what would be made."""
        if not self.params.compat:
            return self._result(self.plan())
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / name for name in self.names]
            plan, _, _ = self._make_legacy(paths, lambda size: None)
            return self._result(plan)

    def make(self, tick: Tick) -> HybridResult:
        """Make and write everything."""
        mend(self.folder, str(self.params.session_name))
        names = run_files(self.recording.files, str(self.params.session_name))
        for name in names:
            refuse_own(self.folder / name, [file.path for file in self.recording.files])
        refuse_foreign_files(self.folder, names, self._taken_over())
        if not self.params.copy:
            reset(self.recording, self.folder)
        in_place = not self.params.copy and not self.params.compat
        with Staging(self.folder, str(self.params.session_name)) as staging:
            paths = [(self.folder if in_place else staging.path) / name for name in self.names]
            if self.params.compat:
                plan, made, records = self._make_legacy(paths, tick)
            else:
                plan = self.plan()
                made = tables(self.sorting, plan.planted)
                records = self._make(plan, paths, tick, in_place)
            result = replace(self._result(plan), **records)
            self._write_small(staging.path, result, made)
            files = {*staging.land(), *result.targets}
            return replace(result, files=tuple(sorted(files)))

    def _taken_over(self) -> list[str]:
        """Return what a run in place may replace though another made it, since it takes out that one's events."""
        if self.params.copy:
            return []
        runs = [listed_files(path) for path in self.folder.glob("manifest-*.json")]
        truth = [FIRINGS] if any(FIRINGS in files for files in runs) else []
        return [*self.names, *truth, self._name("events", "npz")]

    def _result(self, plan: Plan) -> HybridResult:
        targets = tuple(self.folder / name for name in self.names)
        return HybridResult(self.folder, self.params, plan.reports, plan.planted, targets)

    def _make(self, plan: Plan, paths: Sequence[Path], tick: Tick, in_place: bool) -> dict[str, Any]:
        if in_place:  # what is about to be added must be known to whoever has to take it out again
            write_file(self.folder / self._name("events", "npz"), [events_bytes(plan.planted)])
        planter = Planter(plan.planted, self.recording.n_channels, self.recording.dtype)
        return self._write(planter, paths, tick, in_place)

    def _write(self, planter: Planter, paths: Sequence[Path], tick: Tick, in_place: bool = False) -> dict[str, Any]:
        made = [
            write_target(
                self.recording, file, planter, path, place=self.folder / path.name, in_place=in_place, tick=tick
            )
            for file, path in zip(self.recording.files, paths, strict=True)
        ]
        sources, results, clipped = zip(*made, strict=True)
        return {"sources": sources, "results": results, "n_clipped": sum(clipped)}

    def _make_legacy(self, paths: Sequence[Path], tick: Tick) -> tuple[Plan, Tables, dict[str, Any]]:
        records = self._write(Planter((), self.recording.n_channels, self.recording.dtype), paths, tick)
        plan, made = run_legacy(self.recording, self.sorting, self.probe, self.params, paths)
        return plan, made, {**records, "results": tuple(file_record(path) for path in paths)}

    def _name(self, kind: str, extension: str) -> str:
        return f"{kind}-{self.params.session_name}.{extension}"

    def _write_small(self, folder: Path, result: HybridResult, made: Tables) -> None:
        """Write the files of section 7 but the results, the events, and the manifest over all of them."""
        contents = small_files(self.recording, result, made, [str(path) for path in result.targets])
        if self.origin is None:
            contents[f"hfparams_{self.params.session_name}.toml"] = self.params.to_toml().encode()
        files = {name: write_plain(folder / name, [data], self.folder / name) for name, data in contents.items()}
        name = self._name("manifest", "json")
        content = manifest_content(self.recording, result, self.origin)
        write_plain(folder / name, [manifest_bytes(content, files)], self.folder / name)


def small_files(recording: Source, result: HybridResult, made: Tables, paths: Sequence[str]) -> dict[str, bytes]:
    """Return the tables of section 7, the probe, the sample rate, and the events: name to content.

    Parameters
    ----------
    recording : RawRecording
    result : HybridResult
    made : Tables
    paths : sequence of str
        What each file of the recording has become, as the table of files is to have it.
    """
    contents = {
        "metadata.csv": metadata_bytes(paths, recording.files),
        "annotations.csv": csv_bytes(made.annotations),
        "artificial_units.csv": csv_bytes(made.artificial),
        "dtype.npy": rate_bytes(recording.sample_rate, recording.dtype),
        "events.npz": events_bytes(result.planted),
        "probe.npz": result.params.probe.npz_bytes(),
    }
    own = {named(kind, result.params.session_name): content for kind, content in contents.items()}
    return {**own, FIRINGS: firings_bytes(made.artificial)}


def manifest_content(
    recording: Source,
    result: HybridResult,
    origin: Mapping[str, Any] | None = None,
    files: Sequence[SourceFile] | None = None,
) -> dict[str, Any]:
    """Return what the manifest says, but for the small files.

    Parameters
    ----------
    recording : RawRecording
    result : HybridResult
    origin : mapping, optional
        As for :func:`generate_hybrid_from`.
    files : sequence of RawFile, optional
        The files that `sources` and `results` are of. None: the recording's.
    """
    pairs = zip(recording.files if files is None else files, result.sources, strict=True)
    return {
        "session_name": result.params.session_name,
        "random_seed": result.params.random_seed,
        "compat": result.params.compat,
        "sample_rate": recording.sample_rate,
        "data_type": recording.dtype.name,
        "n_channels": recording.n_channels,
        **({} if origin is None else {"origin": origin}),
        "parameters": _parameters(result.params, of_files=origin is None),
        "sources": [
            {"path": file.path, "start": file.start, "n_frames": file.n_frames, **record._asdict()}
            for file, record in pairs
        ],
        "results": [
            {"path": path.name, **record._asdict()} for path, record in zip(result.targets, result.results, strict=True)
        ],
        "n_clipped": result.n_clipped,
        "n_events": result.n_events,
        "units": [unit.as_dict() for unit in result.units],
    }


def _parameters(params: HybridParams, *, of_files: bool) -> dict[str, Any]:
    """Return the parameters as JSON can hold them; of the probe its name, since it has a file of its own."""
    names = [field.name for field in fields(params)]
    values = {name: getattr(params, name) if of_files or name not in _OF_FILES else None for name in names}
    shown = {name: os.fspath(value) if isinstance(value, PathLike) else value for name, value in values.items()}
    return {**shown, "probe": params.probe.name}
