"""Writing ``.npy`` files in blocks, so that memory stays flat whatever the length.

A dict file made here is what ``numpy.save(path, dict)`` makes, value for value, readable by
``numpy.load(path, allow_pickle=True)`` of any NumPy, with two differences: no array is
copied into a pickle first, and every array begins at a multiple of 64 bytes, so that a map
of the file is as fast as memory. The padding is the version number in the array's state
tuple, written as a LONG1 of as many bytes as it takes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from .npy import ALIGN, header_bytes

BLOCK = 1 << 20  # bytes; a block stays in a core's second-level cache


class Blocks:
    """An array that is made while it is written.

    Its `blocks` are C-contiguous pieces of its dtype that, one after another, are an array of its shape in C order.
    """

    def __init__(self, dtype: str, shape: tuple[int, ...], blocks: Iterable[np.ndarray[Any, Any]]) -> None:
        self.dtype = np.dtype(dtype)
        self.shape = shape
        self.blocks = blocks

    @property
    def nbytes(self) -> int:
        """Size of the whole array in bytes."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    @classmethod
    def of(cls, array: np.ndarray[Any, Any]) -> Blocks:
        """Wrap an array that is already in memory."""
        flat = np.ascontiguousarray(array).reshape(-1)
        step = max(1, BLOCK // array.itemsize)
        return cls(array.dtype.str, array.shape, (flat[i : i + step] for i in range(0, flat.size, step)))

    def __iter__(self) -> Iterator[memoryview]:
        written = 0
        for block in self.blocks:
            if block.dtype != self.dtype:
                raise TypeError(f"a block of {block.dtype} in an array of {self.dtype}")
            written += block.nbytes
            if block.size:
                yield memoryview(block.reshape(-1)).cast("B")  # type: ignore[arg-type]  # an ndarray is a buffer
        if written != self.nbytes:
            raise ValueError(f"blocks hold {written} bytes, the shape needs {self.nbytes}")


def array_file(array: np.ndarray[Any, Any] | Blocks) -> Iterator[bytes | memoryview]:
    """Yield the bytes of a plain ``.npy`` file."""
    blocks = array if isinstance(array, Blocks) else Blocks.of(array)
    yield header_bytes(blocks.dtype.str, blocks.shape)
    yield from blocks


def dict_file(values: Mapping[str, object]) -> Iterator[bytes | memoryview]:
    """Yield the bytes of a dict ``.npy`` file, from keys and ints, floats, strings, arrays or :class:`Blocks`."""
    piece = header_bytes("|O", ()) + OPENING
    position = 0  # of the piece in the file
    for key, value in values.items():
        if isinstance(value, (np.ndarray, Blocks)):
            blocks = value if isinstance(value, Blocks) else Blocks.of(value)
            piece += _array_prelude(_text(key), blocks, position + len(piece))
            yield piece
            yield from blocks
            position += len(piece) + blocks.nbytes
            piece = b"tb"
        else:
            piece += _text(key) + _scalar(value)
    yield piece + b"uatb."


def _array_prelude(key: bytes, blocks: Blocks, position: int) -> bytes:
    """Return the opcodes before an array's bytes, padded so that those are aligned."""
    shape = b"(" + b"".join(_scalar(int(n)) for n in blocks.shape) + b"t"
    size = b"\x8e" + blocks.nbytes.to_bytes(8, "little")
    before = key + b"h\x00h\x01R("
    after = shape + _dtype(blocks.dtype.str) + b"\x89" + size
    pad = -(position + len(before) + 3 + len(after)) % ALIGN
    version = b"\x8a" + bytes([1 + pad]) + b"\x01" + bytes(pad)
    return before + version + after


def _text(text: str) -> bytes:
    data = text.encode("utf-8")
    if len(data) < 256:
        return b"\x8c" + bytes([len(data)]) + data
    return b"X" + len(data).to_bytes(4, "little") + data


def _scalar(value: object) -> bytes:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, int) and not isinstance(value, bool):
        size = (value.bit_length() + 8) // 8
        return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)
    raise TypeError(f"a session file holds ints, floats, strings and arrays, not {type(value).__name__}")


def _global(module: str, name: str) -> bytes:
    return _text(module) + _text(name) + b"\x93"


def _dtype(code: str, dtype: bytes = b"h\x02") -> bytes:
    return dtype + _text(code) + b"\x89\x88\x87R"


# The outer array leaves in the memo what every array is made with: 0 the function, 1 its
# arguments, 2 the dtype class. numpy.core is the name that NumPy 1 and 2 both answer to
# without a warning.
OPENING = (
    b"\x80\x04"
    + _global("numpy.core.multiarray", "_reconstruct")
    + b"q\x00"
    + _global("numpy", "ndarray")
    + b"K\x00\x85C\x01b\x87q\x01R(K\x01)"
    + _dtype("O8", _global("numpy", "dtype") + b"q\x02")
    + b"\x89]}("
)
