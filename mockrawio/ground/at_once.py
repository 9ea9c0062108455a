"""Work of which each piece waits for a server, done at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

TOGETHER = 16  # pieces at the same time
Item = TypeVar("Item")
Done = TypeVar("Done")


def at_once(work: Callable[[Item], Done], items: Iterable[Item], waits: bool) -> Iterator[Done]:
    """Yield what work on each item returns, in their order; one after another where none of it waits."""
    if not waits:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(TOGETHER, "mockrawio-waiting") as pool:
        yield from pool.map(work, items)
