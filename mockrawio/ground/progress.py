"""A progress bar for long work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Tick", "progress_bar"]

Tick = Callable[[float], object]


@contextmanager
def progress_bar(show: bool, description: str, total: float | None, unit: str = "B", **options: Any) -> Iterator[Tick]:
    """Give what is to be called, from any thread, with how much more is done; show it if asked to.

    Parameters
    ----------
    show : bool
        Whether there is a bar at all.
    description, unit : str
        What is being made, and of what.
    total : float or None
        How much there is to do, in `unit`, None if that is not known. The bar never passes it.
    **options
        For ``tqdm``.
    """
    if not show:
        yield lambda size: None
        return
    from tqdm import tqdm  # costs 20 ms, which only those who look at it should pay

    lock = threading.Lock()
    with tqdm(total=total, unit=unit, unit_scale=True, desc=description, **options) as bar:

        def tick(size: float) -> None:
            with lock:
                bar.update(size if total is None else min(size, total - bar.n))

        yield tick
