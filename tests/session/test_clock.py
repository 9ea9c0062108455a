"""Gaps are found by bisection, as a pass over every stamp would find them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockrawio.ground.errors import BadFileError
from mockrawio.session.clock import Run, Timing, check_ascending, check_runs, find_runs, stamp_divisor
from tests.handmade import T0


def runs_of(stamps: np.ndarray, rate: float = 1000.0, divisor: int = 1) -> list[Run]:
    first, last = stamps[0].item(), stamps[-1].item()
    found = find_runs("x.npy", lambda: stamps, stamps.dtype, stamps.size, first, last, divisor, rate)
    check_runs("x.npy", stamps, found.runs, divisor, found.sampling_rate)
    return list(found.runs)


def timing_of(steps: np.ndarray, rate: float = 1000.0, divisor: int = 1, **how: Any) -> Timing:
    stamps = T0 * divisor + np.r_[0, np.cumsum(steps)]
    ends = stamps[0].item(), stamps[-1].item()
    return find_runs("x", lambda: stamps, stamps.dtype, stamps.size, *ends, divisor, rate, **how)


def slow_runs(stamps: np.ndarray, period: float, slack: float) -> list[tuple[int, int]]:
    """The obvious way: look at every step."""
    edges = [0, *(np.flatnonzero(np.abs(np.diff(stamps.astype(float)) - period) > slack) + 1), stamps.size]
    return [(int(a), int(b)) for a, b in pairwise(edges)]


@given(st.lists(st.tuples(st.integers(1, 300), st.integers(1, 5000)), min_size=1, max_size=8), st.booleans())
def test_gaps_agree_with_a_full_pass(pieces: list[tuple[int, int]], micro: bool) -> None:
    """Any gaps, one missing sample and one-sample segments included, in ms and in µs."""
    unit = 1000 if micro else 1
    steps = np.concatenate([np.r_[gap + 1, np.ones(size - 1, int)] for size, gap in pieces])
    steps[0] = 0
    stamps = (T0 + np.cumsum(steps)) * unit
    found = runs_of(stamps, divisor=unit)
    assert [(r.start, r.stop) for r in found] == slow_runs(stamps, unit, 0)
    assert [r.t_start_ms for r in found] == [stamps[r.start] / unit for r in found]


@pytest.mark.parametrize("rate", [512.0, 2000.0, 30.0, 1024.0, 32000.0])
@pytest.mark.parametrize("dtype", [np.int64, np.float64])
def test_rates_whose_period_is_no_whole_number_of_ms(rate: float, dtype: type) -> None:
    """Stamps rounded to the ms are no gaps; a pause of 100 ms is one."""
    exact = T0 + np.arange(5000) * 1000 / rate
    stamps = np.where(np.arange(5000) < 3000, exact, exact + 100)
    stamps = np.rint(stamps).astype(dtype) if dtype is np.int64 else stamps
    assert [(r.start, r.stop) for r in runs_of(stamps, rate)] == [(0, 3000), (3000, 5000)]


def test_few_stamps_are_touched() -> None:
    """Three gaps in ten million samples cost a few dozen looks, none without a gap."""

    class Counting:
        dtype, size, looks = np.dtype(np.int64), 10_000_000, 0

        def __getitem__(self, index: int) -> np.int64:
            type(self).looks += 1
            return np.int64(T0 + index + 50 * sum(index >= g for g in (5, 4_000_000, 9_999_999)))

    stamps = Counting()
    found = find_runs("x", lambda: stamps, stamps.dtype, stamps.size, T0, int(stamps[stamps.size - 1]), 1, 1000.0)  # type: ignore[arg-type, return-value]
    assert [r.start for r in found.runs] == [0, 5, 4_000_000, 9_999_999]
    assert stamps.looks < 400


def test_stamps_that_run_backwards_are_named() -> None:
    """A step back is an error with its index, found or hidden behind an equal step forward."""
    stamps = T0 + np.arange(1000)
    stamps[600:] -= 40
    with pytest.raises(BadFileError, match="ascending time stamps; found a step of -39 at index 600"):
        runs_of(stamps)
    stamps = T0 + np.arange(1000)
    stamps[300] = stamps[200]
    found = find_runs("x", lambda: stamps, stamps.dtype, 1000, T0, T0 + 999, 1, 1000.0)
    with pytest.raises(BadFileError, match="at index 300"):
        check_runs("x", stamps, found.runs, 1, 1000.0)


def test_a_wrong_rate_is_one_error_not_a_million_gaps() -> None:
    """Stamps 2 ms apart in a file without sampling_rate say what to add."""
    with pytest.raises(BadFileError, match=r"stamps 1 ms apart; found mostly steps of 2 ms.*sampling_rate"):
        runs_of(T0 + 2 * np.arange(100_000))
    with pytest.raises(BadFileError, match="one sample apart"):
        runs_of(T0 + np.arange(1000), rate=500.0)


def test_units_of_stamps() -> None:
    """ms are ms from 1990 to 2100; what can only be µs is, aloud; what is neither stays ms, aloud."""
    assert stamp_divisor("x", 631_152_000_000, 4_102_444_800_000) == 1
    assert stamp_divisor("x", T0, T0) == 1
    with pytest.warns(UserWarning, match="taken as µs"):
        assert stamp_divisor("x", T0 * 1000, T0 * 1000 + 5) == 1000
    with pytest.warns(UserWarning, match="taken as µs"):
        assert stamp_divisor("x", 631_152_000_000_000, 4_102_444_800_000_000) == 1000
    for first, last in ((631_151_999_999_999, 4_102_444_800_000_000), (631_152_000_000_000, 4_102_444_800_000_001)):
        with pytest.warns(UserWarning, match="taken as ms"):
            assert stamp_divisor("x", first, last) == 1
    with pytest.warns(UserWarning, match="taken as ms"):
        assert stamp_divisor("x", 0, 1000) == 1
    for bad in (float("nan"), float("inf")):
        with pytest.raises(BadFileError, match="finite"):
            stamp_divisor("x", T0, bad)
    with pytest.raises(BadFileError, match="ascending"):
        stamp_divisor("x", T0 + 1, T0)


def test_check_ascending_names_the_place() -> None:
    """Equal stamps may stand; a lower one or NaN is named with its index."""
    check_ascending("x", np.array([1.0, 1.0, 2.0]))
    for bad in (0.5, np.nan):
        with pytest.raises(BadFileError, match="at index 2"):
            check_ascending("x", np.array([1.0, 2.0, bad, 3.0]))


def test_unsigned_stamps_that_run_backwards() -> None:
    """uint64 differences wrap round; a step back is found all the same."""
    stamps = (T0 + np.r_[0:250, 200:450]).astype(np.uint64)
    with pytest.raises(BadFileError, match="ascending time stamps; found a step of -49 at index 250"):
        runs_of(stamps)


def test_a_stamp_that_is_no_number_hides_no_gap() -> None:
    """NaN among float stamps that the bisection looks at is named, not taken for a fit."""
    stamps = T0 + np.arange(501.0)
    stamps[300:] += 1000
    stamps[250] = np.nan
    with pytest.raises(BadFileError, match="finite time stamps; found nan at index 250"):
        find_runs("x", lambda: stamps, stamps.dtype, 501, stamps[0], stamps[-1], 1, 1000.0)


@pytest.mark.parametrize("size", range(2, 12))
def test_every_border_of_blocks_is_looked_at(size: int) -> None:
    """A stamp that is out of place is found wherever blocks meet or end, in the first stretch and after a gap."""
    for start in (0, 20):
        for at in range(1, size):
            stamps = (T0 + np.arange(20 + size) + 100 * (np.arange(20 + size) >= 20)).astype(float)
            runs = [Run(start, start + size, stamps[start])]
            check_runs("x", stamps, runs, 1, 1000.0, block=4)
            stamps[start + at] += 0.75
            with pytest.raises(BadFileError, match=f"at index {start + at}(?![0-9])"):
                check_runs("x", stamps, runs, 1, 1000.0, block=4)
            check_runs("x", stamps, runs, 1, 1000.0, block=4, tolerance_ms=0.75)


def test_how_far_stamps_in_us_may_jitter() -> None:
    """Stamps that are finer than a sample may be an eighth of one out of place, and no more."""
    for off, fine in ((125, True), (126, False), (-125, True), (-126, False)):
        stamps = T0 * 1000 + 1000 * np.arange(10)
        stamps[5:] += off
        runs = [Run(0, 10, float(T0))]
        if fine:
            check_runs("x", stamps, runs, 1000, 1000.0)
        else:
            with pytest.raises(BadFileError, match="at index 5"):
                check_runs("x", stamps, runs, 1000, 1000.0)


def test_a_fast_clock_is_one_unless_it_is_refused() -> None:
    """Stamps that come twice, evenly, are those of a fast clock by default, and an error for a strict reader."""
    stamps = T0 + np.floor(np.arange(100_000) * 0.9999).astype(np.int64)
    ends = stamps[0].item(), stamps[-1].item()
    found = find_runs("x", lambda: stamps, stamps.dtype, stamps.size, *ends, 1, 1000.0)
    assert [(run.start, run.stop) for run in found.runs] == [(0, 100_000)]
    assert found.sampling_rate == pytest.approx(1000.1, abs=0.01)
    with pytest.raises(BadFileError, match="found a step of 0"):
        find_runs("x", lambda: stamps, stamps.dtype, stamps.size, *ends, 1, 1000.0, strict=True)


@pytest.mark.parametrize(("late_ms", "rate"), [(-0.8, 30_000.0), (0.8, 29_988.0048)])
def test_a_clock_off_by_less_than_a_ms(late_ms: float, rate: float) -> None:
    """A strict reader measures a clock that is 24 samples slow in two seconds, and none that is as fast."""
    stamps = 1e6 + np.arange(60_001) * (1 / 30 + late_ms / 60_000)
    found = find_runs("x", lambda: stamps, stamps.dtype, 60_001, stamps[0], stamps[-1], 1, 30_000.0, strict=True)
    assert found.sampling_rate == pytest.approx(rate, abs=1e-3)


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
def test_ends_that_fit_are_enough(dtype: type) -> None:
    """Stamps are not looked at where the ends are as far apart as so many samples, and else they are."""

    def view() -> np.ndarray:
        raise LookupError

    def timing(last: int) -> Timing:
        return find_runs("x", view, np.dtype(dtype), 10, T0, T0 + last, 1, 1000.0)

    assert timing(9) == Timing((Run(0, 10, T0),), 1000.0, None)
    for last in (8, 10):
        with pytest.raises(LookupError):
            timing(last)


def test_a_step_that_is_too_short_is_told_as_one() -> None:
    """Stamps that ascend, but by less than half a sample, are told by how far they are apart."""
    steps = np.ones(30)
    steps[20] = 0.25
    with pytest.raises(BadFileError, match="time stamps one sample apart; found a step of 0.25 at index 21"):
        timing_of(steps)


@pytest.mark.parametrize("back", [-1, -3])
def test_no_tolerance_for_stamps_that_run_back(back: int) -> None:
    """A step back is an error however much is tolerated; a stamp that comes twice is not."""
    steps = np.ones(30, int)
    steps[20] = back
    with pytest.raises(BadFileError, match=f"ascending time stamps; found a step of {back} at index 21"):
        timing_of(steps, tolerance_ms=10.0)
    steps[20] = 0
    assert timing_of(steps, tolerance_ms=10.0).odd == (21,)


@pytest.mark.parametrize("at", [1, 100, 198])
def test_every_stamp_of_a_short_stretch_is_looked_at(at: int) -> None:
    """Of 200 stamps of a slow clock none may be more than an eighth of a sample off its line."""
    stamps = T0 * 1000 + 1001 * np.arange(200)
    stamps[at] += 120
    assert timing_of(np.diff(stamps), divisor=1000) == Timing((Run(0, 200, T0),), 1e6 / 1001, ())
    stamps[at] += 10
    assert timing_of(np.diff(stamps), divisor=1000).sampling_rate == 1000.0  # and no line is seen


@pytest.mark.parametrize("divisor", [1000, 100])
def test_how_close_stamps_may_be_is_said_in_ms(divisor: int) -> None:
    """A step that is half a ms too short is tolerated by as much, whatever the unit of the stamps."""
    steps = np.full(20, divisor)
    steps[9] //= 2
    assert timing_of(steps, divisor=divisor, tolerance_ms=0.5) == Timing((Run(0, 21, T0),), 1000.0, (10,))
    with pytest.raises(BadFileError, match=f"a step of {divisor // 2} at index 10.*gap_tolerance_ms=0.5"):
        timing_of(steps, divisor=divisor, tolerance_ms=0.4)


@pytest.mark.parametrize(
    ("steps", "rate", "fits"),
    [
        ([1.0, 1.5, 1.0], 1000.0, True),
        ([1.0, 0.5, 1.0], 1000.0, True),
        ([1.0, 1.625, 1.0], 1000.0, False),
        ([2.0, 3.0, 2.0], 500.0, True),
        ([2.0, 3.25, 2.0], 500.0, False),
        ([2, 1, 1], 800.0, True),
        ([1, 2, 1], 800.0, True),
        ([1, 3, 1], 800.0, False),
    ],
)
def test_how_far_a_step_may_be_off(steps: list[float], rate: float, fits: bool) -> None:
    """Float stamps may be half a sample off, whole numbers of a period that is none, here 1.25 ms, by 1."""
    found = timing_of(np.array(steps), rate)
    assert [run.start for run in found.runs] == ([0] if fits else [0, 2])
    assert found.odd == (None if fits else (2,))


@pytest.mark.parametrize(("ticks", "looked_at"), [(16, 16), (17, 0)])
def test_many_ticks_are_not_looked_for(ticks: int, looked_at: int) -> None:
    """A slow clock that left out up to 16 ms is found tick by tick, beyond that by its line; both measure it alike."""
    n = 1000 * ticks + 1
    for strict in (False, True):
        found = timing_of(1 + (np.arange(1, n) % 1000 == 0), strict=strict)
        assert [(run.start, run.stop) for run in found.runs] == [(0, n)]
        assert found.sampling_rate == 1000 / ((n - 1 + ticks) / (n - 1))
        assert found.odd == tuple(range(1000, n, 1000))[:looked_at]


@pytest.mark.parametrize(("pauses", "clock"), [(16, False), (17, True)])
def test_many_pauses_of_float_stamps_are_not_looked_for(pauses: int, clock: bool) -> None:
    """At 500 Hz pauses of 1.9 ms are gaps, until they are more than 16 samples in all, and a clock's by their line."""
    n = 1000 * pauses + 1
    steps = 2.0 + 1.9 * (np.arange(1, n) % 1000 == 500)
    found = timing_of(steps, 500.0)
    assert [run.start for run in found.runs] == ([0] if clock else [0, *range(500, n, 1000)])
    assert found.sampling_rate == (pytest.approx(1000 / 2.0019) if clock else 500.0)


