"""Spikes read from SONATA files, checked, at once or a block at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..formats.sonata import UNITS, ids_in, populations
from ..ground.errors import BadFileError, MockSessionError
from ..ground.regular import check_regular
from .checks import extra_module
from .raster import ORDERS, Raster, Selection, join

__all__ = ["h5_file", "iter_sonata", "population_group", "read_sonata", "sonata_populations", "sorting_of"]

BLOCK = 1 << 20  # spikes read at a time


def read_sonata(
    path: str | PathLike[str],
    population: str | None = None,
    *,
    t_start: float | None = None,
    t_stop: float | None = None,
    node_ids: Any = None,
) -> Raster:
    """Read spikes of one population of a SONATA file.

    Parameters
    ----------
    path : str or PathLike
        The file.
    population : str or None
        Which; None is the only one there is. A file of the time before populations, with
        ``/spikes/timestamps`` and ``/spikes/gids``, has one called "default".
    t_start, t_stop : float or None
        Only spikes at `t_start` or later and before `t_stop`, in ms.
    node_ids : array_like of int, or None
        Only spikes of these units.

    Returns
    -------
    Raster
        In the file's order. How long it is, and its groups, are the file's if it says so;
        otherwise it lasts to its last spike, and has no groups.

    Raises
    ------
    MockSessionError
        If the file is not a SONATA spike file, has no such population or several to choose
        from, or holds times that are negative or not finite.
    """
    blocks = iter_sonata(path, population, t_start=t_start, t_stop=t_stop, node_ids=node_ids)
    return join(blocks)


def iter_sonata(
    path: str | PathLike[str],
    population: str | None = None,
    *,
    t_start: float | None = None,
    t_stop: float | None = None,
    node_ids: Any = None,
) -> Iterator[Raster]:
    """Read as :func:`read_sonata`, in bounded memory.

    Parameters
    ----------
    path, population, t_start, t_stop, node_ids
        As there.

    Yields
    ------
    Raster
        At most 2**20 spikes each, in the file's order; at least one, which may be empty.

    Raises
    ------
    MockSessionError
        As there, once the block at fault is reached.
    """
    wanted = Selection.of(t_start, t_stop, node_ids)
    with h5_file(path, "r") as file:
        group = population_group(file, Path(path), population)
        scale = _scale(group, Path(path))
        whole_file = _outline(group, scale)
        size, at = group["timestamps"].shape[0], 0
        while at < size or at == 0:
            block = _block(group, slice(at, at + BLOCK), scale, Path(path))
            yield wanted.of_spikes(block.times_ms, block.node_ids, whole_file.groups, whole_file.duration_ms)
            at += BLOCK


def sonata_populations(path: str | PathLike[str]) -> tuple[str, ...]:
    """Return the names of the populations of a SONATA spike file.

    Parameters
    ----------
    path : str or PathLike
        The file.

    Raises
    ------
    MockSessionError
        If it is not a SONATA spike file.
    """
    with h5_file(path, "r") as file:
        return tuple(populations(_spikes(file, Path(path))))


@contextmanager
def h5_file(path: str | PathLike[str], mode: str) -> Iterator[Any]:
    """Open an HDF5 file, and close it.

    Raises
    ------
    BadFileError
        If it is not one.
    MockSessionError
        If h5py is not installed.
    """
    h5py = extra_module("h5py", "SONATA files")
    try:
        check_regular(path)
        file = h5py.File(path, mode)
    except FileNotFoundError:
        raise
    except OSError as error:
        if mode == "w" or not Path(path).is_file() or isinstance(error, PermissionError | BlockingIOError):
            raise
        raise BadFileError(path, "an HDF5 file", str(error), "Give a SONATA spike file.") from None
    with file:
        yield file


def population_group(file: Any, path: Path, population: str | None) -> Any:
    """Return a population's group after a look at what it must hold."""
    known = populations(_spikes(file, path))
    names = ", ".join(known)
    if not known:
        raise BadFileError(path, "a population of spikes", "none", "Give a file that has one.")
    if population is None and len(known) != 1:
        found, remedy = f"{len(known)}: {names}", "Pass population= with one of these."
        raise BadFileError(path, "one population, or a name to choose by", found, remedy)
    name = next(iter(known)) if population is None else population
    if name not in known:
        raise BadFileError(path, f"a population {name!r}", names, "Choose one of these.")
    group = known[name]
    sizes = [_size(group, key, kinds, path) for key, kinds in (("timestamps", "fiu"), (ids_in(group), "iu"))]
    if sizes[0] != sizes[1]:
        raise BadFileError(
            path, "as many timestamps as node_ids", f"{sizes[0]} and {sizes[1]}", "Write it anew with write_sonata."
        )
    return group


