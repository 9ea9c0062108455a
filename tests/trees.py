"""The package's modules as Python parses them, which is done once for all the tests that look at code."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import mockrawio

PACKAGE = Path(mockrawio.__file__).parent
Node = TypeVar("Node", bound=ast.AST)
ENDS = {ast.Name, ast.Constant, ast.alias, ast.Load, ast.Store, ast.Del, str, type(None)}  # no node lies below these


@cache
def trees() -> dict[str, ast.Module]:
    """Return the tree of each module, by its path below the package."""
    return {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")}


@cache
def _nodes(module: str) -> dict[type, list[ast.AST]]:
    """Return what a module's tree is made of, by kind, each in the order of `ast.walk`, which takes twice the time."""
    found: dict[type, list[ast.AST]] = {}
    row: list[Any] = [trees()[module]]
    for node in row:  # which grows
        found.setdefault(type(node), []).append(node)
        if type(node) not in ENDS:
            for value in vars(node).values():
                if type(value) is list:
                    row += value
                elif isinstance(value, ast.AST):
                    row.append(value)
    return found


def nodes(module: str, kind: type[Node]) -> list[Node]:
    """Return a module's nodes of a kind, from the outside in."""
    return _nodes(module).get(kind, [])  # type: ignore[return-value]
