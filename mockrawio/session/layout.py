"""Paths below a session folder, both ways: build them, and recognise them.

The layout is document 000's, `{root}/patient_data/{patient_id}/session_{session_nr}/`;
`raw_data/` and `session_manifest.json` are ours.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from .errors import BadFileError, NotASessionError

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
EVENTS_FILE = f"{EVENTS}/Events.npy"
LABELS = "movie_annotations"
STAMP = "%Y-%m-%d_%H-%M-%S"

BUNDLE = 8  # microwires a bundle, document 000's channels per region

_FOLDER = re.compile(r"session_(\d+)")
_UNIT = re.compile(r"CSC(\d+)_(SU|MU)(\d+)\.npy")
_LFP = re.compile(r"CSC(\d+)_lfp\.npy")
_DAQ = re.compile(r"timedDAQ-log-(.+)\.log")
_WATCHLOG = re.compile(r"ffplay-watchlog-(.+)\.log")
_LABEL = re.compile(r"(\d+)_(.+)_([^_]+)_(\d{8})_character\.npy")
_STAGING = re.compile(r"\.(.+)\.(?:partial|replaced)-[0-9a-f-]+")


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
    """Tell whether a folder's name says that a writer has not finished it, or is replacing it."""
    return _STAGING.fullmatch(folder.name) is not None


@dataclass
class SessionFiles:
    """What a session folder holds, by kind, in natural order.

    Attributes
    ----------
    folder : Path
    info, channel_names, events, daq, watchlog, manifest : str or None
        Absolute paths, None where there is no such file.
    units : dict of UnitName to str
    lfp : dict of int to str
        By channel number.
    streams : dict of str to str
        Stream name to the path of its ``.npy``; its ``.json`` lies beside it.
    """

    folder: Path
    info: str | None = None
    channel_names: str | None = None
    manifest: str | None = None
    events: str | None = None
    daq: str | None = None
    watchlog: str | None = None
    units: dict[UnitName, str] = field(default_factory=dict)
    lfp: dict[int, str] = field(default_factory=dict)
    streams: dict[str, str] = field(default_factory=dict)

    def any(self) -> bool:
        """Tell whether any file was found that makes a folder a session."""
        single = (self.info, self.channel_names, self.events, self.daq, self.watchlog)
        return any(single) or bool(self.units or self.lfp or self.streams)

    @property
    def number(self) -> int | None:
        """The session's number, as the folder's name says it."""
        match = _FOLDER.fullmatch(self.folder.name)
        return int(match[1]) if match else None


def find_files(folder: str | PathLike[str]) -> SessionFiles:
    """Look through a session folder, by names alone.

    Parameters
    ----------
    folder : str or PathLike
        A `session_{nr}` folder, whatever its own name is.

    Raises
    ------
    NotASessionError
        If there is no such folder, or none of a session's files in it.
    BadFileError
        If a file's name does not fit, or there are two logs where one belongs.
    """
    path = Path(folder).absolute()
    if not path.is_dir():
        found = "a file" if path.exists() else "nothing"
        raise NotASessionError(f"{path}: expected a session folder; found {found}. Give the folder session_<nr>.")
    if is_staging(path):
        raise NotASessionError(
            f"{path}: expected a finished session; found one that a writer left unfinished. Make it again."
        )
    files = SessionFiles(path)
    for entry in _scan(path):
        find = _FINDERS.get(entry.name)
        if find is not None:
            find(files, entry)
    if not files.any():
        raise NotASessionError(_not_a_session(path))
    return files


def _not_a_session(path: Path) -> str:
    looked = ", ".join((SESSION_INFO, CHANNEL_NAMES, *(f"{d}/" for d in (UNITS, LFP, EVENTS, DAQ, WATCHLOGS, RAW))))
    places = ("session_*", "*/session_*", "patient_data/*/session_*")
    below = next((found for place in places if (found := sorted(path.glob(place)))), None)
    hint = f"Did you mean {below[0]}?" if below else "Give the folder session_<nr>."
    return f"{path}: expected a session folder, with any of {looked}; found none of them. {hint}"


