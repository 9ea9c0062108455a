"""Settings, layers and spectra for the tests of the field."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np

from mockrawio.generate.layers import Setting
from mockrawio.generate.parts.field import Evoked, Nested, Pink, Rhythm, Ripples
from mockrawio.generate.parts.field.part import Tissue

GAIN_UV = 0.195
MARKS = (np.array([0.2, 1.0, 1.25, 5.0, 9.0]), np.array([3.0]), np.empty(0))  # s of each segment
THETA = Rhythm("theta", 7.0, rate_hz=0.2, burst_s=(1.0, 3.0))
PARTS = (Pink(), THETA, Nested("gamma", 60.0), Ripples(1.0), Evoked())


def linear(n: int, pitch_um: float = 25.0) -> np.ndarray:
    """Return the places of contacts in a column, (n, 3)."""
    return np.column_stack([np.zeros(n), pitch_um * np.arange(n), np.zeros(n)])


def setting(
    places: np.ndarray | int = 5, gain_uV: float = GAIN_UV, rate: object = 30000, seed: int = 7, shifts=None, outside=()
) -> Setting:
    """Return a setting of contacts at places, or of so many in a column 25 µm apart."""
    places = linear(places) if isinstance(places, int) else places
    shifts = None if shifts is None else np.array(shifts)
    return Setting(seed, Fraction(rate), gain_uV, places, (10**6,) * 3, shifts, outside)


def layers(parts=PARTS, marks=MARKS, **kwargs) -> dict:
    """Return the layers of parts in a setting, by their labels."""
    made: dict = {}
    for part in parts:
        made[part.label] = part.layer(f"field.{part.label}", setting(**kwargs), Tissue(made, lambda code: marks))
    return made


def piece(layer, i_start: int, i_stop: int, seg_index: int = 0, dtype: type = np.int32) -> np.ndarray:
    """Return samples of a layer, (n, n_contacts)."""
    out = np.zeros((i_stop - i_start, layer.setting.n_contacts), dtype)
    layer.add(out, seg_index, i_start)
    return out


def analytic(signal: np.ndarray, rate: float, low_hz: float, high_hz: float) -> np.ndarray:
    """Return what a band has of real signals, (n, ...), as complex numbers: amplitude and phase at each sample."""
    spectrum = np.fft.fft(signal, axis=0)
    frequencies = np.fft.fftfreq(len(signal), 1 / rate)
    spectrum[(frequencies < low_hz) | (frequencies > high_hz)] = 0
    return 2 * np.fft.ifft(spectrum, axis=0)


def welch(signal: np.ndarray, rate: float, seconds: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Return frequencies and the mean power density of signals (n, k) at them, by Hann's window, pieces overlapping."""
    size = int(rate * seconds)
    window = np.hanning(size + 1)[:-1, None]
    pieces = [signal[low : low + size] * window for low in range(0, len(signal) - size + 1, size // 2)]
    power = np.mean([np.abs(np.fft.rfft(one, axis=0)) ** 2 for one in pieces], axis=0)
    return np.fft.rfftfreq(size, 1 / rate), power * 2 / rate / np.sum(window**2)


def slope(frequencies: np.ndarray, power: np.ndarray, low_hz: float, high_hz: float) -> float:
    """Return the exponent with which a power density falls from one frequency to another, each octave of one weight."""
    edges = np.geomspace(low_hz, high_hz, 12)
    inside = [(frequencies >= a) & (frequencies <= b) for a, b in pairwise(edges)]
    points = [(np.log(frequencies[some].mean()), np.log(power[some].mean())) for some in inside if some.any()]
    return float(np.polyfit(*np.array(points).T, 1)[0])
