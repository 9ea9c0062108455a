"""What runs in each worker process."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from .drive import Driver

_driver: Driver | None = None


def begin(root: str) -> None:
    """Make this process's driver, in a folder of its own below `root`."""
    global _driver
    _driver = Driver(Path(tempfile.mkdtemp(dir=root)))


def run(seed: int, indexes: range, whole: int) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Run the cases of these numbers."""
    assert _driver is not None
    return _driver.run(seed, indexes, whole)
