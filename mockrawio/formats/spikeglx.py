"""Which files make a recording, how long they are, and what SpikeGLX's ``.meta`` beside them says.

Facts: HYBRID.md, sections 4.1 and 4.2.
"""

from __future__ import annotations

import glob
import logging
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..ground.checks import is_whole, require
from ..ground.errors import BadFileError, MockSessionError, unreadable
from ..ground.regular import check_regular, read_text
from ..ground.shown import visible

__all__ = ["axis_starts", "check_meta", "companion", "find_files", "frame_count", "read_meta", "read_metas"]

PathLike = str | os.PathLike[str]

RATE_TOLERANCE = 1e-3  # .meta has the calibrated rate (30000.084), parameter files the nominal one (30000)
_LOG = logging.getLogger(__name__)


def find_files(source: PathLike | Sequence[PathLike]) -> list[str]:
    """Return the files that `source` names, in natural order.

    Parameters
    ----------
    source : path or list of paths
        A path that exists is taken as it is, even if it has the characters of a glob.

    Raises
    ------
    MockSessionError
        If nothing is found, or a file is named twice.
    """
    if isinstance(source, (str, os.PathLike)):
        paths = _expanded(os.fspath(source))
    else:
        paths = [os.fspath(path) for path in source]
        require(len(paths) > 0, "source", "at least one file", "none of them")
        twice = [path for path in paths if paths.count(path) > 1]
        require(not twice, "source", "every file once", twice[:1])
    return sorted(paths, key=natural_key)


def _expanded(source: str) -> list[str]:
    if os.path.lexists(source) or not glob.has_magic(source):
        return [source]
    paths = glob.glob(source)
    require(len(paths) > 0, "source", "a path or glob of at least one file", source, "Check the path.")
    return _without_results(paths)


def _without_results(paths: list[str]) -> list[str]:
    """Leave out the targets that an earlier run wrote beside their sources."""
    known = set(paths)
    results = {path for path in paths if ".GT" in path and _untagged(path) in known - {path}}
    if results:
        _LOG.warning("left out hybrid files of an earlier run: %s", ", ".join(map(visible, sorted(results))))
    return [path for path in paths if path not in results]


def _untagged(path: str) -> str:
    """Return the source's name of a target's (HYBRID.md, section 7)."""
    folder, name = os.path.split(path)
    return os.path.join(folder, re.sub(r"\.GT(?=\.[^.]*$|$)", "", name))


def natural_key(path: str) -> list[tuple[int, int, str]]:
    """Return a key that sorts the numbers in a path as numbers."""
    parts = re.split(r"(\d+)", path)
    return [(0, int(part), "") if part.isdecimal() and part.isascii() else (1, 0, part) for part in parts]


def frame_count(path: str, frame_bytes: int, allow_partial: bool = False) -> int:
    """Return how many frames a raw file holds.

    Raises
    ------
    BadFileError
        If it cannot be read, holds no frame, or ends within one and `allow_partial` is false.
    """
    try:
        size = os.stat(path).st_size
        check_regular(path)
    except OSError as error:
        raise unreadable(path, error) from None
    frames, rest = divmod(size, frame_bytes)
    if frames == 0:
        raise BadFileError(
            path,
            f"at least one frame of {frame_bytes} bytes",
            f"{size} bytes",
            "Give a file with samples, or leave it out.",
        )
    if rest and not allow_partial:
        expected = f"whole frames of {frame_bytes} bytes"
        remedy = "Check the number of channels and the data type, or cut the file after its last whole frame."
        raise BadFileError(path, expected, f"{frames} of them and {rest} bytes more", remedy)
    return frames


def companion(path: str) -> str:
    """Return where the ``.meta`` of a raw file would be: what follows the name's last dot is replaced."""
    return str(Path(path).with_suffix(".meta"))


def read_meta(path: PathLike) -> dict[str, str]:
    """Read a SpikeGLX ``.meta`` file: a line ``key=value`` each; other lines are passed over.

    Parameters
    ----------
    path : str or PathLike
        The ``.meta`` file itself.

    Returns
    -------
    dict of str to str
        As they stand, without spaces around them; of a key that comes twice, the first.

    Raises
    ------
    BadFileError
        If it cannot be read.
    """
    values: dict[str, str] = {}
    for line in read_text(os.fspath(path)).decode("utf-8-sig", "replace").splitlines():
        key, equals, value = line.partition("=")
        if equals and key.strip():
            values.setdefault(key.strip(), value.strip())
    return values