@pytest.mark.parametrize("off", [115, 130])
def test_how_far_from_a_clock_s_line_stamps_may_be(off: int) -> None:
    """Stamps of a clock that is slow may be an eighth of a sample, 122 of 976.5625 µs, off its line, and no more."""
    stamps = T0 * 1000 + np.rint(np.arange(25_801) * 976.66).astype(np.int64)  # every 100th is looked at
    stamps[12_900] += off
    if off < 122:
        found = timing_of(np.diff(stamps), 1024.0, 1000)
        assert (len(found.runs), found.odd) == (1, ()) and found.sampling_rate == pytest.approx(1e6 / 976.66)
    else:
        with pytest.raises(BadFileError, match="at index 12901"):
            timing_of(np.diff(stamps), 1024.0, 1000)


@pytest.mark.parametrize(("fit", "odd", "wrong"), [(0, 64, False), (0, 65, True), (65, 65, False), (64, 65, True)])
def test_when_most_steps_are_odd(fit: int, odd: int, wrong: bool) -> None:
    """More than 64 gaps, and more than half of all steps up to there, are a wrong rate; fewer are gaps."""
    steps = np.repeat([1, 3, 1], [fit, odd, 300])
    if wrong:
        with pytest.raises(BadFileError, match="stamps 1 ms apart; found mostly steps of 3 ms"):
            timing_of(steps)
    else:
        assert [run.start for run in timing_of(steps).runs] == [0, *range(fit + 1, fit + odd + 1)]


