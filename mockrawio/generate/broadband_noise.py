"""The background of the broadband stream: white noise, 1/f-coloured noise, a part common to all channels.

- It is made of whole numbers, and of float32 arithmetic that cannot round: the same counts
  on any machine.
- It comes in chunks of 16384 samples, each from a generator of its own, so any of them can be
  made alone, in any order, by any thread. A chunk meets the next one without a step, since it
  knows the knots that the next one begins with.
- It is bounded: no count is beyond +-:data:`BOUND`, whatever the levels.
- White noise is drawn for every sample. The coloured noise is lines between knots, a sum of
  octaves, 1/f from 1 to 500 Hz. The common part is drawn for every fourth sample and held.

The bits are SFC64's, which like PCG64's never change, and come faster. A generator's first
bits are its chunk's knots, then the common part, then the white noise, sample by sample.
"""

from __future__ import annotations

from math import sqrt
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .draws import Draws, Kind
from .spec import SessionSpec
from .spikes import fitting_gain

__all__ = ["BOUND", "CHUNK", "Levels", "Noise"]

OCTAVES = 10  # of the coloured noise: a knot each 1, 2, 4, ... 512 ms, so 1/f from 1 to 500 Hz
KNOT = 32  # samples between the finest knots: 1 ms
STEP = 4  # samples for which all but the white noise is held: a line's steps are a hundredth of that noise
CHUNK = KNOT << (OCTAVES - 1)  # samples: as long as the longest octave's step
BOUND = 1023  # counts: what lies in int16 when counts are held in 32nds
SPREAD = 0.2  # how far a channel's level may be from that of the session, as a fraction
_BLOCK = 1 << 18  # values worked on at once: few enough for the caches, enough to call NumPy seldom

Int16s = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float64]

# A near-normal value of 16 bits: three fields of 7, 5 and 4 bits, scaled to nearly the same
# range by where they are put, and added. Masks, and by how much further to shift for each.
_FIRST_FIELD, _MORE_FIELDS = 0x007F, ((0x007C, 5), (0x0078, 4))
_MEAN2 = 127 + 124 + 120  # twice the mean of the sum, which is also its largest value
_OCTET_MEAN = 127.5


def _white_sd() -> float:
    """Return the standard deviation of a sum of the three fields."""
    fields = ((128, 1), (32, 4), (16, 8))  # how many equal steps, and how large
    return sqrt(sum((n * n - 1) * size * size for n, size in fields) / 12)


