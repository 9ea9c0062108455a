"""Checking a session folder: that it is what was written, and that all of it can be read.

Two checks, each of which finds what the other cannot:

- the *manifest*, where there is one, tells whether any file is missing, was added, has another
  size or other bytes than when the session was made;
- the *structure* is checked by opening each file on its own, so that no problem hides
  another, and by reading every signal, spike, waveform and event with the strict reader,
  whatever program wrote the folder; what Epiphyte's database has added is compared with the watchlog.

Of a virtual session the manifest's spec is checked, and what is stored; its events and logs are made again and compared
with what they were; and of signals and spikes the first and the last second of each segment are made.

What interrupted writers left beside the folder is named too.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .formats.npy import open_array
from .ground.arrays import Array
from .ground.durable import leftovers
from .ground.errors import BadFileError, MockSessionError, NotASessionError, told, unreadable
from .ground.folder import File, Folder
from .ground.places import FolderLike, folder_at
from .ground.progress import Tick, progress_bar
from .ground.shown import Text, visible
from .rawio.reader import MockSessionRawIO
from .session.clock import check_ascending
from .session.exclude import with_exclude
from .session.files import UnitFile, check_stamps, open_channel_names, open_events, open_info, open_lfp, open_unit
from .session.index import INDEX
from .session.indexing import is_so
from .session.layout import ADDED_FILES, MANIFEST, MOVIE_INFO, SessionFiles, find_files
from .session.logs import parse_daq_log, parse_watchlog
from .session.manifest import Differences, compare, read_manifest
from .session.streams import open_stream
from .session.virtual import VirtualFolder, completed

__all__ = ["Verification", "verify_session"]

CHUNK = 1 << 18  # samples of a stream read at once


_KINDS = ("missing", "extra", "changed", "corrupt", "unreadable")


@dataclass(frozen=True)
class Verification:
    """The result of :func:`verify_session`.

    Attributes
    ----------
    folder : Path or str
        The session folder, or its address.
    has_manifest : bool
        Whether there was a manifest to compare the files with.
    is_virtual : bool
        Whether it is a virtual session, of which samples and spikes are made: only their ends were read.
    missing, extra, changed, corrupt, unreadable : tuple of str
        Files that differ from the manifest, as paths below the folder, sorted: gone; not in the
        manifest; of another size; of the same size with other bytes; not to be compared, since
        they cannot be read or are no plain files. Empty without a manifest.
    problems : tuple of str
        One message per problem: the file, what was expected, what was found, and what to do.
    warnings : tuple of str
        Anything that can be read but deviates from the format.
    leftovers : tuple of str
        Absolute paths of leftovers next to the folder, of writers that are running or were killed.
    excluded : tuple of str
        Files ignored because of `exclude`, neither compared nor read.
    """

    folder: Path | str
    has_manifest: bool
    is_virtual: bool = False
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    corrupt: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; warnings, leftovers and what is left out do not count."""
        return not (self.problems or any(getattr(self, kind) for kind in _KINDS))

    def as_dict(self) -> dict[str, Any]:
        """Return the findings as JSON can hold them, ``ok`` first."""
        return {
            "ok": self.ok,
            "folder": str(self.folder),
            "manifest": self.has_manifest,
            "virtual": self.is_virtual,
            **{name: list(getattr(self, name)) for name in (*_KINDS, "problems", "warnings", "leftovers", "excluded")},
        }

    def lines(self) -> Iterator[str]:
        """Yield the findings as lines of text, the verdict last."""
        for kind in _KINDS:
            yield from (f"{kind}: {visible(name)}" for name in getattr(self, kind))
        yield from (Text("problem: ", text) for text in self.problems)
        yield from (Text("warning: ", text) for text in self.warnings)
        yield from (f"leftover of a writer that is running, or was killed: {visible(path)}" for path in self.leftovers)
        yield from (f"left out, not checked: {visible(name)}" for name in self.excluded)
        checked = "matches its manifest, and readable" if self.has_manifest else "no manifest; readable"
        checked += "; virtual: of computed data, both ends of each segment were read" if self.is_virtual else ""
        checked += f"; {len(self.excluded)} left out" if self.excluded else ""
        yield f"{visible(self.folder)}: {f'ok ({checked})' if self.ok else 'NOT ok'}"


