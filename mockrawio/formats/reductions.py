"""What the globals of a session's pickles stand for, without calling any of them.

NumPy's arrays, dtypes and scalars come as REDUCE and BUILD of a handful of functions (the
state tuples are those of ``ndarray.__reduce__`` and ``dtype.__reduce__``). Here each is a
description: dtype, shape, order, and where the bytes lie. NumPy 1 and 2 module names, C and
Fortran order, either byte order. Only protocol 2, which stores bytes as text, costs a copy.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from .npy import checked_shape, plain_dtype, text_of

if TYPE_CHECKING:
    from .symbolic import Interpreter

MAX_SCALAR = 256  # bytes: a date as text takes 40
MAX_ALIGNMENT = 64
_PLAIN_FLAGS, _OBJECT_FLAGS = (0, 8), (63,)  # as NumPy's dtypes have them; 8 is text's
MAX_TEXT = 4096  # longer strings are kept as a place in the file, never decoded unasked


class Blob:
    """A run of bytes (or, in protocol 2, of text) left where it lies in the file."""

    __slots__ = ("length", "offset")

    def __init__(self, offset: int, length: int) -> None:
        self.offset = offset
        self.length = length


class TextBlob(Blob):
    """A long string in UTF-8, which is not the bytes that it spells."""

    __slots__ = ()


class SymbolicDtype:
    """A dtype the pickle describes; `dtype` is None for objects."""

    __slots__ = ("code", "dtype")

    def __init__(self, code: str, dtype: np.dtype[Any] | None) -> None:
        self.code = code
        self.dtype = dtype


class SymbolicArray:
    """An array the pickle describes; `dtype` is None until it is complete."""

    __slots__ = ("dtype", "order", "payload", "shape")

    def __init__(self) -> None:
        self.dtype: SymbolicDtype | None = None
        self.shape: tuple[int, ...] = ()
        self.order = "C"
        self.payload: Any = None


_NAMES = {
    **{f"numpy.{core}.multiarray {name}": name for core in ("core", "_core") for name in ("_reconstruct", "scalar")},
    "numpy.core.numeric _frombuffer": "_frombuffer",
    "numpy._core.numeric _frombuffer": "_frombuffer",
    "numpy ndarray": "ndarray",
    "numpy dtype": "dtype",
    # How protocol 2, which has no bytes, spells them.
    "_codecs encode": "encode",
    "__builtin__ bytes": "bytes",
}


class Symbol(str):
    """One of the few globals a session file may name; a name, never the thing itself."""


SYMBOLS = {key: Symbol(value) for key, value in _NAMES.items()}


def _make_array(machine: Interpreter, arguments: tuple[Any, ...]) -> SymbolicArray:
    usual = len(arguments) == 3 and arguments[0] is SYMBOLS["numpy ndarray"] and _same(arguments[1], (0,))
    if not usual or _contents(machine, arguments[2]) != b"b":
        machine.refuse(f"_reconstruct with {len(arguments)} arguments of unknown meaning")
    return SymbolicArray()


def _make_dtype(machine: Interpreter, arguments: tuple[Any, ...]) -> SymbolicDtype:
    code = arguments[0] if len(arguments) == 3 else None
    # Not aligned, and a copy: NumPy does not set the byte order of a dtype that all share.
    if type(code) is not str or not all(map(_is_flag, arguments[1:])) or arguments[1:] != (False, True):
        machine.refuse("a dtype made of something other than its name")
    if code in ("O8", "O4", "O"):
        return SymbolicDtype(code, None)
    dtype = plain_dtype(code)
    if dtype is None:
        machine.refuse(f"dtype {code[:32]!r}")
    return SymbolicDtype(code, dtype)


def _make_scalar(machine: Interpreter, arguments: tuple[Any, ...]) -> Any:
    if len(arguments) != 2 or type(arguments[0]) is not SymbolicDtype or arguments[0].dtype is None:
        machine.refuse("a scalar of something other than a plain dtype")
    dtype = arguments[0].dtype
    data = _contents(machine, arguments[1])
    if len(data) != dtype.itemsize or len(data) > MAX_SCALAR:
        machine.refuse(f"{len(data)} bytes for a scalar of {dtype}")
    try:
        return text_of(data, dtype) if dtype.kind == "U" else np.frombuffer(data, dtype)[0].item()
    except ValueError:  # text that is none
        machine.refuse(f"bytes that are no {dtype}")


def _make_from_buffer(machine: Interpreter, arguments: tuple[Any, ...]) -> SymbolicArray:
    if len(arguments) != 4 or arguments[3] not in ("C", "F"):
        machine.refuse("_frombuffer with arguments of unknown meaning")
    payload, dtype, shape, order = arguments
    return fill(machine, SymbolicArray(), shape, dtype, order, payload)


def _encode(machine: Interpreter, arguments: tuple[Any, ...]) -> bytes:
    """How protocol 2 spells bytes: text whose characters are the bytes."""
    text, codec = arguments if len(arguments) == 2 else ("", "")
    if codec not in ("latin1", "latin-1"):
        machine.refuse("_codecs.encode with anything but text and latin1")
    if type(text) not in (TextBlob, str):
        machine.refuse("_codecs.encode of something other than text")
    machine.decoded += text.length if type(text) is TextBlob else len(text)
    if machine.decoded > machine.end:
        machine.refuse("the same text decoded again and again")
    try:
        if type(text) is TextBlob:
            text = machine.window.read(text.offset, text.length).decode("utf-8")
        return text.encode("latin1")
    except UnicodeError:
        machine.refuse("text that is not latin1 bytes")


def _no_bytes(machine: Interpreter, arguments: tuple[Any, ...]) -> bytes:
    if arguments:
        machine.refuse("bytes() with arguments")
    return b""


def _same(found: Any, expected: tuple[int]) -> bool:
    """Return True if a value is a tuple of just this int: True and 1.0 are equal to 1, but not the same."""
    return type(found) is tuple and found == expected and type(found[0]) is int


def _is_flag(value: Any) -> bool:
    return isinstance(value, int) and value in (0, 1)


def _contents(machine: Interpreter, payload: object) -> bytes:
    """Return bytes that are few."""
    if type(payload) is Blob:
        return machine.peek(payload.offset, min(payload.length, MAX_SCALAR + 1))
    return _as_bytes(machine, payload)


def _as_bytes(machine: Interpreter, payload: object) -> bytes:
    """Return bytes as they are; a short string is one of Python 2, which knew no other bytes."""
    if type(payload) is str and payload.isascii():
        return payload.encode("ascii")
    if type(payload) is not bytes:
        machine.refuse("array data that is not bytes")
    return payload


def reduce(machine: Interpreter, symbol: Any, arguments: Any) -> Any:
    """Return what REDUCE of a symbol stands for; BadFileError unless NumPy's arrays, dtypes and scalars need it."""
    if type(symbol) is not Symbol or type(arguments) is not tuple:
        machine.refuse("REDUCE of something other than a NumPy constructor")
    maker = _REDUCTIONS.get(symbol)
    if maker is None:
        machine.refuse(f"REDUCE of {symbol}")
    return maker(machine, arguments)


