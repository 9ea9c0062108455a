"""Hum of the mains: lines at a frequency and its harmonics, the same on all contacts."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from fractions import Fraction
from math import ceil
from typing import ClassVar

import numpy as np

from ....ground.arrays import Floats, Ints
from ...band import band_gain
from ...cosine import TURN, cosine_table
from ...layers import Counts, NoiseLayer, Setting
from ..form import real, whole
from .normal import whole_type
from .part import NoisePart


@dataclass(frozen=True)
class Hum(NoisePart):
    """Line noise, the same on all contacts; amplitudes of harmonics are inversely proportional to their frequency.

    Lines at or above half the sampling rate are omitted.

    Parameters
    ----------
    frequency_hz : float, default 50.0
        Mains frequency.
    harmonics : int, default 3
        Number of lines, including the fundamental.
    uV : float, default 1.0
        Root mean square of all lines together, before rounding to counts.
    """

    name: ClassVar[str] = "hum"
    floor: ClassVar[bool] = False

    frequency_hz: float = real(50.0, 1.0, 50_000.0)
    _: KW_ONLY
    harmonics: int = whole(3, 1, 64)
    uV: float = real(1.0, 0.0, 10_000.0)

    def layer(self, name: str, setting: Setting) -> HumLayer:
        """Return the layer that it is in a session."""
        return HumLayer(name, setting, self)


class HumLayer(NoiseLayer):
    """Hum of a session: one period of it, which samples of a segment go through from a drawn phase on.

    The phase is counted in 2**-64 of a turn, of which even a day's samples lose no more than a millionth turn.
    """

    def __init__(self, name: str, setting: Setting, hum: Hum) -> None:
        self.name, self._setting = name, setting
        turns = Fraction(hum.frequency_hz) / setting.sampling_rate  # a sample
        self._step = np.uint64(round(turns * 2**64) % 2**64)
        later = [round(turns * Fraction(shift) * 2**64) % 2**64 for shift in setting.turns[0].tolist()]
        self._later = np.array(later, dtype=np.uint64)  # phases by which contacts are sampled later
        period = self._period(hum, min(hum.harmonics, ceil(1 / (2 * turns)) - 1))
        self.most = int(np.abs(period).max())
        self._values = period.astype(whole_type(self.most))
        self.sd_uV = self._everywhere(float(np.std(period)))
        self.band_uV = self._everywhere(_in_band(period, hum.frequency_hz, setting.sampling_rate))

    def add(self, out: Counts, seg_index: int, i_start: int) -> None:
        """Add samples of a segment to `out`."""
        first = self._setting.bits(self.name, seg_index).random_raw(1)
        phases = np.arange(i_start, i_start + len(out), dtype=np.uint64) * self._step + first
        values = self._values[((phases[:, None] + self._later) >> np.uint64(48)).astype(np.intp)]
        out += values if len(self._later) == 1 else values[:, self._setting.turns[1]]

    def _period(self, hum: Hum, n_lines: int) -> Ints:
        """Return one period in whole counts."""
        lines = np.arange(1, n_lines + 1)
        sizes = hum.uV / self._setting.gain_uV / lines / np.sqrt(np.sum(0.5 / lines**2))
        phases = self._setting.bits(self.name).random_raw(n_lines) >> np.uint64(48)
        cosine, total = cosine_table(), np.zeros(TURN)
        for line, size, phase in zip(lines.tolist(), sizes.tolist(), phases.tolist(), strict=True):
            total += size * cosine[(line * np.arange(TURN) + phase) % TURN]
        return np.rint(total).astype(np.int64)

    def _everywhere(self, counts: float) -> Floats:
        return np.full(self._setting.n_contacts, round(counts * self._setting.gain_uV, 6))


def _in_band(period: Ints, frequency_hz: float, sampling_rate: Fraction) -> float:
    """Return the root mean square of what the band lets pass of a period, of which lines fold at half the rate."""
    sizes = np.abs(np.fft.rfft(period))[1:] / len(period)
    rate = float(sampling_rate)
    lines = np.arange(1, len(sizes) + 1) * frequency_hz % rate
    gains = band_gain(np.minimum(lines, rate - lines), sampling_rate)
    return float(np.sqrt(np.sum(2 * (sizes * gains) ** 2)))