def _listed(folder: os.DirEntry[str]) -> list[tuple[str, str]]:
    """Return the (name, path) of a folder's files but for hidden ones, sorted."""
    if not folder.is_dir():
        raise BadFileError(folder.path, "a folder", "a file", "Move it away.")
    return [(e.name, e.path) for e in _scan(folder.path) if not e.name.startswith(".")]


def _scan(folder: str | Path) -> list[os.DirEntry[str]]:
    """Return what a folder holds, sorted by name."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise BadFileError(
            folder, "a folder that may be read", error.strerror or str(error), "Change its permissions."
        ) from error


def _arrays(folder: os.DirEntry[str], pattern: re.Pattern[str], form: str) -> list[tuple[re.Match[str], str]]:
    found = []
    for name, path in _listed(folder):
        match = pattern.fullmatch(name)
        if match:
            found.append((match, path))
        elif name.endswith(".npy"):
            raise BadFileError(path, f"a name of the form {form}", repr(name), "Rename the file, or move it away.")
    return found


def _one_log(folder: os.DirEntry[str], pattern: re.Pattern[str]) -> str | None:
    found = [path for name, path in _listed(folder) if pattern.fullmatch(name)]
    if len(found) > 1:
        names = " and ".join(os.path.basename(path) for path in found)
        raise BadFileError(folder.path, "one log for the session", names, "Keep the one that belongs to it.")
    return found[0] if found else None


def _find_units(files: SessionFiles, folder: os.DirEntry[str]) -> None:
    found = {}
    for match, path in _arrays(folder, _UNIT, "CSC{channel}_{SU|MU}{number}.npy"):
        name = UnitName(int(match[1]), match[2], int(match[3]))
        if name in found:
            raise BadFileError(path, f"one file for unit {name.id}", "two", "Rename or move one of them.")
        found[name] = path
    files.units = {name: found[name] for name in sorted(found)}


def _find_lfp(files: SessionFiles, folder: os.DirEntry[str]) -> None:
    found: dict[int, str] = {}
    for match, path in _arrays(folder, _LFP, "CSC{channel}_lfp.npy"):
        if int(match[1]) in found:
            raise BadFileError(path, f"one file for CSC{int(match[1])}", "two", "Rename or move one of them.")
        found[int(match[1])] = path
    files.lfp = {channel: found[channel] for channel in sorted(found)}


def _find_streams(files: SessionFiles, folder: os.DirEntry[str]) -> None:
    for name, path in _listed(folder):
        if not name.endswith(".npy"):
            continue
        if os.path.exists(path[:-4] + ".json"):
            files.streams[name[:-4]] = path
        else:
            remedy = "Restore it, or move the stream away."
            raise BadFileError(path, "a .json of the same name beside it", "none", remedy)


def _find_events(files: SessionFiles, folder: os.DirEntry[str]) -> None:
    files.events = dict(_listed(folder)).get("Events.npy")


def _find_daq(files: SessionFiles, folder: os.DirEntry[str]) -> None:
    files.daq = _one_log(folder, _DAQ)


def _find_watchlog(files: SessionFiles, folder: os.DirEntry[str]) -> None:
    files.watchlog = _one_log(folder, _WATCHLOG)


def _single(attribute: str) -> Callable[[SessionFiles, os.DirEntry[str]], None]:
    return lambda files, entry: setattr(files, attribute, entry.path)


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


def find_labels(folder: str | PathLike[str]) -> dict[LabelName, str]:
    """Return the annotation files of a labels folder, by number.

    Warns of every ``.npy`` there whose name is not an annotation's.

    Raises
    ------
    BadFileError
        If there is no such folder, or no annotation in it.
    """
    path = Path(folder).absolute()
    form = "{n}_{name}_{annotator}_{YYYYMMDD}_character.npy"
    if not path.is_dir():
        raise BadFileError(path, "a folder of annotations", "none", "Give the folder that holds them as labels_dir=.")
    found = {}
    for name in (entry.name for entry in _scan(path)):
        label = parse_label_file(name)
        if label is not None:
            found[label] = str(path / name)
        elif name.endswith(".npy"):
            warnings.warn(f"{path / name} is left out: its name is not {form}", stacklevel=3)
    if not found:
        raise BadFileError(path, f"annotations, {form}", "none", "Give the folder that holds them as labels_dir=.")
    return {label: found[label] for label in sorted(found)}
