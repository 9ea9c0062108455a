"""Signal streams: int16 chunks out of mapped files.

The contract of a :class:`SignalStream`:

- it holds no data: one mapped array (samples, channels), or one mapped array a channel;
- ``read()`` gives a view where one array covers the request, else a new array, or `out`;
- float sources become int16 counts as they are read (or not at all, `raw_dtype="source"`);
- it pickles without its maps, which are opened again when next needed.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..session.clock import Run
from ..session.errors import BoundsError, MockSessionError
from ..session.files import Scale
from ..session.npy import AnyArray, MappedArray
from .scaling import check_out, quantise

Array = npt.NDArray[Any]
Selection = slice | Array


@dataclass(frozen=True)
class Channel:
    """One channel: what the header says of it, and where its samples are.

    Attributes
    ----------
    id, name : str
    number : int or None
        The k of CSCk.
    scale : Scale
        From the raw values served to physical units.
    count : float or None
        Size of a count for a float source that is served as int16, else None.
    source : AnyArray or None
        Its own array (n,), or None where the stream has one for all.
    """

    id: str
    name: str
    number: int | None
    scale: Scale
    count: float | None = None
    source: AnyArray | None = None


class SignalStream:
    """Channels that are sampled together.

    Parameters
    ----------
    id : str
        Also its name.
    channels : list of Channel
    runs : tuple of Run
        One a segment.
    sampling_rate : float
        Hz.
    dtype : numpy.dtype
        Of the raw values served, native byte order.
    matrix : MappedArray, optional
        (samples, channels), where one array holds all channels.
    """

    def __init__(
        self,
        id: str,
        channels: list[Channel],
        runs: tuple[Run, ...],
        sampling_rate: float,
        dtype: np.dtype[Any],
        matrix: MappedArray | None = None,
    ) -> None:
        self.id = id
        self.channels = channels
        self.runs = runs
        self.sampling_rate = sampling_rate
        self.dtype = dtype
        self.matrix = matrix
        self.sizes = [run.stop - run.start for run in runs]
        self.gains = np.array([c.scale.gain for c in channels])
        self.offsets = np.array([c.scale.offset for c in channels])
        self._by_id = {c.id: i for i, c in enumerate(channels)}
        self._by_name: dict[str, int | None] = {}
        for i, c in enumerate(channels):
            self._by_name[c.name] = None if c.name in self._by_name else i
        self._views: list[Array] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_views": None}

    # -- where the bytes are ------------------------------------------------------------

    def _whole(self) -> MappedArray | None:
        """Return the one array that holds the raw values as they are served, if there is one."""
        if self.matrix is not None:
            return self.matrix
        only = self.channels[0]
        if len(self.channels) == 1 and only.count is None and isinstance(only.source, MappedArray):
            return only.source
        return None

    def buffer(self, seg_index: int) -> dict[str, Any] | None:
        """Return Neo's buffer description of a segment, or None where no one array holds it."""
        whole = self._whole()
        if whole is None or whole.order != "C":
            return None
        run, width = self.runs[seg_index], len(self.channels)
        return {
            "type": "raw",
            "file_path": whole.file.path,
            "dtype": whole.dtype.str,
            "order": "C",
            "file_offset": whole.offset + run.start * width * whole.dtype.itemsize,
            "shape": (run.stop - run.start, width),
        }

    def views(self) -> list[Array]:
        """Return, for each segment, the (samples, channels) view of the one array; else nothing."""
        if self._views is None:
            whole = self._whole()
            # Other byte orders go the long way, so that what is served is native.
            if whole is None or not whole.dtype.isnative:
                self._views = []
            else:
                table = whole.view().reshape(-1, len(self.channels))
                self._views = [table[run.start : run.stop] for run in self.runs]
        return self._views

    def release(self) -> None:
        """Let go of the maps; views that are in use elsewhere stay valid."""
        self._views = None
        for array in (self.matrix, *(c.source for c in self.channels)):
            if array is not None:
                array.release()

    # -- what is asked for ---------------------------------------------------------------

    def bounds(self, seg_index: int, i_start: int | None, i_stop: int | None) -> tuple[int, int]:
        """Return the sample range, checked: 0 <= i_start <= i_stop <= size."""
        size = self.sizes[seg_index]
        start = 0 if i_start is None else operator.index(i_start)
        stop = size if i_stop is None else operator.index(i_stop)
        if 0 <= start <= stop <= size:
            return start, stop
        raise BoundsError(
            f"stream {self.id}, segment {seg_index}: expected 0 <= i_start <= i_stop <= {size}; "
            f"found i_start={i_start}, i_stop={i_stop}. Ask for samples the segment has."
        )

    def select(self, channel_indexes: Any, channel_names: Any = None, channel_ids: Any = None) -> Selection | None:
        """Return a selection of channels, None for all: a slice where a regular one will do.

        The first of indexes, names and ids that is given counts, as in Neo.
        """
        if channel_indexes is None:
            if channel_names is not None:
                channel_indexes = [self._named(name) for name in channel_names]
            elif channel_ids is not None:
                channel_indexes = [self._identified(i) for i in channel_ids]
            else:
                return None
        if isinstance(channel_indexes, slice):
            return None if channel_indexes == slice(None) else channel_indexes
        return self._indexes(channel_indexes)

    def _named(self, name: Any) -> int:
        index = self._by_name.get(str(name), -1)
        if index is None:
            raise MockSessionError(
                f"stream {self.id}: expected channel names that are unique; found {name!r} more than once. "
                "Select by id or by index."
            )
        if index < 0:
            raise self._unknown("name", name, list(self._by_name))
        return index

    def _identified(self, channel_id: Any) -> int:
        """Find a channel by id, or by the number of its CSC alone."""
        number = isinstance(channel_id, (int, np.integer))
        index = self._by_id.get(f"CSC{channel_id}" if number else str(channel_id))
        if index is None:
            raise self._unknown("id", channel_id, list(self._by_id))
        return index

    def _unknown(self, what: str, value: Any, known: list[str]) -> MockSessionError:
        some = ", ".join(known[:4]) + (", ..." if len(known) > 4 else "")
        return MockSessionError(
            f"stream {self.id}: expected a channel {what}, one of {some}; found {value!r}. "
            "header['signal_channels'] lists them."
        )

    def _indexes(self, channel_indexes: Any) -> Selection:
        count = len(self.channels)
        given = np.atleast_1d(np.asarray(channel_indexes))
        if given.dtype == np.bool_:
            if given.shape != (count,):
                raise self._bad_selection(f"a mask of {count}", f"a mask of shape {given.shape}")
            given = np.flatnonzero(given)
        if given.size == 0:
            return slice(0, 0)
        if given.dtype.kind not in "iu" or given.ndim != 1:
            raise self._bad_selection("whole numbers", f"{given.dtype}, shape {given.shape}")
        indexes = given.tolist()  # a few Python ints are looked at faster than a small array
        if min(indexes) < 0 or max(indexes) >= count:
            raise self._bad_selection(f"0 to {count - 1}", str(channel_indexes))
        return _as_slice(indexes) or given

    def _bad_selection(self, expected: str, found: str) -> BoundsError:
        return BoundsError(
            f"stream {self.id}: expected channel_indexes as {expected}; found {found}. Ask for channels the stream has."
        )

    # -- reading ----------------------------------------------------------------------

    def read(self, seg_index: int, start: int, stop: int, selection: Selection | None, out: Array | None) -> Array:
        """Return raw values (stop - start, channels); arguments are checked already."""
        views = self._views if self._views is not None else self.views()
        if views:
            chunk = views[seg_index][start:stop]
            if selection is not None:
                chunk = chunk[:, selection]
            if out is None:
                return chunk
            check_out(out, chunk.shape, self.dtype)[...] = chunk
            return out
        return self._gather(seg_index, start, stop, selection, out)

    def _gather(self, seg_index: int, start: int, stop: int, selection: Selection | None, out: Array | None) -> Array:
        """Put a chunk together channel by channel, converting what is not served as it is stored."""
        chosen = range(len(self.channels)) if selection is None else np.arange(len(self.channels))[selection].tolist()
        shape = (stop - start, len(chosen))
        if out is None:
            out = np.empty(shape, self.dtype, order="F")  # channels are filled one by one
        else:
            check_out(out, shape, self.dtype)
        first = self.runs[seg_index].start
        for column, index in enumerate(chosen):
            channel = self.channels[index]
            whole = channel.source.view() if self.matrix is None else self.matrix.view()[:, index]
            piece = whole[first + start : first + stop]
            if channel.count is None:
                out[:, column] = piece
            else:
                quantise(piece, channel.count, out[:, column])
        return out


def _as_slice(indexes: list[int]) -> slice | None:
    """Return evenly ascending indexes as a slice, which is served as a view; else None."""
    step = indexes[1] - indexes[0] if len(indexes) > 1 else 1
    run = range(indexes[0], indexes[-1] + 1, step) if step > 0 else None
    return slice(run.start, run.stop, step) if run is not None and indexes == list(run) else None
