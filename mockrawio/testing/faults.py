"""What goes wrong with a session's files, to be planted in a copy of one: :func:`plant_fault`.

Each fault changes the files in place, always in the same way, and says what a reader should do about it. How our own
reader and ``mockrawio verify`` take them is tested for every one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from ..formats.dict_npy import DictFile
from ..formats.npy import MappedArray
from ..ground.checks import require
from ..ground.errors import MockSessionError, NotASessionError
from ..ground.places import read_text
from ..ground.regular import only_regular
from ..ground.shown import Argument
from ..session import layout


@dataclass(frozen=True)
class SessionFault:
    """A way in which a session folder can be wrong.

    Attributes
    ----------
    name : str
        What :func:`plant_fault` calls it.
    what : str
        What is wrong.
    should : str
        What a reader should do.
    """

    name: str
    what: str
    should: str
    apply: Callable[[Path], Path]  # changes a folder, and returns the file at fault


def plant_fault(folder: str | PathLike[str], name: str) -> Path:
    """Plant a fault in a session folder.

    Parameters
    ----------
    folder : str or PathLike
        Your own session folder, such as a copy of that of ``mock_session``: its files are changed.
    name : str
        One of :data:`SESSION_FAULTS`.

    Returns
    -------
    Path
        The file at fault, which may no longer exist.

    Raises
    ------
    MockSessionError
        If there is no such fault, or the session has no file for it: it is virtual, or has no stream.

    Examples
    --------
    >>> import shutil
    >>> from mockrawio.testing import plant_fault
    >>> with tempfile.TemporaryDirectory() as other:
    ...     copy = shutil.copytree(folder, f"{other}/session_1")
    ...     plant_fault(copy, "truncated-lfp").name
    'CSC1_lfp.npy'
    """
    known = ", ".join(SESSION_FAULTS)
    require(name in SESSION_FAULTS, Argument("name"), f"one of {known}", name, "Give one of these.")
    place = Path(folder)
    if not place.is_dir():
        raise NotASessionError(place, "a session folder", "none", "Give a copy of one.")
    return SESSION_FAULTS[name].apply(place)


def _first(folder: Path, pattern: str) -> Path:
    """Return the first file that fits, which every fault is planted in."""
    found = sorted(folder.glob(pattern))
    if not found:
        remedy = "Give a session that has some; mockrawio materialise writes a virtual one out."
        raise MockSessionError(folder, f"files as {pattern}", "none", remedy)
    return found[0]


def _cut(pattern: str) -> Callable[[Path], Path]:
    def apply(folder: Path) -> Path:
        path = _first(folder, pattern)
        os.truncate(path, path.stat().st_size // 2)
        return path

    return apply


def _remove(pattern: str) -> Callable[[Path], Path]:
    def apply(folder: Path) -> Path:
        path = _first(folder, pattern)
        path.unlink()
        return path

    return apply


def _append(pattern: str, text: bytes) -> Callable[[Path], Path]:
    def apply(folder: Path) -> Path:
        path = _first(folder, pattern)
        path.write_bytes(read_text(path) + text)
        return path

    return apply


def _write(name: str, content: bytes) -> Callable[[Path], Path]:
    def apply(folder: Path) -> Path:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    return apply


def _empty(pattern: str) -> Callable[[Path], Path]:
    def apply(folder: Path) -> Path:
        path = _first(folder, pattern)
        path.write_bytes(b"")
        return path

    return apply


def _flip_bit(folder: Path) -> Path:
    """Turn one bit of the samples round."""
    path = _first(folder, f"{layout.LFP}/*.npy")
    content = bytearray(read_text(path))
    content[-len(content) // 8] ^= 1
    path.write_bytes(content)
    return path


def _stored(path: Path, key: str) -> MappedArray:
    """Return where an array of a file lies."""
    with DictFile(path) as opened:
        found = opened.values.get(key)
    if not isinstance(found, MappedArray):
        raise MockSessionError(path, f"an array {key!r} that lies in the file", "none", "Give a session of mockrawio.")
    return found


def _change(path: Path, key: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Change an array of a file in its place."""
    where = _stored(path, key)
    with open(path, "r+b", opener=only_regular) as file:
        file.seek(where.offset)
        stored = np.frombuffer(file.read(where.nbytes), where.dtype).reshape(where.shape)
        file.seek(where.offset)
        file.write(change(stored).astype(where.dtype).tobytes())


