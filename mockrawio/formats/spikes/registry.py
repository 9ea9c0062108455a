"""Which formats of spike files there are: each module of this package that ends in `register(...)` adds one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Protocol

from ..registry import Registry
from .blocks import SpikeBlock

__all__ = ["CHOOSE", "SpikeFormat", "formats", "register"]

CHOOSE = "Pass population= with one of these."


class Reader(Protocol):
    """Reads the spikes of one population, in bounded memory.

    Parameters
    ----------
    path : str or PathLike
    population : str or None
        Which; None is the only one there is.
    choose : str
        What can be done where there are several.
    own : bool
        Whether all of it must lie in the file itself, for its SHA-256 to speak of it.

    Yields
    ------
    SpikeBlock
        In the file's order; one at least, which may be empty.

    Raises
    ------
    BadFileError
        If it is no such file, its times are negative or not finite, or it has no such population or
        several to choose from; once the block at fault is reached.
    """

    def __call__(
        self, path: str | PathLike[str], population: str | None = None, choose: str = CHOOSE, *, own: bool = False
    ) -> Iterator[SpikeBlock]: ...


@dataclass(frozen=True)
class SpikeFormat:
    """One format.

    Attributes
    ----------
    name : str
        What it is called in a text: "SONATA", ".csv".
    recognises : callable
        Return True if a file of this path is taken for one.
    read : Reader
    rank : int
        A file that several formats recognise is that of the lowest.
    """

    name: str
    recognises: Callable[[Path], bool]
    read: Reader
    rank: int = 100


_SPIKES: Registry[SpikeFormat] = Registry(__package__)
register, formats = _SPIKES.register, _SPIKES.all
