"""Formats of one kind, each a module of a package: a module's last line registers it, and nothing else names it."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules
from typing import Generic, Protocol, TypeVar


class _Named(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def rank(self) -> int: ...


_Entry = TypeVar("_Entry", bound=_Named)


class Registry(Generic[_Entry]):
    """The formats that the modules of a package register; these are imported when the formats are first asked for."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._entries: list[_Entry] = []
        self._complete = False

    def register(self, entry: _Entry) -> None:
        """Add a format."""
        self._entries.append(entry)

    def all(self) -> dict[str, _Entry]:
        """Return the formats by name, by rank and name: of several that fit, the first is taken."""
        if not self._complete:
            for module in iter_modules(import_module(self._package).__path__):
                import_module(f"{self._package}.{module.name}")
            self._complete = True
        return {entry.name: entry for entry in sorted(self._entries, key=lambda entry: (entry.rank, entry.name))}


def either(names: Iterable[str]) -> str:
    """Return names as a text: "a, b or c"."""
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last
