"""Files of spikes, one format per module, in bounded memory: blocks of plain arrays in, blocks out.

A further format is a further module here, whose last line is ``register(SpikeFormat(...))``: a session can
take its spikes from such a file from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from ..registry import Registry, either
from .blocks import SpikeBlock

__all__ = ["CHOOSE", "SpikeFormat", "any_format", "formats", "read_spikes", "register"]

CHOOSE = "Pass population= with one of these."


@dataclass(frozen=True)
class SpikeFormat:
    """One format.

    Attributes
    ----------
    name : str
        What it is called in a text: "SONATA", ".csv".
    recognises : callable
        Return True if a file at this path is read in this format.
    read : callable
        As :func:`read_spikes`.
    rank : int
        A file that several formats recognise is that of the lowest.
    """

    name: str
    recognises: Callable[[Path], bool]
    read: Callable[..., Iterator[SpikeBlock]]
    rank: int = 100


_SPIKES: Registry[SpikeFormat] = Registry(__name__)
register, formats = _SPIKES.register, _SPIKES.all


def any_format() -> str:
    """Return the names of all formats as a text: "SONATA or .csv"."""
    return either(reversed(formats()))


def read_spikes(
    path: str | PathLike[str], population: str | None = None, choose: str = CHOOSE, *, own: bool = False
) -> Iterator[SpikeBlock]:
    """Read the spikes of one population of a file whose format its name tells, in bounded memory.

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
    entry = next(entry for entry in formats().values() if entry.recognises(Path(path)))
    return entry.read(path, population, choose, own=own)
