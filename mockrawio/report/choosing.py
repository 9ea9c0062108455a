"""Which units and channels are meant: by index, by id, or by name."""

from __future__ import annotations

from collections.abc import Sequence

from ..ground.arrays import Array
from ..ground.errors import BoundsError, MockSessionError
from ..ground.shown import Argument
from ..rawio.reader import MockSessionRawIO


def stream_channels(reader: MockSessionRawIO, stream_index: int) -> Array:
    """Return the rows of ``header["signal_channels"]`` that belong to a stream."""
    channels = reader.header["signal_channels"]
    stream = reader.header["signal_streams"]["id"][stream_index]
    rows: Array = channels[channels["stream_id"] == stream]
    return rows


def channel_indexes(
    reader: MockSessionRawIO, stream_index: int, channels: Sequence[int | str] | None = None, most: int | None = None
) -> list[int]:
    """Return the columns of channels of a stream that are given by index, by id or by name.

    Parameters
    ----------
    reader : MockSessionRawIO
    stream_index : int
    channels : sequence of int or str, optional
        None: the first `most`, or all.
    most : int, optional

    Raises
    ------
    MockSessionError
        If there is no such channel, or none is given.
    """
    rows = stream_channels(reader, stream_index)
    if channels is None:
        return list(range(len(rows)))[:most]
    remedy = "Give an id, a name or an index of the stream's channels."
    if not len(channels) or isinstance(channels, str):
        raise MockSessionError(Argument("channels"), "a list of at least one", repr(channels), remedy)
    known = {str(name): k for key in ("name", "id") for k, name in enumerate(rows[key].tolist())}  # ids come first
    found = [known.get(one, -1) if isinstance(one, str) else one for one in channels]
    for one, index in zip(channels, found, strict=True):
        if not 0 <= index < len(rows):
            raise MockSessionError(Argument("channels"), f"some of {_some(rows['id'].tolist())}", repr(one), remedy)
    return found


def unit_index(reader: MockSessionRawIO, unit: int | str) -> int:
    """Return the index of a unit that is given by index or by id.

    Raises
    ------
    MockSessionError
        If there is no such unit.
    """
    ids = reader.header["spike_channels"]["id"].tolist()
    if isinstance(unit, str):
        if unit in ids:
            return int(ids.index(unit))
        some = _some(ids) if ids else "none: the session has no units"
        raise MockSessionError(reader.dirname, f"a unit, one of {some}", f"{unit!r}", "Give its id.")
    if 0 <= unit < len(ids):
        return int(unit)
    known = f"0 to {len(ids) - 1}" if ids else "no units"
    raise BoundsError(reader.dirname, f"a unit in {known}", unit, "The header lists the units.")


def unit_indexes(reader: MockSessionRawIO, units: Sequence[int | str] | None, most: int | None = None) -> list[int]:
    """Return the indexes of units, given by index or id; of None all, or the `most` with the most spikes."""
    if units is not None:
        remedy = "Give their ids or indexes, or leave it out."
        if not len(units) or isinstance(units, str):
            raise MockSessionError(Argument("units"), "a list of at least one", repr(units), remedy)
        return list(dict.fromkeys(unit_index(reader, unit) for unit in units))  # by index and by id it is one
    everything = range(len(reader.header["spike_channels"]))
    if most is None or most >= len(everything):
        return list(everything)
    segments = range(reader.segment_count(0))
    counts = [sum(reader.spike_count(0, k, unit) for k in segments) for unit in everything]
    return sorted(sorted(everything, key=lambda unit: -counts[unit])[:most])


def _some(ids: list[str]) -> str:
    return ", ".join(map(str, ids[:4])) + (", ..." if len(ids) > 4 else "")
