"""Raw values to physical units and, for float sources, to int16 counts.

Scaling is one pass over blocks that stay in cache. It agrees with
``neo.rawio.baserawio.BaseRawIO`` exactly in float64 and within 1 float32 ulp.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ..formats.npy import AnyArray, HeldArray, MappedArray
from ..ground.arrays import Array
from ..ground.errors import BadFileError, MockSessionError
from ..ground.folder import File
from ..ground.shown import Argument, Clause, Text
from .arguments import floating

FULL_SCALE = 32767
LARGEST = 1e15  # in a float source; times the largest gain, it still fits float32
BLOCK = 1 << 20  # bytes read at a time: fewer, and the calls begin to show
SCALED = 1 << 19  # bytes scaled at a time: a block is cast, and still in cache when it is multiplied

Step = tuple[np.ufunc, Array]
"""Multiply by or add: the values, one or one per channel."""


def rescale(raw: Array, gain: Array, offset: Array, dtype: npt.DTypeLike, out: Array | None = None) -> Array:
    """Return ``raw * gain + offset``, in `out` if given; channels lie along the last axis.

    Gain and offset are float64, one value or one per channel. BadTypeError if `dtype` is not a floating one, unless the
    gain is 1 and the offset 0; MockSessionError if `out` is not of the shape of `raw` and of `dtype`.
    """
    new = out is None  # and then in the layout of the chunk
    result = np.empty_like(raw, dtype=dtype, subok=False) if new else check_out(out, raw.shape, np.dtype(dtype))
    with_gain, with_offset = bool((gain != 1.0).any()), bool((offset != 0.0).any())
    steps: list[Step] = []
    if with_gain:
        steps.append((np.multiply, _narrow(gain, result.dtype, rounded=not with_offset)))
    if with_offset:
        steps.append((np.add, _narrow(offset, result.dtype)))
    if steps:
        floating(result.dtype)
    if result.flags.f_contiguous and not result.flags.c_contiguous:
        _scale(raw.T, result.T, steps, by_line=True)
    else:
        _scale(np.atleast_2d(raw), np.atleast_2d(result), steps, by_line=False)
    return result


def _narrow(values: Array, dtype: np.dtype[Any], rounded: bool = False) -> Array:
    """Return values in `dtype` where that makes no difference, else as they are, float64.

    Neo computes each step in float64 and rounds its result to `dtype`. Where no value changes
    in `dtype`, neither does that. A gain without an offset after it may be `rounded` to float32:
    that moves the result by 1 ulp at most.
    """
    with np.errstate(over="ignore"):  # what is too large for float16 is not narrowed
        narrow = values.astype(dtype)
    return narrow if (rounded and dtype == np.float32) or (narrow == values).all() else values


def _scale(raw: Array, out: Array, steps: list[Step], by_line: bool) -> None:
    """Scale block by block; a step has a value for each line, or for each column."""
    lines = max(1, SCALED * len(out) // max(1, out.nbytes))
    patterns = [(step, _pattern(values, min(len(out), lines), by_line)) for step, values in steps]
    for first in range(0, len(out), lines):
        block = out[first : first + lines]
        block[...] = raw[first : first + lines]
        for step, pattern in patterns:
            values = pattern[first % len(pattern) :][: len(block)] if pattern.ndim else pattern
            step(block, values, out=block, dtype=pattern.dtype, casting="unsafe")


def _pattern(values: Array, lines: int, by_line: bool) -> Array:
    """Return a step's values in the form that is fastest: one, a column, or one per element of a block."""
    if (values == values[:1]).all():
        return np.asarray(values[0])
    return values[:, None] if by_line else values[None].repeat(lines, 0)


def check_out(out: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return `out` if it is a writable array of this shape and dtype, else raise: nothing is cast or broadcast."""
    if not isinstance(out, np.ndarray):
        found = type(out).__name__
    elif out.shape != shape or out.dtype != dtype:
        found = f"{out.shape}, {out.dtype}"
    elif not out.flags.writeable:
        found = "one that is read-only"
    else:
        return out
    expected = f"a writable array of shape {shape}, {dtype}"
    raise MockSessionError("out", expected, found, "Give numpy.empty() of these, or a slice of a larger buffer.")


class FloatSource(NamedTuple):
    """A float array that is to be served as int16, and where it stands, for messages."""

    array: AnyArray
    file: File
    key: str


def count_size(source: FloatSource) -> float:
    """Return the size of one int16 count for a source: its largest magnitude / 32767.

    Nothing clips then, and the error is at most half a count. The source is read once, in blocks. BadFileError, with
    its index, if a value is NaN, infinite or beyond `LARGEST`.
    """
    largest = 0.0
    for first, block in _blocks(source.array):
        peak = max(float(block.max()), -float(block.min()))
        if not peak <= LARGEST:
            raise _not_finite(source, first, block)
        largest = max(largest, peak)
    count = largest / FULL_SCALE
    return count if count >= np.finfo(np.float64).tiny else 1.0  # smaller ones are not exact


def _not_finite(source: FloatSource, first: int, block: Array) -> BadFileError:
    bad = int(np.flatnonzero(~((block >= -LARGEST) & (block <= LARGEST)))[0])
    array = source.array
    order: Literal["C", "F"] = "F" if isinstance(array, MappedArray) and array.order == "F" else "C"
    index = ", ".join(str(int(i)) for i in np.unravel_index(first + bad, array.shape, order=order))
    found = f"{block[bad]} at index {index}"
    expected = f"{'' if math.isfinite(block[bad]) else 'finite '}values in {source.key!r}"
    if math.isfinite(block[bad]):
        expected += f" up to {LARGEST:g}"
    remedy = Text("Repair it", Clause(", or read with ", Argument("raw_dtype", "'source'")), ".")
    return BadFileError(source.file, expected, found, remedy)


def _blocks(array: AnyArray) -> Iterator[tuple[int, Array]]:
    """Yield (index of first element, block) in memory order, through one aligned buffer."""
    if isinstance(array, HeldArray):
        if array.view().size:
            yield 0, array.view().reshape(-1)
        return
    size = math.prod(array.shape)
    buffer = np.empty(min(size, BLOCK // array.dtype.itemsize), array.dtype)
    with array.file.window() as window:
        for first in range(0, size, max(1, buffer.size)):
            block = buffer[: size - first]
            view = memoryview(block).cast("B")  # type: ignore[arg-type]  # an ndarray is a buffer
            window.read_into(array.offset + first * array.dtype.itemsize, view)
            yield first, block


def quantise(values: Array, count: float, out: Array) -> None:
    """Write physical values as int16 counts of size `count`, rounded to the nearest."""
    np.rint(np.divide(values, count, dtype=np.float64), out=out, casting="unsafe")
