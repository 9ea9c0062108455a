"""The time base of a session's files: ms since the Unix epoch, and how that is checked.

Epiphyte's documentation disagrees on the unit (milliseconds in one place, microseconds in another), so every
file's stamps are checked: if they cannot be milliseconds but can be microseconds they are taken so, with a warning.

A clock that is a little slow or fast does not make gaps: stamps in whole ms that leave one out,
or come twice, at even distances are those of one stretch at the rate that they were taken at.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..ground.arrays import Array
from ..ground.errors import BadFileError
from ..ground.shown import Argument, Clause, Text, warn

# 1990-01-01 and 2100-01-01, in ms since the Unix epoch.
EARLIEST_MS, LATEST_MS = 631_152_000_000, 4_102_444_800_000
FARTHEST = 2**62  # the distance of two stamps within it fits int64
MAX_RUNS = 10_000  # segments: Neo keeps objects for each, with which a small file could fill the memory
MAX_DRIFT = 2e-3  # by which a clock may be slow or fast; quartz is off by 1e-4 at most, a wrong rate by more
MANY = 16  # odd steps: this many lost samples do not lie on a line by chance
PROBES = 257  # stamps used to recognise a line


def plausible_divisor(first: float, last: float) -> int | None:
    """Return what stamps, `first` to `last`, are divided by to be ms of 1990 to 2100: 1 or 1000; None if nothing."""
    if first >= EARLIEST_MS and last <= LATEST_MS:
        return 1
    return 1000 if first / 1000 >= EARLIEST_MS and last / 1000 <= LATEST_MS else None


def stamp_divisor(path: str, first: float, last: float) -> int:
    """Return what a file's stamps, `first` to `last`, are divided by to be ms since the Unix epoch: 1 or 1000.

    Stamps that are not plausible as ms (1990 to 2100) are taken as µs where that is plausible, else as ms all the same;
    either is warned of. BadFileError if a stamp is NaN, infinite or beyond 2**62, or the last is before the first.
    """
    if not (math.isfinite(first) and math.isfinite(last)):
        raise BadFileError(path, "finite time stamps", f"{first} and {last} at the ends", "Repair the stamps.")
    if last < first:
        found = f"{first} first and {last} last"
        raise BadFileError(path, "ascending time stamps", found, "Sort the stamps, and what belongs to them alike.")
    if max(abs(first), abs(last)) >= FARTHEST:
        raise BadFileError(path, "time stamps below 2**62", f"{first:g} to {last:g}", "Repair the stamps.")
    divisor = plausible_divisor(first, last)
    if divisor == 1000:
        warn(f"{path}: stamps from {first:.0f} cannot be ms since 1970; taken as µs", stacklevel=2)
    if divisor is not None:
        return divisor
    text = f"{path}: stamps from {first:.0f} to {last:.0f} are not between 1990 and 2100 in ms or µs; taken as ms"
    warn(text, stacklevel=2)
    return 1


class Run(NamedTuple):
    """A stretch of samples without a gap."""

    # start, stop: sample indexes, `stop` one past the last
    start: int
    stop: int
    t_start_ms: float  # when its first sample was taken, ms since the Unix epoch


class Timing(NamedTuple):
    """What a channel's stamps say."""

    runs: tuple[Run, ...]  # stretches without a gap, in order
    sampling_rate: float  # Hz: the one that was given or, where the clock does not keep it, the one measured
    odd: tuple[int, ...] | None  # where a stamp is not one sample after the one before; None: its ends alone were read


class _Rate(NamedTuple):
    """What the distance of two stamps must be: `period` a sample, give or take `slack`; stamps are `unit` exact."""

    period: float
    slack: float
    unit: float

    def excess(self, distance: float, samples: int) -> float:
        """Return by how much `distance` is too long (or, negative, too short), 0 if it fits."""
        deviation = distance - samples * self.period
        return 0.0 if abs(deviation) <= self.slack else deviation


