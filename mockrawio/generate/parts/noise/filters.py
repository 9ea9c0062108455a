"""A filter of whole taps along time, exact in float32."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from ....ground.arrays import Floats
from ...band import band_gain

ROWS = 128  # samples filtered by one product of matrices, and the most that a tap may reach back
_FREQUENCIES = 1 << 12

Floats32 = npt.NDArray[np.float32]


class Filter:
    """Filters rows of whole numbers, exactly where the sum of all taps' sizes times the largest stays below 2**24."""

    def __init__(self, taps: Sequence[int]) -> None:
        self._taps = np.asarray(taps, np.int64)
        self.size = int(np.abs(self._taps).sum())
        self.norm = float(np.sqrt(np.sum(self._taps**2)))
        # row i of the matrix gives row i of the outcome: the last tap is that of the row furthest back
        lags = ROWS + np.arange(ROWS)[:, None] - np.arange(2 * ROWS)
        inside = (lags >= 0) & (lags < len(self._taps))
        self._matrix = np.where(inside, self._taps[np.clip(lags, 0, len(self._taps) - 1)], 0).astype(np.float32)

    def __call__(self, rows: Floats32) -> Floats32:
        """Return what comes of rows, (k + ROWS, n) with k a multiple of :data:`ROWS`, from row ROWS on: (k, n)."""
        width = rows.shape[1]
        windows = np.lib.stride_tricks.sliding_window_view(rows, 2 * ROWS, axis=0)[::ROWS]
        filtered: Floats32 = np.matmul(self._matrix, windows.swapaxes(1, 2)).reshape(-1, width)
        return filtered

    def band_share(self, sampling_rate: Fraction) -> float:
        """Return how much of the variance of filtered white noise :mod:`...band` lets pass."""
        power: Floats = np.abs(np.fft.rfft(self._taps, 2 * _FREQUENCIES)) ** 2
        frequencies = np.linspace(0, float(sampling_rate) / 2, _FREQUENCIES + 1)
        gain = band_gain(frequencies, sampling_rate)
        return float(np.sum(power * gain**2) / max(np.sum(power), 1e-300))
