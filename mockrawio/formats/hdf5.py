"""HDF5 files of rigs, written in blocks by h5py; the same each time, as nothing in them has a date of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..ground.extras import extra_module
from .recorded import RecordedSignals
from .rig import RigFolder

EXTRA = "sonata"  # brings h5py
_CHUNK = 1 << 17  # values of a chunk


@contextmanager
def hdf5_file(out: RigFolder, name: str, title: str) -> Iterator[Any]:
    """Open an ``h5py.File`` to write to, by its path below the folder; MissingExtraError if h5py is not installed."""
    h5py = extra_module("h5py", f"{title} files", EXTRA)
    with out.library(name) as path, h5py.File(path, "w") as file:
        yield file


def chunk_samples(stream: RecordedSignals) -> int:
    """Return how many samples of all channels a chunk of a dataset has."""
    return max(min(_CHUNK // max(len(stream.channels), 1), max(stream.sizes)), 1)
