"""Arrays of a session that are made when they are read: of a stream, of LFP channels, and of units.

They stand where arrays of files stand, and hold the file that would have them and a few numbers, which is what they
pickle as. What is read is a new array each time; none of them keeps any.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ..formats.npy import MappedArray
from ..ground.arrays import Array, Floats, Ints
from ..ground.folder import File, Identity
from .clock import Run
from .files import Scale
from .virtual import MadeTrain, maker_of_file

_STEP = 1 << 13  # rows that are made at once where only some of their columns are wanted
_ALWAYS = -math.inf, math.inf


@dataclass(frozen=True)
class MadeArray:
    """An array of int16 (n, m) in C order, or some columns of what is made together."""

    file: File
    n: int
    width: int  # columns that are made
    columns: tuple[int, ...] | None = None  # those of it; all where it is None

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of its values."""
        return np.dtype(np.int16)

    @property
    def order(self) -> str:
        """How it lies in memory, once it is made."""
        return "C"

    @property
    def shape(self) -> tuple[int, int]:
        """Its rows and columns."""
        return self.n, self.width if self.columns is None else len(self.columns)

    def select(self, columns: Sequence[int]) -> MadeArray:
        """Return the array of some of its columns."""
        return replace(self, columns=tuple(self._taken(list(columns)).tolist()))

    def _taken(self, selection: Any) -> Ints:
        own = np.arange(self.width) if self.columns is None else np.array(self.columns, np.int64)
        taken: Ints = own[selection]
        return taken

    def read(self, start: int, stop: int, selection: Any = slice(None), out: Array | None = None) -> Array:
        """Return rows from `start` to `stop`, in `out` if it is given.

        `selection`, a slice or an array, says which of the columns.
        """
        rows, columns = maker_of_file(self.file).rows(self.file.name), self._taken(selection)
        out = np.empty((stop - start, len(columns)), np.int16) if out is None else out
        if np.array_equal(columns, np.arange(self.width)) and out.flags.c_contiguous and out.dtype.isnative:
            rows.fill(out, start)
            return out
        some = np.empty((min(_STEP, stop - start), self.width), np.int16)
        for begin in range(0, stop - start, _STEP):
            part = some[: stop - start - begin]
            rows.fill(part, start + begin)
            out[begin : begin + len(part)] = part[:, columns]
        return out

    def view(self) -> Array:
        """Return all of it, new."""
        return self.read(0, self.n)

    def place(self) -> tuple[str, Identity, tuple[int, ...] | None]:
        """Return what it is, such that another one, or one after a change, is something else."""
        return self.file.path, self.file.identity(), self.columns

    def release(self) -> None:
        """Do nothing: it holds no file."""


@dataclass(frozen=True)
class MadeColumn:
    """One column (n,) of an array that is made together."""

    of: MadeArray  # the column alone
    index: int  # which of those that are made

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of its values."""
        return self.of.dtype

    @property
    def shape(self) -> tuple[int]:
        """How many values it has."""
        return (self.of.n,)

    def view(self) -> Array:
        """Return all of it, new."""
        return self.of.view()[:, 0]

    def release(self) -> None:
        """Do nothing: it holds no file."""


def rows_of(samples: MappedArray | MadeArray, start: int, stop: int) -> Array:
    """Return rows of an array (n, m), as a view of the file or made."""
    return samples.read(start, stop) if isinstance(samples, MadeArray) else samples.rows(start, stop)


def together(samples: Sequence[object]) -> MadeArray | None:
    """Return the array that has these columns, if all are made, and together."""
    made = [one for one in samples if isinstance(one, MadeColumn)]
    if not made or len(made) < len(samples) or len({(one.of.n, one.of.width) for one in made}) > 1:
        return None
    first = made[0].of
    return MadeArray(first.file, first.n, first.width, tuple(one.index for one in made))


@dataclass(frozen=True)
class MadeStamps:
    """The stamps (n,) of an LFP channel, int64, in ms since the Unix epoch, one a ms in each of its stretches."""

    stretches: tuple[Run, ...]

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of its values."""
        return np.dtype(np.int64)

    @property
    def size(self) -> int:
        """How many there are."""
        return self.stretches[-1].stop

    @property
    def shape(self) -> tuple[int]:
        """The same."""
        return (self.size,)

    def __getitem__(self, index: int) -> int:
        index += self.size if index < 0 else 0
        run = self.stretches[bisect_right(self.stretches, index, key=lambda run: run.start) - 1]
        return int(run.t_start_ms) + index - run.start

    def items(self) -> Any:
        """Return the stamps, of which one at a time is made."""
        return self

    def release(self) -> None:
        """Do nothing: it holds no file."""


class MadeLfp(NamedTuple):
    """An LFP channel that is made."""

    samples: MadeColumn
    ts: MadeStamps
    scale: Scale
    rate: float  # Hz


@dataclass(frozen=True)
class MadeTimes:
    """All spike times of a unit, float64 (n,), in ms since the Unix epoch; how many there are is found when asked."""

    file: File

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of its values."""
        return np.dtype(np.float64)

    @property
    def shape(self) -> tuple[int]:
        """How many there are."""
        return (self.train.count(*_ALWAYS),)

    @property
    def train(self) -> MadeTrain:
        """What finds them."""
        return maker_of_file(self.file).train(self.file.name)

    def view(self) -> Floats:
        """Return all of them, new."""
        return self.train.times_ms(*_ALWAYS)

    def release(self) -> None:
        """Do nothing: it holds no file."""


@dataclass(frozen=True)
class MadeWaveforms:
    """All waveforms of a unit, int16 (n, samples)."""

    file: File

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of its values."""
        return np.dtype(np.int16)

    def view(self) -> Array:
        """Return all of them, new."""
        return maker_of_file(self.file).train(self.file.name).waveforms(*_ALWAYS)

    def rows(self, start: int, stop: int) -> Array:
        """Return some of them, of all that are made."""
        return self.view()[start:stop]

    def release(self) -> None:
        """Do nothing: it holds no file."""


@dataclass(frozen=True)
class MadeUnitFile:
    """One unit's file that is made; with the attributes of :class:`~.files.UnitFile`."""

    file: File
    scale: Scale
    sampling_rate: float
    left_sweep: int

    @property
    def path(self) -> str:
        """Where it would be."""
        return self.file.path

    @property
    def divisor(self) -> int:
        """1, since times are in ms."""
        return 1

    @property
    def times(self) -> MadeTimes:
        """Its spike times."""
        return MadeTimes(self.file)

    @property
    def waveforms(self) -> MadeWaveforms:
        """Its waveforms."""
        return MadeWaveforms(self.file)

    @property
    def first_ms(self) -> float:
        """When its first spike is, found when asked; NaN if it has none."""
        return self._ends()[0]

    @property
    def last_ms(self) -> float:
        """When its last spike is, found when asked; NaN if it has none."""
        return self._ends()[1]

    def _ends(self) -> tuple[float, float]:
        return self.times.train.ends_ms(*_ALWAYS) or (math.nan, math.nan)
