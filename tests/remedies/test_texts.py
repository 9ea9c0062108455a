"""Every remedy in the package is a sentence, and names nothing that cannot be passed."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.trees import nodes, trees

REQUIRES = {"require", "_require"}
THEIRS = {"dtype", "gain"}  # parameters of NumPy's and SpikeInterface's calls that remedies name


def called(call: ast.Call) -> str:
    """Return the name of what is called, without what it is an attribute of."""
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def remedy_of(call: ast.Call) -> ast.expr | None:
    """Return the remedy that a call is given, if it makes or asks for an error."""
    named = [keyword.value for keyword in call.keywords if keyword.arg == "remedy"]
    place = 4 if called(call) in REQUIRES else 3 if called(call).endswith("Error") else None
    if named or place is None:
        return named[0] if named else None
    return call.args[place] if len(call.args) > place else None


def texts(value: ast.expr) -> list[str]:
    """Return the texts that an expression may be, what is filled in as ``{}``; none where that cannot be seen."""
    if isinstance(value, ast.Constant):
        return [value.value] if isinstance(value.value, str) else []
    if isinstance(value, ast.JoinedStr):
        return ["".join(part.value if isinstance(part, ast.Constant) else "{}" for part in value.values)]
    if isinstance(value, ast.IfExp):
        return [*texts(value.body), *texts(value.orelse)]
    if isinstance(value, ast.BoolOp):
        return [text for part in value.values for text in texts(part)]
    if isinstance(value, ast.Call) and called(value) in ("Text", "Clause"):
        return ["".join(parts) for parts in itertools.product(*(texts(part) or ["{}"] for part in value.args))]
    if isinstance(value, ast.Call) and called(value) == "Argument":
        return [f"{name}{'=' * (len(value.args) > 1)}" for name in texts(value.args[0]) or ["{}"]]
    return []


def pairs(module: str) -> Iterator[tuple[ast.AST, ast.expr]]:
    """Yield what is given a value in a module, in tuples too, with the value; and the defaults of parameters."""
    for node in nodes(module, ast.Assign):
        target, value = node.targets[0], node.value
        both = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
        yield from zip(target.elts, value.elts, strict=True) if both else [(target, value)]
    for node in nodes(module, ast.FunctionDef):
        given, defaults = [*node.args.posonlyargs, *node.args.args], node.args.defaults
        yield from zip(given[len(given) - len(defaults) :], defaults, strict=True)


@cache
def assigned(module: str) -> dict[str, list[str]]:
    """Return the texts that each name of a module is given, as defaults of parameters too."""
    found: dict[str, list[str]] = {}
    for target, value in pairs(module):
        name = getattr(target, "id", getattr(target, "arg", ""))
        found.setdefault(name, []).extend(texts(value))
    return found


def remedies() -> list[tuple[str, int, str]]:
    """Return the module, line and text of each remedy."""
    constants = {name: said for module in trees() for name, said in assigned(module).items() if name.isupper()}
    rows = []
    for module in sorted(trees()):
        own = assigned(module)
        for call in nodes(module, ast.Call):
            remedy = remedy_of(call)
            if remedy is None:
                continue
            said = own.get(remedy.id) or constants.get(remedy.id, []) if isinstance(remedy, ast.Name) else texts(remedy)
            rows += [(module, call.lineno, text) for text in said]
    return rows


@cache
def parameters() -> set[str]:
    """Return the names of the parameters of all public functions, and of the fields of public classes."""
    names = set()
    for module in trees():
        for node in nodes(module, ast.ClassDef):
            if not node.name.startswith("_"):
                names |= {item.target.id for item in node.body if isinstance(item, ast.AnnAssign)}
        for node in nodes(module, ast.FunctionDef):
            if not node.name.startswith("_") or node.name == "__init__":
                names |= {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
    return names


ROWS = remedies()


def test_they_are_found():
    """The rows below are the remedies of the package, not a few of them."""
    assert len(ROWS) > 350
    modules = {module for module, _, _ in ROWS}
    assert {"rasters/raster.py", "ground/folder.py", "formats/npy.py", "formats/sorters/phy.py", "io.py"} <= modules
    assert ("rasters/checks.py", "Leave one out.") in {(module, text) for module, _, text in ROWS}


def test_a_remedy_is_a_sentence():
    """It is not empty, starts with a capital, and ends with one full stop, or asks."""
    sentence = re.compile(r"[A-Z{](?!.*  ).*[^.\s][.?]")
    assert [row for row in ROWS if not sentence.fullmatch(row[2])] == []


@pytest.mark.slow
def test_what_a_remedy_names_can_be_passed():
    """Each ``name=`` in it is a parameter of a public call."""
    known = parameters() | THEIRS
    assert [row for row in ROWS if set(re.findall(r"\b(\w+)=", row[2])) - known] == []
