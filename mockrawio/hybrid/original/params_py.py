"""Reads a ``params.py`` as data: its syntax tree is walked, and nothing in it is ever executed.

The contract:

- what docs/hybridfactory.rst, *Parameter files*, lists is understood, and nothing else: literals, arithmetic,
  names given earlier, a few calls (see :mod:`.params_calls`), a choice by ``sys.platform``;
- everything else is refused, with the file, the line and its source;
- what a file can cost is bounded before it is spent: bytes, nesting, numbers, elements made in all.
"""

from __future__ import annotations

import ast
import io
import operator
import re
import sys
import tokenize
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ...ground.errors import BadFileError, MockSessionError
from ...ground.places import read_text
from .params_calls import CALLS, CONSTANTS, DTYPES, PROBES, Budget, Refused, binary, checked_number, unary

MAX_BYTES = 1 << 20
MAX_DEPTH = 100  # of expressions
MAX_CHAIN = 2000  # of tokens that may nest; CPython 3.10 overflows its stack at some 100,000
MAX_FSTRING = 1024  # characters of an f-string, which may hide a chain

MODULES = {"hybridfactory", "hybridfactory.probes", "numpy", "os", "os.path", "sys"}
_REMEDY = "Write plain values, or use the TOML form."
_DATA = "data: literals, numpy arrays, paths, a probe"
_FAILURES = (ArithmeticError, LookupError, MemoryError, RecursionError, TypeError, ValueError)
_FLAT = {tokenize.NUMBER, tokenize.COMMENT, tokenize.NL}
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.USub: operator.neg, ast.Invert: operator.invert}


@dataclass
class ParsedFile:
    """What a parameter file says."""

    path: str
    values: dict[str, Any] = field(default_factory=dict)  # of each name
    lines: dict[str, int] = field(default_factory=dict)  # where each got it
    used: set[str] = field(default_factory=set)  # names that a later line uses


def read_py(path: str) -> ParsedFile:
    """Read hybridfactory's ``params.py`` without running it.

    Raises a BadFileError, with the line at fault, if it cannot be read, is not Python, or holds anything but data.
    """
    body = read_text(path)
    if len(body) > MAX_BYTES:
        raise BadFileError(path, f"at most {MAX_BYTES} bytes", f"{len(body)}", "Keep large arrays in a probe's .npz.")
    text = _text(path, body)
    _check_chains(path, text)
    reader = _Reader(path, text.split("\n"))
    for statement in _parsed(path, text).body:
        reader.statement(statement)
    return reader.parsed


def _text(path: str, body: bytes) -> str:
    """Return the source, which is UTF-8 whatever its first lines say: they could name any codec."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = body.count(b"\n", 0, error.start) + 1
        found = f"byte {body[error.start]:#x}"
        raise BadFileError(f"{path}, line {number}", "UTF-8", found, "Save it as UTF-8.") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        lines = text.split("\n")
        raise _bad_line(path, next(k for k, line in enumerate(lines, 1) if "\0" in line), lines, "a null byte")
    return text


def _parsed(path: str, text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "C:\data" has an escape that is none
            return ast.parse(text)
    except SyntaxError as error:
        raise _bad_line(path, error.lineno or 1, text.split("\n"), error.msg) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise BadFileError(path, "Python source", str(error) or "too much nesting", _REMEDY) from None


def _bad_line(path: str, number: int, lines: list[str], reason: str) -> BadFileError:
    source = lines[number - 1].strip() if number <= len(lines) else ""
    shown = source if len(source) <= 200 else f"{source[:200]} ..."
    return BadFileError(f"{path}, line {number}", _DATA, f"`{shown}`: {reason}", _REMEDY)


def _check_chains(path: str, text: str) -> None:
    """Refuse expressions so long or deep that Python's own parser might not survive them."""
    open_, here = [0], 1
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            here = token.start[0]
            _count(open_, token)
            if sum(open_) > MAX_CHAIN or _is_long_fstring(token):
                raise _bad_line(path, here, text.split("\n"), "too long an expression")
    except (tokenize.TokenError, SyntaxError) as error:
        raise _bad_line(path, here, text.split("\n"), str(error.args[0])) from None


