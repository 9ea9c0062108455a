"""Spikes written to SONATA files, a block at a time, as :mod:`~.sonata` reads them.

- ``node_ids`` are uint64, ``timestamps`` float64; ``magic`` and ``version`` stand at the root.
- Datasets are chunked and can grow, so that a file can be appended to.
- A file holds no clock time: the same spikes make the same bytes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ...ground.arrays import Array
from ...ground.checks import require
from ...ground.durable import locked, naming, refuse_taken, whole_file
from ...ground.errors import BadFileError
from ...ground.extras import h5py_module
from .blocks import NAMELESS, ORDERS, Order, SpikeBlock, SpikesLike, blocks_of
from .h5_out import h5_out
from .sonata import Population, h5_file
from .spool import by_id

MAGIC, VERSION = 0x0A7A, (0, 1)
CHUNK = 1 << 16  # spikes; 512 KiB, half of what HDF5 keeps of each dataset by default
MOST_TEXT = 60_000  # bytes: HDF5 takes attributes up to 64 KiB
_IN_ORDER = "Put them in order, or join them with what is there and write all with write_sonata."

Compression = Literal["gzip"] | None
_Source = SpikesLike | Iterable[SpikesLike]


def write_sonata(
    path: str | PathLike[str],
    spikes: _Source,
    *,
    population: str = NAMELESS,
    sorting: Order = "by_time",
    compression: Compression = None,
    overwrite: bool = False,
) -> Path:
    """Write a SONATA spike file, completely or not at all, in bounded memory.

    Parameters
    ----------
    path : str or PathLike
        The file to make; its folder is created if necessary.
    spikes : Raster, the like of it (:class:`~.blocks.SpikesLike`), or iterable of them
        All the spikes, or consecutive stretches of time, each taken when the last is written.
    population : str
        The population's name.
    sorting : {"by_time", "by_id", "none"}
        The order in the file. Blocks come by time as they are; by id they go by way of temporary
        files beside `path`, of 16 bytes a spike, twice.
    compression : {None, "gzip"}
        None is plain: libsonata as it comes from PyPI (0.2.2) has no gzip in its HDF5, and cannot
        read what is compressed. h5py and bmtk can; "gzip" halves the file, or better, and takes
        a few times as long.
    overwrite : bool
        Whether to replace an existing file.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    SessionExistsError
        If `path` is there and `overwrite` is false.
    NotWrittenError
        If the file system refuses; what was there is then as it was.
    MockSessionError
        If an argument is not one of the above, blocks are not in the order of time, or h5py is
        not installed.
    """
    target = Path(path).absolute()
    require(sorting in ORDERS, "sorting", "one of by_time, by_id, none", sorting)
    require(compression in ("gzip", None), "compression", '"gzip" or None', compression)
    ok = isinstance(population, str) and population not in ("", ".", "..") and "/" not in population
    require(ok, "population", "a name without a slash", population)
    if not overwrite:
        refuse_taken(target)
    with whole_file(target, overwrite=overwrite) as staging, h5_out(staging, "w", target) as (file, out):
        group = file.create_group("spikes").create_group(population)
        new_dataset(group, "timestamps", np.float64, compression)
        new_dataset(group, "node_ids", np.uint64, compression)
        mark_sonata(file, group, sorting)
        _append(group, out.checked(_ordered(blocks_of(spikes), sorting, target)))
    return target


def append_sonata(path: str | PathLike[str], spikes: _Source, *, population: str | None = None) -> Path:
    """Add spikes at the end of a population of a SONATA file.

    They are added to a copy, which takes the file's place at the end: whatever happens, the file is as
    it was or has all of them.

    Parameters
    ----------
    path : str or PathLike
        A SONATA spike file whose datasets can grow, as :func:`write_sonata` makes them.
    spikes : Raster or iterable of Raster
        What to add. In a file by time, it begins no earlier than the file ends. A file by id
        becomes one of no order.
    population : str or None
        Which; None is the only one there is.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    MockSessionError
        If the file cannot be appended to, or the spikes are not later than those it has; the
        file is then as it was.
    """
    target = Path(path).resolve()
    with h5_file(target, "r") as file:
        _check_grows(file, target, population)
    with locked(target.parent), whole_file(target) as staging:
        with naming(target):
            shutil.copy(target, staging)
        with h5_out(staging, "r+", target) as (file, out):
            before = Population.of(file, target, population)
            times, ordered = before.times, before.sorting == "by_time"
            last = float(times[-1]) if ordered and times.size else 0.0
            more = _ordered(blocks_of(spikes), "by_time" if ordered else "none", target, last)
            _append(before.group, out.checked(more))
            if before.sorting == "by_id":
                _set_sorting(before.group, "none")
    return target


def _check_grows(file: Any, target: Path, population: str | None) -> None:
    group = Population.of(file, target, population).group
    if not all(name in group and group[name].maxshape == (None,) for name in ("timestamps", "node_ids")):
        remedy = "Read it with read_sonata, and write it anew with write_sonata."
        raise BadFileError(target, "datasets timestamps and node_ids that can grow", "others", remedy)


def new_dataset(group: Any, name: str, dtype: Any, compression: Compression = None) -> Any:
    """Make an empty dataset in a group that can grow."""
    options = {"compression": "gzip", "compression_opts": 1, "shuffle": True} if compression else {}
    return group.create_dataset(
        name, shape=(0,), maxshape=(None,), dtype=dtype, chunks=(CHUNK,), track_times=False, **options
    )


def extend(dataset: Any, values: Array) -> None:
    """Write values at the end of a dataset that can grow."""
    if values.size:
        size = dataset.shape[0]
        dataset.resize((size + values.size,))
        dataset[size:] = values


def mark_sonata(file: Any, group: Any, sorting: Order) -> None:
    """Write the attributes that SONATA asks for.

    The root of the file gets the format's mark and version; the population, `group`, its order, and its
    timestamps their units.
    """
    file.attrs["magic"] = np.uint32(MAGIC)
    file.attrs["version"] = np.array(VERSION, np.uint32)
    _set_sorting(group, sorting)
    group["timestamps"].attrs["units"] = "milliseconds"


def _set_sorting(group: Any, sorting: Order) -> None:
    kind = h5py_module().enum_dtype({order: number for number, order in enumerate(ORDERS)}, basetype="u1")
    group.attrs.create("sorting", ORDERS.index(sorting), dtype=kind)


def _append(group: Any, blocks: Iterable[SpikesLike]) -> None:
    """Write blocks at the end of a population, and how long it has become."""
    stop = float(group.attrs.get("duration_ms", 0.0))
    groups: dict[str, range] = {}
    for block in blocks:
        for name, values in (("timestamps", block.times_ms), ("node_ids", block.node_ids)):
            dataset = group[name]  # open until the next one is: when HDF5 closes one decides where its chunks lie
            extend(dataset, values)
        stop, groups = max(stop, block.stop_ms), {**groups, **block.groups}
    group.attrs["duration_ms"] = stop
    text = json.dumps({name: [ids.start, ids.stop] for name, ids in groups.items()})
    if groups and len(text) < MOST_TEXT:
        group.attrs["groups"] = text


def _ordered(blocks: Iterable[SpikesLike], sorting: Order, target: Path, last: float = 0.0) -> Iterator[SpikesLike]:
    if sorting == "none":
        return iter(blocks)
    if sorting == "by_time":
        return _by_time(blocks, last)
    if isinstance(blocks, list) and len(blocks) == 1:
        return iter([SpikeBlock.of(blocks[0], "by_id")])
    return by_id(blocks, target)


def _by_time(blocks: Iterable[SpikesLike], last: float) -> Iterator[SpikeBlock]:
    for spikes in blocks:
        block = SpikeBlock.of(spikes, "by_time")
        if block.times_ms.size:
            first = float(block.times_ms[0])
            expected = f"blocks in the order of time, from {last} ms on"
            require(first >= last, "spikes", expected, f"a spike at {first} ms", _IN_ORDER)
            last = float(block.times_ms[-1])
        yield block
