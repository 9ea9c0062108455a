"""Thousands of sessions: on a dask.distributed cluster, or one after another in this process.

- A session's bytes depend only on its spec, not on the cluster, the order or retries.
- A session is written completely or not at all; if a worker dies, only its current session is lost.
- An interrupted run can be continued: an existing session of the same spec is kept, and leftovers of dead writers next
  to it are removed.
- Only specs in flight are in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from os import PathLike
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

import numpy as np

from ..generate import SessionSpec, generate_session
from ..generate.elsewhere import send_session, session_at
from ..generate.pinning import pinned, templates_of_spec
from ..ground.durable import clean_up
from ..ground.errors import MockSessionError, SessionExistsError, elsewhere, told
from ..ground.folder import File, Folder, Identity
from ..ground.places import file_at, folder_at
from ..ground.remote.folder import RemoteFolder
from ..ground.shown import Text
from ..ground.writing import FileRecord, file_record
from ..session.layout import MANIFEST, session_folder
from ..session.manifest import is_virtual, read_manifest
from .cluster import executor_of
from .corpus_leftovers import is_abandoned, is_beaten, littered_now
from .corpus_report import CorpusReport, Failure, write_failures

__all__ = ["CorpusReport", "Failure", "generate_corpus", "session_seed"]


def session_seed(seed: int, patient_id: int, session_nr: int) -> int:
    """Return the seed of one session of a corpus.

    It is derived from the corpus's seed and the session's two numbers, so it does not depend on the other sessions.

    Parameters
    ----------
    seed : int
        Of the corpus.
    patient_id, session_nr : int

    Returns
    -------
    int
        From 0 to 2**53 - 1, which is exact in any JSON reader.

    Examples
    --------
    >>> from mockrawio.interop.corpus import session_seed
    >>> session_seed(0, 1, 1), session_seed(0, 1, 2)
    (1297343548419186, 4515543422309131)
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(patient_id, session_nr))
    return int(sequence.generate_state(1, np.uint64)[0]) >> 11


def generate_corpus(
    specs: Iterable[SessionSpec],
    root: str | PathLike[str],
    client: Any = None,
    progress: bool = True,
    *,
    retries: int = 2,
    overwrite: bool = False,
    resume: bool = True,
    seed: int | None = None,
    n_workers: int = 1,
    virtual: bool = False,
    storage_options: Mapping[str, Any] | None = None,
) -> CorpusReport:
    """Generate many sessions.

    Parameters
    ----------
    specs : iterable of SessionSpec
        The specs, each with its own patient and session numbers, possibly from a generator of any length, which is
        advanced when a worker will soon be free.
    root : str or PathLike
        Where :func:`~mockrawio.generate_session` puts them; every worker must see it by this path. Or an address that
        fsspec can write to, such as ``"s3://bucket/corpus"``: each session is made on the worker's own disk and copied
        there, its manifest last, by which it is found whole.
    client : distributed.Client or str, optional
        A cluster, by a client of it or by its scheduler's address, ``"tcp://host:8786"``; "local" starts one with one
        process per core, and stops it afterwards. None generates one session after another in this process, without
        Dask.
    progress : bool
        Whether to show a progress bar on stderr.
    retries : int
        How often a session is retried after a temporary error, such as one of the disk. If a worker dies, its session
        goes to another one, as often as the cluster allows (``distributed.scheduler.allowed-failures``).
    overwrite : bool
        Whether to replace an existing session of another spec.
    resume : bool
        Whether to keep an existing session of the same spec. If false, it is regenerated with `overwrite`, and
        otherwise is a failure.
    seed : int, optional
        For specs that have none: each gets :func:`session_seed` of it. Without it, every spec must have its seed, since
        otherwise no run could be continued.
    n_workers : int
        Threads for each session, as for :func:`~mockrawio.generate_session`.
    virtual : bool
        Whether sessions are virtual, as for :func:`~mockrawio.generate_session`. An existing written session counts as
        a virtual one, but not the other way round.
    storage_options : mapping, optional
        Of an address. Secrets are not sent to workers, which take them from their environment.

    Returns
    -------
    CorpusReport
        The sessions generated and failed; failures are also in ``{root}/corpus_failures.csv``, which is removed if
        there are none.

    Raises
    ------
    MockSessionError
        If a spec is not one, has no seed, or is of the same session as one before, at once where
        `specs` is a sequence; if the cluster is lost. Sessions already made stay.
    OSError
        If there is no scheduler at that address.

    Notes
    -----
    An interruption, by Ctrl-C or by an error in `specs`, leaves whole sessions only. Sessions that
    workers of a cluster are making just then are finished by them.

    Examples
    --------
    >>> from mockrawio import SessionSpec
    >>> from mockrawio.interop.corpus import generate_corpus
    >>> specs = (SessionSpec.tiny(session_nr=k, seed=k) for k in range(1, 1001))
    >>> generate_corpus(specs, "corpus", client="tcp://10.0.0.1:8786")  # doctest: +SKIP
    """
    if not isinstance(retries, int) or isinstance(retries, bool) or retries < 0:
        raise MockSessionError("retries", "a whole number from 0 up", f"{retries!r}", "Give 0 or more.")
    if isinstance(specs, Sequence):
        for _ in _checked(specs, seed):
            pass
    place = folder_at(root, storage_options=storage_options)
    order = _Order(place, resume, overwrite, n_workers, virtual)
    with executor_of(client) as (executor, width), _bar(progress, specs) as tick:
        return _Run(order, executor, width, retries, tick).all(_checked(specs, seed))