def _pink_sd() -> float:
    """Return the standard deviation of all octaves' knots, joined by straight lines.

    Over a line of m steps between independent knots, the mean variance is that of a knot
    times (2 + 1/m**2) / 3.
    """
    lengths = [KNOT // STEP << octave for octave in range(OCTAVES)]
    return sqrt(sum((256**2 - 1) / 12 * (2 + 1 / m**2) / 3 for m in lengths))


WHITE_SD, PINK_SD = _white_sd(), _pink_sd()
# The largest value of each part in its own standard deviations, and of the worst mixture of them.
_WHITE_MOST, _PINK_MOST = _MEAN2 / 2 / WHITE_SD, OCTAVES * _OCTET_MEAN / PINK_SD
_MOST = sqrt(2 * _WHITE_MOST**2 + _PINK_MOST**2) * (1 + SPREAD)


class Levels(NamedTuple):
    """How much noise each channel has.

    Attributes
    ----------
    gain : float
        µV a count, a power of two: the noise has between 50 and 105 counts.
    white : ndarray of int16, shape (n_channels,)
        Factors of the white noise, in 32nds of a count.
    pink : ndarray of float32, shape (n_channels,)
        Factors of the coloured noise, in counts.
    common : int
        Factor of the common part, in 32nds of a count.
    """

    gain: float
    white: Int16s
    pink: npt.NDArray[np.float32]
    common: int

    @classmethod
    def of(cls, spec: SessionSpec, seed: int) -> Levels:
        """Draw the levels of a spec's channels."""
        gain = fitting_gain(spec.noise_uV * 32767 * _MOST / (BOUND - 8))  # 8: for what is rounded
        counts = spec.noise_uV / gain
        common = round(counts * sqrt(spec.common_share) * KNOT / WHITE_SD)
        drawn = Draws(seed, Kind.NOISE_LEVEL).uniform(spec.n_channels)
        own = np.sqrt((counts * (1 + SPREAD * (2 * drawn - 1))) ** 2 - counts**2 * spec.common_share)
        white = np.rint(own * sqrt(1 - spec.pink_share) * KNOT / WHITE_SD).astype("<i2")
        pink = (own * sqrt(spec.pink_share) / PINK_SD).astype(np.float32)
        return cls(gain, white, pink, common)

    @property
    def white_uV(self) -> Floats:
        """Standard deviation of each channel's white noise, µV."""
        return self.white.astype(np.float64) * (WHITE_SD / KNOT * self.gain)

    @property
    def pink_uV(self) -> Floats:
        """Standard deviation of each channel's 1/f-coloured noise, µV."""
        return self.pink.astype(np.float64) * (PINK_SD * self.gain)

    @property
    def common_uV(self) -> float:
        """Standard deviation of what all channels have in common, µV."""
        return self.common * (WHITE_SD / KNOT * self.gain)

    @property
    def total_uV(self) -> Floats:
        """Standard deviation of each channel's noise, µV."""
        total: Floats = np.sqrt(self.white_uV**2 + self.pink_uV**2 + self.common_uV**2)
        return total


class Noise:
    """Makes the background, chunk by chunk; holds no more than the levels.

    Parameters
    ----------
    seed : int
        The session's.
    levels : Levels
    """

    def __init__(self, seed: int, levels: Levels) -> None:
        self._seed = seed
        self._levels = levels
        self._width = width = levels.white.size
        self._white = np.tile(levels.white, KNOT)
        self._bias = (KNOT // 2 - (_MEAN2 * levels.white.astype(np.int64)) // 2).astype("<i2")
        self._steps = np.arange(0, KNOT, STEP, dtype="<i2")[:, None]
        self._knots_a_block = max(1, _BLOCK // (KNOT * width))

    def fill(self, out: Int16s, seg_index: int, chunk: int) -> None:
        """Write the first samples of a chunk.

        Parameters
        ----------
        out : ndarray of int16, shape (n, n_channels), C order
            `n` is a multiple of 32, and 16384 at most.
        seg_index, chunk : int
            Chunk 0 begins where the segment begins.
        """
        bits, next_bits = self._bits(seg_index, chunk), self._bits(seg_index, chunk + 1)
        knots = self._knots(bits, self._firsts(next_bits))
        common = self._common(bits)
        n = len(out) // KNOT
        for begin in range(0, n, self._knots_a_block):
            end = min(begin + self._knots_a_block, n)
            frames = slice(begin * KNOT, end * KNOT)
            self._fill_block(out[frames], bits, knots[begin : end + 1], common[begin:end])

    def _bits(self, seg_index: int, chunk: int) -> np.random.SFC64:
        key = (int(Kind.NOISE), seg_index, chunk)
        return np.random.SFC64(np.random.SeedSequence(self._seed, spawn_key=key))

    def _fill_block(self, out: Int16s, bits: np.random.SFC64, knots: Int16s, common: Int16s) -> None:
        """Write a block, in 32nds of a count up to the last line.

        Sums and products that leave int16 on the way come back with the bias, as they do in
        arithmetic modulo 2**16.
        """
        n = len(knots) - 1
        np.multiply(_sums(bits, out.size).reshape(n, -1), self._white, out=out.reshape(n, -1))
        lines = np.diff(knots, axis=0)[:, None] * self._steps
        lines += (knots[:-1] * np.int16(KNOT) + self._bias)[:, None]
        lines += common
        held = out.reshape(-1, STEP, self._width)
        held += lines.reshape(-1, 1, self._width)
        np.right_shift(out, 5, out=out)

    def _common(self, bits: np.random.SFC64) -> Int16s:
        """Return the common part of a whole chunk (512, 8, 1), in 32nds of a count."""
        factor = self._levels.common
        sums = _sums(bits, CHUNK // STEP)
        sums *= np.int16(factor)
        sums -= np.int16(_MEAN2 * factor // 2)
        return sums.reshape(-1, KNOT // STEP, 1)

    def _firsts(self, bits: np.random.SFC64) -> npt.NDArray[np.uint8]:
        """Return what every octave of a chunk begins with, (octaves, n_channels)."""
        return _bytes(bits, OCTAVES, self._width)

    def _knots(self, bits: np.random.SFC64, nexts: npt.NDArray[np.uint8]) -> Int16s:
        """Return the sum of all octaves at the finest knots, (513, n_channels) counts.

        From the coarsest octave down, what there is so far is halved and the next octave's own
        knots are added. Halves of halves of whole numbers, they are exact in float32.
        """
        firsts = self._firsts(bits)
        sums: npt.NDArray[np.float32] = np.zeros((2, self._width), np.float32)
        for octave in reversed(range(OCTAVES)):
            sums = _halved(sums) if octave < OCTAVES - 1 else sums
            sums[0] += firsts[octave]
            sums[1:-1] += _bytes(bits, len(sums) - 2, self._width)
            sums[-1] += nexts[octave]
        sums -= np.float32(_OCTET_MEAN * OCTAVES)
        sums *= self._levels.pink
        return np.rint(sums, out=sums).astype("<i2")


def _halved(knots: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return knots with the middle between any two put in."""
    finer = np.empty((2 * len(knots) - 1, knots.shape[1]), np.float32)
    finer[::2] = knots
    middles = np.add(knots[:-1], knots[1:], out=finer[1::2])
    middles *= np.float32(0.5)
    return finer


def _words(bits: np.random.SFC64, n: int) -> npt.NDArray[np.uint64]:
    """Return `n` words of 64 bits, the low byte first in memory."""
    words: npt.NDArray[Any] = bits.random_raw(n)
    return words.astype("<u8", copy=False)


def _bytes(bits: np.random.SFC64, n: int, width: int) -> npt.NDArray[np.uint8]:
    """Return (n, width) even draws from 0 to 255."""
    return _words(bits, -(-n * width // 8)).view(np.uint8)[: n * width].reshape(n, width)


def _sums(bits: np.random.SFC64, n: int) -> Int16s:
    """Return `n` (a multiple of 4) near-normal whole numbers from 0 to 371, mean 185.5.

    Four lanes of 16 bits are worked on in each word of 64: no field's bits leave their lane.
    """
    words = _words(bits, n // 4)
    sums = words & _lanes(_FIRST_FIELD)
    field = np.empty_like(words)
    for mask, shift in _MORE_FIELDS:
        np.right_shift(words, np.uint64(shift), out=words)
        np.bitwise_and(words, _lanes(mask), out=field)
        sums += field
    return sums.view("<i2")


def _lanes(mask: int) -> np.uint64:
    """Return a mask of 16 bits in each lane of a word."""
    return np.uint64(mask * 0x0001_0001_0001_0001)
