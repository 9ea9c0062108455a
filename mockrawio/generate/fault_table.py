"""The faults of a stream as the truth lists them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Ints
from .incidents import FaultRow, Incidents
from .layers import Setting
from .mix import Mix

# Of kinds of faults; where a channel has several of them the last one holds, as in SpikeInterface.
_LABELS = {"dead": "dead", "noisy": "noise", "out": "out"}


class FaultTable:
    """The acquisition faults of a session, with channels and samples; iterates over the rows.

    With the layers it reproduces the recording: their sum, clipped to the converter's range; then, row by row, each
    `fill`.
    """

    def __init__(self, setting: Setting, incidents: Incidents, mix: Mix) -> None:
        self._setting, self._incidents, self._mix = setting, incidents, mix

    def __iter__(self) -> Iterator[FaultRow]:
        for seg_index in range(len(self._setting.lengths)):
            yield from self.within(seg_index)

    def within(self, seg_index: int, i_start: int = 0, i_stop: int | None = None) -> tuple[FaultRow, ...]:
        """Return what has a sample in a piece of a segment.

        Parameters
        ----------
        seg_index : int
            Which segment.
        i_start, i_stop : int
            Samples of the segment; all of it by default.

        Returns
        -------
        tuple of FaultRow
            Ordered by their first samples, which may come before the piece, as the last ones may come after it.

        Raises
        ------
        BoundsError
            If the segment has no such samples, or there is no such segment.
        """
        return tuple(self._incidents.rows(seg_index, *self._setting.samples(seg_index, i_start, i_stop)))

    def clipped(self, seg_index: int, i_start: int = 0, i_stop: int | None = None) -> Ints:
        """Return which values of the recording were cut off where the converter ends.

        Parameters
        ----------
        seg_index, i_start, i_stop : int
            As for :meth:`within`.

        Returns
        -------
        ndarray of int64, shape (n, 2)
            The sample of the segment and the column of each, in the order of the file.

        Raises
        ------
        BoundsError
            As for :meth:`within`.
        """
        return self._mix.clipped(seg_index, *self._setting.samples(seg_index, i_start, i_stop))

    @property
    def labels(self) -> npt.NDArray[np.str_]:
        """What ``detect_bad_channels`` of SpikeInterface should find: good, dead, noise or out; (n_channels,)."""
        found = np.full(self._setting.n_contacts, "good", "U5")
        rows = self._incidents.rows(0, 0, 1)
        for kind, label in _LABELS.items():
            for row in rows:
                found[list(row.channels) if row.kind == kind else []] = label
        return found

    def description(self) -> list[dict[str, Any]]:
        """Return what the stream's json says of them: one entry for all that differ in their samples alone."""
        spans: dict[FaultRow, list[list[int]]] = {}
        for row in self:
            spans.setdefault(row._replace(seg_index=0, i_start=0, i_stop=0), []).append(
                [row.seg_index, row.i_start, row.i_stop]
            )
        return [self._described(row, some) for row, some in spans.items()]

    def _described(self, row: FaultRow, spans: list[list[int]]) -> dict[str, Any]:
        everywhere = len(row.channels) == self._setting.n_contacts
        ids = "all" if everywhere else [f"CSC{channel + 1}" for channel in row.channels]
        more = {name: value for name, value in (("layer", row.layer), ("fill", row.fill)) if value}
        return {"kind": row.kind, "channel_ids": ids, **more, "samples": spans}
