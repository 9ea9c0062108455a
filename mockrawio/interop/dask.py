"""Signals as lazy Dask and xarray arrays, and corpora on a cluster.

- :func:`to_dask_array`: a segment of a stream, int16 or scaled, read on demand;
- :func:`to_xarray`: the same with times, channels and regions as coordinates;
- :func:`~mockrawio.interop.corpus.generate_corpus`: many sessions at once, re-exported.

A graph has one small object with the location of the samples, below 20 kB for 80 channels, and one task per chunk. A
worker receives that object once, whatever its number of chunks; it maps the files on first use, and never parses the
session's header.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..formats.npy import AnyArray, HeldArray
from ..ground.arrays import Array
from ..ground.errors import MockSessionError
from ..ground.extras import by_extra
from ..rawio import MockSessionRawIO, StreamView
from ..rawio.scaling import rescale
from ..session.made import MadeArray
from .corpus import CorpusReport, Failure, generate_corpus, session_seed

with by_extra("Dask's arrays", "dask"):
    import dask.array as da
    from dask.base import tokenize

if TYPE_CHECKING:
    import xarray

__all__ = ["CorpusReport", "Failure", "generate_corpus", "session_seed", "to_dask_array", "to_xarray"]

_NOTED = ("patient_id", "session_nr", "time_origin_ms")  # of the session, in the attributes of an xarray
MOST_TIMES = 1 << 27  # float64 that a time coordinate may have: 1 GiB, 70 minutes at 32 kHz

Index = int | slice | list[int] | Array


class SegmentSource:
    """One segment of a stream with an array's interface; what a graph holds in place of samples.

    It pickles as names of files and a few numbers, outlives the reader that it comes from, and is
    safe in threads. `scaled_dtype` is the floating one of physical units; None serves raw values.
    """

    ndim = 2

    def __init__(self, stream: StreamView, seg_index: int, scaled_dtype: np.dtype[Any] | None) -> None:
        self.stream = stream
        self.seg_index = seg_index
        self.scaled_dtype = scaled_dtype
        self.dtype = scaled_dtype or stream.dtype
        self.shape = (stream.sizes[seg_index], len(stream.channels))

    def __getitem__(self, key: tuple[Index, Index]) -> Array:
        """Return what NumPy would; at most one index is a list, and only the rows' span is read."""
        rows, columns = key
        start, stop, within = _span(rows, self.shape[0])
        chosen = _kept(columns)
        raw = self.stream.read(self.seg_index, start, stop, chosen)[within]
        if self.scaled_dtype is not None:
            raw = rescale(raw, self.stream.gains[chosen], self.stream.offsets[chosen], self.scaled_dtype)
        only: Array = raw[..., 0] if isinstance(columns, (int, np.integer)) else raw
        return only

    def __dask_tokenize__(self) -> object:
        """Return what identifies this array: where its bytes are, since when, and how they are scaled."""
        stream = self.stream
        counts = [c.count for c in stream.channels]
        places = [_place(source) for source in stream.sources]
        scale = [stream.gains, stream.offsets, counts, str(self.dtype)]
        return type(self).__name__, tokenize(places, stream.runs[self.seg_index], scale)


def _span(index: Index, size: int) -> tuple[int, int, Any]:
    """Return the samples that an index lies in, from and to, and the index within those."""
    if isinstance(index, (int, np.integer)):
        return int(index), int(index) + 1, 0
    if isinstance(index, slice):
        positions = range(size)[index]
        if not positions:
            return 0, 0, slice(None)
        first, last = sorted((positions[0], positions[-1]))
        return first, last + 1, slice(None, None, positions.step)
    numbers = np.asarray(index, np.intp)
    first = int(numbers.min()) if numbers.size else 0
    return first, int(numbers.max()) + 1 if numbers.size else 0, numbers - first


