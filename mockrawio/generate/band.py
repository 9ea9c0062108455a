"""The band that a sorter sees, 300 to 6000 Hz, in which signals are compared with noise.

It is what SpikeInterface's ``bandpass_filter`` does by default: a Butterworth filter of order 5, forwards and
backwards, so that its phase is zero and its gain the square of the filter's. In closed form, by the bilinear
transform, so that no library's rounding is in it.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np

from ..ground.arrays import Floats

BAND_HZ = 300.0, 6000.0
_ORDER = 5
_TOP = 0.95  # of half the sampling rate: as high as the band can reach
_FREQUENCIES = 4096  # at which the shares of a spectrum are summed


def band_gain(frequencies: Floats, sampling_rate: Fraction) -> Floats:
    """Return by how much the filter multiplies each frequency, given in Hz up to half the sampling rate."""
    rate = float(sampling_rate)
    high = min(BAND_HZ[1], _TOP * rate / 2)
    low = min(BAND_HZ[0], high / 2)
    edges = np.tan(np.pi * np.array([low, high]) / rate)
    with np.errstate(divide="ignore", over="ignore"):
        w = np.tan(np.pi * np.minimum(frequencies, rate / 2 * (1 - 1e-9)) / rate)
        away = (w * w - edges[0] * edges[1]) / (w * (edges[1] - edges[0]))
        gain: Floats = 1 / (1 + away ** (2 * _ORDER))
    return gain


def white_share(sampling_rate: Fraction) -> float:
    """Return how much of the variance of white noise the filter lets pass."""
    frequencies = (np.arange(_FREQUENCIES) + 0.5) / _FREQUENCIES * float(sampling_rate) / 2
    return round(float(np.mean(band_gain(frequencies, sampling_rate) ** 2)), 9)


def in_band(waveforms: Floats, sampling_rate: Fraction) -> Floats:
    """Return waveforms, (..., n) with silence around them, as the filter leaves them, (..., m) with m > n."""
    size, gain = _gain_for(waveforms.shape[-1], sampling_rate)
    filtered: Floats = np.fft.irfft(np.fft.rfft(waveforms, size) * gain, size)
    return filtered


def energy_in_band(waveforms: Floats, sampling_rate: Fraction) -> Floats:
    """Return the sums of squares of :func:`in_band`, (...,), without making what it does."""
    products = _products(waveforms.shape[-1], sampling_rate)
    # not a product of matrices: for that a library wakes threads, which takes longer
    energy: Floats = (np.einsum("...i,ij->...j", waveforms, products) * waveforms).sum(axis=-1)
    return energy


@lru_cache(maxsize=128)
def _products(n: int, sampling_rate: Fraction) -> Floats:
    """Return, (n, n), by how much the product of any two samples counts in the energy of what the filter leaves."""
    size, gain = _gain_for(n, sampling_rate)
    by_distance = np.fft.irfft(gain * gain, size)
    at = np.arange(n)
    products: Floats = by_distance[np.abs(at[:, None] - at)]
    return products


@lru_cache(maxsize=128)  # it takes as long as the transforms
def _gain_for(n: int, sampling_rate: Fraction) -> tuple[int, Floats]:
    """Return for `n` samples with silence around them over how many to transform them, and the gains."""
    size = 1 << (n + 2 * int(sampling_rate / 100) - 1).bit_length()  # the filter rings for some 10 ms
    frequencies: Floats = np.arange(size // 2 + 1, dtype=np.float64) * (float(sampling_rate) / size)
    gain: Floats = band_gain(frequencies, sampling_rate)
    gain.setflags(write=False)
    return size, gain
