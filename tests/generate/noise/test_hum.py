"""Hum: lines that run on through a segment, the same on all contacts."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mockrawio.generate.parts.noise import Hum
from tests.generate.noise.made import GAIN_UV, made, piece, setting

RATES = [30000, "24414.0625", 25000, 1000, "32000/3"]


@pytest.mark.parametrize("rate", RATES)
def test_lines_are_where_they_are_said_to_be(rate):
    """What is left after three lines are fitted is what rounding leaves; the k-th is a k-th as large as the first."""
    counts = made(Hum(uV=100.0), 60000, 2, rate=rate)[:, 0]
    turns = np.arange(60000) * float(50 / Fraction(rate)) * 2 * np.pi
    waves = np.column_stack([wave(k * turns) for k in (1, 2, 3) for wave in (np.cos, np.sin)])
    fitted, *_ = np.linalg.lstsq(waves, counts, rcond=None)
    assert np.std(counts - waves @ fitted) < 0.3  # counts; 1 / sqrt(12) of rounding
    sizes = np.hypot(*fitted.reshape(3, 2).T)
    assert sizes[0] / sizes == pytest.approx([1, 2, 3], rel=0.01)
    assert np.sqrt(np.sum(sizes**2) / 2) * GAIN_UV == pytest.approx(100, rel=0.001)


@pytest.mark.parametrize("rate", RATES)
def test_the_phase_is_exact_hours_into_a_segment(rate):
    """A sample 10 hours on is the one at the same phase of the first period; exact fractions say where that is."""
    layer = Hum(50.0, uV=50.0).layer("noise.hum", setting(2, rate=rate))
    turns = Fraction(50) / Fraction(rate)
    period = turns.denominator  # samples after which the phase is the same again
    far = int(Fraction(rate) * 36000) // period * period
    assert np.array_equal(piece(layer, far, far + 500), piece(layer, 0, 500))


def test_all_contacts_have_the_same():
    """Every contact has the same counts."""
    counts = made(Hum(), 500, 6)
    assert (counts == counts[:, :1]).all()


def test_lines_beyond_half_the_rate_are_left_out():
    """Lines from half the sampling rate on are left out, and the others have the root mean square asked."""
    layer = Hum(400.0, harmonics=5, uV=50.0).layer("noise.hum", setting(2, rate=2000))
    counts = piece(layer, 0, 20000)[:, 0] * GAIN_UV
    power = np.abs(np.fft.rfft(counts)) ** 2 / len(counts) ** 2 * 2
    assert set(np.flatnonzero(power > 1)) == {4000, 8000}  # 400 and 800 Hz
    assert layer.sd_uV == pytest.approx(50.0, rel=0.01)
    assert not piece(Hum(1000.0).layer("noise.hum", setting(2, rate=2000)), 0, 50).any()


def test_segments_begin_at_phases_of_their_own():
    """The first samples of two segments are those of one period, at other phases."""
    layer = Hum(uV=50.0).layer("noise.hum", setting(1))
    first, second = (piece(layer, 0, 600, seg_index)[:, 0] for seg_index in (0, 1))
    assert not np.array_equal(first, second)
    shifts = [np.abs(np.roll(first, shift) - second).max() for shift in range(600)]
    assert min(shifts) <= 10  # less than half a sample of a wave of 470 counts, whose steps are 16 at most
