"""What is known of a session's units from nowhere but the ground truth that is written beside its streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ..ground.arrays import Floats
from ..rawio.reader import MockSessionRawIO


class KnownUnit(NamedTuple):
    """What the ground truth says of a unit.

    Attributes
    ----------
    kind : str
        The class of its cell; empty where it does not say.
    location_um : tuple of float, or None
        x, y and z in µm.
    """

    kind: str
    location_um: tuple[float, ...] | None


def planted_units(reader: MockSessionRawIO, stream_index: int | None = None) -> dict[str, KnownUnit]:
    """Return what the ground truth of a stream says of the session's units, by id; of None that of all streams.

    What has another form than ours is left out.
    """
    streams = range(len(reader.header["signal_streams"])) if stream_index is None else [stream_index]
    known = set(reader.header["spike_channels"]["id"].tolist())
    found = {}
    for index in streams:
        units = reader.stream(index).ground_truth().get("units")
        said = units if isinstance(units, Mapping) else {}
        found.update({unit: _planted(one) for unit, one in said.items() if unit in known and isinstance(one, Mapping)})
    return found


def _planted(said: Mapping[str, Any]) -> KnownUnit:
    kind, place = said.get("kind"), said.get("location")
    there = isinstance(place, list) and len(place) == 3 and all(type(v) in (int, float) for v in place)
    return KnownUnit(kind if isinstance(kind, str) else "", tuple(map(float, place)) if there and place else None)


def places_of(planted: Mapping[str, KnownUnit], ids: list[str]) -> Floats:
    """Return where units are, (units, 3) in µm; NaN where nobody knows."""
    nowhere = (np.nan,) * 3
    return np.array([(planted[one].location_um if one in planted else None) or nowhere for one in ids]).reshape(-1, 3)
