"""The recording: the sum of its layers, cut off where the converter ends, but where a fault put something else.

Layers have the contacts in the order of their places; the recording has them as they are wired.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from ..ground.arrays import Ints
from .incidents import Incidents
from .layers import CHUNK, Counts, Int16s, Layer

_INT16 = np.iinfo(np.int16).max


class Mix:
    """Sums layers; holds no samples.

    `columns`, (n_contacts,), has where each contact of the layers goes; a count lies in `bits` bits. `faults` put
    something in the place of sums.
    """

    def __init__(self, layers: Sequence[Layer], columns: Ints, bits: int, faults: Incidents | None = None) -> None:
        self.layers = {layer.name: layer for layer in layers}
        self._faults, self._places = faults or Incidents(), np.argsort(columns)
        self._wiring = None if np.array_equal(columns, np.arange(len(columns))) else self._places
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

    def clipped(self, seg_index: int, i_start: int, i_stop: int) -> Ints:
        """Return which values were cut off: int64 (n, 2), sample and column, in the order of the file."""
        found = [np.empty((0, 2), np.int64)]
        for begin in range(i_start, i_stop if self._most > self._top else i_start, CHUNK):
            total = np.empty((min(CHUNK, i_stop - begin), self._width), np.int32)
            self._sum(total, seg_index, begin)
            total = total if self._wiring is None else total[:, self._wiring]
            samples, columns = np.nonzero((total > self._top) | (total < -self._top - 1))
            found.append(np.stack([samples + begin, columns], axis=1))
        return np.concatenate(found)

    def _sum(self, total: Counts, seg_index: int, i_start: int) -> None:
        """Write the sum of all layers, and what faults have in its place, not cut off."""
        total[...] = 0
        for layer in self.layers.values():
            layer.add(total, seg_index, i_start)
        self._faults.fill(total, seg_index, i_start, partial(self._made, seg_index), self._places)

    def _made(self, seg_index: int, i: int) -> Counts:
        """Return a sample of the recording, (n_contacts,) in the order of the places."""
        total = np.empty((1, self._width), np.int32)
        self._sum(total, seg_index, i)
        made: Counts = np.clip(total[0], -self._top - 1, self._top)
        return made

    def _fill_piece(self, out: Int16s, seg_index: int, i_start: int) -> int:
        # What no sum leaves is summed where it is to be, and with it what int16 wraps on the way.
        total = out if self._most <= _INT16 and self._wiring is None else self._new(out)
        self._sum(total, seg_index, i_start)
        clipped = self._cut(total)
        if self._wiring is not None:  # "wrap" spares NumPy a second buffer, and is fast; no index is out of range
            np.take(total.astype(np.int16, copy=False), self._wiring, axis=1, out=out, mode="wrap")
        elif total is not out:
            out[...] = total
        return clipped

    def _cut(self, total: Counts) -> int:
        """Cut off what is beyond the converter's ends, and return how many values were."""
        if self._most <= self._top or (total.max() <= self._top and total.min() >= -self._top - 1):
            return 0
        beyond = int(np.count_nonzero((total > self._top) | (total < -self._top - 1)))
        np.clip(total, -self._top - 1, self._top, out=total)
        return beyond

    def _new(self, out: Int16s) -> Counts:
        return np.empty(out.shape, np.int16 if self._most <= _INT16 else np.int32)