def verify_session(
    folder: FolderLike,
    progress: bool = False,
    *,
    follow_symlinks: bool = False,
    exclude: str | Iterable[str] = (),
    gap_tolerance_ms: float | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> Verification:
    """Verify a session folder: compare it with its manifest, and read all of it.

    Parameters
    ----------
    folder : str or PathLike
        The session folder, or its address: all of it is read, twice.
    progress : bool
        Whether to show a progress bar on stderr.
    follow_symlinks : bool
        Follow links that lead out of the folder, which are problems otherwise.
    exclude, gap_tolerance_ms
        As for :class:`~mockrawio.MockSessionRawIO`. What is left out is neither read nor compared; without a
        tolerance a gap that not all streams have is a problem.
    storage_options : mapping, optional
        Of an address.

    Returns
    -------
    Verification
        Everything that was found, not only the first problem.

    Raises
    ------
    NotASessionError
        If the folder holds none of a session's files.
    """
    how: dict[str, Any] = {"follow_symlinks": follow_symlinks, "exclude": exclude, "storage_options": storage_options}
    root = completed(folder_at(folder, **how), MANIFEST)
    left = tuple(str(found.path) for found in leftovers(root.place)) if isinstance(root.place, Path) else ()
    has_manifest = root.has(MANIFEST)
    if not has_manifest:
        _refuse_foreign(root, left)
    problems: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        with progress_bar(progress, "manifest", _size(root) if progress else None, leave=False) as tick:
            found = _compared(root, problems, tick) if has_manifest else Differences([], [], [], [], {})
        with progress_bar(progress, "reading", None, leave=False) as tick:
            problems += [*found.unreadable.values(), *_unreadable(root, tick, gap_tolerance_ms, _differing(found))]
    return Verification(
        root.place,
        has_manifest,
        isinstance(root, VirtualFolder),
        **{kind: tuple(getattr(found, kind)) for kind in _KINDS},
        problems=tuple(dict.fromkeys(problems)),
        warnings=tuple(dict.fromkeys(told(w.message) for w in caught if w.category is UserWarning)),
        leftovers=left,
        excluded=tuple(root.left_out()),
    )


def _refuse_foreign(root: Folder, left: tuple[str, ...]) -> None:
    """Raise NotASessionError unless the folder is a session; what else is wrong is reported later."""
    try:
        find_files(root)
    except NotASessionError as error:
        if left:
            found = f"{error.found}, but a writer left {', '.join(left)} beside it"
            remedy = "Make the session again: the next writer puts back what was there, or removes it."
            raise NotASessionError(error.subject, error.expected, found, remedy) from None
        raise
    except BadFileError:
        pass


def _size(root: Folder) -> int:
    """Return about how many bytes a folder has; what cannot be read is reported later."""
    size = 0
    with suppress(MockSessionError):
        for _, file in root.walk():
            known = file.look() if isinstance(file, File) else None
            size += known.size if known else 0
    return size


def _compared(root: Folder, problems: list[str], tick: Tick) -> Differences:
    """Compare the folder with its manifest; a manifest that cannot be read is a problem."""
    try:
        return compare(root, tick)
    except MockSessionError as error:
        problems.append(told(error))
        return Differences([], [], [], [], {})


def _differing(found: Differences) -> set[str]:
    """Return the files that are not what the manifest says, of which its index need not be right either."""
    return {*found.missing, *found.changed, *found.corrupt, *found.unreadable}


def _unreadable(root: Folder, tick: Tick, tolerance_ms: float | None, differing: set[str]) -> Iterator[str]:
    """Open every file on its own, then read all through the reader; yield what went wrong."""
    try:
        files = find_files(root)
    except MockSessionError as error:
        yield told(with_exclude(error) if isinstance(error, BadFileError) else error)
        return
    for check, file in _file_checks(files, tolerance_ms):
        yield from _problem(check, file)
    yield from _added_problems(files)
    if files.manifest is not None:
        yield from _index_problems(files.manifest, files.root, differing)
    yield from _read_all(root, tick, tolerance_ms)


def _problem(check: Callable[..., object], *arguments: object) -> Iterator[str]:
    """Call a check and yield the message of its error, if it has one."""
    try:
        check(*arguments)
    except MockSessionError as error:
        yield told(with_exclude(error) if isinstance(error, BadFileError) else error)
    except OSError as error:
        yield told(unreadable(error.filename or "a file", error))


def _file_checks(files: SessionFiles, tolerance_ms: float | None) -> Iterator[tuple[Callable[[File], object], File]]:
    """Yield every file of the session with the function that checks it."""
    single = (
        (open_info, files.info),
        (open_channel_names, files.channel_names),
        (open_events, files.events),
        (open_events, files.sync),
        (parse_daq_log, files.daq),
        (parse_watchlog, files.watchlog),
    )
    yield from ((check, file) for check, file in single if file is not None)
    yield from ((partial(_check_lfp, tolerance_ms=tolerance_ms), file) for file in files.lfp.values())
    yield from ((_check_unit, file) for file in files.units.values())
    yield from ((open_stream, file) for file in files.streams.values())


def _check_lfp(where: File, tolerance_ms: float | None) -> None:
    file = open_lfp(where, tolerance_ms=tolerance_ms)
    if file is not None:
        check_stamps(file, tolerance_ms)


def _check_unit(where: File) -> None:
    unit = open_unit(where)
    if isinstance(unit, UnitFile):
        check_ascending(where.path, unit.times.view())


def _added_problems(files: SessionFiles) -> Iterator[str]:
    """Yield what is wrong with the arrays that Epiphyte's database made from the logs at that time."""
    there = [name for name in sorted(ADDED_FILES) if files.root.has(name)]
    pts = None
    if there and files.watchlog is not None:
        with suppress(MockSessionError):  # reported for the watchlog itself
            pts = parse_watchlog(files.watchlog).pts
    for name in there:
        yield from _problem(_check_added, name, files, pts)


def _index_problems(manifest: File, root: Folder, differing: set[str]) -> Iterator[str]:
    """Yield which files the index in the manifest has otherwise than they are; of some it is known that they differ."""
    with suppress(MockSessionError):  # which is reported of the manifest itself
        index = read_manifest(manifest).get(INDEX, {})
        names = index if type(index) is dict else {}
        there = [name for name in names if name not in differing and not root.leaves_out(name) and root.has(name)]
        wrong = [name for name in there if not is_so(File(root, name), names[name])]
        if type(index) is not dict or wrong:
            found = f"others for {', '.join(wrong[:4])}" if wrong else f"a {type(index).__name__}"
            remedy = "Restore the manifest, or make the session again."
            yield told(BadFileError(manifest, f"an {INDEX!r} that says what the files hold", found, remedy))


def _check_added(name: str, files: SessionFiles, pts: Array | None) -> None:
    remedy = f"Remove {MOVIE_INFO}, or have Epiphyte's database write it again."
    path, file = files.root.prefix + name, files.root.find(name)
    if file is None:
        raise BadFileError(path, "a plain file in its folder", "none, or a link out of it", remedy)
    array = open_array(file)
    if array.dtype.kind not in "iuf" or len(array.shape) != 1:
        raise BadFileError(path, "numbers of shape (n,)", f"{array.dtype} of shape {array.shape}", remedy)
    values = array.view()
    if pts is not None and values.size != pts.size:
        raise BadFileError(path, f"{pts.size} values, one for each frame of the watchlog", f"{values.size}", remedy)
    if not np.isfinite(values).all():
        raise BadFileError(path, "finite numbers", "others", remedy)
    if pts is not None and path.endswith("pts.npy") and not np.allclose(values, pts, rtol=0, atol=1e-6):
        raise BadFileError(path, "the movie times of the watchlog", "others", remedy)


def _read_all(root: Folder, tick: Tick, tolerance_ms: float | None) -> Iterator[str]:
    """Read everything through the reader, as its users will; what only a strict reader refuses is read too."""
    reader = MockSessionRawIO(dirname=root, strict=True, gap_tolerance_ms=tolerance_ms)
    try:
        reader.parse_header()
    except MockSessionError as error:
        yield told(error)
        reader.strict = False
        try:
            reader.parse_header()
        except MockSessionError:
            return
    for read in _all_reads(reader, isinstance(root, VirtualFolder)):
        yield from _problem(_tick_through, read, tick)
    reader.close()


def _tick_through(arrays: Iterator[Array], tick: Tick) -> None:
    for array in arrays:
        tick(array.nbytes)


def _all_reads(reader: MockSessionRawIO, ends: bool) -> Iterator[Iterator[Array]]:
    """Yield one iterator for each stream, unit and event channel of each segment, of their `ends` or all of them."""
    header = reader.header
    for segment in range(reader.segment_count(0)):
        for stream in range(len(header["signal_streams"])):
            yield _read_signals(reader, segment, stream, ends)
        for unit in range(len(header["spike_channels"])):
            yield _read_spikes(reader, segment, unit, ends)
        for channel in range(len(header["event_channels"])):
            yield _read_events(reader, segment, channel)


def _read_signals(reader: MockSessionRawIO, segment: int, stream: int, ends: bool) -> Iterator[Array]:
    size, step = reader.get_signal_size(0, segment, stream), CHUNK
    starts: Iterable[int] = range(0, size, step)
    if ends:
        step = min(size, int(reader.get_signal_sampling_rate(stream)))
        starts = sorted({0, size - step}) if size else ()
    for start in starts:
        chunk = reader.get_analogsignal_chunk(0, segment, start, min(start + step, size), stream)
        chunk.max()  # a view of the file is read only where it is used
        yield chunk


def _read_spikes(reader: MockSessionRawIO, segment: int, unit: int, ends: bool) -> Iterator[Array]:
    spans: tuple[tuple[float | None, float | None], ...] = ((None, None),)
    if ends:
        spans = (None, reader.segment_t_start(0, segment) + 1), (reader.segment_t_stop(0, segment) - 1, None)
    for span in spans:
        yield reader.get_spike_timestamps(0, segment, unit, *span)
        waveforms = reader.get_spike_raw_waveforms(0, segment, unit, *span)
        if waveforms is not None and waveforms.size:
            waveforms.max()
            yield waveforms


def _read_events(reader: MockSessionRawIO, segment: int, channel: int) -> Iterator[Array]:
    yield from (column for column in reader.get_event_timestamps(0, segment, channel) if column is not None)