def build(machine: Interpreter, target: Any, state: Any) -> None:
    """Put a BUILD's state into a dtype or an array; BadFileError if it is anything else, or the state does not fit."""
    if type(state) is not tuple:
        machine.refuse("BUILD with a state that is not a tuple")
    if type(target) is SymbolicDtype:
        _build_dtype(machine, target, state)
    elif type(target) is SymbolicArray and _same(state[:1], (1,)) and len(state) == 5 and _is_flag(state[3]):
        fill(machine, target, state[1], state[2], "F" if state[3] else "C", state[4])
    else:
        machine.refuse("BUILD of something other than an array or a dtype")


def _build_dtype(machine: Interpreter, target: SymbolicDtype, state: tuple[Any, ...]) -> None:
    sizes = (*state[:1], *state[5:])
    usual = len(state) == 8 and state[0] == 3 and all(type(size) is int for size in sizes)
    if not usual or state[1] not in ("<", ">", "|", "=") or state[2:5] != (None,) * 3:
        machine.refuse("a dtype with fields, sub-arrays or metadata")
    if not -1 <= state[6] <= MAX_ALIGNMENT or state[7] not in (_OBJECT_FLAGS if target.dtype is None else _PLAIN_FLAGS):
        machine.refuse(f"a dtype {target.code!r} with flags of another kind")  # NumPy would count references wrongly
    if target.dtype is not None:
        target.dtype = _ordered(target.code, state[1])
    if state[5] not in (-1, 8 if target.dtype is None else target.dtype.itemsize):
        machine.refuse("a dtype with another item size than its name says")


def fill(machine: Interpreter, array: SymbolicArray, shape: Any, dtype: Any, order: str, payload: Any) -> SymbolicArray:
    """Return an array with its state put into it; BadFileError if that does not fit together."""
    if type(dtype) is not SymbolicDtype:
        machine.refuse("an array without a dtype")
    plain = dtype.dtype
    if checked_shape(shape, plain.itemsize if plain else 8) is None:
        machine.refuse("an array of impossible shape")
    if plain is not None:
        if type(payload) is not Blob:
            payload = _as_bytes(machine, payload)
        have = payload.length if type(payload) is Blob else len(payload)
        need = prod(shape) * plain.itemsize
        if have != need:
            machine.refuse(f"{have} bytes of data", f"{need} bytes for shape {shape}, {plain}")
    array.shape, array.dtype, array.order, array.payload = shape, dtype, order, payload
    return array


@lru_cache(maxsize=64)
def _ordered(code: str, order: str) -> np.dtype[Any]:
    return np.dtype(code).newbyteorder(order)  # type: ignore[arg-type]  # one of the four, just checked


_REDUCTIONS: dict[str, Callable[[Interpreter, tuple[Any, ...]], Any]] = {
    "_reconstruct": _make_array,
    "dtype": _make_dtype,
    "scalar": _make_scalar,
    "_frombuffer": _make_from_buffer,
    "encode": _encode,
    "bytes": _no_bytes,
}
