"""Making a session: every file of the plan, by one worker or several, into a folder that lands whole."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import partial
from os import PathLike
from pathlib import Path

from ..ground.errors import MockSessionError
from ..ground.progress import Tick, progress_bar
from ..ground.remote.address import Address, is_address, local_path
from ..ground.shown import warn
from ..session.layout import session_folder
from ..session.own import refuse_own
from ..session.writer import SessionWriter
from .broadband_files import ARRAY, DESCRIPTION, BroadbandFiles, cut_content, written_rows
from .field_lfp import LfpOfStream, lfp_of_plan
from .files import Chunks, FileJob, manifest_content, session_jobs, source_warnings
from .lfp import SpooledLfp
from .pinning import templates_of_spec
from .plan import Plan, plan_session
from .spec import SessionSpec
from .spool import Spool
from .truth import Truth
from .virtual import write_virtual
from .virtual_spec import check_virtual


def generate_session(
    spec: SessionSpec,
    root: str | PathLike[str],
    *,
    n_workers: int = 1,
    overwrite: bool = False,
    progress: bool = False,
    virtual: bool = False,
) -> Path:
    """Generate a session and write it below `root`.

    The same spec and seed give the same bytes for any number of workers. Memory does not
    grow with the length of the recording.

    Parameters
    ----------
    spec : SessionSpec
        The spec; without a seed one is drawn, which the manifest records.
    root : str or PathLike
        The session goes to ``{root}/patient_data/{patient_id}/session_{session_nr}``.
    n_workers : int
        Number of threads that make samples and files. A stream is written and hashed in others.
    overwrite : bool
        Whether an existing session may be replaced.
    progress : bool
        Whether to show a progress bar on stderr.
    virtual : bool
        Whether to write a virtual session: a few kB that read like the session (docs/virtual.rst). :func:`materialise`
        writes it to disk.

    Returns
    -------
    Path
        The session folder, absolute.

    Raises
    ------
    SessionExistsError
        If the target exists and `overwrite` is false.
    MockSessionError
        If `spec` is not a SessionSpec, its spikes come from the session that is to be replaced,
        `n_workers` is below 1, the session cannot be virtual, or `root` is an address.
    NotWrittenError
        If the file system refuses (also an OSError); nothing is left at the target then.

    Examples
    --------
    >>> folder = generate_session(SessionSpec.tiny(seed=0), "data")  # doctest: +SKIP
    """
    _check_arguments(spec, n_workers)
    if is_address(os.fspath(root)):
        remedy = "Give it to mockrawio.interop.corpus.generate_corpus, or to the command mockrawio generate."
        raise MockSessionError("root", "a folder of this machine", Address.of(os.fspath(root)).shown, remedy)
    target = session_folder(local_path(os.fspath(root)) or root, spec.patient_id, spec.session_nr)
    templates = templates_of_spec(spec)
    refuse_own(target, spec.spikes, templates and templates.source)
    if virtual:
        check_virtual(spec)
        return write_virtual(plan_session(spec), target, overwrite)
    plan = plan_session(spec)
    written = write_planned(plan, target, n_workers, overwrite, progress)
    for text in source_warnings(plan):
        warn(text, stacklevel=2)
    return written


def write_planned(plan: Plan, target: Path, n_workers: int, overwrite: bool, progress: bool) -> Path:
    """Write the session of a plan to a folder, completely or not at all."""
    with SessionWriter(target, overwrite=overwrite) as writer:
        write = _write_broadband if plan.spec.is_broadband else _write_without_stream
        clipped = write(writer, plan, n_workers, progress)
        writer.write_manifest(manifest_content(plan, clipped))
    return writer.target


def _write_without_stream(writer: SessionWriter, plan: Plan, n_workers: int, progress: bool) -> int:
    lfp_bytes = plan.recorded_ms * plan.spec.lfp_width * 2
    with (
        progress_bar(progress, "session", lfp_bytes + _size(session_jobs(plan, None))) as tick,
        lfp_of_plan(plan, writer.staging, n_workers, tick) as lfp,
    ):
        _write_all(writer, session_jobs(plan, lfp), n_workers, tick)
    return 0


def _write_broadband(writer: SessionWriter, plan: Plan, n_workers: int, progress: bool) -> int:
    """Write the stream, then every other file; return how many values were clipped."""
    truth = Truth(plan)
    with Spool(writer.staging, plan.spec.lfp_width) as spool:
        n_ms = [segment.n_ms for segment in plan.segments]
        follower = LfpOfStream(truth.lowpass, truth.n_samples, n_ms, plan.spec.lfp_width, spool.put)
        stream = BroadbandFiles(truth, n_workers, follower.take)
        lfp = SpooledLfp(spool, truth.gain_uV)
        rows = partial(written_rows, writer.staging / ARRAY, truth.n_channels)
        jobs = session_jobs(plan, lfp, partial(cut_content, truth, rows))
        with progress_bar(progress, "session", stream.nbytes + _size(jobs)) as tick:
            writer.write(ARRAY, _counted(stream.array(), tick))
            writer.write(DESCRIPTION, stream.description())
            _write_all(writer, jobs, n_workers, tick)
    return stream.clipped


def _size(jobs: list[FileJob]) -> int:
    return sum(job.nbytes for job in jobs)


def _check_arguments(spec: object, n_workers: object) -> None:
    if not isinstance(spec, SessionSpec):
        found = type(spec).__name__
        raise MockSessionError("spec", "a SessionSpec", found, "Give SessionSpec(patient_id=1, ...).")
    check_workers(n_workers)


def check_workers(n_workers: object) -> None:
    """Refuse a number of threads that is none."""
    if not isinstance(n_workers, int) or isinstance(n_workers, bool) or n_workers < 1:
        raise MockSessionError("n_workers", "a whole number from 1 up", f"{n_workers!r}", "Give 1 or more.")


def _write_all(writer: SessionWriter, jobs: list[FileJob], n_workers: int, tick: Tick) -> None:
    """Write every file; when one fails, or the user interrupts, the others stop at their next chunk."""
    if n_workers == 1:
        for job in jobs:
            writer.write(job.name, _counted(job.chunks(), tick))
        return
    stop = threading.Event()
    pool = ThreadPoolExecutor(n_workers)
    try:
        futures = [pool.submit(_write_one, writer, job, tick, stop) for job in jobs]
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def _write_one(writer: SessionWriter, job: FileJob, tick: Tick, stop: threading.Event) -> None:
    def checked(size: float) -> None:
        if stop.is_set():
            raise InterruptedError(f"{job.name}: given up, since another file of the session failed")
        tick(size)

    writer.write(job.name, _counted(job.chunks(), checked))


def _counted(chunks: Chunks, tick: Tick) -> Iterator[bytes | memoryview]:
    for chunk in chunks:
        yield chunk
        tick(len(chunk))
