"""Which streams, channels, units and events of a reader are meant, by id or by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from neo.rawio.baserawio import BaseRawIO

from ..ground.arrays import Array
from ..ground.errors import BadTypeError, MockSessionError
from ..ground.shown import Argument

Some = str | Iterable[str] | None
_MOST_LISTED = 8


class Choice(NamedTuple):
    """What a window is to hold: indexes by what each is called there, its name, or its id where two share a name."""

    streams: dict[str, tuple[int, list[int]]]  # with the channels of each
    units: dict[str, int]
    events: dict[str, int]


def choose(reader: BaseRawIO, streams: Some, channels: Some, units: Some, events: Some) -> Choice:
    """Return what is asked for; MockSessionError if there is nothing of a name."""
    header = reader.header
    return Choice(
        _with_channels(header, _some("streams", header["signal_streams"], streams), channels),
        _some("units", header["spike_channels"], units),
        _some("events", header["event_channels"], events),
    )


def channels_of(header: dict[str, Any], stream_index: int) -> Array:
    """Return the rows of a header's channels that are of one stream."""
    channels = header["signal_channels"]
    return np.asarray(channels[channels["stream_id"] == header["signal_streams"]["id"][stream_index]])


def _with_channels(header: dict[str, Any], streams: dict[str, int], channels: Some) -> dict[str, tuple[int, list[int]]]:
    """Return the chosen channels of each stream that has any."""
    tables = {name: channels_of(header, index) for name, index in streams.items()}
    if channels is None:
        return {name: (streams[name], list(range(len(table)))) for name, table in tables.items()}
    wanted = _listed("channels", channels)
    known = [label for table in tables.values() for row in table for label in (str(row["id"]), str(row["name"]))]
    _refuse_unknown("channels", wanted, known)
    found = {name: [k for one in wanted for k in _called(table, one)] for name, table in tables.items()}
    return {name: (streams[name], columns) for name, columns in found.items() if columns}


def _some(argument: str, table: Array, wanted: Some) -> dict[str, int]:
    """Return the indexes of the rows of a table that are asked for, in that order, by what each is called."""
    labels = _ids_or_names(table) if argument == "units" else _names_or_ids(table)
    if wanted is None:
        return {label: k for k, label in enumerate(labels)}
    asked = _listed(argument, wanted)
    _refuse_unknown(argument, asked, [*table["id"].tolist(), *table["name"].tolist(), *labels])
    return {labels[k]: k for one in asked for k in _called(table, one) or [labels.index(one)]}


def _ids_or_names(table: Array) -> list[str]:
    """Return the ids of units, or their names if several have one id, as in TDT and Neuralynx those of electrodes."""
    ids, names = (list(map(str, table[key].tolist())) for key in ("id", "name"))
    return ids if len(set(ids)) == len(ids) else names if len(set(names)) == len(names) else _names_or_ids(table)


def _names_or_ids(table: Array) -> list[str]:
    """Return what rows are called: the name, or the id where others have that name, or both and a number."""
    rows = [(str(row["name"]), str(row["id"])) for row in table]
    times = [Counter(column) for column in zip(*rows, strict=True)]
    labels: list[str] = []
    for number, row in enumerate(rows):
        alone = [label for label, n in zip(row, times, strict=True) if label and n[label] == 1]
        labels.append(alone[0] if alone and alone[0] not in labels else f"{row[0]} {row[1]} {number}")
    return labels


def _called(table: Array, label: str) -> list[int]:
    """Return the rows whose id a label is; else those whose name it is."""
    ids, names = table["id"].tolist(), table["name"].tolist()
    return [k for k, one in enumerate(ids) if one == label] or [k for k, name in enumerate(names) if name == label]


def _listed(argument: str, wanted: Some) -> list[str]:
    """Return the labels that are asked for."""
    given = [wanted] if isinstance(wanted, str) else wanted
    asked = list(given) if isinstance(given, Iterable) else [given]
    if not all(isinstance(one, str) for one in asked):
        remedy = "Give them as the header writes them."
        raise BadTypeError(Argument(argument), "ids or names, which are texts", f"{wanted!r}", remedy)
    return list(dict.fromkeys(map(str, asked)))


def _refuse_unknown(argument: str, asked: list[str], known: list[Any]) -> None:
    """Refuse a label that nothing has."""
    listed = list(dict.fromkeys(map(str, known)))
    for one in asked:
        if one not in listed:
            some = ", ".join(listed[:_MOST_LISTED]) + (", ..." if len(listed) > _MOST_LISTED else "")
            expected, remedy = f"some of {some}" if some else "none: there are none", "Choose some of them."
            raise MockSessionError(Argument(argument), expected, f"{one!r}", remedy if some else "Leave it out.")