def _size(group: Any, key: str, kinds: str, path: Path) -> int:
    """Return a dataset's length after a look at its shape and type."""
    dataset: Any = group.get(key) if hasattr(group, "get") else None
    shape = getattr(dataset, "shape", None)
    if shape is None or len(shape) != 1:
        found = "none" if shape is None else f"shape {shape}"
        raise BadFileError(
            path, f"a dataset {group.name}/{key} of one dimension", found, "Write it anew with write_sonata."
        )
    if dataset.dtype.kind not in kinds and shape[0] > 0:
        expected = f"{'whole ' if kinds == 'iu' else ''}numbers in {group.name}/{key}"
        raise BadFileError(path, expected, f"values of type {dataset.dtype}", "Write it anew with write_sonata.")
    return int(shape[0])


def sorting_of(group: Any) -> str:
    """Return the order that a population says it is in; "none" where it says nothing known."""
    h5py = extra_module("h5py", "SONATA files")
    if "sorting" not in group.attrs:
        return "none"
    value = group.attrs["sorting"]
    names = h5py.check_enum_dtype(group.attrs.get_id("sorting").dtype)
    if names:
        value = {number: name for name, number in names.items()}.get(int(value))
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text if text in ORDERS else "none"


def _spikes(file: Any, path: Path) -> Any:
    spikes = file.get("spikes")
    if not hasattr(spikes, "keys"):
        found = ", ".join(str(name) for name in file) or "nothing"
        raise BadFileError(path, "a group /spikes", found, "Give a SONATA spike file.")
    return spikes


def _scale(group: Any, path: Path) -> float:
    units = group["timestamps"].attrs.get("units", "")
    text = units.decode("utf-8", "replace") if isinstance(units, bytes) else str(units)
    if text not in UNITS:
        raise BadFileError(
            path,
            "timestamps in milliseconds",
            f"units {text!r}",
            "Write the times in ms, and milliseconds as their units.",
        )
    return UNITS[text]


def _outline(group: Any, scale: float) -> Raster:
    """Return duration and groups, and no spikes."""
    stop = group.attrs.get("duration_ms")
    if not isinstance(stop, float) or not 0 <= stop < np.inf:
        times = group["timestamps"]
        stop = max((times[at : at + BLOCK].max() for at in range(0, times.shape[0], BLOCK)), default=0.0) * scale
    text = group.attrs.get("groups", "{}")
    try:
        groups = {str(name): range(int(first), int(last)) for name, (first, last) in json.loads(text).items()}
    except (AttributeError, TypeError, ValueError, RecursionError):
        groups = {}  # another program's attribute
    none: npt.NDArray[Any] = np.empty(0)
    return Raster(none, none, float(stop), groups)


def _block(group: Any, part: slice, scale: float, path: Path) -> Raster:
    try:
        return Raster(group["timestamps"][part] * scale, group[ids_in(group)][part], 0.0)
    except (MockSessionError, OSError, TypeError) as error:
        where = f"spikes {part.start} to {part.stop}"
        raise BadFileError(
            path, f"times from 0 and whole ids in {where}", str(error), "Write it anew with write_sonata."
        ) from None
