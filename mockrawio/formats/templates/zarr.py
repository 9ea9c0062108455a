"""SpikeInterface's zarr folders of ``Templates``, as ``Templates.to_zarr`` writes them.

Of zarr only what these need is read: format 2, plain types, chunks as files, packed by blosc or not at all. Nothing
else that the metadata may name is looked up, so that no file chooses what code unpacks it.
"""

from __future__ import annotations

import os
from itertools import product
from math import prod
from typing import Any

import numpy as np

from ...ground.arrays import Array
from ...ground.errors import BadFileError, unreadable
from ...ground.extras import extra_module
from ...ground.jsontext import read_json
from ...ground.regular import only_regular
from ..npy import checked_shape, plain_dtype
from . import TemplateFormat, register
from .stored import EXPORT, MOST_VALUES, StoredTemplates, dense, ids_of, stored

_GROUP, _ATTRIBUTES, _ARRAY = ".zgroup", ".zattrs", ".zarray"
_MOST_FILES = 1 << 17
_MOST_BYTES = MOST_VALUES * 8
_TO_ZARR = "Write it by SpikeInterface's Templates.to_zarr()."
_BLOSC_HEAD = 16  # bytes before a packed block's data; four of them say how long it becomes


def _files(directory: str) -> list[str]:
    found: list[str] = []
    for folder, folders, names in os.walk(directory):
        folders.sort()
        found += (os.path.join(folder, name) for name in sorted(names))
        if len(found) > _MOST_FILES:
            raise BadFileError(directory, f"at most {_MOST_FILES} files", "more", _TO_ZARR)
    return found


def _read(directory: str) -> StoredTemplates:
    about = read_json(os.path.join(directory, _ATTRIBUTES), "attributes of templates", _TO_ZARR)
    array = _array(directory, "templates_array")
    if _has(directory, "sparsity_mask"):
        array = dense(directory, array, _array(directory, "sparsity_mask"))
    before = about.get("nbefore")
    ids = ids_of(directory, _array(directory, "unit_ids")) if _has(directory, "unit_ids") else None
    return stored(
        directory,
        array,
        about.get("sampling_frequency"),
        before if type(before) is int else None,
        _positions(directory),
        ids,
        in_uV=bool(about.get("is_in_uV", about.get("is_scaled", True))),
    )


def _positions(directory: str) -> Array | None:
    """Return where contacts are, which are in the order of the channels."""
    axes = [f"probe/{axis}" for axis in "xyz" if _has(directory, f"probe/{axis}")]
    if len(axes) < 2:
        return None
    return np.column_stack([_array(directory, axis).reshape(-1) for axis in axes])


def _has(directory: str, name: str) -> bool:
    return os.path.isfile(os.path.join(directory, name, _ARRAY))


def _array(directory: str, name: str) -> Array:
    folder = os.path.join(directory, name)
    about = read_json(os.path.join(folder, _ARRAY), "an array of zarr", _TO_ZARR)
    descr, shape, chunks = about.get("dtype"), _sizes(about.get("shape")), _sizes(about.get("chunks"))
    dtype = plain_dtype(descr) if isinstance(descr, str) else None
    known = dtype is not None and about.get("zarr_format") == 2 and about.get("filters") is None
    if not known or dtype is None or shape is None or chunks is None or about.get("order") not in ("C", "F"):
        expected = "an array of format 2, of a plain type, without filters"
        raise BadFileError(folder, expected, f"{descr!r}, {about.get('filters')!r}"[:80], _TO_ZARR)
    fits = len(shape) == len(chunks) and all(0 < c <= max(n, 1) for c, n in zip(chunks, shape, strict=True))
    if not fits or prod(shape) * dtype.itemsize > _MOST_BYTES:
        raise BadFileError(folder, f"at most {_MOST_BYTES} bytes, in chunks", f"{shape} in {chunks}"[:80], _TO_ZARR)
    array = np.zeros(shape, dtype)
    if about.get("fill_value") not in (None, 0, False, ""):
        raise BadFileError(folder, "the fill_value 0", f"{about['fill_value']!r}"[:80], _TO_ZARR)
    separator = "/" if about.get("dimension_separator") == "/" else "."
    for index in product(*(range(-(-n // c)) for n, c in zip(shape, chunks, strict=True))):
        path = os.path.join(folder, separator.join(map(str, index)))
        if os.path.isfile(path):  # a chunk that is not there has the fill value
            whole = _chunk(path, about.get("compressor"), prod(chunks) * dtype.itemsize)
            block = np.frombuffer(whole, dtype).reshape(chunks, order=about["order"])
            place = tuple(slice(k * c, min((k + 1) * c, n)) for k, c, n in zip(index, chunks, shape, strict=True))
            array[place] = block[tuple(slice(0, part.stop - part.start) for part in place)]
    return array


def _sizes(value: Any) -> tuple[int, ...] | None:
    return checked_shape(tuple(value), 16) if isinstance(value, list) else None


def _chunk(path: str, compressor: Any, size: int) -> bytes:
    """Return the bytes of a chunk, which must be so many."""
    try:
        with open(path, "rb", opener=only_regular) as file:
            packed = file.read(size + (size >> 3) + 4096)
    except OSError as error:
        raise unreadable(path, error) from None
    name = compressor.get("id") if isinstance(compressor, dict) else compressor
    if name not in (None, "blosc"):
        raise BadFileError(path, "a chunk packed by blosc, or not at all", f"{name!r}"[:80], _TO_ZARR)
    long = len(packed) if name is None else int.from_bytes(packed[4:8], "little")
    if long != size or (name and len(packed) < _BLOSC_HEAD):
        raise BadFileError(path, f"a chunk of {size} bytes", f"{long}", EXPORT)
    if name is None:
        return packed
    blosc = extra_module("numcodecs.blosc", "zarr folders", "spikeinterface")
    try:
        return bytes(blosc.decompress(packed))
    except (RuntimeError, ValueError) as error:
        raise BadFileError(path, "a chunk packed by blosc", f"{error}"[:80], EXPORT) from None


def _recognises(path: str) -> bool:
    return os.path.isfile(os.path.join(path, _GROUP)) and _has(path, "templates_array")


register(TemplateFormat("SpikeInterface's zarr folder", _recognises, _read, _files))