def _gap(folder: Path) -> Path:
    path = _first(folder, f"{layout.LFP}/*.npy")
    _change(path, "ts", lambda stamps: stamps + 10 * (np.arange(len(stamps)) >= len(stamps) // 2))
    return path


def _firing(folder: Path) -> Path:
    """Return the first unit that has two spikes: fewer have no order."""
    _first(folder, f"{layout.UNITS}/*.npy")
    for path in sorted(folder.glob(f"{layout.UNITS}/*.npy")):
        if _stored(path, "spike_times").shape[0] > 1:
            return path
    raise MockSessionError(folder, "a unit of two spikes at least", "none", "Give a session that has one.")


def _back(folder: Path) -> Path:
    path = _firing(folder)
    _change(path, "spike_times", lambda times: times[::-1])
    return path


def _nan(folder: Path) -> Path:
    path = _firing(folder)
    _change(path, "spike_times", lambda times: np.where(np.arange(len(times)) == len(times) // 2, np.nan, times))
    return path


def _description(folder: Path) -> Path:
    path = _first(folder, f"{layout.RAW}/*.json")
    content = json.loads(read_text(path))
    content["gain"] = content["gain"][:-1]
    path.write_text(json.dumps(content), "utf-8")
    return path


def _link(folder: Path) -> Path:
    path = _first(folder, f"{layout.LFP}/*.npy")
    outside = folder.parent / f".{folder.name}-outside.npy"
    path.rename(outside)
    path.symlink_to(outside)
    return path


_HOSTILE = (
    b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (), }".ljust(127)
    + b"\n"
    + (b"cos\nsystem\n(S'echo executed >&2'\ntR.")
)
_NAMES, _ANY_LFP, _ANY_UNIT = layout.CHANNEL_NAMES, f"{layout.LFP}/*.npy", f"{layout.UNITS}/*.npy"
_CUT = "say which file is too short, and by how much"
_GONE = "read all else"

SESSION_FAULTS = {
    fault.name: fault
    for fault in (
        SessionFault("truncated-lfp", "an LFP file ends half way", _CUT, _cut(_ANY_LFP)),
        SessionFault("truncated-spikes", "a unit's file ends half way", _CUT, _cut(_ANY_UNIT)),
        SessionFault("truncated-events", "the event file ends half way", _CUT, _cut(layout.EVENTS_FILE)),
        SessionFault("truncated-stream", "a stream's samples end half way", _CUT, _cut(f"{layout.RAW}/*.npy")),
        SessionFault("empty-lfp", "an LFP file has no bytes", "skip the channel, with a warning", _empty(_ANY_LFP)),
        SessionFault("missing-lfp", "an LFP file is missing", _GONE, _remove(_ANY_LFP)),
        SessionFault("missing-unit", "a unit's file is missing", _GONE, _remove(_ANY_UNIT)),
        SessionFault("missing-names", "ChannelNames.txt is missing", "call channels by their ids", _remove(_NAMES)),
        SessionFault("missing-info", "session_info.npy is missing", _GONE, _remove(layout.SESSION_INFO)),
        SessionFault("missing-manifest", "the manifest is missing", _GONE, _remove(layout.MANIFEST)),
        SessionFault("flipped-bit", "one bit of the samples is flipped", "find it by the manifest's hash", _flip_bit),
        SessionFault("lost-samples", "one channel lacks 10 ms half way", "begin a segment there", _gap),
        SessionFault("backward-spikes", "a unit's spike times descend", "refuse the file", _back),
        SessionFault("nan-spikes", "a spike time is NaN", "refuse the file, if all of it is checked", _nan),
        SessionFault(
            "bad-log", "a line of the DAQ log is malformed", "name file and line", _append("daq_files/*.log", b"x\n")
        ),
        SessionFault("wrong-description", "a stream has one gain too few", "name both numbers", _description),
        SessionFault(
            "hostile-pickle",
            "a unit's file is a pickle that would run a command",
            "refuse it, and run nothing",
            _write(f"{layout.UNITS}/CSC1_SU9.npy", _HOSTILE),
        ),
        SessionFault("link-out", "an LFP file is a link that leads out of the session", "refuse to follow it", _link),
    )
}
"""The faults that :func:`plant_fault` knows, by name."""