@pytest.mark.parametrize(("first", "clock"), [(2570, True), (2600, False)])
def test_stamps_before_a_tick_are_on_the_line_too(first: int, clock: bool) -> None:
    """Between stamps that are looked at, 160 apart, one that comes twice later than the clock has it is none of it."""
    ticks = np.r_[first, np.arange(2, 17) * 2580 - 5]
    steps = 1 - np.isin(np.arange(1, 41_281), ticks)
    if clock:
        assert timing_of(steps) == Timing((Run(0, 41_281, T0),), 1000 / ((41_280 - 16) / 41_280), tuple(ticks))
    else:
        with pytest.raises(BadFileError, match="found a step of 0 at index 2600"):
            timing_of(steps)


@pytest.mark.parametrize(
    ("ticks", "gap", "even"),
    [
        ([1000, 2000, 3000, 5001, 6001], 4001, True),
        ([1000, 2500, 3000, 5001, 6001], 4001, False),
        ([1000, 2000, 4000, 5000, 6000], 3000, True),
        ([1000, 2000, 4000, 5500, 6000], 3000, False),
    ],
)
def test_ticks_beside_a_gap(ticks: list[int], gap: int, even: bool) -> None:
    """Ticks are counted in each stretch alone, and those of the one with the most tell whether they are a clock's."""
    steps = 1 + np.isin(np.arange(1, 7001), ticks)
    steps[gap - 1] = 50
    found = timing_of(steps)
    assert [run.start for run in found.runs] == ([0, gap] if even else sorted([0, gap, *ticks]))
    assert found.sampling_rate == (1000 / ((6999 + 5) / 6999) if even else 1000)


