"""Which raw files make a recording, how long they are, and where each starts. See docs/hybridfactory.rst."""

from __future__ import annotations

import glob
import logging
import math
import os
import re
from collections.abc import Iterable, Sequence
from typing import Any

from ..formats.spikeglx import first_sample
from ..ground.checks import is_whole, require
from ..ground.errors import BadFileError, MockSessionError, unreadable
from ..ground.places import AnyPath
from ..ground.regular import check_regular
from ..ground.shown import visible

_LOG = logging.getLogger(__name__)


def raw_paths(source: AnyPath | Sequence[AnyPath]) -> list[str]:
    """Return the files that `source` names, in natural order, each once.

    A path that exists is taken as it is, even if it has the characters of a glob.
    """
    if isinstance(source, (str, os.PathLike)):
        paths = _expanded(os.fspath(source))
    else:
        paths = [os.fspath(path) for path in source]
        require(len(paths) > 0, "source", "at least one file", "none of them")
        twice = [path for path in paths if paths.count(path) > 1]
        require(not twice, "source", "every file once", twice[:1])
    return sorted(paths, key=_natural_key)


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
    """Return the name of the source of a result: without its ``.GT``."""
    folder, name = os.path.split(path)
    return os.path.join(folder, re.sub(r"\.GT(?=\.[^.]*$|$)", "", name))


def _natural_key(path: str) -> list[tuple[float, str]]:
    """Return a key that sorts the numbers in a path as numbers."""
    parts = re.split(r"(\d+)", path)
    return [(int(part), "") if part.isdecimal() and part.isascii() else (math.inf, part) for part in parts]


def count_frames(path: str, frame_bytes: int, allow_partial: bool = False) -> int:
    """Return how many frames a raw file holds, at least one, whole ones unless `allow_partial`."""
    try:
        size = os.stat(path).st_size
        check_regular(path)
    except OSError as error:
        raise unreadable(path, error) from None
    frames, rest = divmod(size, frame_bytes)
    if frames == 0:
        expected, remedy = f"at least one frame of {frame_bytes} bytes", "Give a file with samples, or leave it out."
        raise BadFileError(path, expected, f"{size} bytes", remedy)
    if rest and not allow_partial:
        expected = f"whole frames of {frame_bytes} bytes"
        remedy = "Check the number of channels and the data type, or cut the file after its last whole frame."
        raise BadFileError(path, expected, f"{frames} of them and {rest} bytes more", remedy)
    return frames


def axis_starts(
    paths: Sequence[str],
    frames: Sequence[int],
    metas: dict[str, dict[str, str]],
    start_time: int | Sequence[int] | None,
) -> list[int]:
    """Return where each file, in natural order, of so many frames, starts on the absolute axis.

    `metas` are those of the files by path; `start_time` is as for :func:`mockrawio.hybrid.open_raw`. Starts that
    are unknown, negative, of the wrong number, or contradict ``firstSample`` are refused.
    """
    told = [first_sample(path, metas.get(path, {})) for path in paths]
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
        expected = f"a .meta with firstSample beside each of {len(paths)} files"
        remedy = f"Give start_time, one a file (without gaps it would be {end_to_end})."
        raise MockSessionError(unknown[0], expected, "none", remedy)
    firsts = [first for first in told if first is not None]
    return [first - firsts[0] for first in firsts]
