"""The package's modules as Python parses them, which is done once for all the tests that look at code."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TypeVar

import mockrawio

PACKAGE = Path(mockrawio.__file__).parent
Node = TypeVar("Node", bound=ast.AST)


@cache
def trees() -> dict[str, ast.Module]:
    """Return the tree of each module, by its path below the package."""
    return {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")}


@cache
def _nodes(module: str) -> dict[type, list[ast.AST]]:
    """Return what a module's tree is made of, by kind, each as `ast.walk` finds it."""
    found: dict[type, list[ast.AST]] = {}
    for node in ast.walk(trees()[module]):
        found.setdefault(type(node), []).append(node)
    return found


def nodes(module: str, kind: type[Node]) -> list[Node]:
    """Return a module's nodes of a kind, from the outside in."""
    return _nodes(module).get(kind, [])  # type: ignore[return-value]
