"""Paths below a session folder, both ways: build them, and recognise them.

The layout is document 000's, `{root}/patient_data/{patient_id}/session_{session_nr}/`;
`raw_data/` and `session_manifest.json` are ours, `movie_info/` is Epiphyte's database's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from ..ground.durable import LEFTOVER
from ..ground.entries import check_link, is_excluded, patterns, regular_file, scan, warn_of_idle
from ..ground.errors import BadFileError, NotASessionError
from ..ground.moment import Identity, Moment, identity
from ..ground.shown import warn

SESSION_INFO = "session_info.npy"
CHANNEL_NAMES = "ChannelNames.txt"
MANIFEST = "session_manifest.json"
UNITS, LFP, EVENTS, DAQ, WATCHLOGS, RAW = (
    "spiking_data",
    "lfp_data",
    "event_file",
    "daq_files",
    "watchlogs",
    "raw_data",
)
MOVIE_INFO = "movie_info"
# What Epiphyte's database adds to a session that it takes in: no writer of a session makes it, no reader needs it.
ADDED_FILES = frozenset(f"{MOVIE_INFO}/{name}.npy" for name in ("pts", "dts", "neural_rec_time"))
EVENTS_FILE = f"{EVENTS}/Events.npy"
LABELS = "movie_annotations"
STAMP = "%Y-%m-%d_%H-%M-%S"

BUNDLE = 8  # microwires a bundle, document 000's channels per region

_FOLDER = re.compile(r"session_([0-9]{1,9})")
_UNIT = re.compile(r"CSC([0-9]{1,9})_(SU|MU)([0-9]{1,9})\.npy")
_LFP = re.compile(r"CSC([0-9]{1,9})_lfp\.npy")
_DAQ = re.compile(r"timedDAQ-log-(.+)\.log")
_WATCHLOG = re.compile(r"ffplay-watchlog-(.+)\.log")
_LABEL = re.compile(r"([0-9]{1,9})_(.+)_([^_]+)_([0-9]{8})_character\.npy")
_PATTERNS = {
    UNITS: _UNIT,
    LFP: _LFP,
    EVENTS: re.compile(r"Events\.npy"),
    DAQ: _DAQ,
    WATCHLOGS: _WATCHLOG,
    RAW: re.compile(r"[^.].*\.npy"),
}


class UnitName(NamedTuple):
    """What the name of a unit's file says; sorts as channel, type, number."""

    channel: int
    unit_type: str
    number: int

    @property
    def id(self) -> str:
        """`CSC{channel}_{SU|MU}{number}`."""
        return f"CSC{self.channel}_{self.unit_type}{self.number}"


class LabelName(NamedTuple):
    """What the name of an annotation file says."""

    number: int
    name: str
    annotator: str
    date: str


def session_folder(root: str | PathLike[str], patient_id: int, session_nr: int) -> Path:
    """Return where the session of a patient lies below `root`."""
    return Path(root) / "patient_data" / str(patient_id) / f"session_{session_nr}"


def unit_file(name: UnitName) -> str:
    """Return a unit's path below the session folder."""
    return f"{UNITS}/{name.id}.npy"


def lfp_file(channel: int) -> str:
    """Return an LFP channel's path below the session folder."""
    return f"{LFP}/CSC{channel}_lfp.npy"


def daq_file(start_ms: float) -> str:
    """Return the DAQ log's path for a recording that starts at `start_ms`."""
    return f"{DAQ}/timedDAQ-log-{clock_name(start_ms)}.log"


def watchlog_file(start_ms: float) -> str:
    """Return the watchlog's path for a recording that starts at `start_ms`."""
    return f"{WATCHLOGS}/ffplay-watchlog-{clock_name(start_ms)}.log"


def label_file(label: LabelName) -> str:
    """Return an annotation's file name."""
    return f"{label.number}_{label.name}_{label.annotator}_{label.date}_character.npy"