def _count(open_: list[int], token: tokenize.TokenInfo) -> None:
    """Keep, for every bracket that is open, the number of tokens since its last comma."""
    if token.type == tokenize.NEWLINE:
        open_[:] = [0]
    elif token.string == ",":
        open_[-1] = 0
    elif token.string in ("(", "[", "{"):
        open_[-1] += 1
        open_.append(0)
    elif token.string in (")", "]", "}"):
        if len(open_) > 1:
            open_.pop()
    elif token.type not in _FLAT:
        open_[-1] += 1


def _is_long_fstring(token: tokenize.TokenInfo) -> bool:
    if token.type != tokenize.STRING or len(token.string) <= MAX_FSTRING:
        return False
    return "f" in re.split("['\"]", token.string, maxsplit=1)[0].lower()


class _Reader:
    """Walks the statements of one file."""

    def __init__(self, path: str, lines: list[str]) -> None:
        self.parsed = ParsedFile(path)
        self.source = lines
        self.modules: dict[str, str] = {}
        self.budget = Budget()
        self.depth = 0

    def statement(self, node: ast.stmt) -> None:
        try:
            self._statement(node)
        except Refused as refused:
            line = refused.line or node.lineno
            raise _bad_line(self.parsed.path, line, self.source, str(refused)) from None

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self._import(alias.name, alias.asname)
        elif isinstance(node, ast.ImportFrom):
            self._import_from(node)
        elif isinstance(node, ast.Assign):
            value = self.value(node.value)
            for target in node.targets:
                self._assign(target, value)
        elif not _is_nothing(node):
            raise Refused(f"{_called(node)} is not data")

    def _assign(self, target: ast.expr, value: Any) -> None:
        if not isinstance(target, ast.Name):
            raise Refused("a value is given to something other than a name")
        self.parsed.values[target.id] = value
        self.parsed.lines[target.id] = target.lineno
        self.modules.pop(target.id, None)

    def _import(self, module: str, name: str | None) -> None:
        if module not in MODULES:
            raise Refused(f"only {', '.join(sorted(MODULES))} may be imported")
        self._bind(name or module.split(".")[0], module if name else module.split(".")[0])

    def _import_from(self, node: ast.ImportFrom) -> None:
        if node.level or node.module not in MODULES:
            raise Refused(f"only {', '.join(sorted(MODULES))} may be imported")
        for alias in node.names:
            if alias.name == "*":
                raise Refused("import the names that are used, not *")
            self._bind(alias.asname or alias.name, f"{node.module}.{alias.name}")

    def _bind(self, name: str, dotted: str) -> None:
        self.modules[name] = dotted
        self.parsed.values.pop(name, None)
        self.parsed.lines.pop(name, None)

    def value(self, node: ast.expr) -> Any:
        """Return what an expression comes to."""
        self.depth += 1
        try:
            if self.depth > MAX_DEPTH:
                raise Refused("too deep an expression")
            evaluate = _EXPRESSIONS.get(type(node))
            if evaluate is None:
                raise Refused(f"{_called(node)} is not data")
            return evaluate(self, node)
        except Refused as refused:
            refused.line = refused.line or node.lineno
            raise
        except MockSessionError as error:
            raise Refused(str(error), node.lineno) from None
        except _FAILURES as error:
            raise Refused(str(error) or type(error).__name__, node.lineno) from None
        finally:
            self.depth -= 1

    def dotted(self, node: ast.expr) -> str | None:
        """Return the full name of what an import, a builtin or a probe brought in; None for other things."""
        if isinstance(node, ast.Attribute):
            base = self.dotted(node.value)
            return f"{base}.{node.attr}" if base else None
        if not isinstance(node, ast.Name) or node.id in self.parsed.values:
            return None
        return self.modules.get(node.id) or PROBES.get(node.id) or (node.id if node.id in DTYPES else None)

    def name(self, node: ast.Name | ast.Attribute) -> Any:
        if isinstance(node, ast.Name) and node.id in self.parsed.values:
            self.parsed.used.add(node.id)
            return self.parsed.values[node.id]
        dotted = self.dotted(node)
        if dotted in CONSTANTS:
            return CONSTANTS[dotted]
        if dotted in DTYPES:
            return DTYPES[dotted]
        raise Refused(f"{ast.unparse(node)} is not a value that is known here")

    def constant(self, node: ast.Constant) -> Any:
        if node.value is not None and not isinstance(node.value, (bool, int, float, str)):
            raise Refused(f"{_called(node)} of type {type(node.value).__name__} is not data")
        return self.budget.spend(checked_number(node.value))

    def sequence(self, node: ast.List | ast.Tuple | ast.Set) -> Any:
        make = {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)]
        return self.budget.spend(make(self.value(item) for item in node.elts))

    def unary(self, node: ast.UnaryOp) -> Any:
        if type(node.op) not in _UNARY:
            raise Refused("not is not data")
        return unary(self.budget, _UNARY[type(node.op)], self.value(node.operand))

    def binary(self, node: ast.BinOp) -> Any:
        if type(node.op) not in _OPERATORS:
            raise Refused("only + - * / // % are read")
        return binary(self.budget, _OPERATORS[type(node.op)], self.value(node.left), self.value(node.right))

    def call(self, node: ast.Call) -> Any:
        function = CALLS.get(self.dotted(node.func) or "")
        if function is None:
            raise Refused(f"{ast.unparse(node.func)[:60]}() is not a call that is read")
        if any(keyword.arg is None for keyword in node.keywords):
            raise Refused("** is not data")
        arguments = [self.value(argument) for argument in node.args]
        keywords = {str(keyword.arg): self.value(keyword.value) for keyword in node.keywords}
        return self.budget.spend(function(self.budget, *arguments, **keywords))

    def column(self, node: ast.Subscript) -> Any:
        """Read ``x[:, np.newaxis]``."""
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else []
        bounds = (
            [items[0].lower, items[0].upper, items[0].step] if items and isinstance(items[0], ast.Slice) else ["none"]
        )
        if len(items) != 2 or any(bound is not None for bound in bounds) or self.value(items[1]) is not None:
            raise Refused("of subscripts only x[:, np.newaxis] is read")
        return self.budget.spend(self.value(node.value)[:, None])

    def choice(self, node: ast.IfExp) -> Any:
        return self.value(node.body if self.platform_is(node.test) else node.orelse)

    def platform_is(self, test: ast.expr) -> bool:
        """Return True if ``sys.platform == "..."``, or ``!=``, holds here."""
        if isinstance(test, ast.Compare) and len(test.ops) == 1 and self.dotted(test.left) == "sys.platform":
            same, equal = bool(sys.platform == self.value(test.comparators[0])), isinstance(test.ops[0], ast.Eq)
            if equal or isinstance(test.ops[0], ast.NotEq):
                return same == equal
        raise Refused("of conditions only sys.platform == and != are read")

    def fstring(self, node: ast.JoinedStr) -> str:
        parts = [self.value(part) for part in node.values]
        return str(self.budget.spend("".join(parts)))

    def formatted(self, node: ast.FormattedValue) -> str:
        value = self.value(node.value)
        if node.conversion != -1 or node.format_spec is not None or not isinstance(value, (str, int, float)):
            raise Refused(f"of an f-string only {{name}} is read, a text or a number, not {type(value).__name__}")
        return str(value)


def _is_nothing(node: ast.stmt) -> bool:
    """Return True if a statement does nothing: a docstring, or pass."""
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _called(node: ast.AST) -> str:
    return f"a {type(node).__name__}"


_EXPRESSIONS: dict[type[ast.expr], Callable[[_Reader, Any], Any]] = {
    ast.Attribute: _Reader.name,
    ast.BinOp: _Reader.binary,
    ast.Call: _Reader.call,
    ast.Constant: _Reader.constant,
    ast.FormattedValue: _Reader.formatted,
    ast.IfExp: _Reader.choice,
    ast.JoinedStr: _Reader.fstring,
    ast.List: _Reader.sequence,
    ast.Name: _Reader.name,
    ast.Set: _Reader.sequence,
    ast.Subscript: _Reader.column,
    ast.Tuple: _Reader.sequence,
    ast.UnaryOp: _Reader.unary,
}