def read_metas(paths: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the content of those ``.meta`` files that exist, by the raw file's path."""
    pairs = ((path, companion(path)) for path in paths)
    return {path: read_meta(meta) for path, meta in pairs if meta != path and os.path.isfile(meta)}


def _value(path: str, meta: dict[str, str], keys: Sequence[str]) -> tuple[str, float] | None:
    """Return the first of `keys` (in any case) that a file's .meta has, and its number."""
    for key, text in meta.items():
        if key.lower() in {wanted.lower() for wanted in keys}:
            try:
                return key, int(text) if re.fullmatch(r"[+-]?\d{1,18}", text) else float(text)
            except ValueError:
                raise BadFileError(companion(path), f"a number for {key}", repr(text), "Correct the file.") from None
    return None


def check_meta(path: str, meta: dict[str, str], *, n_channels: int, sample_rate: float) -> None:
    """Compare what a raw file's ``.meta`` says with the arguments and with the file.

    Raises
    ------
    BadFileError
        If sample rate (beyond 0.1 %), number of channels or file size disagree.
    """
    rate = _value(path, meta, ("imSampRate", "niSampRate"))
    if rate and not abs(rate[1] - sample_rate) <= RATE_TOLERANCE * sample_rate:
        _disagree(path, rate, f"{sample_rate:.12g}, the sample_rate given")
    channels = _value(path, meta, ("nSavedChans",))
    if channels and channels[1] != n_channels:
        _disagree(path, channels, f"{n_channels}, as the probe has channels")
    size = _value(path, meta, ("fileSizeBytes",))
    if size and size[1] != _size(path):
        _disagree(path, size, f"{_size(path)}, the size of {os.path.basename(path)}")


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError as error:
        raise unreadable(path, error) from None


def _disagree(path: str, entry: tuple[str, float], expected: str) -> None:
    key, value = entry
    remedy = "Correct the parameter, or use the .meta that belongs to the file."
    raise BadFileError(companion(path), f"{key} = {expected}", f"{key} = {value:.12g}", remedy)


def axis_starts(
    paths: Sequence[str],
    frames: Sequence[int],
    metas: dict[str, dict[str, str]],
    start_time: int | Sequence[int] | None,
) -> list[int]:
    """Return where each file starts on the absolute axis.

    Parameters
    ----------
    paths, frames : sequence
        The files in natural order, and their lengths.
    metas : dict
        As :func:`read_metas` returns it.
    start_time : int or sequence of int, optional
        As for :func:`mockrawio.hybrid.open_raw`.

    Raises
    ------
    MockSessionError
        If starts are unknown, negative, of the wrong number, or contradict ``firstSample``.
    """
    told = _told_by_meta(paths, metas)
    given = _given(start_time, len(paths))
    if len(given) == len(paths):
        _check_agree(paths, given, told)
        return given
    origin = given[0] if given else 0
    starts = [0] if len(paths) == 1 else _all_known(paths, frames, told)
    moved = [origin + start for start in starts]
    found = f"{min(moved)} for {paths[moved.index(min(moved))]}"
    require(min(moved) >= 0, "firstSample", "no file before the naturally first one", found, "Give start_time.")
    return moved


def _told_by_meta(paths: Sequence[str], metas: dict[str, dict[str, str]]) -> list[int | None]:
    """Return firstSample of every file, None where it is not told."""
    told: list[int | None] = []
    for path in paths:
        entry = _value(path, metas.get(path, {}), ("firstSample",))
        if entry and not isinstance(entry[1], int):
            raise BadFileError(companion(path), "a whole number for firstSample", str(entry[1]), "Correct the file.")
        told.append(int(entry[1]) if entry else None)
    return told


def _given(start_time: int | Sequence[int] | None, n_files: int) -> list[int]:
    if start_time is None:
        return []
    given: list[Any] = list(start_time) if isinstance(start_time, Iterable) else [start_time]
    whole = all(is_whole(start) and start >= 0 for start in given)
    require(whole, "start_time", "whole numbers from 0 up", start_time)
    fits = len(given) == n_files or not isinstance(start_time, Iterable)
    require(fits, "start_time", f"one start for each of {n_files} files", f"{len(given)} of them")
    return [int(start) for start in given]


def _check_agree(paths: Sequence[str], given: list[int], told: list[int | None]) -> None:
    """Refuse starts whose distances are not those that the .meta files tell."""
    known = [(path, start, first) for path, start, first in zip(paths, given, told, strict=True) if first is not None]
    for path, start, first in known[1:]:
        apart, by_meta = start - known[0][1], first - known[0][2]
        if apart != by_meta:
            expected = f"start_time {by_meta} samples after that of {known[0][0]}, as firstSample says"
            raise BadFileError(path, expected, f"{apart}", "Correct start_time, or leave it out.")


def _all_known(paths: Sequence[str], frames: Sequence[int], told: list[int | None]) -> list[int]:
    """Return the starts counted from the first file, all of which must be told."""
    unknown = [path for path, first in zip(paths, told, strict=True) if first is None]
    if unknown:
        end_to_end = [sum(frames[:k]) for k in range(len(frames))]
        raise MockSessionError(
            unknown[0],
            f"a .meta with firstSample beside each of {len(paths)} files",
            "none",
            f"Give start_time, one a file (without gaps it would be {end_to_end}).",
        )
    firsts = [first for first in told if first is not None]
    return [first - firsts[0] for first in firsts]