def test_a_stretch_of_two_samples_counts() -> None:
    """A clock that is off is measured by all stretches, by how long they are."""
    steps = np.r_[np.full(9999, 1 + 2.0**-10), 500.0, 1.375]
    found = timing_of(steps)
    assert [(run.start, run.stop) for run in found.runs] == [(0, 10_000), (10_000, 10_002)]
    assert found.sampling_rate == pytest.approx(1000 * 10_000 / (9999 * (1 + 2.0**-10) + 1.375), rel=1e-12)


@pytest.mark.parametrize("divisor", [1, 1000])
@pytest.mark.parametrize("rate", [500.0, 1000.0, 2000.0])
def test_a_clock_is_not_measured_by_less_than_a_sample(rate: float, divisor: int) -> None:
    """Stretches that are off by a sample in all, or by 1 ms if that is more, keep the rate; beyond, they do not."""
    period, most = 1000 / rate, max(1000 / rate, 1.0)
    for off, kept in ((most, True), (most + 0.25, False), (-most, True), (-most - 0.25, False)):
        steps = np.full(4001, period)
        steps[2000] = 300.0
        steps[60 + 125 * np.arange(32)] += off / 32  # evenly, 16 times in each
        found = timing_of(steps * divisor, rate, divisor)
        assert [run.start for run in found.runs] == [0, 2001]
        assert (found.sampling_rate == rate) == kept
        assert found.sampling_rate == pytest.approx(rate if kept else 1000 / (period + off / 4000), rel=1e-9)