def _kept(index: Index) -> slice | Array:
    """Return an index that keeps its axis, so that gains go along it."""
    if isinstance(index, (int, np.integer)):
        return slice(int(index), int(index) + 1)
    return index if isinstance(index, slice) else np.asarray(index, np.intp)


def _place(source: AnyArray | MadeArray) -> object:
    if isinstance(source, HeldArray):
        return source.view()
    if isinstance(source, MadeArray):
        return source.place()
    file = source.file  # as it was opened, and as it is: it may be another, or be written to where it is mapped
    return file.path, source.offset, str(source.dtype), file.identity, file.file.identity()


def to_dask_array(
    reader: MockSessionRawIO,
    stream_index: int | None = None,
    scaled: bool = False,
    chunks: Any = "auto",
    *,
    block_index: int = 0,
    seg_index: int | None = None,
    dtype: npt.DTypeLike = "float32",
) -> da.Array:
    """Return one segment of a stream as a lazy array.

    Parameters
    ----------
    reader : MockSessionRawIO
        After ``parse_header()``. It may be closed before the array is computed.
    stream_index : int, optional
        Optional if there is only one stream.
    scaled : bool
        Physical units (µV) instead of raw values; chunks are scaled after reading, so only int16 are read from disk.
    chunks : "auto", int or tuple
        As Dask has them; "auto" is all channels of as many samples as fill its ``array.chunk-size``,
        128 MiB.
    block_index : int
    seg_index : int, optional
        Optional if there is only one segment. Segments are arrays of their own, as there is time between them;
        ``dask.array.concatenate`` puts them together where the gaps do not matter.
    dtype : dtype
        Of scaled values.

    Returns
    -------
    dask.array.Array, (samples, channels)
        The raw dtype, int16 unless the reader serves floats, or `dtype`. What a task is given
        of raw values is a view of the mapped file where one array holds the stream.

    Raises
    ------
    BoundsError
        If an index is out of bounds.
    MockSessionError
        If the stream or the segment is left out and there are several, or the reader is not open.

    Examples
    --------
    >>> from mockrawio import MockSessionRawIO
    >>> from mockrawio.interop.dask import to_dask_array
    >>> with MockSessionRawIO(folder) as reader:
    ...     lazy = to_dask_array(reader, chunks=(1000, -1))
    >>> lazy.dtype, lazy.chunks[0][:3]
    (dtype('int16'), (1000, 1000, 1000))
    """
    stream = reader.stream(stream_index)
    scaled_dtype = _floating(dtype) if scaled else None
    source = SegmentSource(stream, _segment(reader, stream, block_index, seg_index), scaled_dtype)
    meta = np.empty((0, 0), source.dtype)
    chunks = ("auto", -1) if isinstance(chunks, str) and chunks == "auto" else chunks
    lazy: da.Array = da.from_array(source, chunks, meta=meta)  # type: ignore[no-untyped-call]  # not typed throughout
    return lazy


def _segment(reader: MockSessionRawIO, stream: StreamView, block_index: int, seg_index: int | None) -> int:
    count = reader.segment_count(0)
    if seg_index is None and count > 1:
        expected, remedy = f"seg_index=, there are {count} segments", f"Give 0 to {count - 1}."
        raise MockSessionError(reader.dirname, expected, None, remedy)
    index = seg_index or 0
    reader.get_signal_size(block_index, index, stream.index)  # says which blocks and segments there are
    return int(index)


def _floating(dtype: npt.DTypeLike) -> np.dtype[Any]:
    found = np.dtype(dtype)
    if found.kind != "f":
        raise MockSessionError("dtype", "a floating dtype for scaled values", found, "Give 'float32'.")
    return found


