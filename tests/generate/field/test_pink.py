"""The background of the field: its spectrum, its size and how alike neighbours are."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio.generate.band import band_gain
from mockrawio.generate.parts.field import Pink
from tests.generate.field.made import GAIN_UV, layers, linear, piece, setting, slope, welch

MINUTES = 10


@pytest.fixture(scope="module")
def long() -> np.ndarray:
    """Ten minutes at 1 kHz of 24 contacts 200 µm apart, µV."""
    layer = layers((Pink(),), places=linear(24, 200.0), rate=1000)["pink"]
    return piece(layer, 0, MINUTES * 60_000) * GAIN_UV


@pytest.mark.parametrize("exponent", [1.0, 1.5, 2.0])
def test_power_falls_as_asked(exponent):
    """From 1 to 100 Hz the power falls with the exponent asked, within .15."""
    layer = layers((Pink(exponent=exponent),), places=4, rate=1000)["pink"]
    frequencies, power = welch(piece(layer, 0, 180_000) * GAIN_UV, 1000, 4.0)
    assert slope(frequencies, power.mean(axis=1), 1.0, 100.0) == pytest.approx(-exponent, abs=0.15)


def test_it_is_as_large_as_asked(long):
    """Its standard deviation is 100 µV on every contact, within 12 %: in ten minutes it has some 600 slow waves."""
    layer = layers((Pink(),), places=linear(24, 200.0), rate=1000)["pink"]
    assert layer.sd_uV == pytest.approx(100, rel=0.01)
    assert long.std(axis=0) == pytest.approx(layer.sd_uV, rel=0.12)


def test_neighbours_are_alike_and_others_are_not(long):
    """The correlation of contacts is a Gaussian of their distance, 1/e at 1.5 mm, within .12."""
    found = np.corrcoef(long.T)
    distance = np.abs(np.subtract.outer(np.arange(24), np.arange(24))) * 200.0
    assert np.abs(found - np.exp(-((distance / 1500) ** 2))).max() < 0.12
    assert np.diagonal(found, 1).min() > 0.96


def test_a_sorters_band_has_none_of_it():
    """What a band-pass of 300 to 6000 Hz leaves of it is below 1 µV, of 100."""
    here = setting(2)
    layer = layers((Pink(),), places=2)["pink"]
    counts = piece(layer, 0, 1 << 18)
    window = np.hanning(len(counts))[:, None]  # so that its ends, which differ, make no step
    frequencies = np.fft.rfftfreq(len(counts), 1 / 30000)
    gain = band_gain(frequencies, here.sampling_rate)[:, None]
    filtered = np.fft.irfft(np.fft.rfft(counts * window, axis=0) * gain, axis=0)
    assert np.sqrt(np.mean(filtered**2) / np.mean(window**2)) * GAIN_UV < 1.0


def test_one_place_is_one_signal():
    """Contacts at one place have the same samples, but for a count."""
    layer = layers((Pink(),), places=np.zeros((3, 3)))["pink"]
    counts = piece(layer, 0, 5000)
    assert np.ptp(counts, axis=1).max() <= 1
