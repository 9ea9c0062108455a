"""Spikes in text files, as bmtk reads and writes them beside SONATA."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path

from ..formats.sonata import NAMELESS
from ..formats.spikes_csv import HEADER, spike_blocks
from ..ground.durable import naming, refuse_taken, whole_file
from .checks import require
from .raster import Raster, Selection, join

__all__ = ["iter_spikes_csv", "read_spikes_csv", "write_spikes_csv"]


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
    t_start, t_stop : float or None
        Only spikes at `t_start` or later and before `t_stop`, in ms.
    node_ids : array_like of int, or None
        Only spikes of these units.

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
    """Read as :func:`read_spikes_csv`, in bounded memory.

    Parameters
    ----------
    path, population, t_start, t_stop, node_ids
        As there.

    Yields
    ------
    Raster
        A MiB of the file each, in its order, lasting to the latest so far; at least
        one, which may be empty.

    Raises
    ------
    MockSessionError
        As there, once the line at fault is reached.
    """
    wanted, last = Selection.of(t_start, t_stop, node_ids), 0.0
    for times, nodes in spike_blocks(path, population):
        last = max(last, float(times.max(initial=0.0)))
        yield wanted.of_spikes(times, nodes, {}, last)


def write_spikes_csv(
    path: str | PathLike[str],
    spikes: Raster | Iterable[Raster],
    *,
    population: str = NAMELESS,
    overwrite: bool = False,
) -> Path:
    """Write spikes as bmtk's text file, whole or not at all, in bounded memory.

    Parameters
    ----------
    path : str or PathLike
        The file to make; its folder is made as needed.
    spikes : Raster or iterable of Raster
        The spikes, or stretches of them, each taken when the last is written; in the order given.
    population : str
        The population's name.
    overwrite : bool
        Whether a file that is there already may be replaced.

    Returns
    -------
    Path
        The file: ``timestamps population node_ids``, times in ms to the last digit.

    Raises
    ------
    SessionExistsError
        If `path` is there and `overwrite` is false.
    NotWrittenError
        If the file system does not let it be; what was there is then as it was.
    MockSessionError
        If the population has no name of one word.
    """
    target = Path(path).absolute()
    word = isinstance(population, str) and population.split() == [population] and population.isprintable()
    ok = word and not set(population) & set("\",'")
    require(ok, "population", "a name of one word, no quotes or commas", population)
    if not overwrite:
        refuse_taken(target)
    with whole_file(target, overwrite=overwrite) as staging:
        _append(staging, target, [" ".join(HEADER) + "\n"])
        for block in [spikes] if isinstance(spikes, Raster) else spikes:
            pairs = zip(block.times_ms.tolist(), block.node_ids.tolist(), strict=True)
            _append(staging, target, (f"{time} {population} {node}\n" for time, node in pairs))
    return target


def _append(staging: Path, target: Path, lines: Iterable[str]) -> None:
    with naming(target), open(staging, "a", encoding="utf-8", newline="\n") as file:
        file.writelines(lines)
