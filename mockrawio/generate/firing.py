"""Where the spikes of cells are, and how large: drawn in blocks of time, or given by a file."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from ..ground.arrays import Floats
from .draws import Draws, normal_table
from .layers import Setting
from .planted import Fired, Firing
from .renewal import BLOCK, JITTER, Renewal
from .source import SpikeSource

TRAINS, AMPLITUDES = "spikes", "spikes.amplitude"  # by which the children of the seed are known


class DrawnFiring(Firing):
    """Poisson trains with a dead time, one a cell."""

    def __init__(
        self, setting: Setting, rates_hz: Sequence[float], refractory_ms: float, amplitude_sd: float, jitter: bool
    ) -> None:
        self._setting, self._jitter, self._amplitude_sd = setting, jitter, amplitude_sd
        dead_s = Fraction(repr(refractory_ms)) / 1000
        # Without jitter a spike is put on a frame, up to a frame nearer to the next one.
        dead_s += 0 if jitter else 1 / setting.sampling_rate
        self._trains = [Renewal(rate_hz, dead_s) for rate_hz in rates_hz]
        self.fewest_frames = int(dead_s * setting.sampling_rate)
        self.most_factor = 1 + amplitude_sd * float(normal_table()[-1])

    def fired(self, index: int, seg_index: int, start: int, stop: int) -> Fired:
        """Return the spikes of a cell from frame `start` to `stop` of a segment; there are none before frame 0."""
        start = max(0, start)
        parts = [self._block(index, seg_index, block) for block in range(start // BLOCK, -(-stop // BLOCK))]
        frames, phases, factors = map(np.concatenate, zip(*parts, strict=True))
        low, high = np.searchsorted(frames, [start, stop]).tolist()
        return Fired(frames[low:high], phases[low:high], factors[low:high])

    def _block(self, index: int, seg_index: int, block: int) -> Fired:
        place = index, seg_index, block
        frames, phases = self._trains[index].block(self._setting, TRAINS, *place)
        normals = Draws.of(self._setting.bits(AMPLITUDES, *place)).normals(len(frames))
        factors = (1 + self._amplitude_sd * normals).astype(np.float32)
        return Fired(frames, phases if self._jitter else np.zeros_like(phases), factors)


class GivenFiring(Firing):
    """Trains that come from a file, as far as they are in a segment; a cell's are those of the node of its number."""

    fewest_frames = 0

    def __init__(
        self, setting: Setting, source: SpikeSource, starts_ms: Floats, amplitude_sd: float, jitter: bool
    ) -> None:
        self._setting, self._source, self._starts_ms = setting, source, starts_ms
        self._amplitude_sd, self._jitter = amplitude_sd, jitter
        self.most_factor = 1 + amplitude_sd * float(normal_table()[-1])

    def fired(self, index: int, seg_index: int, start: int, stop: int) -> Fired:
        """Return the spikes of a cell from frame `start` to `stop` of a segment."""
        times_ms = self._source.train(index)
        normals = Draws.of(self._setting.bits(AMPLITUDES, index)).normals(len(times_ms))
        segments = np.searchsorted(self._starts_ms, times_ms, side="right") - 1
        here = segments == seg_index
        places = (times_ms[here] - self._starts_ms[seg_index]) * float(self._setting.sampling_rate / 1000)
        last = self._setting.lengths[seg_index] - 1  # for one within half a sample of the end, where stamps are kept
        frames = np.minimum(np.floor(places + 0.5), last)
        phases = np.clip(np.floor((places - frames + 0.5) * len(JITTER)), 0, len(JITTER) - 1).astype(np.uint8)
        low, high = np.searchsorted(frames, [start, stop]).tolist()
        factors = (1 + self._amplitude_sd * normals[here]).astype(np.float32)
        phases = phases if self._jitter else np.zeros_like(phases)
        return Fired(frames[low:high].astype(np.int64), phases[low:high], factors[low:high])
