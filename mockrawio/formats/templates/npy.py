"""NumPy's ``.npy``: an array (units, samples, channels), or (units, steps, samples, channels), and nothing else."""

from __future__ import annotations

from ..npy import open_array
from . import TemplateFormat, register
from .stored import StoredTemplates, check_size, stored


def _read(path: str) -> StoredTemplates:
    array = open_array(path)
    check_size(path, (array.shape[0], 1, *array.shape[1:]) if len(array.shape) == 3 else array.shape)
    return stored(path, array.view())


register(TemplateFormat(".npy", lambda path: path.lower().endswith(".npy"), _read))
