"""Spikes in text files as bmtk has them, read and written in bounded memory.

- A line for each spike, its columns ``timestamps population node_ids`` in any order, by the names in
  the first line. ``population`` may be missing. Without names it is ``timestamps node_ids``, or all
  three in that order.
- Or, as its first versions had it, a line for each node: ``gid spike-times``, the times with commas.

Columns are parted by blanks; or by commas, if the first line says so. Times are in ms.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, compress
from os import PathLike
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np

from ...ground.checks import require
from ...ground.durable import naming, refuse_taken, whole_file
from ...ground.errors import BadFileError
from ...ground.regular import only_regular
from . import CHOOSE, SpikeFormat, register
from .blocks import NAMELESS, SpikeBlock, SpikesLike, blocks_of

HEADER = ("timestamps", "population", "node_ids")
BLOCK = 1 << 20  # characters at a time: some 50,000 spikes
MOST_LINE = 1 << 24  # characters: a million spikes of one node
MOST_NAMES = 10  # of populations, in a message
_TIMES, _NODES = ("timestamps", "spike-times", "spike_times"), ("node_ids", "node_id", "gid", "gids")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NAME_THEM = f"Let the first line name the columns, as in: {' '.join(HEADER)}."
_DIGITS, _NUMERALS = frozenset("0123456789"), frozenset("0123456789+-.eE")
_END = "\0"  # stands for the end of a line, among its cells
_CORRECT = "Correct that line, or take it out."

Line = tuple[int, str]  # its number, from 1
Rows = tuple[Sequence[str], list[float], list[int]]  # of each spike: population, time, node


def read_csv_blocks(
    path: str | PathLike[str], population: str | None = None, choose: str = CHOOSE, *, own: bool = False
) -> Iterator[SpikeBlock]:
    """Read spikes of a population as a :func:`~mockrawio.formats.spikes.read_spikes`, a MiB of the file at a time.

    Spikes without a population are of one called "default". They last to the latest so far, and have
    no groups. An error names the line at fault.
    """
    path = Path(path)
    known: dict[str, None] = {}
    last = 0.0
    for names, times, nodes in _parsed(path):
        for name in dict.fromkeys(names):
            if name not in known and len(known) <= MOST_NAMES:
                known[name] = None
                _check_one(path, known, population, choose)
        mine = [population in (None, name) for name in names]
        times_ms = np.array([*compress(times, mine)], np.float64)
        last = max(last, float(times_ms.max(initial=0.0)))
        yield SpikeBlock(times_ms, np.array([*compress(nodes, mine)], np.uint64), last)
    if population is not None and population not in known and known:
        raise BadFileError(path, f"a population {population!r}", _some(known), "Choose one of these.")


def _check_one(path: Path, names: dict[str, None], population: str | None, choose: str) -> None:
    if population is None and len(names) > 1:
        raise BadFileError(path, "one population, or a name to choose by", f"{_some(names)}, maybe more", choose)


def _some(names: dict[str, None]) -> str:
    return ", ".join(list(names)[:MOST_NAMES])


class _Columns(NamedTuple):
    """Which column is which, of how many; whether commas part them, and whether a line has many times."""

    times: int
    nodes: int
    population: int | None
    n_cells: int
    commas: bool = False
    many: bool = False

    def cells(self, line: str) -> list[str]:
        """Return a line's cells; a node without times lacks that cell."""
        cells = _split(line, self.commas)
        return [*cells, ""] if self.many and len(cells) == self.times == self.n_cells - 1 else cells


def _split(line: str, commas: bool) -> list[str]:
    return [cell.strip() for cell in line.split(",")] if commas else line.split()


def _columns(path: Path, line: str) -> tuple[_Columns, bool]:
    """Return what the columns are, by the first line, and whether it has their names."""
    commas = "," in line.split()[0]
    cells = _split(line, commas)
    if _NUMBER.fullmatch(cells[0]):
        if len(cells) == 2 and "," in cells[1]:
            return _Columns(1, 0, None, 2, many=True), False
        if len(cells) not in (2, 3):
            raise BadFileError(path, "two or three columns", f"{len(cells)} in the first line", _NAME_THEM)
        return _Columns(0, len(cells) - 1, 1 if len(cells) == 3 else None, len(cells), commas), False
    times, nodes, population = (
        next((k for k, cell in enumerate(cells) if cell in known), None) for known in (_TIMES, _NODES, HEADER[1:2])
    )
    if times is None or nodes is None:
        found = ", ".join(cells)[:200]
        raise BadFileError(path, "columns timestamps and node_ids, or gid and spike-times", found, _NAME_THEM)
    return _Columns(times, nodes, population, len(cells), commas, cells[times] != "timestamps" and not commas), True


def _parsed(path: Path) -> Iterator[Rows]:
    """Yield the spikes of a limited number of lines at a time, at least once."""
    lines = _lines(path)
    first = next(lines, None)
    if first is None:
        raise BadFileError(path, "spikes, or a line that names columns", "nothing", _NAME_THEM)
    columns, named = _columns(path, first[1])
    doubtful = 0 if named else first[0]
    for block in _blocks(lines if named else chain([first], lines)):
        yield _at_once(columns, block) or _one_by_one(path, columns, block, doubtful)


