"""Hybrid data from raw files, from a session folder, or from SpikeInterface's objects.

Whatever the source, the algorithms and what is promised of the result are the same: ``hybrid - source`` is the saved
events, count for count, and the same seed gives the same bytes. A recipe and a source make a plan, without touching
a file; a raw folder or a session is written from it. A dry run returns what the plan tells.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

from ..convert.session_content import write_content
from ..ground.checks import require
from ..ground.errors import MockSessionError, SessionExistsError, elsewhere
from ..ground.places import AnyPath
from ..session.own import refuse_own
from .as_session import HybridContent, content_of_extractors, content_of_session
from .extractor_source import open_extractors
from .original import plan_original
from .params import HybridParams
from .planned import HybridPlan, HybridResult
from .raw_folder import RawFolder
from .recipe import SEEDS, Recipe
from .session_source import open_session
from .source import HybridSource
from .store import load_events
from .unit_plans import plan_units
from .units import HybridUnit

#: What the doors to sessions and to SpikeInterface take by name, of the parameters of a run.
OPTIONS = tuple(
    field.name for field in fields(Recipe) if field.name not in ("ground_truth_units", "random_seed", "compat")
)


def plan_hybrid(recipe: Recipe, source: HybridSource, *, n_workers: int = 1) -> HybridPlan:
    """Plan a run: decide what to make of each unit, without writing files.

    Parameters
    ----------
    recipe : Recipe
        The parameters; random ones that are None are drawn.
    source : HybridSource
        ``params.open()`` gives that of :class:`~mockrawio.hybrid.HybridParams`.
    n_workers : int
        Number of threads that plan units; the plan is the same for any.

    Raises
    ------
    MockSessionError
        If the recipe does not go with the source. A unit that cannot be made is not an error: see
        :attr:`HybridPlan.units`.
    """
    recipe.check_for(source.recording.sample_rate)
    recipe = recipe.resolved()
    return plan_original(recipe, source) if recipe.compat else plan_units(recipe, source, n_workers=n_workers)


def generate_hybrid(
    params: HybridParams, *, progress: bool = False, dry_run: bool = False, n_workers: int = 1
) -> HybridResult:
    """Generate hybrid data from raw files and a sorter's output.

    The same parameters and seed give the same bytes, for any number of workers. With ``compat`` they equal the
    original's.

    Parameters
    ----------
    params : HybridParams
        The parameters of the run.
    progress : bool
        Whether to show a progress bar on stderr.
    dry_run : bool
        Whether to plan the run without writing files.
    n_workers : int
        Number of threads that plan units.

    Returns
    -------
    HybridResult

    Raises
    ------
    MockSessionError
        If the inputs are invalid. A unit that cannot be made is not an error: see :attr:`HybridResult.units`.
    SessionExistsError
        If a file to be written exists, and no manifest lists it as one of this session's run.
    NotWrittenError
        If the file system refuses (also an OSError); the output folder is then unchanged.
    """
    source = params.open()
    params = params.told_by(source).resolved()
    folder = RawFolder(params.output_directory, params, source)
    return _raw(folder, params, source, progress, dry_run, n_workers)


def _raw(
    folder: RawFolder, recipe: Recipe, source: HybridSource, progress: bool, dry_run: bool, n_workers: int
) -> HybridResult:
    """Plan a run into a folder of raw files, and write it unless it is a dry run."""
    if not dry_run:
        folder.prepare()  # refuses before the work is done
    plan = plan_hybrid(recipe, source, n_workers=n_workers)
    return folder.result(plan) if dry_run else folder.write(plan, progress=progress)


def hybrid_from_session(
    folder: AnyPath,
    units: Sequence[str],
    *,
    output: AnyPath,
    stream: str | None = None,
    seed: int | None = None,
    overwrite: bool = False,
    progress: bool = False,
    dry_run: bool = False,
    n_workers: int = 1,
    **options: Any,
) -> HybridResult:
    """Make a hybrid session from a session with broadband and sorted units.

    Parameters
    ----------
    folder : str or PathLike
        The session folder; it is only read.
    units : sequence of str
        Units whose events are taken, as ``spiking_data`` calls them: ``"CSC3_SU1"``.
    output : str or PathLike
        The session folder to make.
    stream : str, optional
        The stream of ``raw_data`` to use. None: ``broadband``, else the fastest.
    seed : int, optional
        0 to 2**31 - 1. None draws one.
    overwrite, progress, dry_run : bool
        Whether an existing session at `output` may be replaced; whether to show a progress bar on stderr; whether to
        plan the run without writing files.
    n_workers : int
        Number of threads that plan units.
    **options
        Any of :data:`OPTIONS`, parameters of :class:`~mockrawio.hybrid.Recipe` with its
        defaults; but `session_name` is by default made of the seed.

    Returns
    -------
    HybridResult
        Its one target is the stream; `names` has what each label is called.

    Raises
    ------
    MockSessionError
        If the session has no such stream, unit or probe, an option is not what it must be, or `output`
        holds the source, or lies in it.
    SessionExistsError
        If `output` exists and `overwrite` is false.
    """
    source = open_session(folder, stream)
    target = Path(output).absolute()
    refuse_own(target, *source.read_from)
    recipe = _recipe(source.labels(_listed(units)), seed, options)
    content = content_of_session(plan_hybrid(recipe, source, n_workers=n_workers), source, target)
    return content.result if dry_run else _session(content, overwrite, progress)


def hybrid_from_spikeinterface(
    recording: Any,
    sorting: Any,
    units: Sequence[Any],
    *,
    output: AnyPath,
    output_format: Literal["raw", "session"] = "raw",
    seed: int | None = None,
    overwrite: bool = False,
    progress: bool = False,
    dry_run: bool = False,
    n_workers: int = 1,
    **options: Any,
) -> HybridResult:
    """Make hybrid data from any SpikeInterface recording and sorting.

    Parameters
    ----------
    recording : BaseRecording
        Of integers, with a probe. It is read in blocks, several times.
    sorting : BaseSorting
    units : sequence
        Ids of units of the sorting whose events are taken.
    output : str or PathLike
        The folder to make.
    output_format : {"raw", "session"}
        ``recording_t{segment}.GT.bin`` beside hybridfactory's tables; or the session folder that
        :func:`~mockrawio.write_session` makes of them, with the events. Its samples are int16
        (uint16 less 32768), and its manifest has the units' ids.
    seed, overwrite, progress, dry_run, n_workers, the options, and the result
        As for :func:`hybrid_from_session`. For raw files, `names` has the ids of the sorting.

    Raises
    ------
    MockSessionError, SessionExistsError
        As for :func:`hybrid_from_session`; and if what is to be made would replace what the two are read
        from, samples are not integers, or too wide, or the
        sorting is of another recording.
    """
    require(output_format in ("raw", "session"), "output_format", "'raw' or 'session'", output_format)
    source = open_extractors(recording, sorting, as_int16=output_format == "session")
    recipe, target = _recipe(source.labels(_listed(units)), seed, options), Path(output).absolute()
    if output_format == "raw":
        folder = RawFolder(target, recipe, source)
        if not (overwrite or dry_run) and (results := sorted(target.glob("recording_t*.GT.bin"))):
            raise SessionExistsError(target, "no result there", results[0].name, elsewhere())
        return _raw(folder, recipe, source, progress, dry_run, n_workers)
    refuse_own(target, *source.read_from)
    content = content_of_extractors(plan_hybrid(recipe, source, n_workers=n_workers), source, target)
    return content.result if dry_run else _session(content, overwrite, progress)


def _session(content: HybridContent, overwrite: bool, progress: bool) -> HybridResult:
    """Write a hybrid session, completely or not at all."""
    write_content(content, content.result.folder, overwrite, progress, "hybrid")
    return content.result


def _listed(units: object) -> list[Any]:
    expected = "a list of units, one at least"
    listed = isinstance(units, Iterable) and not isinstance(units, (str, bytes, Mapping))
    found: list[Any] = list(units) if listed else []  # type: ignore[call-overload]  # just checked
    require(len(found) > 0, "units", expected, units)
    return found


def _recipe(labels: Sequence[int], seed: int | None, options: dict[str, Any]) -> Recipe:
    """Return what is asked for, nothing left open."""
    unknown = sorted(options.keys() - set(OPTIONS))
    require(not unknown, "options", f"any of {', '.join(OPTIONS)}", ", ".join(unknown) or None, "Correct the name.")
    seed = secrets.randbelow(SEEDS) if seed is None else seed
    named = {"session_name": f"seed{seed}", **options}
    return Recipe(ground_truth_units=tuple(labels), random_seed=seed, **named).resolved()


def planted_events(source: HybridResult | AnyPath) -> tuple[HybridUnit, ...]:
    """Return the events of a run, exactly as added.

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
