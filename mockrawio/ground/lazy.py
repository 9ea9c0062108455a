"""Names of a package whose modules are imported when one of them is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any


def imported(package: str, name: str, homes: Mapping[str, str]) -> Any:
    """Return what a package's ``__getattr__`` is asked for, from the module below it that is the name's home."""
    if name not in homes:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    return getattr(import_module(f"{package}.{homes[name]}"), name)
