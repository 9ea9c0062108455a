"""What writers have left beside the sessions of a corpus, and which of them will not go on."""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path

from ..ground.durable import Leftover, littered

ABANDONED_S = 86_400.0  # no live writer is silent for a day


@lru_cache(maxsize=16)  # a folder whose time is the same has the same names: one look for all of a patient's sessions
def littered_now(folder: str, mtime_ns: int) -> set[str]:
    """Return the names beside which writers have left something, of a folder as it is at a time."""
    return littered(folder)


def is_beaten(left: Leftover) -> bool:
    """Return True if a writer has died, or is of another machine: it can no longer land beside a new session.

    Nothing else tells what a dead worker of another machine has left.
    """
    return not left.in_use or (left.elsewhere and left.purpose == "partial")


def is_abandoned(left: Leftover) -> bool:
    """Return True if a writer has died, or is of another machine and has written nothing for a day."""
    return not left.in_use or (left.elsewhere and left.purpose == "partial" and _idle_s(left.path) > ABANDONED_S)


def _idle_s(folder: Path) -> float:
    """Return the seconds since anything in a folder last changed."""
    try:
        return time.time() - max(path.lstat().st_mtime for path in (folder, *folder.rglob("*")))
    except OSError:  # it has changed just now
        return 0.0
