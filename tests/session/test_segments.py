"""Where streams are cut, when each has gaps of its own."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio.ground.errors import BadFileError
from mockrawio.session.clock import Run
from mockrawio.session.segments import common_cuts, cut_runs
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
