"""Paths below a session folder, both ways: build them, and recognise them.

The layout is that of Epiphyte's generator (docs/format.rst), `{root}/patient_data/{patient_id}/session_{session_nr}/`;
`raw_data/` and `session_manifest.json` are ours, `movie_info/` is Epiphyte's database's.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from ..ground.durable import LEFTOVER
from ..ground.errors import BadFileError, NotASessionError
from ..ground.folder import Entry, File, Folder, Identity
from ..ground.moment import Moment
from ..ground.places import FolderLike, folder_at, given_place
from ..ground.remote.address import is_address
from ..ground.remote.writing import UNFINISHED
from ..ground.shown import Argument, Text, warn
from .index import learn
from .virtual import FORMAT, completed

SESSION_INFO = "session_info.npy"
CHANNEL_NAMES = "ChannelNames.txt"
MANIFEST = "session_manifest.json"
UNITS, LFP, EVENTS = "spiking_data", "lfp_data", "event_file"
DAQ, WATCHLOGS, RAW = "daq_files", "watchlogs", "raw_data"
BROADBAND = "broadband"  # the stream that spikes are in, if there are several
MOVIE_INFO = "movie_info"
# What Epiphyte's database adds to a session that it takes in: no writer of a session makes it, no reader needs it.
ADDED_FILES = frozenset(f"{MOVIE_INFO}/{name}.npy" for name in ("pts", "dts", "neural_rec_time"))
EVENTS_FILE = f"{EVENTS}/Events.npy"
SYNC_FILE = f"{EVENTS}/Sync.npy"
SYNC = "sync"  # the stream of the same line
LABELS = "movie_annotations"
STAMP = "%Y-%m-%d_%H-%M-%S"

BUNDLE = 8  # microwires per bundle: the channels of a region in Epiphyte's generator

_FOLDER = re.compile(r"session_([0-9]{1,9})")
_UNIT = re.compile(r"CSC([0-9]{1,9})_(SU|MU)([0-9]{1,9})\.npy")
_LFP = re.compile(r"CSC([0-9]{1,9})_lfp\.npy")
_DAQ = re.compile(r"timedDAQ-log-(.+)\.log")
_WATCHLOG = re.compile(r"ffplay-watchlog-(.+)\.log")
_LABEL = re.compile(r"([0-9]{1,9})_(.+)_([^_]+)_([0-9]{8})_character\.npy")
_PATTERNS = {
    UNITS: _UNIT,
    LFP: _LFP,
    EVENTS: re.compile(r"(Events|Sync)\.npy"),
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
    """What a session folder holds, by kind, in natural order."""

    root: Folder
    before: Identity  # what the folder was before it was listed
    # info, channel_names, events, sync, daq, watchlog, manifest: None where there is no such file
    info: File | None = None
    channel_names: File | None = None
    manifest: File | None = None
    events: File | None = None
    sync: File | None = None
    daq: File | None = None
    watchlog: File | None = None
    units: dict[UnitName, File] = field(default_factory=dict)
    lfp: dict[int, File] = field(default_factory=dict)  # by channel number
    streams: dict[str, File] = field(default_factory=dict)  # stream name to its ``.npy``; its ``.json`` lies beside it

    @property
    def folder(self) -> Path:
        """Where the folder is."""
        return self.root.path

    def any(self) -> bool:
        """Return True if any file was found that makes a folder a session."""
        single = (self.info, self.channel_names, self.events, self.sync, self.daq, self.watchlog)
        return any(single) or bool(self.units or self.lfp or self.streams)

    def moment(self) -> Moment:
        """Return what all these files are now; what is read within it is of one moment, or an error."""
        single = (self.info, self.channel_names, self.manifest, self.events, self.sync, self.daq, self.watchlog)
        streams = (one for file in self.streams.values() for one in (file, file.with_ending(".json")))
        every = (*filter(None, single), *self.units.values(), *self.lfp.values(), *streams)
        return Moment(self.root, self.before, every)

    @property
    def number(self) -> int | None:
        """The session's number, as the folder's name says it."""
        match = _FOLDER.fullmatch(self.folder.name)
        return int(match[1]) if match else None


def refuse_foreign(where: FolderLike) -> None:
    """Refuse a folder that is not a session; a session with faults is not refused.

    Looks no further than the first file of a session, and at names alone. NotASessionError if there is no such folder,
    or none of a session's files in it; BadFileError if it may not be read.
    """
    folder = _finished(where)
    if not any(_speaks_of_a_session(folder, entry) for entry in folder.listed()):
        raise _not_a_session(folder)


def _speaks_of_a_session(folder: Folder, entry: Entry) -> bool:
    pattern = _PATTERNS.get(entry.name)
    if pattern is None or not entry.is_dir():
        return entry.name in (SESSION_INFO, CHANNEL_NAMES)
    names = {inner.name for inner in folder.listed(entry.name)}
    return any(pattern.fullmatch(name) and (entry.name != RAW or f"{name[:-4]}.json" in names) for name in names)


def _finished(where: FolderLike) -> Folder:
    """Return a folder, if it is one and no writer's staging."""
    folder = folder_at(where)
    if found := folder.instead():
        raise NotASessionError(folder, "a session folder", found, "Give the folder session_<nr>.")
    if is_staging(folder.path):
        raise _unfinished(folder)
    learn(folder, MANIFEST, FORMAT)
    return folder


