"""A folder for phy, as KiloSort and SpikeInterface's ``export_to_phy`` write them.

KiloSort's templates are whitened: that is taken back by ``whitening_mat_inv.npy``, where there is one. Their size is
a sorter's own then, and no µV.
"""

from __future__ import annotations

import os
import re

import numpy as np

from ...ground.arrays import Array
from ...ground.errors import BadFileError, unreadable
from ...ground.regular import only_regular
from ..npy import open_array
from ..sorters import load_templates
from ..sorters.phy import COLUMN_FILES, is_spikeinterface
from . import TemplateFormat, register
from .stored import EXPORT, StoredTemplates, check_size, stored

_TEMPLATES, _POSITIONS, _MAP = "templates.npy", "channel_positions.npy", "channel_map.npy"
_UNWHITEN, _PARAMS = "whitening_mat_inv.npy", "params.py"
_READ = (_TEMPLATES, _POSITIONS, _MAP, _UNWHITEN, _PARAMS, *COLUMN_FILES)
_RATE = re.compile(r"^sample_rate *= *([0-9]{1,9}(?:\.[0-9]{0,9})?)\.?\s*$", re.MULTILINE)


def _files(directory: str) -> list[str]:
    places = (os.path.join(directory, name) for name in _READ)
    return [place for place in places if os.path.isfile(place)]


def _read(directory: str) -> StoredTemplates:
    path = os.path.join(directory, _TEMPLATES)
    shape, n_channels = open_array(path).shape, _n_channels(directory)
    check_size(path, (*shape[:1], 1, *shape[1:-1], max(shape[-1] if shape else 0, n_channels)))
    templates: Array = load_templates(directory, "phy")
    exported = is_spikeinterface(directory)
    if not exported and (mixing := _optional(directory, _UNWHITEN)) is not None:
        n = templates.shape[2]
        if mixing.shape != (n, n) or mixing.dtype.kind != "f":
            raise BadFileError(os.path.join(directory, _UNWHITEN), f"the shape ({n}, {n})", mixing.shape, EXPORT)
        with np.errstate(all="ignore"):  # what is not finite is found out below
            templates = templates @ mixing.astype(np.float32)
    return stored(path, templates, _rate(directory), None, _optional(directory, _POSITIONS), in_uV=exported or None)


def _n_channels(directory: str) -> int:
    """Return how many channels the folder has, which templates of some of them each become templates of."""
    known = _optional(directory, _MAP)
    listed = any(os.path.isfile(os.path.join(directory, name)) for name in COLUMN_FILES)
    if listed and known is None:
        raise BadFileError(directory, f"{_MAP} beside the channels of each template", "none", EXPORT)
    return 0 if known is None else known.size


def _optional(directory: str, name: str) -> Array | None:
    path = os.path.join(directory, name)
    return open_array(path).view() if os.path.isfile(path) else None


def _rate(directory: str) -> float | None:
    """Return the sampling rate that ``params.py`` says, which is read as text."""
    path = os.path.join(directory, _PARAMS)
    if not os.path.isfile(path):
        return None
    try:
        with open(path, "rb", opener=only_regular) as file:
            text = file.read(1 << 16).decode("utf-8", "replace")
    except OSError as error:
        raise unreadable(path, error) from None
    found = _RATE.search(text)
    return float(found[1]) if found else None


def _recognises(path: str) -> bool:
    return os.path.isfile(os.path.join(path, _TEMPLATES))


register(TemplateFormat("a folder for phy", _recognises, _read, _files, rank=200))
