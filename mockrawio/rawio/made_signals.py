"""Signal streams that are made when they are read; see :mod:`mockrawio.session.virtual`.

A chunk is a new array, of which the stream keeps nothing. It may be written to where that of a stored stream may be: it
is read-only where that would be a view of the file.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ground.arrays import Array
from ..session.clock import Run
from ..session.made import MadeArray
from .scaling import check_out
from .signals import Channel, Selection, SignalStream, Source


class MadeSignals(SignalStream):
    """A stream of int16 whose channels are the columns of one array that is made.

    `shared` says that stored channels would be one array, not one each.
    """

    def __init__(
        self, id: str, channels: list[Channel], runs: tuple[Run, ...], rate: float, made: MadeArray, shared: bool
    ) -> None:
        super().__init__(id, channels, runs, rate, np.dtype(np.int16))
        self._made, self._shared = made, shared

    @property
    def sources(self) -> tuple[Source, ...]:
        """The array."""
        return (self._made,)

    def buffer(self, seg_index: int) -> dict[str, Any] | None:
        """Return None: no file holds it."""
        return None

    def release(self) -> None:
        """Do nothing: no file is open."""

    def read(self, seg_index: int, start: int, stop: int, selection: Selection | None, out: Array | None) -> Array:
        """Return raw values (stop - start, channels); arguments are checked already."""
        columns = slice(None) if selection is None else selection
        if out is not None:
            check_out(out, (stop - start, len(self.gains[columns])), self.dtype)
        first = self.runs[seg_index].start
        chunk = self._made.read(first + start, first + stop, columns, out)
        if out is None and self._shared and isinstance(columns, slice):
            chunk.flags.writeable = False
        return chunk
