"""JRCLUST's ``_jrc.mat``, and the binary files beside it. It stores no templates."""

from __future__ import annotations

import glob
import os
from typing import Literal

import numpy as np

from ...ground.arrays import Array
from ...ground.checks import require
from ...ground.errors import BadFileError
from ...ground.regular import only_regular
from ..matfile import MatFile
from . import SorterFormat, register
from .sorting import EXPORT, Sorting, check_least, check_lengths, check_times, whole_numbers


def _jrc_files(directory: str) -> list[str]:
    return sorted(glob.glob(os.path.join(glob.escape(directory), "*_jrc.mat")))


def _only_jrc(directory: str) -> str:
    files = _jrc_files(directory)
    if len(files) != 1:
        found = ", ".join(map(os.path.basename, files)) or "none"
        remedy = "Keep one sorting to a folder." if files else "Give the folder of JRCLUST's output."
        raise BadFileError(directory, "exactly one *_jrc.mat", found, remedy)
    return files[0]


def _load(directory: str, phy_base: int | None) -> Sorting:
    path = _only_jrc(directory)
    names = ("viTime_spk", "viSite_spk", "S_clu/viClu")
    with MatFile(path) as mat:
        times, sites, clusters = (whole_numbers(path, name, mat.array(name).ravel()) for name in names)
    check_lengths(path, dict(zip(names, map(len, (times, sites, clusters)), strict=True)))
    check_times(path, times - 1)
    check_least(path, "sites (counted from 1)", sites, 1)
    return Sorting(times - 1, np.maximum(clusters, -1), None, sites - 1, "jrc")


def load_jrc_binary(directory: str | os.PathLike[str], which: Literal["raw", "wav", "fet"]) -> Array:
    """Map one of JRCLUST's three binary files, whose shape is in the one ``*_jrc.mat`` beside it.

    "raw" and "wav" are ``_spkraw.jrc`` and ``_spkwav.jrc``, int16; "fet" is ``_spkfet.jrc``, float32. The array is
    3-d, read-only, in Fortran order; its last axis is the event. BadFileError if a file is missing, or its
    size is not what the shape needs.
    """
    tables = {"raw": ("dimm_raw", "<i2"), "wav": ("dimm_spk", "<i2"), "fet": ("dimm_fet", "<f4")}
    require(which in tables, "which", "'raw', 'wav' or 'fet'", which)
    (name, descr), mat_path = tables[which], _only_jrc(os.fspath(directory))
    with MatFile(mat_path) as mat:
        dims = whole_numbers(mat_path, name, mat.array(name).ravel()).tolist()
    path = f"{mat_path.removesuffix('_jrc.mat')}_spk{which}.jrc"
    need = int(np.prod(dims, dtype=object)) * np.dtype(descr).itemsize
    size = os.path.getsize(path) if os.path.isfile(path) else None
    if size != need or len(dims) != 3 or min(dims) < 0:
        found = "no such file" if size is None else f"{size} bytes"
        raise BadFileError(path, f"{need} bytes for the shape {tuple(dims)}, {descr}", found, EXPORT)
    if need == 0:
        return np.empty(tuple(dims), descr, order="F")
    with open(path, "rb", opener=only_regular) as file:
        return np.memmap(file, descr, mode="r", shape=tuple(dims), order="F")


register(SorterFormat("jrc", "JRCLUST", "*_jrc.mat", lambda directory: bool(_jrc_files(directory)), _load, rank=2))
