"""The background of the broadband stream: the sum of the parts of its noise.

- It is made of whole numbers, and of float32 arithmetic that cannot round: the same counts
  on any machine.
- It comes in chunks of 16384 samples, any of which can be made alone, in any order, by any thread.
- It is bounded: no count is beyond +-1023, whatever the levels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Floats
from .parts.part import CHUNK, KNOT, STEP, Chunk, Mixture
from .spec import SessionSpec

_BLOCK = 1 << 18  # values worked on at once: few enough for the caches, enough to call NumPy seldom

Int16s = npt.NDArray[np.int16]


class Background:
    """Makes the background of a broadband session, chunk by chunk; holds no more than the levels.

    `gain` is µV a count; `noises` are the parts by name; `total_uV`, float64 (n_channels,), is the standard
    deviation of each channel's noise.
    """

    def __init__(self, spec: SessionSpec, seed: int) -> None:
        parts = spec.noise_parts
        mixture = Mixture.of(parts, spec.noise_uV, spec.n_channels, seed)
        self.gain = mixture.gain
        self.noises = {part.name: part.at(mixture) for part in parts}
        self.total_uV: Floats = np.sqrt(sum(noise.sd_uV**2 for noise in self.noises.values()))
        self._seed = seed
        self._width = spec.n_channels
        self._bias = np.zeros(self._width, "<i2") + np.int16(KNOT // 2)  # half a count, so that it is rounded
        for noise in self.noises.values():
            self._bias += np.asarray(noise.bias, "<i2")
        self._knots_a_block = max(1, _BLOCK // (KNOT * self._width))

    def fill(self, out: Int16s, seg_index: int, chunk: int) -> None:
        """Write the first samples of a chunk, of which chunk 0 begins where the segment begins.

        `out` is int16 (n, n_channels) in C order; `n` is a multiple of 32, and 16384 at most.
        """
        bits = Chunk(self._seed, seg_index, chunk)
        makes = [noise.begin(bits) for noise in self.noises.values()]
        knots = out.reshape(-1, KNOT // STEP, STEP, self._width)
        for begin in range(0, len(knots), self._knots_a_block):
            end = min(begin + self._knots_a_block, len(knots))
            self._fill_block(knots[begin:end], [make(begin, end) for make in makes])

    def piece(self, seg_index: int, i_start: int, i_stop: int) -> Int16s:
        """Return any samples of a segment, int16 (i_stop - i_start, n_channels)."""
        out = np.empty((i_stop - i_start, self._width), "<i2")
        for chunk in range(i_start // CHUNK, -(-i_stop // CHUNK)):
            first = chunk * CHUNK
            low, high = max(i_start, first), min(i_stop, first + CHUNK)
            whole = np.empty((-(-(high - first) // KNOT) * KNOT, self._width), "<i2")
            self.fill(whole, seg_index, chunk)
            out[low - i_start : high - i_start] = whole[low - first : high - first]
        return out

    def description(self) -> dict[str, Any]:
        """Return what the stream's json says of it: standard deviations, µV."""
        levels = {"total_uV": self.total_uV, **{f"{name}_uV": noise.sd_uV for name, noise in self.noises.items()}}
        return {name: _rounded(np.asarray(level).tolist()) for name, level in levels.items()}

    def _fill_block(self, out: Int16s, pieces: list[Int16s]) -> None:
        """Write a block (knots, 8, 4, n_channels): what is held, what is drawn for every sample, and the half count."""
        held, fine = self._bias, None
        for piece in pieces:
            if piece.shape[1] != KNOT:
                held = held + piece if held is self._bias else np.add(held, piece, out=held)
            elif fine is None:
                fine = piece.reshape(out.shape)
            else:
                fine += piece.reshape(out.shape)
        fine = np.zeros_like(out) if fine is None else fine
        fine += held if held is self._bias else held[:, :, None]
        np.right_shift(fine, 5, out=out)


def _rounded(level: Any) -> Any:
    return [round(value, 6) for value in level] if isinstance(level, list) else round(level, 6)
