"""A SpikeInterface recording and sorting as the source of a hybrid run; only their methods are used.

Nothing of SpikeInterface is imported. Segments follow one another on the absolute axis without a gap, so that
a sample's number is the one that it has in the concatenated recording; no event crosses from one
segment to the next.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..convert.extractors import check_extractors
from ..convert.recordings import channel_locations
from ..convert.sortings import unit_frames
from ..ground.arrays import Array, Ints
from ..ground.errors import MockSessionError
from ..scoring.found import plain_id
from .raw_probe import Probe
from .recording import RawFile, RawRecording
from .source import HybridSource, joined_sorting, labels_of

READ_BYTES = 1 << 22  # asked of get_traces at a time
NEAR = 1024  # samples between two windows that are read along with them


@dataclass(frozen=True)
class ExtractorRecording(RawRecording):
    """The traces of a recording, read in blocks when they are asked for."""

    extractor: Any  # a BaseRecording
    as_int16: bool  # samples as a session holds them: 16 bits or fewer as they are, uint16 less 32768

    def read(self, start: int, stop: int, channels: Sequence[int] | Ints | None = None) -> Array:
        """Return the samples from `start` to `stop` (not included), as :meth:`RawRecording.read` does."""
        rows = None if channels is None else self._rows(channels)
        parts = [self._traces(k, a, b, rows) for k, a, b in self._parts(start, stop)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _traces(self, k: int, first: int, stop: int, rows: Ints | None) -> Array:
        chosen = None if rows is None else np.asarray(self.extractor.channel_ids)[rows]
        traces = np.asarray(
            self.extractor.get_traces(segment_index=k, start_frame=first, end_frame=stop, channel_ids=chosen)
        )
        expected = (stop - first, self.n_channels if rows is None else len(rows))
        if traces.shape != expected:
            wanted = f"{expected} samples from frame {first} of segment {k}"
            raise MockSessionError("recording", wanted, traces.shape, "Check what gives them.")
        if self.as_int16 and traces.dtype.kind == "u" and traces.dtype.itemsize == 2:
            return (traces.astype("<u2") ^ np.uint16(0x8000)).view("<i2")
        return traces.astype(self.dtype, copy=False)

    def _gather_file(self, k: int, starts: Ints, events: Ints, offsets: Ints, windows: Array) -> None:
        """Fill the windows of `events`, all in segment k and ascending, from blocks of traces."""
        length = int(offsets.max()) // self.n_channels + 1
        rows = offsets[: len(offsets) // length]
        first = starts[events] - self.files[k].start
        span = max(length, READ_BYTES // (len(rows) * self.dtype.itemsize))
        for low, high in _groups(first, length, span):
            begin = int(first[low])
            traces = self._traces(k, begin, int(first[high - 1]) + length, rows)
            frames = (first[low:high] - begin)[:, None] + np.arange(length)
            windows[events[low:high]] = traces[frames].reshape(high - low, -1)

    def release(self) -> None:
        """Do nothing: what is mapped is the extractor's."""


def _groups(first: Ints, length: int, span: int) -> Iterator[tuple[int, int]]:
    """Cut ascending windows into groups that are read in one go, none longer than `span`, which a window is not."""
    low = 0
    while low < len(first):
        reach = int(np.searchsorted(first, first[low] + span - length, side="right"))
        far = np.flatnonzero(np.diff(first[low:reach]) > length + NEAR)
        high = low + int(far[0]) + 1 if len(far) else reach
        yield low, high
        low = high


def open_recording(recording: Any, *, as_int16: bool) -> ExtractorRecording:
    """Return a recording as the source of a run, its samples what a session holds if `as_int16`; none is read."""
    sizes = [int(recording.get_num_samples(segment_index=k)) for k in range(recording.get_num_segments())]
    n_channels, rate = len(recording.channel_ids), float(recording.sampling_frequency)
    if not n_channels or min(sizes, default=0) < 1 or not 0 < rate < math.inf:
        found = f"{n_channels} channels and segments of {sizes} samples at {rate} Hz"
        raise MockSessionError("recording", "samples in every segment", found, "Leave out what is empty.")
    dtype = _dtype(np.dtype(recording.get_dtype()), as_int16)
    files, start = [], 0
    for k, size in enumerate(sizes):
        files.append(RawFile(f"recording_t{k}.bin", start, size))
        start += size
    return ExtractorRecording(tuple(files), dtype, n_channels, rate, recording, as_int16)


