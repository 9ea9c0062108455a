"""Raw values to physical units and, for float sources, to int16 counts.

Scaling is one pass over blocks that stay in cache. It agrees with
``neo.rawio.baserawio.BaseRawIO`` exactly in float64 and within 1 float32 ulp.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from io import RawIOBase
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ..session.errors import BadFileError, MockSessionError
from ..session.npy import AnyArray, HeldArray, MappedArray

FULL_SCALE = 32767
BLOCK = 1 << 20  # bytes read at a time: fewer, and the calls begin to show

Array = npt.NDArray[Any]


def rescale(raw: Array, gain: Array, offset: Array, dtype: npt.DTypeLike, out: Array | None = None) -> Array:
    """Return ``raw * gain + offset``.

    Parameters
    ----------
    raw : ndarray
        Counts, channels along the last axis.
    gain, offset : ndarray of float64
        One value, or one a channel.
    dtype : dtype
        Floating dtype of the result.
    out : ndarray, optional
        Where to put it: of the shape of `raw` and of `dtype`.

    Returns
    -------
    ndarray
        `out` if given, else a new array.
    """
    new = out is None  # and then in the layout of the chunk
    result = np.empty_like(raw, dtype=dtype, subok=False) if new else check_out(out, raw.shape, np.dtype(dtype))
    with_gain, with_offset = bool((gain != 1.0).any()), bool((offset != 0.0).any())
    if not with_gain:
        result[...] = raw
    elif result.dtype == np.float32 and not with_offset:
        # gain rounded to float32 and the product rounded: at most 1 ulp from the exact route.
        np.multiply(raw, _one_or_all(gain).astype(np.float32), out=result, dtype=np.float32, casting="unsafe")
    else:
        # Neo's order: the raw values rounded, then the products, then the sums, each in float64.
        result[...] = raw
        np.multiply(result, gain, out=result, dtype=np.float64, casting="unsafe")
    if with_offset:
        np.add(result, offset, out=result, dtype=np.float64, casting="unsafe")
    return result


def check_out(out: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return `out` if it is a writable array of this shape and dtype.

    Raises
    ------
    MockSessionError
        If it is anything else; nothing is cast or broadcast into it.
    """
    if not isinstance(out, np.ndarray):
        found = type(out).__name__
    elif out.shape != shape or out.dtype != dtype:
        found = f"{out.shape}, {out.dtype}"
    elif not out.flags.writeable:
        found = "one that is read-only"
    else:
        return out
    raise MockSessionError(
        f"out: expected a writable array of shape {shape}, {dtype}; found {found}. Slice the buffer to that shape."
    )


def _one_or_all(values: Array) -> Array:
    """Return a single value where all are the same: NumPy's loop over a scalar is the faster."""
    return values[:1] if values.size and (values == values[0]).all() else values


class FloatSource(NamedTuple):
    """A float array that is to be served as int16, and where it stands, for messages."""

    array: AnyArray
    path: str
    key: str


def count_size(source: FloatSource) -> float:
    """Return the size of one int16 count for a source: its largest magnitude / 32767.

    Nothing clips then, and the error is at most half a count. The source is read once, in
    blocks.

    Raises
    ------
    BadFileError
        If a value is NaN or infinite; the message has its index.
    """
    largest = 0.0
    for first, block in _blocks(source.array):
        peak = max(float(block.max()), -float(block.min()))
        if not math.isfinite(peak):
            raise _not_finite(source, first, block)
        largest = max(largest, peak)
    count = largest / FULL_SCALE
    return count if count >= np.finfo(np.float64).tiny else 1.0  # smaller ones are not exact


def _not_finite(source: FloatSource, first: int, block: Array) -> BadFileError:
    bad = int(np.flatnonzero(~np.isfinite(block))[0])
    array = source.array
    order: Literal["C", "F"] = "F" if isinstance(array, MappedArray) and array.order == "F" else "C"
    index = ", ".join(str(int(i)) for i in np.unravel_index(first + bad, array.shape, order=order))
    found = f"{block[bad]} at index {index}"
    return BadFileError(
        source.path, f"finite values in {source.key!r}", found, "Repair it, or read with raw_dtype='source'."
    )


def _blocks(array: AnyArray) -> Iterator[tuple[int, Array]]:
    """Yield (index of first element, block) in memory order, through one aligned buffer."""
    if isinstance(array, HeldArray):
        if array.view().size:
            yield 0, array.view().reshape(-1)
        return
    size = math.prod(array.shape)
    buffer = np.empty(min(size, BLOCK // array.dtype.itemsize), array.dtype)
    with open(array.file.path, "rb", buffering=0) as file:
        file.seek(array.offset)
        for first in range(0, size, max(1, buffer.size)):
            block = buffer[: size - first]
            _read_into(file, memoryview(block).cast("B"))  # type: ignore[arg-type]  # an ndarray is a buffer
            yield first, block


def _read_into(file: RawIOBase, view: memoryview) -> None:
    while view.nbytes:
        got = file.readinto(view)
        if not got:
            path = str(getattr(file, "name", "file"))
            raise BadFileError(path, "as many bytes as when it was opened", "fewer", "Open it again.")
        view = view[got:]


def quantise(values: Array, count: float, out: Array) -> None:
    """Write physical values as int16 counts of size `count`, rounded to the nearest."""
    np.rint(np.divide(values, count, dtype=np.float64), out=out, casting="unsafe")
