"""Rasters to and from the units of a session and Neo's spike trains.

The way from a SONATA file into a session is ``SessionSpec(spikes=path)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..formats.spikes.sonata_out import write_sonata
from ..ground.errors import MockSessionError
from ..session.clock import check_ascending
from ..session.files import LfpFile, UnitFile, open_info, open_lfp, open_unit, stamps_in_ms
from ..session.layout import SessionFiles, find_files
from ..session.made import MadeUnitFile
from ..session.own import refuse_own
from ..session.streams import StreamFile, open_stream
from .raster import Raster, join

__all__ = ["from_spiketrains", "session_raster", "session_to_sonata", "to_spiketrains"]


def session_raster(folder: str | PathLike[str], *, tick: Callable[[int], object] = lambda n: None) -> Raster:
    """Return the spikes of a session's units.

    Parameters
    ----------
    folder : str or PathLike
        The session folder.
    tick : callable
        Called with 1 after each unit.

    Returns
    -------
    Raster
        By time. Ids are 0 to n - 1 in the order of the units; each unit is a group of its own, of
        its name. Times are ms from the first sample of the session on, gaps included, or, where
        there are no samples, from what ``session_info.npy`` says, or else from the first spike.

    Raises
    ------
    NotASessionError, BadFileError
        If the folder is not a session, or one of its files is broken.
    MockSessionError
        If a spike is before the first sample.
    """
    files = find_files(folder)
    with files.moment():
        units = {name.id: open_unit(path) for name, path in files.units.items()}
        start, stop = _span(files, list(units.values()))
    groups = {name: range(k, k + 1) for k, name in enumerate(units)}
    parts = [Raster(np.empty(0), np.empty(0, np.uint64), 0.0, groups)]
    for k, unit in enumerate(units.values()):
        times = np.asarray(stamps_in_ms(unit.times, unit.divisor), np.float64) - start
        check_ascending(unit.path, times)
        if len(times) and times[0] < 0:
            found = f"one {-times[0]:g} ms before it"
            raise MockSessionError(unit.path, "spikes from the first sample on", found, "Remove it.")
        parts.append(Raster(times, np.full(len(times), k, np.uint64), 0.0, groups))
        tick(1)
    together = join(parts)
    return Raster(together.times_ms, together.node_ids, stop - start, groups).sorted_by("time")


def _span(files: SessionFiles, units: list[UnitFile | MadeUnitFile]) -> tuple[float, float]:
    """Return when a session starts and stops, in ms since the Unix epoch."""
    lfp = [file for file in map(open_lfp, files.lfp.values()) if file is not None]
    sampled: list[LfpFile | StreamFile] = [*lfp, *(open_stream(path) for path in files.streams.values())]
    starts = [file.runs[0].t_start_ms for file in sampled]
    lasts = [(file.runs[-1], file.sampling_rate) for file in sampled]
    stops = [run.t_start_ms + (run.stop - run.start) * 1000 / rate for run, rate in lasts]
    spikes = [unit for unit in units if unit.first_ms == unit.first_ms]  # NaN: no spikes
    if not starts:
        first = [unit.first_ms for unit in spikes]
        starts = [open_info(files.info).start_ms] if files.info else [min(first, default=0.0)]
    last_spike = max((unit.last_ms for unit in spikes), default=min(starts))
    return min(starts), max([*stops, float(np.nextafter(last_spike, np.inf))])


def session_to_sonata(
    folder: str | PathLike[str],
    path: str | PathLike[str],
    *,
    tick: Callable[[int], object] = lambda n: None,
    **options: Any,
) -> Path:
    """Write the spikes of a session's units as a SONATA file.

    Parameters
    ----------
    folder : str or PathLike
        The session folder.
    path : str or PathLike
        The file to write.
    tick : callable
        As for :func:`session_raster`.
    **options
        Those of :func:`~mockrawio.rasters.write_sonata`: `population`, `sorting`, `overwrite`, ...

    Returns
    -------
    Path
        The file. Node ids are 0 to n - 1 in the order of the units; their names stand in the file
        as names of groups, which other readers ignore and ``read_sonata`` gives back.

    Raises
    ------
    MockSessionError
        As for :func:`session_raster` and ``write_sonata``; and if `path` lies in the session.
    """
    refuse_own(path, folder)
    return Path(write_sonata(path, session_raster(folder, tick=tick), **options))


def to_spiketrains(raster: Raster) -> list[Any]:
    """Return a raster as Neo's spike trains.

    Parameters
    ----------
    raster : Raster

    Returns
    -------
    list of neo.SpikeTrain
        One for each unit, ascending by id; of a raster without groups, for each that fired. Times
        are in ms, exactly the raster's; ``annotations`` has ``node_id``, and ``group`` if there is one.
    """
    import neo

    by_id = raster.sorted_by("id")
    bounds = {"t_start": raster.start_ms, "t_stop": raster.stop_ms, "units": "ms"}
    trains = []
    for node, group in _nodes(raster):
        low, high = np.searchsorted(by_id.node_ids, np.array([node, node + 1], np.uint64)).tolist()
        notes = {"node_id": node} if group is None else {"node_id": node, "group": group}
        trains.append(neo.SpikeTrain(by_id.times_ms[low:high], **bounds, name=str(node), **notes))
    return trains


def _nodes(raster: Raster) -> list[tuple[int, str | None]]:
    """Return every unit with its group, ascending by id."""
    known: dict[int, str | None] = {int(node): None for node in np.unique(raster.node_ids)}
    known |= {node: name for name, ids in raster.groups.items() for node in ids}
    return sorted(known.items())


def from_spiketrains(trains: Iterable[Any]) -> Raster:
    """Return Neo's spike trains as a raster.

    Parameters
    ----------
    trains : iterable of neo.SpikeTrain
        Their ids are ``node_id`` of their annotations where all have one, else 0, 1, 2, ... in
        their order. Those that say ``group`` make the groups, if the ids of each group are all in
        a row; else there are no groups.

    Returns
    -------
    Raster
        By time, from the earliest ``t_start`` to the latest ``t_stop``; in ms, to the last digit
        where the trains are in ms.

    Raises
    ------
    MockSessionError
        If an item is no spike train, two have one id, or a spike is before time 0.
    """
    given = list(trains)
    for k, train in enumerate(given):
        if not hasattr(train, "t_stop") or not hasattr(train, "rescale"):
            found = type(train).__name__
            raise MockSessionError(f"trains[{k}]", "a neo.SpikeTrain", found, "Give spike trains.")
    ids = _ids(given)
    times = [np.asarray(train.rescale("ms").magnitude, np.float64) for train in given]
    start = min((float(train.t_start.rescale("ms")) for train in given), default=0.0)
    stop = max((float(train.t_stop.rescale("ms")) for train in given), default=0.0)
    nodes = np.repeat(np.array(ids, np.uint64), [len(train) for train in times])
    together = np.concatenate([np.empty(0), *times])
    return Raster(together, nodes, stop - start, _groups(given, ids), start).sorted_by("time")


def _ids(trains: list[Any]) -> list[int]:
    ids = [train.annotations.get("node_id") for train in trains]
    if None in ids:
        return list(range(len(trains)))
    if len(set(ids)) < len(ids):
        raise MockSessionError("trains", "a node_id of its own for each", "one twice", "Number them anew.")
    return [int(node) for node in ids]


def _groups(trains: list[Any], ids: list[int]) -> dict[str, range]:
    """Return what ``group`` says, or nothing where a group's ids are not in a row."""
    members: dict[str, list[int]] = {}
    for train, node in zip(trains, ids, strict=True):
        if "group" in train.annotations:
            members.setdefault(str(train.annotations["group"]), []).append(node)
    groups = {name: range(min(nodes), max(nodes) + 1) for name, nodes in members.items()}
    in_a_row = all(len(groups[name]) == len(nodes) for name, nodes in members.items())
    return dict(sorted(groups.items(), key=lambda item: item[1].start)) if in_a_row else {}
