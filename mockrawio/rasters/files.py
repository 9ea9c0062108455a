"""Files of spikes read as rasters, at once or a block at a time; they are written by :mod:`mockrawio.formats`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from typing import Any

from ..formats.spikes.csv import read_csv_blocks
from ..formats.spikes.sonata import read_sonata_blocks
from .raster import Raster, SpikeSelection, join


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
    return join(iter_sonata(path, population, t_start=t_start, t_stop=t_stop, node_ids=node_ids))


def iter_sonata(
    path: str | PathLike[str],
    population: str | None = None,
    *,
    t_start: float | None = None,
    t_stop: float | None = None,
    node_ids: Any = None,
) -> Iterator[Raster]:
    """Read as :func:`read_sonata`, in bounded memory; an error is raised once the block at fault is reached.

    Yields
    ------
    Raster
        At most 2**20 spikes each, in the file's order; at least one, which may be empty.
    """
    return map(SpikeSelection.of(t_start, t_stop, node_ids).of_spikes, read_sonata_blocks(path, population))


def read_spikes_csv(
    path: str | PathLike[str],
    population: str | None = None,
    *,
    t_start: float | None = None,
    t_stop: float | None = None,
    node_ids: Iterable[int] | None = None,
) -> Raster:
    """Read spikes of one population of a text file of bmtk's.

    Parameters
    ----------
    path : str or PathLike
        A file with a line for each spike, ``timestamps population node_ids`` in the order that its
        first line says, with or without ``population``; without names ``timestamps node_ids``, or
        all three. Or the older ``gid spike-times``, a line for each node, its times with commas.
    population : str or None
        Which; None is the only one there is. Spikes without one are of one called "default".
    t_start, t_stop, node_ids
        As for :func:`read_sonata`.

    Returns
    -------
    Raster
        In the file's order, to the last digit. It lasts to the population's last spike, and has
        no groups.

    Raises
    ------
    BadFileError
        If the file is none of these, or a line does not fit, by its number; or it has no such
        population, or several to choose from.
    MockSessionError
        If an argument is not one of the above.
    """
    return join(iter_spikes_csv(path, population, t_start=t_start, t_stop=t_stop, node_ids=node_ids))


def iter_spikes_csv(
    path: str | PathLike[str],
    population: str | None = None,
    *,
    t_start: float | None = None,
    t_stop: float | None = None,
    node_ids: Iterable[int] | None = None,
) -> Iterator[Raster]:
    """Read as :func:`read_spikes_csv`, in bounded memory; an error is raised once the line at fault is reached.

    Yields
    ------
    Raster
        A MiB of the file each, in its order, lasting to the latest so far; at least
        one, which may be empty.
    """
    return map(SpikeSelection.of(t_start, t_stop, node_ids).of_spikes, read_csv_blocks(path, population))
