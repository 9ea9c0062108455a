"""What a recording is the sum of: layers of whole counts, each from a child of the seed of its own.

- ``clip(sum of all layers) == recording``, count for count; a layer is whole counts, so the sum is exact.
- Any samples of a layer can be made alone, in any order, by any thread, and are the same ones.
- A layer takes its bits from a child of the seed that has its name: no other layer changes them.
- The first samples of a segment do not depend on how long it is.
- Layers are made in the order of the contacts' places (:class:`Setting`), whichever column of the recording each is
  wired to: other wiring permutes columns, and changes no count.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Array, Floats, Ints
from ..ground.errors import BoundsError
from ..ground.once import once

CHUNK = 1 << 13  # samples of which a drawn layer has a child of the seed each
BLOCK = 1 << 17  # values worked on at once: few enough for the caches, enough to call NumPy seldom

Counts = npt.NDArray[np.signedinteger[Any]]
Int16s = npt.NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class Setting:
    """What a session gives to each of its layers."""

    seed: int
    sampling_rate: Fraction  # Hz
    gain_uV: float  # µV a count
    places: Floats  # (n, 3): where the contacts are, µm, in the order that layers have them in
    lengths: tuple[int, ...]  # samples of each segment
    # (n,): by which part of a sample each contact is sampled later than the sample's time; None: all at once
    shifts: Floats | None = None
    outside: tuple[int, ...] = ()  # contacts that are not in the tissue, ascending

    @property
    def n_contacts(self) -> int:
        """How many contacts there are."""
        return len(self.places)

    @once
    def turns(self) -> tuple[Floats, Ints]:
        """The shifts that there are, each once, ascending, and which of them each contact has."""
        found = np.zeros(self.n_contacts) if self.shifts is None else self.shifts
        turns, which = np.unique(found, return_inverse=True)
        return turns, which

    @once
    def late_ms(self) -> Floats:
        """How long after a sample's time each contact is sampled, float64 (n_contacts,), ms."""
        late: Floats = np.zeros(self.n_contacts) if self.shifts is None else self.shifts
        return late * float(1000 / self.sampling_rate)

    def samples(self, seg_index: int, i_start: int, i_stop: int | None) -> tuple[int, int]:
        """Return the first sample asked for and that after the last, None for the end; BoundsError if not there."""
        if not 0 <= seg_index < len(self.lengths):
            last = len(self.lengths) - 1
            raise BoundsError("seg_index", f"0 to {last}", seg_index, "Request an existing segment.")
        size = self.lengths[seg_index]
        i_stop = size if i_stop is None else i_stop
        if 0 <= i_start <= i_stop <= size:
            return i_start, i_stop
        expected, found = f"0 <= i_start <= i_stop <= {size}", f"i_start={i_start}, i_stop={i_stop}"
        raise BoundsError(f"segment {seg_index}", expected, found, "Request samples of the segment.")

    @property
    def at_once(self) -> Setting:
        """The same, with all contacts sampled at once."""
        return self if self.shifts is None else replace(self, shifts=None)

    def bits(self, name: str, *key: int) -> np.random.SFC64:
        """Return the bits of one layer, or of one thing in it, by its name and numbers.

        They are SFC64's, which like PCG64's never change, and come faster.
        """
        key = (int.from_bytes(name.encode(), "little"), *key)
        return np.random.SFC64(np.random.SeedSequence(self.seed, spawn_key=key))


class Layer(ABC):
    """One of the layers of a recording."""

    name: str  # by which the truth has it, ``noise.white``
    most: int  # no count of it is beyond, in size

    @abstractmethod
    def add(self, out: Counts, seg_index: int, i_start: int) -> None:
        """Add samples `i_start`, ... of a segment to `out`, (n, n_contacts) in C order, in place.

        `out` is int16, where the sum of all layers cannot leave it, or int32.
        """


class NoiseLayer(Layer):
    """A layer of noise, which knows how much of it there is.

    `sd_uV` is the standard deviation on each contact, and `band_uV` that of what :mod:`.band` lets pass; both
    float64 (n_contacts,), µV, of the whole counts as they are.
    """

    sd_uV: Floats
    band_uV: Floats


class DrawnLayer(NoiseLayer):
    """A layer whose chunks of :data:`CHUNK` samples are drawn one by one, each row by row."""

    def __init__(self, name: str, setting: Setting) -> None:
        self.name, self.setting = name, setting

    @abstractmethod
    def rows(self, seg_index: int, chunk: int, n: int) -> Iterator[Array]:
        """Yield the first `n` samples of a chunk in blocks (k, n_contacts) of whole numbers; the caller changes none.

        A row does not depend on `n`.
        """

    def add(self, out: Counts, seg_index: int, i_start: int) -> None:
        """Add samples of a segment to `out`."""
        i_stop = i_start + len(out)
        for chunk in range(i_start // CHUNK, -(-i_stop // CHUNK)):
            row = chunk * CHUNK
            for block in self.rows(seg_index, chunk, min(CHUNK, i_stop - row)):
                low, high = max(row, i_start), row + len(block)
                if low < high:
                    out[low - i_start : high - i_start] += block[low - row :]
                row = high

    def blocks(self, n: int) -> Iterator[int]:
        """Yield in what pieces to make `n` rows: so many rows each that a piece has :data:`BLOCK` values.

        They are fours of rows, so that whatever their width is, a piece ends where a word of 64 bits does, and how
        large pieces are changes nothing.
        """
        step = max(4, BLOCK // self.setting.n_contacts & ~3)
        for begin in range(0, n, step):
            yield min(step, n - begin)
