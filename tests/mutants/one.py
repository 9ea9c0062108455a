"""``python -m tests.mutants.one FILE NUMBER [PYTEST'S ARGUMENTS]``: the tests, with one fault in one file.

Processes that a test starts do not have it.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .faults import faulty


class Faulty(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one file with a fault in it, by whatever name it is asked for; the file stays as it is."""

    def __init__(self, path: Path, tree: ast.Module) -> None:
        self._path, self._tree = path.resolve(), tree

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return a spec for the file, and for nothing else."""
        last = name.rpartition(".")[2]
        for folder in map(Path, sys.path if path is None else path):
            for file, inside in ((folder / f"{last}.py", None), (folder / last / "__init__.py", [str(folder / last)])):
                if file.resolve() == self._path:
                    options: dict[str, Any] = {"loader": self, "submodule_search_locations": inside}
                    return importlib.util.spec_from_file_location(name, file, **options)
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Run the file with its fault."""
        exec(compile(self._tree, str(self._path), "exec"), module.__dict__)

    def get_source(self, name: str) -> str:
        """Return the file's text, for tracebacks."""
        return self._path.read_text(encoding="utf-8")


if __name__ == "__main__":
    given = Path(sys.argv[1])
    if sys.argv[2] != "none":
        sys.meta_path.insert(0, Faulty(given, faulty(given, int(sys.argv[2]))))
    sys.exit(pytest.main([*sys.argv[3:], "-x", "-q", "-n", "0", "-p", "no:cacheprovider"]))