def _rate(dtype: np.dtype[Any], divisor: int, rate: float) -> _Rate:
    period = 1000.0 * divisor / rate
    if dtype.kind == "f":
        return _Rate(period, period / 2, 0.0)
    # Whole-number stamps of a whole-number period are exact, unless they are so fine that the clock's own jitter
    # shows; others are rounded, each by up to 1/2.
    return _Rate(period, float(period // 8) if period.is_integer() else 1.0, 1.0)


def find_runs(
    path: str,
    view: Callable[[], Array],
    dtype: np.dtype[Any],
    count: int,
    first: float,
    last: float,
    divisor: int,
    rate: float,
    *,
    strict: bool = False,
    tolerance_ms: float | None = None,
) -> Timing:
    """Find the gaps in a channel's stamps by bisection, touching few of them.

    A gap that an equal and opposite fault hides is not found: :func:`check_runs` finds those. BadFileError if the
    stamps found run backwards, or do not fit the rate at all.

    Parameters
    ----------
    path : str
        The file, for messages.
    view : callable
        Gives the stamps, (count,), of `dtype`; called only if the ends do not fit.
    first, last : float
        The stamps at the ends, in file units, of which there are `divisor` a ms.
    rate : float
        Sampling rate, Hz.
    strict : bool
        Refuse stamps that come twice, as those of a fast clock do.
    tolerance_ms : float, optional
        By how much two stamps may be too close to each other where the clock does not explain it.
    """
    expect = _rate(dtype, divisor, rate)
    deviation = expect.excess(last - first, count - 1)
    if not deviation:
        return Timing((Run(0, count, first / divisor),), rate, None)
    gaps: list[int] = []
    odd: list[int] = []
    stamps, period = view(), None
    if abs(deviation) > MANY * (expect.unit or expect.period) and not (strict and deviation < 0):
        period = _line(stamps, [0, count], expect)
    if period is None:
        found = _Stamps(path, stamps, expect, divisor)
        odd = _find_gaps(found)
        gaps, period = _gaps_and_period(found, odd, strict, tolerance_ms or 0.0)
    runs = (Run(start, stop, float(stamps[start]) / divisor) for start, stop in pairwise([0, *gaps, count]))
    return Timing(tuple(runs), rate if period is None else 1000.0 * divisor / period, tuple(odd))


class _Stamps(NamedTuple):
    """A channel's stamps, and what they should be."""

    path: str
    values: Array
    expect: _Rate
    divisor: int

    def step(self, index: int) -> float:
        """Return the distance of a stamp from the one before; unsigned stamps would wrap."""
        return float(self.values[index]) - float(self.values[index - 1])

    def excess(self, index: int) -> float:
        """Return by how much that distance is too long."""
        return self.step(index) - self.expect.period


def _gaps_and_period(
    stamps: _Stamps, odd: Sequence[int], strict: bool, tolerance_ms: float
) -> tuple[list[int], float | None]:
    """Return where stretches begin, of all `odd` steps, and the period that they keep if it is not the expected one."""
    expect = stamps.expect
    close = [index for index in odd if stamps.excess(index) < 0]
    far = [index for index in close if -stamps.excess(index) / stamps.divisor > tolerance_ms]
    if far and strict:
        raise _too_close(stamps, far[0])
    ticks = [index for index in odd if abs(stamps.excess(index)) <= expect.unit]
    gaps = sorted(set(odd) - set(ticks))
    edges = [0, *gaps, stamps.values.size]
    if ticks and set(close) <= set(ticks) and (close or _even(ticks, edges)):
        period = _line(stamps.values, edges, expect, ticks)
        if period is not None:
            return gaps, period
    if far:
        raise _too_close(stamps, far[0])
    gaps = sorted(set(odd) - set(close))
    return gaps, None if close else _drift(stamps, [0, *gaps, stamps.values.size])


def _find_gaps(found: _Stamps) -> list[int]:
    """Return the index of the second of every two stamps that are too far apart or too close, in order."""
    path, stamps, expect, divisor = found
    gaps: list[int] = []
    todo = [(0, stamps.size - 1)]
    while todo:
        low, high = todo.pop()
        distance = float(stamps[high]) - float(stamps[low])  # unsigned stamps would wrap
        if not math.isfinite(distance):
            raise BadFileError(path, "finite time stamps", f"{stamps[high]} at index {high}", "Repair the stamps.")
        if not expect.excess(distance, high - low):
            continue
        if high - low > 1:
            middle = (low + high) // 2
            todo += [(middle, high), (low, middle)]
            continue
        if distance < 0:
            raise _too_close(found, high)
        gaps.append(high)
        if len(gaps) >= MAX_RUNS:
            raise BadFileError(path, f"at most {MAX_RUNS} segments", "more gaps in the stamps", _RATE_REMEDY)
        if len(gaps) > 64 and len(gaps) > high // 2:
            if distance < expect.period:
                raise _too_close(found, gaps[0])
            steps = f"mostly steps of {distance / divisor:g} ms"
            raise BadFileError(path, f"stamps {expect.period / divisor:g} ms apart", steps, _RATE_REMEDY)
    return gaps


def _line(stamps: Array, edges: Sequence[int], expect: _Rate, ticks: Sequence[int] = ()) -> float | None:
    """Return the period that the stretches between edges keep, all the same one; None if they do not.

    Reads a few stamps of each, and those around `ticks`.
    """
    stretches = [(start, stop - 1) for start, stop in pairwise(edges) if stop - start > 1]
    samples = sum(high - low for low, high in stretches)
    if not samples:
        return None
    period = sum(float(stamps[high]) - float(stamps[low]) for low, high in stretches) / samples
    if not abs(period / expect.period - 1) <= MAX_DRIFT:
        return None
    most = 2 + PROBES // len(stretches)
    at = {int(i) for low, high in stretches for i in np.linspace(low, high, min(most, high - low + 1))}
    tolerance = max(expect.unit, expect.slack, expect.period / 8)
    for index in sorted(at.union(ticks, (tick - 1 for tick in ticks))):
        start = edges[bisect_right(edges, index) - 1]
        if not abs(float(stamps[index]) - float(stamps[start]) - (index - start) * period) <= tolerance:
            return None
    return period


def _drift(stamps: _Stamps, edges: Sequence[int]) -> float | None:
    """Return the period that stretches without odd steps keep, if by their ends they are more than a sample off."""
    values, expect = stamps.values, stamps.expect
    off = sum(
        float(values[stop - 1]) - float(values[start]) - (stop - 1 - start) * expect.period
        for start, stop in pairwise(edges)
    )
    return _line(values, edges, expect) if abs(off) > max(expect.period, stamps.divisor) else None


def _even(ticks: Sequence[int], edges: Sequence[int]) -> bool:
    """Return True if the ticks of the stretch with the most of them come from a clock and not from lost samples."""
    parts = np.split(np.array(ticks), np.searchsorted(ticks, edges[1:-1]))
    most = max(range(len(parts)), key=lambda k: len(parts[k]))
    inside, start, stop = parts[most].tolist(), edges[most], edges[most + 1]
    if len(inside) < 2:
        return False
    spaces = np.diff(inside)
    before, after, longest = inside[0] - start, stop - inside[-1], int(spaces.max())
    if len(inside) == 2:  # two may be so by chance; those of a clock that begins, or turns over, at its first stamp
        return bool(after <= longest + 1 and (abs(before - longest) <= 1 or abs(2 * before - longest) <= 2))
    return max(before, after) <= longest + 1 and longest <= 1.25 * int(spaces.min()) + 1


_RATE_REMEDY = "Put the true rate in the dict as 'sampling_rate', in Hz, or correct the stamps."


def _too_close(stamps: _Stamps, index: int) -> BadFileError:
    distance = stamps.step(index)
    found = f"a step of {distance:g} at index {index}"
    if distance < 0:
        return BadFileError(stamps.path, "ascending time stamps", found, "Sort the samples by their stamps.")
    if distance == 0:
        expected, remedy = "ascending time stamps", f"Leave out samples whose stamp was there before. {_RATE_REMEDY}"
    else:
        expected, remedy = "time stamps one sample apart", _RATE_REMEDY
    gap = Argument("gap_tolerance_ms", f"{-stamps.excess(index) / stamps.divisor:.6g}")
    return BadFileError(stamps.path, expected, found, Text(remedy, Clause(" Or read with ", gap, ".")))


def check_runs(
    path: str,
    stamps: Array,
    runs: Sequence[Run],
    divisor: int,
    rate: float,
    block: int = 1 << 16,
    tolerance_ms: float | None = None,
) -> None:
    """Check every stamp of a channel against its runs, block by block; what is tolerated is not out of place.

    BadFileError, with its index, if a stamp within a run is out of place.
    """
    expect = _rate(stamps.dtype, divisor, rate)
    slack = max(expect.slack, (tolerance_ms or 0.0) * divisor)
    for run in runs:
        for low in range(run.start, run.stop - 1, block):
            piece = stamps[low : min(low + block + 1, run.stop)]
            steps = np.diff(piece.astype(np.float64))
            wrong = np.flatnonzero(~(np.abs(steps - expect.period) <= slack))
            if wrong.size:
                raise _too_close(_Stamps(path, stamps, expect, divisor), low + int(wrong[0]) + 1)


def check_ascending(path: str, stamps: Array) -> None:
    """Check that stamps never descend and none is NaN; BadFileError with the index of the first that does."""
    wrong = np.flatnonzero(~(stamps[1:] >= stamps[:-1]))
    if wrong.size:
        index = int(wrong[0]) + 1
        found = f"{stamps[index]} after {stamps[index - 1]} at index {index}"
        raise BadFileError(path, "ascending time stamps", found, "Sort the stamps, and what belongs to them alike.")
