"""Shot noise: many small spikes at the times of one Poisson process, each of a source drawn by its rate.

That is what the sources' own Poisson processes add up to. Spikes are whole counts, always the same ones of a source, so
that the noise's standard deviation is known (Campbell's theorem), and adding one costs little more than finding it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from math import ceil, sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ....ground.arrays import Array, Floats, Ints
from ....ground.once import once
from ...band import energy_in_band
from ...layers import Counts, NoiseLayer, Setting
from ...planted import Bank
from ...renewal import BLOCK, Renewal

_SHARES = 1 << 16  # rates are whole parts of the sum of all, of this size
_GAP = 8  # contacts: what lies farther apart is added apart
_KEPT = 4  # blocks

Int16s = npt.NDArray[np.int16]
Owners = npt.NDArray[np.uint16]


class Shots(NamedTuple):
    """Spikes in a segment, ascending, each array (n,)."""

    frames: Ints
    sources: Owners  # whose each is


class _Piece(NamedTuple):
    """A part of a source's spike: whole counts of neighbouring contacts, and where they go."""

    row: int  # after the spike's first
    columns: slice
    counts: Int16s  # (rows, columns)


class ShotLayer(NoiseLayer):
    """Shot noise of a session.

    Parameters
    ----------
    name : str
    setting : Setting
    banks : iterable of Bank
        The spike of each source, rounded here to whole counts; the first phase of several.
    rates_hz : Floats
        How often each comes, (n_sources,).
    before : int
        Samples of a spike before its time.
    """

    def __init__(self, name: str, setting: Setting, banks: Iterable[Bank], rates_hz: Floats, before: int) -> None:
        self.name, self._setting, self._before = name, setting, before
        self._rate_hz = float(rates_hz.sum())
        ends = np.rint(np.cumsum(rates_hz) / (self._rate_hz or 1.0) * _SHARES).astype(np.int64)
        shares = np.diff(ends, prepend=0)
        self.rates_hz: Floats = shares * (self._rate_hz / _SHARES)
        self._source = np.repeat(np.arange(len(shares)), shares).astype(np.uint16)
        whole = [(bank.contacts, np.rint(bank.counts[0]).astype(np.int16)) for bank in banks]
        self._pieces = [list(_pieces(contacts, counts, setting.n_contacts)) for contacts, counts in whole]
        self._n = len(whole[0][1]) if whole else 1
        mean = self._rate_hz * self._n / float(setting.sampling_rate)
        self._together = ceil(mean + 6 * sqrt(mean) + 4)  # more in a spike's length come once in some 1e9 of them
        largest = max((int(np.abs(counts).max(initial=0)) for _, counts in whole), default=0)
        self.most = 2 * self._together * largest  # a border between blocks may have as many on both sides
        self._block = lru_cache(_KEPT)(self._drawn)

    @once
    def sd_uV(self) -> Floats:  # type: ignore[override]  # found when asked for
        """Standard deviation on each contact, float64 (n_contacts,), µV, by Campbell's theorem."""
        return self._deviation(lambda counts: np.square(counts).sum(axis=1))

    @once
    def band_uV(self) -> Floats:  # type: ignore[override]  # found when asked for
        """That of what the band lets pass."""
        return self._deviation(lambda counts: energy_in_band(counts, self._setting.sampling_rate))

    def _deviation(self, energy_of: Callable[[Floats], Floats]) -> Floats:
        """Return the standard deviation of the spikes by the energy of each, float64 (n_contacts,), µV."""
        energy = np.zeros(self._setting.n_contacts)
        for pieces, rate in zip(self._pieces, self.rates_hz.tolist(), strict=True):
            for piece in pieces:
                energy[piece.columns] += rate * energy_of(piece.counts.T.astype(np.float64))
        per_sample = energy / float(self._setting.sampling_rate)
        return np.round(np.sqrt(per_sample) * self._setting.gain_uV, 6)

    def shots(self, seg_index: int, start: int, stop: int) -> Shots:
        """Return the spikes from frame `start` to `stop` (not included) of a segment, which may go beyond its end."""
        blocks = range(max(0, start) // BLOCK, -(-stop // BLOCK)) if self._rate_hz else ()
        parts = [self._block(seg_index, block) for block in blocks]
        some = [np.searchsorted(part.frames, [start, stop]).tolist() for part in parts]
        frames = [part.frames[low:high] for part, (low, high) in zip(parts, some, strict=True)]
        sources = [part.sources[low:high] for part, (low, high) in zip(parts, some, strict=True)]
        none = Shots(np.empty(0, np.int64), np.empty(0, np.uint16))
        return Shots(np.concatenate([none.frames, *frames]), np.concatenate([none.sources, *sources]))

    def add(self, out: Counts, seg_index: int, i_start: int) -> None:
        """Add samples of a segment to `out`."""
        first = i_start + self._before
        frames, sources = self.shots(seg_index, first - self._n + 1, first + len(out))
        rows, last = (frames - first).tolist(), len(out) - self._n
        for row, source in zip(rows, sources.tolist(), strict=True):
            for piece in self._pieces[source]:
                if 0 <= row <= last:
                    begin = row + piece.row
                    part = out[begin : begin + len(piece.counts), piece.columns]
                    np.add(part, piece.counts, part)
                else:
                    _add_cut(out, row + piece.row, piece)

    def _drawn(self, seg_index: int, block: int) -> Shots:
        """Draw the spikes of a block, but those that are more at once than there may be."""
        frames, _ = Renewal(self._rate_hz, Fraction(0)).block(self._setting, self.name, 0, seg_index, block)
        words: Array = self._setting.bits(self.name, 1, seg_index, block).random_raw(-(-len(frames) // 4))
        sources = self._source[words.astype("<u8", copy=False).view("<u2")[: len(frames)]]
        room = np.ones(len(frames), bool)
        room[self._together :] = frames[self._together :] - frames[: -self._together] >= self._n
        return Shots(frames[room], sources[room])


def _pieces(contacts: Ints, counts: Int16s, width: int) -> Iterator[_Piece]:
    """Cut a spike into runs of neighbouring contacts, of `width` in all, without samples that are nothing but zeros.

    A run of more than half of the contacts is made one of all, whose samples lie in one piece: it is added faster.
    """
    seen = counts.any(axis=0)
    contacts, counts = contacts[seen], counts[:, seen]
    cuts = np.flatnonzero(np.diff(contacts) > _GAP) + 1
    for own, some in zip(np.split(contacts, cuts), np.split(counts, cuts, axis=1), strict=True):
        if len(own):
            columns = slice(int(own[0]), int(own[-1]) + 1)
            columns = slice(0, width) if 2 * (columns.stop - columns.start) > width else columns
            rows = np.flatnonzero(some.any(axis=1))
            wide = np.zeros((int(rows[-1] - rows[0]) + 1, columns.stop - columns.start), np.int16)
            wide[:, own - columns.start] = some[rows[0] : rows[-1] + 1]
            yield _Piece(int(rows[0]), columns, wide)


def _add_cut(out: Counts, row: int, piece: _Piece) -> None:
    """Add those rows of a piece that are inside, where it begins at a row that need not be."""
    begin, end = max(row, 0), min(row + len(piece.counts), len(out))
    if begin < end:
        out[begin:end, piece.columns] += piece.counts[begin - row : end - row]
