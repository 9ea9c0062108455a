"""Where streams are cut, when each has gaps of its own."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio.ground.errors import BadFileError
from mockrawio.session.clock import Run
from mockrawio.session.segments import bridge, common_cuts, cut_runs
from mockrawio.session.streams import open_stream
from tests.handmade import T0, Handmade

ONE = (Run(0, 10, 0.0), Run(10, 20, 20.0))  # 1 kHz: its last sample before the gap is at 9 ms


@pytest.mark.parametrize(
    ("goes_on", "cuts"), [(8.0, 2), (9.0, 2), (9.04, 2), (9.06, 1), (15.0, 1), (20.0, 1), (20.5, 1)]
)
def test_a_sample_at_the_cut_is_behind_it(goes_on: float, cuts: int) -> None:
    """A stream that goes on where another still has a sample, give or take .05 of one, has a cut of its own."""
    other = Run(0, 3, 0.0), Run(3, 9, goes_on)
    found = common_cuts([(ONE, 1000.0), (other, 1000.0)])
    assert found == [min(goes_on, 20.0), 20.0][:cuts]
    first, *_ = cut_runs(ONE, 1000.0, found, 0.0)
    assert first.stop == {8.0: 8, 9.0: 9, 9.04: 9}.get(goes_on, 10)


def test_runs_are_cut_at_every_instant() -> None:
    """Each piece begins with its first sample at or after the cut; a piece of none begins at the cut."""
    pieces = cut_runs(ONE, 1000.0, [-5.0, 3.0, 3.5, 3.6, 15.0, 25.0, 40.0], -10.0)
    starts = [(run.start, run.stop, run.t_start_ms) for run in pieces]
    assert starts == [
        (0, 0, -10.0),
        (0, 3, 0.0),
        (3, 4, 3.0),
        (4, 4, 3.5),
        (4, 10, 4.0),
        (10, 15, 20.0),
        (15, 20, 25.0),
        (20, 20, 40.0),
    ]


def runs_at(*starts: float, n: int = 10) -> tuple[Run, ...]:
    """Return runs of so many samples that begin then."""
    return tuple(Run(k * n, k * n + n, start) for k, start in enumerate(starts))


@pytest.mark.parametrize(
    ("others", "cuts"),
    [
        ([], [20.0]),
        ([runs_at(15.0)], [15.0]),
        ([runs_at(9.05)], [20.0]),
        ([runs_at(9.06)], [9.06]),
        ([runs_at(20.0)], [20.0]),
        ([runs_at(25.0)], [20.0]),
        ([runs_at(6.0, 30.0)], [20.0]),  # both gaps have 15.05 to 20 in common
        ([runs_at(6.0, 30.0), runs_at(12.0)], [20.0]),
        ([runs_at(6.0, 30.0), runs_at(16.0)], [16.0]),
        ([runs_at(6.0, 30.0), runs_at(12.0), runs_at(17.0), runs_at(16.0)], [16.0]),
        ([runs_at(4.95, 30.0, n=16)], [20.0, 30.0]),  # the second gap begins where the first one ends
        ([runs_at(4.94, 30.0, n=16)], [20.0]),
        ([runs_at(-40.0, -20.0), runs_at(6.0, 30.0), runs_at(12.0)], [-20.0, 20.0]),
        ([runs_at(-40.0, -20.0), runs_at(-4.05, 30.0), runs_at(7.0)], [-20.0, 20.0]),
        ([runs_at(-5.0, 5.0, 50.0, n=8)], [5.0, 20.0]),  # the second gap begins at 12.05
        ([runs_at(0.0, 3.0, 50.0, n=2), runs_at(40.0)], [3.0, 20.0]),
    ],
)
def test_the_fewest_cuts(others: list[tuple[Run, ...]], cuts: list[float]) -> None:
    """Gaps with an instant in common are cut at one, a stream that begins in all of them at its first sample."""
    streams = [(ONE, 1000.0), *((runs, 1000.0) for runs in others)]
    assert common_cuts(streams) == common_cuts(iter(streams[::-1])) == cuts


@pytest.mark.parametrize("rate", [1000.0, 500.0, 4000.0])
@pytest.mark.parametrize(("samples", "first"), [(2.95, 3), (3.049, 3), (3.051, 4), (9.049, 9), (9.051, 10), (12.0, 10)])
def test_a_cut_twentieth_of_a_sample_late(samples: float, first: int, rate: float) -> None:
    """A sample a twentieth of one before the cut is behind it all the same, whatever the rate."""
    runs = (Run(4, 14, 7.0), Run(14, 20, 7.0 + 20 * 1000 / rate))
    cut = 7.0 + samples * 1000 / rate
    before, after = cut_runs(runs, rate, [cut], 5.0)
    assert (before.start, before.stop, after.stop, before.t_start_ms) == (4, first + 4, 20, 7.0)
    assert after.t_start_ms == (7.0 + first * 1000 / rate if first < 10 else runs[1].t_start_ms)


@pytest.mark.parametrize("rate", [1000.0, 500.0])
def test_which_gaps_are_bridged(rate: float) -> None:
    """Gaps of at most so many ms, and a twentieth of a sample, are; how many and how long they are is told."""
    period = 1000 / rate
    far = 10 * period + 5.0
    for late, bridged in ((0.0, True), (0.04998, True), (0.05002, False)):
        found = bridge(runs_at(0.0, far + late * period), rate, 5.0)
        assert (found.n, len(found.runs)) == ((1, 1) if bridged else (0, 2))
        assert found.missing_ms == (pytest.approx(5.0 + late * period) if bridged else 0.0)
    runs = runs_at(100.0, 100 + far, 100 + 2 * far, 100 + 3 * far + 1, 100 + 4 * far + 1 - 2)
    kept = (Run(0, 30, 100.0), Run(30, 50, 100 + 3 * far + 1))
    assert bridge(runs, rate, 5.0) == (kept, 3, 13.0)
    assert bridge(runs, rate, None) == (runs, 0, 0.0)
    assert bridge(runs[:1], rate, 5.0) == (runs[:1], 0, 0.0)


@pytest.mark.parametrize(
    ("early_ms", "fits"), [(0.0, True), (2.0**-6, True), (2.0**-6 + 2.0**-11, False), (1.0, False)]
)
def test_a_segment_begins_half_a_sample_early_at_most(early_ms: float, fits: bool, handmade: Handmade) -> None:
    """A segment of 100 ms at 32 kHz may be followed half a sample, a 64th of a ms, before its end, and no earlier."""
    starts = (T0, T0 + 100 - early_ms)
    samples = np.zeros((6400, 2), np.int16)
    path = handmade.stream(samples=samples, segments=[{"t_start_ms": t, "n_samples": 3200} for t in starts])
    if fits:
        assert [run.t_start_ms for run in open_stream(str(path)).runs] == list(starts)
    else:
        with pytest.raises(BadFileError, match="segments that do not overlap"):
            open_stream(str(path))