def _unfinished(folder: Folder) -> NotASessionError:
    return NotASessionError(folder, "a finished session", "one that a writer left unfinished", "Make it again.")


def find_files(where: FolderLike) -> SessionFiles:
    """Look through a `session_{nr}` folder, whatever its own name is, or a link to one; by names alone.

    Warns if nothing in the folder matches a pattern of what is to be left out. NotASessionError if there is no such
    folder, or none of a session's files in it. BadFileError if a file's name does not fit, there are two logs where one
    belongs, a link leads to nothing or out of the folder, or what is called as a file is none.
    """
    folder = completed(_finished(where), MANIFEST)
    files = SessionFiles(folder, folder.identity())
    for entry in folder.entries():
        if entry.name == UNFINISHED:
            raise _unfinished(folder)
        find = _FINDERS.get(entry.name)
        if find is not None:
            find(files, entry)
    folder.warn_of_idle()
    if not files.any():
        raise _not_a_session(folder)
    return files


def _not_a_session(folder: Folder) -> NotASessionError:
    looked = ", ".join((SESSION_INFO, CHANNEL_NAMES, *(f"{d}/" for d in (UNITS, LFP, EVENTS, DAQ, WATCHLOGS, RAW))))
    below = _sessions_below(folder.place) if isinstance(folder.place, Path) else []
    hint = f"Did you mean {below[0]}?" if below else "Give the folder session_<nr>."
    return NotASessionError(folder, f"a session folder, with any of {looked}", "none of them", hint)


def _sessions_below(root: Path) -> list[Path]:
    """Return the folders below a root that are called as sessions are, in natural order."""
    places = ("session_*", "*/session_*", "patient_data/*/session_*")
    found = ([path for path in root.glob(place) if _FOLDER.fullmatch(path.name)] for place in places)
    return sorted(next((some for some in found if some), []), key=_naturally)


def _naturally(path: Path) -> list[tuple[int, str]]:
    """Return by what a path is sorted: numbers by their size, before words."""
    return [(int(part), "") if part.isdecimal() else (sys.maxsize, part) for part in re.split(r"(\d+)", str(path))]


def sessions_at(where: str | PathLike[str]) -> Sequence[Path | str]:
    """Return a session folder, or those below a root of many, such as ``generate`` makes; in natural order.

    An address is that of one session, and returned as it is. A folder that has a manifest is a session, whatever it has
    lost. NotASessionError if there is none.
    """
    if is_address(os.fspath(where)):
        return [os.fspath(where)]
    root = Path(given_place(where))
    if (root / MANIFEST).exists():
        return [root]
    try:
        refuse_foreign(root)
    except NotASessionError:
        if below := _sessions_below(root):
            return below
        raise
    return [root]


def _listed(files: SessionFiles, folder: Entry) -> dict[str, Entry]:
    """Return what a folder holds but for hidden files, by name, sorted."""
    files.root.check(folder)
    if not folder.is_dir():
        raise BadFileError(folder.path, "a folder", "a file", "Move it away.")
    return {entry.name: entry for entry in files.root.entries(folder.name) if not entry.name.startswith(".")}


