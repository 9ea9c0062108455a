"""Settings and layers for the tests of the noise."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from mockrawio.generate.layers import CHUNK, Setting

GAIN_UV = 0.195
ALL = 8 * CHUNK  # samples of one segment of a setting; it has three


def linear(n: int, pitch_um: float = 25.0) -> np.ndarray:
    """Return the places of contacts in a line, (n, 3)."""
    return np.column_stack([np.zeros(n), np.zeros(n), pitch_um * np.arange(n)])


def bundle() -> np.ndarray:
    """Return the places of two bundles of eight wires, each on a circle of 40 µm, 1 mm apart, (16, 3)."""
    angles = np.arange(8) * np.pi / 4
    one = np.column_stack([20 * np.cos(angles), 20 * np.sin(angles), np.zeros(8)])
    return in_order(np.concatenate([one, one + np.array([1000.0, 0, 0])]))


def staggered(n: int = 384) -> np.ndarray:
    """Return the places of a Neuropixels 1.0's contacts, (n, 3)."""
    i = np.arange(n)
    return in_order(np.column_stack([np.array([43.0, 11, 59, 27])[i % 4], i // 2 * 20.0, np.zeros(n)]))


def in_order(places: np.ndarray) -> np.ndarray:
    """Return places sorted by x, y and z, as a session gives them to its layers."""
    return places[np.lexsort(places.T[::-1])]


def setting(places: np.ndarray | int = 5, gain_uV: float = GAIN_UV, rate: object = 30000, seed: int = 7) -> Setting:
    """Return a setting of contacts at places, or of so many in a line."""
    places = linear(places) if isinstance(places, int) else places
    return Setting(seed, Fraction(rate), gain_uV, places, (ALL, ALL, ALL))


def piece(layer, i_start: int, i_stop: int, seg_index: int = 0, dtype: type = np.int32) -> np.ndarray:
    """Return samples of a layer, (n, n_contacts)."""
    out = np.zeros((i_stop - i_start, len(layer.sd_uV)), dtype)
    layer.add(out, seg_index, i_start)
    return out


def made(part, n: int, *args, **kwargs) -> np.ndarray:
    """Return the first samples of a part in a setting, int16 (n, n_contacts)."""
    return piece(part.layer(f"noise.{part.name}", setting(*args, **kwargs)), 0, n, dtype=np.int16)


def spectrum(counts: np.ndarray, size: int = 128) -> np.ndarray:
    """Return the mean power of all contacts at frequencies from 0 to half the rate, by Hann's window, Welch's way."""
    window = np.hanning(size + 1)[:-1]
    pieces = counts[: len(counts) // size * size].reshape(-1, size, counts.shape[1])
    power = 0.0
    for some in np.array_split(pieces, max(1, pieces.size >> 22)):
        power = power + (np.abs(np.fft.rfft(some * window[:, None], axis=1)) ** 2).sum(axis=(0, 2))
    return power / pieces.shape[0] / pieces.shape[2] / np.sum(window**2)
