"""The time base of a session's files: ms since the Unix epoch, and how that is checked.

The documents disagree (milliseconds here, microseconds there), so every file's stamps are
looked at: what cannot be milliseconds but can be microseconds is taken as such, aloud.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .errors import BadFileError
from .shown import warn

# 1990-01-01 and 2100-01-01, in ms since the Unix epoch.
EARLIEST_MS, LATEST_MS = 631_152_000_000, 4_102_444_800_000
FARTHEST = 2**62  # the distance of two stamps within it fits int64
MAX_RUNS = 10_000  # segments: Neo keeps objects for each, with which a small file could fill the memory


def stamp_divisor(path: str, first: float, last: float) -> int:
    """Return what a file's stamps are divided by to be ms since the Unix epoch: 1 or 1000.

    Parameters
    ----------
    path : str
        The file, for messages.
    first, last : float
        Its first and last stamp.

    Warns
    -----
    UserWarning
        If the stamps are not plausible as ms (1990 to 2100): they are taken as µs where
        that is plausible, else as ms all the same.

    Raises
    ------
    BadFileError
        If a stamp is NaN, infinite or beyond 2**62, or the last is before the first.
    """
    if not (math.isfinite(first) and math.isfinite(last)):
        raise BadFileError(path, "finite time stamps", f"{first} and {last} at the ends", "Repair the stamps.")
    if last < first:
        raise BadFileError(
            path,
            "time stamps that ascend",
            f"{first} first and {last} last",
            "Sort the stamps, and what belongs to them alike.",
        )
    if max(abs(first), abs(last)) >= FARTHEST:
        raise BadFileError(path, "time stamps below 2**62", f"{first:g} to {last:g}", "Repair the stamps.")
    if first >= EARLIEST_MS and last <= LATEST_MS:
        return 1
    if first / 1000 >= EARLIEST_MS and last / 1000 <= LATEST_MS:
        warn(f"{path}: stamps from {first:.0f} cannot be ms since 1970; taken as µs", stacklevel=2)
        return 1000
    warn(
        f"{path}: stamps from {first:.0f} to {last:.0f} are not between 1990 and 2100 in ms or µs; taken as ms",
        stacklevel=2,
    )
    return 1


class Run(NamedTuple):
    """A stretch of samples without a gap.

    Attributes
    ----------
    start, stop : int
        Sample indexes, `stop` one past the last.
    t_start_ms : float
        When its first sample was taken, ms since the Unix epoch.
    """

    start: int
    stop: int
    t_start_ms: float


class _Rate(NamedTuple):
    """What the distance of two stamps must be: `period` a sample, give or take `slack`."""

    period: float
    slack: float

    def excess(self, distance: float, samples: int) -> float:
        """Return by how much `distance` is too long (or, negative, too short), 0 if it fits."""
        deviation = distance - samples * self.period
        return 0.0 if abs(deviation) <= self.slack else deviation


def _rate(dtype: np.dtype[Any], divisor: int, rate: float) -> _Rate:
    period = 1000.0 * divisor / rate
    if dtype.kind == "f":
        return _Rate(period, period / 2)
    # Whole-number stamps of a whole-number period are exact; others are rounded, each by up to 1/2.
    return _Rate(period, 0.0 if period.is_integer() else 1.0)


def find_runs(
    path: str,
    view: Callable[[], npt.NDArray[Any]],
    dtype: np.dtype[Any],
    count: int,
    first: float,
    last: float,
    divisor: int,
    rate: float,
) -> tuple[Run, ...]:
    """Find the gaps in a channel's stamps by bisection, touching few of them.

    Parameters
    ----------
    path : str
        The file, for messages.
    view : callable
        Gives the stamps, (count,); called only if there is a gap.
    dtype : numpy.dtype
        Theirs.
    count : int
        How many there are, at least 1.
    first, last : float
        The stamps at the ends, in file units.
    divisor : int
        File units a ms.
    rate : float
        Sampling rate, Hz.

    Returns
    -------
    tuple of Run
        In order. A gap that an equal and opposite fault hides is not found:
        :func:`check_runs` finds those.

    Raises
    ------
    BadFileError
        If the stamps found run backwards, or do not fit the rate at all.
    """
    expect = _rate(dtype, divisor, rate)
    starts = [0]
    if expect.excess(last - first, count - 1):
        starts += _find_gaps(path, view(), expect, divisor)
    edges = [*starts, count]
    stamps = view() if len(starts) > 1 else [first]
    return tuple(Run(start, stop, float(stamps[start]) / divisor) for start, stop in pairwise(edges))


def _find_gaps(path: str, stamps: npt.NDArray[Any], expect: _Rate, divisor: int) -> list[int]:
    """Return the index of the first sample after every gap, in order."""
    gaps: list[int] = []
    todo = [(0, stamps.size - 1)]
    while todo:
        low, high = todo.pop()
        distance = float(stamps[high]) - float(stamps[low])  # unsigned stamps would wrap
        if not math.isfinite(distance):
            bad = low if math.isfinite(stamps[high]) else high
            raise BadFileError(path, "finite time stamps", f"{stamps[bad]} at index {bad}", "Repair the stamps.")
        excess = expect.excess(distance, high - low)
        if not excess:
            continue
        if high - low > 1:
            middle = (low + high) // 2
            todo += [(middle, high), (low, middle)]
            continue
        if excess < 0:
            raise _too_close(path, high, distance)
        gaps.append(high)
        if len(gaps) >= MAX_RUNS:
            raise BadFileError(path, f"at most {MAX_RUNS} segments", "more gaps in the stamps", _RATE_REMEDY)
        if len(gaps) > 64 and len(gaps) > high // 2:
            found = f"mostly steps of {distance / divisor:g} ms"
            raise BadFileError(path, f"stamps {expect.period / divisor:g} ms apart", found, _RATE_REMEDY)
    return gaps


_RATE_REMEDY = "Put the true rate in the dict as 'sampling_rate', in Hz, or correct the stamps."


def _too_close(path: str, index: int, distance: float) -> BadFileError:
    found = f"a step of {distance:g} at index {index}"
    if distance == 0:
        return BadFileError(path, "time stamps that ascend", found, "Leave out samples whose stamp was there before.")
    if distance < 0:
        return BadFileError(path, "time stamps that ascend", found, "Sort the samples by their stamps.")
    return BadFileError(path, "time stamps one sample apart", found, _RATE_REMEDY)


def check_runs(
    path: str, stamps: npt.NDArray[Any], runs: Sequence[Run], divisor: int, rate: float, block: int = 1 << 16
) -> None:
    """Check every stamp of a channel against its runs, block by block.

    Raises
    ------
    BadFileError
        If a stamp within a run is out of place; the message has its index.
    """
    expect = _rate(stamps.dtype, divisor, rate)
    for run in runs:
        for low in range(run.start, run.stop - 1, block):
            piece = stamps[low : min(low + block + 1, run.stop)]
            steps = np.diff(piece.astype(np.float64))
            wrong = np.flatnonzero(~(np.abs(steps - expect.period) <= expect.slack))
            if wrong.size:
                raise _too_close(path, low + int(wrong[0]) + 1, float(steps[wrong[0]]))


def check_ascending(path: str, stamps: npt.NDArray[Any]) -> None:
    """Check that stamps never descend and none is NaN.

    Raises
    ------
    BadFileError
        Naming the first that does, with its index.
    """
    wrong = np.flatnonzero(~(stamps[1:] >= stamps[:-1]))
    if wrong.size:
        index = int(wrong[0]) + 1
        found = f"{stamps[index]} after {stamps[index - 1]} at index {index}"
        raise BadFileError(path, "time stamps that ascend", found, "Sort the stamps, and what belongs to them alike.")