def _checked(specs: Iterable[SessionSpec], seed: int | None) -> Iterator[SessionSpec]:
    """Yield each spec with its seed, and refuse those that cannot be made or were there before."""
    known: dict[int, set[int]] = {}
    for spec in specs:
        if not isinstance(spec, SessionSpec):
            raise MockSessionError("specs", "SessionSpec", type(spec).__name__, "Give SessionSpec(patient_id=1, ...).")
        who = f"patient {spec.patient_id}, session {spec.session_nr}"
        numbers = known.setdefault(spec.patient_id, set())
        if spec.session_nr in numbers:
            raise MockSessionError("specs", "every session once", f"{who} twice", "Give each numbers of its own.")
        numbers.add(spec.session_nr)
        if spec.seed is None and seed is None:
            raise MockSessionError("specs", "a seed", f"none for {who}", "Pass seed= to have them spawned.")
        if spec.seed is None and seed is not None:
            spec = replace(spec, seed=session_seed(seed, spec.patient_id, spec.session_nr))
        yield spec


# -- one session, on a worker -------------------------------------------------------------------


class _Order(NamedTuple):
    """What all sessions of a run have in common."""

    root: Folder
    resume: bool
    overwrite: bool
    n_workers: int
    virtual: bool


class _Outcome(NamedTuple):
    """The outcome of one attempt; errors are text, since not every exception can be pickled."""

    n_bytes: int | None = None  # None: it is there already
    error: str = ""
    may_pass: bool = False


def _attempt(spec: SessionSpec, order: _Order) -> _Outcome:
    """Make a session, if it is not there, and return the outcome."""
    try:
        return _Outcome(_make(spec, order))
    except Exception as error:
        if isinstance(error.__context__, KeyboardInterrupt):  # amid a lock's own work, which then fails
            raise KeyboardInterrupt from error
        may_pass = isinstance(error, OSError) or not isinstance(error, MockSessionError)  # some are both
        return _Outcome(error=Text(type(error).__name__, ": ", told(error)), may_pass=may_pass)


def _make(spec: SessionSpec, order: _Order) -> int | None:
    """Make a session and return its size in bytes; None if it is there already."""
    if isinstance(order.root, RemoteFolder):
        return _make_elsewhere(spec, order, order.root)
    target = session_folder(order.root.path, spec.patient_id, spec.session_nr)
    if _is_there(target, spec, order):
        return None
    try:
        how = {"overwrite": order.overwrite, "virtual": order.virtual}
        generate_session(spec, order.root.path, n_workers=order.n_workers, **how)
    except SessionExistsError:  # also if a worker that was given up for dead lands after all
        if _is_there(target, spec, order):
            return None
        raise
    if not order.overwrite:
        clean_up(target, is_beaten)
    files: dict[str, FileRecord] = read_manifest(target / MANIFEST)["files"]
    return sum(file.size for name, file in files.items() if (target / name).exists())  # a virtual one lists others too


def _make_elsewhere(spec: SessionSpec, order: _Order, root: RemoteFolder) -> int | None:
    """Make a session here, and copy it to an address unless it is there."""
    target = session_at(root, spec)
    if target.hold(MANIFEST):  # which is written last
        if order.resume and _is_same(File(target, MANIFEST), spec, order):
            return None
        if not order.overwrite:
            raise SessionExistsError(target, "nothing there", "a session", elsewhere())
    return send_session(spec, target, overwrite=order.overwrite, n_workers=order.n_workers, virtual=order.virtual)


def _is_there(target: Path, spec: SessionSpec, order: _Order) -> bool:
    """Return True if the session of a spec is there; another one is an error unless it may be replaced."""
    if not order.resume or not (target / MANIFEST).exists():
        return False
    if target.name in littered_now(str(target.parent), target.parent.stat().st_mtime_ns):
        clean_up(target, is_abandoned)  # what a killed run left: nothing else is written here
    return _is_same(file_at(target / MANIFEST), spec, order)


