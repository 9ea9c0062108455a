"""The names of Neo's RawIO page that Neo itself has since renamed (docs/documents.rst).

There, spike channels are "units": `unit_channels_count()`, `unit_index=`,
`spike_timestamps()`, `spike_raw_waveforms()`, `event_timestamps()`. All of them work here,
beside the current names.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Array
from .lookups import Lookups


def _either(spike_channel_index: int, unit_index: int | None) -> int:
    return spike_channel_index if unit_index is None else unit_index


class UnitApi(Lookups):
    """The page's names over the current ones; where `unit_index` is given, it is used."""

    def unit_channels_count(self) -> int:
        """Return the number of units, the same in all segments."""
        return int(self.spike_channels_count())

    def spike_count(
        self, block_index: int = 0, seg_index: int = 0, spike_channel_index: int = 0, *, unit_index: int | None = None
    ) -> int:
        """Return how many spikes a unit has in a segment."""
        return int(self._spike_count(block_index, seg_index, _either(spike_channel_index, unit_index)))

    def get_spike_timestamps(
        self,
        block_index: int = 0,
        seg_index: int = 0,
        spike_channel_index: int = 0,
        t_start: float | None = None,
        t_stop: float | None = None,
        *,
        unit_index: int | None = None,
    ) -> Array:
        """Return a unit's spike times in a segment, as the file has them.

        Parameters
        ----------
        block_index, seg_index, spike_channel_index : int
        t_start, t_stop : float, optional
            Limits in seconds, both included; either may be given alone.
        unit_index : int, optional
            Another name for `spike_channel_index`.

        Returns
        -------
        ndarray of float64, (n,)
            ms since the Unix epoch; ``rescale_spike_timestamp`` makes seconds of them.
        """
        index = _either(spike_channel_index, unit_index)
        return self._get_spike_timestamps(block_index, seg_index, index, t_start, t_stop)  # type: ignore[no-any-return]  # Neo's

    def get_spike_raw_waveforms(
        self,
        block_index: int = 0,
        seg_index: int = 0,
        spike_channel_index: int = 0,
        t_start: float | None = None,
        t_stop: float | None = None,
        *,
        unit_index: int | None = None,
    ) -> Array | None:
        """Return a unit's waveforms in a segment, as counts.

        Parameters
        ----------
        block_index, seg_index, spike_channel_index, t_start, t_stop, unit_index
            As for :meth:`get_spike_timestamps`.

        Returns
        -------
        ndarray of int16, (n, 1, samples), or None
            None if the file has no waveforms; with ``raw_dtype="source"`` the dtype is the file's.
        """
        index = _either(spike_channel_index, unit_index)
        return self._get_spike_raw_waveforms(block_index, seg_index, index, t_start, t_stop)  # type: ignore[no-any-return]  # Neo's

    def rescale_waveforms_to_float(
        self,
        raw_waveforms: Array,
        dtype: npt.DTypeLike = "float32",
        spike_channel_index: int = 0,
        *,
        unit_index: int | None = None,
    ) -> Array:
        """Return waveforms in the unit's physical units (uV).

        Parameters
        ----------
        raw_waveforms : ndarray, (n, 1, samples)
        dtype : dtype
            "float32" or "float64".
        spike_channel_index : int
        unit_index : int, optional
            Another name for `spike_channel_index`.
        """
        return self._rescale_waveforms(np.asarray(raw_waveforms), dtype, _either(spike_channel_index, unit_index))

    def spike_timestamps(self, *args: Any, **kwargs: Any) -> Array:
        """Return spike times; see :meth:`get_spike_timestamps`."""
        return self.get_spike_timestamps(*args, **kwargs)

    def spike_raw_waveforms(self, *args: Any, **kwargs: Any) -> Array | None:
        """Return raw waveforms; see :meth:`get_spike_raw_waveforms`."""
        return self.get_spike_raw_waveforms(*args, **kwargs)

    def event_timestamps(self, *args: Any, **kwargs: Any) -> tuple[Array, Array | None, Array]:
        """Return (timestamps, durations, labels); see ``get_event_timestamps``."""
        return self.get_event_timestamps(*args, **kwargs)  # type: ignore[no-any-return]  # Neo's

    @abstractmethod
    def _rescale_waveforms(self, raw: Array, dtype: npt.DTypeLike, index: int) -> Array:
        """Scale a unit's waveforms, which the reader does."""
