"""The band that a sorter sees, 300 to 6000 Hz, in which signals are compared with noise.

It is what SpikeInterface's ``bandpass_filter`` does by default: a Butterworth filter of order 5, forwards and
backwards, so that its phase is zero and its gain the square of the filter's. In closed form, by the bilinear
transform, so that no library's rounding is in it.
"""

from __future__ import annotations

from fractions import Fraction

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
    n = waveforms.shape[-1]
    size = 1 << (n + 2 * int(sampling_rate / 100) - 1).bit_length()  # the filter rings for some 10 ms
    frequencies: Floats = np.arange(size // 2 + 1) * (float(sampling_rate) / size)
    gain = band_gain(frequencies, sampling_rate)
    filtered: Floats = np.fft.irfft(np.fft.rfft(waveforms, size) * gain, size)
    return filtered
