"""The recording: the sum of its layers, cut off where the converter ends.

Layers have the contacts in the order of their places; the recording has them as they are wired.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ground.arrays import Ints
from .layers import CHUNK, Counts, Int16s, Layer

_INT16 = np.iinfo(np.int16).max


class Mix:
    """Sums layers; holds no samples.

    `columns`, (n_contacts,), has where each contact of the layers goes; a count lies in `bits` bits.
    """

    def __init__(self, layers: Sequence[Layer], columns: Ints, bits: int) -> None:
        self.layers = {layer.name: layer for layer in layers}
        self._wiring = None if np.array_equal(columns, np.arange(len(columns))) else np.argsort(columns)
        self._width = len(columns)
        self._top = (1 << (bits - 1)) - 1
        self._most = sum(layer.most for layer in layers)

    def fill(self, out: Int16s, seg_index: int, i_start: int) -> int:
        """Write samples `i_start`, ... of a segment of the recording; return how many of them were cut off.

        `out` is int16 (n, n_channels) in C order.
        """
        clipped = 0
        for begin in range(0, len(out), CHUNK):
            piece = out[begin : begin + CHUNK]
            clipped += self._fill_piece(piece, seg_index, i_start + begin)
        return clipped

    def summed(self, names: Sequence[str], seg_index: int, i_start: int, i_stop: int) -> Counts:
        """Return the sum of some layers, int32 (i_stop - i_start, n_channels), beyond what the converter has, too."""
        total = np.zeros((i_stop - i_start, self._width), np.int32)
        for name in names:
            self.layers[name].add(total, seg_index, i_start)
        return total if self._wiring is None else total[:, self._wiring]

    def _fill_piece(self, out: Int16s, seg_index: int, i_start: int) -> int:
        # What no sum leaves is summed where it is to be, and with it what int16 wraps on the way.
        total = out if self._most <= _INT16 and self._wiring is None else self._new(out)
        total[...] = 0
        for layer in self.layers.values():
            layer.add(total, seg_index, i_start)
        clipped = 0
        if self._most > self._top:
            clipped = int(np.count_nonzero((total > self._top) | (total < -self._top - 1)))
            np.clip(total, -self._top - 1, self._top, out=total)
        if total is not out:
            out[...] = total if self._wiring is None else total[:, self._wiring]
        return clipped

    def _new(self, out: Int16s) -> Counts:
        return np.empty(out.shape, np.int16 if self._most <= _INT16 else np.int32)
