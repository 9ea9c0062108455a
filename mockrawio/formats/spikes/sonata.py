"""Spikes of SONATA files, read and checked a block at a time.

The format is the SONATA developer guide's, as libsonata and bmtk read it: ``/spikes/{population}``
with the datasets ``timestamps`` (attribute ``units``) and ``node_ids``, and the enumeration ``sorting``.
Before there were populations, ``timestamps`` and ``gids`` stood in ``/spikes`` itself: that is one
population, called "default". Two attributes are ours: ``duration_ms``, and ``groups`` as JSON.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...ground.errors import BadFileError, MockSessionError
from ...ground.extras import h5py_module
from ...ground.regular import check_regular
from . import CHOOSE, SpikeFormat, register
from .blocks import NAMELESS, ORDERS, Order, SpikeBlock, checked_ids, checked_times

BLOCK = 1 << 20  # spikes read at a time
# What files say their times are in, as ms.
_UNITS = {"": 1.0, "ms": 1.0, "millisecond": 1.0, "milliseconds": 1.0, "s": 1e3, "second": 1e3, "seconds": 1e3}
MOST_PACKED = 1100  # to one byte, by any filter of HDF5's own; more is refused, since it would never end
_ANEW = "Write it anew with write_sonata."


def read_sonata_blocks(
    path: str | PathLike[str], population: str | None = None, choose: str = CHOOSE, *, own: bool = False
) -> Iterator[SpikeBlock]:
    """Read spikes of a population as a :func:`~mockrawio.formats.spikes.read_spikes`, at most 2**20 at a time.

    How long they last, and their groups, are the file's if it says so; otherwise they last to the
    last spike, and have no groups.
    """
    with h5_file(path, "r") as file, _as_spikes(path):
        spikes = Population.of(file, Path(path), population, choose)
        if own:
            spikes.check_own(file)
        yield from spikes.blocks()


@contextmanager
def _as_spikes(path: str | PathLike[str]) -> Iterator[None]:
    """Turn what h5py raises of a broken file into an error that names it."""
    try:
        yield
    except (OSError, KeyError, AttributeError, TypeError, MemoryError) as error:
        raise BadFileError(path, "SONATA spikes, timestamps and node_ids", str(error), _ANEW) from None


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
        return tuple(_populations(file, Path(path)))


@contextmanager
def h5_file(path: str | PathLike[str], mode: str) -> Iterator[Any]:
    """Open an HDF5 file, and close it; BadFileError if it is not one, MockSessionError if h5py is not installed."""
    h5py = h5py_module()
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


def _populations(file: Any, path: Path) -> dict[str, Any]:
    """Return the group that holds the datasets of each population, by name."""
    spikes = file.get("spikes")
    if not hasattr(spikes, "keys"):
        found = ", ".join(str(name) for name in file) or "nothing"
        raise BadFileError(path, "a group /spikes", found, "Give a SONATA spike file.")
    old = hasattr(spikes.get("timestamps"), "shape") and not any(hasattr(spikes.get(name), "keys") for name in spikes)
    # h5py gives bytes for a name that is no UTF-8
    return {NAMELESS: spikes} if old else {os.fsdecode(name): spikes.get(name) for name in spikes}


class Population(NamedTuple):
    """A population of an open file, whose datasets are numbers, one-dimensional and of one length."""

    path: Path
    group: Any  # h5py.Group
    times: Any  # h5py.Dataset, as `ids` is
    ids: Any

    @classmethod
    def of(cls, file: Any, path: Path, name: str | None, choose: str = CHOOSE) -> Population:
        """Return the population of a name, or the only one, after a check of its datasets.

        BadFileError if there is none, several to choose from, or it is not as above.
        """
        known = _populations(file, path)
        names = ", ".join(known)
        if not known:
            raise BadFileError(path, "a population of spikes", "none", "Give a file that has one.")
        if name is None and len(known) != 1:
            found = f"{len(known)}: {names}"[:200]
            raise BadFileError(path, "one population, or a name to choose by", found, choose)
        name = next(iter(known)) if name is None else name
        if name not in known:
            raise BadFileError(path, f"a population {name!r}", names, "Choose one of these.")
        group = known[name]
        old = hasattr(group, "keys") and "gids" in group and "node_ids" not in group
        times = _dataset(group, "timestamps", "fiu", path)
        ids = _dataset(group, "gids" if old else "node_ids", "iu", path)
        if times.shape != ids.shape:
            raise BadFileError(path, "as many timestamps as node_ids", f"{times.size} and {ids.size}", _ANEW)
        return cls(path, group, times, ids)

    @property
    def sorting(self) -> Order:
        """The order that it says it is in; "none" where it says nothing known."""
        value, names = self.group.attrs.get("sorting"), None
        if value is not None:
            names = h5py_module().check_enum_dtype(self.group.attrs.get_id("sorting").dtype)
        if names:
            value = {number: name for name, number in names.items()}.get(int(value))
        return next((order for order in ORDERS if order == _text(value)), "none")

    def check_own(self, file: Any) -> None:
        """Check that its datasets lie in the file itself."""
        for dataset in (self.times, self.ids):
            if dataset.file.filename != file.filename or dataset.external or dataset.is_virtual:
                raise BadFileError(self.path, f"{dataset.name} in the file itself", "a link to another file", _ANEW)

    def blocks(self) -> Iterator[SpikeBlock]:
        """Yield its spikes, at most 2**20 at a time."""
        scale = self._scale()
        stop, groups = self._duration_ms(scale), self._groups()
        at = 0
        while at < self.times.size or at == 0:
            yield self._block(slice(at, at + BLOCK), scale)._replace(stop_ms=stop, groups=groups)
            at += BLOCK

    def _block(self, part: slice, scale: float) -> SpikeBlock:
        where = f"in spikes {part.start} to {part.stop}"
        try:
            return SpikeBlock(checked_times(self.times[part] * scale), checked_ids(self.ids[part]))
        except MockSessionError as error:
            raise BadFileError(self.path, f"{error.expected} {where}", error.found, error.remedy) from None

    def _scale(self) -> float:
        units = _text(self.times.attrs.get("units", ""))
        if units not in _UNITS:
            remedy = "Write the times in ms, and milliseconds as their units."
            raise BadFileError(self.path, "timestamps in milliseconds", f"units {units!r}", remedy)
        return _UNITS[units]

    def _duration_ms(self, scale: float) -> float:
        stop = self.group.attrs.get("duration_ms")
        if isinstance(stop, float) and 0 <= stop < np.inf:
            return float(stop)
        parts = (self.times[at : at + BLOCK] for at in range(0, self.times.size, BLOCK))
        return float(max((part.max() for part in parts), default=0.0) * scale)

    def _groups(self) -> dict[str, range]:
        try:
            stored = json.loads(self.group.attrs.get("groups", "{}"))
            return {str(name): range(int(first), int(last)) for name, (first, last) in stored.items()}
        except (AttributeError, TypeError, ValueError, RecursionError):
            return {}  # another program's attribute


def _dataset(group: Any, key: str, kinds: str, path: Path) -> Any:
    """Return a dataset after a check of its shape and type."""
    dataset: Any = group.get(key) if hasattr(group, "get") else None
    shape = getattr(dataset, "shape", None)
    if shape is None or len(shape) != 1:
        found = "none" if shape is None else f"shape {shape}"
        raise BadFileError(path, f"a dataset {group.name}/{key} of one dimension", found, _ANEW)
    if dataset.dtype.kind not in kinds and shape[0] > 0:
        expected = f"{'whole ' if kinds == 'iu' else ''}numbers in {group.name}/{key}"
        raise BadFileError(path, expected, f"values of type {dataset.dtype}", _ANEW)
    stored = dataset.id.get_storage_size()
    if not dataset.is_virtual and not dataset.external and dataset.nbytes > stored * MOST_PACKED:
        expected = (
            f"at most {stored * MOST_PACKED // dataset.dtype.itemsize} values in {group.name}/{key}, by its bytes"
        )
        raise BadFileError(path, expected, shape[0], _ANEW)
    return dataset


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


register(SpikeFormat("SONATA", lambda path: True, read_sonata_blocks, rank=1000))