def _dtype(dtype: np.dtype[Any], as_int16: bool) -> np.dtype[Any]:
    remedy = (
        "Make counts of it: mockrawio.write_session(recording=recording, sorting=sorting, folder=session), and give "
        "that session to hybrid_from_session; or, where events need room above its largest samples, "
        "spikeinterface.preprocessing.scale(recording, gain=..., dtype='int16')."
    )
    widest = 2 if as_int16 else 4
    if dtype.kind not in "iu" or dtype.itemsize > widest:
        expected = f"integers of at most {8 * widest} bits"
        raise MockSessionError("recording", expected, dtype, remedy)
    return np.dtype("<i2") if as_int16 else dtype.newbyteorder("<")


@dataclass(frozen=True)
class ExtractorSource(HybridSource):
    """A recording and a sorting as the source of a run."""

    recording: ExtractorRecording
    given: tuple[Any, Any]  # the two, as they were given
    unit_ids: dict[int, Any]  # by label, 1, 2, ... in the sorting's own order

    @property
    def names(self) -> dict[int, Any]:
        """The units' ids by label."""
        return self.unit_ids

    @property
    def read_from(self) -> tuple[Any, Any]:
        """The two, with everything they were made from."""
        return self.given

    @property
    def origin(self) -> dict[str, Any]:
        """What the manifest says of the two, and the units' ids by label."""
        recording, sorting = (type(given).__name__ for given in self.given)
        items = self.unit_ids.items()
        ids = {str(label): unit if isinstance(unit, (str, int, float)) else str(unit) for label, unit in items}
        return {"kind": "spikeinterface", "recording": recording, "sorting": sorting, "names": ids}

    def labels(self, units: Sequence[Any]) -> list[int]:
        """Return the labels of units, which are given by their ids."""
        return labels_of([plain_id(unit) for unit in units], {unit: label for label, unit in self.unit_ids.items()})


def open_extractors(recording: Any, sorting: Any, *, as_int16: bool) -> ExtractorSource:
    """Return a recording and a sorting of it as the source of a run; of the recording nothing is read.

    Refused are other segments, another rate, spikes where it has no samples, no spikes, and channels without a
    place.
    """
    check_extractors(recording, sorting)
    source = open_recording(recording, as_int16=as_int16)
    names, trains = _units(sorting, source)
    return ExtractorSource(source, joined_sorting(trains), _probe(recording), (recording, sorting), names)


def _probe(recording: Any) -> Probe:
    places = channel_locations(recording)
    if places is None:
        expected, found = "a probe, and where each of its channels is", "no probe, or a place that is not a number"
        remedy = "Set one with recording.set_probe(probe), or recording.set_dummy_probe_from_locations(...)."
        raise MockSessionError("recording", expected, found, remedy)
    rows = np.arange(len(places))
    return Probe(rows, np.ones(len(rows), bool), places, "recording")


def _units(sorting: Any, recording: ExtractorRecording) -> tuple[dict[int, Any], dict[int, Ints]]:
    """Return a sorting's units, and their spikes on the recording's axis, by label."""
    sizes, starts = ([getattr(file, name) for file in recording.files] for name in ("n_frames", "start"))
    names, trains = {}, {}
    for label, unit in enumerate(sorting.unit_ids, 1):
        frames = unit_frames(sorting, unit, sizes)
        names[label] = plain_id(unit)
        trains[label] = np.concatenate([part + start for part, start in zip(frames, starts, strict=True)])
    if not any(len(train) for train in trains.values()):
        raise MockSessionError("sorting", "spikes", "none", "Give a sorting that has some.")
    return names, trains
