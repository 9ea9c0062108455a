"""MockSessionRawIO: a mock session through Neo's low-level layer.

The header, raw chunks, and scaling apart, as https://neo.readthedocs.io/en/stable/rawio.html
describes them. Public methods check their arguments; the hooks do the work.

- ``parse_header()`` costs the number of files, not the number of bytes (a float session is
  read through once, for its gains; ``use_cache=True`` remembers them).
- Signals and waveforms are int16; scaling is a second step.
- Raw time stamps are the files' own ms since the Unix epoch; rescaled ones are seconds from
  `time_origin_ms`, computed in float64.
- Nothing is ever written below the session folder, nothing from a file is executed.
- A reader pickles, may be read from several threads, and holds no file after ``close()``. As a
  context manager it parses its header when it is entered, and closes when it is left.
- A call that meets ``close()`` or ``parse_header()`` in another thread gives the right data, or
  says that the reader is closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt
from neo.rawio.baserawio import BaseRawIO

from ..ground.arrays import Array
from ..ground.errors import MockSessionError
from ..ground.places import FolderLike, folder_at, folder_beside
from ..session.layout import refuse_foreign
from .annotate import annotate
from .arguments import floating, gap_tolerance, time_limits
from .cache import CountCache
from .events import EventTable
from .header import make_header
from .open_session import OpenSession
from .scaling import rescale
from .spikes import Unit, seconds
from .unit_api import UnitApi


class MockSessionRawIO(CountCache, UnitApi):
    """Read a session folder, `{root}/patient_data/{patient_id}/session_{session_nr}`.

    Parameters
    ----------
    dirname : str, PathLike or Folder
        The session folder, from mockrawio or Epiphyte's generator; or its address, such as ``"https://..."``,
        ``"s3://..."`` or ``"zip://...::/path.zip"``, which is read without downloading (docs/remote.rst).
    labels_dir : str or PathLike, optional
        Folder of movie annotations, or its address; each becomes an epoch channel.
    raw_dtype : {"int16", "source"}
        Serve float signals and waveforms as int16 counts (the largest magnitude of a channel
        or unit is 32767 counts, so the error is at most gain / 2), or as they are, gain 1.
    strict : bool
        Check every time stamp in ``parse_header()``, and refuse what is otherwise read with a warning: streams with
        other gaps or times than the rest, repeated stamps of a fast clock, empty files, channel names in latin-1 or
        blank lines.
    use_cache : bool
        Cache the gains of float sources, which take a pass over the data.
    cache_path : str
        Location of the cache: "home", "same_as_resource" (next to the session folder) or a folder.
    follow_symlinks : bool
        Follow links that lead out of the session folder, which are an error otherwise.
    exclude : str or iterable of str
        Files to ignore, by patterns relative to the session folder: ``"lfp_data/CSC7_*"``, ``"raw_data"``.
    gap_tolerance_ms : float, optional
        Bridge gaps of at most this length, with a warning that counts them. By default every gap starts a segment.
        Across a bridged gap samples are one sample apart in one segment; none is invented.
    storage_options : mapping, optional
        Options of fsspec's file system, for an address. Their secrets appear in no message and no pickle.

    Attributes
    ----------
    header : dict
        Neo's header, and ``"unit_channels"``, an older name of the spike channels.
    time_origin_ms : float
        Time 0 in ms since the Unix epoch: the first signal sample; without signals the clock of ``session_info.npy``;
        without that the earliest stamp. `rec_datetime` of Neo's objects is the same to 1 µs.

    Raises
    ------
    NotASessionError
        If the folder contains none of a session's files. ``parse_header()`` reports damaged sessions.
    MockSessionError
        Here or in any method, if a file or an argument is invalid.

    Examples
    --------
    >>> reader = MockSessionRawIO(dirname=folder)
    >>> reader.parse_header()
    >>> raw = reader.get_analogsignal_chunk(i_start=0, i_stop=1000)
    >>> raw.dtype
    dtype('int16')
    >>> microvolts = reader.rescale_signal_raw_to_float(raw, dtype="float32")
    """

    name = "MockSession"
    description = "Mock electrophysiology session, Epiphyte layout"
    extensions = ["npy", "log", "txt", "json"]  # noqa: RUF012  # Neo reads it as a list
    rawmode = "one-dir"

    def __init__(
        self,
        dirname: FolderLike = "",
        *,
        labels_dir: str | PathLike[str] | None = None,
        raw_dtype: str = "int16",
        strict: bool = False,
        use_cache: bool = False,
        cache_path: str = "home",
        follow_symlinks: bool = False,
        exclude: str | Iterable[str] = (),
        gap_tolerance_ms: float | None = None,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        if raw_dtype not in ("int16", "source"):
            raise MockSessionError("raw_dtype", "'int16' or 'source'", f"{raw_dtype!r}", "Give one of them.")
        self._folder = folder_at(
            dirname, follow_symlinks=follow_symlinks, exclude=exclude, storage_options=storage_options
        )
        self.dirname = str(self._folder)
        refuse_foreign(self._folder)  # neo.io.get_io takes the first class whose __init__ does not refuse
        self._labels = folder_beside(self._folder, labels_dir)
        self._parsed_before = False
        self.gap_tolerance_ms = gap_tolerance("gap_tolerance_ms", gap_tolerance_ms)
        self.raw_dtype = raw_dtype
        self.strict = strict
        self._session = None
        self._streams = []
        BaseRawIO.__init__(self, use_cache=use_cache, cache_path=cache_path)

    # -- opening and closing ----------------------------------------------------------------

    def _parse_header(self) -> None:
        if self._parsed_before:
            self._folder.renew()
        self._parsed_before = True
        known = str(self._cache)
        sizes = None if self.raw_dtype == "source" else self._count_size
        session = OpenSession(self._folder, self._labels, sizes, self.strict, self.gap_tolerance_ms)
        if self.use_cache and str(self._cache) != known:
            self.dump_cache()
        self.time_origin_ms = session.origin_ms
        self._session = session
        self._streams = session.streams
        self.header = make_header(session)
        self._has_buffer_description_api = bool(len(self.header["signal_buffers"]))
        self._generate_minimal_annotations()
        annotate(self.raw_annotations, session)

    def close(self) -> None:
        """Close every file; ``parse_header()`` opens them again.

        Chunks that were read before stay valid.
        """
        session, self._session, self._streams = self._session, None, []
        if session is not None:
            session.release()
        for folder in (self._folder, self._labels):
            if folder is not None:
                folder.close()

    def __enter__(self) -> MockSessionRawIO:
        if self._session is None:
            self.parse_header()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _source_name(self) -> str:
        return self.dirname

    # -- segments -------------------------------------------------------------------------------

    def _bound(self, block_index: int, seg_index: int, which: int) -> float:
        session = self._open
        seg_index = self._segment(block_index, seg_index, session)
        return float(seconds(session.bounds_ms[seg_index][which], session.origin_ms))

    def _segment_t_start(self, block_index: int, seg_index: int) -> float:
        return self._bound(block_index, seg_index, 0)

    def _segment_t_stop(self, block_index: int, seg_index: int) -> float:
        return self._bound(block_index, seg_index, 1)

    # -- signals -------------------------------------------------------------------------------

    def get_signal_sampling_rate(self, stream_index: int | None = None) -> float:
        """Return the sampling rate of a stream in Hz; the index is optional if there is only one stream."""
        return self._stream(stream_index).sampling_rate

    def _get_signal_size(self, block_index: int, seg_index: int, stream_index: int) -> int:
        return self._stream(stream_index).sizes[self._segment(block_index, seg_index)]

    def _get_signal_t_start(self, block_index: int, seg_index: int, stream_index: int) -> float:
        run = self._stream(stream_index).runs[self._segment(block_index, seg_index)]
        return float(seconds(run.t_start_ms, self.time_origin_ms))

    def get_analogsignal_chunk(
        self,
        block_index: int = 0,
        seg_index: int = 0,
        i_start: int | None = None,
        i_stop: int | None = None,
        stream_index: int | None = None,
        channel_indexes: Any = None,
        channel_names: Any = None,
        channel_ids: Any = None,
        prefer_slice: bool = False,
        *,
        out: Array | None = None,
    ) -> Array:
        """Return a chunk of raw signal.

        Parameters
        ----------
        block_index, seg_index : int
        i_start, i_stop : int, optional
            First sample and one past the last; None is the segment's start and end, and
            ``i_stop=0`` an empty chunk.
        stream_index : int, optional
            Optional if there is only one stream.
        channel_indexes : sequence of int, mask or slice, optional
            Channels by index within the stream.
        channel_names, channel_ids : sequence of str, optional
            The same by name or id; an id may be given as its CSC number.
        prefer_slice : bool
            No effect: regular selections are always served as slices.
        out : ndarray, optional
            Array to write the chunk to, of its shape and the stream's dtype.

        Returns
        -------
        ndarray, (samples, channels)
            `out` if given; else a read-only view of the mapped file if one array contains the chunk, else a new array.

        Raises
        ------
        BoundsError
            If any index is out of bounds.
        MockSessionError
            If a name is unknown or not unique, or `out` does not fit.
        """
        stream = self._stream(stream_index)
        if (
            block_index != 0
            or type(block_index) is not int
            or type(seg_index) is not int
            or not 0 <= seg_index < len(stream.sizes)
        ):
            seg_index = self._segment(block_index, seg_index)
        start, stop = stream.bounds(seg_index, i_start, i_stop)
        if channel_indexes is None and channel_names is None and channel_ids is None:
            return stream.read(seg_index, start, stop, None, out)
        selection = stream.select(channel_indexes, channel_names, channel_ids)
        return stream.read(seg_index, start, stop, selection, out)

    def rescale_signal_raw_to_float(
        self,
        raw_signal: Array,
        dtype: npt.DTypeLike = "float32",
        stream_index: int | None = None,
        channel_indexes: Any = None,
        channel_names: Any = None,
        channel_ids: Any = None,
        *,
        out: Array | None = None,
    ) -> Array:
        """Return a chunk in physical units (uV): ``raw * gain + offset``.

        Parameters
        ----------
        raw_signal : ndarray, (samples, channels)
            From :meth:`get_analogsignal_chunk`, for the same channels.
        dtype : dtype
            "float32" (within 1 ulp of Neo's own rescaling) or "float64" (exact).
        stream_index, channel_indexes, channel_names, channel_ids
            The same as for the chunk.
        out : ndarray, optional
            Array to write the result to.

        Returns
        -------
        ndarray of `dtype`, (samples, channels)
        """
        stream = self._stream(stream_index)
        selection = stream.select(channel_indexes, channel_names, channel_ids)
        chosen = slice(None) if selection is None else selection
        gains, offsets = stream.gains[chosen], stream.offsets[chosen]
        raw = np.asarray(raw_signal)
        if raw.shape[-1:] != gains.shape:
            found, remedy = f"shape {raw.shape}", "Give the channels that the chunk was read with."
            raise MockSessionError(f"stream {stream.id}", f"{gains.size} channels along the last axis", found, remedy)
        return rescale(raw, gains, offsets, dtype, out)

    def _get_analogsignal_buffer_description(
        self, block_index: int, seg_index: int, buffer_id: str | None
    ) -> dict[str, Any]:
        seg_index = self._segment(block_index, seg_index)
        known = self.header["signal_buffers"]["id"].tolist()
        for stream in self._open.streams:
            if stream.id == buffer_id and (description := stream.buffer(seg_index)):
                return description
        remedy = "Read with get_analogsignal_chunk(): what is put together from several arrays has no buffer."
        raise MockSessionError(self.dirname, f"buffer_id as one of {known}", f"{buffer_id!r}", remedy)

    # -- spikes --------------------------------------------------------------------------------

    def _spike_count(self, block_index: int, seg_index: int, spike_channel_index: int) -> int:
        session = self._open
        unit = self._unit(spike_channel_index, session)
        return unit.count_in(self._segment(block_index, seg_index, session))

    def _spike_window(
        self, block_index: int, seg_index: int, spike_channel_index: int, t_start: float | None, t_stop: float | None
    ) -> tuple[Unit, slice]:
        session = self._open
        seg_index = self._segment(block_index, seg_index, session)
        unit = self._unit(spike_channel_index, session)
        limits = time_limits(t_start, t_stop)
        return unit, unit.window(seg_index, *limits, session.origin_ms)

    def _get_spike_timestamps(
        self, block_index: int, seg_index: int, spike_channel_index: int, t_start: float | None, t_stop: float | None
    ) -> Array:
        unit, window = self._spike_window(block_index, seg_index, spike_channel_index, t_start, t_stop)
        return unit.times(window)

    def _rescale_spike_timestamp(self, spike_timestamps: Array, dtype: npt.DTypeLike) -> Array:
        return self._seconds(spike_timestamps, dtype)

    def _get_spike_raw_waveforms(
        self, block_index: int, seg_index: int, spike_channel_index: int, t_start: float | None, t_stop: float | None
    ) -> Array | None:
        unit, window = self._spike_window(block_index, seg_index, spike_channel_index, t_start, t_stop)
        return unit.waveforms(window)

    def _rescale_waveforms(self, raw: Array, dtype: npt.DTypeLike, index: int) -> Array:
        scale = self._unit(index).scale
        return rescale(raw, np.array([scale.gain]), np.array([scale.offset]), dtype)

    # -- events --------------------------------------------------------------------------------

    def _events(self, block_index: int, seg_index: int, event_channel_index: int) -> EventTable:
        session = self._open
        seg_index = self._segment(block_index, seg_index, session)
        index = self._event_channel(event_channel_index, len(session.events))
        return session.events[index].segment(seg_index, session.boundaries_ms)

    def _event_count(self, block_index: int, seg_index: int, event_channel_index: int) -> int:
        return int(self._events(block_index, seg_index, event_channel_index).start.size)

    def _get_event_timestamps(
        self, block_index: int, seg_index: int, event_channel_index: int, t_start: float | None, t_stop: float | None
    ) -> EventTable:
        table = self._events(block_index, seg_index, event_channel_index)
        t_start, t_stop = time_limits(t_start, t_stop)
        if t_start is None and t_stop is None:
            return table
        times = seconds(table.start, self.time_origin_ms)
        inside = np.ones(times.size, bool)
        if t_start is not None:
            inside &= times >= t_start
        if t_stop is not None:
            inside &= times <= t_stop
        return table.take(inside)

    def _rescale_event_timestamp(
        self, event_timestamps: Array, dtype: npt.DTypeLike, event_channel_index: int = 0
    ) -> Array:
        self._event_channel(event_channel_index, self.event_channels_count())
        return self._seconds(event_timestamps, dtype)

    def _rescale_epoch_duration(self, raw_duration: Array, dtype: npt.DTypeLike, event_channel_index: int = 0) -> Array:
        self._event_channel(event_channel_index, self.event_channels_count())
        return (np.asarray(raw_duration) / 1000).astype(floating(dtype))

    def _seconds(self, stamps_ms: Array, dtype: npt.DTypeLike) -> Array:
        self._check_parsed()
        return np.asarray(seconds(np.asarray(stamps_ms), self.time_origin_ms)).astype(floating(dtype))
