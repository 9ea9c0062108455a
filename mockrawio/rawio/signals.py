"""Signal streams: int16 chunks out of mapped files.

The contract of a :class:`SignalStream`:

- it holds no data: one mapped array (samples, channels), or one mapped array a channel;
- ``read()`` gives a view where one array covers the request, else a new array, or `out`;
- float sources become int16 counts as they are read (or not at all, `raw_dtype="source"`);
- it pickles without its maps, which are opened again when next needed;
- of what cannot be mapped, as it lies elsewhere, a chunk is one request for each array that it is in;
- it keeps no more files open than a quarter of what the process may, or 32; the rest are opened for each chunk.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..formats.npy import AnyArray, MappedArray
from ..ground.arrays import Array
from ..ground.at_once import at_once
from ..ground.errors import BadTypeError, BoundsError, MockSessionError
from ..session.clock import Run
from ..session.files import Scale
from ..session.made import MadeArray
from .scaling import check_out, quantise

try:
    import resource
except ModuleNotFoundError:  # a system without such limits
    resource = None  # type: ignore[assignment]  # told apart where it is used

Selection = slice | Array
Source = AnyArray | MadeArray
FEW = 32  # files that may be open under any limit
UNLIMITED = 1 << 16


@dataclass(frozen=True)
class Channel:
    """One channel: what the header says of it, and where its samples are."""

    id: str
    name: str
    number: int | None  # the k of CSCk
    scale: Scale  # from the raw values served to physical units
    count: float | None = None  # size of a count for a float source that is served as int16, else None
    source: AnyArray | None = None  # its own array (n,), or None where the stream has one for all


class Held(NamedTuple):
    """What a stream keeps of the one array that covers it."""

    views: list[Array] | list[_Rows]  # (samples, channels), one per segment
    size: Callable[[], int]  # gives the size of the mapped file in bytes, as it is now
    needed: int  # what it must be at least


class Column(NamedTuple):
    """What a stream keeps of a channel that has a file of its own."""

    source: MappedArray
    samples: Array  # all of them, mapped
    size: Callable[[], int]  # of the mapped file, as in :class:`Held`

    def rows(self, start: int, stop: int) -> Array:
        """Return some of the samples; reading beyond a shortened file would end the process."""
        if self.size() < self.source.file.size:
            return self.source.rows(start, stop)  # says so
        return self.samples[start:stop]


class _Rows:
    """Samples (samples, channels) of a segment that are read when they are asked for, from where they lie."""

    def __init__(self, array: MappedArray, run: Run, width: int) -> None:
        self._array, self._run, self._width = array, run, width

    def __getitem__(self, samples: slice) -> Array:
        first = self._run.start
        return self._array.rows(first + samples.start, first + samples.stop).reshape(-1, self._width)


class SignalStream:
    """Channels that are sampled together, named by their id; one run per segment, the rate in Hz.

    `dtype` is that of the raw values served, in native byte order; `matrix`, where one array holds all channels, is
    (samples, channels).
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
        self.sampling_rate = sampling_rate
        self.dtype = dtype
        self.matrix = matrix
        self.set_runs(runs)
        self.gains = np.array([c.scale.gain for c in channels])
        self.offsets = np.array([c.scale.offset for c in channels])
        self._by_id = {c.id: i for i, c in enumerate(channels)}
        self._by_name: dict[str, int | None] = {}
        for i, c in enumerate(channels):
            self._by_name[c.name] = None if c.name in self._by_name else i
        self._held: Held | None = None
        self._columns: list[Column] | None = None

    def set_runs(self, runs: tuple[Run, ...]) -> None:
        """Say which samples each segment has, before any is read."""
        self.runs = runs
        self.sizes = [run.stop - run.start for run in runs]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_held": None, "_columns": None}

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
        if whole is None or whole.order != "C" or not whole.file.file.folder.is_local:
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

    def _hold(self) -> Held:
        """Return, and keep, for each segment the (samples, channels) view of the one array; else nothing."""
        whole = self._whole()
        # Other byte orders go the long way, so that what is served is native.
        if whole is None or not whole.dtype.isnative:
            held = Held([], int, 0)
        elif not whole.file.maps:
            held = Held([_Rows(whole, run, len(self.channels)) for run in self.runs], int, 0)
        else:
            table = whole.view().reshape(-1, len(self.channels))
            size = whole.file.buffer().size if table.size else int
            held = Held([table[run.start : run.stop] for run in self.runs], size, whole.file.size if table.size else 0)
        self._held = held
        return held

    def _hold_columns(self) -> list[Column]:
        """Return, and keep, the mapped samples of each channel; nothing, if not all may be mapped at the same time."""
        held = []
        if len(self.channels) <= most_maps():
            for source in self.sources:
                if isinstance(source, MappedArray) and source.file.maps and source.nbytes:
                    held.append(Column(source, source.view(), source.file.buffer().size))
        self._columns = held if len(held) == len(self.channels) else []
        return self._columns

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where the samples are: one array of all channels, or one per channel."""
        if self.matrix is not None:
            return (self.matrix,)
        return tuple(channel.source for channel in self.channels if channel.source is not None)

    def release(self) -> None:
        """Release the maps; views that are in use elsewhere stay valid."""
        self._held = self._columns = None
        for array in self.sources:
            array.release()

    # -- what is asked for ---------------------------------------------------------------

    def bounds(self, seg_index: int, i_start: int | None, i_stop: int | None) -> tuple[int, int]:
        """Return the sample range, checked: 0 <= i_start <= i_stop <= size."""
        size = self.sizes[seg_index]
        try:
            start = 0 if i_start is None else operator.index(i_start)
            stop = size if i_stop is None else operator.index(i_stop)
        except TypeError:  # fractions are refused, not rounded
            expected, found = "i_start and i_stop as whole numbers", f"{i_start!r} and {i_stop!r}"
            raise BadTypeError(f"stream {self.id}", expected, found, "Round them explicitly.") from None
        if 0 <= start <= stop <= size:
            return start, stop
        expected, found = f"0 <= i_start <= i_stop <= {size}", f"i_start={i_start}, i_stop={i_stop}"
        raise BoundsError(f"stream {self.id}, segment {seg_index}", expected, found, "Request samples of the segment.")

    def select(self, channel_indexes: Any, channel_names: Any = None, channel_ids: Any = None) -> Selection | None:
        """Return a selection of channels, None for all: a slice where a regular one will do.

        The first of indexes, names and ids that is given counts, as in Neo.
        """
        if channel_indexes is None:
            if channel_names is not None:
                return _as_selection([self._named(name) for name in self._listed("channel_names", channel_names)])
            if channel_ids is not None:
                return _as_selection([self._identified(i) for i in self._listed("channel_ids", channel_ids)])
            return None
        if isinstance(channel_indexes, slice):
            try:
                channel_indexes.indices(len(self.channels))
            except (TypeError, ValueError):
                raise self._bad_selection("a slice of whole numbers", str(channel_indexes)) from None
            return None if channel_indexes == slice(None) else channel_indexes
        return self._indexes(channel_indexes)

    def _listed(self, what: str, values: Any) -> Any:
        """Return names or ids as a list; a single text is refused, since it would be taken letter by letter."""
        if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
            raise BadTypeError(f"stream {self.id}", f"{what} as a list", f"{values!r}", f"Give [{values!r}].")
        return values

    def _named(self, name: Any) -> int:
        index = self._by_name.get(str(name), -1)
        if index is None:
            expected, found = "channel names that are unique", f"{name!r} more than once"
            raise MockSessionError(f"stream {self.id}", expected, found, "Select by id or by index.")
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
        remedy = "Choose one from header['signal_channels']."
        return MockSessionError(f"stream {self.id}", f"a channel {what}, one of {some}", f"{value!r}", remedy)

    def _indexes(self, channel_indexes: Any) -> Selection:
        count = len(self.channels)
        try:
            given = np.array(channel_indexes, ndmin=1)
        except ValueError:
            raise self._bad_selection("whole numbers", repr(channel_indexes)[:60]) from None
        if given.dtype == np.bool_:
            if given.shape != (count,):
                raise self._bad_selection(f"a mask of {count}", f"a mask of shape {given.shape}")
            given = np.flatnonzero(given)
        if given.size == 0:
            return slice(0)
        if given.dtype.kind not in "iu" or given.ndim != 1:
            raise self._bad_selection("whole numbers", f"{given.dtype}, shape {given.shape}")
        indexes = given.tolist()  # for a few indexes, Python ints are faster than a small array
        if min(indexes) < 0 or max(indexes) >= count:
            raise self._bad_selection(f"0 to {count - 1}", str(channel_indexes))
        return _as_selection(indexes)

    def _bad_selection(self, expected: str, found: str) -> BoundsError:
        remedy = "Request channels of the stream."
        return BoundsError(f"stream {self.id}", f"channel_indexes as {expected}", found, remedy)

    # -- reading ----------------------------------------------------------------------

    def read(self, seg_index: int, start: int, stop: int, selection: Selection | None, out: Array | None) -> Array:
        """Return raw values (stop - start, channels); arguments are checked already."""
        views, size, needed = self._held or self._hold()
        if size() < needed:  # reading beyond a shortened file would end the process
            self.release()
            views, _, _ = self._hold()  # says so
        if views:
            chunk = views[seg_index][start:stop]
            if isinstance(selection, slice):
                chunk = chunk[:, selection]
            elif selection is not None:  # take() is faster than an index, but copies what is not in C order first
                chunk = chunk.take(selection, axis=1) if chunk.flags.c_contiguous else chunk[:, selection]
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
        keep = len(self.channels) if len(self.channels) <= FEW else most_maps()
        pieces = self._pieces(chosen, first + start, first + stop)
        for column, (index, piece) in enumerate(zip(chosen, pieces, strict=True)):
            channel = self.channels[index]
            if channel.count is None:
                out[:, column] = piece
            else:
                quantise(piece, channel.count, out[:, column])
            if index >= keep and channel.source is not None:
                channel.source.release()
        return out

    def _pieces(self, chosen: Iterable[int], start: int, stop: int) -> Iterator[Array]:
        """Yield the samples of each channel as they are stored; those that lie elsewhere are asked for together."""
        if self.matrix is not None:
            table = self.matrix.rows(start, stop)
            yield from (table[:, index] for index in chosen)
            return
        columns = self._hold_columns() if self._columns is None else self._columns
        if columns:
            yield from (columns[index].rows(start, stop) for index in chosen)
            return
        sources = [source for index in chosen if (source := self.channels[index].source) is not None]
        waits = any(isinstance(source, MappedArray) and not source.file.maps for source in sources)
        yield from at_once(lambda source: source.rows(start, stop), sources, waits)


def most_maps() -> int:
    """Return how many files a stream may keep mapped: a quarter of those that this process may have open, at least 32.

    Each map holds a file descriptor.
    """
    if resource is None:
        return UNLIMITED  # type: ignore[unreachable]  # here it is not
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return UNLIMITED if soft == resource.RLIM_INFINITY else max(soft // 4, FEW)


def _as_selection(indexes: list[int]) -> Selection:
    """Return evenly ascending indexes as a slice, which is served as a view; others as an array."""
    if not indexes:
        return slice(0)
    start, *more = indexes
    step = more[0] - start if more else 1
    run = range(start, indexes[-1] + 1, max(step, 1))
    return slice(start, run.stop, step) if indexes == list(run) else np.array(indexes)
