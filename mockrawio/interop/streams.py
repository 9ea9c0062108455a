"""What a reader tells of a session's streams: which one is sorted, its segments' clocks, where its units are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ground.arrays import Floats
from ..ground.errors import BadFileError, MockSessionError
from ..rawio import MockSessionRawIO, StreamView
from .frames import FrameClock


def main_stream(reader: MockSessionRawIO) -> str | None:
    """Return the id of the stream that spikes are sorted in, None if the session has none.

    It is the stream `broadband` of ``raw_data``, or the fastest one there; LFP does not count.

    Parameters
    ----------
    reader : MockSessionRawIO
        After ``parse_header()``.
    """
    streams = (reader.stream(index) for index in range(reader.signal_streams_count()))
    rates = {stream.id: stream.sampling_rate for stream in streams if stream.kind == "raw"}
    return "broadband" if "broadband" in rates else max(rates, key=rates.__getitem__, default=None)


def planted_places(reader: MockSessionRawIO, stream_id: str | None, unit_ids: Sequence[str]) -> Floats:
    """Return where the ground truth of a stream has each unit, on the probe's axes and above it.

    Parameters
    ----------
    reader : MockSessionRawIO
    stream_id : str or None
        A stream of ``raw_data``; of others nothing is known.
    unit_ids : sequence of str

    Returns
    -------
    ndarray of float64, (units, 3)
        x, y, z in µm; NaN for units of which the stream's description says nothing.

    Raises
    ------
    BadFileError
        If the description has something else in the place of these numbers.
    """
    places = np.full((len(unit_ids), 3), np.nan)
    if stream_id is None:
        return places
    stream = stream_of(reader, stream_id)
    units = stream.ground_truth().get("units", {})
    for row, unit_id in enumerate(unit_ids):
        unit = units.get(unit_id, {}) if isinstance(units, dict) else None
        place = unit.get("location") if isinstance(unit, dict) else unit_id
        if place is not None:
            places[row] = _three_numbers(stream.description_path, unit_id, place)
    return places


def stream_of(reader: MockSessionRawIO, stream_id: str) -> StreamView:
    """Return a stream by its id."""
    return reader.stream(reader.header["signal_streams"]["id"].tolist().index(stream_id))


def _three_numbers(path: str | None, unit_id: str, place: Any) -> list[float]:
    if isinstance(place, list) and len(place) == 3 and all(type(v) in (int, float) for v in place):
        return [float(v) for v in place]
    remedy = "Repair the description, or write the stream again."
    raise BadFileError(path, f"three numbers as 'location' of {unit_id} in its ground truth", repr(place)[:80], remedy)


def _in_ms(reader: MockSessionRawIO, t_seconds: float) -> float:
    """Return ms since the Unix epoch of a time that the reader gave in seconds.

    This is exactly the number in the file: such stamps are a quarter of a microsecond apart in
    float64, the way to seconds and back loses a millionth of that.
    """
    return float(reader.time_origin_ms + t_seconds * 1000)


def segment_clocks(reader: MockSessionRawIO, stream_id: str | None, rate: float) -> list[FrameClock]:
    """Return the clock of each segment: the stream's; without one, at this rate from the segment's start."""
    segments = range(reader.segment_count(0))
    if stream_id is None:
        return [FrameClock(_in_ms(reader, reader.segment_t_start(0, k)), rate) for k in segments]
    stream = stream_of(reader, stream_id)
    starts = [_in_ms(reader, reader.get_signal_t_start(0, k, stream.index)) for k in segments]
    return [FrameClock(start, stream.sampling_rate, size) for start, size in zip(starts, stream.sizes, strict=True)]


def chosen_stream(reader: Any, stream_id: str | None, stream_name: str | None) -> str | None:
    """Return which stream was asked for, if any; the reader's ids are also its names."""
    given = stream_id if stream_id is not None else stream_name
    ids: list[str] = reader.header["signal_streams"]["id"].tolist()
    if given is not None and given not in ids:
        raise MockSessionError(reader.dirname, f"a stream, one of {ids}", f"{given!r}", "Give one of them.")
    if stream_name is not None and stream_name != given:
        raise MockSessionError(reader.dirname, "one stream", f"{given!r} and {stream_name!r}", "Give one.")
    return given
