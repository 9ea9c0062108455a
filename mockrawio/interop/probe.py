"""The electrodes of a session as a probe of ProbeInterface: one shank per bundle of 8 microwires.

Where the wires end is decided in :mod:`mockrawio.session.probe`, for the generators as well.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np

from ..ground.arrays import Floats
from ..ground.errors import BadFileError, MockSessionError
from ..ground.extras import by_extra
from ..rawio import MockSessionRawIO, StreamView
from ..session.content import csc_numbers
from ..session.files import open_channel_names
from ..session.layout import find_files
from ..session.probe import bundles, contact_positions

with by_extra("probes", "spikeinterface"):
    from probeinterface import Probe

CONTACT_RADIUS_UM = 10.0  # as drawn; neighbours on a bundle's circle are 30.6 µm apart

_PLACES = "Write 'locations' into the stream's .json, or name its channels CSCk."


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


def stream_probe(reader: MockSessionRawIO, stream_id: str) -> Probe | None:
    """Return the probe of a stream, wired to its columns; None if nothing says where its channels are.

    Parameters
    ----------
    reader : MockSessionRawIO
        After ``parse_header()``.
    stream_id : str

    Returns
    -------
    probeinterface.Probe or None
        By the `locations` in the stream's description, without shanks; else the bundles of the
        channels, if all are CSCk, with one shank per bundle.
    """
    stream = stream_of(reader, stream_id)
    ids, locations = [channel.id for channel in stream.channels], stream.locations()
    numbers = csc_numbers(ids)
    if locations is None or (numbers and np.array_equal(locations, contact_positions(numbers))):
        return _bundle_probe(numbers) if numbers else None
    unique = len(np.unique(locations, axis=0)) == len(locations)
    return _make_probe(f"channels of {stream_id}", locations, ids) if unique else None


def session_probe(session: str | PathLike[str] | Sequence[int | str]) -> Probe:
    """Return the probe of a session, or of some channels.

    Parameters
    ----------
    session : str or PathLike, or sequence of int or str
        A session folder: every wire of ``ChannelNames.txt`` and every recorded channel, wired to
        the columns of the main stream (see :func:`main_stream`; else of the first LFP stream),
        and to -1 where a wire has no column; or that stream's channels, where its description has
        locations of its own. Or channels, by the k of CSCk or by id "CSCk": these wires, wired to
        0, 1, 2, ...

    Returns
    -------
    probeinterface.Probe
        In µm; contact ids "CSCk", shank ids the bundles "00", "01", ..., so that
        ``recording.set_probe(probe)`` makes one group per bundle.

    Raises
    ------
    MockSessionError
        If there is no channel, or one whose id is not of the form CSCk: it has no known place.
    """
    if isinstance(session, (str, os.PathLike)):
        return _folder_probe(session)
    ids = [f"CSC{item}" if isinstance(item, (int, np.integer)) else str(item) for item in session]
    numbers = csc_numbers(ids)
    if not numbers:
        expected = "some, all different and of the form CSCk"
        raise MockSessionError("channels", expected, ids[:8], "Give numbers, or ids such as 'CSC1'.")
    return _bundle_probe(numbers)


def _folder_probe(folder: str | PathLike[str]) -> Probe:
    with MockSessionRawIO(folder, raw_dtype="source") as reader:
        streams = reader.header["signal_streams"]["id"].tolist()
        stream = main_stream(reader) or (streams[0] if streams else None)
        probe = stream_probe(reader, stream) if stream else None
    names = find_files(folder).channel_names
    wires = range(1, len(open_channel_names(names)) + 1) if names else ()
    if probe is None if stream else not wires:
        raise MockSessionError(folder, "channels of the form CSCk", "others, or none", _PLACES)
    if probe is not None and probe.shank_ids is None:
        return probe  # locations of its own, which say nothing of other wires
    recorded = csc_numbers(probe.contact_ids) if probe is not None else None
    column = {number: index for index, number in enumerate(recorded or ())}
    numbers = sorted({*column, *wires})
    whole = _bundle_probe(numbers)
    whole.set_device_channel_indices([column.get(number, -1) for number in numbers])
    return whole


def _bundle_probe(numbers: list[int]) -> Probe:
    shanks = bundles(numbers).tolist()
    width = max(2, len(str(max(shanks))))  # padded, so that groups come in the order of bundles
    probe = _make_probe("microwire bundles", contact_positions(numbers), [f"CSC{number}" for number in numbers])
    probe.set_shank_ids([f"{shank:0{width}d}" for shank in shanks])
    return probe


def _make_probe(name: str, positions: Floats, ids: list[str]) -> Probe:
    count, ndim = positions.shape
    probe = Probe(ndim=ndim, si_units="um", name=name)
    axes = np.zeros((count, 2, ndim))  # contacts lie in the plane of x and y
    axes[:, 0, 0] = axes[:, 1, 1] = 1
    shape = {"radius": CONTACT_RADIUS_UM}
    probe.set_contacts(positions, shapes="circle", shape_params=shape, plane_axes=axes, contact_ids=ids)
    probe.set_device_channel_indices(np.arange(count))
    return probe


def chosen_stream(reader: Any, stream_id: str | None, stream_name: str | None) -> str | None:
    """Return which stream was asked for, if any; the reader's ids are also its names."""
    given = stream_id if stream_id is not None else stream_name
    ids: list[str] = reader.header["signal_streams"]["id"].tolist()
    if given is not None and given not in ids:
        raise MockSessionError(reader.dirname, f"a stream, one of {ids}", f"{given!r}", "Give one of them.")
    if stream_name is not None and stream_name != given:
        raise MockSessionError(reader.dirname, "one stream", f"{given!r} and {stream_name!r}", "Give one.")
    return given