def _is_same(file: File, spec: SessionSpec, order: _Order) -> bool:
    """Return True if a manifest is that of a spec; another one is an error unless it may be replaced."""
    try:
        manifest = read_manifest(file)
        different = _differences(manifest.get("spec"), spec)
        different += ["virtual"] if is_virtual(manifest) and not order.virtual else []
    except MockSessionError:
        if order.overwrite:
            return False
        raise
    if different and not order.overwrite:
        expected = "nothing there, or the session of the same spec"
        place = file.path.removesuffix(MANIFEST).rstrip("/\\")
        raise SessionExistsError(place, expected, f"one that differs in {', '.join(different)}", elsewhere())
    return not different


def _differences(recorded: object, spec: SessionSpec) -> list[str]:
    """Return the names of the fields in which a manifest's spec differs from another."""
    if not isinstance(recorded, dict):
        return ["spec"]
    found = SessionSpec.recorded(recorded)
    if spec.spikes is not None and spec.spikes_sha256 is None:
        spec = replace(spec, spikes_sha256=_sha256(str(spec.spikes), file_at(spec.spikes).identity()))
    if templates_of_spec(spec) is not None:
        spec = SessionSpec.recorded(pinned(spec).to_dict())
    return [f.name for f in fields(SessionSpec) if getattr(found, f.name) != getattr(spec, f.name)]


@lru_cache(maxsize=16)  # all sessions of a corpus may have their spikes from one file
def _sha256(path: str, known: Identity) -> str:
    return file_record(Path(path)).sha256


# -- all of them --------------------------------------------------------------------------------


@dataclass
class _Job:
    spec: SessionSpec
    attempts: int = 0


@dataclass
class _Run:
    """Keeps an executor busy, no further ahead than `width` says, and counts what comes back."""

    order: _Order
    executor: Executor
    width: Callable[[], int]
    retries: int
    tick: Callable[[int], object]
    made: int = 0
    found: int = 0
    n_bytes: int = 0
    failed: list[Failure] = field(default_factory=list)
    in_flight: int = 0
    done: SimpleQueue[tuple[_Job, Future[_Outcome]]] = field(default_factory=SimpleQueue)

    def all(self, specs: Iterator[SessionSpec]) -> CorpusReport:
        """Make every session and return the report; the failures are written however it ends."""
        jobs = map(_Job, specs)
        try:
            width = left = self.width()
            while self._fill(jobs, width):
                self._settle(*self.done.get())
                left -= 1
                if left <= 0:  # a cluster grows and shrinks; asking it is a message there and back
                    width = left = self.width()
        finally:
            self.failed.sort()
            write_failures(self.order.root, self.failed)
        return CorpusReport(self.order.root.place, self.made, self.found, self.n_bytes, tuple(self.failed))

    def _fill(self, jobs: Iterator[_Job], width: int) -> bool:
        """Submit until `width` are in flight; tell whether any is."""
        while self.in_flight < width and (job := next(jobs, None)) is not None:
            self._submit(job)
        return self.in_flight > 0

    def _submit(self, job: _Job) -> None:
        job.attempts += 1
        self.in_flight += 1
        future = self.executor.submit(_attempt, job.spec, self.order)
        future.add_done_callback(lambda future: self.done.put((job, future)))

    def _settle(self, job: _Job, future: Future[_Outcome]) -> None:
        self.in_flight -= 1
        if future.cancelled():
            expected = "the cluster to finish"
            raise MockSessionError(self.order.root, expected, "that it is lost", "Run it again to continue.")
        died = future.exception()
        outcome = future.result() if died is None else _of_the_dead(died)
        if outcome.error and outcome.may_pass and job.attempts <= self.retries:
            self._submit(job)
            return
        if outcome.error:
            attempts = max(job.attempts, getattr(died, "allowed_failures", 0) + 1)  # KilledWorker's
            self.failed.append(Failure(job.spec.patient_id, job.spec.session_nr, attempts, outcome.error))
        elif outcome.n_bytes is None:
            self.found += 1
        else:
            self.made += 1
            self.n_bytes += outcome.n_bytes
        self.tick(len(self.failed))


def _of_the_dead(error: BaseException) -> _Outcome:
    """Return the outcome of what never came to an end: workers died, or cannot import this package.

    Another attempt is not worth it: the cluster has made several, or it would fail in the same way.
    """
    return _Outcome(error=Text(type(error).__name__, ": ", told(error)))


@contextmanager
def _bar(progress: bool, specs: Iterable[SessionSpec]) -> Iterator[Callable[[int], object]]:
    """Yield a function to call with the number of failures after each session; it shows a bar if asked to."""
    if not progress:
        yield lambda failed: None
        return
    from tqdm import tqdm

    total = len(specs) if isinstance(specs, Sized) else None
    with tqdm(total=total, unit="session", desc="corpus") as bar:

        def tick(failed: int) -> None:
            if failed:
                bar.set_postfix(failed=failed, refresh=False)
            bar.update()

        yield tick
