"""Where the spikes of cells are, and how large, if a file says where."""

from __future__ import annotations

import numpy as np

from ..ground.arrays import Floats
from .amplitudes import Amplitudes
from .planted import Fired, SpikeTrains
from .renewal import JITTER
from .source import SpikeSource


class GivenTrains(SpikeTrains):
    """Trains that come from a file, as far as they are in a segment; a cell's are those of the node of its number."""

    fewest_frames = 0

    def __init__(self, source: SpikeSource, starts_ms: Floats, amplitudes: Amplitudes, jitter: bool) -> None:
        self._source, self._starts_ms, self._amplitudes, self._jitter = source, starts_ms, amplitudes, jitter
        self.most_factor = amplitudes.most

    def fired(self, index: int, seg_index: int, start: int, stop: int) -> Fired:
        """Return the spikes of a cell from frame `start` to `stop` of a segment."""
        times_ms = self._source.train(index)
        segments = np.searchsorted(self._starts_ms, times_ms, side="right") - 1
        here, setting = segments == seg_index, self._amplitudes.setting
        places = (times_ms[here] - self._starts_ms[seg_index]) * float(setting.sampling_rate / 1000)
        last = setting.lengths[seg_index] - 1  # for one within half a sample of the end, where stamps are kept
        frames = np.minimum(np.floor(places + 0.5), last)
        phases = np.clip(np.floor((places - frames + 0.5) * len(JITTER)), 0, len(JITTER) - 1).astype(np.uint8)
        low, high = np.searchsorted(frames, [start, stop]).tolist()
        factors = self._amplitudes.drawn(len(times_ms), index)[here].astype(np.float32)
        phases = phases if self._jitter else np.zeros_like(phases)
        return Fired(frames[low:high].astype(np.int64), phases[low:high], factors[low:high])