def clock_name(start_ms: float) -> str:
    """Return ms since the Unix epoch as the `{date}_{time}` of file names, UTC."""
    return datetime.fromtimestamp(start_ms // 1000, timezone.utc).strftime(STAMP)


def parse_unit_file(name: str) -> UnitName | None:
    """Return what a unit's file name says, or None if it is not one."""
    match = _UNIT.fullmatch(name)
    return UnitName(int(match[1]), match[2], int(match[3])) if match else None


def parse_label_file(name: str) -> LabelName | None:
    """Return what an annotation's file name says, or None if it is not one."""
    match = _LABEL.fullmatch(name)
    return LabelName(int(match[1]), match[2], match[3], match[4]) if match else None


def is_staging(folder: Path) -> bool:
    """Return True if a folder's name says that a writer has not finished it, or is replacing it."""
    return LEFTOVER.fullmatch(folder.name) is not None


@dataclass
class SessionFiles:
    """What a session folder holds, by kind, in natural order.

    Attributes
    ----------
    folder : Path
    follow_symlinks : bool
        Whether a link may lead out of the folder.
    exclude : tuple of str
        Patterns of what is left out.
    info, channel_names, events, daq, watchlog, manifest : str or None
        Absolute paths, None where there is no such file.
    before : Identity or None
        What the folder was before it was listed.
    units : dict of UnitName to str
    lfp : dict of int to str
        By channel number.
    streams : dict of str to str
        Stream name to the path of its ``.npy``; its ``.json`` lies beside it.
    """

    folder: Path
    follow_symlinks: bool = False
    exclude: tuple[str, ...] = ()
    info: str | None = None
    channel_names: str | None = None
    manifest: str | None = None
    events: str | None = None
    daq: str | None = None
    watchlog: str | None = None
    before: Identity | None = None
    units: dict[UnitName, str] = field(default_factory=dict)
    lfp: dict[int, str] = field(default_factory=dict)
    streams: dict[str, str] = field(default_factory=dict)

    def any(self) -> bool:
        """Return True if any file was found that makes a folder a session."""
        single = (self.info, self.channel_names, self.events, self.daq, self.watchlog)
        return any(single) or bool(self.units or self.lfp or self.streams)

    def moment(self) -> Moment:
        """Return what all these files are now; what is read within it is of one moment, or an error."""
        single = (self.info, self.channel_names, self.manifest, self.events, self.daq, self.watchlog)
        streams = (path[:-4] + end for path in self.streams.values() for end in (".npy", ".json"))
        every = (*filter(None, single), *self.units.values(), *self.lfp.values(), *streams)
        return Moment(self.folder, self.before or identity(self.folder), every)

    @property
    def number(self) -> int | None:
        """The session's number, as the folder's name says it."""
        match = _FOLDER.fullmatch(self.folder.name)
        return int(match[1]) if match else None


def refuse_foreign(folder: str | PathLike[str]) -> None:
    """Refuse a folder that is no session; one that is, with whatever is wrong in it, is not refused.

    Looks no further than the first file of a session, and at names alone.

    Raises
    ------
    NotASessionError
        If there is no such folder, or none of a session's files in it.
    BadFileError
        If it may not be read.
    """
    path = _finished(folder)
    if not any(_speaks_of_a_session(entry) for entry in scan(path)):
        raise _not_a_session(path)


def _speaks_of_a_session(entry: os.DirEntry[str]) -> bool:
    pattern = _PATTERNS.get(entry.name)
    if pattern is None or not entry.is_dir():
        return entry.name in (SESSION_INFO, CHANNEL_NAMES)
    names = {inner.name for inner in scan(entry.path)}
    return any(pattern.fullmatch(name) and (entry.name != RAW or f"{name[:-4]}.json" in names) for name in names)


def _finished(folder: str | PathLike[str]) -> Path:
    """Return a folder's absolute path, if it is one and no writer's staging."""
    path = Path(folder).absolute()
    if not path.is_dir():
        found = "a file" if path.exists() else "nothing"
        raise NotASessionError(path, "a session folder", found, "Give the folder session_<nr>.")
    if is_staging(path):
        raise NotASessionError(path, "a finished session", "one that a writer left unfinished", "Make it again.")
    return path


def find_files(
    folder: str | PathLike[str], *, follow_symlinks: bool = False, exclude: str | Iterable[str] = ()
) -> SessionFiles:
    """Look through a session folder, by names alone.

    Parameters
    ----------
    folder : str or PathLike
        A `session_{nr}` folder, whatever its own name is; a link to one will do.
    follow_symlinks : bool
        Follow links in it that lead out of it. Links within it are always followed.
    exclude : str or iterable of str
        Leave out what matches, relative to the folder, with ``/`` between names: ``*``, ``?`` and ``[...]`` as
        in a shell, ``*`` also for several folders. What is left out is not looked at.

    Warns
    -----
    UserWarning
        If nothing in the folder matches a pattern.

    Raises
    ------
    NotASessionError
        If there is no such folder, or none of a session's files in it.
    BadFileError
        If a file's name does not fit, there are two logs where one belongs, a link leads to
        nothing or out of the folder, or what is called as a file is none.
    """
    path = _finished(folder)
    files = SessionFiles(path, follow_symlinks, patterns(exclude), before=identity(path))
    for entry in scan(path):
        find = _FINDERS.get(entry.name)
        if find is not None and not is_excluded(entry.name, files.exclude):
            find(files, entry)
    if files.exclude:
        warn_of_idle(path, files.exclude)
    if not files.any():
        raise _not_a_session(path)
    return files


def _not_a_session(path: Path) -> NotASessionError:
    looked = ", ".join((SESSION_INFO, CHANNEL_NAMES, *(f"{d}/" for d in (UNITS, LFP, EVENTS, DAQ, WATCHLOGS, RAW))))
    places = ("session_*", "*/session_*", "patient_data/*/session_*")
    below = next((found for place in places if (found := sorted(path.glob(place)))), None)
    hint = f"Did you mean {below[0]}?" if below else "Give the folder session_<nr>."
    return NotASessionError(path, f"a session folder, with any of {looked}", "none of them", hint)


def _listed(files: SessionFiles, folder: os.DirEntry[str]) -> dict[str, os.DirEntry[str]]:
    """Return what a folder holds but for hidden files, by name, sorted."""
    check_link(folder, files.folder, files.follow_symlinks)
    if not folder.is_dir():
        raise BadFileError(folder.path, "a folder", "a file", "Move it away.")
    found = {e.name: e for e in scan(folder.path) if not e.name.startswith(".")}
    left_out = [name for name in found if is_excluded(f"{folder.name}/{name}", files.exclude)]
    return {name: entry for name, entry in found.items() if name not in left_out}


def _file(files: SessionFiles, entry: os.DirEntry[str]) -> str:
    return regular_file(entry, files.folder, files.follow_symlinks)


def _arrays(files: SessionFiles, folder: os.DirEntry[str], form: str) -> list[tuple[re.Match[str], str]]:
    found = []
    for name, entry in _listed(files, folder).items():
        match = _PATTERNS[folder.name].fullmatch(name)
        if match:
            found.append((match, _file(files, entry)))
        elif name.endswith(".npy"):
            raise BadFileError(
                entry.path, f"a name of the form {form}", repr(name), "Rename the file, or move it away."
            )
    return found


def _one_log(files: SessionFiles, folder: os.DirEntry[str]) -> str | None:
    found = [entry for name, entry in _listed(files, folder).items() if _PATTERNS[folder.name].fullmatch(name)]
    if len(found) > 1:
        names = " and ".join(entry.name for entry in found)
        raise BadFileError(folder.path, "one log for the session", names, "Keep the one that belongs to it.")
    return _file(files, found[0]) if found else None


def _find_units(files: SessionFiles, folder: os.DirEntry[str]) -> None:
    found = {}
    for match, path in _arrays(files, folder, "CSC{channel}_{SU|MU}{number}.npy"):
        name = UnitName(int(match[1]), match[2], int(match[3]))
        if name in found:
            raise BadFileError(path, f"one file for unit {name.id}", "two", "Rename or move one of them.")
        found[name] = path
    files.units = {name: found[name] for name in sorted(found)}


def _find_lfp(files: SessionFiles, folder: os.DirEntry[str]) -> None:
    found: dict[int, str] = {}
    for match, path in _arrays(files, folder, "CSC{channel}_lfp.npy"):
        if int(match[1]) in found:
            raise BadFileError(path, f"one file for CSC{int(match[1])}", "two", "Rename or move one of them.")
        found[int(match[1])] = path
    files.lfp = {channel: found[channel] for channel in sorted(found)}


def _find_streams(files: SessionFiles, folder: os.DirEntry[str]) -> None:
    listed = _listed(files, folder)
    for name, entry in listed.items():
        if not name.endswith(".npy"):
            continue
        description = listed.get(f"{name[:-4]}.json")
        if description is None:
            remedy = "Restore it, or move the stream away."
            raise BadFileError(entry.path, "a .json of the same name beside it", "none", remedy)
        _file(files, description)
        files.streams[name[:-4]] = _file(files, entry)


def _find_events(files: SessionFiles, folder: os.DirEntry[str]) -> None:
    entry = _listed(files, folder).get("Events.npy")
    files.events = _file(files, entry) if entry else None


def _find_daq(files: SessionFiles, folder: os.DirEntry[str]) -> None:
    files.daq = _one_log(files, folder)


def _find_watchlog(files: SessionFiles, folder: os.DirEntry[str]) -> None:
    files.watchlog = _one_log(files, folder)


def _single(attribute: str) -> Callable[[SessionFiles, os.DirEntry[str]], None]:
    return lambda files, entry: setattr(files, attribute, _file(files, entry))


_FINDERS: dict[str, Callable[[SessionFiles, os.DirEntry[str]], None]] = {
    SESSION_INFO: _single("info"),
    CHANNEL_NAMES: _single("channel_names"),
    MANIFEST: _single("manifest"),
    UNITS: _find_units,
    LFP: _find_lfp,
    EVENTS: _find_events,
    DAQ: _find_daq,
    WATCHLOGS: _find_watchlog,
    RAW: _find_streams,
}


def find_labels(folder: str | PathLike[str], *, follow_symlinks: bool = False) -> dict[LabelName, str]:
    """Return the annotation files of a labels folder, by number.

    Warns of every ``.npy`` there whose name is not an annotation's. Links out of the folder are
    followed only with `follow_symlinks`.

    Raises
    ------
    BadFileError
        If there is no such folder, no annotation in it, or one that is no regular file of the folder's own.
    """
    path = Path(folder).absolute()
    form = "{n}_{name}_{annotator}_{YYYYMMDD}_character.npy"
    if not path.is_dir():
        raise BadFileError(path, "a folder of annotations", "none", "Give the folder that holds them as labels_dir=.")
    found = {}
    for entry in scan(path):
        label = parse_label_file(entry.name)
        if label is not None:
            found[label] = regular_file(entry, path, follow_symlinks)
        elif entry.name.endswith(".npy"):
            warn(f"{entry.path} is left out: its name is not {form}", stacklevel=3)
    if not found:
        raise BadFileError(path, f"annotations, {form}", "none", "Give the folder that holds them as labels_dir=.")
    return {label: found[label] for label in sorted(found)}
