"""KiloSort's ``rez.mat``."""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt

from ...ground.arrays import Ints
from ...ground.errors import BadFileError
from ..matfile import MatFile
from . import SorterFormat, register
from .sorting import EXPORT, Sorting, check_least, check_times, whole_numbers

REZ = "rez.mat"
_COLUMNS = ("times", "templates")  # of st3, counted from 1


def _recognises(directory: str) -> bool:
    return os.path.isfile(os.path.join(directory, REZ))


def _load(directory: str, phy_base: int | None) -> Sorting:
    path = os.path.join(directory, REZ)
    with MatFile(path) as rez:
        st3 = rez.array("rez/st3")
    if not st3.size:
        none: Ints = np.empty(0, np.int64)
        return Sorting(none, none, none, None, "kilosort")
    if st3.ndim != 2 or st3.shape[1] < 4:
        raise BadFileError(path, "rez/st3 with events as rows, 4 columns or more", f"shape {st3.shape}", EXPORT)
    times, templates = (whole_numbers(path, f"rez/st3 {name}", st3[:, k]) - 1 for k, name in enumerate(_COLUMNS))
    clusters = whole_numbers(path, "rez/st3 clusters", st3[:, 4]) if st3.shape[1] > 4 else templates + 1
    check_times(path, times)
    check_least(path, "templates (counted from 1)", templates + 1, 1)
    check_least(path, "clusters", clusters, 0)
    return Sorting(times, clusters, templates, None, "kilosort")


def _templates(directory: str) -> npt.NDArray[np.float32]:
    path = os.path.join(directory, REZ)
    with MatFile(path) as rez:
        spatial = rez.array("rez/U")
        temporal = rez.array("rez/Wphy" if "rez/Wphy" in rez else "rez/W")
        n_channels = int(rez.array("rez/ops/Nchan").flat[0])
    fits = spatial.ndim == temporal.ndim == 3 and spatial.shape[1:] == temporal.shape[1:]
    if not fits or spatial.shape[0] != n_channels:
        found = f"U {spatial.shape}, W {temporal.shape}, Nchan {n_channels}"
        raise BadFileError(path, "U (Nchan, T, rank) and W (samples, T, rank)", found, EXPORT)
    templates: npt.NDArray[np.float32] = np.einsum("skr,ckr->ksc", temporal, spatial, optimize=True).astype(np.float32)
    return templates


register(SorterFormat("kilosort", "KiloSort", REZ, _recognises, _load, _templates, rank=1))
