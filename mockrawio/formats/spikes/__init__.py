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
    """One format; `read` is as :func:`read_spikes`."""

    name: str  # what it is called in a text: "SONATA", ".csv"
    recognises: Callable[[Path], bool]  # returns True if a file of this path is taken for one
    read: Callable[..., Iterator[SpikeBlock]]
    rank: int = 100  # a file that several formats recognise is that of the lowest


_SPIKES: Registry[SpikeFormat] = Registry(__name__)
register, formats = _SPIKES.register, _SPIKES.all


def any_format() -> str:
    """Return the names of all formats as a text: "SONATA or .csv"."""
    return either(reversed(formats()))


def read_spikes(
    path: str | PathLike[str], population: str | None = None, choose: str = CHOOSE, *, own: bool = False
) -> Iterator[SpikeBlock]:
    """Read the spikes of one population of a file whose format its name tells, in bounded memory.

    Yields blocks in the file's order; one at least, which may be empty. `population` None is the only one there
    is; `choose` says what can be done where there are several. With `own` all of it must lie in the file itself,
    for its SHA-256 to speak of it. BadFileError, once the block at fault is reached, if it is no such file, its
    times are negative or not finite, or it has no such population or several to choose from.
    """
    entry = next(entry for entry in formats().values() if entry.recognises(Path(path)))
    return entry.read(path, population, choose, own=own)
