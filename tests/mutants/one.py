"""``python -m tests.mutants.one TRIAL``: some tests, with a fault in a file from its import on.

TRIAL is a file of JSON: the faulty file, the fault's number and the tests. Processes that a test starts do not have it.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.util
import json
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .faults import faulty

OPTIONS = ["-x", "-q", "-s", "-n", "0", "-p", "no:cacheprovider"]


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


class Chosen:
    """A plugin of pytest: some tests, in their order, and which of them fails first."""

    def __init__(self, tests: list[str], folder: Path) -> None:
        self._tests, self._folder = tests, folder

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Leave the tests that are asked for, by their names or those of what they are in."""
        place = {item.nodeid: [item] for item in items}
        items[:] = [item for test in self._tests for item in place.get(test) or _within(test, items)]

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Say which test failed."""
        if report.failed:
            (self._folder / "failed").write_text(report.nodeid)


def _within(name: str, items: list[Any]) -> list[Any]:
    return [item for item in items if item.nodeid.startswith((f"{name}/", f"{name}::", f"{name}["))]


if __name__ == "__main__":
    given = Path(sys.argv[1])
    file, number, tests = json.loads(given.read_text())
    sys.meta_path.insert(0, Faulty(Path(file), faulty(Path(file), number)))
    files = sorted({test.partition("::")[0] for test in tests})
    sys.exit(pytest.main([*OPTIONS, *files], plugins=[Chosen(tests, given.parent)]))
