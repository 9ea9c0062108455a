"""The band that sorters see: what the closed form lets pass is what SciPy's filter does, forwards and backwards."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mockrawio.generate.band import BAND_HZ, band_gain, energy_in_band, in_band, white_share

signal = pytest.importorskip("scipy.signal")

RATES = [Fraction(30_000), Fraction(390625, 16), Fraction(100_000), Fraction(13_000)]


def sections(rate: Fraction) -> np.ndarray:
    """Return SciPy's filter."""
    return signal.butter(5, BAND_HZ, "bandpass", fs=float(rate), output="sos")


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_the_gain_is_that_of_scipys_filter(rate):
    """At each frequency the gain is the square of the filter's, within 1e-9."""
    frequencies, response = signal.sosfreqz(sections(rate), 500, fs=float(rate))
    assert band_gain(frequencies, rate) == pytest.approx(np.abs(response) ** 2, abs=1e-9)


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_a_spike_is_filtered_as_by_scipy(rate):
    """A spike in silence is what sosfiltfilt leaves of it, within a thousandth of its size."""
    n, size = 90, 1 << 13
    spike = -np.exp(-(((np.arange(n) - 30) / 5.0) ** 2)) + 0.3 * np.exp(-(((np.arange(n) - 50) / 12.0) ** 2))
    long = np.zeros(size)
    long[size // 2 : size // 2 + n] = spike
    expected = signal.sosfiltfilt(sections(rate), long)[size // 2 : size // 2 + n]
    found = in_band(np.stack([spike, 2 * spike]), rate)
    assert found[0, :n] == pytest.approx(expected, abs=1e-3)
    assert found[1] == pytest.approx(2 * found[0], abs=1e-12)


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_energy_in_the_band(rate):
    """The energy in the band is that of what the filter leaves, to rounding."""
    spikes = np.random.default_rng(0).normal(size=(3, 57))
    assert energy_in_band(spikes, rate) == pytest.approx((in_band(spikes, rate) ** 2).sum(axis=1), rel=1e-12)


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_the_share_of_white_noise(rate):
    """White noise keeps the share of its variance that is told: that of two million filtered samples, within 1 %."""
    noise = np.random.default_rng(1).normal(size=1 << 21)
    assert signal.sosfiltfilt(sections(rate), noise).var() == pytest.approx(white_share(rate), rel=0.01)


@pytest.mark.parametrize("rate", [1000, 500, 7000])
def test_the_band_ends_below_half_the_rate(rate):
    """A slow rate has a band of its own, within 0 and half of it, that lets something pass."""
    gain = band_gain(np.linspace(0, rate / 2, 1000), Fraction(rate))
    assert np.isfinite(gain).all()
    assert gain[0] == 0
    assert gain.max() > 0.99
    assert 0 < white_share(Fraction(rate)) < 1
