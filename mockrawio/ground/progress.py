"""A progress bar for long work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Tick = Callable[[float], object]


@contextmanager
def progress_bar(show: bool, description: str, total: float | None, unit: str = "B", **options: Any) -> Iterator[Tick]:
    """Yield a function to call, from any thread, with the amount done since the last call; show a bar if asked to.

    There is `total` to do, in `unit`, None if that is not known; the bar never passes it. `options` are for ``tqdm``.
    """
    if not show:
        yield lambda size: None
        return
    from tqdm import tqdm  # costs 20 ms, so only if a bar is shown

    lock = threading.Lock()
    with tqdm(total=total, unit=unit, unit_scale=True, desc=description, **options) as bar:

        def tick(size: float) -> None:
            with lock:
                bar.update(size if total is None else min(size, total - bar.n))

        yield tick
