"""Packages that an extra of mockrawio installs; a missing one is an error that says how to install it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from .errors import MockSessionError


class MissingExtraError(MockSessionError, ImportError):
    """A package that is needed is not installed.

    Parameters
    ----------
    name : str
        The package.
    purpose : str
        What it is needed for.
    remedy : str
        What installs it.
    """

    def __init__(self, name: str, purpose: str, remedy: str) -> None:
        super().__init__(name, f"it to be installed, for {purpose}", "that it is not", remedy)
        self.name = name
        self._given = name, purpose, remedy

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str, str]]:
        return type(self), self._given


@contextmanager
def by_extra(purpose: str, extra: str) -> Iterator[None]:
    """Context in which a package of an extra is imported: a MissingExtraError if it is not installed.

    A package that is installed and does not work raises its own ImportError.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        name = (error.name or extra).partition(".")[0]
        remedy = f"Run pip install 'mockrawio[{extra}]', or pip install '.[{extra}]' in a source tree."
        raise MissingExtraError(name, purpose, remedy) from error


def extra_module(name: str, purpose: str, extra: str) -> Any:
    """Return a module that an extra brings; see :func:`by_extra`."""
    with by_extra(purpose, extra):
        return import_module(name)


def h5py_module() -> Any:
    """Return h5py, for SONATA files."""
    return extra_module("h5py", "SONATA files", "sonata")
