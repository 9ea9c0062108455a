"""A raw recording: one headerless file of integers or several, on one axis of absolute samples.

The contract of a :class:`RawRecording`:

- its files are mapped when first read, and never written;
- files may leave gaps between them; a range that touches a gap, or the outside, is an error;
- ``read`` of all channels within one file is a view; everything else is a copy;
- ``gather`` takes memory for its result and a few MB more, however long the recording is;
- it pickles as paths and numbers, and maps its files again where it is unpickled.

File format: docs/hybridfactory.rst, *Raw files*.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from ..formats.npy import MappedFile
from ..formats.spikeglx import check_meta, read_metas
from ..ground.arrays import Array, Bools, Ints
from ..ground.checks import require
from ..ground.errors import BoundsError
from ..ground.once import once
from ..ground.places import AnyPath
from .raw_files import axis_starts, count_frames, raw_paths

# What gather leaves mapped at a time. A page fault maps 64 KiB around it, or the whole 2 MiB page
# where the system keeps the file in such (Linux, for a file just written), so that events far
# apart cost that much each, and events close together the bytes between them.
MAPPED_BYTES = 1 << 25
FAULT_BYTES = 1 << 21
INDEX_ITEMS = 1 << 18


@dataclass(frozen=True)
class RawFile:
    """One file of a recording.

    Attributes
    ----------
    path : str
    start : int
        Its first sample on the absolute axis.
    n_frames : int
        How many samples (of all channels) it holds.
    """

    path: str
    start: int
    n_frames: int

    @property
    def stop(self) -> int:
        """One past its last sample on the absolute axis."""
        return self.start + self.n_frames


@dataclass(frozen=True)
class RawRecording:
    """Raw files on one axis, read-only. :func:`open_raw` opens one.

    Attributes
    ----------
    files : tuple of RawFile
        Ascending by start, without overlap.
    dtype : numpy.dtype
        Of the samples: little-endian integers.
    n_channels : int
        Rows of the raw file, C.
    sample_rate : int or float
        Hz.
    """

    files: tuple[RawFile, ...]
    dtype: np.dtype[Any]
    n_channels: int
    sample_rate: float

    @property
    def start(self) -> int:
        """First sample of the first file."""
        return self.files[0].start

    @property
    def stop(self) -> int:
        """One past the last sample of the last file."""
        return self.files[-1].stop

    @once
    def bounds(self) -> tuple[Ints, Ints]:
        """The first sample of each file, and one past its last."""
        starts = np.array([file.start for file in self.files], np.int64)
        return starts, np.array([file.stop for file in self.files], np.int64)

    @once
    def _maps(self) -> tuple[MappedFile, ...]:
        frame = self.n_channels * self.dtype.itemsize
        return tuple(MappedFile(file.path, file.n_frames * frame) for file in self.files)

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: self.__dict__[field.name] for field in fields(self)}  # without what is made once

    def holds(self, start: int, stop: int) -> bool:
        """Return True if the samples `start` to `stop` (not included) lie wholly inside one file."""
        return bool(self.holds_many(np.array([start]), np.array([stop]))[0])

    def holds_many(self, starts: npt.ArrayLike, stops: npt.ArrayLike) -> Bools:
        """Do the same for many ranges.

        Parameters
        ----------
        starts, stops : array of int
            Of one shape, or broadcast to one.

        Returns
        -------
        array of bool
        """
        starts, stops = np.broadcast_arrays(np.asarray(starts, np.int64), np.asarray(stops, np.int64))
        file = self._file_of(starts)
        held: Bools = (file >= 0) & (stops >= starts) & (stops <= self.bounds[1][file])
        return held

    def _file_of(self, samples: Ints) -> Ints:
        """Return the last file that starts at or before each sample, -1 where there is none."""
        return np.searchsorted(self.bounds[0], samples, side="right") - 1

    def read(self, start: int, stop: int, channels: Sequence[int] | Ints | None = None) -> Array:
        """Return the samples from `start` to `stop` (not included).

        Parameters
        ----------
        start, stop : int
            On the absolute axis. A range may run on from a file into one that follows without a gap.
        channels : sequence of int, optional
            Raw rows, in the order wanted; None for all of them.

        Returns
        -------
        (stop - start, C or len(channels)) array
            Read-only view of the file where all channels of one file are asked for, else a copy.

        Raises
        ------
        BoundsError
            If the range touches a gap, or lies outside the recording, or a row does not exist.
        """
        columns = None if channels is None else self._rows(channels)
        parts = [self._piece(*part) for part in self._parts(start, stop)]
        if columns is not None:
            parts = [part[:, columns] for part in parts]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _parts(self, start: int, stop: int) -> list[tuple[int, int, int]]:
        """Cut a range into files: (file, first frame, one past the last frame) of each."""
        k = int(self._file_of(np.array([start]))[0])
        at, parts = start, []
        for number, file in enumerate(self.files[max(k, 0) :], max(k, 0)):
            end = min(stop, file.stop)
            if not file.start <= at <= end:
                break
            parts.append((number, at - file.start, end - file.start))
            at = end
            if at == stop:
                return parts
        expected, remedy = f"a range inside {self._described()}", "Request samples that were recorded."
        raise BoundsError(f"samples {start} to {stop}", expected, "one that is not", remedy)

    def _described(self) -> str:
        ranges = [f"{file.start}..{file.stop}" for file in self.files]
        shown = ranges if len(ranges) <= 6 else [*ranges[:3], "...", *ranges[-2:]]
        return f"the recorded {', '.join(shown)}"

    def _piece(self, k: int, start: int, stop: int) -> Array:
        """Return some frames of a file."""
        return self._frames(k)[start:stop]

    def _frames(self, k: int) -> Array:
        """Return the whole of a file, (n_frames, C), as a view of its map."""
        return np.ndarray((self.files[k].n_frames, self.n_channels), self.dtype, self._maps[k].buffer())

    def _rows(self, channels: Sequence[int] | Ints) -> Ints:
        rows = np.asarray(channels)
        require(rows.ndim == 1 and (rows.dtype.kind in "iu" or not rows.size), "channels", "a list of rows", channels)
        rows = rows.astype(np.int64)
        wrong = rows[(rows < 0) | (rows >= self.n_channels)]
        if wrong.size:
            raise BoundsError("channels", f"raw rows 0 to {self.n_channels - 1}", wrong[0], "Request existing rows.")
        return rows

    def gather(self, centers: npt.ArrayLike, before: int, after: int, channels: Sequence[int] | Ints) -> Array:
        """Return a window around every centre.

        Parameters
        ----------
        centers : (p,) array of int
            Samples on the absolute axis, in any order.
        before, after : int
            Samples on each side: a window is ``t - before`` to ``t + after``, both included.
        channels : sequence of int
            Raw rows, in the order wanted.

        Returns
        -------
        (p, before + after + 1, len(channels)) array
            Of the recording's dtype; a copy.

        Raises
        ------
        BoundsError
            If a window does not lie wholly inside one file (see :meth:`holds_many`), or a row does not exist.
        """
        rows, starts = self._rows(channels), np.asarray(centers, np.int64) - before
        length = before + after + 1
        held = self.holds_many(starts, starts + length)
        if not held.all():
            event = int(held.argmin())
            found = f"{starts[event]}..{starts[event] + length}"
            expected = f"a window inside one file of {self._described()}"
            raise BoundsError(f"centers[{event}]", expected, found, "Leave out events at the ends of files.")
        order = np.argsort(starts, kind="stable")
        windows = np.empty((len(starts), length * len(rows)), self.dtype)
        if windows.size:
            offsets = (np.arange(length)[:, None] * self.n_channels + rows).ravel()
            for k, of_file in self._by_file(starts, order):
                self._gather_file(k, starts, of_file, offsets, windows)
        return windows.reshape(len(starts), length, len(rows))

    def _by_file(self, starts: Ints, order: Ints) -> Iterator[tuple[int, Ints]]:
        """Cut the events, in order of time, by the file they are in."""
        edges = np.searchsorted(starts[order], [*self.bounds[0], np.iinfo(np.int64).max])
        for k in range(len(self.files)):
            if edges[k] < edges[k + 1]:
                yield k, order[edges[k] : edges[k + 1]]

    def _gather_file(self, k: int, starts: Ints, events: Ints, offsets: Ints, windows: Array) -> None:
        """Fill the windows of `events`, all in file k and ascending, letting go of the map as it goes."""
        first = (starts[events] - self.files[k].start) * self.n_channels
        step = max(1, INDEX_ITEMS // len(offsets))
        for i, stop in _mapped_blocks(first * self.dtype.itemsize):
            flat = self._frames(k).reshape(-1)
            for j in range(i, stop, step):
                part = slice(j, min(j + step, stop))
                _fill(windows, events[part], flat, first[part, None] + offsets)
            del flat
            self.release()

    def release(self) -> None:
        """Let go of the maps, and the pages they hold in memory; views in use stay valid."""
        for mapped in self._maps:
            mapped.release()


def _fill(windows: Array, events: Ints, flat: Array, items: Ints) -> None:
    """Set the windows of `events` to those items of a file; in place where the events follow one another."""
    first, last = int(events[0]), int(events[-1])
    if last - first == len(events) - 1 and bool((np.diff(events) == 1).all()):
        flat.take(items, out=windows[first : last + 1], mode="clip")  # the other modes copy once more
    else:
        windows[events] = flat.take(items)


def _mapped_blocks(positions: Ints) -> Iterator[tuple[int, int]]:
    """Cut ascending byte positions into blocks whose pages take MAPPED_BYTES at most, or nearly."""
    i = 0
    while i < len(positions):
        close = int(np.searchsorted(positions, positions[i] + MAPPED_BYTES))
        stop = min(max(close, i + MAPPED_BYTES // FAULT_BYTES), len(positions))
        yield i, stop
        i = stop


def integer_type(value: Any) -> np.dtype[Any]:
    """Return the little-endian integer type that a value stands for, and object if it stands for none."""
    try:
        dtype = np.dtype(value)
    except (TypeError, ValueError):
        return np.dtype(object)
    little = dtype.newbyteorder("<")
    return little if dtype.kind in "iu" and dtype == little else np.dtype(object)


def open_raw(
    source: AnyPath | Sequence[AnyPath],
    *,
    n_channels: int,
    dtype: npt.DTypeLike = "int16",
    sample_rate: float,
    start_time: int | Sequence[int] | None = None,
    allow_partial: bool = False,
) -> RawRecording:
    """Open raw files as one recording.

    Where a file starts on the absolute axis is told by `start_time`; without it by ``firstSample``
    of the SpikeGLX ``.meta`` files, counted from that of the first file; a single file without
    either starts at 0. Several files are taken in natural order (``_t2`` before ``_t10``).

    Parameters
    ----------
    source : path or list of paths
        A file, a glob, or files. Of a glob, files that a run wrote (``x.GT.bin`` beside ``x.bin``)
        are left out, with a warning in the log.
    n_channels : int
        Rows of the raw file, C.
    dtype : dtype-like
        Of the samples: integers, little-endian.
    sample_rate : int or float
        Hz.
    start_time : int or sequence of int, optional
        The first sample of each file in natural order, or of the first file alone.
    allow_partial : bool
        Whether a last frame that is cut short is left out; otherwise it is an error.

    Returns
    -------
    RawRecording

    Raises
    ------
    BadFileError
        If a file cannot be read, is empty or ends within a frame, or its ``.meta`` says otherwise
        than the arguments (``imSampRate`` or ``niSampRate``, ``nSavedChans``, ``fileSizeBytes``).
    MockSessionError
        If an argument is not as above, no file is found, starts are unknown, contradict the
        ``.meta`` files, or make files overlap.
    """
    checked = integer_type(dtype)
    require(checked.kind != "O", "dtype", "a little-endian integer type, such as int16", dtype)
    require(n_channels > 0, "n_channels", "a whole number above 0", n_channels)
    require(sample_rate > 0, "sample_rate", "a number of Hz above 0", sample_rate)
    paths = raw_paths(source)
    metas = read_metas(paths)
    for path, meta in metas.items():
        check_meta(path, meta, n_channels=n_channels, sample_rate=sample_rate)
    frames = [count_frames(path, n_channels * checked.itemsize, allow_partial) for path in paths]
    starts = axis_starts(paths, frames, metas, start_time)
    rows = sorted(zip(starts, paths, frames, strict=True))
    files = tuple(RawFile(path, start, count) for start, path, count in rows)
    _check_overlap(files)
    return RawRecording(files, checked, n_channels, sample_rate)


def _check_overlap(files: tuple[RawFile, ...]) -> None:
    for one, two in pairwise(files):
        found = f"{os.path.basename(one.path)} to {one.stop} and {os.path.basename(two.path)} from {two.start}"
        require(one.stop <= two.start, "start_time", "files that do not overlap", found, "Correct the starts.")