def _blocks(lines: Iterator[Line]) -> Iterator[list[Line]]:
    block: list[Line] = []
    size = 0
    for line in lines:
        block.append(line)
        size += len(line[1])
        if size >= BLOCK:
            yield block
            block, size = [], 0
    yield block


def _at_once(columns: _Columns, block: list[Line]) -> Rows | None:
    """Return the spikes of lines that blanks part and that are all in order, or None."""
    if columns.many or columns.commas or not block:
        return None
    text, n = "".join(line for _, line in block), columns.n_cells
    text = (text if text.endswith("\n") else f"{text}\n").replace("\n", f" {_END} ")
    cells = text.split()
    ends = [_END] * len(block)
    if cells[n :: n + 1] != ends or len(cells) != len(block) * (n + 1) or cells.count(_END) != len(block):
        return None
    times, nodes = cells[columns.times :: n + 1], cells[columns.nodes :: n + 1]
    if not (_NUMERALS.issuperset("".join(times)) and _DIGITS.issuperset("".join(nodes))):
        return None
    try:
        values, ids = [*map(float, times)], [*map(int, nodes)]
    except ValueError:
        return None
    if not (min(values) >= 0 and max(values) < math.inf and max(ids) < 2**64):
        return None
    return [NAMELESS] * len(ids) if columns.population is None else cells[columns.population :: n + 1], values, ids


def _one_by_one(path: Path, columns: _Columns, block: list[Line], doubtful: int) -> Rows:
    """Return the spikes of lines, or raise the error of the first that is not in order."""
    names: list[str] = []
    times: list[float] = []
    nodes: list[int] = []
    for number, line in block:
        cells = columns.cells(line)
        if len(cells) != columns.n_cells:
            raise BadFileError(path, f"{columns.n_cells} columns in line {number}", len(cells), _CORRECT)
        texts = [*filter(None, cells[columns.times].strip('"').split(","))] if columns.many else [cells[columns.times]]
        node = _node(path, number, cells[columns.nodes], _NAME_THEM if number == doubtful else _CORRECT)
        times += [_time(path, number, text) for text in texts]
        nodes += [node] * len(texts)
        names += [NAMELESS if columns.population is None else cells[columns.population]] * len(texts)
    return names, times, nodes


def _time(path: Path, number: int, text: str) -> float:
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not 0 <= value < math.inf:
        raise BadFileError(path, f"a finite time from 0 in line {number}", f"{text[:80]!r}", _CORRECT)
    return value


def _node(path: Path, number: int, text: str, remedy: str) -> int:
    value = int(text) if text.isascii() and text.isdecimal() and len(text) <= 20 else -1
    if not 0 <= value < 2**64:
        raise BadFileError(path, f"a whole id from 0 in line {number}", f"{text[:80]!r}", remedy)
    return value


def _lines(path: Path) -> Iterator[Line]:
    """Yield the lines that are not blank, with their numbers from 1."""
    number = 1
    with open(path, encoding="utf-8-sig", opener=only_regular) as file:
        while line := _line(path, file, number):
            if not line.isspace():
                yield number, line
            number += 1


def _line(path: Path, file: TextIO, number: int) -> str:
    try:
        line = file.readline(MOST_LINE)
    except UnicodeDecodeError as error:
        raise BadFileError(path, "text in UTF-8", f"{error} after line {number - 1}", "Convert the file.") from None
    if len(line) == MOST_LINE and not line.endswith("\n"):
        remedy = "Write a line for each spike."
        raise BadFileError(path, f"at most {MOST_LINE} characters in line {number}", "more", remedy)
    return line


def write_spikes_csv(
    path: str | PathLike[str],
    spikes: SpikesLike | Iterable[SpikesLike],
    *,
    population: str = NAMELESS,
    overwrite: bool = False,
) -> Path:
    """Write spikes as bmtk's text file, completely or not at all, in bounded memory.

    Parameters
    ----------
    path : str or PathLike
        The file to make; its folder is created if necessary.
    spikes : Raster or iterable of Raster
        The spikes, or stretches of them, each taken when the last is written; in the order given.
    population : str
        The population's name.
    overwrite : bool
        Whether to replace an existing file.

    Returns
    -------
    Path
        The file: ``timestamps population node_ids``, times in ms to the last digit.

    Raises
    ------
    SessionExistsError
        If `path` is there and `overwrite` is false.
    NotWrittenError
        If the file system refuses; what was there is then as it was.
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
        for block in blocks_of(spikes):
            pairs = zip(block.times_ms.tolist(), block.node_ids.tolist(), strict=True)
            _append(staging, target, (f"{time} {population} {node}\n" for time, node in pairs))
    return target


def _append(staging: Path, target: Path, lines: Iterable[str]) -> None:
    with naming(target), open(staging, "a", encoding="utf-8", newline="\n", opener=only_regular) as file:
        file.writelines(lines)


register(SpikeFormat(".csv", lambda path: path.suffix.lower() == ".csv", read_csv_blocks))
