"""The table: rows that have been raced, as text, as reStructuredText and as JSON."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from tests.rst import list_table

from .cold import ColdRead
from .race import OURS, Contest, Goal, cores, race
from .rows import Row

PACKAGES = ("numpy", "neo", "spikeinterface", "pandas", "nixio")
HEADINGS = ("What", "Ours", "Peer", "Its time", "Times ours", "Goal")
WIDTHS = (38, 10, 22, 10, 10, 18)
COLD = ("What", "Asked for", "Fetched", "Of", "Time")
COLD_WIDTHS = (44, 14, 14, 14, 14)


@dataclass(frozen=True)
class Result:
    """What came out of a row.

    Attributes
    ----------
    row : Row
    ours : float
        Seconds.
    peers : dict
        Seconds, by name.
    missing : dict
        Why a peer did not take part, by name.
    """

    row: Row
    ours: float
    peers: dict[str, float]
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without one, or without its peer."""
        goal = self.row.goal
        return None if goal is None else goal.met({OURS: self.ours, **self.peers})

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, times in seconds."""
        goal = self.row.goal
        return {
            "name": self.row.name,
            "what": self.row.title,
            "ours_s": self.ours,
            "peers_s": dict(self.peers),
            "missing": dict(self.missing),
            "goal": None if goal is None else {"limit": goal.limit, "peer": goal.peer},
            "met": self.met,
        }


def run(row: Row, *, rounds: int, budget_s: float) -> Result:
    """Race a row."""
    contest: Contest = row.make()
    best = race(contest, rounds=rounds, budget_s=budget_s)
    return Result(row, best.pop(OURS), best, dict(contest.missing))


def environment() -> dict[str, Any]:
    """Return what the times depend on: versions, and the number of cores."""
    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = "not installed"
    machine = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system()}
    return {**machine, "cores": cores(), "packages": packages}


def environment_line() -> str:
    """Return the same as a sentence."""
    about = environment()
    packages = ", ".join(f"{name} {found}" for name, found in about["packages"].items() if found != "not installed")
    return f"{about['cores']} cores, {about['machine']}, {about['system']}, Python {about['python']}, {packages}"


def _cells(result: Result) -> Iterator[tuple[str, ...]]:
    """Yield a line for each peer; the first has what is said once."""
    head = (result.row.title, duration(result.ours))
    tail = (_goal(result),)
    peers = [(name, duration(s), f"{s / result.ours:.2f}") for name, s in result.peers.items()]
    peers += [(name, "missing", why) for name, why in result.missing.items()]
    for first, peer in enumerate(peers):
        yield (*(("", "") if first else head), *peer, *(("",) if first else tail))


def _goal(result: Result) -> str:
    goal: Goal | None = result.row.goal
    if goal is None:
        return ""
    limit = f"{goal.limit:.2g} x {goal.peer}" if goal.peer else duration(goal.limit)
    return f"≤ {limit}: {({True: 'met', False: 'NOT MET', None: 'no peer'})[result.met]}"


def duration(seconds: float) -> str:
    """Return seconds with three digits and the unit that suits them."""
    for scale, unit in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def heading() -> list[str]:
    """Return the first lines of the table as text."""
    return [_aligned(HEADINGS), _aligned(tuple("-" * len(name) for name in HEADINGS))]


def lines(result: Result) -> list[str]:
    """Return a row as lines of text."""
    return [_aligned(cells) for cells in _cells(result)]


def _aligned(cells: tuple[str, ...]) -> str:
    left = (0, 2, 5)
    columns = zip(cells, (52, 10, 26, 10, 10, 0), strict=True)
    padded = [f"{cell:<{width}}" if k in left else f"{cell:>{width}}" for k, (cell, width) in enumerate(columns)]
    return "  ".join(padded).rstrip()


def rst(results: Iterable[Result]) -> str:
    """Return the table as reStructuredText, with the line of the environment above it."""
    cells = [cells for result in results for cells in _cells(result)]
    return f"{environment_line()}.\n\n" + list_table([HEADINGS, *cells], WIDTHS)


def cold_lines(reads: Iterable[ColdRead]) -> list[str]:
    """Return what was read from the disk as lines of text, with headings; nothing for nothing."""
    cells = [_cold_cells(read) for read in reads]
    table = [COLD, tuple("-" * len(name) for name in COLD), *cells] if cells else []
    return ["", *(f"{row[0]:<52}" + "".join(f"  {cell:>12}" for cell in row[1:]) for row in table)] if table else []


def cold_rst(reads: Iterable[ColdRead]) -> str:
    """Return the same as reStructuredText, with a line above it."""
    return "\nWith nothing in the page cache:\n\n" + list_table([COLD, *map(_cold_cells, reads)], COLD_WIDTHS)


def _cold_cells(read: ColdRead) -> tuple[str, ...]:
    return (read.what, *map(size, (read.asked, read.fetched, read.stored)), duration(read.seconds))


def size(n_bytes: int) -> str:
    """Return a number of bytes with three digits and the unit that suits it."""
    for scale, unit in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if n_bytes >= scale:
            return f"{n_bytes / scale:.3g} {unit}"
    return f"{n_bytes} B" if n_bytes else "nothing"
