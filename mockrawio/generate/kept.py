"""Things that are kept when they are made, and made once however many threads ask for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import TypeVar

T = TypeVar("T")


def kept(most: int, make: Callable[[int, int], T]) -> Callable[[int, int], T]:
    """Return a function that keeps the last so many things that another one has made of two numbers."""
    lock, made = Lock(), lru_cache(most)(make)

    def get(seg_index: int, block: int) -> T:
        with lock:
            return made(seg_index, block)

    return get
