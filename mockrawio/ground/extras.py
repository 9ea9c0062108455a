"""Modules that the package's extras bring, imported where they are used."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from .errors import MockSessionError

__all__ = ["extra_module", "h5py_module", "toml_module"]


def extra_module(name: str, purpose: str, extra: str) -> Any:
    """Return a module that an extra brings.

    Raises
    ------
    MockSessionError
        If it is not installed, with the command that installs it.
    """
    try:
        return import_module(name)
    except ImportError:
        remedy = f"Run pip install 'mockrawio[{extra}]'."
        raise MockSessionError(name, f"it to be installed, for {purpose}", "that it is not", remedy) from None


def h5py_module() -> Any:
    """Return h5py, for SONATA files."""
    return extra_module("h5py", "SONATA files", "sonata")


def toml_module(extra: str) -> Any:
    """Return Python's TOML reader, or the package that stands in for it before Python 3.11."""
    return extra_module("tomllib" if sys.version_info >= (3, 11) else "tomli", "TOML files", extra)