def test_few_stamps_of_each_of_many_stretches_are_touched() -> None:
    """Of a slow clock with 19 gaps in 2 million samples a few thousand stamps show both."""

    class Slow:
        dtype, size, looks = np.dtype(np.float64), 2_000_000, 0

        def __getitem__(self, index: int) -> np.float64:
            type(self).looks += 1
            return np.float64(T0 + index * 1.0001 + 700 * (index // 100_000))

    stamps = Slow()
    found = find_runs("x", lambda: stamps, stamps.dtype, stamps.size, T0, float(stamps[1_999_999]), 1, 1000.0)  # type: ignore[arg-type, return-value]
    assert [run.start for run in found.runs] == list(range(0, 2_000_000, 100_000))
    assert found.sampling_rate == pytest.approx(1000 / 1.0001, rel=1e-9)
    assert stamps.looks < 5000


@pytest.mark.parametrize(
    ("ticks", "n", "even"),
    [
        ([1000, 2000, 3000], 4001, True),
        ([1000, 2000, 3000], 4002, False),
        ([1001, 2001, 3001], 4001, True),
        ([1002, 2002, 3002], 4002, False),
        ([1000, 2000, 3251], 4251, True),
        ([1000, 2000, 3252], 4252, False),
        ([1000, 2000], 3001, True),
        ([1000, 2000], 3002, False),
        ([1001, 2001], 3001, True),
        ([1002, 2002], 3002, False),
        ([999, 1999], 2999, True),
        ([998, 1998], 2998, False),
        ([501, 1501], 2501, True),
        ([502, 1502], 2502, False),
        ([499, 1499], 2499, True),
        ([498, 1498], 2498, False),
        ([502, 1503], 2504, False),
        ([1025, 2048, 3072], 3073, True),  # before the first a stamp is just 1 ms off the line
        ([1000], 2000, False),
    ],
)
def test_how_even_the_ticks_of_a_clock_are(ticks: list[int], n: int, even: bool) -> None:
    """Before the first tick and after the last lie as many samples as between two, give or take one or a quarter."""
    found = timing_of(1 + np.isin(np.arange(1, n), ticks))
    assert [run.start for run in found.runs] == ([0] if even else [0, *ticks])
    assert found.sampling_rate == (1000 / ((n - 1 + len(ticks)) / (n - 1)) if even else 1000)
