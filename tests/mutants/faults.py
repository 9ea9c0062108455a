"""The faults that a module can have: each changes one operator, number, condition or call of it.

What only words an error, annotations, and whether zip is strict are left alone. The order of a file's faults is that
of its text.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

COMPARED = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
COMPUTED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
WORDS = {"BadFileError", "BadTypeError", "BoundsError", "MockSessionError", "Text", "warn"}  # calls that make messages
NOT_RUN = {"annotation", "returns", "decorator_list", "bases"}

Change = Callable[[Any], None]


class Fault(NamedTuple):
    """One fault of a file."""

    line: int
    text: str  # of that line
    before: str
    after: str


def faults(path: Path) -> list[Fault]:
    """Return all faults of a file."""
    source, found = path.read_text(encoding="utf-8"), []
    lines = source.split("\n")
    for node, change in _all(ast.parse(source)):
        other = copy.copy(node)
        change(other)
        found.append(Fault(node.lineno, lines[node.lineno - 1].strip(), _said(node), _said(other)))
    return found


def faulty(path: Path, number: int) -> ast.Module:
    """Return a file's code with one of its faults."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    node, change = list(_all(tree))[number]
    change(node)
    return ast.fix_missing_locations(tree)


def _all(tree: ast.Module) -> Iterator[tuple[Any, Change]]:
    for node in _places(tree):
        for change in _changes(node):
            yield node, change


def _said(node: Any) -> str:
    return ast.unparse(node).split("\n")[0]


def _places(node: ast.AST) -> Iterator[Any]:
    """Yield the nodes that may be changed."""
    of_words = isinstance(node, (ast.Raise, ast.JoinedStr)) or _is_words(node)
    if of_words or _is_for_types(node) or _is_own_check(node):
        return
    if isinstance(node, (ast.expr, ast.stmt)):
        yield node
    for name, value in ast.iter_fields(node):
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, ast.AST) and name not in NOT_RUN:
                yield from _places(inner)


def _is_words(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WORDS


def _is_own_check(node: ast.AST) -> bool:
    """Return True for zip's look whether lengths agree, which they do but by a mistake of ours."""
    return isinstance(node, ast.keyword) and node.arg == "strict" and getattr(node.value, "value", None) is True


def _is_for_types(node: ast.AST) -> bool:
    """Return True for what is there for a type checker alone: an import, or a type's name."""
    of_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
    return of_types or (
        isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id[0].isupper()
    )


def _changes(node: Any) -> Iterator[Change]:
    """Yield what may be done to a node."""
    if isinstance(node, ast.Compare):
        yield from (_setter("ops", [other(), *node.ops[1:]]) for other in COMPARED[type(node.ops[0])])
    elif isinstance(node, ast.BinOp) and type(node.op) in COMPUTED:
        yield _setter("op", COMPUTED[type(node.op)]())
    elif isinstance(node, ast.BoolOp):
        yield _setter("op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.Constant):
        yield from (_setter("value", value) for value in _numbers(node.value))
    elif isinstance(node, (ast.If, ast.IfExp)):
        yield from (_setter("test", ast.Constant(value)) for value in (True, False))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield _setter("value", ast.Constant(None))


def _numbers(value: Any) -> list[Any]:
    if type(value) is bool:
        return [not value]
    if type(value) is int:
        return [value + 1, value - 1]
    return [value * 2, value / 2] if type(value) is float and value else []


def _setter(field: str, value: Any) -> Change:
    return lambda node: setattr(node, field, value)
