"""Which formats of sorters' output there are: each module of this package that ends in `register(...)` adds one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...ground.checks import require
from ..registry import Registry
from .sorting import Sorting

__all__ = ["SorterFormat", "check_type", "formats", "register"]


@dataclass(frozen=True)
class SorterFormat:
    """One sorter's output.

    Attributes
    ----------
    name : str
        What ``output_type`` and ``--type`` call it.
    title : str
        What it is called in a text.
    files : str
        What a folder of it holds, as an error says it.
    recognises : callable
        Return True if the folder of a path is one.
    load : callable
        Return the :class:`Sorting` of a folder; takes ``phy_base`` too, which all but phy pass over.
        Raises BadFileError unless times ascend from 0, numbers are whole and arrays are of one length.
    templates : callable, optional
        Return a folder's templates, (T, samples, channels) float32; None where there are none to read.
    rank : int
        A folder that several formats recognise is that of the lowest.
    """

    name: str
    title: str
    files: str
    recognises: Callable[[str], bool]
    load: Callable[[str, int | None], Sorting]
    templates: Callable[[str], npt.NDArray[np.float32]] | None = None
    rank: int = 100


_SORTERS: Registry[SorterFormat] = Registry(__package__)
register, formats = _SORTERS.register, _SORTERS.all


def check_type(name: str, value: Any) -> None:
    """Check the argument `name`: a format's name, or None to infer it.

    Raises
    ------
    MockSessionError
        If it is neither.
    """
    known = formats()
    expected = f"{', '.join(map(repr, known))}, or None to infer it"
    require(value is None or (isinstance(value, str) and value in known), name, expected, value)