def _arrays(files: SessionFiles, folder: Entry, form: str) -> list[tuple[re.Match[str], File]]:
    found = []
    for name, entry in _listed(files, folder).items():
        match = _PATTERNS[folder.name].fullmatch(name)
        if match:
            found.append((match, files.root.file(entry)))
        elif name.endswith(".npy"):
            expected = f"a name of the form {form}"
            raise BadFileError(entry.path, expected, repr(name), "Rename the file, or move it away.")
    return found


def _one_log(files: SessionFiles, folder: Entry) -> File | None:
    found = [entry for name, entry in _listed(files, folder).items() if _PATTERNS[folder.name].fullmatch(name)]
    if len(found) > 1:
        names = " and ".join(entry.name for entry in found)
        raise BadFileError(folder.path, "one log for the session", names, "Keep the one that belongs to it.")
    return files.root.file(found[0]) if found else None


def _find_units(files: SessionFiles, folder: Entry) -> None:
    found = {}
    for match, file in _arrays(files, folder, "CSC{channel}_{SU|MU}{number}.npy"):
        name = UnitName(int(match[1]), match[2], int(match[3]))
        if name in found:
            raise BadFileError(file, f"one file for unit {name.id}", "two", "Rename or move one of them.")
        found[name] = file
    files.units = {name: found[name] for name in sorted(found)}


def _find_lfp(files: SessionFiles, folder: Entry) -> None:
    found: dict[int, File] = {}
    for match, file in _arrays(files, folder, "CSC{channel}_lfp.npy"):
        if int(match[1]) in found:
            raise BadFileError(file, f"one file for CSC{int(match[1])}", "two", "Rename or move one of them.")
        found[int(match[1])] = file
    files.lfp = {channel: found[channel] for channel in sorted(found)}


def _find_streams(files: SessionFiles, folder: Entry) -> None:
    listed = _listed(files, folder)
    for name, entry in listed.items():
        if not name.endswith(".npy"):
            continue
        description = listed.get(f"{name[:-4]}.json")
        if description is None:
            remedy = "Restore it, or move the stream away."
            raise BadFileError(entry.path, "a .json of the same name beside it", "none", remedy)
        files.root.file(description)
        files.streams[name[:-4]] = files.root.file(entry)


def _find_events(files: SessionFiles, folder: Entry) -> None:
    listed = _listed(files, folder)
    for name in ("Events", "Sync"):
        entry = listed.get(f"{name}.npy")
        setattr(files, name.lower(), files.root.file(entry) if entry else None)


def _log(attribute: str) -> Callable[[SessionFiles, Entry], None]:
    return lambda files, folder: setattr(files, attribute, _one_log(files, folder))


def _single(attribute: str) -> Callable[[SessionFiles, Entry], None]:
    return lambda files, entry: setattr(files, attribute, files.root.file(entry))


_FINDERS: dict[str, Callable[[SessionFiles, Entry], None]] = {
    SESSION_INFO: _single("info"),
    CHANNEL_NAMES: _single("channel_names"),
    MANIFEST: _single("manifest"),
    UNITS: _find_units,
    LFP: _find_lfp,
    EVENTS: _find_events,
    DAQ: _log("daq"),
    WATCHLOGS: _log("watchlog"),
    RAW: _find_streams,
}


def find_labels(where: FolderLike) -> dict[LabelName, File]:
    """Return the annotation files of a labels folder, by number.

    Warns of every ``.npy`` there whose name is not an annotation's. BadFileError if there is no such folder, no
    annotation in it, or one that is no regular file of the folder's own.
    """
    folder = folder_at(where)
    remedy = Text("Give the folder that holds them as ", Argument("labels_dir", ""), ".")
    form = "{n}_{name}_{annotator}_{YYYYMMDD}_character.npy"
    if folder.instead():
        raise BadFileError(folder, "a folder of annotations", "none", remedy)
    found = {}
    for entry in folder.entries():
        label = parse_label_file(entry.name)
        if label is not None:
            found[label] = folder.file(entry)
        elif entry.name.endswith(".npy"):
            warn(f"{entry.path} is left out: its name is not {form}", stacklevel=3)
    if not found:
        raise BadFileError(folder, f"annotations, {form}", "none", remedy)
    return {label: found[label] for label in sorted(found)}