def to_xarray(
    reader: MockSessionRawIO,
    stream_index: int | None = None,
    scaled: bool = False,
    chunks: Any = "auto",
    *,
    block_index: int = 0,
    seg_index: int | None = None,
    dtype: npt.DTypeLike = "float32",
    times: str = "values",
) -> xarray.DataArray:
    """Return one segment of a stream as a lazy DataArray.

    Parameters
    ----------
    reader, stream_index, scaled, chunks, block_index, seg_index, dtype
        As for :func:`to_dask_array`.
    times : {"values", "range"}
        How the coordinate `time` is kept. "values": float64, 8 bytes a sample, which all of xarray
        works with; refused above 2**27 samples, 1 GiB. "range": start and step alone, xarray's own
        ``RangeIndex``; labels are then found by ``sel(time=..., method="nearest")`` only.

    Returns
    -------
    xarray.DataArray, dims ("time", "channel")
        Named as the stream. Coordinates: `time` in s, the reader's; `channel` the id,
        `channel_name`, `region` and `bundle`; where values are raw, `gain` and `offset`, so that
        ``x * x.gain + x.offset`` is in µV for any selection. Attributes: `units`, `sampling_rate`
        in Hz, `seg_index`, and the session's `patient_id` and `session_nr`.

    Raises
    ------
    MockSessionError
        As :func:`to_dask_array` does, and if the times would take more than 1 GiB.

    Examples
    --------
    >>> from mockrawio.interop.dask import to_xarray
    >>> with MockSessionRawIO(folder) as reader:
    ...     lfp = to_xarray(reader, scaled=True)
    >>> lfp.sel(time=slice(2, 3)).dims, lfp.units, lfp.region.item(0)
    (('time', 'channel'), 'uV', 'LA')
    """
    with by_extra("arrays with names", "dask"):
        import xarray

    values = to_dask_array(
        reader, stream_index, scaled, chunks, block_index=block_index, seg_index=seg_index, dtype=dtype
    )
    stream, index = reader.stream(stream_index), seg_index or 0
    time = _time_coordinate(reader, stream, index, times)
    result = xarray.DataArray(values, dims=("time", "channel"), coords=time, name=stream.id)
    result = result.assign_coords({name: ("channel", value) for name, value in _of_channels(reader, stream).items()})
    who = {k: v for k, v in reader.raw_annotations["blocks"][0].items() if k in _NOTED}
    result.attrs = {"units": stream.units, "sampling_rate": stream.sampling_rate, "seg_index": index, **who}
    result.coords["time"].attrs["units"] = "s"
    if scaled:
        return result
    result.attrs["units"] = "counts"
    gain, offset = (("channel", value, {"units": stream.units}) for value in (stream.gains, stream.offsets))
    return result.assign_coords(gain=gain, offset=offset)


def _of_channels(reader: MockSessionRawIO, stream: StreamView) -> dict[str, Any]:
    """Return the coordinates of a stream's channels: ids, names, regions and bundles."""
    described = reader.raw_annotations["blocks"][0]["segments"][0]["signals"][stream.index]
    places = described["__array_annotations__"]
    ids, names = [c.id for c in stream.channels], [c.name for c in stream.channels]
    return {"channel": ids, "channel_name": names, "region": places["regions"], "bundle": places["bundles"]}


def _time_coordinate(reader: MockSessionRawIO, stream: StreamView, seg_index: int, times: str) -> Any:
    """Return the times of a segment's samples in s, as values or as xarray's own range."""
    start = reader.get_signal_t_start(0, seg_index, stream.index)
    size = stream.sizes[seg_index]
    if times == "values":
        if size > MOST_TIMES:
            expected = f"at most {MOST_TIMES} samples for a time coordinate of values, 1 GiB"
            raise MockSessionError(reader.dirname, expected, f"{size} in stream {stream.id}", "Give times='range'.")
        return {"time": start + np.arange(size) / stream.sampling_rate}
    if times == "range":
        from xarray import Coordinates
        from xarray.indexes import RangeIndex

        stop = start + size / stream.sampling_rate
        index = RangeIndex.linspace(start, stop, size, endpoint=False, dim="time")
        return Coordinates.from_xindex(index)
    raise MockSessionError("times", "'values' or 'range'", f"{times!r}", "Give one of them.")
