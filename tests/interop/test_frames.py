"""Stamps in ms become the number of the nearest sample."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockrawio.interop.frames import FrameClock
from tests.handmade import T0


def slow_frame(stamp_ms, start_ms, rate):
    """The same in exact arithmetic, one stamp at a time."""
    return round((Fraction(stamp_ms) - Fraction(start_ms)) * Fraction(rate) / 1000)


@pytest.mark.parametrize("rate", [32_000.0, 30_000.0, 24_000.0, 20_000.0, 1000.0])
def test_samples_come_back(rate):
    """The stamp of a sample is taken back to that sample, where seconds x rate rounded down is not."""
    start = T0 + 0.25
    frames = np.arange(0, 400_000, 7)
    stamps = start + frames * (1000 / rate)
    np.testing.assert_array_equal(FrameClock(start, rate).frames(stamps), frames)
    floored = ((stamps / 1000 - start / 1000) * rate).astype(np.int64)
    assert (floored != frames).any()


@pytest.mark.slow
@given(
    start=st.floats(T0, T0 + 1e6),
    after=st.lists(st.floats(-1e6, 1e8), max_size=20),
    rate=st.sampled_from([32_000, 30_000, 20_000, 1000, 500]),
)
def test_exact(start, after, rate):
    """Frames are those of exact arithmetic on the stamps as they are stored, halves included."""
    stamps = np.array([start + dt for dt in after])
    expected = [slow_frame(float(stamp), start, rate) for stamp in stamps]
    assert FrameClock(start, float(rate)).frames(stamps).tolist() == expected


@pytest.mark.slow
@given(st.lists(st.floats(-2, 12), max_size=20), st.one_of(st.none(), st.integers(0, 10)))
def test_inside(after, size):
    """What is inside is what has a sample, looked at one by one."""
    clock = FrameClock(float(T0), 1000.0, size)
    stamps = np.sort(T0 + np.array(after))
    frames = [slow_frame(float(stamp), T0, 1000) for stamp in stamps]
    kept = [frame for frame in frames if size is None or 0 <= frame < size]
    assert clock.frames(stamps[clock.inside(stamps)]).tolist() == (frames if size is None else kept)
