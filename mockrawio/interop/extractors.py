"""Parts of the SpikeInterface extractors: arguments that can be stored, segments and their clocks."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..ground.arrays import Array, Floats
from ..ground.extras import by_extra
from ..ground.folder import patterns
from ..ground.places import folder_at
from ..ground.remote.folder import RemoteFolder
from ..io import register
from ..rawio import MockSessionRawIO
from .frames import FrameClock, Frames

with by_extra("SpikeInterface's objects", "spikeinterface"):
    from spikeinterface.extractors.neoextractors.neobaseextractor import NeoEventSegment, NeoSortingSegment

register()  # SpikeInterface asks Neo for the reader by its name

Folder = str | PathLike[str]


def opening(
    follow_symlinks: bool,
    exclude: str | Sequence[str],
    gap_tolerance_ms: float | None,
    storage_options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the arguments of a reader that say what of a session is read, as JSON can hold them."""
    names = list(patterns(exclude)) or None
    given = {
        "follow_symlinks": follow_symlinks,
        "exclude": names,
        "gap_tolerance_ms": gap_tolerance_ms,
        "storage_options": storage_options,
    }
    return {name: value for name, value in given.items() if value is not None}


class StorableSession:
    """What the three extractors share: the reader's name in Neo, and arguments that can be stored.

    SpikeInterface makes relative, and absolute again, the stored arguments that have "path" in
    their name; its hook for older files gives them the names that the constructors know.
    """

    NeoRawIOClass = "MockSessionRawIO"  # importing mockrawio, hence unpickling these, tells Neo of it
    _STORED_AS = {"folder": "folder_path", "labels_dir": "labels_path"}  # noqa: RUF012  # never changed

    neo_reader: MockSessionRawIO
    _kwargs: dict[str, Any]
    extra_requirements: list[str]
    annotate: Callable[..., None]

    @classmethod
    def map_to_neo_kwargs(
        cls, folder: Folder, labels_dir: Folder | None = None, raw_dtype: str = "int16", **how: Any
    ) -> dict[str, Any]:
        """Return the arguments of the reader; what needs no samples asks for them as they are ("source").

        Float samples as int16 need a gain, and that needs all of them.
        """
        return {"dirname": os.fspath(folder), "labels_dir": labels_dir, "raw_dtype": raw_dtype, **how}

    def store(self, **arguments: Any) -> None:
        """Store the arguments that make this object again, with absolute paths, and the instant of its 0 s.

        An address, and the options for it, are stored without what is secret.
        """
        given = {name: value for name, value in arguments.items() if value is not None and value is not False}
        where = folder_at(given["folder"], storage_options=given.pop("storage_options", None))
        if isinstance(where, RemoteFolder) and where.options:
            given["storage_options"] = where.options
        for name, stored in self._STORED_AS.items():
            if name in given:
                place = folder_at(given.pop(name)).place  # an address is kept as it is, but for what is secret
                given[stored if isinstance(place, Path) else name] = str(place)
        self._kwargs.update(given)
        noted = self.neo_reader.raw_annotations["blocks"][0]
        if "rec_datetime" in noted:  # else the stamps are on a clock of their own, or there are none
            self.annotate(time_origin_ms=noted["time_origin_ms"])
        self.extra_requirements.append("mockrawio")

    @classmethod
    def _handle_kwargs_backward_compatibility(cls, kwargs: dict[str, Any], _whole: Any) -> dict[str, Any]:
        names = {stored: name for name, stored in cls._STORED_AS.items()}
        return {names.get(name, name): value for name, value in kwargs.items()}


class InOneFile:
    """Tells SpikeInterface where a recording's samples are, if they are in one file."""

    neo_reader: MockSessionRawIO
    stream_id: str
    stream_index: int
    get_num_segments: Callable[[], int]

    def _buffer(self) -> dict[str, Any] | None:
        """Return Neo's description of the one buffer that holds all samples to the end of its file."""
        buffer_id = str(self.neo_reader.header["signal_streams"]["buffer_id"][self.stream_index])
        if not buffer_id or self.get_num_segments() != 1:
            return None
        buffer: dict[str, Any] = self.neo_reader.get_analogsignal_buffer_description(0, 0, buffer_id)
        size = int(np.prod(buffer["shape"])) * np.dtype(buffer["dtype"]).itemsize
        return buffer if buffer["file_offset"] + size == os.path.getsize(buffer["file_path"]) else None

    def is_binary_compatible(self) -> bool:
        """Return True if one file holds the samples, from an offset to its end: a stream of one segment."""
        return self._buffer() is not None

    def get_binary_description(self) -> dict[str, Any]:
        """Return where the samples are, for SpikeInterface; NotImplementedError unless in one file, as above."""
        buffer = self._buffer()
        if buffer is None:
            # as SpikeInterface's own extractors, which ask is_binary_compatible() first
            raise NotImplementedError(f"stream {self.stream_id}: its samples are not the whole rest of one file")
        return {
            "file_paths": [buffer["file_path"]],
            "dtype": np.dtype(buffer["dtype"]),
            "num_channels": buffer["shape"][1],
            "time_axis": 0,
            "file_offset": buffer["file_offset"],
        }


