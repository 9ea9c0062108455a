"""What figures show of a stream's contacts, whichever library draws them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..ground.arrays import Floats
from ..rawio.reader import MockSessionRawIO
from ..rawio.views import StreamView
from ..session.probe import ContactMap
from .planted import places_of, planted_units
from .snippets import UnitFootprint
from .words import counted

_SLIM = 6.0  # times as long as wide: what is slimmer is not drawn to scale
_FILLED = 0.85  # of the room that a waveform has between contacts
_ROOM_UM, _APART = 20.0, 1e-6  # the room where no other contact says how much there is; µm that are a distance


class ProbeView(NamedTuple):
    """Contacts as they are drawn, in the two axes along which they reach furthest."""

    contacts: ContactMap
    axes: tuple[int, int]  # of x, y and z
    points: Floats  # (n, 2), µm
    to_scale: bool  # whether both axes have room for one scale
    title: str

    @property
    def labels(self) -> list[str]:
        """What stands beside the axes."""
        first, second = ("xyz"[axis] for axis in self.axes)
        return [f"{first} (µm)" if self.to_scale else f"{first} (µm, not to the scale of {second})", f"{second} (µm)"]


def probe_view(reader: MockSessionRawIO, stream_index: int | None = None) -> ProbeView | None:
    """Return what is drawn of a stream's contacts, None if nothing says where they are.

    Without an index the stream is the first of ``raw_data``, else the first one.
    """
    stream = _probed(reader, stream_index)
    contacts = None if stream is None else stream.probe()
    return None if stream is None or contacts is None else contacts_view(contacts, stream.id)


def _probed(reader: MockSessionRawIO, stream_index: int | None) -> StreamView | None:
    """Return the stream whose contacts are drawn, if there is any."""
    streams = [reader.stream(k) for k in range(len(reader.header["signal_streams"]))]
    if stream_index is None:
        stream_index = next((stream.index for stream in streams if stream.kind == "raw"), 0)
    return reader.stream(stream_index) if streams else None


class UnitPlaces(NamedTuple):
    """Where units are drawn among contacts."""

    places: Floats  # (units, 2), µm, on the axes of a view; NaN where nobody knows
    known: list[bool]  # whether the ground truth says it; else it is the contact that the unit was found on
    kinds: list[str]  # the class of each one's cell, "" where nobody knows


def unit_places(reader: MockSessionRawIO, view: ProbeView, stream_index: int | None = None) -> UnitPlaces:
    """Return where the session's units are in a view of a stream's contacts."""
    ids = reader.header["spike_channels"]["id"].tolist()
    planted, stream = planted_units(reader), _probed(reader, stream_index)
    places = places_of(planted, ids)[:, list(view.axes)]
    known = [bool(np.isfinite(place).all()) for place in places]
    columns = {} if stream is None else {channel.number: k for k, channel in enumerate(stream.channels)}
    for unit in (k for k, is_known in enumerate(known) if not is_known):
        column = columns.get(reader.unit(unit).channel)
        places[unit] = np.nan if column is None else view.points[column]
    return UnitPlaces(
        places, [bool(one) for one in known], [planted[one].kind if one in planted else "" for one in ids]
    )


def contacts_view(contacts: ContactMap, name: str) -> ProbeView:
    """Return what is drawn of contacts; the name is that of their stream or probe."""
    spans = np.ptp(contacts.positions, axis=0)
    first, second = sorted(np.argsort(-spans, kind="stable")[:2].tolist())
    short, long = sorted((spans[first], spans[second]))
    title = f"{name}: {counted(contacts.n, 'channel')}"
    if contacts.shanks.max():
        title += f" on {counted(int(contacts.shanks.max()) + 1, 'shank')}"
    points = contacts.positions[:, [first, second]]
    return ProbeView(contacts, (first, second), points, bool(long <= _SLIM * short), title)


def waveforms_in_place(found: UnitFootprint) -> tuple[Floats, Floats]:
    """Return the points of each waveform, (samples, channels), in the µm of the contacts."""
    depth = found.positions_um.shape[1] - 1 if not np.ptp(found.positions_um[:, 1]) else 1
    places = found.positions_um[:, [0, depth]] if depth else found.positions_um[:, :2]
    steps = [np.diff(np.unique(np.round(places[:, axis], 1))) for axis in (0, 1)]
    wide, high = (float(np.median(step[step > _APART])) if (step > _APART).any() else _ROOM_UM for step in steps)
    span = found.time_ms[-1] - found.time_ms[0]
    across = places[:, 0] + _FILLED * wide * (found.time_ms[:, None] / span)
    up = places[:, 1] + _FILLED * 2 * high * found.mean_uV / (float(np.ptp(found.mean_uV)) or 1.0)
    return across, up
