"""The bytes that our own writer puts before those of an array, known by heart: most of what a dict file is read for.

They are those of :mod:`.npy_out` for arrays of up to three dimensions, where the memo is that of its opening.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from .npy import plain_dtype
from .reductions import SymbolicDtype

# How long the version is, its padding, the sizes of the shape, the dtype, how many bytes follow.
_PRELUDE = re.compile(
    rb"h\x00h\x01R\(\x8a(.)\x01(\x00*)"
    rb"\(((?:\x8a\x01.|\x8a\x02..|\x8a\x03...|\x8a\x04....|\x8a\x05.....){1,3})t"
    rb"h\x02\x8c\x03([<|][iuf][1248])\x89\x88\x87R\x89\x8e(.{8})",
    re.DOTALL,
)
CODE_TEXT = 3  # bytes of text in a prelude


class Prelude(NamedTuple):
    """What is said before an array's bytes."""

    end: int  # where it stops
    shape: tuple[int, ...]
    dtype: SymbolicDtype
    nbytes: int  # how many these are


def read_prelude(data: bytes, at: int) -> Prelude | None:
    """Return what is said at a place, None if it is anything else."""
    found = _PRELUDE.match(data, at)
    if found is None or found[1][0] != 1 + len(found[2]):
        return None
    code = found[4].decode()
    dtype, nbytes = SymbolicDtype(code, plain_dtype(code)), int.from_bytes(found[5], "little")
    return Prelude(found.end(), _shape(found[3]), dtype, nbytes)


@lru_cache(maxsize=64)  # of many arrays it is the same
def _shape(sizes: bytes) -> tuple[int, ...]:
    shape, at = [], 0
    while at < len(sizes):
        start, at = at + 2, at + 2 + sizes[at + 1]
        shape.append(int.from_bytes(sizes[start:at], "little", signed=True))
    return tuple(shape)
