"""Hybrid data from sources beyond document 001's: session folders, and SpikeInterface's objects.

The algorithms, and what is promised of the result, are those of
:func:`~mockrawio.hybrid.generate.generate_hybrid`: ``hybrid - source`` is the saved events, count for
count, and the same seed gives the same bytes.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from ..convert.extractors import check_extractors
from ..ground.checks import require
from ..ground.errors import SessionExistsError
from ..session.own import refuse_own
from .as_session import content_of_extractors, content_of_session, write_hybrid
from .extractor_source import extractor_probe, open_recording, open_units
from .generate import HybridResult, generate_hybrid_from
from .params import SEEDS, HybridParams
from .probe import Probe
from .recording import RawRecording
from .session_source import open_session
from .target import run_files

__all__ = ["OPTIONS", "hybrid_from_session", "hybrid_from_spikeinterface"]

#: What the functions below take by name, of the parameters of a run.
OPTIONS = (
    "session_name",
    "num_singular_values",
    "channel_shift",
    "synthetic_rate",
    "jitter_factor",
    "amplitude_scale_min",
    "amplitude_scale_max",
    "samples_before",
    "samples_after",
    "max_events",
    "allow_skips",
)

Folder = str | PathLike[str]


def hybrid_from_session(
    folder: Folder,
    units: Sequence[str],
    *,
    output: Folder,
    stream: str | None = None,
    seed: int | None = None,
    overwrite: bool = False,
    progress: bool = False,
    dry_run: bool = False,
    n_workers: int = 1,
    **options: Any,
) -> HybridResult:
    """Make a hybrid session of a session with broadband and sorted units.

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
        Whether a session that is at `output` may be replaced; whether to show a bar on stderr;
        whether to write nothing and only find out what would be made.
    n_workers : int
        Number of threads that plan units.
    **options
        Any of :data:`OPTIONS`, parameters of :class:`~mockrawio.hybrid.HybridParams` with its
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
        If something is at `output` already and `overwrite` is false.
    """
    source = open_session(folder, stream)
    target = Path(output).absolute()
    refuse_own(target, source.files.folder)
    labels = source.labels(_listed(units))
    path = Path(source.stream.path)
    params = _params(source.recording, source.probe, labels, target, path, seed, options)
    result = generate_hybrid_from(
        source.recording, source.sorting, source.probe, params, dry_run=True, n_workers=n_workers
    )
    content = content_of_session(source, result)
    if dry_run:
        return replace(result, names=content.names)
    return write_hybrid(content, overwrite=overwrite, progress=progress)


def hybrid_from_spikeinterface(
    recording: Any,
    sorting: Any,
    units: Sequence[Any],
    *,
    output: Folder,
    output_format: Literal["raw", "session"] = "raw",
    seed: int | None = None,
    overwrite: bool = False,
    progress: bool = False,
    dry_run: bool = False,
    n_workers: int = 1,
    **options: Any,
) -> HybridResult:
    """Make hybrid data of any SpikeInterface recording and sorting.

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
        ``recording_t{segment}.GT.bin`` beside document 001's tables; or the session folder that
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
    check_extractors(recording, sorting)
    source = open_recording(recording, as_int16=output_format == "session")
    found, probe = open_units(sorting, source), extractor_probe(recording)
    labels, target = found.labels(_listed(units)), Path(output).absolute()
    params = _params(source, probe, labels, target, target / "recording_t*.bin", seed, options)
    made_from = {"kind": "spikeinterface", "recording": type(recording).__name__, "sorting": type(sorting).__name__}
    as_raw = output_format == "raw"
    for path in [target / name for name in run_files(source.files, str(params.session_name))] if as_raw else [target]:
        refuse_own(path, recording, sorting)
    if as_raw and not (overwrite or dry_run):
        _refuse_results(target)
    result = generate_hybrid_from(
        source,
        found.sorting,
        probe,
        params,
        progress=progress,
        dry_run=dry_run or not as_raw,
        n_workers=n_workers,
        origin={**made_from, "names": {str(label): unit_id for label, unit_id in found.json_ids().items()}},
    )
    if as_raw or dry_run:
        return replace(result, names=found.unit_ids)
    content = content_of_extractors(recording, sorting, source, found, result)
    return write_hybrid(content, overwrite=overwrite, progress=progress)


def _listed(units: object) -> list[Any]:
    expected = "a list of units, one at least"
    listed = isinstance(units, Iterable) and not isinstance(units, (str, bytes, Mapping))
    found: list[Any] = list(units) if listed else []  # type: ignore[call-overload]  # just checked
    require(len(found) > 0, "units", expected, units)
    return found


def _refuse_results(folder: Path) -> None:
    results = sorted(folder.glob("recording_t*.GT.bin"))
    if results:
        raise SessionExistsError(
            folder, "no result there", results[0].name, "Choose another place, or pass overwrite=True to replace it."
        )


def _params(
    recording: RawRecording,
    probe: Probe,
    labels: Sequence[int],
    output: Path,
    source: Path,
    seed: int | None,
    options: dict[str, Any],
) -> HybridParams:
    """Return the parameters of a run; what they say of the source's files plays no part."""
    unknown = sorted(options.keys() - set(OPTIONS))
    require(not unknown, "options", f"any of {', '.join(OPTIONS)}", ", ".join(unknown) or None, "Correct the name.")
    seed = secrets.randbelow(SEEDS) if seed is None else seed
    return HybridParams(
        data_directory=source.parent,
        raw_source_file=os.fspath(source),
        data_type=recording.dtype.name,
        sample_rate=recording.sample_rate,
        ground_truth_units=tuple(labels),
        probe=probe,
        random_seed=seed,
        output_directory=output,
        **{"session_name": f"seed{seed}", **options},
    )
