"""Durations of a session are Epiphyte's in a long recording, and shrink with a short one."""

from __future__ import annotations

from fractions import Fraction

import pytest

from mockrawio import MockSessionError
from mockrawio.generate import timing
from mockrawio.generate.checks import is_whole_ms, rational
from mockrawio.ground.shown import Argument


@pytest.mark.parametrize(
    ("length_ms", "factor", "pauses", "frames"),
    [
        (6_000_000, 1.0, (6000, 60_000), 124_995),  # 83.33 min: the whole movie
        (5_202_795 + 78_000 - 1 + 164, 1.0, (6000, 60_000), 124_995),
        (600_000, 1.0, (6000, 60_000), 12_729),
        (599_000, 599 / 600, (5990, 59_900), 12_708),
        (60_000, 0.1, (600, 6000), 1271),
        (1000, 1 / 600, (10, 100), 19),
        (90, 90 / 600_000, (0, 9), 0),
        (10, 10 / 600_000, (0, 1), 0),
    ],
)
def test_what_fits(length_ms, factor, pauses, frames):
    """Of the longest movie that fits, with its latest onset and longest pauses, the last frame is in the recording."""
    assert timing.shrink(length_ms) == pytest.approx(factor)
    assert timing.pause_range(length_ms, 10 * length_ms) == pauses
    found = timing.fitting_frames(length_ms)
    assert found == frames
    assert found in (0, 124_995) or timing.room_for(found, length_ms) <= length_ms < timing.room_for(
        found + 2, length_ms
    )


def test_small_amounts():
    """Pauses are half of the stimulus at most; a range of counts begins at 1."""
    assert timing.pause_range(600_000, 1001) == (50, 500)
    assert timing.scaled_range((4000, 5400), 1e-9) == (1, 1)
    assert timing.scaled_range((4000, 5400), 0.5) == (2000, 2700)
    assert (timing.share(5_400_000), timing.share(540_000), timing.share(6_000_000)) == (1.0, 0.1, 1.0)
    assert timing.room_for(0, 600_000) == 78_041


def test_whole_ms_as_far_as_float64_can():
    """A millionth of a ms is what a sum of float64 may be off, and of more than a second as many times as much."""
    for seconds, fits in (
        (0.1 + 0.2, True),
        (1 + 0.9e-9, True),
        (1 + 1.1e-9, False),
        (1 - 1.1e-9, False),
        (0.0005, False),
    ):
        assert is_whole_ms(seconds) is fits
    for seconds, fits in ((1000 + 0.9e-6, True), (1000 + 1.1e-6, False)):
        assert is_whole_ms(seconds) is fits


def test_the_finest_rates():
    """A Hz may be divided into a million parts, from 1 to 100 kHz, as text and as a number."""
    name = Argument("sampling_rate", of="SessionSpec")
    for given, exact in (
        ("30000.000001", 30_000 + Fraction(1, 10**6)),
        ("100000/3", Fraction(100_000, 3)),
        (1000.5, Fraction(2001, 2)),
    ):
        assert rational(name, given) == exact
    for given in ("30000.0000001", "100000/1000003", 999.9, 100_000.1, "1e4", float("nan"), None):
        with pytest.raises(MockSessionError, match="sampling_rate: expected None, or a rate from 1000 to 100000 Hz"):
            rational(name, given)
