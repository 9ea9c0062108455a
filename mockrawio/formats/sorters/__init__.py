"""What a spike sorter found, one format per module: all become one :class:`Sorting`.

Times are counted from 0, labels are those of hybridfactory's ``ground_truth_units``. A further format is
a further module here, whose last line is ``register(SorterFormat(...))``: it is found, inferred, offered
and named in errors from there. The files: docs/hybridfactory.rst, *Sorters' output*.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...ground.checks import require
from ...ground.errors import BadFileError, MockSessionError
from ..registry import Registry, either
from .sorting import Sorting

__all__ = [
    "SorterFormat",
    "Sorting",
    "check_type",
    "formats",
    "infer_output_type",
    "load_sorting",
    "load_templates",
    "register",
]

Templates = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SorterFormat:
    """One sorter's output.

    `load` returns the :class:`Sorting` of a folder; it takes ``phy_base`` too, which all but phy pass over, and
    raises BadFileError unless times ascend from 0, numbers are whole and arrays are of one length. `templates`
    returns a folder's templates, (T, samples, channels) float32.
    """

    name: str  # what ``output_type`` and ``--type`` call it
    title: str  # what it is called in a text
    files: str  # what a folder of it holds, as an error says it
    recognises: Callable[[str], bool]  # returns True if the folder of a path is one
    load: Callable[[str, int | None], Sorting]
    templates: Callable[[str], Templates] | None = None  # None where there are none to read
    rank: int = 100  # a folder that several formats recognise is that of the lowest


_SORTERS: Registry[SorterFormat] = Registry(__name__)
register, formats = _SORTERS.register, _SORTERS.all


def check_type(name: str, value: Any) -> None:
    """Raise a MockSessionError of the argument `name` unless it is a format's name, or None to infer it."""
    known = formats()
    expected = f"{', '.join(map(repr, known))}, or None to infer it"
    require(value is None or (isinstance(value, str) and value in known), name, expected, value)


def infer_output_type(directory: str | os.PathLike[str]) -> str:
    """Return the name of the first of :func:`formats` that recognises a folder; BadFileError if none does."""
    directory = os.fspath(directory)
    for name, entry in formats().items():
        if entry.recognises(directory):
            return name
    found = "none of them" if os.path.isdir(directory) else "no such folder"
    expected = either(f"{entry.files} ({entry.title})" for entry in formats().values())
    raise BadFileError(directory, expected, found, "Give the folder of the sorter's output.")


def _format_of(directory: str, output_type: str | None) -> SorterFormat:
    check_type("output_type", output_type)
    return formats()[output_type or infer_output_type(directory)]


def load_sorting(
    directory: str | os.PathLike[str], output_type: str | None = None, *, phy_base: int | None = None
) -> Sorting:
    """Read a sorter's output.

    Parameters
    ----------
    directory : str or PathLike
        The folder of the sorter's output.
    output_type : str, optional
        The name of one of :func:`formats`. None infers it, see :func:`infer_output_type`.
    phy_base : {0, 1}, optional
        What ``spike_times.npy`` calls the first sample. None: 0 in an export of SpikeInterface, or
        if that time occurs, else 1, as MATLAB's export counts; the log says which. Other kinds
        pass it over.

    Returns
    -------
    Sorting
        Without events if the sorter found none.

    Raises
    ------
    BadFileError
        If a file is missing or not as it must be: times out of order, negative or not whole,
        arrays of different lengths.
    MockSessionError
        If an argument is not one of the above, or h5py is needed and not installed.
    """
    directory = os.fspath(directory)
    require(phy_base is None or phy_base in (0, 1), "phy_base", "0, 1, or None to infer it", phy_base)
    return _format_of(directory, output_type).load(directory, phy_base)


def load_templates(directory: str | os.PathLike[str], output_type: str | None = None) -> Templates:
    """Read the templates of a sorter's folder.

    Parameters
    ----------
    directory, output_type
        As for :func:`load_sorting`.

    Returns
    -------
    (T, samples, channels) float32
        Whitened, as the sorter has them.

    Raises
    ------
    BadFileError
        If the file is missing or not as it must be.
    MockSessionError
        If the sorter is one that stores none, as JRCLUST.
    """
    directory = os.fspath(directory)
    entry = _format_of(directory, output_type)
    if entry.templates is None:
        having = either(entry.title for entry in formats().values() if entry.templates)
        remedy = f"Give one of those: {entry.title} stores no templates."
        raise MockSessionError(directory, f"{having} output", entry.name, remedy)
    return entry.templates(directory)