class MockSessionSortingSegment(NeoSortingSegment):  # type: ignore[misc]  # not typed
    """The spikes of one segment; the clock says which samples there are."""

    def __init__(self, neo_reader: MockSessionRawIO, segment_index: int, clock: FrameClock) -> None:
        t_start = (clock.start_ms - neo_reader.time_origin_ms) / 1000
        NeoSortingSegment.__init__(self, neo_reader, 0, segment_index, t_start, clock.rate, neo_returns_frames=False)
        self.clock = clock

    def _stamps(self, unit_id: str, start: float | None = None, stop: float | None = None) -> Array:
        """Return the stamps of a unit, all or those around frames `start` to `stop`."""
        index = self.map_from_unit_id_to_spike_channel_index(unit_id)
        limits = (None if frame is None else self._seconds(frame) for frame in (start, stop))
        stamps: Array = self.neo_reader.get_spike_timestamps(0, self.segment_index, index, *limits)
        return stamps

    def _seconds(self, frame: float) -> float:
        return float((self.clock.start_ms - self.neo_reader.time_origin_ms) / 1000 + frame / self.clock.rate)

    def count_outside(self, unit_id: str) -> int:
        """Return for how many spikes of a unit there is no sample; all of them lie around the ends."""
        if self.clock.size is None:
            return 0
        before = self.clock.frames(self._stamps(unit_id, stop=0))
        after = self.clock.frames(self._stamps(unit_id, start=self.clock.size - 1))
        return int(np.count_nonzero(before < 0) + np.count_nonzero(after >= self.clock.size))

    def get_unit_spike_train(
        self, unit_id: str, start_frame: int | None = None, end_frame: int | None = None
    ) -> Frames:
        """Return the frames of a unit, int64, ascending: start_frame <= frame < end_frame."""
        stop = None if end_frame is None else end_frame + 1
        stamps = self._stamps(unit_id, None if start_frame is None else start_frame - 1, stop)
        frames = self.clock.frames(stamps[self.clock.inside(stamps)])
        low = 0 if start_frame is None else np.searchsorted(frames, start_frame)
        high = len(frames) if end_frame is None else np.searchsorted(frames, end_frame)
        return frames[low:high]

    def get_unit_spike_train_in_seconds(
        self, unit_id: str, start_time: float | None = None, end_time: float | None = None
    ) -> Floats:
        """Return the reader's seconds of the spikes that have a frame, both limits included."""
        stamps = self._stamps(unit_id)
        times: Array = self.neo_reader.rescale_spike_timestamp(stamps[self.clock.inside(stamps)], "float64")
        low = 0 if start_time is None else np.searchsorted(times, start_time)
        high = len(times) if end_time is None else np.searchsorted(times, end_time, side="right")
        return times[low:high]


class MockSessionEventSegment(NeoEventSegment):  # type: ignore[misc]  # not typed
    """The events of one segment."""

    def __init__(self, neo_reader: MockSessionRawIO, segment_index: int) -> None:
        NeoEventSegment.__init__(self, neo_reader, 0, segment_index, t_start=None, use_names_as_ids=False)

    def get_events(self, channel_id: str, start_time: float | None, end_time: float | None) -> Array:
        """Return the events of a channel, start_time <= time < end_time, durations in seconds."""
        events: Array = NeoEventSegment.get_events(self, channel_id, start_time, end_time)
        events["duration"] /= 1000
        return events


def region_of(channel_id: str, name: str) -> str:
    """Return a channel's name without its number; nothing if it has no name but its id."""
    return "" if name == channel_id else name.rstrip("0123456789")
